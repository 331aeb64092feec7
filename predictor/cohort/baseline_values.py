"""What was known at the index visit: of each variable the latest value in a window before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.search import last_at_or_before
from predictor.cohort.visits import Visits

Places = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BaselineValue:
    """Values of one variable at the index visits.

    Parameters
    ----------
    values
        Shape (index visits,), NaN where the window holds none.
    at
        Visit each comes from, -1 where there is none.
    declared
        Where the latest value was declared missing, so that there is none, shape (index visits,).
    """

    values: Numbers
    at: Places
    declared: NDArray[np.bool_]


def latest_value(
    visits: Visits, index: Places, name: str, window: tuple[float, float]
) -> BaselineValue:
    """Take the latest value in a window that ends at the index visit or before it.

    Nothing later is looked at: the search begins at the index visit and goes back. It ends at a
    cell that could not be read or was declared missing: something was measured then, and an older
    value would be told for it.

    Parameters
    ----------
    visits
        In order.
    index
        Positions of the index visits.
    name
        Variable.
    window
        First and last day from the index visit, both at most 0.

    Raises
    ------
    ValueError
        If the window reaches beyond the index visit.
    """
    low, high = window
    if high > 0:
        raise ValueError("a baseline window ends at the index visit at the latest")
    column, declared = visits.values[name], visits.declared.get(name)
    spoiled = [mask for mask in (visits.unreadable.get(name), declared) if mask is not None]
    earliest = visits.day[index] + low
    first = visits.start[visits.patient[index]]
    at = index.copy() if high == 0 else last_at_or_before(visits, index, visits.day[index] + high)
    at[(at >= 0) & (visits.day[at] < earliest)] = -1
    waiting = np.flatnonzero(at >= 0)
    while len(waiting):
        here = at[waiting]
        empty = np.isnan(column[here])
        for mask in spoiled:
            empty &= ~mask[here]
        waiting = waiting[empty]
        back = at[waiting] - 1
        inside = (back >= first[waiting]) & (visits.day[back] >= earliest[waiting])
        at[waiting] = np.where(inside, back, -1)
        waiting = waiting[inside]
    gone = np.zeros(len(at), dtype=bool) if declared is None else (at >= 0) & declared[at]
    return BaselineValue(np.where(at >= 0, column[at], np.nan), at, gone)
