"""Out-of-fold predictions of every candidate, in parallel, the same for any number of workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.errors import LearningError
from predictor.learning.candidates import Candidate, Setting
from predictor.learning.linear_family import is_batched
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.refitting import Refit, refit
from predictor.learning.resampling import training_parts
from predictor.learning.splits import RepeatedFolds
from predictor.learning.spread import spread

Progress = Callable[[float, str], None]
"""Called with the share of the work done and what is being done."""

# Rough cost of one fit relative to a ridge fit; only the progress bar and the order of work use it.
_COST = {"random_forest": 400.0, "hist_gradient_boosting": 40.0, "ebm": 600.0, "elastic_net": 4.0}


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Out-of-fold predictions of one candidate.

    Parameters
    ----------
    candidate
        The model.
    probability
        Shape (repeats, patients); every patient is predicted once in each repeat.
    settings
        What tuning chose in each fold.
    seconds
        Time spent fitting, summed over workers.
    """

    candidate: Candidate
    probability: NDArray[np.float64]
    settings: tuple[Setting, ...]
    seconds: float


def cross_validate(
    candidates: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    folds: RepeatedFolds,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[OutOfFold, ...]:
    """Predict every patient by models that have not seen their fold.

    Parameters
    ----------
    candidates, plan, patients, folds
        What is fitted, how, on whom, and by which folds.
    workers
        Parallel processes; every available core by default.
    progress
        Told after each fit.

    Returns
    -------
    One entry per candidate, in their order.
    """
    total = float(sum(_cost(c) for c in candidates) * len(folds.tasks))
    done = 0.0
    found: dict[int, OutOfFold] = {}
    for i, candidate in enumerate(candidates):
        if is_batched(candidate, plan):
            found[i] = _all_folds(candidate, plan, patients, folds, workers)
            done += _cost(candidate) * len(folds.tasks)
            if progress is not None:
                progress(done / total, candidate.label)
    others = [i for i in range(len(candidates)) if i not in found]
    # Expensive fits first, so that no worker ends with a forest while the others are idle.
    tasks = [(i, r, k) for r, k in folds.tasks for i in others]
    tasks.sort(key=lambda task: -_cost(candidates[task[0]]))
    probability = {i: np.full(folds.fold.shape, np.nan) for i in others}
    settings: dict[int, dict[tuple[int, int], Setting]] = {i: {} for i in others}
    seconds = dict.fromkeys(others, 0.0)
    for i, r, k, predicted, setting, spent in spread(
        _one_fold,
        (candidates, plan, patients, folds),
        tasks,
        len(tasks),
        workers=workers,
        in_order=False,
        one_by_one=True,
    ):
        probability[i][r, folds.fold[r] == k] = predicted
        settings[i][r, k] = setting
        seconds[i] += spent
        done += _cost(candidates[i])
        if progress is not None:
            progress(done / total, candidates[i].label)
    for i in others:
        chosen = tuple(settings[i][task] for task in folds.tasks)
        found[i] = OutOfFold(candidates[i], probability[i], chosen, seconds[i])
    return tuple(found[i] for i in range(len(candidates)))


def _cost(candidate: Candidate) -> float:
    return _COST.get(candidate.name, 1.0) * (len(candidate.grid) * 5 + 1)


def _all_folds(
    candidate: Candidate,
    plan: Plan,
    patients: Patients,
    folds: RepeatedFolds,
    workers: int | None,
) -> OutOfFold:
    """Every fold of a linear candidate at once."""
    start = time.perf_counter()
    chunks = refit(
        [candidate], plan, patients, training_parts(folds), _predictions, workers=workers
    )
    if not all(usable.all() for _, _, usable in chunks):
        raise LearningError(
            candidate.label, "the fit does not converge", "Raise its smallest penalty."
        )
    predicted = np.concatenate([chunk[0] for chunk in chunks])
    probability = np.full(folds.fold.shape, np.nan)
    for (r, k), row in zip(folds.tasks, predicted, strict=True):
        test = folds.fold[r] == k
        probability[r, test] = row[test]
    settings = tuple(candidate.grid[s] for chunk in chunks for s in chunk[1])
    return OutOfFold(candidate, probability, settings, time.perf_counter() - start)


def _predictions(
    fits: Refit,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    return fits.probability, fits.setting, fits.usable


def _one_fold(
    candidates: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    folds: RepeatedFolds,
    i: int,
    repeat: int,
    k: int,
) -> tuple[int, int, int, NDArray[np.float64], Setting, float]:
    start = time.perf_counter()
    test, candidate = folds.fold[repeat] == k, candidates[i]
    training = (~test).astype(np.int64)
    fitted = fit(candidate, plan, patients, folds.seed_of(repeat, k), training)
    predicted = fitted.probability(patients.values[test][:, candidate.predictors])
    return i, repeat, k, predicted, fitted.setting, time.perf_counter() - start
