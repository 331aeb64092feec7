"""The whole procedure of a model of several states in many resamples at once: prepare, tune, fit.

As `predictor.learning.linear_family` does for an event. Everything is learned inside the resample,
and all copies of a patient stay in one inner fold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.preparation import Preparation
from predictor.fitted.state_model import StateModel, state_probabilities
from predictor.learning.batch_preparation import Preparations, Universe, prepare, universe_of
from predictor.learning.procedure import Patients, Plan
from predictor.learning.resampling import Resamples, summed_by_unit, units_of
from predictor.learning.spread import spread
from predictor.learning.state_candidates import StateCandidate
from predictor.learning.state_newton import StateFit, baseline, fit_states
from predictor.performance.scores import LOG_LOSS_CLIP

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Numbers that one stack of problems may keep (16 MB).
_MOST_NUMBERS = 2_000_000


@dataclass(frozen=True, slots=True)
class StateRefits:
    """Models of several states, fitted in a stack of resamples.

    Parameters
    ----------
    universe
        The design columns.
    probability : shape (resamples, n, states)
        For every patient, drawn or not; NaN where the fit failed.
    usable : shape (resamples,)
    penalty : shape (resamples,)
        What tuning chose.
    intercepts : shape (resamples, states - 1)
    slopes : shape (resamples, columns, 1 or states - 1)
        Of standardised columns; 0 for columns that are not in the model.
    centre, scale, kept : shape (resamples, columns)
    fill : shape (resamples, variables)
        What preparation learned.
    """

    universe: Universe
    probability: Floats
    usable: Flags
    penalty: Floats
    intercepts: Floats
    slopes: Floats
    centre: Floats
    scale: Floats
    kept: Flags
    fill: Floats

    def one(self, candidate: StateCandidate, row: int = 0) -> tuple[Preparation, StateModel]:
        """One of them as a bundle holds it."""
        kept = np.flatnonzero(self.kept[row])
        prepared = Preparation(
            self.universe.names,
            self.fill[row],
            (),
            tuple(self.universe.columns[j] for j in kept),
            self.centre[row, kept],
            self.scale[row, kept],
        )
        return prepared, StateModel(
            candidate.kind, self.intercepts[row], self.slopes[row, kept].T.copy()
        )


def refit_states(
    candidate: StateCandidate,
    plan: Plan,
    patients: Patients,
    states: int,
    resamples: Resamples,
    *,
    outcome: NDArray[np.int64] | None = None,
    workers: int | None = None,
    progress: Callable[[float], bool] | None = None,
) -> StateRefits:
    """Fit one candidate in each resample.

    Parameters
    ----------
    candidate, plan, patients
        What is fitted, how it is prepared and tuned, and on whom.
    states
        How many there are.
    resamples
        The training sets.
    outcome : shape (resamples, n), optional
        States that stand in for the patients' own, such as permuted ones.
    workers
        Threads; results do not depend on it.
    progress
        Told the share of the work done; where it answers False the rest is left out.
    """
    own = list(candidate.predictors or range(len(plan.columns)))
    offered = tuple(plan.columns[j] for j in own)
    told = {column.name for column in offered}
    indicated = [name for name in plan.missing_indicators if name in told]
    universe = universe_of(offered, patients.values[:, own], indicated)
    n, width = len(patients.outcome), len(universe.columns)
    per_problem = n * (3 * width + 6 * states) * (states if candidate.kind == "multinomial" else 1)
    size = max(1, min(64, _MOST_NUMBERS // max(per_problem, 1)))
    starts = list(range(0, len(resamples), size))
    y = np.asarray(patients.outcome, dtype=np.int64)
    parts: list[StateRefits] = []
    shared = (candidate, plan, universe, patients.group, states)
    tasks = (
        (
            resamples.part(start, start + size),
            y if outcome is None else outcome[start : start + size],
        )
        for start in starts
    )
    for part in spread(_fit_part, shared, tasks, len(starts), workers=workers, threads=True):
        parts.append(part)
        if progress is not None and not progress(len(parts) / len(starts)):
            break
    return StateRefits(
        universe,
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in (
                "probability",
                "usable",
                "penalty",
                "intercepts",
                "slopes",
                "centre",
                "scale",
                "kept",
                "fill",
            )
        ),
    )


def _fit_part(
    candidate: StateCandidate,
    plan: Plan,
    universe: Universe,
    group: NDArray[np.int64] | None,
    states: int,
    resamples: Resamples,
    y: NDArray[np.int64],
) -> StateRefits:
    count = resamples.count.astype(np.float64)
    outcome = np.broadcast_to(y, count.shape)
    member = np.eye(states)[outcome]
    penalty = _tune(candidate, plan, universe, group, member, count, resamples.seed)
    prepared = prepare(universe, count)
    columns = _columns(candidate, universe)
    fit = _solve(candidate, prepared.design[..., columns], member, count, penalty)
    probability = state_probabilities(candidate.kind, fit.log_odds(prepared.design[..., columns]))
    usable = fit.converged & np.isfinite(probability).all(axis=(1, 2))
    probability[~usable] = np.nan
    slopes = np.zeros((len(count), len(universe.columns), fit.slopes.shape[2]))
    slopes[:, columns] = fit.slopes
    return StateRefits(
        universe,
        probability,
        usable,
        penalty,
        fit.intercepts,
        slopes,
        prepared.centre,
        prepared.scale,
        _kept(prepared, columns),
        prepared.fill,
    )


def _columns(candidate: StateCandidate, universe: Universe) -> NDArray[np.intp]:
    """All columns of the candidate's own predictors; none for the shares of the states."""
    return np.arange(len(universe.columns) if candidate.predictors else 0)


def _kept(prepared: Preparations, columns: NDArray[np.intp]) -> Flags:
    """Columns that the model has; the shares of the states have none."""
    kept = np.zeros_like(prepared.kept)
    kept[:, columns] = prepared.kept[:, columns]
    return kept


def _solve(
    candidate: StateCandidate,
    design: Floats,
    member: Floats,
    weights: Floats,
    penalty: Floats,
    start: StateFit | None = None,
) -> StateFit:
    if not design.shape[2]:
        return baseline(candidate.kind, member, weights, 0)
    return fit_states(candidate.kind, design, member, weights, penalty, start)


def _tune(
    candidate: StateCandidate,
    plan: Plan,
    universe: Universe,
    group: NDArray[np.int64] | None,
    member: Floats,
    count: Floats,
    seed: NDArray[np.int64],
) -> Floats:
    """Penalty of the smallest log loss over inner folds; the middle one where none can be had."""
    grid = np.array(candidate.penalties)
    middle = grid[len(grid) // 2]
    if len(grid) == 1:
        return np.full(len(count), grid[0])
    fold, number = state_folds(member, group, count, folds=plan.inner_folds, seed=seed)
    loss, tested = np.zeros((len(count), len(grid))), np.zeros(len(count), dtype=bool)
    columns = _columns(candidate, universe)
    outcome = member.argmax(axis=2)
    for k in range(plan.inner_folds):
        test = (fold == k) & (count > 0.0)
        train = np.where(fold == k, 0.0, count)
        sound = (number > k) & (number > 1) & test.any(axis=1)
        sound &= (np.einsum("bn,bnk->bk", train, member) > 0.0).all(axis=1)
        rows = np.flatnonzero(sound)
        if not rows.size:
            continue
        tested[rows] = True
        design = prepare(universe, train[rows]).design[..., columns]
        start: StateFit | None = None
        for s, penalty in enumerate(grid):
            start = _solve(
                candidate, design, member[rows], train[rows], np.full(rows.size, penalty), start
            )
            probability = state_probabilities(candidate.kind, start.log_odds(design))
            own = np.take_along_axis(probability, outcome[rows][..., None], axis=2)[..., 0]
            each = -np.log(np.clip(own, LOG_LOSS_CLIP, 1.0))
            each[~start.converged] = -np.log(LOG_LOSS_CLIP)
            loss[rows, s] += (each * test[rows] * count[rows]).sum(axis=1)
            if not start.converged.all():
                start = None
    return np.asarray(np.where(tested, grid[loss.argmin(axis=1)], middle))


def state_folds(
    member: Floats,
    group: NDArray[np.int64] | None,
    count: Floats,
    *,
    folds: int,
    seed: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Inner folds that get their share of every state, all copies of a patient in one of them.

    Parameters
    ----------
    member : shape (resamples, n, states)
    group : shape (n,), optional
        What stays whole; it is dealt out by the state of most of its rows.
    count : shape (resamples, n)
    folds
        As many as this, or as there are units of the rarest state.
    seed : shape (resamples,)

    Returns
    -------
    fold : shape (resamples, n)
    number : shape (resamples,)
        Number of folds; below 2 nothing can be compared.
    """
    resamples, n, states = member.shape
    unit = units_of(group, n)
    size = summed_by_unit(count, unit)
    of_state = np.stack(
        [summed_by_unit(count * member[..., k], unit) for k in range(states)], axis=2
    )
    kind = of_state.argmax(axis=2)
    there = size > 0.0
    units = np.stack([((kind == k) & there).sum(axis=1) for k in range(states)], axis=1)
    number = np.asarray(np.minimum(folds, units.min(axis=1)), dtype=np.int64)
    fold = np.zeros(size.shape, dtype=np.int64)
    for b in range(resamples):
        key = np.random.default_rng([int(seed[b]), 2]).random((size.shape[1],))
        for k in range(states):
            own = np.flatnonzero((kind[b] == k) & there[b])
            own = own[np.argsort(key[own], kind="stable")]
            sizes = size[b, own]
            share = (sizes.cumsum() - 0.5 * sizes) / max(sizes.sum(), 1.0)
            fold[b, own] = np.floor(np.clip(share, 0.0, 1.0 - 1e-12) * max(number[b], 1))
    return fold[:, unit], number
