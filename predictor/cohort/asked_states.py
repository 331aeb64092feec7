"""Where visits are judged by several states: what the configuration must say of them beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from predictor.cohort.finding import Finding
from predictor.cohort.follow_up import Asked
from predictor.cohort.table import spelling

if TYPE_CHECKING:
    from predictor.config_records import RecordsPlan
    from predictor.study import Study

DEAD = "death"
"""State of the dead, where a definition has several states and the configuration names none."""

DEAD_ELSEWHERE = (
    "a death is an outcome and counts as {dead}, which is none of question.states. Write the state "
    "that the dead are counted to, such as `cohort.outcome.death.state: {first}`, or name "
    "{dead} among question.states."
)
DERIVED = (
    "the states follow from columns of one row per patient (`when`), and visits have no such row. "
    "Leave `when` out; the definition or rule under cohort.outcome tells the state of each visit."
)


def dead_state(plan: RecordsPlan, asked: Asked) -> int | str:
    """What the outcome of the dead is.

    Parameters
    ----------
    plan, asked
        Configuration, and what it asks of follow-up visits.
    """
    death = plan.outcome.death
    if death is not None and death.state is not None:
        return death.state
    return 0 if asked.binary else DEAD


def findings_of_states(study: Study, plan: RecordsPlan, asked: Asked) -> list[Finding]:
    """Why no visits could be judged by the states that a question declares.

    Parameters
    ----------
    study, plan, asked
        Configuration, and what it asks of follow-up visits.

    Returns
    -------
    Fatal findings, whoever the patients are and whether or not anybody died.
    """
    states = study.config.question.states
    if not states:
        return []
    if any(state.when for state in states):
        return [Finding("states_derived", "question.states", DERIVED)]
    meant = {spelling(v) for state in states for v in (state.values or (state.state,))}
    dead = dead_state(plan, asked)
    if plan.outcome.death is None or spelling(dead) in meant:
        return []
    first = states[0].values[0] if states[0].values else states[0].state
    text = DEAD_ELSEWHERE.format(dead=dead, first=first)
    return [Finding("unknown_state", "cohort.outcome.death", text)]
