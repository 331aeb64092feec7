"""Bootstrap replicates of a linear model: what other samples of patients would have made of it.

Each replicate comes from one bootstrap resample, with imputation and scaling repeated and without
the pull of a penalty (see `predictor.learning.replication`), and is written as one linear formula
in the variables' own units. They are numbers of models, not of patients, and lie in the bundle as
``replicates.npz``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import BundleError
from predictor.fitted.archive import read_arrays, write_arrays
from predictor.fitted.encoding import Encoding
from predictor.fitted.preparation import Values

FILE = "replicates.npz"
_NAMES = ("intercept", "slope", "variable", "state", "missing")
# More would be no bundle of ours, and a damaged header must not fill the memory.
_MOST_NUMBERS = 50_000_000
# Far beyond any slope, and far enough from where squares are no longer finite.
_LARGEST = 1e100

FEWEST = 2
"""Replicates that a variance needs."""


@dataclass(frozen=True, slots=True)
class Replicates:
    """Linear formulas in the variables' own units.

    Parameters
    ----------
    intercept : shape (replicates,)
        Log-odds where every column is 0.
    slope : shape (replicates, columns)
        Log-odds per unit of each column.
    variable : shape (columns,)
        Position of the variable a column comes from.
    state : shape (columns,)
        State that a dummy column stands for; -1 for a number.
    missing : shape (columns,)
        Whether the column says that the value is missing.

    Attributes
    ----------
    centre : shape (1 + columns,)
        Mean of intercept and slopes.
    root : shape (1 + columns, 1 + columns) or fewer columns
        Root of the covariance of intercept and slopes.
    encoding
        What the columns stand for.
    """

    intercept: Values
    slope: Values
    variable: NDArray[np.int64]
    state: NDArray[np.int64]
    missing: NDArray[np.bool_]
    centre: Values = field(init=False, repr=False, compare=False)
    root: Values = field(init=False, repr=False, compare=False)
    encoding: Encoding = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        both = np.column_stack([self.intercept, self.slope])
        centre = both.mean(axis=0)
        object.__setattr__(self, "centre", centre)
        # R of a QR decomposition: R' R = X' X without squaring the numbers first.
        triangle = np.asarray(np.linalg.qr(both - centre, mode="r"))
        object.__setattr__(self, "root", triangle.T / np.sqrt(max(len(both) - 1, 1)))
        object.__setattr__(self, "encoding", Encoding(self.variable, self.state, self.missing))

    def __len__(self) -> int:
        return len(self.intercept)

    def columns(self, filled: Values, absent: NDArray[np.bool_]) -> Values:
        """Columns of some patients, shape (patients, columns).

        Parameters
        ----------
        filled : shape (patients, variables)
            Values without gaps.
        absent : shape (patients, variables)
            Which of them were missing.
        """
        return self.encoding.columns(filled, absent)

    def log_odds(self, filled: Values, absent: NDArray[np.bool_]) -> Values:
        """Log-odds of some patients by each replicate, shape (patients, replicates)."""
        return self.columns(filled, absent) @ self.slope.T + self.intercept

    def variance(self, filled: Values, absent: NDArray[np.bool_]) -> Values:
        """Variance of the log-odds over the replicates, shape (patients,)."""
        return self.mean_and_variance(filled, absent)[1]

    def mean_and_variance(self, filled: Values, absent: NDArray[np.bool_]) -> tuple[Values, Values]:
        """Of the log-odds over the replicates, shape (patients,) each."""
        columns = self.columns(filled, absent)
        spread = columns @ self.root[1:]
        spread += self.root[0]
        mean = columns @ self.centre[1:] + self.centre[0]
        return mean, np.einsum("ij,ij->i", spread, spread)

    def of(self, variables: Sequence[int]) -> Replicates:
        """The columns of some variables, which are then numbered in this order."""
        kept = np.isin(self.variable, variables)
        place = {variable: i for i, variable in enumerate(variables)}
        renumbered = [place[v] for v in self.variable[kept].tolist()]
        return Replicates(
            self.intercept,
            self.slope[:, kept],
            np.array(renumbered, dtype=np.int64),
            self.state[kept],
            self.missing[kept],
        )

    def to_bytes(self) -> bytes:
        """An NPZ archive whose bytes depend on the numbers alone."""
        return write_arrays({name: getattr(self, name) for name in _NAMES})

    @classmethod
    def from_bytes(cls, data: bytes, variables: int, where: str = FILE) -> Replicates:
        """Read :meth:`to_bytes`; every shape and position is checked.

        Raises
        ------
        BundleError
            If the archive is damaged or does not fit ``variables`` variables.
        """
        try:
            found = read_arrays(data, _NAMES, 8 * _MOST_NUMBERS)
            _check(found, variables)
        except ValueError:
            raise BundleError(
                where, "the replicates are damaged", "Get the bundle again."
            ) from None
        return cls(**found)


def _check(found: Mapping[str, NDArray[Any]], variables: int) -> None:
    width = found["variable"].size
    replicates = found["intercept"].size
    shapes = {
        "intercept": (replicates,),
        "slope": (replicates, width),
        "variable": (width,),
        "state": (width,),
        "missing": (width,),
    }
    kinds = {"intercept": "f", "slope": "f", "variable": "i", "state": "i", "missing": "b"}
    for name, array in found.items():
        if array.shape != shapes[name] or array.dtype.kind != kinds[name]:
            raise ValueError(name)
    if replicates < FEWEST:
        raise ValueError("replicates")
    numbers = (found["intercept"], found["slope"])
    # NaN is not at most anything.
    if not all((np.abs(array) <= _LARGEST).all() for array in numbers):
        raise ValueError("not finite")
    if width and not (
        0 <= int(found["variable"].min()) <= int(found["variable"].max()) < variables
    ):
        raise ValueError("variable")
    if (found["state"] < -1).any() or (found["state"][found["missing"]] >= 0).any():
        raise ValueError("state")
