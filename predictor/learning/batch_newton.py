"""Many logistic regressions at once: maximum likelihood, ridge and Firth over resamples.

The same problems as in `predictor.learning.newton`, solved for a whole stack of weightings and
penalties by arrays with leading axes (group, penalty). A group is one prepared and weighted set
of patients, such as the training part of an inner fold of a bootstrap resample; its penalties
share one design. The work of a Newton step is three matrix products for each group, whatever the
number of penalties: log-odds, score, and information from the products of all pairs of columns,
which are made once.

The two modules are written independently of each other and held equal by a test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.learning.stacked_columns import StackedColumns, training_rows, with_intercept

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Largest change of any log-odds, relative to 1 + its size, that counts as no change. Newton's
# steps shrink quadratically, Firth's by a constant factor.
_NEWTON_TOLERANCE = 1e-8
_FIRTH_TOLERANCE = 1e-10
_MAX_ITERATIONS = 200
_MAX_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class BatchFit:
    """Solutions of a stack of problems; look at ``converged`` before using one.

    Parameters
    ----------
    intercept : shape (groups, penalties)
        On the log-odds scale.
    coefficients : shape (groups, penalties, columns)
        Log-odds per unit of each column; 0 for a column that does not vary in its group.
    converged : shape (groups, penalties)
        Whether the numbers are a solution.
    separated : shape (groups, penalties)
        Whether events and non-events are separated, so that there is none; looked for in
        unpenalised fits only.
    """

    intercept: Floats
    coefficients: Floats
    converged: Flags
    separated: Flags


def ridge(design: Floats, outcome: Floats, weights: Floats, penalties: Floats) -> BatchFit:
    """Ridge logistic regression for every group and every penalty.

    Parameters
    ----------
    design : shape (groups, n, columns)
        Standardised columns, without the intercept.
    outcome : shape (n,) or (groups, n)
        1 = event, 0 = no event.
    weights : shape (groups, n)
        How many patients a row stands for; both outcomes need a positive one in each group.
    penalties : shape (1, penalties) or (groups, penalties)
        Lambda, each above 0: half of it times the sum of squared coefficients is taken off the
        log-likelihood.
    """
    train = training_rows(design, outcome, weights)
    diagonal = np.zeros((*penalties.shape, design.shape[2] + 1))
    diagonal[..., 1:] = penalties[..., None]
    problem = _Problem(
        with_intercept(train.design), _signs(train.outcome), train.weights, diagonal, firth=False
    )
    end = _maximise(problem)
    return BatchFit(end.position[..., 0], end.position[..., 1:], end.converged, end.separated)


def maximum_likelihood(design: Floats, outcome: Floats, weights: Floats) -> BatchFit:
    """Unpenalised logistic regression for every group; shapes as in :func:`ridge`."""
    return _orthonormal(design, outcome, weights, firth=False)


def firth(design: Floats, outcome: Floats, weights: Floats, *, flic: bool) -> BatchFit:
    """Firth's logistic regression for every group; shapes as in :func:`ridge`.

    Parameters
    ----------
    flic
        Estimate the intercept anew, so that predictions average to the share of events
        (Puhr et al., Statistics in Medicine 2017;36:2302-2317).
    """
    fit = _orthonormal(design, outcome, weights, firth=True)
    if not flic:
        return fit
    offset = _product(design, fit.coefficients[:, 0])
    intercept = intercepts(offset, outcome, weights)
    return BatchFit(intercept[:, None], fit.coefficients, fit.converged, fit.separated)


def intercepts(offset: Floats, outcome: Floats, weights: Floats) -> Floats:
    """Intercepts that make predictions average to the weighted share of events, shape (groups,).

    Parameters
    ----------
    offset : shape (groups, n)
        Log-odds without intercept.
    outcome, weights
        As in :func:`ridge`.
    """
    events = (weights * outcome).sum(axis=1)
    odds = np.log(events) - np.log(weights.sum(axis=1) - events)
    used = weights > 0.0
    low = odds - np.where(used, offset, -np.inf).max(axis=1)
    high = odds - np.where(used, offset, np.inf).min(axis=1)
    value = 0.5 * (low + high)
    for _ in range(_MAX_ITERATIONS):
        p = _expit(offset + value[:, None])
        excess = events - (weights * p).sum(axis=1)
        low, high = np.where(excess > 0.0, value, low), np.where(excess > 0.0, high, value)
        curvature = (weights * p * (1.0 - p)).sum(axis=1)
        newton = value + excess / np.where(curvature > 0.0, curvature, 1.0)
        inside = (newton > low) & (newton < high) & (curvature > 0.0)
        following = np.where(inside, newton, 0.5 * (low + high))
        change = np.abs(following - value)
        value = following
        if (change <= 1e-12 * (1.0 + np.abs(value))).all():
            break
    return np.asarray(value)


@dataclass(frozen=True, slots=True)
class _Problem:
    columns: Floats  # (groups, n, k), the first of ones
    sign: Floats  # (groups, 1, n): +1 event, -1 no event
    weights: Floats  # (groups, n)
    penalty: Floats  # (groups or 1, penalties, k)
    firth: bool


@dataclass(slots=True)
class _State:
    """Everything that belongs to the current positions."""

    position: Floats  # (groups, penalties, k)
    margin: Floats  # (groups, penalties, n): sign * log-odds
    small: Floats  # exp(-|margin|)
    objective: Floats  # (groups, penalties)
    information: Floats | None  # (groups, penalties, k, k); with Firth only


@dataclass(frozen=True, slots=True)
class _End:
    position: Floats
    converged: Flags
    separated: Flags


class _Work:
    """One stack of problems and the products of its columns."""

    def __init__(self, problem: _Problem, rows: NDArray[np.intp] | None = None) -> None:
        take = slice(None) if rows is None else rows
        self.stack = StackedColumns(problem.columns[take])
        self.columns = self.stack.columns
        self.sign = problem.sign[take]
        self.weights = problem.weights[take][:, None, :]
        penalty = problem.penalty
        self.penalty = penalty if len(penalty) == 1 else penalty[take]
        self.firth = problem.firth

    def state(self, position: Floats) -> _State:
        margin = self.stack.log_odds(position)
        margin *= self.sign
        small = np.exp(-np.abs(margin))
        likelihood = np.minimum(margin, 0.0) - np.log1p(small)
        likelihood *= self.weights
        objective = likelihood.sum(axis=-1)
        objective -= 0.5 * (self.penalty * np.square(position)).sum(axis=-1)
        information = None
        if self.firth:
            information = self.stack.information(self.variance(small)) + self._absent()
            sign, log_determinant = np.linalg.slogdet(information)
            objective += np.where(sign > 0.0, 0.5 * log_determinant, -np.inf)
        return _State(position, margin, small, objective, information)

    def variance(self, small: Floats) -> Floats:
        """Weight times p (1 - p)."""
        return np.asarray(self.weights * (small / np.square(1.0 + small)))

    def step(self, state: _State) -> tuple[Floats, Flags]:
        """Newton step, and where there is one."""
        small = state.small
        total = 1.0 + small
        residual = np.where(state.margin >= 0.0, small, 1.0) / total
        residual *= self.sign
        residual *= self.weights
        bent = small / np.square(total)
        variance = self.weights * bent
        if state.information is None:
            score = residual @ self.columns - self.penalty * state.position
            curvature = self.stack.information(variance)
            k = curvature.shape[-1]
            curvature.reshape(*curvature.shape[:2], k * k)[..., :: k + 1] += self.penalty
        else:
            # Firth's augmented data, in which each patient appears h / 2 more times with either
            # outcome: its information never overshoots, see predictor.learning.newton.
            inverse, there = solved(state.information, None)
            leverage = variance * self.stack.quadratic(inverse)
            centred = -self.sign * np.tanh(0.5 * state.margin)
            score = (residual + 0.5 * leverage * centred) @ self.columns
            curvature = self.stack.information(variance + leverage * bent) + self._absent()
            step, also = solved(curvature, score)
            return step, there & also
        return solved(curvature, score)

    def _absent(self) -> Floats:
        """Ones on the diagonal where a direction is absent from the design."""
        k = self.penalty.shape[-1]
        diagonal = np.zeros((*self.penalty.shape, k))
        diagonal[..., np.arange(k), np.arange(k)] = self.penalty > 0.0
        return diagonal


def _maximise(problem: _Problem) -> _End:
    groups, _, k = problem.columns.shape
    penalties = problem.penalty.shape[1]
    position = np.zeros((groups, penalties, k))
    events = (problem.weights * (problem.sign[:, 0] > 0.0)).sum(axis=1)
    position[..., 0] = np.log(events / (problem.weights.sum(axis=1) - events))[:, None]
    converged = np.zeros((groups, penalties), dtype=bool)
    separated = np.zeros((groups, penalties), dtype=bool)
    unpenalised = not problem.firth and bool((problem.penalty[..., 1:] == 0.0).any())
    tolerance = _FIRTH_TOLERANCE if problem.firth else _NEWTON_TOLERANCE

    rows = np.arange(groups)
    work = _Work(problem)
    state = work.state(position)
    open_ = np.ones((groups, penalties), dtype=bool)
    for _ in range(_MAX_ITERATIONS):
        step, there = work.step(state)
        open_ &= there
        if unpenalised:
            change = work.stack.log_odds(step) * work.sign
            apart = _separated(state.margin, change, work.weights > 0.0) & open_
            separated[rows] |= apart
            open_ &= ~apart
        step *= open_[..., None]
        following, better = _improved(work, state, step)
        open_ &= better
        moved = np.abs(following.margin - state.margin)
        moved /= 1.0 + np.abs(state.margin)
        moved *= work.weights > 0.0
        still = moved.max(axis=-1) <= tolerance
        state = following
        position[rows] = state.position
        converged[rows] |= still & open_
        open_ &= ~still
        left = open_.any(axis=1)
        if not left.any():
            break
        if left.sum() <= 0.7 * len(rows):
            rows, open_ = rows[left], open_[left]
            work = _Work(problem, rows)
            state = work.state(position[rows])
    return _End(position, converged, separated)


def _improved(work: _Work, state: _State, step: Floats) -> tuple[_State, Flags]:
    """First of the full, half, quarter ... steps that does not lower the objective."""
    allowance = 1e-12 * (1.0 + np.abs(state.objective))
    least = state.objective - allowance
    following = work.state(state.position + step)
    worse = ~(following.objective >= least)
    halving = 0
    while worse.any() and halving < _MAX_HALVINGS:
        step = np.where(worse[..., None], 0.5 * step, step)
        following = work.state(state.position + step)
        worse = ~(following.objective >= least)
        halving += 1
    if worse.any():
        following = work.state(np.where(worse[..., None], state.position, state.position + step))
    return following, ~worse


def _separated(margin: Floats, change: Floats, used: Flags) -> Flags:
    """Whether position or step prove that no finite optimum exists, as in the single fit."""
    lowest = np.where(used, margin, np.inf).min(axis=-1)
    highest = np.where(used, margin, -np.inf).max(axis=-1)
    completely = lowest > 1e-9 * highest
    gains = (change > 1e-5) & used
    of_gaining = np.where(gains, margin, np.inf).min(axis=-1)
    largest = np.where(used, change, -np.inf).max(axis=-1)
    smallest = np.where(used, change, np.inf).min(axis=-1)
    quasi = (largest > 0.1) & (smallest >= -1e-5) & (of_gaining > 20.0)
    return np.asarray(completely | quasi)


def solved(matrix: Floats, right: Floats | None) -> tuple[Floats, Flags]:
    """Solution (or inverse) for each matrix of a stack, 0 where a matrix is singular."""
    there = np.ones(matrix.shape[:-2], dtype=bool)
    try:
        if right is None:
            found = np.linalg.inv(matrix)
        else:
            found = np.linalg.solve(matrix, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        identity = np.eye(matrix.shape[-1])
        sound = np.empty_like(matrix)
        for place in np.ndindex(*there.shape):
            try:
                np.linalg.inv(matrix[place])
                sound[place] = matrix[place]
            except np.linalg.LinAlgError:
                there[place], sound[place] = False, identity
        found, _ = solved(sound, right)
    there &= np.isfinite(found).reshape(*there.shape, -1).all(axis=-1)
    shape = there.shape + (1,) * (found.ndim - there.ndim)
    return np.where(there.reshape(shape), found, 0.0), there


def _orthonormal(design: Floats, outcome: Floats, weights: Floats, *, firth: bool) -> BatchFit:
    """Fit in weighted orthonormal coordinates (see `predictor.learning.orthonormal`)."""
    x, y, w = training_rows(design, outcome, weights)
    patients = w.sum(axis=1)[:, None]
    epsilon = float(np.finfo(np.float64).eps)
    centre = (w[:, None] @ x)[:, 0] / patients
    centred = np.where(w[..., None] > 0.0, x - centre[:, None], 0.0)
    size = np.abs(x).max(axis=1, initial=0.0)
    # Rounding of the mean leaves a constant column at about this size instead of 0.
    constant = np.abs(centred).max(axis=1, initial=0.0) <= 8.0 * epsilon * size
    centred[np.broadcast_to(constant[:, None], centred.shape)] = 0.0
    spread = np.sqrt((w[:, None] @ np.square(centred))[:, 0] / patients)
    scale = np.where(spread > 0.0, spread, 1.0)
    centred /= scale[:, None]
    # A second pass takes away what rounding of the mean left in the other columns.
    rest = (w[:, None] @ centred)[:, 0] / patients
    centred -= rest[:, None]
    centre += rest * scale
    rooted = np.sqrt(w)[..., None] * centred
    small = np.linalg.qr(rooted, mode="r") if rooted.shape[1] > 2 * rooted.shape[2] else rooted
    _, singular, rotation = np.linalg.svd(small, full_matrices=False)
    longest = np.maximum((w > 0.0).sum(axis=1), x.shape[2])[:, None]
    largest = np.maximum(
        singular.max(axis=1, initial=0.0, keepdims=True),
        np.sqrt(patients) * (size / scale).max(axis=1, initial=0.0, keepdims=True),
    )
    present = singular > epsilon * longest * largest
    inverse = np.where(present, 1.0 / np.where(present, singular, 1.0), 0.0)
    back = np.swapaxes(rotation, 1, 2) * inverse[:, None]
    columns = with_intercept(centred @ back)
    # A direction that is absent gets a penalty, which holds its coordinate at 0.
    penalty = np.concatenate([np.zeros((len(present), 1)), ~present], axis=1)[:, None]
    end = _maximise(_Problem(columns, _signs(y), w, penalty, firth))
    position = end.position[:, 0]
    coefficients = _product(back, position[:, 1:]) / scale
    intercept = position[:, 0] - (centre * coefficients).sum(axis=1)
    return BatchFit(intercept[:, None], coefficients[:, None], end.converged, end.separated)


def _signs(outcome: Floats) -> Floats:
    return np.asarray((2.0 * outcome - 1.0)[:, None, :])


def _product(matrices: Floats, vectors: Floats) -> Floats:
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def _expit(log_odds: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * log_odds))
