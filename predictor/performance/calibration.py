"""Calibration: whether the probabilities mean what they say.

Intercept and slope are those of Cox (1958) and Steyerberg's Clinical Prediction Models: logistic
models of the outcome on the log-odds of the prediction, with Wald intervals. A probability closer
than 1e-8 to 0 or 1 is moved to that distance (log-odds of 18.4) in these two, because its
log-odds would be infinite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.estimate import Estimate, normal_quantile, wald
from predictor.performance.inputs import as_probability, as_two_class_outcome

LOG_ODDS_CLIP = 1e-8
SMALLEST_SPREAD = 1e-6
SMALLEST_EXPECTED = 1e-200

Floats = NDArray[np.float64]


def calibration_intercept(
    outcome: ArrayLike, probability: ArrayLike, level: float = 0.95
) -> Estimate:
    """Calibration in the large: the shift in log-odds that makes predictions right on average.

    Intercept of a logistic model whose offset is the log-odds of the prediction. 0 is right,
    below 0 the predictions are too high.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.
    level
        Confidence level of the Wald interval.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, a probability lies outside 0 to 1 or the outcome
        has one class only, where the intercept would be infinite.

    Examples
    --------
    >>> round(calibration_intercept([0, 1, 1, 1], [0.5] * 4).value, 6)  # log(3)
    1.098612
    """
    y, p = _pair(outcome, probability)
    # Where predictions are certain and wrong the likelihood is so flat that the search ends in
    # rounding; with one parameter that is still the maximum, to many digits.
    position, information, _ = _logistic(np.ones((y.size, 1)), y, _log_odds(p))
    return wald(float(position[0]), 1.0 / math.sqrt(information[0, 0]), level)


def calibration_slope(
    outcome: ArrayLike, probability: ArrayLike, level: float = 0.95
) -> Estimate | None:
    """Calibration slope: the factor on the log-odds that makes their spread right.

    Slope of a logistic model (with free intercept) on the log-odds of the prediction. 1 is right,
    below 1 the predictions are too extreme, as those of an overfitted model are.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.
    level
        Confidence level of the Wald interval.

    Returns
    -------
    Estimate or None
        ``None`` where no finite slope exists or none can be found: all predictions are equal (the
        standard deviation of their log-odds is below 1e-6), or they separate events from
        non-events (no event below any non-event or the reverse, ties included), or come so
        close to it that the search does not end.

    Raises
    ------
    ValueError
        As for `calibration_intercept`.

    Examples
    --------
    >>> calibration_slope([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3]) is None
    True
    """
    fitted = logistic_recalibration(outcome, probability, level)
    return None if fitted is None else fitted.slope


@dataclass(frozen=True, slots=True)
class LogisticRecalibration:
    """Logistic model of the outcome on the log-odds of the prediction.

    Parameters
    ----------
    intercept, slope
        Estimated together. The intercept belongs to the slope beside it and is not calibration
        in the large, which `calibration_intercept` is.
    """

    intercept: Estimate
    slope: Estimate

    def recalibrated(self, probability: ArrayLike) -> Floats:
        """Probability of the event that the model gives for a prediction, same shape.

        Predictions closer than 1e-8 to 0 or 1 are moved to that distance first.
        """
        z = self.intercept.value + self.slope.value * _log_odds(
            np.asarray(probability, dtype=np.float64)
        )
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def logistic_recalibration(
    outcome: ArrayLike, probability: ArrayLike, level: float = 0.95
) -> LogisticRecalibration | None:
    """Intercept and slope estimated together, each with its Wald interval.

    Parameters, errors and when there is none (``None``) as for `calibration_slope`.

    Examples
    --------
    >>> y, p = [0, 0, 0, 1, 0, 1, 1, 1], [0.2] * 4 + [0.8] * 4
    >>> fitted = logistic_recalibration(y, p)
    >>> [round(float(q), 4) for q in fitted.recalibrated([0.2, 0.8])]
    [0.25, 0.75]
    """
    y, p = _pair(outcome, probability)
    z = _log_odds(p)
    events, others = z[y == 1.0], z[y == 0.0]
    if events.min() >= others.max() or others.min() >= events.max():
        return None
    centre, spread = float(z.mean()), float(z.std())
    # Averages of equal numbers differ in the last digits; such a spread carries no information.
    if spread < SMALLEST_SPREAD:
        return None
    columns = np.column_stack((np.ones(y.size), (z - centre) / spread))
    position, information, converged = _logistic(columns, y, np.zeros(y.size))
    if not converged:
        return None
    covariance = np.linalg.inv(information)
    # Back from the centred and scaled column: intercept and slope are linear in what was fitted.
    back = np.array([[1.0, -centre / spread], [0.0, 1.0 / spread]])
    value = back @ position
    error = np.sqrt(np.diag(back @ covariance @ back.T))
    return LogisticRecalibration(
        wald(float(value[0]), float(error[0]), level), wald(float(value[1]), float(error[1]), level)
    )


def observed_expected(
    outcome: ArrayLike, probability: ArrayLike, level: float = 0.95
) -> Estimate | None:
    """Observed events divided by expected events, the sum of the probabilities.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.
    level
        Confidence level.

    Returns
    -------
    Estimate or None
        Log-normal interval with variance (1 - prevalence) / observed, the expected number taken
        as fixed. ``None`` if every probability is 0, or so small that the ratio is no number.

    Raises
    ------
    ValueError
        As for `calibration_intercept`.

    Examples
    --------
    >>> observed_expected([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]).value
    1.0
    """
    y, p = _pair(outcome, probability)
    expected = float(p.sum())
    if expected < SMALLEST_EXPECTED:
        return None
    observed = float(y.sum())
    ratio = observed / expected
    reach = normal_quantile(level) * math.sqrt((1.0 - observed / y.size) / observed)
    return Estimate(ratio, ratio * math.exp(-reach), ratio * math.exp(reach))


def _pair(outcome: ArrayLike, probability: ArrayLike) -> tuple[Floats, Floats]:
    y = as_two_class_outcome(outcome)
    return y, as_probability(probability, y.shape)


def _log_odds(probability: Floats) -> Floats:
    clipped = np.clip(probability, LOG_ODDS_CLIP, 1.0 - LOG_ODDS_CLIP)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _logistic(columns: Floats, y: Floats, offset: Floats) -> tuple[Floats, Floats, bool]:
    """Maximum likelihood of one or two parameters: estimate, information, whether it converged.

    Newton's method with step halving. No step moves a log-odds by more than 3: where the start is
    so wrong that the curvature has all but vanished, the direction is still right but the length
    is not.
    """
    position = np.zeros(columns.shape[1])
    current, score, information = _terms(columns, y, offset, position)
    converged = False
    for _ in range(200):
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            break
        change = float(np.abs(columns @ step).max())
        if change < 1e-10:
            converged = True
            break
        step *= min(1.0, 3.0 / change)
        allowance = 1e-13 * (1.0 + abs(current))
        for halving in range(40):
            trial = position + step * 0.5**halving
            likelihood, score, information = _terms(columns, y, offset, trial)
            if likelihood >= current - allowance:
                break
        position, current = trial, likelihood
    return position, information, converged


def _terms(
    columns: Floats, y: Floats, offset: Floats, position: Floats
) -> tuple[float, Floats, Floats]:
    """Log-likelihood, score and information; one exponential that cannot overflow."""
    sign = 2.0 * y - 1.0
    margin = sign * (columns @ position + offset)
    small = np.exp(-np.abs(margin))
    likelihood = float((np.minimum(margin, 0.0) - np.log1p(small)).sum())
    residual = sign * np.where(margin >= 0.0, small, 1.0) / (1.0 + small)
    variance = small / np.square(1.0 + small)
    return likelihood, columns.T @ residual, (columns * variance[:, None]).T @ columns
