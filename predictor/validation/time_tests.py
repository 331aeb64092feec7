"""Is there any signal in the predictors about a time: patients' values exchanged, all repeated."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from predictor.learning.hazard_refits import refit_hazards
from predictor.learning.hazards import HazardCandidate, HazardPlan, TimedPatients
from predictor.learning.resampling import Resamples
from predictor.learning.splits import RepeatedFolds, derived_seed
from predictor.performance.time_scores import brier_at
from predictor.validation.permutation import Signal, signal

STATISTIC = "cross-validated Brier score at the last horizon, with the sign changed"
RULE = "each row has the predictors of another row"


def time_signal(
    candidate: HazardCandidate,
    how: HazardPlan,
    patients: TimedPatients,
    folds: RepeatedFolds,
    *,
    permutations: int,
    seed: int,
    minutes: float,
    not_repeated: tuple[str, ...],
    workers: int | None,
    progress: Callable[[float], bool],
) -> Signal | None:
    """Exchange the predictors of patients, repeat preparation, tuning and fits, and compare.

    Parameters
    ----------
    candidate, how, patients
        What is fitted, and on whom; rows must stand alone.
    folds
        Of the cohort itself; the first repeat is used.
    permutations, seed
        How many, and from which seed.
    minutes
        After which no more are begun.
    not_repeated
        What is left out of the repetition, in words.
    workers, progress
        As for :func:`predictor.learning.hazard_refits.refit_hazards`.

    Returns
    -------
    None where a fit to the cohort itself does not settle.
    """
    n, fold = len(patients.ends), folds.fold[0]
    tasks = np.unique(fold)
    count = (fold != tasks[:, None]).astype(np.int32)
    seeds = np.array([derived_seed(seed, 2, int(k)) for k in tasks], dtype=np.int64)
    parts = Resamples(count, seeds)
    last = how.knots[0][-1]
    rng = np.random.default_rng(derived_seed(seed, 1))
    until = time.monotonic() + 60.0 * minutes

    def score(values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
        own = replace(patients, values=values)
        fits = refit_hazards(candidate, how, own, parts, workers=workers, progress=lambda _: True)
        probability = np.full(n, np.nan)
        for k, fit in zip(tasks, fits, strict=True):
            if fit is not None:
                test = fold == k
                chosen = values[test][:, list(candidate.predictors)]
                probability[test] = fit.incidence(chosen)[:, last - 1]
        return -brier_at(patients.months, patients.ends, probability, float(last))

    observed = score(patients.values)
    if not np.isfinite(observed):
        return None
    found: list[float] = []
    while len(found) < permutations and time.monotonic() < until:
        found.append(score(patients.values[rng.permutation(n)]))
        progress(len(found) / permutations)
    return signal(STATISTIC, observed, np.array(found), RULE, not_repeated=not_repeated)
