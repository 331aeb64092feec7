"""The whole modelling procedure of the linear family in many resamples at once.

Prepare, tune by inner folds, choose among candidates and fit, as `predictor.learning.procedure`
does for one set of patients; a test holds the two equal. Everything is learned inside the
resample, and all copies of a patient stay in one inner fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.learning import batch_newton
from predictor.learning.batch_elastic_net import elastic_net
from predictor.learning.batch_preparation import Preparations, Universe, prepare, universe_of
from predictor.learning.candidates import Candidate
from predictor.learning.choice import choose, differences
from predictor.learning.procedure import Patients, Plan
from predictor.learning.resampling import Resamples, inner_folds, summed_by_unit, units_of
from predictor.performance.scores import LOG_LOSS_CLIP

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BATCHED = frozenset({"prevalence", "one_predictor", "firth", "ridge", "elastic_net"})
"""Candidates that are fitted in all resamples at once."""

# Numbers that one stack of problems may keep (32 MB); more would leave the processor's caches.
_MOST_NUMBERS = 4_000_000
# What a patient costs at most, and what one costs whose model could not be fitted.
_LARGEST_LOSS = -float(np.log(LOG_LOSS_CLIP))


@dataclass(frozen=True, slots=True)
class LinearRefits:
    """Linear models fitted in a stack of resamples.

    Parameters
    ----------
    universe
        The design columns that coefficients belong to.
    probability : shape (resamples, n)
        Prediction of every patient, drawn or not; NaN where the fit failed.
    usable, separated : shape (resamples,)
        Whether there is a finite solution; whether there is none for separation.
    candidate, setting : shape (resamples,)
        Positions of the chosen candidate and of its setting in the grid.
    intercept : shape (resamples,)
        Log-odds of a patient at the resample's means.
    coefficients : shape (resamples, columns)
        Of standardised columns; 0 for columns that are not in the model.
    fill, centre, scale
        What preparation learned, see :class:`~predictor.learning.batch_preparation.Preparations`.
    mean_absolute_shap : shape (resamples, variables)
        Over the patients of the resample, on the log-odds scale.
    """

    universe: Universe
    probability: Floats
    usable: Flags
    separated: Flags
    candidate: NDArray[np.int64]
    setting: NDArray[np.int64]
    intercept: Floats
    coefficients: Floats
    fill: Floats
    centre: Floats
    scale: Floats
    mean_absolute_shap: Floats


def is_batched(candidate: Candidate, plan: Plan) -> bool:
    """Whether a candidate can be fitted in all resamples at once."""
    return candidate.name in BATCHED and plan.imputation != "iterative"


def fit_resamples(
    candidates: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    resamples: Resamples,
    outcome: NDArray[np.int8] | None = None,
) -> LinearRefits:
    """Fit the procedure in each resample.

    Parameters
    ----------
    candidates
        One, or several from simple to complex: the choice among them is then made in each
        resample, by the rule of :mod:`predictor.learning.choice` on its inner folds.
    plan, patients
        How candidates are prepared and tuned, and on whom.
    resamples
        The training sets.
    outcome : shape (resamples, n), optional
        Outcomes that stand in for the patients' own, such as permuted ones.
    """
    universe = universe_of(
        plan.columns, patients.values, plan.missing_indicators, mean=plan.imputation == "mean"
    )
    y = np.asarray(patients.outcome if outcome is None else outcome, dtype=np.float64)
    if outcome is None:
        y = np.broadcast_to(y, resamples.count.shape)
    group = patients.group
    tuned = _tune(candidates, plan, universe, y, group, resamples)
    return _fit(candidates, universe, y, resamples, *tuned)


def _tune(
    candidates: Sequence[Candidate],
    plan: Plan,
    universe: Universe,
    y: Floats,
    group: NDArray[np.int64] | None,
    resamples: Resamples,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Chosen candidate and setting of each resample, shape (resamples,) each."""
    count = resamples.count.astype(np.float64)
    total, n = count.shape
    middle = np.array([len(candidate.grid) // 2 for candidate in candidates])
    chosen = np.zeros(total, dtype=np.int64)
    setting = np.full(total, middle[0])
    if len(candidates) == 1 and len(candidates[0].grid) == 1:
        return chosen, setting
    fold, number = inner_folds(y, group, count, folds=plan.inner_folds, seed=resamples.seed)
    most = max(len(candidate.grid) for candidate in candidates)
    step = max(1, _MOST_NUMBERS // (n * (len(candidates) + most)))
    for start in range(0, total, step):
        part = slice(start, min(start + step, total))
        losses, tested = _inner_losses(
            candidates, universe, y[part], count[part], fold[part], number[part]
        )
        best, own = [], []
        for c in range(len(candidates)):
            summed = losses[c].sum(axis=2)
            best.append(np.where(tested, summed.argmin(axis=1), middle[c]))
            own.append(np.take_along_axis(losses[c], best[c][:, None, None], axis=1)[:, 0])
        if len(candidates) > 1:
            unit = units_of(group, n)
            chosen[part] = np.where(
                tested,
                choose(
                    *differences(
                        np.stack([summed_by_unit(loss, unit) for loss in own], axis=1),
                        summed_by_unit(count[part], unit),
                    )
                ),
                0,
            )
        setting[part] = np.choose(chosen[part], np.stack(best))
    return chosen, setting


def _inner_losses(
    candidates: Sequence[Candidate],
    universe: Universe,
    y: Floats,
    count: Floats,
    fold: NDArray[np.int64],
    number: NDArray[np.int64],
) -> tuple[list[Floats], Flags]:
    """Log loss of each patient, times count, when in the test fold; and where there was a test.

    Shape (resamples, settings, n) for each candidate.
    """
    total, n = count.shape
    losses = [np.zeros((total, len(candidate.grid), n)) for candidate in candidates]
    tested = np.zeros(total, dtype=bool)
    pairs = [(b, k) for b in range(total) for k in range(number[b]) if number[b] > 1]
    width = len(universe.columns) + 1
    most = max(len(candidate.grid) for candidate in candidates)
    products = width * (width + 1) // 2
    step = max(1, _MOST_NUMBERS // (n * (4 * width + products + 6 * most) + 8 * most * products))
    for start in range(0, len(pairs), step):
        b, k = np.array(pairs[start : start + step]).T
        test = fold[b] == k[:, None]
        train = np.where(test, 0.0, count[b])
        events, size = (train * y[b]).sum(axis=1), train.sum(axis=1)
        # Possible with groups only; such a fold cannot tell settings apart.
        sound = (events > 0.0) & (events < size) & (test & (count[b] > 0.0)).any(axis=1)
        if not sound.any():
            continue
        b, test, train = b[sound], test[sound], train[sound]
        tested[b] = True
        prepared = prepare(universe, train)
        where = test * count[b]
        for c, candidate in enumerate(candidates):
            fit = _solve(candidate, universe, prepared, y[b], train, None)
            columns = universe.columns_of(candidate.predictors)
            design = prepared.design[..., columns]
            log_odds = fit.coefficients @ np.swapaxes(design, 1, 2) + fit.intercept[..., None]
            failed = ~(fit.converged & np.isfinite(log_odds).all(axis=-1))
            loss = _log_loss(y[b][:, None], log_odds)
            loss[failed] = _LARGEST_LOSS
            np.add.at(losses[c], b, loss * where[:, None])
    return losses, tested


def _fit(
    candidates: Sequence[Candidate],
    universe: Universe,
    y: Floats,
    resamples: Resamples,
    chosen: NDArray[np.int64],
    setting: NDArray[np.int64],
) -> LinearRefits:
    count = resamples.count.astype(np.float64)
    total, n = count.shape
    width = len(universe.columns)
    found = LinearRefits(
        universe=universe,
        probability=np.full((total, n), np.nan),
        usable=np.zeros(total, dtype=bool),
        separated=np.zeros(total, dtype=bool),
        candidate=chosen,
        setting=setting,
        intercept=np.full(total, np.nan),
        coefficients=np.zeros((total, width)),
        fill=np.zeros((total, len(universe.names))),
        centre=np.zeros((total, width)),
        scale=np.ones((total, width)),
        mean_absolute_shap=np.full((total, len(universe.names)), np.nan),
    )
    events, size = (count * y).sum(axis=1), count.sum(axis=1)
    sound = (events > 0.0) & (events < size) & (size > 1.0)
    step = max(1, _MOST_NUMBERS // (n * (5 * (width + 1) + (width + 1) * (width + 2) // 2)))
    for c, candidate in enumerate(candidates):
        own = np.flatnonzero(sound & (chosen == c))
        for start in range(0, len(own), step):
            rows = own[start : start + step]
            prepared = prepare(universe, count[rows])
            fit = _solve(candidate, universe, prepared, y[rows], count[rows], setting[rows])
            _store(found, rows, candidate, prepared, fit, count[rows])
    return found


def _store(
    found: LinearRefits,
    rows: NDArray[np.intp],
    candidate: Candidate,
    prepared: Preparations,
    fit: batch_newton.BatchFit,
    count: Floats,
) -> None:
    universe = found.universe
    coefficients = np.zeros((len(rows), len(universe.columns)))
    coefficients[:, universe.columns_of(candidate.predictors)] = fit.coefficients[:, 0]
    intercept = fit.intercept[:, 0]
    per_column = prepared.design * coefficients[:, None, :]
    log_odds = per_column.sum(axis=2) + intercept[:, None]
    usable = fit.converged[:, 0] & np.isfinite(log_odds).all(axis=1)
    found.separated[rows] = fit.separated[:, 0]
    found.usable[rows] = usable
    found.intercept[rows] = np.where(usable, intercept, np.nan)
    found.coefficients[rows] = np.where(usable[:, None], coefficients, np.nan)
    found.fill[rows], found.centre[rows], found.scale[rows] = (
        prepared.fill,
        prepared.centre,
        prepared.scale,
    )
    found.probability[rows] = np.where(usable[:, None], 0.5 + 0.5 * np.tanh(0.5 * log_odds), np.nan)
    starts = np.flatnonzero(np.diff(universe.variable, prepend=-1))
    folded = np.abs(np.add.reduceat(per_column, starts, axis=2))
    shap = (count[:, None, :] @ folded)[:, 0] / count.sum(axis=1)[:, None]
    found.mean_absolute_shap[rows] = np.where(usable[:, None], shap, np.nan)


def _solve(
    candidate: Candidate,
    universe: Universe,
    prepared: Preparations,
    y: Floats,
    weights: Floats,
    setting: NDArray[np.int64] | None,
) -> batch_newton.BatchFit:
    """Fit one candidate in each group: all of its settings, or one given for each group."""
    columns = universe.columns_of(candidate.predictors)
    groups = len(weights)
    events = (weights * y).sum(axis=1)
    odds = np.log(events) - np.log(weights.sum(axis=1) - events)
    if candidate.name == "prevalence":
        done = np.ones((groups, 1), dtype=bool)
        return batch_newton.BatchFit(
            odds[:, None], np.zeros((groups, 1, len(columns))), done, ~done
        )
    design = prepared.design[..., columns]
    if candidate.name == "ridge":
        return batch_newton.ridge(design, y, weights, _of_grid(candidate, "penalty", setting))
    if candidate.name == "elastic_net":
        penalties = _of_grid(candidate, "penalty", setting)
        shares = _of_grid(candidate, "l1_share", setting)
        return elastic_net(design, y, weights, penalties, shares)
    flic = candidate.fixed.get("intercept_correction", "flic") == "flic"
    fit = batch_newton.firth(design, y, weights, flic=flic)
    if not flic:
        # Where no predictor varies nothing but the prevalence is learned, as in the procedure.
        bare = ~prepared.kept[:, columns].any(axis=1)
        fit.intercept[bare, 0] = odds[bare]
    return fit


def _of_grid(candidate: Candidate, name: str, setting: NDArray[np.int64] | None) -> Floats:
    """One entry of all settings, shape (1, settings), or of one given for each group."""
    grid = np.array([float(entry[name]) for entry in candidate.grid])
    return grid[None] if setting is None else grid[setting][:, None]


def _log_loss(y: Floats, log_odds: Floats) -> Floats:
    """Of each patient, as in `predictor.performance.scores`."""
    margin = (2.0 * y - 1.0) * log_odds
    loss = np.maximum(-margin, 0.0) + np.log1p(np.exp(-np.abs(margin)))
    return np.asarray(np.minimum(loss, _LARGEST_LOSS))
