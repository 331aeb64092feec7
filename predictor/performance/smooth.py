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
from predictor.performance.lowess import between, lowess, lowess_batch

__all__ = [
    "CalibrationCurve",
    "CalibrationErrors",
    "calibration_curve",
    "calibration_errors",
    "lowess",
    "lowess_batch",
]

Floats = NDArray[np.float64]

CURVE_POINTS = 101


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
    """Share of patients with the event as a function of the prediction.

    Parameters
    ----------
    predicted : shape (m,)
        The distinct predictions, increasing.
    smooth : shape (m,)
        Lowess of the outcome. As a local line it may leave 0 to 1 slightly; it is not cut off.
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

    def points(self, count: int = CURVE_POINTS) -> list[dict[str, float | None]]:
        """The curves at equal distances from the lowest to the highest prediction.

        Linear between the fitted values. Unlike the fields of this class they do not tell the
        predictions of single patients, so they may be printed; one point if all are equal.
        """
        distances = count if self.predicted.size > 1 else 1
        at = np.linspace(self.predicted[0], self.predicted[-1], distances)
        smooth = between(at, self.predicted, self.smooth).tolist()
        logistic: list[float | None] = [None] * distances
        if self.logistic is not None:
            logistic = list(between(at, self.predicted, self.logistic).tolist())
        return [
            {"predicted": x, "smooth": s, "logistic": r}
            for x, s, r in zip(at.tolist(), smooth, logistic, strict=True)
        ]


def calibration_curve(outcome: ArrayLike, probability: ArrayLike) -> CalibrationCurve:
    """Smooth and logistic calibration curve with the distances of the predictions from them.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, a probability lies outside 0 to 1 or the outcome
        has one class only.

    Notes
    -----
    The distances are never negative, so that chance alone makes them positive: in small cohorts
    a model that is right has an E-average well above 0.

    Examples
    --------
    >>> curve = calibration_curve([0, 1, 0, 1], [0.25, 0.25, 0.25, 0.25])
    >>> curve.smooth_errors
    CalibrationErrors(eavg=0.25, e50=0.25, e90=0.25, emax=0.25)
    """
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
