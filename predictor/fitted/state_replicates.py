"""Bootstrap replicates of a model of several states, as formulas in the variables' own units.

They lie in the bundle under the name of those of a linear model; a manifest of kind ``states``
says which of the two they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import BundleError
from predictor.fitted.archive import read_arrays, write_arrays
from predictor.fitted.encoding import Encoding
from predictor.fitted.preparation import Values

_NAMES = ("intercepts", "slopes", "variable", "state", "missing")
_MOST_NUMBERS = 50_000_000
_LARGEST = 1e100
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class StateReplicates:
    """Formulas of several states.

    Parameters
    ----------
    intercepts : shape (replicates, states - 1)
        Log-odds where every column is 0.
    slopes : shape (replicates, sums, columns)
        Per unit of each column; one sum for proportional odds.
    variable, state, missing : shape (columns,)
        As in :class:`predictor.fitted.replicates.Replicates`.
    """

    intercepts: Values
    slopes: Values
    variable: NDArray[np.int64]
    state: NDArray[np.int64]
    missing: NDArray[np.bool_]
    encoding: Encoding = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "encoding", Encoding(self.variable, self.state, self.missing))

    def __len__(self) -> int:
        return len(self.intercepts)

    def log_odds(self, filled: Values, absent: NDArray[np.bool_]) -> Values:
        """Log-odds of each state but the first.

        Parameters
        ----------
        filled : shape (patients, draws, variables)
            Values without gaps; replicate r looks at draw r, beginning again behind the last.
        absent : shape (patients, variables)
            Which of them were missing.

        Returns
        -------
        shape (patients, replicates, states - 1)
        """
        patients, draws, variables = filled.shape
        flat = filled.reshape(patients * draws, variables)
        columns = self.encoding.columns(flat, np.repeat(absent, draws, axis=0))
        each = columns.reshape(patients, draws, -1)
        number = np.arange(len(self))
        found = np.empty((patients, len(self), self.intercepts.shape[1]))
        for draw in range(draws):
            own = np.flatnonzero(number % draws == draw)
            sums = np.einsum("ic,rkc->irk", each[:, draw], self.slopes[own])
            found[:, own] = sums + self.intercepts[own]
        return found

    def to_bytes(self) -> bytes:
        """An NPZ archive whose bytes depend on the numbers alone."""
        return write_arrays({name: getattr(self, name) for name in _NAMES})

    @classmethod
    def from_bytes(
        cls, data: bytes, variables: int, sums: int, states: int, where: str
    ) -> StateReplicates:
        """Read :meth:`to_bytes`; every shape and position is checked.

        Raises
        ------
        BundleError
            If the archive is damaged or does not fit the model.
        """
        try:
            found = read_arrays(data, _NAMES, 8 * _MOST_NUMBERS)
            _check(found, variables, sums, states)
        except (ValueError, TypeError, IndexError):
            raise BundleError(
                where, "the replicates are damaged", "Get the bundle again."
            ) from None
        return cls(**found)


def _check(found: Mapping[str, NDArray[Any]], variables: int, sums: int, states: int) -> None:
    replicates, width = len(found["intercepts"]), found["variable"].size
    shapes = {
        "intercepts": (replicates, states - 1),
        "slopes": (replicates, sums, width),
        "variable": (width,),
        "state": (width,),
        "missing": (width,),
    }
    kinds = {"intercepts": "f", "slopes": "f", "variable": "i", "state": "i", "missing": "b"}
    for name, array in found.items():
        if array.shape != shapes[name] or array.dtype.kind != kinds[name]:
            raise ValueError(name)
    if replicates < _FEWEST:
        raise ValueError("replicates")
    if not all((np.abs(found[name]) <= _LARGEST).all() for name in ("intercepts", "slopes")):
        raise ValueError("not finite")
    place = found["variable"]
    if width and not 0 <= int(place.min()) <= int(place.max()) < variables:
        raise ValueError("variable")
    if (found["state"] < -1).any() or (found["state"][found["missing"]] >= 0).any():
        raise ValueError("state")
