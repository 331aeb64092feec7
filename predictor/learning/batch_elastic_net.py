"""Many elastic-net logistic regressions at once, over resamples and settings.

The same problems as in `predictor.learning.elastic_net`, and the same method: proximal Newton
steps (Friedman, Hastie, Tibshirani, J Stat Softw 2010;33:1; Lee, Sun, Saunders, SIAM J Optim
2014;24:1420), each the minimum of a quadratic with absolute values. Coordinate descent runs over
the columns of all problems together; it finds which coefficients are zero, linear equations give
the others to the last digit. The two modules are held equal by a test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.learning.batch_newton import BatchFit
from predictor.learning.stacked_columns import training_rows, with_intercept
from predictor.learning.stacked_likelihood import Likelihood, Place, along
from predictor.learning.stacked_newton import solved

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_STEPS = 200
# Breach of the optimality conditions per patient: aimed at, and accepted where rounding stops.
_AIM = 1e-10
_ACCEPTED = 1e-6
# Floor of glmnet: without curvature a step would have no length.
_LEAST_VARIANCE = 1e-5
# Within a Newton step: turns of equations and descent, and sweeps of a descent. What they leave
# undone is done in the next step.
_TURNS = 6
_SWEEPS = 2


def elastic_net(
    design: Floats, outcome: Floats, weights: Floats, penalties: Floats, l1_shares: Floats
) -> BatchFit:
    """Elastic-net logistic regression for every group and every setting.

    Maximises the log-likelihood less
    ``penalty * (l1_share * sum(|b|) + (1 - l1_share) / 2 * sum(b**2))``; the intercept is free.

    Parameters
    ----------
    design : shape (groups, n, columns)
        Standardised columns, without the intercept.
    outcome : shape (n,) or (groups, n)
        1 = event, 0 = no event.
    weights : shape (groups, n)
        How many patients a row stands for; both outcomes need a positive one in each group.
    penalties, l1_shares : shape (1, settings) or (groups, settings)
        Each penalty above 0, each share from 0 to 1.
    """
    x, y, w = training_rows(design, outcome, weights)
    shape = (len(w), penalties.shape[1], x.shape[2] + 1)
    absolute, square = np.zeros(shape), np.zeros(shape)
    absolute[..., 1:] = (penalties * l1_shares)[..., None]
    square[..., 1:] = (penalties * (1.0 - l1_shares))[..., None]
    problem = _Problem(Likelihood.of(with_intercept(x), y, w), absolute, square)
    position, breach = _maximise(problem)
    converged = breach <= _ACCEPTED
    return BatchFit(position[..., 0], position[..., 1:], converged, np.zeros_like(converged))


@dataclass(frozen=True, slots=True)
class _State:
    """Everything that belongs to the current positions."""

    place: Place
    objective: Floats  # (groups, settings)


@dataclass(frozen=True, slots=True)
class _Problem:
    likelihood: Likelihood
    absolute: Floats  # (groups, settings, k): penalty on absolute values
    square: Floats  # (groups, settings, k): penalty on halves of squares

    def part(self, groups: NDArray[np.intp]) -> _Problem:
        return _Problem(self.likelihood.part(groups), self.absolute[groups], self.square[groups])

    def at(self, position: Floats) -> _State:
        place = self.likelihood.at(position)
        objective = self.likelihood.log_likelihood(place)
        objective -= (self.absolute * np.abs(position)).sum(axis=-1)
        objective -= 0.5 * (self.square * np.square(position)).sum(axis=-1)
        return _State(place, objective)

    def slope(self, state: _State) -> Floats:
        """Derivative of the log-likelihood, shape (groups, settings, k)."""
        return self.likelihood.residual(state.place) @ self.likelihood.stack.columns

    def breach(self, state: _State, slope: Floats) -> Floats:
        """Largest breach of the Karush-Kuhn-Tucker conditions, per patient and unit of a column."""
        position = state.place.position
        rest = slope - self.square * position
        of_column = np.where(
            position == 0.0,
            np.maximum(np.abs(rest) - self.absolute, 0.0),
            np.abs(rest - self.absolute * np.sign(position)),
        )
        size = np.maximum(1.0, np.abs(self.likelihood.stack.columns).max(axis=1))[:, None]
        return np.asarray((of_column / size).max(axis=-1) / self.likelihood.weights.sum(axis=-1))


def _maximise(problem: _Problem) -> tuple[Floats, Floats]:
    """Positions, and how far each breaches the conditions of an optimum."""
    groups, settings, _ = problem.absolute.shape
    position = problem.likelihood.empty_model(settings)
    breach = np.full((groups, settings), np.inf)
    rows = np.arange(groups)
    open_ = np.ones(breach.shape, dtype=bool)
    state = problem.at(position)
    for _ in range(_STEPS):
        slope = problem.slope(state)
        position[rows], breach[rows] = state.place.position, problem.breach(state, slope)
        open_ &= breach[rows] > _AIM
        left = open_.any(axis=1)
        if not left.any():
            break
        if left.sum() <= 0.7 * len(rows):
            rows, open_, slope = rows[left], open_[left], slope[left]
            problem = problem.part(np.flatnonzero(left))
            state = problem.at(position[rows])
        step = np.zeros_like(slope)
        step[open_] = _newton_step(problem, state, slope, open_)
        state, length = along(problem.at, state, step)
        open_ &= length > 0.0  # no step helps: this is the optimum, or none will be found
    return position, breach


def _newton_step(problem: _Problem, state: _State, slope: Floats, open_: Flags) -> Floats:
    """Towards the optimum of the quadratic approximation, shape (open problems, k)."""
    likelihood = problem.likelihood
    variance = np.maximum(likelihood.variance(state.place), _LEAST_VARIANCE)
    curvature = likelihood.stack.information(likelihood.weights * variance)[open_]
    here = state.place.position[open_]
    linear = slope[open_] + (curvature @ here[..., None])[..., 0]
    k = here.shape[1]
    curvature.reshape(-1, k * k)[:, :: k + 1] += problem.square[open_]
    return _least(curvature, linear, here, problem.absolute[open_]) - here


def _least(curvature: Floats, linear: Floats, start: Floats, absolute: Floats) -> Floats:
    """Minimum of b'Cb/2 - linear'b + sum(absolute |b|) for a stack of problems.

    Parameters
    ----------
    curvature : shape (problems, k, k)
    linear, start, absolute : shape (problems, k)
    """
    found = start.copy()
    left = np.arange(len(start))
    for _ in range(_TURNS):
        found[left], done = _by_equations(
            curvature[left], linear[left], found[left], absolute[left]
        )
        left = left[~done]
        if not left.size:
            break
        found[left] = _by_descent(curvature[left], linear[left], found[left], absolute[left])
    return found


def _by_equations(
    curvature: Floats, linear: Floats, start: Floats, absolute: Floats
) -> tuple[Floats, Flags]:
    """Solve with signs and zeros as they are; stop where the first sign would change.

    Coordinate descent finds the signs soon and the last digits late; with the signs known they
    are the solution of linear equations. Returns positions and where they are the minimum.
    """
    k = start.shape[1]
    free = absolute == 0.0
    active, sign = (start != 0.0) | free, np.sign(start)
    matrix = np.where(active[:, :, None] & active[:, None, :], curvature, 0.0)
    diagonal = matrix.reshape(-1, k * k)[:, :: k + 1]
    # So that of two equal columns, both in the model, each gets one half.
    diagonal += np.where(active, 1e-13 * diagonal.max(axis=1, keepdims=True), 1.0)
    exact, there = solved(matrix, np.where(active, linear - absolute * sign, 0.0))
    crossing = active & ~free & (exact * sign <= 0.0)
    share = np.where(crossing, start / np.where(crossing, start - exact, 1.0), 1.0)
    length = share.min(axis=1, keepdims=True)
    reached = np.where(length < 1.0, start + length * (exact - start), exact)
    reached[crossing & (share <= length)] = 0.0
    slope = np.abs(linear - (curvature @ exact[..., None])[..., 0])
    optimal = (active | (slope <= absolute * (1.0 + 1e-9))).all(axis=1)
    return np.where(there[:, None], reached, start), there & optimal & ~crossing.any(axis=1)


def _by_descent(curvature: Floats, linear: Floats, start: Floats, absolute: Floats) -> Floats:
    """Some sweeps of cyclic coordinate descent, each coordinate for all problems at once."""
    # Problems last, so that every operation runs over neighbours in memory.
    by_column = np.ascontiguousarray(np.moveaxis(curvature, 0, -1))
    found, bound = np.ascontiguousarray(start.T), np.ascontiguousarray(absolute.T)
    rest = np.ascontiguousarray((linear - (curvature @ start[..., None])[..., 0]).T)
    own = np.einsum("jjp->jp", by_column)
    inverse = 1.0 / np.where(own > 0.0, own, 1.0)
    change = np.empty_like(rest)
    for _ in range(_SWEEPS):
        for j in range(len(found)):
            aim = rest[j] + own[j] * found[j]
            moved = np.sign(aim) * np.maximum(np.abs(aim) - bound[j], 0.0) * inverse[j]
            np.multiply(by_column[j], moved - found[j], out=change)
            rest -= change
            found[j] = moved
    return found.T
