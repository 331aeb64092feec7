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
from predictor.performance.inputs import as_probability, as_score, as_two_class_outcome
from predictor.performance.lowess import local_lines

Floats = NDArray[np.float64]

FRACTION = 2.0 / 3.0


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


def lowess(
    x: ArrayLike, y: ArrayLike, at: ArrayLike | None = None, fraction: float = FRACTION
) -> Floats:
    """Lowess without robustness iterations, fitted at every distinct x."""
    positions, responses = _pair(x, y)
    distinct, where, count = np.unique(positions, return_inverse=True, return_counts=True)
    total = np.bincount(where, weights=responses)
    fitted = local_lines(distinct, count.astype(np.float64), total, fraction)
    if at is None:
        return fitted[where]
    return np.interp(np.asarray(at, dtype=np.float64), distinct, fitted)


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


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    positions = np.asarray(x, dtype=np.float64)
    if positions.ndim != 1 or positions.size == 0:
        raise ValueError("x must be one column with at least one row")
    as_score(positions, positions.shape, "x")
    return positions, as_score(y, positions.shape, "y")


def lowess_batch(
    x: ArrayLike, y: ArrayLike, count: ArrayLike, fraction: float = FRACTION
) -> Floats:
    """Lowess of every row of ``x`` with counts; NaN where the count is 0."""
    positions = np.asarray(x, dtype=np.float64)
    responses = np.broadcast_to(np.asarray(y, dtype=np.float64), positions.shape)
    counts = np.broadcast_to(np.asarray(count), positions.shape)
    fitted = np.full(positions.shape, np.nan)
    for b in range(positions.shape[0]):
        present = np.flatnonzero(counts[b] > 0)
        if present.size:
            times = counts[b, present]
            values = lowess(
                np.repeat(positions[b, present], times),
                np.repeat(responses[b, present], times),
                fraction=fraction,
            )
            fitted[b, present] = values[np.cumsum(times) - 1]
    return fitted
