"""Sensitivity, specificity and predictive values at chosen thresholds, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from predictor.performance.decision import as_thresholds
from predictor.performance.estimate import Estimate, normal_quantile
from predictor.performance.inputs import as_outcome, as_probability


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of patients with its two intervals.

    Parameters
    ----------
    numerator, denominator
        Patients counted, and patients among whom they were counted.
    wilson
        Value and Wilson's score interval.
    exact
        Value and the interval of Clopper and Pearson, which covers at least as often as it says.
    """

    numerator: int
    denominator: int
    wilson: Estimate
    exact: Estimate


@dataclass(frozen=True, slots=True)
class Classification:
    """What happens if patients are called positive from one threshold on.

    Parameters
    ----------
    threshold
        Probability from which a patient counts as positive.
    true_positives, false_positives, false_negatives, true_negatives
        Patients.
    sensitivity, specificity
        ``None`` where no patient has the event, or none is without.
    positive_predictive_value, negative_predictive_value
        ``None`` where no patient is positive, or none is negative.
    """

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    sensitivity: Proportion | None
    specificity: Proportion | None
    positive_predictive_value: Proportion | None
    negative_predictive_value: Proportion | None


def classification(
    outcome: ArrayLike, probability: ArrayLike, thresholds: Sequence[float], level: float = 0.95
) -> tuple[Classification, ...]:
    """Counts and shares at each threshold; positive is a probability of at least the threshold.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event. One class is enough.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.
    thresholds
        Strictly between 0 and 1, taken as written (see `predictor.performance.decision`).
    level
        Confidence level.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, a probability lies outside 0 to 1 or a threshold
        is not strictly between.

    Examples
    --------
    >>> row = classification([0, 0, 1, 1], [0.1, 0.5, 0.4, 0.8], [0.5])[0]
    >>> row.true_positives, row.false_positives, row.false_negatives, row.true_negatives
    (1, 1, 1, 1)
    """
    y = as_outcome(outcome)
    p = as_probability(probability, y.shape)
    event = y == 1.0
    rows = []
    for threshold in as_thresholds(thresholds).tolist():
        positive = p >= threshold
        true, false = (int(np.count_nonzero(positive & of)) for of in (event, ~event))
        missed = int(event.sum()) - true
        spared = y.size - true - false - missed
        rows.append(
            Classification(
                threshold=threshold,
                true_positives=true,
                false_positives=false,
                false_negatives=missed,
                true_negatives=spared,
                sensitivity=proportion(true, true + missed, level),
                specificity=proportion(spared, spared + false, level),
                positive_predictive_value=proportion(true, true + false, level),
                negative_predictive_value=proportion(spared, spared + missed, level),
            )
        )
    return tuple(rows)


def proportion(numerator: int, denominator: int, level: float = 0.95) -> Proportion | None:
    """A share with both intervals; ``None`` of nobody.

    Examples
    --------
    >>> share = proportion(0, 10)
    >>> round(share.wilson.high, 4), round(share.exact.high, 4)
    (0.2775, 0.3085)
    """
    if denominator == 0:
        return None
    return Proportion(
        numerator,
        denominator,
        wilson(numerator, denominator, level),
        clopper_pearson(numerator, denominator, level),
    )


def wilson(numerator: int, denominator: int, level: float = 0.95) -> Estimate:
    """Share with the score interval of Wilson (J Am Stat Assoc 1927;22:209-212).

    Recommended for small numbers by Brown, Cai and DasGupta (Statistical Science 2001;16:101-133).
    Plain: R's ``Hmisc::binconf`` replaces the bound next to 0 or 1 where the numerator is 1 or one
    short of the denominator.

    Parameters
    ----------
    numerator, denominator
        Patients; the denominator is at least 1.
    level
        Confidence level.
    """
    z = normal_quantile(level)
    value = numerator / denominator
    shrunk = 1.0 + z * z / denominator
    centre = (value + z * z / (2.0 * denominator)) / shrunk
    reach = (
        z * math.sqrt(value * (1.0 - value) / denominator + (z / (2.0 * denominator)) ** 2) / shrunk
    )
    # At 0 and 1 the bound is the value itself; rounding must not carry it across.
    low = 0.0 if numerator == 0 else centre - reach
    high = 1.0 if numerator == denominator else centre + reach
    return Estimate(value, low, high)


def clopper_pearson(numerator: int, denominator: int, level: float = 0.95) -> Estimate:
    """Share with the exact interval of Clopper and Pearson (Biometrika 1934;26:404-413).

    Parameters as for `wilson`.
    """
    from scipy.special import betaincinv

    tail = (1.0 - level) / 2.0
    missing = denominator - numerator
    low = 0.0 if numerator == 0 else float(betaincinv(numerator, missing + 1, tail))
    high = 1.0 if missing == 0 else float(betaincinv(numerator + 1, missing, 1.0 - tail))
    return Estimate(numerator / denominator, low, high)
