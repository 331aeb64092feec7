"""A linear model as one sum in the variables' own units, as a person with a calculator needs it.

Centring and scaling disappear into intercept and coefficients. What is left is what a reader can
check: so much log-odds per mg/dL, so much if the answer is yes, so much if nothing was measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.models import LinearModel
from predictor.fitted.preparation import Preparation, Values

DIGITS = 6
"""Significant digits of printed coefficients; the probability is then right to 0.0001."""


@dataclass(frozen=True, slots=True)
class Term:
    """One summand.

    Parameters
    ----------
    variable
        Position of the variable.
    slope
        Log-odds per unit of the variable; for a state or a gap, log-odds where there is one.
    state
        The state it stands for; None for a number.
    missing
        Whether it is added where the value is missing.
    """

    variable: int
    slope: float
    state: int | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """Log-odds as a sum over the variables in their own units.

    Parameters
    ----------
    names
        The variables, in the order of the columns of values.
    intercept
        Log-odds where every number is 0 and every state the one without a term.
    terms
        Those with a coefficient of zero are left out.
    fill
        What stands in for a missing value, shape (variables,).
    """

    names: tuple[str, ...]
    intercept: float
    terms: tuple[Term, ...]
    fill: Values

    @property
    def used(self) -> tuple[int, ...]:
        """Positions of the variables that have a term, rising."""
        return tuple(sorted({term.variable for term in self.terms}))

    def of(self, variable: int) -> tuple[Term, ...]:
        """Terms of one variable."""
        return tuple(term for term in self.terms if term.variable == variable)

    def slope(self, variable: int) -> float:
        """Log-odds per unit of a variable that is a number; 0 where it has no term."""
        return sum(t.slope for t in self.of(variable) if t.state is None and not t.missing)

    def gap(self, variable: int) -> float | None:
        """What is added where the value is missing; None where there is no such term."""
        found = [term.slope for term in self.of(variable) if term.missing]
        return found[0] if found else None

    def part(
        self, variable: int, filled: Values, absent: NDArray[np.bool_] | bool = False
    ) -> Values:
        """What one variable adds to the log-odds, shape as ``filled``.

        Parameters
        ----------
        variable
            Its position.
        filled
            Values of this variable, without gaps.
        absent
            Which of them had been missing.
        """
        total = np.zeros(np.shape(filled))
        for term in self.of(variable):
            if term.missing:
                total += term.slope * np.asarray(absent, dtype=np.float64)
            elif term.state is None:
                total += term.slope * filled
            else:
                total += term.slope * (filled == term.state)
        return total

    def log_odds(self, filled: Values, absent: NDArray[np.bool_] | None = None) -> Values:
        """Log-odds of some patients, shape (patients,).

        Parameters
        ----------
        filled
            Shape (patients, variables), without gaps.
        absent
            Which of them had been missing, same shape; None for none.
        """
        total = np.full(len(filled), self.intercept)
        for j in self.used:
            total += self.part(j, filled[:, j], False if absent is None else absent[:, j])
        return total

    def rounded(self, digits: int = DIGITS) -> Formula:
        """The formula as it is printed: every number rounded to so many significant digits."""
        return replace(
            self,
            intercept=significant(self.intercept, digits),
            terms=tuple(replace(t, slope=significant(t.slope, digits)) for t in self.terms),
        )


def formula_of(model: LinearModel, preparation: Preparation) -> Formula:
    """Write a linear model as one sum in the variables' own units."""
    slopes = model.coefficients / preparation.scale
    terms = tuple(
        Term(column.variable, float(slope), column.state, column.missing)
        for column, slope in zip(preparation.columns, slopes, strict=True)
        if slope != 0.0
    )
    intercept = model.intercept - float(slopes @ preparation.centre)
    return Formula(preparation.names, intercept, terms, preparation.fill)


def significant(number: float, digits: int) -> float:
    """A number rounded to so many significant digits.

    >>> significant(0.0272330571, 4), significant(-123456.0, 3), significant(0.0, 3)
    (0.02723, -123000.0, 0.0)
    """
    return float(f"{number:.{digits - 1}e}")
