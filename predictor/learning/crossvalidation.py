"""Out-of-fold predictions of every candidate, in parallel, the same for any number of workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from predictor.learning.candidates import Candidate, Setting
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.splits import RepeatedFolds

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
    # Expensive fits first, so that no worker ends with a forest while the others are idle.
    cost = {c.name: _COST.get(c.name, 1.0) * (len(c.grid) * 5 + 1) for c in candidates}
    tasks = [(i, r, k) for r, k in folds.tasks for i in range(len(candidates))]
    tasks.sort(key=lambda task: -cost[candidates[task[0]].name])
    total, done = sum(cost[candidates[i].name] for i, _, _ in tasks), 0.0
    probability = np.full((len(candidates), *folds.fold.shape), np.nan)
    settings: list[dict[tuple[int, int], Setting]] = [{} for _ in candidates]
    seconds = np.zeros(len(candidates))
    jobs = min(workers or cpu_count(), len(tasks))
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    for i, r, k, predicted, setting, spent in parallel(
        delayed(_one_fold)(i, r, k, candidates[i], plan, patients, folds) for i, r, k in tasks
    ):
        probability[i, r, folds.fold[r] == k] = predicted
        settings[i][r, k] = setting
        seconds[i] += spent
        done += cost[candidates[i].name]
        if progress is not None:
            progress(done / total, candidates[i].label)
    return tuple(
        OutOfFold(
            candidate,
            probability[i],
            tuple(settings[i][task] for task in folds.tasks),
            float(seconds[i]),
        )
        for i, candidate in enumerate(candidates)
    )


def _one_fold(
    i: int,
    repeat: int,
    k: int,
    candidate: Candidate,
    plan: Plan,
    patients: Patients,
    folds: RepeatedFolds,
) -> tuple[int, int, int, NDArray[np.float64], Setting, float]:
    start = time.perf_counter()
    test = folds.fold[repeat] == k
    # One thread inside a worker: the workers are the parallelism, and sums keep their order.
    with threadpool_limits(1):
        fitted = fit(candidate, plan, patients.take(~test), folds.seed_of(repeat, k))
        predicted = fitted.probability(patients.values[test][:, candidate.predictors])
    return i, repeat, k, predicted, fitted.setting, time.perf_counter() - start
