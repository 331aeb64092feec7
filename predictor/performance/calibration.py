"""Calibration: whether the probabilities mean what they say.

Intercept and slope are those of Cox (1958) and Steyerberg's Clinical Prediction Models: logistic
models of the outcome on the log-odds of the prediction, with Wald intervals. A probability closer
than 1e-8 to 0 or 1 is moved to that distance (log-odds of 18.4) in these two, because its
log-odds would be infinite.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.estimate import Estimate, normal_quantile, wald
from predictor.performance.inputs import as_probability, as_two_class_outcome

LOG_ODDS_CLIP = 1e-8
SMALLEST_SPREAD = 1e-6

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
    position, covariance, _ = _logistic(np.ones((y.size, 1)), y, _log_odds(p))
    return wald(float(position[0]), math.sqrt(covariance[0, 0]), level)


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
    position, covariance, converged = _logistic(columns, y, np.zeros(y.size))
    if not converged:
        return None
    return wald(float(position[1]) / spread, math.sqrt(covariance[1, 1]) / spread, level)


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
        as fixed. ``None`` if every probability is 0.

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
    if expected == 0.0:
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
    """Maximum likelihood of one or two parameters: estimate, covariance, whether it converged.

    Newton's method with step halving. No step moves a log-odds by more than 3: where the start is
    so wrong that the curvature has all but vanished, the direction is still right but the length
    is not. With one parameter and both classes this always converges.
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
    if not converged:
        return position, np.full_like(information, np.inf), False
    return position, np.asarray(np.linalg.inv(information), dtype=np.float64), True


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
