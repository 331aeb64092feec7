"""Distributions behind the printed means, and exact values for 31 patients.

A measurement follows a lognormal distribution that starts at its lower limit and is cut at its
upper one: positive, as skewed as its SD asks for, and with quantiles in closed form. Its two
parameters are solved so that mean and SD, or median and IQR, are the printed ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.published_figures import Moments
from predictor.cohort.published_roots import root_of_two

Floats = NDArray[np.float64]
_QUARTILE = 0.6744897501960817  # third quartile of the standard normal distribution
_SLACK = 0.035  # distance from a printed figure that still prints as it, with room to spare
_STEPS = 4000


@dataclass(frozen=True, slots=True)
class Marginal:
    """``low`` plus a lognormal variable cut at ``high``, in whole steps.

    Parameters
    ----------
    mu, sigma
        Of the logarithm.
    below_high
        Probability of the uncut distribution below ``high``.
    """

    mu: float
    sigma: float
    low: float
    high: float
    step: float
    below_high: float

    def quantile(self, probability: Floats) -> Floats:
        """Values of these probabilities, on the grid of the laboratory."""
        from scipy.special import ndtri

        uncut = self.low + np.exp(self.mu + self.sigma * ndtri(probability * self.below_high))
        return on_grid(uncut, self.step, self.low, self.high)

    def probability(self, value: float) -> float:
        """Probability of values up to this one, before they are put on the grid."""
        if value <= self.low:
            return 0.0
        z = (math.log(value - self.low) - self.mu) / self.sigma
        return min(1.0, _cdf(z) / self.below_high)


def on_grid(values: Floats, step: float, low: float, high: float) -> Floats:
    """Values as whole multiples of a step, above ``low`` and up to ``high``."""
    first, last = math.floor(low / step + 1e-9) + 1, math.floor(high / step + 1e-9)
    steps = np.clip(np.rint(values / step), first, last)
    return _from_steps(steps, step)


def _from_steps(steps: Floats, step: float) -> Floats:
    # Dividing by a whole number gives the double nearest to the decimal, 4.3 and not 4.3000000001.
    return steps / round(1 / step) if step < 1 else steps * step


@lru_cache(maxsize=128)
def marginal(moments: Moments) -> Marginal:
    """Distribution whose mean and SD, or median and IQR, are the printed ones."""
    centre = moments.centre - moments.low
    if moments.statistic == "median":
        sigma = math.asinh(moments.spread / (2 * centre)) / _QUARTILE
        cut = moments.high - moments.low
        below = _cdf((math.log(cut) - math.log(centre)) / sigma)
        return Marginal(math.log(centre), sigma, moments.low, moments.high, moments.step, below)
    # Rounding to the grid adds a variance of step^2 / 12 (Sheppard's correction).
    spread = math.sqrt(moments.spread**2 - moments.step**2 / 12)
    cut = math.log(moments.high - moments.low)

    def excess(parameters: Floats) -> Floats:
        mean, sd = _cut_moments(float(parameters[0]), math.exp(float(parameters[1])), cut)
        return np.array([math.log(mean / centre), math.log(sd / spread)])

    sigma = math.sqrt(math.log1p((spread / centre) ** 2))
    start = np.array([math.log(centre) - sigma**2 / 2, math.log(sigma)])
    solved = root_of_two(excess, start)
    mu, sigma = float(solved[0]), math.exp(float(solved[1]))
    below = _cdf((cut - mu) / sigma)
    return Marginal(mu, sigma, moments.low, moments.high, moments.step, below)


def _cut_moments(mu: float, sigma: float, cut: float) -> tuple[float, float]:
    """Mean and SD of a lognormal variable given that its logarithm is below ``cut``."""
    z = (cut - mu) / sigma
    below = _cdf(z)
    first = math.exp(mu + sigma**2 / 2) * _cdf(z - sigma) / below
    second = math.exp(2 * mu + 2 * sigma**2) * _cdf(z - 2 * sigma) / below
    return first, math.sqrt(max(second - first**2, 1e-300))


def _cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def exact_values(moments: Moments, patients: int, rng: np.random.Generator) -> Floats:
    """Sorted values whose mean and SD, or median and IQR, print exactly as in the study.

    Parameters
    ----------
    moments
        The printed figures; both are met to one decimal, "65" as 65.0.
    patients
        How many values.
    rng
        Source of randomness.

    Raises
    ------
    ArithmeticError
        If the walk over the grid does not arrive, which the printed figures do not cause.
    """
    # One draw from each of as many equal slices of the distribution: as skewed as it, every time.
    slices = (np.arange(patients) + rng.random(patients)) / patients
    values = marginal(moments).quantile(slices)
    if moments.statistic == "median":
        return _with_quartiles(values, moments)
    return _with_moments(values, moments, rng)


def _with_quartiles(values: Floats, moments: Moments) -> Floats:
    """Move the values around the quartiles so that every definition of a quartile agrees.

    Of 31 sorted values the first quartile is the 8th, the mean of the 8th and 9th, or between
    them, depending on the definition; so these two are made equal.
    """
    n = len(values)
    first = round(float(marginal(moments).quantile(np.array([0.25]))[0]))
    third = first + moments.spread
    quarter, middle = (n - 1) // 4, n // 2
    values = values.copy()
    np.minimum(values[:quarter], first, out=values[:quarter])
    values[quarter : quarter + 2] = first
    values[quarter + 2 : middle] = np.clip(values[quarter + 2 : middle], first, moments.centre)
    values[middle] = moments.centre
    upper = slice(middle + 1, n - quarter - 2)
    values[upper] = np.clip(values[upper], moments.centre, third)
    values[n - quarter - 2 : n - quarter] = third
    np.maximum(values[n - quarter :], third, out=values[n - quarter :])
    return values


def _with_moments(values: Floats, moments: Moments, rng: np.random.Generator) -> Floats:
    """Stretch the values to the printed mean and SD, then walk the rest of the way on the grid."""
    step, n = moments.step, len(values)
    stretched = _stretch(values - moments.low, moments.centre - moments.low, moments.spread)
    grid = on_grid(stretched + moments.low, step, moments.low, moments.high)
    steps = np.rint(grid / step).astype(np.int64)
    first, last = math.floor(moments.low / step + 1e-9) + 1, math.floor(moments.high / step + 1e-9)
    wanted = round(moments.centre * n / step)
    while (missing := wanted - int(steps.sum())) != 0:
        sign = 1 if missing > 0 else -1
        movable = np.flatnonzero((steps + sign >= first) & (steps + sign <= last))
        moved = rng.choice(movable, min(abs(missing), len(movable)), replace=False)
        steps[moved] += sign
    goal = (n - 1) * (moments.spread / step) ** 2
    slack = 2 * (n - 1) * moments.spread * _SLACK / step**2
    for _ in range(_STEPS):
        missing_squares = goal - n * float(np.var(steps))
        if abs(missing_squares) <= slack:
            return np.sort(_from_steps(steps.astype(np.float64), step))
        _spread_one_pair(steps, missing_squares, (first, last), rng)
    raise ArithmeticError("no values on the grid have the printed mean and SD")


def _stretch(values: Floats, mean: float, sd: float) -> Floats:
    """A power of positive values, scaled: the one that has this mean and SD."""
    low, high = 0.1, 8.0
    for _ in range(60):
        power = math.sqrt(low * high)
        raised = values**power
        if raised.std(ddof=1) / raised.mean() < sd / mean:
            low = power
        else:
            high = power
    raised = values**low
    stretched: Floats = raised * (mean / raised.mean())
    return stretched


def _spread_one_pair(
    steps: NDArray[np.int64],
    missing: float,
    bounds: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    """Move two values apart (or together) by a step each: the sum stays, the squares change."""
    sign = 1 if missing > 0 else -1
    apart = steps[:, None] - steps[None, :]
    change = sign * 2 * apart + 2  # squares gained when the first moves by sign, the second back
    fits = (steps + sign >= bounds[0]) & (steps + sign <= bounds[1])
    fits_back = (steps - sign >= bounds[0]) & (steps - sign <= bounds[1])
    useful = (np.abs(missing - change) < abs(missing)) & fits[:, None] & fits_back[None, :]
    np.fill_diagonal(useful, val=False)
    first, second = np.nonzero(useful)
    if not len(first):
        raise ArithmeticError("no step brings the values nearer to the printed SD")
    chosen = rng.integers(len(first))
    steps[first[chosen]] += sign
    steps[second[chosen]] -= sign
