"""What a parsed rule is made of, and its three-valued truth on whole columns at once.

The logic is the strong one of Kleene (Introduction to Metamathematics, 1952, section 64). A truth
is held as two masks, "yes" and "no"; where neither is set it cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
Has = Callable[[str], bool]
"""Whether a variable is recorded at all; ``index.NAME`` asks for the index visit."""

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")

_MARGIN = 1e-9
"""Numbers that differ by less are equal, relative to numbers above 1: 70 g/L times 1/10 is 7 g/dL,
and 2.3 is 1 more than 1.3, which binary fractions miss by their last digit."""

INDEX = "index"
"""In front of a variable and a point: its value at the index visit."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The values that a rule is held against.

    Parameters
    ----------
    rows
        Number of visits.
    now, index
        Name -> shape (rows,), at the visit itself and at its index visit. A name that is not
        there is missing everywhere.
    """

    rows: int
    now: Mapping[str, Values]
    index: Mapping[str, Values]

    def of(self, name: str, at_index: bool) -> Values:
        """Values of one variable, shape (rows,)."""
        found = (self.index if at_index else self.now).get(name)
        return np.full(self.rows, np.nan) if found is None else found


@dataclass(frozen=True, slots=True)
class Masks:
    """Where a condition holds, and where it does not; shape (rows,) or () for a constant."""

    yes: Mask
    no: Mask


class Number(Protocol):
    """Something with a value."""

    def values(self, columns: Columns) -> Values:
        """Numbers, NaN where missing."""

    def recorded(self, has: Has) -> bool:
        """Whether everything it needs is recorded."""


class Condition(Protocol):
    """Something that is true, false, or cannot be told."""

    def masks(self, columns: Columns) -> Masks:
        """Where it holds and where it does not."""

    def attainable(self, has: Has) -> tuple[bool, bool]:
        """Whether "yes" can ever come out, and "no", with only what is recorded."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, or the position of a state."""

    value: float

    def values(self, columns: Columns) -> Values:
        """Return the number, shape ()."""
        del columns
        return np.array(self.value)

    def recorded(self, has: Has) -> bool:
        """Say that a constant needs nothing."""
        del has
        return True


@dataclass(frozen=True, slots=True)
class Recorded:
    """A variable at the visit itself, or at the index visit."""

    name: str
    at_index: bool

    def __str__(self) -> str:
        return f"{INDEX}.{self.name}" if self.at_index else self.name

    def values(self, columns: Columns) -> Values:
        """Its column."""
        return columns.of(self.name, self.at_index)

    def recorded(self, has: Has) -> bool:
        """Whether it is."""
        return has(str(self))


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms that are added (True) or subtracted (False), in order."""

    terms: tuple[tuple[bool, Number], ...]

    def values(self, columns: Columns) -> Values:
        """Return the sum, missing where a term is."""
        total: Values = np.array(0.0)
        with np.errstate(all="ignore"):
            for added, term in self.terms:
                part = term.values(columns)
                total = total + part if added else total - part
        return total

    def recorded(self, has: Has) -> bool:
        """Whether every term is."""
        return all(term.recorded(has) for _, term in self.terms)


@dataclass(frozen=True, slots=True)
class Product:
    """Factors that multiply (True) or divide (False), in order."""

    factors: tuple[tuple[bool, Number], ...]

    def values(self, columns: Columns) -> Values:
        """Return the product, missing where a factor is or a divisor is 0."""
        total: Values = np.array(1.0)
        with np.errstate(all="ignore"):
            for multiplied, factor in self.factors:
                part = factor.values(columns)
                total = total * part if multiplied else total / np.where(part == 0, np.nan, part)
        return total

    def recorded(self, has: Has) -> bool:
        """Whether every factor is."""
        return all(factor.recorded(has) for _, factor in self.factors)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two numbers held against each other."""

    sign: str
    left: Number
    right: Number

    def masks(self, columns: Columns) -> Masks:
        """Unknown where one of them is missing."""
        left, right = self.left.values(columns), self.right.values(columns)
        known = ~(np.isnan(left) | np.isnan(right))
        holds = _holds(self.sign, left, right)
        return Masks(holds & known, ~holds & known)

    def attainable(self, has: Has) -> tuple[bool, bool]:
        """Return both or neither: which values there are is not known here."""
        known = self.left.recorded(has) and self.right.recorded(has)
        return known, known


def _holds(sign: str, left: Values, right: Values) -> Mask:
    """Compare, whatever comes out where one of them is missing."""
    margin = _MARGIN * np.maximum(1, np.abs(right))
    found: Mask
    with np.errstate(invalid="ignore"):
        if sign == "<":
            found = left < right - margin
        elif sign == "<=":
            found = left <= right + margin
        elif sign == ">":
            found = left > right + margin
        elif sign == ">=":
            found = left >= right - margin
        else:
            found = (np.abs(left - right) <= margin) == (sign == "==")
    return found


@dataclass(frozen=True, slots=True)
class Missing:
    """``NAME is missing``: the one condition that can always be told."""

    value: Number

    def masks(self, columns: Columns) -> Masks:
        """Yes where there is no value."""
        absent = np.isnan(self.value.values(columns))
        return Masks(absent, ~absent)

    def attainable(self, has: Has) -> tuple[bool, bool]:
        """What is not recorded is always missing."""
        return True, self.value.recorded(has)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: Condition

    def masks(self, columns: Columns) -> Masks:
        """Yes and no exchanged."""
        found = self.part.masks(columns)
        return Masks(found.no, found.yes)

    def attainable(self, has: Has) -> tuple[bool, bool]:
        """Exchanged as well."""
        yes, no = self.part.attainable(has)
        return no, yes


@dataclass(frozen=True, slots=True)
class AllOf:
    """``and``: no as soon as one part is no, yes where all are."""

    parts: tuple[Condition, ...]

    def masks(self, columns: Columns) -> Masks:
        """See the class."""
        found = [part.masks(columns) for part in self.parts]
        return Masks(
            reduce(np.logical_and, (m.yes for m in found)),
            reduce(np.logical_or, (m.no for m in found)),
        )

    def attainable(self, has: Has) -> tuple[bool, bool]:
        """Return yes where every part can be, no where one can."""
        found = [part.attainable(has) for part in self.parts]
        return all(yes for yes, _ in found), any(no for _, no in found)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``or``: yes as soon as one part is yes, no where all are no."""

    parts: tuple[Condition, ...]

    def masks(self, columns: Columns) -> Masks:
        """See the class."""
        found = [part.masks(columns) for part in self.parts]
        return Masks(
            reduce(np.logical_or, (m.yes for m in found)),
            reduce(np.logical_and, (m.no for m in found)),
        )

    def attainable(self, has: Has) -> tuple[bool, bool]:
        """Return yes where one part can be, no where every part can."""
        found = [part.attainable(has) for part in self.parts]
        return any(yes for yes, _ in found), all(no for _, no in found)
