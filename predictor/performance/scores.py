"""Overall scores: how far the probabilities lie from what happened."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.estimate import Estimate, mean_estimate, two_sided_p
from predictor.performance.inputs import as_outcome, as_probability, as_two_class_outcome

# A prediction of exactly 0 or 1 that fails would cost an infinite log loss.
LOG_LOSS_CLIP = 1e-15
NO_VARIANCE = 1e-24


def brier(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared difference of probability and outcome (Brier 1950); lower is better.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event. One class is enough.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or a probability lies outside 0 to 1.

    Examples
    --------
    >>> brier([0, 1], [0.5, 0.5])
    0.25
    """
    y, p = _pair(outcome, probability)
    return float(np.square(p - y).mean())


def brier_estimate(outcome: ArrayLike, probability: ArrayLike, level: float = 0.95) -> Estimate:
    """Brier score with a Wald interval from the spread of the squared differences.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event. One class is enough.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.
    level
        Confidence level. The lower bound is cut off at 0 and the upper one at 1.

    Returns
    -------
    Estimate
        Bounds are ``None`` where the squared differences do not vary or there is one patient.

    Raises
    ------
    ValueError
        As for `brier`.

    Examples
    --------
    >>> brier_estimate([0, 1], [0.5, 0.5])
    Estimate(value=0.25, low=None, high=None)
    """
    y, p = _pair(outcome, probability)
    return mean_estimate(np.square(p - y), level, bounds=(0.0, 1.0))


def spiegelhalter(outcome: ArrayLike, probability: ArrayLike) -> tuple[float, float] | None:
    """Test statistic z and two-sided p-value of the hypothesis that every probability is right.

    Compares the Brier score with its expectation under the predictions (Spiegelhalter, Stat Med
    1986;5:421-433).

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event. One class is enough.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.

    Returns
    -------
    (z, p) or None
        ``None`` where the statistic has no variance: every probability is 0, 0.5 or 1.

    Raises
    ------
    ValueError
        As for `brier`.

    Examples
    --------
    >>> z, p = spiegelhalter([0, 1, 1, 0], [0.2, 0.7, 0.4, 0.1])
    >>> round(z, 3), round(p, 3)
    (-0.503, 0.615)
    """
    y, p = _pair(outcome, probability)
    weight = 1.0 - 2.0 * p
    variance = float((np.square(weight) * p * (1.0 - p)).sum())
    if variance < NO_VARIANCE:
        return None
    z = float(((y - p) * weight).sum()) / math.sqrt(variance)
    return z, two_sided_p(z)


def scaled_brier(outcome: ArrayLike, probability: ArrayLike) -> float:
    """One less the Brier score relative to that of predicting the prevalence.

    1 is perfect, 0 is no better than the prevalence of these patients for everybody; it can be
    negative. Also called index of prediction accuracy (Kattan and Gerds 2018).

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.

    Raises
    ------
    ValueError
        As for `brier`, and if the outcome has one class only, where it is not defined.

    Examples
    --------
    >>> scaled_brier([0, 1], [0.5, 0.5])
    0.0
    """
    prevalence = float(as_two_class_outcome(outcome).mean())
    return 1.0 - brier(outcome, probability) / (prevalence * (1.0 - prevalence))


def log_loss(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Mean negative log-likelihood per patient; lower is better.

    Parameters and errors as for `log_loss_per_patient`.

    Examples
    --------
    >>> round(log_loss([0, 1], [0.5, 0.5]), 6)
    0.693147
    """
    return float(log_loss_per_patient(outcome, probability).mean())


def log_loss_per_patient(outcome: ArrayLike, probability: ArrayLike) -> NDArray[np.float64]:
    """Negative log-likelihood of each patient, for paired comparisons of models.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event. One class is enough.
    probability : shape (n,)
        Predicted probability of the event. Values closer than 1e-15 to 0 or 1 are moved to that
        distance, so that a patient costs at most 34.5.

    Returns
    -------
    shape (n,), in natural log units

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or a probability lies outside 0 to 1.
    """
    y, p = _pair(outcome, probability)
    of_what_happened = np.where(y == 1.0, p, 1.0 - p)
    return np.asarray(-np.log(np.clip(of_what_happened, LOG_LOSS_CLIP, 1.0)))


def _pair(
    outcome: ArrayLike, probability: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y = as_outcome(outcome)
    return y, as_probability(probability, y.shape)
