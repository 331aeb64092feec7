"""A nomogram: scales to read points from, and one that turns their sum into a probability.

The scale of the variable with the largest effect runs from 0 to 100 (Harrell, Regression Modeling
Strategies, 2nd edition, 2015, section 10.10). Nothing is cut into stretches here: what a reader
loses is what cannot be read between two marks, taken as half a point for each scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.explanation.chart_ends import charted
from predictor.explanation.formula import Formula
from predictor.explanation.points import widest
from predictor.fitted.models import expit
from predictor.fitted.preparation import Preparation, Values

LONGEST = 100.0
"""Points of the longest scale."""

PROBABILITIES = (
    0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5,
    0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999,
)  # fmt: skip
"""Marks of the last scale, as far as points can reach them."""

_READ = 0.5
_MARKS = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark of a scale.

    Parameters
    ----------
    variable
        Position of the variable.
    points
        Where it stands.
    value
        Of a number; None for a state or a gap.
    state
        A state; None for a number.
    missing
        Whether it stands for a value that was not measured.
    """

    variable: int
    points: float
    value: float | None = None
    state: int | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Nomogram:
    """A linear model as scales.

    Parameters
    ----------
    formula
        The model.
    base
        Log-odds that have no points, for each variable that has an effect.
    unit
        Log-odds that a point is worth.
    marks
        Of all variables that have an effect.
    """

    formula: Formula
    base: dict[int, float]
    unit: float
    marks: tuple[Mark, ...]

    @property
    def offset(self) -> float:
        """Log-odds of no points."""
        return self.formula.intercept + sum(self.base.values())

    @property
    def most(self) -> float:
        """Most points that the marks add up to."""
        return sum(max(m.points for m in self.marks if m.variable == j) for j in self.base)

    @property
    def largest_difference(self) -> float:
        """Largest difference of the probability where every scale is read to the nearest point."""
        return widest(_READ * self.unit * len(self.base))

    def points(self, filled: Values, absent: NDArray[np.bool_] | None = None) -> Values:
        """Points of each variable as a reader takes them: the nearest whole one.

        Parameters
        ----------
        filled
            Shape (patients, variables), without gaps.
        absent
            Which of them had been missing; None for none.

        Returns
        -------
        Shape (patients, variables); 0 for a variable without effect.
        """
        found = np.zeros(filled.shape)
        for j, base in self.base.items():
            gaps = False if absent is None else absent[:, j]
            part = self.formula.part(j, filled[:, j], gaps)
            found[:, j] = np.floor((part - base) / self.unit + _READ)
        return found

    def probability(self, total: Values) -> Values:
        """Probability of some totals of points."""
        return expit(self.offset + self.unit * np.asarray(total))

    def total(self, probability: float) -> float:
        """Total of points that has a probability."""
        return (math.log(probability / (1.0 - probability)) - self.offset) / self.unit


def nomogram(
    formula: Formula, preparation: Preparation, variables: Sequence[Variable]
) -> Nomogram | None:
    """Nomogram of a formula; None where nothing has an effect.

    Parameters
    ----------
    formula, preparation
        The model.
    variables
        The predictors, in the order of the columns of values.
    """
    marks = {j: _marks(formula, preparation, variables, j) for j in formula.used}
    parts = {j: [part for part, _ in rows] for j, rows in marks.items()}
    longest = max((max(each) - min(each) for each in parts.values()), default=0.0)
    if longest <= 0.0:
        return None
    unit = longest / LONGEST
    base = {j: min(each) for j, each in parts.items()}
    return Nomogram(
        formula,
        base,
        unit,
        tuple(
            Mark(j, (part - base[j]) / unit, mark.value, mark.state, mark.missing)
            for j, rows in marks.items()
            for part, mark in rows
        ),
    )


def _marks(
    formula: Formula, preparation: Preparation, variables: Sequence[Variable], j: int
) -> list[tuple[float, Mark]]:
    """Marks of one variable without their points, each with what it adds to the log-odds."""
    if variables[j].kind == "continuous":
        low, high = charted(preparation, variables, j)
        values = readable_marks(low, high) if formula.slope(j) else [float(formula.fill[j])]
        marks = [Mark(j, 0.0, value=value) for value in values]
        parts = formula.part(j, np.array(values))
    else:
        marks = [Mark(j, 0.0, state=k) for k in range(len(variables[j].states))]
        parts = formula.part(j, np.arange(len(marks), dtype=np.float64))
    rows = [(float(part), mark) for part, mark in zip(parts, marks, strict=True)]
    if formula.gap(j) is not None:
        there = formula.part(j, formula.fill[[j]], absent=True)
        rows.append((float(there[0]), Mark(j, 0.0, missing=True)))
    return rows


def readable_marks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, about seven of them.

    >>> readable_marks(0.0, 155.4)
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 140.0]
    >>> readable_marks(3.2, 4.9)
    [3.2, 3.4, 3.6, 3.8, 4.0, 4.2, 4.4, 4.6, 4.8]
    """
    if not high > low:
        return [low]
    rough = (high - low) / _MARKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1.0, 2.0, 5.0, 10.0) if size * k >= rough * 0.7)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, digits) for k in range(first, last + 1)]
