"""Stacks of weighted designs and the products of their columns.

Every solver of a stack of problems spends its time on information matrices, X' diag(v) X for many
v. The products of all pairs of columns are made once, so that one matrix product gives the
information of all penalties of a group.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Products of pairs of columns are kept up to this many numbers for a group (16 MB).
_MOST_PAIRS = 2_000_000


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
        groups, n, k = columns.shape
        self._upper = np.triu_indices(k)
        number = len(self._upper[0])
        self._place = np.empty((k, k), dtype=np.intp)
        self._place[self._upper] = self._place.T[self._upper] = np.arange(number)
        self._pairs: Floats | None = None
        if n * number <= _MOST_PAIRS:
            self._pairs = np.empty((groups, n, number))
            start = 0
            for j in range(k):
                stop = start + k - j
                np.multiply(
                    columns[..., j : j + 1], columns[..., j:], out=self._pairs[..., start:stop]
                )
                start = stop

    def log_odds(self, position: Floats) -> Floats:
        """X b, shape (groups, penalties, n), from shape (groups, penalties, k)."""
        return np.asarray(position @ np.swapaxes(self.columns, 1, 2))

    def information(self, variance: Floats) -> Floats:
        """X' diag(variance) X, shape (groups, penalties, k, k)."""
        groups, penalties, _ = variance.shape
        k = self.columns.shape[2]
        if self._pairs is not None:
            packed = variance @ self._pairs
            # Clipping spares a copy; no place lies outside.
            full = np.take(packed, self._place.ravel(), axis=-1, mode="clip")
            return np.asarray(full.reshape(groups, penalties, k, k))
        found = np.empty((groups, penalties, k, k))
        for g in range(groups):
            x = self.columns[g]
            for p in range(penalties):
                found[g, p] = (x * variance[g, p, :, None]).T @ x
        return found

    def quadratic(self, matrix: Floats) -> Floats:
        """The form x' M x of each row, shape (groups, penalties, n), for symmetric M."""
        if self._pairs is not None:
            packed = matrix[..., self._upper[0], self._upper[1]] * np.where(
                self._upper[0] == self._upper[1], 1.0, 2.0
            )
            return np.asarray(packed @ np.swapaxes(self._pairs, 1, 2))
        x = self.columns[:, None]
        return np.asarray(((x @ matrix) * x).sum(axis=-1))


def with_intercept(design: Floats) -> Floats:
    """The design behind a column of ones, shape (groups, n, columns + 1)."""
    groups, n, width = design.shape
    columns = np.empty((groups, n, width + 1))
    columns[..., 0] = 1.0
    columns[..., 1:] = design
    return columns
