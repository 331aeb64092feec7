"""The figures of one centre, each on a scale on which centres can be averaged.

Log-odds for AUROC and Brier score, logarithms for O/E, and the plain scale for intercept and
slope, which are coefficients already (Snell, Ensor, Debray, Moons and Riley, Stat Methods Med Res
2018;27:3505). Intervals are symmetric there and transformed back, so that they stay in range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from predictor.performance.calibration import (
    SMALLEST_SPREAD,
    calibration_intercept,
    calibration_slope,
)
from predictor.performance.delong import delong_variance
from predictor.performance.discrimination import auroc
from predictor.performance.estimate import Estimate, mean_error, normal_quantile

Floats = NDArray[np.float64]
Scale = Literal["log-odds", "logarithm", "plain"]

ONE_CLASS = "All patients of the centre have the same outcome."
EQUAL = "All predictions for the centre are equal."
FEW = "Fewer than two patients of the centre have, or have not, the event."
SEPARATED = "The predictions separate the outcomes of the centre completely."
NO_SLOPE = "The predictions separate the outcomes of the centre, so no slope is finite."
NO_SPREAD = "The squared errors do not vary, or there is one patient."
NOTHING_EXPECTED = "Every prediction for the centre is 0."


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one centre.

    Parameters
    ----------
    name
        One of ``FIGURES``.
    scale
        On which it is averaged and its interval is symmetric.
    value
        None where it is not defined.
    low, high
        Interval; None where there is none.
    error
        Standard error on the scale; None where there is none. Without it the centre takes no part
        in the summary of this figure.
    reason
        Why something is None; None if nothing is.
    """

    name: str
    scale: Scale
    value: float | None
    low: float | None
    high: float | None
    error: float | None
    reason: str | None

    def to_dict(self) -> dict[str, object]:
        """Flat keys that begin with the name of the figure."""
        return {
            self.name: self.value,
            f"{self.name}_low": self.low,
            f"{self.name}_high": self.high,
            f"{self.name}_reason": self.reason,
        }


def forward(scale: Scale, value: float) -> float:
    """A figure on its scale.

    >>> forward("log-odds", 0.5), forward("logarithm", 1.0), forward("plain", 2.0)
    (0.0, 0.0, 2.0)
    """
    if scale == "log-odds":
        return math.log(value) - math.log1p(-value)
    return math.log(value) if scale == "logarithm" else value


def backward(scale: Scale, position: float) -> float:
    """The inverse of `forward`.

    >>> backward("log-odds", 0.0), backward("logarithm", 0.0), backward("plain", 2.0)
    (0.5, 1.0, 2.0)
    """
    if scale == "log-odds":
        return 0.5 * (1.0 + math.tanh(0.5 * position))
    return math.exp(position) if scale == "logarithm" else position


def figures_of(outcome: NDArray[np.int8], probability: Floats, level: float) -> tuple[Figure, ...]:
    """Every figure of one centre.

    Parameters
    ----------
    outcome : shape (patients,)
        0 or 1; one class is enough for some of the figures.
    probability : shape (patients,)
        From a model that has seen nobody of the centre.
    level
        Confidence level.
    """
    y = outcome.astype(np.float64)
    z = normal_quantile(level)
    found = []
    for name, (scale, measure) in FIGURES.items():
        value, error, reason = measure(y, probability)
        low, high = None, None
        if value is not None and error is not None:
            position = forward(scale, value)
            low, high = (backward(scale, position + side * z * error) for side in (-1.0, 1.0))
        found.append(Figure(name, scale, value, low, high, error, reason))
    return tuple(found)


_Found = tuple[float | None, float | None, str | None]
"""Value, standard error on the scale, and why one of them is missing."""


def _auroc(y: Floats, p: Floats) -> _Found:
    if _one_class(y):
        return None, None, ONE_CLASS
    value, variance = auroc(y, p), delong_variance(y, p)
    if variance is not None and 0.0 < value < 1.0:
        return value, math.sqrt(variance) / (value * (1.0 - value)), None
    if not 0.0 < value < 1.0:
        return value, None, SEPARATED
    return value, None, FEW if min(y.sum(), y.size - y.sum()) < 2 else EQUAL


def _intercept(y: Floats, p: Floats) -> _Found:
    if _one_class(y):
        return None, None, ONE_CLASS
    return _coefficient(calibration_intercept(y, p), SEPARATED)


def _slope(y: Floats, p: Floats) -> _Found:
    if _one_class(y):
        return None, None, ONE_CLASS
    return _coefficient(calibration_slope(y, p), EQUAL if np.ptp(p) < SMALLEST_SPREAD else NO_SLOPE)


def _observed_expected(y: Floats, p: Floats) -> _Found:
    observed, expected = float(y.sum()), float(p.sum())
    if expected == 0.0:
        return None, None, NOTHING_EXPECTED
    if _one_class(y):
        return observed / expected, None, ONE_CLASS
    return observed / expected, math.sqrt((1.0 - observed / y.size) / observed), None


def _brier(y: Floats, p: Floats) -> _Found:
    squares = np.square(p - y)
    value, error = float(squares.mean()), mean_error(squares)
    if error is None or not 0.0 < value < 1.0:
        return value, None, NO_SPREAD
    return value, error / (value * (1.0 - value)), None


FIGURES: dict[str, tuple[Scale, Callable[[Floats, Floats], _Found]]] = {
    "auroc": ("log-odds", _auroc),
    "calibration_intercept": ("plain", _intercept),
    "calibration_slope": ("plain", _slope),
    "observed_expected": ("logarithm", _observed_expected),
    "brier": ("log-odds", _brier),
}


def _one_class(y: Floats) -> bool:
    return not 0.0 < float(y.sum()) < y.size


def _coefficient(estimate: Estimate | None, otherwise: str) -> _Found:
    """Value and standard error of a coefficient from its Wald interval."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return None, None, otherwise
    error = (estimate.high - estimate.low) / (2.0 * normal_quantile(0.95))
    if not (math.isfinite(error) and error > 0.0):
        return None, None, otherwise
    return estimate.value, error, None
