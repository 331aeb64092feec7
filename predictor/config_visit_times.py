"""Whether a question about time can be answered from the visits that a configuration names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from predictor.config import Config

INDEX_TIME = "index_time"
"""Column of the index visit's time in a cohort that was made from visits."""

NO_VISIT = (
    "cohort.outcome: name with `at` the visit that the outcome is read at, or ask with "
    "question.follow_up when it first holds"
)
ONE_VISIT = (
    "cohort.outcome.at names one visit, while with question.follow_up every visit after the index "
    "visit is looked at; leave `at` out"
)
LAST = (
    "cohort.index.last: that a visit was the last of its kind is known only afterwards, when it is "
    "known as well how long the patient stayed without a relapse; use first or every"
)
CONFIRMED = (
    "cohort.outcome.confirmed_after cannot be asked with question.follow_up: leave it out, or name "
    "with `at` the visit that the outcome is read at"
)
AMONG = (
    "question.follow_up.among reads columns of a cohort; with cohort.visits say in cohort.index "
    "who is asked about, such as `first: sledai_2k <= 4`"
)
ONE_WORD = (
    "with cohort.visits the column {column} is written by us, so question.{name} takes one word"
)
NO_DEATH = (
    "nothing competes in visits but death: name with cohort.outcome.death where it is recorded, or "
    "leave question.follow_up.competing out"
)
DEATH_UNNAMED = (
    "say with question.follow_up.competing what the outcome of the dead is called, such as "
    "`competing: [death]`"
)
DEATH_STATE = (
    "cohort.outcome.death.state is a word of question.event or question.follow_up.competing"
)
TAKEN = (
    "question.follow_up.time names the column that the time is written to; {name} is taken, call "
    "it otherwise, such as months"
)


def check_times_of_visits(config: Config) -> None:
    """Hold a question about time against the visits it is asked of.

    Parameters
    ----------
    config
        All parts of it are there.

    Raises
    ------
    ValueError
        Naming the first part that does not fit.
    """
    asked, plan = config.question.follow_up, config.cohort.records
    if plan is None:
        return
    if asked is None:
        if plan.outcome.at is None:
            raise ValueError(NO_VISIT)
        return
    question, death = config.question, plan.outcome.death
    names = (
        plan.visits.patient,
        plan.visits.time,
        INDEX_TIME,
        question.outcome,
        config.cohort.centre,
    )
    words = [(question.non_event, "non_event")]
    if plan.outcome.rule is not None:
        words.append((question.event, "event"))
    if death is not None:
        words.append((asked.competing, "follow_up.competing"))
    several = next((name for codes, name in words if len(codes) > 1), None)
    dead = () if death is None or death.state is None else (str(death.state),)
    known = {str(code) for code in (*question.event, *asked.competing)}
    wrong = (
        (plan.outcome.at is not None, ONE_VISIT),
        (plan.index.last is not None, LAST),
        (plan.outcome.confirmed_after is not None, CONFIRMED),
        (bool(asked.among), AMONG),
        (several is not None, ONE_WORD.format(column=question.outcome, name=several)),
        (death is None and bool(asked.competing), NO_DEATH),
        (death is not None and not (asked.competing or dead), DEATH_UNNAMED),
        (not known.issuperset(dead), DEATH_STATE),
        (asked.time in (*names, *config.predictors), TAKEN.format(name=asked.time)),
    )
    for broken, message in wrong:
        if broken:
            raise ValueError(message)
