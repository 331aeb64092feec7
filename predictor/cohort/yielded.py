"""What an outcome made from visits can be, held against what the question calls the event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from predictor.cohort.finding import Finding
from predictor.cohort.outcome import Undeclared, declared_states
from predictor.cohort.table import spelling

if TYPE_CHECKING:
    from predictor.cohort.follow_up import Asked
    from predictor.config_records import RecordsPlan
    from predictor.study import Study

DEAD = "death"
"""State of the dead, where a definition has several states and the configuration names none."""

YIELDS = "{outcome} yields {states}"
NOT_YIELDED = "{value} is nothing that can come out here: {yields}. Name one of these."
NEITHER = "{value} is declared neither as the event nor as none: {yields}. Add it to one of them."
NO_STATE = "{value} is in none of the states: {yields}. Add it to one of them, or as its own."
NEVER_STATE = "nothing that can come out here is in the state {state}: {yields}. Mend its values."
DEAD_ELSEWHERE = (
    "a death is an outcome and counts as {dead}, which is none of question.states. Write the state "
    "that the dead are counted to, such as `cohort.outcome.death.state: {first}`, or name "
    "{dead} among question.states."
)
DERIVED = (
    "the states follow from columns of one row per patient (`when`), and visits have no such row. "
    "Leave `when` out; the definition or rule under cohort.outcome tells the state of each visit."
)
BECAUSE = "{message} {yields}."


def dead_state(plan: RecordsPlan, asked: Asked) -> int | str:
    """What the outcome of the dead is."""
    death = plan.outcome.death
    if death is not None and death.state is not None:
        return death.state
    return 0 if asked.binary else DEAD


def yields(plan: RecordsPlan, asked: Asked) -> tuple[int | str, ...]:
    """Everything that can stand in the column of the outcome.

    Parameters
    ----------
    plan, asked
        Configuration, and what it asks.
    """
    found: tuple[int | str, ...] = (1, 0) if asked.binary else asked.states
    if plan.outcome.death is None:
        return found
    dead = dead_state(plan, asked)
    return found if str(dead) in map(str, found) else (*found, dead)


def yielded_findings(study: Study, plan: RecordsPlan, asked: Asked) -> Iterator[Finding]:
    """Where the question and the outcome that is made for it speak of different things.

    Parameters
    ----------
    study, plan, asked
        Configuration, and what it asks.
    """
    # In the made table the outcome is written as it is, whatever columns of the visits are called.
    plain = study.config.cohort.model_copy(update={"values": {}, "columns": {}})
    made = replace(study, config=study.config.model_copy(update={"cohort": plain}))
    can_be = yields(plan, asked)
    name = plan.outcome.definition or "the rule"
    told = YIELDS.format(outcome=name, states=", ".join(map(str, can_be)))
    question = study.config.question
    if question.follow_up is not None:
        return
    if question.states:
        dead = None if plan.outcome.death is None else dead_state(plan, asked)
        yield from _of_states(made, can_be, told, dead)
        return
    try:
        state, events, others = declared_states(made)
    except Undeclared as undeclared:
        text = BECAUSE.format(message=undeclared, yields=told)
        yield Finding("undeclared_states", "question.event", text)
        return
    found = {state(value) for value in can_be}
    for key, values in (("event", question.event), ("non_event", question.non_event)):
        for value in values:
            if state(value) not in found:
                text = NOT_YIELDED.format(value=value, yields=told)
                yield Finding("not_yielded", f"question.{key}", text)
    declared = events | (found if others is None else others)
    for value in can_be:
        if state(value) not in declared and found & events:
            text = NEITHER.format(value=value, yields=told)
            yield Finding("unknown_state", "question.non_event", text)


def _of_states(
    study: Study, can_be: tuple[int | str, ...], told: str, dead: int | str | None
) -> Iterator[Finding]:
    states = study.config.question.states
    if any(state.when for state in states):
        yield Finding("states_derived", "question.states", DERIVED)
        return
    meant = {state.state: set(map(spelling, state.values or (state.state,))) for state in states}
    there = set(map(spelling, can_be))
    for state, values in meant.items():
        if not values & there:
            text = NEVER_STATE.format(state=state, yields=told)
            yield Finding("not_yielded", "question.states", text)
    known = set().union(*meant.values())
    for value in can_be:
        if spelling(value) in known:
            continue
        if dead is not None and str(value) == str(dead):
            first = states[0].values[0] if states[0].values else states[0].state
            text = DEAD_ELSEWHERE.format(dead=dead, first=first)
            yield Finding("unknown_state", "cohort.outcome.death", text)
        else:
            text = NO_STATE.format(value=value, yields=told)
            yield Finding("unknown_state", "question.states", text)
