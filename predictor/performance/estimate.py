"""A number with its interval: what the performance measures return."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A point estimate and its confidence interval.

    Parameters
    ----------
    value
        The estimate; always finite.
    low, high
        Bounds of the interval, both ``None`` where an interval is not defined.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference of two models on the same patients, first less second.

    Parameters
    ----------
    value
        The difference; always finite.
    low, high
        Bounds of the confidence interval.
    p_value
        Two-sided, of the hypothesis that there is no difference.

    Notes
    -----
    Interval and p-value are ``None`` together where the patients show no variation from which
    they could be computed, as with two models that order everybody alike.
    """

    value: float
    low: float | None
    high: float | None
    p_value: float | None


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile of a confidence level.

    Raises
    ------
    ValueError
        If the level is not strictly between 0 and 1.

    Examples
    --------
    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    if not 0.0 < level < 1.0:
        raise ValueError("level must lie strictly between 0 and 1, for example 0.95")
    return NormalDist().inv_cdf(0.5 + level / 2.0)


def two_sided_p(z: float) -> float:
    """Probability of a standard normal value at least as far from 0.

    Examples
    --------
    >>> round(two_sided_p(-1.959964), 6)
    0.05
    """
    # Unlike 1 - cdf, the complementary error function keeps its digits in the tail.
    return math.erfc(abs(z) / math.sqrt(2.0))


def wald(value: float, standard_error: float, level: float) -> Estimate:
    """Estimate with the interval ``value`` plus or minus z standard errors."""
    reach = normal_quantile(level) * standard_error
    return Estimate(value, value - reach, value + reach)


def mean_estimate(
    values: NDArray[np.float64], level: float, bounds: tuple[float, float] | None = None
) -> Estimate:
    """Mean of one value per patient with its Wald interval.

    Parameters
    ----------
    values : shape (n,)
        One value for each patient.
    level
        Confidence level.
    bounds
        Where the interval is cut off, if the mean cannot lie beyond.

    Returns
    -------
    Estimate
        Bounds are ``None`` where the values do not vary or there is one patient.
    """
    value = float(values.mean())
    error = mean_error(values)
    quantile = normal_quantile(level)
    if error is None:
        return Estimate(value, None, None)
    low, high = value - quantile * error, value + quantile * error
    if bounds is not None:
        low, high = max(bounds[0], low), min(bounds[1], high)
    return Estimate(value, low, high)


def mean_error(values: NDArray[np.float64]) -> float | None:
    """Standard error of a mean; ``None`` for one value, or values equal but for rounding."""
    if values.size < 2:
        return None
    spread = float(values.std(ddof=1))
    # Averages of equal numbers differ in the last digits; such a spread carries no information.
    if spread <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None
    return spread / math.sqrt(values.size)
