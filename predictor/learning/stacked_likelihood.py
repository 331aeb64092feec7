"""The logistic likelihood of a stack of weighted patients, and the search along a step.

What the stacked solvers share: `predictor.learning.stacked_newton` adds a ridge or Firth's
penalty, `predictor.learning.batch_elastic_net` absolute values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from predictor.learning.stacked_columns import StackedColumns

Floats = NDArray[np.float64]

_MAX_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Place:
    """Some coefficients and what follows from them.

    Parameters
    ----------
    position : shape (groups, settings, k)
        Intercept and coefficients.
    margin : shape (groups, settings, n)
        Log-odds of what happened to each patient.
    small : shape (groups, settings, n)
        exp(-abs(margin)), which cannot overflow; small tail probabilities keep all their digits.
    """

    position: Floats
    margin: Floats
    small: Floats


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Patients of a stack of groups.

    Parameters
    ----------
    stack
        Columns of shape (groups, n, k), the first of ones.
    sign : shape (groups, 1, n)
        +1 for an event, -1 for none.
    weights : shape (groups, 1, n)
        How many patients a row stands for.
    """

    stack: StackedColumns
    sign: Floats
    weights: Floats

    @classmethod
    def of(cls, columns: Floats, outcome: Floats, weights: Floats) -> Likelihood:
        """From shapes (groups, n, k), (groups, n) and (groups, n)."""
        return cls(StackedColumns(columns), (2.0 * outcome - 1.0)[:, None], weights[:, None])

    def part(self, groups: NDArray[np.intp]) -> Likelihood:
        """Some of the groups."""
        columns = StackedColumns(self.stack.columns[groups])
        return Likelihood(columns, self.sign[groups], self.weights[groups])

    def empty_model(self, settings: int) -> Floats:
        """The intercept of the model without predictors, shape (groups, settings, k)."""
        groups, _, k = self.stack.columns.shape
        events = (self.weights * (self.sign > 0.0)).sum(axis=-1)
        position = np.zeros((groups, settings, k))
        position[..., 0] = np.log(events / (self.weights.sum(axis=-1) - events))
        return position

    def at(self, position: Floats) -> Place:
        """Margins at a position."""
        margin = self.stack.log_odds(position)
        margin *= self.sign
        return Place(position, margin, np.exp(-np.abs(margin)))

    def log_likelihood(self, place: Place) -> Floats:
        """Weighted sum over patients, shape (groups, settings)."""
        of_each = np.minimum(place.margin, 0.0) - np.log1p(place.small)
        of_each *= self.weights
        return np.asarray(of_each.sum(axis=-1))

    def residual(self, place: Place) -> Floats:
        """Weight times outcome less probability, shape (groups, settings, n)."""
        residual = np.where(place.margin >= 0.0, place.small, 1.0) / (1.0 + place.small)
        residual *= self.sign
        residual *= self.weights
        return np.asarray(residual)

    def variance(self, place: Place) -> Floats:
        """Probability times its complement, without weight, shape (groups, settings, n)."""
        return np.asarray(place.small / np.square(1.0 + place.small))


class State(Protocol):
    """A place and the value there of what is to be maximised, shape (groups, settings)."""

    @property
    def place(self) -> Place:
        """Where it is."""

    @property
    def objective(self) -> Floats:
        """What is maximised."""


S = TypeVar("S", bound=State)


def along(at: Callable[[Floats], S], state: S, step: Floats) -> tuple[S, Floats]:
    """Take the first of the full, half, quarter ... steps that does not lower the objective.

    Parameters
    ----------
    at
        The state at a position.
    state
        Where the steps begin.
    step : shape (groups, settings, k)

    Returns
    -------
    The state reached, and the length taken, shape (groups, settings); 0 where no length helps.
    """
    # Close to the optimum the gain is smaller than the rounding of a sum over patients.
    least = state.objective - 1e-12 * (1.0 + np.abs(state.objective))
    start, length = state.place.position, np.ones(least.shape)
    following = at(start + step)
    worse = ~(following.objective >= least)
    for _ in range(_MAX_HALVINGS):
        if not worse.any():
            break
        length[worse] *= 0.5
        following = at(start + length[..., None] * step)
        worse = ~(following.objective >= least)
    if worse.any():
        length[worse] = 0.0
        following = at(start + length[..., None] * step)
    return following, length
