"""How often each variable takes each place among the refits of the bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class RankFrequency:
    """How often one variable had one place.

    Parameters
    ----------
    variable
        Its name.
    rank
        1 for the largest mean |SHAP| of a refit; None where the refit did not use the variable.
    share
        Of the refits. Variables that tie for several places have an equal share of each.
    """

    variable: str
    rank: int | None
    share: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def rank_frequencies(
    mean_absolute_shap: ArrayLike, usable: ArrayLike, variables: Sequence[str]
) -> tuple[RankFrequency, ...]:
    """Count the places of each variable.

    Parameters
    ----------
    mean_absolute_shap : shape (b, variables)
        Of each refit; NaN counts as 0 where a refit did not use the variable, and a row of NaN
        (a refit without explanation) is left out.
    usable : shape (b,)
        Which refits count.
    variables
        Their names.

    Returns
    -------
    Every place of every variable that was used at least once, and the share of refits that did not
    use it as its place None; the shares of a variable add up to 1. The variables with the best mean
    place come first. Empty where no refit was explained.

    Raises
    ------
    ValueError
        If shapes differ or a value is negative or infinite.

    Examples
    --------
    >>> [(r.variable, r.rank, r.share) for r in rank_frequencies([[3, 1], [3, 0]], [1, 1], "ab")]
    [('a', 1, 1.0), ('a', 2, 0.0), ('a', None, 0.0), ('b', 1, 0.0), ('b', 2, 0.5), ('b', None, 0.5)]
    """
    may = np.asarray(usable, dtype=bool)
    values = np.asarray(mean_absolute_shap, dtype=np.float64)
    if values.shape != (may.size, len(variables)):
        raise ValueError(
            f"mean_absolute_shap has shape {values.shape}, but {(may.size, len(variables))} was "
            "expected"
        )
    explained = values[may & ~np.isnan(values).all(axis=1)] if values.size else values[:0]
    size = np.where(np.isnan(explained), 0.0, explained)
    if not ((size >= 0.0) & np.isfinite(size)).all():
        raise ValueError("mean |SHAP| must be 0 or more and finite")
    used = np.flatnonzero((size > 0.0).any(axis=0))
    if not used.size:
        return ()
    size, names = size[:, used], [variables[i] for i in used.tolist()]
    share = _shares(size)
    unused = (size <= 0.0).mean(axis=0)
    places = np.arange(1, len(names) + 1)
    # Who is not used comes after the last place.
    mean = share.T @ places + unused * (len(names) + 1)
    rows = []
    for i in np.argsort(mean, kind="stable").tolist():
        rows += [RankFrequency(names[i], int(k), float(share[k - 1, i])) for k in places.tolist()]
        rows.append(RankFrequency(names[i], None, float(unused[i])))
    return tuple(rows)


def _shares(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the refits in which a variable has a place, shape (places, variables)."""
    places = np.arange(size.shape[1])
    found = np.empty((places.size, places.size))
    for i, own in enumerate(size.T[:, :, None]):
        above, tied = (size > own).sum(axis=1), (size == own).sum(axis=1)
        here = (above[:, None] <= places) & (places < (above + tied)[:, None]) & (own > 0.0)
        found[:, i] = (here / tied[:, None]).mean(axis=0)
    return found
