"""Reading one column of a table as a variable of the dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.units import canonical_unit
from predictor.clinical.values import read_column
from predictor.clinical.variable import Variable
from predictor.cohort.laboratory import by_rules, day_problem, explained
from predictor.cohort.problem import Problem
from predictor.cohort.slips import slips
from predictor.cohort.table import Cells, Table, shown, spelling, without_missing

if TYPE_CHECKING:
    from predictor.config import CohortSource

# Problems of single cells that `impossible: missing` turns into counted missing values.
_IMPOSSIBLE = {"impossible_value", "infinite_value"}
_COUNTED = "{message}; it became missing, as declared"
_POINTS = {"2", "4", "8"}
_OF_SCORE = (
    "is not yes or no but, it seems, the points of a score. If so: "
    '`cohort.values: {{{name}: {{"0": "no", "{points}": "yes"}}}}`.'
)


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """What a column turned out to be.

    Parameters
    ----------
    values
        Shape (rows,): numbers in the dictionary's unit, states as their position, NaN for missing
        or unreadable.
    problems
        Findings about its cells.
    there
        Whether the file has the column.
    """

    values: NDArray[np.float64]
    problems: tuple[Problem, ...]
    there: bool


def read_variable(table: Table, variable: Variable, source: CohortSource) -> ReadColumn:
    """Read the column of a variable by the rules of a configuration."""
    column = source.columns.get(variable.name, variable.name)
    if column not in table.columns:
        missing = Problem(
            None,
            column,
            "missing_column",
            table.missing_column(column),
            variable=variable.name,
        )
        return ReadColumn(np.full(table.rows, np.nan), (missing,), there=False)
    cells = without_missing(table.columns[column], source.missing, source.decimal)
    ruled = by_rules(cells, variable, source.laboratory.get(variable.name), source.decimal)
    reading = read_column(
        ruled.cells,
        variable,
        unit=source.units.get(variable.name),
        coding=source.values.get(variable.name),
        decimal=source.decimal,
    )
    problems = [
        Problem(table.numbers[row], column, f"{kind}_converted", message, False, variable.name)
        for row, kind, message in ruled.notes
    ]
    odd = day_problem(variable) if ruled.days else ""
    for row in ruled.days:
        reading.values[row] = np.nan
        place, cell = (table.numbers[row], column), shown(cells[row])
        problems.append(
            Problem(*place, "day_fraction", odd, True, variable.name, cell, "day_fraction")
        )
    days = set(ruled.days)
    points = _points(cells, variable, [row for row, _ in reading.problems])
    for findings, mild in ((reading.problems, False), (reading.warnings, True)):
        for row, reason in findings:
            if row in days:  # said already, and what a day looks like as a number misleads
                continue
            counted = reason.code in _IMPOSSIBLE and source.impossible == "missing"
            message, whole = reason.message, row < 0  # such as an unknown unit of the column
            if counted:
                message = _COUNTED.format(message=message)
            kind = ""
            # "1/80" looks like a number in a unit.
            as_written = (
                reason.code == "unknown_unit" and not whole and ruled.cells[row] is cells[row]
            )
            if as_written or (reason.code == "unreadable_number" and not whole):
                known = explained(cells[row], variable, source.decimal)
                kind, message = known or (kind, message)
            if reason.code == "unreadable_state" and points:
                message = points
            problems.append(
                Problem(
                    None if whole else table.numbers[row],
                    column,
                    reason.code,
                    message,
                    not (mild or counted),
                    variable.name,
                    "" if whole else shown(cells[row]),
                    kind,
                )
            )
    return ReadColumn(reading.values, tuple(problems), there=True)


def _points(cells: Cells, variable: Variable, rows: Sequence[int]) -> str:
    """What to say where a yes is written as the points of a score; empty if it is not."""
    written = {spelling(cells[row]) for row in rows if row >= 0}
    if variable.kind != "binary" or len(written) != 1 or not written <= _POINTS:
        return ""
    (points,) = written
    return _OF_SCORE.format(name=variable.name, points=points)


def unit_factor(variable: Variable, source: CohortSource) -> float:
    """What one of a column's own unit is in the dictionary's; 1 where the unit is not known."""
    unit = source.units.get(variable.name)
    return 1.0 if unit is None else variable.units.get(canonical_unit(unit), 1.0)


def slip_problems(
    read: ReadColumn, table: Table, variable: Variable, source: CohortSource
) -> Iterator[Problem]:
    """What the distribution of a column gives away and its cells alone do not.

    Parameters
    ----------
    read
        From :func:`read_variable`.
    table, variable, source
        What it was read from.
    """
    column = source.columns.get(variable.name, variable.name)
    told = {problem.row for problem in read.problems}
    for slip in slips(variable, read.values, unit_factor(variable, source)):
        if not slip.rows:
            yield Problem(None, column, slip.code, slip.message, slip.fatal, variable.name)
        for row in slip.rows:
            if table.numbers[row] not in told:
                cell = shown(table.columns[column][row])
                place = (table.numbers[row], column)
                yield Problem(*place, slip.code, slip.message, slip.fatal, variable.name, cell)
