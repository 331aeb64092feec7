"""Columns of a table as variables of a dictionary, for description: everything that can be read.

Unlike a training, which refuses a cohort with an unreadable cell, a description leaves the cell
out and counts it: the count is part of the description.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.dictionary import AFTER, Dictionary
from predictor.clinical.values import read_column
from predictor.clinical.variable import Variable
from predictor.cohort.table import Cells, Table, without_missing


@dataclass(frozen=True, slots=True)
class ColumnRules:
    """How the columns of a file map to the dictionary; the same as in a configuration.

    Parameters
    ----------
    columns, units, values
        By variable: column of the file, unit, coding. What is said of a variable holds for its
        value after treatment too, unless that is named itself.
    missing
        Further spellings of a missing value.
    decimal
        Decimal sign.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Sequence[str] = ("NA", "NaN")
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Cells that could not be read and count as missing."""

    variable: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table says about the variables of a dictionary.

    Parameters
    ----------
    variables
        In the order of the dictionary, each value after treatment behind the value before.
    values
        Variable -> shape (patients,): numbers, states as their position, NaN for missing.
    left_out
        Cells that could not be read, by variable and rule.
    unknown
        Columns that no variable is named like.
    """

    variables: Mapping[str, Variable]
    values: Mapping[str, NDArray[np.float64]]
    left_out: tuple[LeftOut, ...]
    unknown: tuple[str, ...]

    def paired(self, name: str) -> bool:
        """Whether a variable is there before and after treatment."""
        return name in self.variables and name + AFTER in self.variables

    def only(self, rows: NDArray[np.bool_]) -> Columns:
        """The same columns of some of the patients."""
        values = {name: column[rows] for name, column in self.values.items()}
        return Columns(self.variables, values, self.left_out, self.unknown)


def read_columns(
    table: Table, dictionary: Dictionary, rules: ColumnRules, skip: Sequence[str] = ()
) -> Columns:
    """Read every column of a table that a variable of the dictionary names.

    Parameters
    ----------
    table
        Cells as the file has them.
    dictionary
        Variables; each may also be there as ``NAME_after``.
    rules
        Names, units and codings of the file.
    skip
        Columns that are known and no variables, such as the patient's number.
    """
    variables: dict[str, Variable] = {}
    values: dict[str, NDArray[np.float64]] = {}
    left_out: list[LeftOut] = []
    used: set[str] = set(skip)
    for base in dictionary.variables:
        for name in (base, base + AFTER):
            column = rules.columns.get(name, name)
            if name not in dictionary or column not in table.columns:
                continue
            variable = dictionary.variable(name)
            values[name], counts = _read(
                without_missing(table.columns[column], rules.missing, rules.decimal),
                variable,
                unit=rules.units.get(name, rules.units.get(base)),
                coding=rules.values.get(name, rules.values.get(base)),
                decimal=rules.decimal,
            )
            used.add(column)
            variables[name] = variable
            left_out += [LeftOut(name, code, count) for code, count in sorted(counts.items())]
    unknown = tuple(column for column in table.columns if column not in used)
    return Columns(variables, values, tuple(left_out), unknown)


def _read(
    cells: Cells,
    variable: Variable,
    *,
    unit: str | None,
    coding: Mapping[str, str] | None,
    decimal: str,
) -> tuple[NDArray[np.float64], Counter[str]]:
    """Values of a column, and how many cells broke which rule."""
    # Of a finding kept as numbers each different one is read once: a hundred thousand patients
    # have two, and are read in a hundredth of the time.
    counts: Counter[str] = Counter()
    if not isinstance(cells, np.ndarray) or variable.kind == "continuous":
        reading = read_column(cells, variable, unit=unit, coding=coding, decimal=decimal)
        counts.update(reason.code for _, reason in reading.problems)
        return reading.values, counts
    different, places, times = np.unique(cells, return_inverse=True, return_counts=True)
    reading = read_column(different, variable, unit=unit, coding=coding, decimal=decimal)
    for row, reason in reading.problems:
        counts[reason.code] += int(times[row]) if row >= 0 else 1
    return reading.values[places], counts
