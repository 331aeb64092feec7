"""Reading one column of a table as a variable of the dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.values import read_column
from predictor.clinical.variable import Variable
from predictor.cohort.laboratory import by_rules, day_problem, explained
from predictor.cohort.problem import Problem
from predictor.cohort.table import Table, shown, without_missing

if TYPE_CHECKING:
    from predictor.config import CohortSource

# Problems of single cells that `impossible: missing` turns into counted missing values.
_IMPOSSIBLE = {"impossible_value", "infinite_value"}


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
    for findings, mild in ((reading.problems, False), (reading.warnings, True)):
        for row, reason in findings:
            if row in ruled.days:  # said already, and what a day looks like as a number misleads
                continue
            counted = reason.code in _IMPOSSIBLE and source.impossible == "missing"
            message, whole = reason.message, row < 0  # such as an unknown unit of the column
            kind = ""
            if reason.code == "unreadable_number" and not whole:
                known = explained(cells[row], variable, source.decimal)
                kind, message = known or (kind, message)
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
