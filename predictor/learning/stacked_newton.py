"""Newton's method for a stack of logistic likelihoods, plain, with a ridge or with Firth's penalty.

The arithmetic under `predictor.learning.batch_newton`, which sets the problems up. The work of a
step is three matrix products for each group, whatever the number of its penalties: log-odds,
score and information.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.learning.stacked_columns import MOST_PAIRS, products_of_pairs
from predictor.learning.stacked_likelihood import Likelihood, Place, along

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Largest change of any log-odds, relative to 1 + its size, after which there is no further step.
# Newton's steps shrink quadratically, so that what is left is about the square of the last one;
# Firth's with very many patients shrink by a constant factor.
_NEWTON_TOLERANCE = 1e-6
_FIRTH_TOLERANCE = 1e-10
_MAX_ITERATIONS = 200


@dataclass(frozen=True, slots=True)
class _State:
    """Everything that belongs to the current positions."""

    place: Place
    objective: Floats  # (groups, penalties)
    information: Floats | None  # (groups, penalties, k, k); with Firth only


@dataclass(frozen=True, slots=True)
class End:
    """Where the search ended: positions, and whether each is a solution or proves separation."""

    position: Floats  # (groups, penalties, k)
    converged: Flags  # (groups, penalties)
    separated: Flags


@dataclass(frozen=True, slots=True)
class Problem:
    """A stack of penalised likelihoods.

    Parameters
    ----------
    likelihood
        The patients.
    penalty : shape (groups, penalties, k)
        On half the square of each coefficient.
    firth
        Whether Firth's penalty is added.
    """

    likelihood: Likelihood
    penalty: Floats
    firth: bool = False

    def part(self, groups: NDArray[np.intp]) -> Problem:
        """Some of the groups."""
        return Problem(self.likelihood.part(groups), self.penalty[groups], self.firth)

    def at(self, position: Floats) -> _State:
        """The state at some positions."""
        place = self.likelihood.at(position)
        objective = self.likelihood.log_likelihood(place)
        objective -= 0.5 * (self.penalty * np.square(position)).sum(axis=-1)
        if not self.firth:
            return _State(place, objective, None)
        variance = self.likelihood.weights * self.likelihood.variance(place)
        information = self.likelihood.stack.information(variance) + self._absent()
        with np.errstate(divide="ignore"):  # of a singular one the sign tells
            sign, log_determinant = np.linalg.slogdet(information)
        objective += np.where(sign > 0.0, 0.5 * log_determinant, -np.inf)
        return _State(place, objective, information)

    def step(self, state: _State, open_: Flags) -> tuple[Floats, Flags]:
        """Newton step of the open problems, and which of them have one."""
        stack, place = self.likelihood.stack, state.place
        residual = self.likelihood.residual(place)
        variance = self.likelihood.weights * self.likelihood.variance(place)
        if state.information is not None:
            return self._firth_step(place, state.information, residual, variance)
        score = residual @ stack.columns - self.penalty * place.position
        curvature = stack.information(variance)
        k = curvature.shape[-1]
        curvature.reshape(*curvature.shape[:2], k * k)[..., :: k + 1] += self.penalty
        step, there = np.zeros_like(score), np.zeros_like(open_)
        step[open_], there[open_] = solved(curvature[open_], score[open_])
        return step, there

    def _firth_step(
        self, place: Place, information: Floats, residual: Floats, variance: Floats
    ) -> tuple[Floats, Flags]:
        """Step for Firth's modified score; the formulas are those of the single fit.

        The curvature is exact unless the pairs take too much memory, otherwise that of Firth's
        augmented data.
        """
        stack = self.likelihood.stack
        lower, there = _triangles(information)
        root = np.sqrt(variance)[..., None] * stack.columns[:, None]
        half = np.linalg.inv(lower) @ np.swapaxes(root, -1, -2)  # the hat matrix is half' half
        leverage = np.square(half).sum(axis=-2)
        t = -self.likelihood.sign * np.tanh(0.5 * place.margin)
        score = (residual + 0.5 * leverage * t) @ stack.columns
        bent = variance + 0.25 * leverage * (1.0 - np.square(t))
        augmented = stack.information(bent) + self._absent()
        n, k = stack.columns.shape[1:]
        if n * k * k > MOST_PAIRS:
            step, also = solved(augmented, score)
            return step, there & also
        squares = products_of_pairs(half) @ (t[..., None] * stack.columns[:, None])
        # Each pair of different columns stands for two.
        twice = np.where(np.arange(k)[:, None] == np.arange(k), 1.0, 2.0)[np.triu_indices(k)]
        curvature = 0.5 * np.swapaxes(squares, -1, -2) @ (twice[:, None] * squares)
        bent = variance + leverage * (0.25 - 0.75 * np.square(t))
        curvature += stack.information(bent) + self._absent()
        concave = _triangles(curvature)[1]
        step, also = solved(curvature, score)
        if not concave.all():
            saddle = ~concave
            step[saddle], also[saddle] = _steps_from_saddles(
                curvature[saddle], augmented[saddle], score[saddle]
            )
        return step, there & also

    def _absent(self) -> Floats:
        """Ones on the diagonal where a direction is absent from the design."""
        k = self.penalty.shape[-1]
        diagonal = np.zeros((*self.penalty.shape, k))
        diagonal[..., np.arange(k), np.arange(k)] = self.penalty > 0.0
        return diagonal


def maximise(problem: Problem) -> End:
    """Newton's method with step halving, from the empty model."""
    groups, penalties, _ = problem.penalty.shape
    position = problem.likelihood.empty_model(penalties)
    converged = np.zeros((groups, penalties), dtype=bool)
    separated = np.zeros((groups, penalties), dtype=bool)
    unpenalised = not problem.firth and bool((problem.penalty[..., 1:] == 0.0).any())
    tolerance = _FIRTH_TOLERANCE if problem.firth else _NEWTON_TOLERANCE

    rows = np.arange(groups)
    state = problem.at(position)
    open_ = np.ones((groups, penalties), dtype=bool)
    for _ in range(_MAX_ITERATIONS):
        step, there = problem.step(state, open_)
        open_ &= there
        if unpenalised:
            apart = _separated(problem.likelihood, state.place, step) & open_
            separated[rows] |= apart
            open_ &= ~apart
        step[~open_] = 0.0
        following, length = along(problem.at, state, step)
        open_ &= length > 0.0
        moved = np.abs(following.place.margin - state.place.margin)
        moved /= 1.0 + np.abs(state.place.margin)
        moved *= problem.likelihood.weights > 0.0
        # The whole step must be small, not the part of it that was taken.
        still = moved.max(axis=-1) <= tolerance * length
        state = following
        position[rows] = state.place.position
        converged[rows] |= still & open_
        open_ &= ~still
        left = open_.any(axis=1)
        if not left.any():
            break
        if left.sum() <= 0.7 * len(rows):
            rows, open_ = rows[left], open_[left]
            problem = problem.part(np.flatnonzero(left))
            state = problem.at(position[rows])
    return End(position, converged, separated)


def _separated(likelihood: Likelihood, place: Place, step: Floats) -> Flags:
    """Whether position or step prove that no finite optimum exists, as in the single fit."""
    margin, used = place.margin, likelihood.weights > 0.0
    change = likelihood.stack.log_odds(step) * likelihood.sign
    lowest = np.where(used, margin, np.inf).min(axis=-1)
    highest = np.where(used, margin, -np.inf).max(axis=-1)
    completely = lowest > 1e-9 * highest
    gains = (change > 1e-5) & used
    of_gaining = np.where(gains, margin, np.inf).min(axis=-1)
    largest = np.where(used, change, -np.inf).max(axis=-1)
    smallest = np.where(used, change, np.inf).min(axis=-1)
    quasi = (largest > 0.1) & (smallest >= -1e-5) & (of_gaining > 20.0)
    return np.asarray(completely | quasi)


def _steps_from_saddles(
    curvature: Floats, augmented: Floats, score: Floats
) -> tuple[Floats, Flags]:
    """Steps by the absolute values of the curvature, as in the single fit; and where there are."""
    lower, there = _triangles(augmented)
    inverse = np.linalg.inv(lower)
    values, vectors = np.linalg.eigh(inverse @ curvature @ np.swapaxes(inverse, -1, -2))
    directions = np.swapaxes(inverse, -1, -2) @ vectors
    along = (np.swapaxes(directions, -1, -2) @ score[..., None])[..., 0]
    along /= np.maximum(np.abs(values), 0.01)
    return (directions @ along[..., None])[..., 0], there


def _triangles(matrix: Floats) -> tuple[Floats, Flags]:
    """Lower Cholesky triangle of each matrix of a stack, and whether there is one."""
    return _of_each(_cholesky, matrix)


def solved(matrix: Floats, right: Floats) -> tuple[Floats, Flags]:
    """Solution for each matrix of a stack, 0 where a matrix is singular, and where it is not."""
    try:
        found, there = np.linalg.solve(matrix, right[..., None])[..., 0], None
    except np.linalg.LinAlgError:
        inverse, there = _of_each(_inverse, matrix)
        found = (inverse @ right[..., None])[..., 0]
    finite = np.isfinite(found).all(axis=-1)
    there = finite if there is None else there & finite
    return np.where(there[..., None], found, 0.0), there


def _of_each(of: Callable[[Floats], Floats], matrix: Floats) -> tuple[Floats, Flags]:
    """Apply a function that refuses a whole stack for one bad matrix; identity for bad ones."""
    try:
        return of(matrix), np.ones(matrix.shape[:-2], dtype=bool)
    except np.linalg.LinAlgError:
        if matrix.ndim == 2:
            return np.eye(len(matrix)), np.array(False)
    found, sound = zip(*(_of_each(of, part) for part in matrix), strict=True)
    return np.stack(found), np.stack(sound)


def _cholesky(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
