"""Stacks of weighted designs and the products of their columns.

Every solver of a stack of problems spends its time on information matrices, X' diag(v) X for many
v. Where a group has several penalties, the products of all pairs of its columns are made once, so
that one matrix product gives the information of all of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Products of pairs of columns are worth making from so many penalties on, and are kept while
# patients times squared columns of a group stay below the second number (16 MB).
_MANY_PENALTIES = 4
MOST_PAIRS = 4_000_000


class Training(NamedTuple):
    """The rows of each group that have a weight; short groups are filled up with rows of zeros."""

    design: Floats
    """Shape (groups, rows, columns)."""
    outcome: Floats
    """Shape (groups, rows)."""
    weights: Floats
    """Shape (groups, rows)."""


def training_rows(design: Floats, outcome: Floats, weights: Floats) -> Training:
    """Leave out what a fit must not see: rows of weight 0.

    In a bootstrap resample that is every third patient, in its inner folds every second one.

    Parameters
    ----------
    design : shape (groups, n, columns)
    outcome : shape (n,) or (groups, n)
    weights : shape (groups, n)
    """
    outcome = np.broadcast_to(outcome, weights.shape)
    used = weights > 0.0
    if used.all():
        return Training(design, outcome, weights)
    rows = np.argsort(~used, axis=1, kind="stable")[:, : used.sum(axis=1).max()]
    group = np.arange(len(rows))[:, None]
    kept = design[group, rows]
    kept[~used[group, rows]] = 0.0
    return Training(kept, outcome[group, rows], weights[group, rows])


class StackedColumns:
    """One design for each group, with the products of its columns.

    Parameters
    ----------
    columns : shape (groups, n, k)
    """

    def __init__(self, columns: Floats) -> None:
        self.columns = columns
        self._turned = np.swapaxes(columns, 1, 2)
        self._pairs: Floats | None = None

    def log_odds(self, position: Floats) -> Floats:
        """X b, shape (groups, penalties, n), from shape (groups, penalties, k)."""
        return np.asarray(position @ self._turned)

    def information(self, variance: Floats) -> Floats:
        """X' diag(variance) X, shape (groups, penalties, k, k)."""
        groups, penalties, n = variance.shape
        k = self.columns.shape[2]
        if penalties >= _MANY_PENALTIES and n * k * k <= MOST_PAIRS:
            if self._pairs is None:
                self._pairs = products_of_pairs(self._turned)
            # Clipping spares a copy; no place lies outside.
            full = np.take(
                variance @ np.swapaxes(self._pairs, 1, 2), _places(k), axis=-1, mode="clip"
            )
            return np.asarray(full.reshape(groups, penalties, k, k))
        found = np.empty((groups, penalties, k, k))
        for p in range(penalties):
            np.matmul(self._turned * variance[:, p, None], self.columns, out=found[:, p])
        return found


def products_of_pairs(turned: Floats) -> Floats:
    """From shape (..., k, n) to (..., k (k + 1) / 2, n), in the order of a triangle's rows."""
    turned = np.ascontiguousarray(turned)
    *leading, k, n = turned.shape
    pairs = np.empty((*leading, k * (k + 1) // 2, n))
    start = 0
    for j in range(k):
        stop = start + k - j
        np.multiply(turned[..., j : j + 1, :], turned[..., j:, :], out=pairs[..., start:stop, :])
        start = stop
    return pairs


def _places(k: int) -> NDArray[np.intp]:
    """Where each element of a symmetric matrix stands in its triangle, shape (k * k,)."""
    place = np.empty((k, k), dtype=np.intp)
    upper = np.triu_indices(k)
    place[upper] = place.T[upper] = np.arange(len(upper[0]))
    return place.ravel()


def with_intercept(design: Floats) -> Floats:
    """The design behind a column of ones, shape (groups, n, columns + 1)."""
    groups, n, width = design.shape
    columns = np.empty((groups, n, width + 1))
    columns[..., 0] = 1.0
    columns[..., 1:] = design
    return columns
