"""Which columns stand for which variables: numbers, dummies of states, and what was missing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Encoding:
    """The columns of a linear formula or of a design matrix, in order.

    Parameters
    ----------
    variable : shape (columns,)
        Position of the variable a column comes from.
    state : shape (columns,)
        State that a dummy column stands for; -1 for a number.
    missing : shape (columns,)
        Whether the column says that the value is missing.

    Attributes
    ----------
    dummy, absence : shapes (dummies,), (columns about missing values,)
        Positions of these columns.
    in_order
        Whether every variable has one column, in the order of the variables.

    Examples
    --------
    >>> two = Encoding(np.array([0, 0]), np.array([-1, 1]), np.array([False, False]))
    >>> two.columns(np.array([[1.0], [2.0]]), np.array([[False], [True]])).tolist()
    [[1.0, 1.0], [2.0, 0.0]]
    """

    variable: NDArray[np.int64]
    state: NDArray[np.int64]
    missing: NDArray[np.bool_]
    dummy: NDArray[np.intp] = field(init=False, repr=False, compare=False)
    absence: NDArray[np.intp] = field(init=False, repr=False, compare=False)
    in_order: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dummy", np.flatnonzero((self.state >= 0) & ~self.missing))
        object.__setattr__(self, "absence", np.flatnonzero(self.missing))
        in_order = bool((self.variable == np.arange(len(self.variable))).all())
        object.__setattr__(self, "in_order", in_order)

    def columns(self, filled: Values, absent: NDArray[np.bool_]) -> Values:
        """Columns of some patients, shape (patients, columns).

        Parameters
        ----------
        filled : shape (patients, variables)
            Values without gaps.
        absent : shape (patients, variables)
            Which of them were missing.
        """
        found = filled[:, self.variable]
        if self.dummy.size:
            found[:, self.dummy] = found[:, self.dummy] == self.state[self.dummy]
        if self.absence.size:
            found[:, self.absence] = absent[:, self.variable[self.absence]]
        return found

    def is_like(self, other: Encoding) -> bool:
        """Whether the columns of both stand for the same."""
        return all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("variable", "state", "missing")
        )

    def of(self, variables: NDArray[np.integer]) -> tuple[NDArray[np.intp], Encoding]:
        """Positions of the columns of some variables, and these columns by themselves.

        Parameters
        ----------
        variables : shape (some,)
            In rising order; they are then numbered in it.
        """
        place = np.flatnonzero((self.variable[:, None] == variables).any(axis=1))
        renumbered = np.searchsorted(variables, self.variable[place])
        return place, Encoding(renumbered, self.state[place], self.missing[place])

    def folded(self, per_column: Values, variables: int) -> Values:
        """Sums over the columns of each variable, shape (patients, variables)."""
        if self.in_order and len(self.variable) == variables:
            return per_column
        belongs = self.variable[:, None] == np.arange(variables)
        return np.asarray(per_column @ belongs.astype(np.float64))
