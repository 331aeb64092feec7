"""A number with its interval: what the performance measures return."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist


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


def wald(value: float, standard_error: float, level: float) -> Estimate:
    """Estimate with the interval ``value`` plus or minus z standard errors."""
    reach = normal_quantile(level) * standard_error
    return Estimate(value, value - reach, value + reach)
