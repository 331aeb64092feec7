"""Overall scores: how far the probabilities lie from what happened."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.inputs import as_outcome, as_probability, as_two_class_outcome

# A prediction of exactly 0 or 1 that fails would cost an infinite log loss.
LOG_LOSS_CLIP = 1e-15


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
