"""The resampling engine: a procedure fitted in every resample, measured where it was fitted.

Linear candidates are fitted in many resamples at once, in threads (the work is NumPy's, which
lets go of the interpreter); any other estimator one resample at a time, in processes. What is
needed of a fit is measured in the worker, so that no more than a chunk of predictions is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from predictor.errors import LearningError
from predictor.explanation.contributions import contributions
from predictor.fitted.replicates import Replicates
from predictor.learning.candidates import Candidate
from predictor.learning.linear_family import LinearRefits, fit_resamples, is_batched
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.resampling import BootstrapPlan, Resamples
from predictor.learning.spread import spread

Floats = NDArray[np.float64]
Measure = TypeVar("Measure")

# Predictions in one chunk, so that measuring needs some tens of megabytes.
_MOST_PREDICTIONS = 250_000
# Chunks of the linear family. Their number must not depend on the workers: a sum over another
# stack of problems can differ in its last bit.
_CHUNKS = 32
# Patients that SHAP values of trees are averaged over in a resample.
_EXPLAINED = 100


@dataclass(frozen=True, slots=True)
class Refit:
    """What fitting a procedure in some resamples gave.

    Parameters
    ----------
    count : shape (resamples, n)
        How often each patient stood in the training set.
    outcome : shape (resamples, n)
        The outcomes it was fitted to.
    probability : shape (resamples, n)
        Prediction of every patient of the cohort; NaN where the fit failed.
    usable, separated : shape (resamples,)
        Whether there is a fit; whether there is none because the predictors separate the outcome.
    candidate, setting : shape (resamples,)
        Positions of the chosen candidate and of its setting in the grid.
    mean_absolute_shap : shape (resamples, variables)
        Mean absolute SHAP value of each variable over the patients of the resample, on the scale
        of the model; NaN where it was not asked for.
    formula
        The fits of the linear family as formulas in the variables' own units, NaN where a fit
        failed; None for other estimators.
    """

    count: NDArray[np.int32]
    outcome: NDArray[np.int8]
    probability: Floats
    usable: NDArray[np.bool_]
    separated: NDArray[np.bool_]
    candidate: NDArray[np.int64]
    setting: NDArray[np.int64]
    mean_absolute_shap: Floats
    formula: Replicates | None = None


def refit(
    candidates: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    resamples: Resamples | BootstrapPlan,
    measure: Callable[[Refit], Measure],
    *,
    outcome: NDArray[np.int8] | None = None,
    explain: bool = False,
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Measure]:
    """Fit a procedure in every resample and measure it there.

    Parameters
    ----------
    candidates
        One, or several of the linear family from simple to complex, among which each resample
        chooses.
    plan, patients, resamples
        How is fitted, on whom, in which training sets.
    measure
        Called with the fits of each chunk of consecutive resamples, in a worker; must be a
        function of a module (or a ``functools.partial`` of one).
    outcome : shape (resamples, n), optional
        Outcomes that stand in for the patients' own, such as permuted ones.
    explain
        Also compute SHAP values. They cost nothing for the linear family.
    workers
        Parallel workers; every available core by default. Results do not depend on it.
    progress
        Told the share of the work done.

    Returns
    -------
    What ``measure`` returned for each chunk, in the order of the resamples.

    Raises
    ------
    ValueError
        If there are several candidates and one of them is not of the linear family.
    """
    batched = all(is_batched(candidate, plan) for candidate in candidates)
    if not batched and len(candidates) > 1:
        raise ValueError("the choice among candidates can be repeated for the linear family only")
    if not len(resamples):
        return []
    size = 1
    if batched:
        fair = -(-len(resamples) // _CHUNKS)
        size = max(1, min(fair, _MOST_PREDICTIONS // len(patients.outcome)))
    starts = range(0, len(resamples), size)
    work = _linear if batched else _one
    tasks = (
        (
            resamples.part(start, start + size),
            None if outcome is None else outcome[start : start + size],
        )
        for start in starts
    )
    shared = (candidates, plan, patients, explain, measure)
    found: list[Measure] = []
    for result in spread(work, shared, tasks, len(starts), workers=workers, threads=batched):
        found.append(result)
        if progress is not None:
            progress(len(found) / len(starts))
    return found


def _linear(
    candidates: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    explain: bool,  # noqa: ARG001 - the same call for both kinds
    measure: Callable[[Refit], Any],
    resamples: Resamples,
    outcome: NDArray[np.int8] | None,
) -> Any:
    fits = fit_resamples(candidates, plan, patients, resamples, outcome)
    return measure(
        Refit(
            resamples.count,
            _outcomes(patients, resamples, outcome),
            fits.probability,
            fits.usable,
            fits.separated,
            fits.candidate,
            fits.setting,
            fits.mean_absolute_shap,
            as_formulas(fits),
        )
    )


def as_formulas(fits: LinearRefits) -> Replicates:
    """Coefficients of standardised columns as log-odds per unit of the columns as they are."""
    slope = fits.coefficients / fits.scale
    columns = fits.universe.columns
    return Replicates(
        intercept=fits.intercept - (slope * fits.centre).sum(axis=1),
        slope=slope,
        variable=np.array([c.variable for c in columns], dtype=np.int64),
        state=np.array([-1 if c.state is None else c.state for c in columns], dtype=np.int64),
        missing=np.array([c.missing for c in columns], dtype=bool),
    )


def _one(
    candidates: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    explain: bool,
    measure: Callable[[Refit], Any],
    resamples: Resamples,
    outcome: NDArray[np.int8] | None,
) -> Any:
    (candidate,), (count,), (seed,) = candidates, resamples.count, resamples.seed
    values = patients.values[:, candidate.predictors]
    seen = patients
    if outcome is not None:
        seen = Patients(patients.values, outcome[0], patients.group)
    probability = np.full(len(values), np.nan)
    shap = np.full(patients.values.shape[1], np.nan)
    usable, setting = True, 0
    try:
        fitted = fit(candidate, plan, seen, int(seed), count)
    except LearningError:
        usable = False
    else:
        probability = fitted.probability(values)
        setting = candidate.grid.index(fitted.setting)
        if explain:
            rows = _explained(count, int(seed))
            moved = contributions(fitted.model, fitted.preparation, values[rows]).values
            shap[list(candidate.predictors)] = np.abs(moved).mean(axis=0)
    return measure(
        Refit(
            resamples.count,
            _outcomes(patients, resamples, outcome),
            probability[None],
            np.array([usable]),
            np.array([False]),
            np.zeros(1, dtype=np.int64),
            np.array([setting], dtype=np.int64),
            shap[None],
        )
    )


def _outcomes(
    patients: Patients, resamples: Resamples, outcome: NDArray[np.int8] | None
) -> NDArray[np.int8]:
    if outcome is not None:
        return outcome
    return np.broadcast_to(patients.outcome, resamples.count.shape)


def _explained(count: NDArray[np.int32], seed: int) -> NDArray[np.intp]:
    """Patients of the resample that its SHAP values are averaged over."""
    drawn = np.repeat(np.arange(len(count)), count)
    if len(drawn) <= _EXPLAINED:
        return drawn
    return np.random.default_rng([seed, 8]).choice(drawn, _EXPLAINED, replace=False)
