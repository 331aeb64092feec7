"""Intervals of the AUROC of fixed predictions, and the paired difference of two models.

The variance is that of DeLong, DeLong and Clarke-Pearson (Biometrics 1988;44:837-845), computed
from midranks in O(n log n) as Sun and Xu (IEEE Signal Processing Letters 2014;21:1389-1393). It
treats the model as fixed: right for external data, too narrow for predictions of patients who
took part in fitting the model.

In simulation (2,000 cohorts, normal scores, true AUROC 0.7 and 0.9) nominal 95% intervals held the
true value in 92% and 87% of cohorts of 31 patients with about 11 events on the plain scale, and in
96% of both on the logit scale; with 86 patients in 94% and 93% against 96%, with 300 in 95 to 96%.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.estimate import Difference, Estimate, normal_quantile, two_sided_p
from predictor.performance.inputs import as_score, as_two_class_outcome
from predictor.performance.ranks import area, placements

Floats = NDArray[np.float64]

# Rounding leaves about 1e-33 where every component is equal in exact arithmetic.
NO_VARIANCE = 1e-24


def delong(outcome: ArrayLike, score: ArrayLike, level: float = 0.95) -> Estimate:
    """AUROC with a Wald interval on its own scale, cut off at 0 and 1.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    score : shape (n,)
        Any number that is higher for patients more likely to have the event.
    level
        Confidence level.

    Returns
    -------
    Estimate
        Bounds are ``None`` where no variance can be estimated: fewer than two events or two
        non-events, constant scores, or a score that separates the classes completely (an
        AUROC of 0 or 1, whose DeLong variance of 0 would claim certainty).

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or the outcome has one class only.

    Examples
    --------
    >>> delong([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    Estimate(value=0.75, low=0.05704808..., high=1.0)
    """
    value, variance = _moments(outcome, score)
    reach = normal_quantile(level)
    if variance is None:
        return Estimate(value, None, None)
    reach *= math.sqrt(variance)
    return Estimate(value, max(0.0, value - reach), min(1.0, value + reach))


def delong_logit(outcome: ArrayLike, score: ArrayLike, level: float = 0.95) -> Estimate:
    """AUROC with an interval that is symmetric on the logit scale.

    Never leaves 0 to 1 and covers better than `delong` near 1 or in small cohorts (Pepe 2003,
    The Statistical Evaluation of Medical Tests, section 5.2.5). Same variance, parameters and
    errors as `delong`.

    Examples
    --------
    >>> estimate = delong_logit([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> round(estimate.low, 3), round(estimate.high, 3)
    (0.069, 0.992)
    """
    value, variance = _moments(outcome, score)
    quantile = normal_quantile(level)
    if variance is None:
        return Estimate(value, None, None)
    centre = math.log(value / (1.0 - value))
    reach = quantile * math.sqrt(variance) / (value * (1.0 - value))
    return Estimate(value, _expit(centre - reach), _expit(centre + reach))


def delong_variance(outcome: ArrayLike, score: ArrayLike) -> float | None:
    """DeLong variance of the AUROC; ``None`` as the bounds of `delong`, which see.

    Examples
    --------
    >>> delong_variance([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.125
    """
    return _moments(outcome, score)[1]


def delong_difference(
    outcome: ArrayLike, score_a: ArrayLike, score_b: ArrayLike, level: float = 0.95
) -> Difference:
    """AUROC of the first score less that of the second, on the same patients.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    score_a, score_b : shape (n,)
        The two scores, each higher for patients more likely to have the event; their scales may
        differ.
    level
        Confidence level.

    Returns
    -------
    Difference
        Wald interval and two-sided p-value with the covariance of the paired scores. ``None``
        with fewer than two events or non-events, or where the scores order the patients of
        different outcome alike, so that the difference shows no variation.

    Raises
    ------
    ValueError
        As for `delong`.

    Notes
    -----
    The test is not valid for a model and the same model with one predictor more in the patients
    both were fitted on (Demler, Pencina and D'Agostino, Stat Med 2012;31:2577-2587).

    Examples
    --------
    >>> delong_difference([0, 0, 1, 1], [1, 2, 3, 4], [1, 2, 3, 4])
    Difference(value=0.0, low=None, high=None, p_value=None)
    """
    event = as_two_class_outcome(outcome) == 1.0
    scores = [
        as_score(score, event.shape, name)
        for score, name in ((score_a, "score_a"), (score_b, "score_b"))
    ]
    quantile = normal_quantile(level)
    first, second = (placements(event, score) for score in scores)
    value = area(event, scores[0]) - area(event, scores[1])
    variance = _variance(event, first - second)
    if variance is None:
        return Difference(value, None, None, None)
    error = math.sqrt(variance)
    reach = quantile * error
    return Difference(value, value - reach, value + reach, two_sided_p(value / error))


def _moments(outcome: ArrayLike, score: ArrayLike) -> tuple[float, float | None]:
    """AUROC and its variance; no variance where it would be 0 or is not defined."""
    event = as_two_class_outcome(outcome) == 1.0
    values = as_score(score, event.shape)
    return area(event, values), _variance(event, placements(event, values))


def _variance(event: NDArray[np.bool_], component: Floats) -> float | None:
    """Variance of a mean of structural components, or of a difference of such means."""
    parts = component[event], component[~event]
    if min(part.size for part in parts) < 2:
        return None
    variance = sum(float(part.var(ddof=1)) / part.size for part in parts)
    return variance if variance >= NO_VARIANCE else None


def _expit(x: float) -> float:
    return 0.5 * (1.0 + math.tanh(0.5 * x))
