"""The columns of a cohort from visits that say when a follow-up ended, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.records import Records
from predictor.cohort.rules import Rules
from predictor.cohort.table import Cells
from predictor.cohort.time_from_visits import TimedFollowUp
from predictor.cohort.time_outcome import DAYS_OF_MONTH

if TYPE_CHECKING:
    from predictor.config_parts import Code
    from predictor.study import Study

_UNITS = {"days": ("d", 1.0), "months": ("mo", DAYS_OF_MONTH), "years": ("a", 12 * DAYS_OF_MONTH)}

TIME = "Follow-up"
TIME_MADE = (
    "From the index visit to what {outcome} says: the first later visit with {definition}{death}, "
    "or the last visit at which this could be told"
)
DEATH = ", death"
END_MADE = (
    "What the follow-up ended with: {event} at the first visit after the index visit with "
    "{definition}{death}; {censored} at the last visit at which this could be told"
)
END_DEATH = "; {state} where the patient died before"
RULE = "the rule {rule}"
DEFINITION = "the definition {name}"


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """One column, and what the data dictionary says of it.

    Parameters
    ----------
    name, label, unit, states, made
        As in :class:`predictor.cohort.record_table.Entry`.
    cells
        Of the analysed index visits.
    """

    name: str
    label: str
    unit: str | None
    states: tuple[str, ...]
    made: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class TimeEnds:
    """How the follow-up of the analysed index visits ended.

    Parameters
    ----------
    event, competing, censored
        How many had the event, died before it, or were last seen without either. Death counts as
        the event where the configuration says that it is part of it.
    median_days
        Median of all these times, whatever they ended with.
    """

    event: int
    competing: int
    censored: int
    median_days: float

    def to_dict(self) -> dict[str, int | float]:
        """Plain data."""
        return {
            "event": self.event,
            "competing": self.competing,
            "censored": self.censored,
            "median_days": self.median_days,
        }


def time_columns(
    study: Study, rules: Rules, followed: TimedFollowUp, known: NDArray[np.int64]
) -> Iterator[TimeColumn]:
    """Make the columns that training reads back.

    Parameters
    ----------
    study, rules
        The question, and what is asked of the visits.
    followed
        When the outcome first held.
    known
        Positions of the index visits that are analysed.

    Yields
    ------
    The time, and the end.
    """
    question = study.config.question
    asked, plan = question.follow_up, rules.plan.outcome
    if asked is None:
        raise ValueError("the question is of no time")
    definition = (
        RULE.format(rule=plan.rule)
        if plan.rule is not None
        else DEFINITION.format(name=plan.definition)
    )
    unit, days = _UNITS[asked.unit]
    told = TIME_MADE.format(
        outcome=question.outcome, definition=definition, death=DEATH if plan.death else ""
    )
    yield TimeColumn(asked.time, TIME, unit, (), told, followed.days[known] / days)
    censored, dead = question.non_event[0], _dead(study, rules)
    # The words, and the place in them of every row: of a state the place behind the first two.
    kinds = (question.event[0],) if rules.asked.binary else rules.asked.states
    words = (censored, dead, *kinds)
    seen = np.where(followed.happened[known], followed.state[known] + 2, 0)
    places = np.where(followed.died[known], 1, seen)
    cells = [words[place] for place in places.tolist()]
    events = ", ".join(str(code) for code in question.event)
    states = tuple(dict.fromkeys(map(str, (*question.event, censored, dead))))
    gone = END_DEATH.format(state=dead) if plan.death else ""
    told = END_MADE.format(event=events, definition=definition, death=gone, censored=censored)
    label = question.label or question.outcome
    yield TimeColumn(question.outcome, label, None, states, told, cells)


def time_ends(records: Records, study: Study) -> TimeEnds | None:
    """Count how the follow-up ended; None where the question is of no time.

    Parameters
    ----------
    records
        Made from visits.
    study
        The question: whether death is the event.
    """
    followed, known = records.follow_up, records.known
    if not isinstance(followed, TimedFollowUp):
        return None
    died, happened = followed.died[known], followed.happened[known]
    fatal = _dead(study, records.rules) in study.config.question.event
    event = happened | died if fatal else happened
    competing = died & ~event
    return TimeEnds(
        event=int(event.sum()),
        competing=int(competing.sum()),
        censored=int((~event & ~competing).sum()),
        median_days=float(np.median(followed.days[known])) if len(known) else 0.0,
    )


def _dead(study: Study, rules: Rules) -> Code:
    """The word of the question for those who died; any where no death is recorded."""
    death, asked = rules.plan.outcome.death, study.config.question.follow_up
    if death is not None and death.state is not None:
        return death.state
    if asked is not None and asked.competing:
        return asked.competing[0]
    return study.config.question.non_event[0]
