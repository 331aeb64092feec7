"""Values that stand apart from their own column as another unit or a lost decimal sign would.

The dictionary's ranges find what no patient can have. What is possible and still wrong here (a
value in another unit whose number is not absurd) is found by the column itself:

Values above zero are put in order on the logarithmic scale. Wherever two neighbours differ by more
than a factor of 3, the column falls apart into groups. The group that holds the median is the
column; its spread is 1.4826 times the median absolute deviation, and at least a factor of 1.15.
Another group is called a slip if its middle lies more than 4 such spreads from the median, and the
factor of another unit of the dictionary, or else a factor of 10 or 100, would bring it within 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.units import readable_unit
from predictor.clinical.variable import Variable

_FEWEST = 20
_GLANCE = 1000
_GAP = math.log(3)
_LEAST_SPREAD = math.log(1.15)
_APART, _AMONG = 4.0, 3.0
_NORMAL = 1.4826
_POINTS = (1.0, 2.0, 4.0, 8.0)
"""Points that an item of a score of disease activity can give."""

_UNIT = (
    "stands apart from the column by the factor between {unit} and {canonical}. If it is in "
    "{unit}, write the unit behind it; otherwise correct it in the file."
)
_DECIMAL = (
    "stands apart from the column by a factor of {factor:g}: a decimal sign may be lost or "
    "shifted. Correct it in the file if so."
)
_SCORE = (
    "holds nothing but 0 and {points:g}, as the points of a score would, and no measurement{unit}. "
    "Map the variable to another column, or leave it out."
)


@dataclass(frozen=True, slots=True)
class Slip:
    """One finding about the values of a column.

    Parameters
    ----------
    rows
        Rows it speaks of; empty for the whole column.
    code
        ``unit_slip``, ``decimal_slip`` or ``score_points``.
    message
        Rule and suggestion, without any value of a patient.
    fatal
        Whether the column cannot be what it is called.
    """

    rows: tuple[int, ...]
    code: str
    message: str
    fatal: bool = False


def score_points(
    variable: Variable, values: NDArray[np.float64], factor: float = 1.0
) -> Slip | None:
    """Find a column that holds the points of a score instead of a measurement.

    Parameters
    ----------
    variable
        What the column is said to hold.
    values
        Shape (rows,): numbers in the dictionary's unit; what is not finite is passed over.
    factor
        What one of the column's own unit is in the dictionary's, by which it was multiplied.

    Examples
    --------
    >>> from predictor.clinical.dictionary import load_dictionary
    >>> proteinuria = load_dictionary().variable("proteinuria")
    >>> score_points(proteinuria, np.array([0.0, 4.0] * 10)).code
    'score_points'
    >>> score_points(proteinuria, np.array([0.0, 4.0] * 10 + [350.0])) is None
    True
    """
    if variable.kind != "continuous" or variable.integer or variable.unit == "1":
        return None
    for points in _POINTS:
        # A look at the beginning spares a look at ten million.
        if _only(values[:_GLANCE], points * factor) and _only(values, points * factor):
            there = np.count_nonzero(values == points * factor)
            if there and there + np.count_nonzero(values == 0) >= _FEWEST and (values == 0).any():
                unit = readable_unit(variable.unit)
                said = _SCORE.format(points=points, unit=f" in {unit}" if unit else "")
                return Slip((), "score_points", said, fatal=True)
    return None


def _only(values: NDArray[np.float64], number: float) -> bool:
    """Whether what is known is nothing but 0 and a number."""
    return bool(np.all((values == 0) | (values == number) | ~np.isfinite(values)))


def slips(variable: Variable, values: NDArray[np.float64], factor: float = 1.0) -> Iterator[Slip]:
    """Find what the distribution of a column gives away.

    Parameters
    ----------
    variable
        What the column holds.
    values
        Shape (rows,): numbers in the dictionary's unit, NaN for missing.
    factor
        What one of the column's own unit is in the dictionary's.

    Examples
    --------
    >>> from predictor.clinical.dictionary import load_dictionary
    >>> haemoglobin = load_dictionary().variable("haemoglobin")
    >>> column = np.array([11, 12, 13, 14, 12.5, 13.5] * 4 + [1.3])
    >>> [(slip.code, slip.rows) for slip in slips(haemoglobin, column)]
    [('decimal_slip', (24,))]
    """
    known = np.flatnonzero(np.isfinite(values))
    if variable.kind != "continuous" or len(known) < _FEWEST:
        return
    points = score_points(variable, values, factor)
    if points is not None:
        yield points
        return
    yield from _apart(variable, values, known)


def _apart(
    variable: Variable, values: NDArray[np.float64], known: NDArray[np.intp]
) -> Iterator[Slip]:
    positive = known[values[known] > 0]
    if len(positive) < _FEWEST:
        return
    order = positive[np.argsort(values[positive], kind="stable")]
    logs = np.log(values[order])
    ends = np.flatnonzero(np.diff(logs) > _GAP) + 1
    groups = np.split(np.arange(len(order)), ends)
    if len(groups) == 1:
        return
    middle = float(np.median(logs))
    column = next(g for g in groups if g[-1] >= len(logs) // 2)
    spread = max(_NORMAL * float(np.median(np.abs(logs[column] - middle))), _NORMAL * _LEAST_SPREAD)
    for group in groups:
        distance = float(np.median(logs[group])) - middle
        if group is column or abs(distance) <= _APART * spread:
            continue
        rows = tuple(sorted(int(row) for row in order[group]))
        found = _explained(variable, distance, spread)
        if found is not None:
            yield Slip(rows, *found)


def _explained(variable: Variable, distance: float, spread: float) -> tuple[str, str] | None:
    """Code and message of the factor that explains a distance best; None if none does."""
    nearest: list[tuple[float, str]] = []
    for unit, factor in variable.units.items():
        if unit == variable.unit or factor == 1:
            continue
        # A value left in this unit is read 1 / factor too large.
        nearest.append((abs(distance + math.log(factor)), unit))
    off, unit = min(nearest, default=(math.inf, ""))
    if off <= _AMONG * spread:
        names = {"unit": readable_unit(unit), "canonical": readable_unit(variable.unit)}
        return "unit_slip", _UNIT.format(**names)
    shifted = [(abs(abs(distance) - math.log(factor)), factor) for factor in (10, 100)]
    off, factor = min(shifted)
    if off <= _AMONG * spread:
        return "decimal_slip", _DECIMAL.format(factor=factor)
    return None
