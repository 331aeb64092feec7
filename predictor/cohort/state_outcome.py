"""Reading an outcome of several ordered states: the position of each patient's, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import decode, is_missing
from predictor.cohort.problem import Problem
from predictor.cohort.small_cells import people
from predictor.cohort.table import Table, shown, spelling, without_missing

if TYPE_CHECKING:
    from predictor.config import Config
    from predictor.study import Study

FEWEST = 10
"""Patients of a state below which its probabilities rest on next to nothing."""

_UNKNOWN = "the outcome is in none of the declared states. Add it or mend the cell."
_EMPTY = (
    "no analysed patient is in the state {state}. Leave the state out, or count it to another; of "
    "two states that remain the better one is an event (question.event)."
)
_TOO_FEW = (
    "the state {state} occurs {count} times, fewer than the {folds} folds. Count it to another "
    "state, or set `validation.folds` lower, if at all."
)
_FEWER_THAN_CELL = (
    "fewer than {least} patients (privacy.cell_size) are in the state {state}. Every answer would "
    "tell their number, as the share of the state. Count it to another state; where nothing is "
    "ever shared, set `privacy.cell_size` lower."
)
_SMALL = "the state {state} occurs {count} times: what is told of it rests on these patients alone."


def read_states(study: Study, table: Table) -> tuple[NDArray[np.float64], tuple[Problem, ...]]:
    """Read the state of every row.

    Returns
    -------
    Position of the state, 0 for the worst, NaN for unknown, shape (rows,), and what is wrong.
    """
    states = study.config.question.states
    if any(state.when for state in states):
        return _derived(study, table)
    question = study.config.question
    column = study.config.cohort.columns.get(question.outcome, question.outcome)
    found = np.full(table.rows, np.nan)
    if column not in table.columns:
        return found, (Problem(None, column, "missing_column", table.missing_column(column)),)
    meant = {
        spelling(value): position
        for position, state in enumerate(states)
        for value in (state.values or (state.state,))
    }
    coding = study.config.cohort.values.get(question.outcome, {})
    problems = []
    for row, cell in enumerate(_cells(study, table, column)):
        decoded = decode(cell, coding) if coding else cell
        if is_missing(decoded):
            continue
        position = meant.get(spelling(decoded))
        if position is None:
            number = table.numbers[row]
            problems.append(Problem(number, column, "unknown_state", _UNKNOWN, value=shown(cell)))
        else:
            found[row] = position
    return found, tuple(problems)


def _derived(study: Study, table: Table) -> tuple[NDArray[np.float64], tuple[Problem, ...]]:
    """The last state that holds; unknown where a column that decides is missing."""
    states = study.config.question.states
    columns = dict.fromkeys(name for state in states for name in state.when)
    absent = [name for name in columns if name not in table.columns]
    if absent:
        return np.full(table.rows, np.nan), tuple(
            Problem(None, name, "missing_column", table.missing_column(name)) for name in absent
        )
    spelled = {
        name: [None if is_missing(cell) else spelling(cell) for cell in _cells(study, table, name)]
        for name in columns
    }
    known = np.ones(table.rows, dtype=bool)
    for cells in spelled.values():
        known &= np.array([cell is not None for cell in cells], dtype=bool)
    found = np.where(known, 0.0, np.nan)
    for position, state in enumerate(states):
        if not state.when:
            continue
        holds = known.copy()
        for name, values in state.when.items():
            meant = set(map(spelling, values))
            holds &= np.array([cell in meant for cell in spelled[name]], dtype=bool)
        found[holds] = position
    return found, ()


def _cells(study: Study, table: Table, column: str) -> Iterator[object]:
    source = study.config.cohort
    yield from without_missing(table.columns[column], source.missing, source.decimal)


def outcome_columns(study: Study) -> tuple[str, ...]:
    """Columns of the file that the outcome is read from, be it an event or states."""
    question = study.config.question
    derived = dict.fromkeys(name for state in question.states for name in state.when)
    if derived:
        return tuple(derived)
    columns, asked = study.config.cohort.columns, question.follow_up
    timed = (columns.get(asked.time, asked.time), *asked.among) if asked else ()
    return (columns.get(question.outcome, question.outcome), *timed)


def too_few_states(
    config: Config,
    column: str,
    outcome: NDArray[np.float64],
    group: NDArray[np.int64] | None,
    patient: NDArray[np.int64] | None,
) -> Iterator[Problem]:
    """Whether every state can fill the folds and may be told of, and which ones are small."""
    folds, least = config.validation.folds, config.privacy.cell_size
    counted = Counter(outcome.astype(np.int64).tolist())
    for position, state in enumerate(config.question.states):
        count = counted[position]
        told = {"state": state.state, "count": count, "folds": folds, "least": least}
        if not count:
            yield Problem(None, column, "empty_state", _EMPTY.format(**told))
        elif count < folds:
            yield Problem(None, column, "too_few_in_state", _TOO_FEW.format(**told))
        elif people(outcome == position, patient) < least:
            yield Problem(None, column, "too_few_in_state", _FEWER_THAN_CELL.format(**told))
        elif count < FEWEST:
            yield Problem(None, column, "small_state", _SMALL.format(**told), False)
        if count and group is not None and len(np.unique(group[outcome == position])) < 2:
            message = (
                f"one group holds all patients of the state {state.state}, so that models without "
                "this group cannot be fitted. Set `validation.group: patient`."
            )
            yield Problem(None, column, "too_few_groups", message)
    if group is not None and len(np.unique(group)) < folds:
        message = f"the groups cannot fill {folds} folds. Set `validation.folds` lower."
        yield Problem(None, column, "too_few_groups", message)
