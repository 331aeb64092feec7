"""Populations for the simulation of intervals, in which every true probability is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.models import expit

Floats = NDArray[np.float64]

PREDICTORS = 6
EVENTS = 0.36
# Neighbours go together like this, the next but one like its square, and so on.
CORRELATION = 0.6
# Two predictors say nothing, one weighs against the others.
DIRECTION = (1.0, 0.6, -0.6, 0.3, 0.0, 0.0)
# Standard deviation of the true log-odds over patients.
STRENGTHS: Mapping[str, float] = {"none": 0.0, "medium": 0.8, "strong": 2.0}

# Of a standard normal distribution: nine tenths of the patients lie within it on either side, so
# that the fifth farthest from the middle is outside.
_FIFTH = 1.2815515655446004
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Population:
    """Six correlated normal predictors and a logistic outcome.

    Parameters
    ----------
    strength
        Standard deviation of the true log-odds.

    Attributes
    ----------
    slopes : shape (6,)
        True log-odds per unit of each predictor.
    intercept
        So that the share of events is ``EVENTS``.
    """

    strength: float
    slopes: Floats = field(init=False, repr=False, compare=False)
    intercept: float = field(init=False)

    def __post_init__(self) -> None:
        direction = np.array(DIRECTION)
        slopes = direction / np.sqrt(direction @ covariance() @ direction) * self.strength
        object.__setattr__(self, "slopes", slopes)
        low, high = -10.0, 10.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            share = expit(middle + self.strength * _NODES) @ _WEIGHTS
            low, high = (middle, high) if share < EVENTS else (low, middle)
        object.__setattr__(self, "intercept", low)

    def cohort(self, random: np.random.Generator, patients: int) -> tuple[Floats, NDArray[np.int8]]:
        """Values, shape (patients, 6), and outcome, shape (patients,).

        Cohorts with fewer than three patients with or without the event are drawn again.
        """
        while True:
            values = draw(random, patients)
            outcome = (random.random(patients) < self.probability(values)).astype(np.int8)
            if _FEWEST <= outcome.sum() <= patients - _FEWEST:
                return values, outcome

    def probability(self, values: Floats) -> Floats:
        """True probability of each patient given what is known, shape (patients,).

        Missing values (NaN) are averaged over their distribution given the known ones: the
        log-odds are normal then, and the mean is taken by Gauss-Hermite quadrature.
        """
        mean = np.empty(len(values))
        spread = np.zeros(len(values))
        known = ~np.isnan(values)
        matrix = covariance()
        for pattern in np.unique(known, axis=0):
            rows = (known == pattern).all(axis=1)
            gaps = ~pattern
            weights = np.linalg.solve(
                matrix[np.ix_(pattern, pattern)], matrix[np.ix_(pattern, gaps)]
            )
            within = matrix[np.ix_(gaps, gaps)] - matrix[np.ix_(gaps, pattern)] @ weights
            slopes = self.slopes[pattern] + weights @ self.slopes[gaps]
            mean[rows] = self.intercept + values[np.ix_(rows, pattern)] @ slopes
            spread[rows] = np.sqrt(self.slopes[gaps] @ within @ self.slopes[gaps])
        return np.asarray(expit(mean[:, None] + spread[:, None] * _NODES) @ _WEIGHTS)

    def extreme(self, values: Floats) -> NDArray[np.bool_]:
        """The fifth of the population farthest from the middle, in true log-odds.

        Where nothing depends on the predictors, in the direction they would have with a signal.
        """
        along = values @ Population(1.0).slopes if self.strength == 0.0 else values @ self.slopes
        return np.asarray(np.abs(along) > _FIFTH * (self.strength or 1.0))

    def auroc(self) -> float:
        """AUROC of the true probabilities: what no model can exceed."""
        grid = np.linspace(-8.0, 8.0, 4001)
        density = np.exp(-0.5 * grid**2)
        risk = expit(self.intercept + self.strength * grid)
        events, others = density * risk, density * (1.0 - risk)
        events, others = events / events.sum(), others / others.sum()
        below = np.cumsum(others) - 0.5 * others
        return float(events @ below)


def covariance() -> Floats:
    """Of the predictors, each with variance 1, shape (6, 6)."""
    place = np.arange(PREDICTORS)
    return np.asarray(CORRELATION ** np.abs(place[:, None] - place))


def draw(random: np.random.Generator, patients: int) -> Floats:
    """Patients of the population, shape (patients, 6)."""
    return random.normal(size=(patients, PREDICTORS)) @ np.linalg.cholesky(covariance()).T


def with_gaps(random: np.random.Generator, values: Floats, share: float) -> Floats:
    """The same with values missing completely at random; one at least stays."""
    gaps = random.random(values.shape) < share
    gaps[gaps.all(axis=1), 0] = False
    return np.where(gaps, np.nan, values)


def with_some_gaps(random: np.random.Generator, values: Floats, number: int) -> Floats:
    """The same with this many values of each patient missing."""
    order = np.argsort(random.random(values.shape), axis=1)
    return np.where(order < number, np.nan, values)


SHIFTS: Mapping[str, Callable[[Floats], Floats]] = {
    "the same population": lambda x: x,
    "one predictor 1 SD higher": lambda x: x + np.eye(PREDICTORS)[0],
    "one predictor 2 SD higher": lambda x: x + 2.0 * np.eye(PREDICTORS)[0],
    "one predictor 3 SD higher": lambda x: x + 3.0 * np.eye(PREDICTORS)[0],
    "every predictor 1 SD higher": lambda x: x + 1.0,
    "every predictor 2 SD higher": lambda x: x + 2.0,
    "every predictor 3 SD higher": lambda x: x + 3.0,
    "variances doubled": lambda x: x * np.sqrt(2.0),
    "correlations of neighbours reversed": lambda x: x * (-1.0) ** np.arange(PREDICTORS),
}
"""Populations that differ, made from patients of this one."""
