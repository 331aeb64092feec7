"""Resampling plans as counts: how often each patient stands in each resample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.learning.splits import RepeatedFolds, derived_seed

Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Resamples:
    """A stack of training sets.

    Parameters
    ----------
    count : shape (resamples, n)
        How often each patient stands in each.
    seed : shape (resamples,)
        What the inner folds and the estimators of each derive their seeds from.
    """

    count: Counts
    seed: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.count)

    def part(self, start: int, stop: int) -> Resamples:
        """Some consecutive ones."""
        return Resamples(self.count[start:stop], self.seed[start:stop])


@dataclass(frozen=True, slots=True)
class BootstrapPlan:
    """The resamples of :func:`bootstrap`, drawn when they are asked for.

    Parameters
    ----------
    patients, group, resamples, seed
        As there.
    """

    patients: int
    group: NDArray[np.int64] | None
    resamples: int
    seed: int

    def __len__(self) -> int:
        return self.resamples

    def part(self, start: int, stop: int) -> Resamples:
        """Some consecutive ones."""
        stop = min(stop, self.resamples)
        return bootstrap(
            self.patients, self.group, resamples=stop - start, seed=self.seed, first=start
        )


def bootstrap(
    patients: int,
    group: NDArray[np.int64] | None,
    *,
    resamples: int,
    seed: int,
    first: int = 0,
) -> Resamples:
    """Draw patients with replacement, as many as there are; groups are drawn whole.

    Parameters
    ----------
    patients
        Number of patients.
    group : shape (patients,), optional
        Patient or centre of each row: as many groups are drawn as there are.
    resamples, seed
        Size and seed of the plan. A resample depends on its number and the seed only, so more
        resamples begin with the same ones.
    first
        Number of the first one.
    """
    units = units_of(group, patients)
    total = int(units.max()) + 1
    count = np.empty((resamples, patients), dtype=np.int32)
    for b in range(resamples):
        drawn = np.random.default_rng([seed, 6, first + b]).integers(0, total, total)
        count[b] = np.bincount(drawn, minlength=total)[units]
    seeds = np.array([derived_seed(seed, 7, first + b) for b in range(resamples)], dtype=np.int64)
    return Resamples(count, seeds)


def training_parts(folds: RepeatedFolds) -> Resamples:
    """The training sets of a cross-validation plan, in the order of its tasks."""
    tasks = folds.tasks
    count = np.stack([folds.fold[r] != k for r, k in tasks]).astype(np.int32)
    return Resamples(count, np.array([folds.seed_of(r, k) for r, k in tasks], dtype=np.int64))


def inner_folds(
    outcome: ArrayLike,
    group: NDArray[np.int64] | None,
    count: ArrayLike,
    *,
    folds: int,
    seed: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Folds of the tuning inside each resample, with all copies of a patient in one of them.

    Copies in two folds would be tested by a model that has seen them, and tuning would choose too
    small a penalty. Units (patients, or the given groups) are dealt out in random order within
    units with and units without an event, so that each fold gets its share of either by count.

    Parameters
    ----------
    outcome : shape (n,) or (resamples, n)
        0 or 1.
    group : shape (n,), optional
        What stays whole.
    count : shape (resamples, n)
        How often each patient stands in the resample.
    folds
        As many as this, or as there are units of the rarer kind.
    seed : shape (resamples,)
        The same seed, the same folds.

    Returns
    -------
    fold : shape (resamples, n)
        Fold of each patient, also of those who are not in the resample.
    number : shape (resamples,)
        Number of folds; below 2 nothing can be compared.
    """
    times = np.asarray(count, dtype=np.float64)
    resamples, n = times.shape
    events = times * np.asarray(outcome, dtype=np.float64)
    unit = units_of(group, n)
    size = summed_by_unit(times, unit)
    with_event = summed_by_unit(events, unit) > 0.0
    without = summed_by_unit(times - events, unit) > 0.0
    number = np.minimum(folds, np.minimum(with_event.sum(axis=1), without.sum(axis=1)))
    key = np.stack([np.random.default_rng([int(s), 2]).random(size.shape[1]) for s in seed])
    # One sort deals both kinds: those without an event have keys below 1, those with one above.
    order = np.argsort(key + with_event, axis=1)
    sizes = np.take_along_axis(size, order, axis=1)
    second = np.take_along_axis(with_event, order, axis=1)
    cumulative = sizes.cumsum(axis=1)
    of_first = (size * ~with_event).sum(axis=1, keepdims=True)
    of_second = (size * with_event).sum(axis=1, keepdims=True)
    total = np.where(second, of_second, of_first)
    before = cumulative - 0.5 * sizes - np.where(second, of_first, 0.0)
    share = before / np.where(total > 0.0, total, 1.0)
    dealt = np.floor(np.clip(share, 0.0, 1.0 - 1e-12) * np.maximum(number, 1)[:, None])
    fold = np.empty((resamples, size.shape[1]), dtype=np.int64)
    np.put_along_axis(fold, order, dealt.astype(np.int64), axis=1)
    return fold[:, unit], number


def units_of(group: NDArray[np.int64] | None, patients: int) -> NDArray[np.intp]:
    """Number of the unit that each row belongs to: its group, or itself."""
    if group is None:
        return np.arange(patients)
    return np.asarray(np.unique(group, return_inverse=True)[1], dtype=np.intp)


def summed_by_unit(rows: NDArray[np.float64], unit: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums over the rows of each unit, from shape (..., rows) to (..., units).

    >>> summed_by_unit(np.array([[1.0, 2.0, 4.0]]), np.array([0, 1, 0]))
    array([[5., 2.]])
    """
    order = np.argsort(unit, kind="stable")
    starts = np.flatnonzero(np.diff(unit[order], prepend=-1))
    if len(starts) == len(unit):
        return rows[..., order]
    return np.asarray(np.add.reduceat(rows[..., order], starts, axis=-1))
