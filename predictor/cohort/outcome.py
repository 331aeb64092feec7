"""Reading the outcome: event, no event, or not known; a cell in no declared state is a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import decode, is_missing
from predictor.clinical.names import nearest
from predictor.clinical.values import read_value
from predictor.clinical.variable import Variable
from predictor.cohort.problem import Problem
from predictor.cohort.table import Table, shown, spelling, without_missing

if TYPE_CHECKING:
    from predictor.study import Study

_ZERO_ONE = frozenset({"0", "1"})

State = Callable[[object], object]
"""Reads the state of a cell, such as a spelling or a position; None if it has none."""


def outcome_column(study: Study) -> str:
    """Column of the file that holds the outcome."""
    outcome = study.config.question.outcome
    return study.config.cohort.columns.get(outcome, outcome)


def read_outcome(study: Study, table: Table) -> tuple[NDArray[np.float64], tuple[Problem, ...]]:
    """Read the outcome of every row.

    Returns
    -------
    1 for the event, 0 for none, NaN for unknown, shape (rows,), and what is wrong with it.
    """
    column, source = outcome_column(study), study.config.cohort
    outcome = np.full(table.rows, np.nan)
    if column not in table.columns:
        return outcome, (Problem(None, column, "missing_column", table.missing_column(column)),)
    try:
        state, events, others = declared_states(study)
    except Undeclared as undeclared:
        return outcome, (Problem(None, column, "undeclared_states", str(undeclared)),)
    coding = source.values.get(study.config.question.outcome, {})
    problems = []
    cells = without_missing(table.columns[column], source.missing, source.decimal)
    for row, cell in enumerate(cells):
        meant = decode(cell, coding) if coding else cell
        if is_missing(meant):
            continue
        found = state(meant)
        if found in events:
            outcome[row] = 1
        elif found is not None and (others is None or found in others):
            outcome[row] = 0
        else:
            message = "the outcome is in none of the declared states. Add it or mend the cell."
            problems.append(
                Problem(table.numbers[row], column, "unknown_state", message, value=shown(cell))
            )
    return outcome, tuple(problems)


def outcome_states(study: Study) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Spellings of the event and of no event, where the outcome is in no dictionary.

    Parameters
    ----------
    study
        The study.

    Returns
    -------
    The event's spellings as the configuration has them in order, and those of no event: the
    declared ones, or the other of 0 and 1. Nothing is no event where no rule tells what is.
    """
    question = study.config.question
    events = tuple(map(spelling, question.event))
    if question.non_event:
        return events, tuple(map(spelling, question.non_event))
    return events, tuple(sorted(_ZERO_ONE - set(events))) if set(events) < _ZERO_ONE else ()


class Undeclared(Exception):  # noqa: N818 - never leaves this floor
    """It cannot be told which values mean what."""


def declared_states(study: Study) -> tuple[State, set[object], set[object] | None]:
    """How a cell is read, the states of the event, and the others; None: every readable one.

    Raises
    ------
    Undeclared
        If it cannot be told which values mean what.
    """
    question = study.config.question
    declared = (*question.event, *question.non_event)
    known = (
        study.dictionary.variable(question.outcome)
        if question.outcome in study.dictionary
        else None
    )
    if (
        known is not None
        and known.kind != "continuous"
        and all(_is_state(v, known) for v in declared)
    ):
        # The dictionary knows its spellings: yes, 1 and true are one state.
        state = _reader(known)
        events = set(map(state, question.event))
        others = set(map(state, question.non_event))
        return state, events, _apart(events, others) or None
    spelled: set[object] = set(map(spelling, question.event))
    if question.non_event:
        return spelling, spelled, _apart(spelled, set(map(spelling, question.non_event)))
    if known is not None and known.states:
        wrong = next(str(v) for v in question.event if not _is_state(v, known))
        guess = nearest(wrong, known.states)
        hint = f"did you mean {guess}?" if guess else f"known: {', '.join(known.states)}."
        raise Undeclared(f"the event {wrong!r} is no state of {known.name}; {hint}")
    if spelled < _ZERO_ONE:
        return spelling, spelled, set(_ZERO_ONE - spelled)
    raise Undeclared("it is not known which values mean no event. Set `question.non_event`.")


def _apart(events: set[object], others: Iterable[object]) -> set[object]:
    others = set(others)
    if events & others:
        raise Undeclared("a value is declared both as the event and as none. Keep one.")
    return others


def _is_state(value: object, variable: Variable) -> bool:
    return read_value(value, variable).value is not None


def _reader(variable: Variable) -> State:
    known: dict[object, float | None] = {}

    def state(cell: object) -> float | None:
        # Few different texts, many rows.
        if not isinstance(cell, str):
            return read_value(cell, variable).value
        if cell not in known:
            known[cell] = read_value(cell, variable).value
        return known[cell]

    return state
