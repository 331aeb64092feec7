"""Ranks and pairwise comparisons: what every measure of discrimination is made of.

Callers have checked their input: both classes occur and no score is missing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, tied values share their mean rank; O(n log n).

    Examples
    --------
    >>> midranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    start = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    count = np.diff(np.r_[start, values.size])
    ranks = np.empty(values.size)
    ranks[order] = np.repeat(start + (count + 1) / 2, count)
    return ranks


def area(event: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """AUROC from the rank sum."""
    events = int(event.sum())
    rank_sum = float(midranks(score)[event].sum())
    return (rank_sum - events * (events + 1) / 2) / (events * (event.size - events))


def placements(event: NDArray[np.bool_], score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each patient's share of won comparisons with the other class, ties one half.

    For an event the share of non-events below it, for a non-event the share of events above it;
    the mean over either class is the AUROC (structural components of DeLong).
    """
    overall = midranks(score)
    events = int(event.sum())
    share = np.empty(event.size)
    share[event] = (overall[event] - midranks(score[event])) / (event.size - events)
    share[~event] = 1.0 - (overall[~event] - midranks(score[~event])) / events
    return share
