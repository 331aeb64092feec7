"""Smooth calibration curves, and the distances of predictions from them.

The curve is a lowess of the outcome on the prediction without robustness iterations, as in
Harrell's ``rms::val.prob``; the distances are those of Austin and Steyerberg (Stat Med
2019;38:4051-4065).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.calibration import logistic_recalibration
from predictor.performance.inputs import as_probability, as_two_class_outcome
from predictor.performance.lowess import lowess, lowess_batch

__all__ = [
    "CalibrationCurve",
    "CalibrationErrors",
    "calibration_curve",
    "calibration_errors",
    "lowess",
    "lowess_batch",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CalibrationErrors:
    """Absolute differences between predictions and a calibration curve, over the patients.

    Parameters
    ----------
    eavg
        Mean, also called integrated calibration index.
    e50, e90
        Median and 90th percentile (R's quantiles of type 7).
    emax
        Largest.
    """

    eavg: float
    e50: float
    e90: float
    emax: float


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Observed share of events as a function of the prediction.

    Parameters
    ----------
    predicted : shape (m,)
        The distinct predictions, increasing.
    smooth : shape (m,)
        Lowess of the outcome, cut off at 0 and 1 nowhere: it may lie slightly outside.
    logistic : shape (m,) or None
        The logistic recalibration curve; ``None`` where it does not exist (see
        `predictor.performance.calibration.logistic_recalibration`).
    smooth_errors, logistic_errors
        Distances of the patients' predictions from either curve.
    """

    predicted: Floats
    smooth: Floats
    logistic: Floats | None
    smooth_errors: CalibrationErrors
    logistic_errors: CalibrationErrors | None


def calibration_curve(outcome: ArrayLike, probability: ArrayLike) -> CalibrationCurve:
    """Smooth and logistic calibration curve with the distances of the predictions from them."""
    y = as_two_class_outcome(outcome)
    p = as_probability(probability, y.shape)
    smooth = lowess(p, y)
    predicted, first = np.unique(p, return_index=True)
    fitted = logistic_recalibration(y, p)
    logistic = None if fitted is None else fitted.recalibrated(p)
    return CalibrationCurve(
        predicted,
        smooth[first],
        None if logistic is None else logistic[first],
        calibration_errors(p, smooth),
        None if logistic is None else calibration_errors(p, logistic),
    )


def calibration_errors(probability: Floats, observed: Floats) -> CalibrationErrors:
    """Distances of predictions from a curve, given its value at each of them; shapes (n,)."""
    distance = np.abs(probability - observed)
    e50, e90 = np.quantile(distance, [0.5, 0.9])
    return CalibrationErrors(float(distance.mean()), float(e50), float(e90), float(distance.max()))


