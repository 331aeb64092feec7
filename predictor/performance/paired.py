"""Paired comparison of two models on the same patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.decision import PERCENTS, as_thresholds
from predictor.performance.delong import delong_difference
from predictor.performance.estimate import (
    Difference,
    mean_error,
    normal_quantile,
    two_sided_p,
)
from predictor.performance.inputs import as_outcome, as_probability
from predictor.performance.scores import log_loss_per_patient

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NetBenefitDifference:
    """Net benefit of the first model less that of the second at one threshold.

    Parameters
    ----------
    threshold
        Probability from which a patient counts as positive.
    differing
        Patients who are positive by one of the models only; the difference rests on them.
    difference
        In true positives per patient.
    """

    threshold: float
    differing: int
    difference: Difference


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """The first model less the second, on the same patients.

    Parameters
    ----------
    n, events
        Patients, and those of them with the event.
    level
        Confidence level of every interval.
    auroc
        Above 0 the first discriminates better; ``None`` if the outcome has one class only.
    brier, log_loss
        Below 0 the first is better.
    net_benefit
        Above 0 the first is better; one for each threshold.
    """

    n: int
    events: int
    level: float
    auroc: Difference | None
    brier: Difference
    log_loss: Difference
    net_benefit: tuple[NetBenefitDifference, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON: one row for each figure and threshold."""
        overall = {"auroc": self.auroc, "brier": self.brier, "log_loss": self.log_loss}
        rows = [_row(figure, None, None, found) for figure, found in overall.items()]
        rows += [
            _row("net_benefit", row.threshold, row.differing, row.difference)
            for row in self.net_benefit
        ]
        return {"n": self.n, "events": self.events, "level": self.level, "differences": rows}


def compare(
    outcome: ArrayLike,
    probability_a: ArrayLike,
    probability_b: ArrayLike,
    *,
    decision_thresholds: Sequence[float] = PERCENTS,
    level: float = 0.95,
) -> PairedComparison:
    """Differences of two models with paired intervals, the first less the second.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability_a, probability_b : shape (n,)
        Predicted probabilities of the event, 0 to 1.
    decision_thresholds
        Where net benefit is compared; 1% to 99% by default. Many thresholds are many tests: the
        p-values are not adjusted.
    level
        Confidence level.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, a probability lies outside 0 to 1, or a threshold
        or the level is not strictly between.

    Examples
    --------
    >>> found = compare([0, 0, 1, 1], [0.2, 0.4, 0.5, 0.7], [0.3, 0.5, 0.4, 0.6])
    >>> found.auroc.value
    0.25
    """
    y = as_outcome(outcome)
    first = as_probability(probability_a, y.shape, "probability_a")
    second = as_probability(probability_b, y.shape, "probability_b")
    both = 0.0 < y.sum() < y.size
    return PairedComparison(
        n=y.size,
        events=int(y.sum()),
        level=level,
        auroc=delong_difference(y, first, second, level) if both else None,
        brier=mean_difference(np.square(first - y) - np.square(second - y), level),
        log_loss=mean_difference(
            log_loss_per_patient(y, first) - log_loss_per_patient(y, second), level
        ),
        net_benefit=net_benefit_difference(y, first, second, decision_thresholds, level),
    )


def net_benefit_difference(
    outcome: ArrayLike,
    probability_a: ArrayLike,
    probability_b: ArrayLike,
    thresholds: Sequence[float] = PERCENTS,
    level: float = 0.95,
) -> tuple[NetBenefitDifference, ...]:
    """Net benefit of the first model less that of the second, with paired intervals.

    Parameters, errors as for `compare`; the outcome may have one class only.

    Notes
    -----
    Net benefit is a mean over patients: each contributes 1 as a true positive, less the odds of
    the threshold as a false positive, else 0. The difference is a mean too, of the patients'
    differences, so its standard error is theirs divided by the square root of n and needs no
    bootstrap. It rests on the patients who are positive by one model only; where these are few
    the interval is rough.

    Examples
    --------
    >>> y, a, b = [0, 0, 1, 1], [0.2, 0.4, 0.5, 0.7], [0.3, 0.5, 0.4, 0.6]
    >>> row = net_benefit_difference(y, a, b, [0.5])[0]
    >>> row.differing, row.difference.value  # one event more, one false positive fewer
    (2, 0.5)
    """
    y = as_outcome(outcome)
    first = as_probability(probability_a, y.shape, "probability_a")
    second = as_probability(probability_b, y.shape, "probability_b")
    rows = []
    for threshold in as_thresholds(thresholds).tolist():
        change = (first >= threshold).astype(np.float64) - (second >= threshold)
        worth = np.where(y == 1.0, 1.0, -threshold / (1.0 - threshold))
        found = mean_difference(change * worth, level)
        rows.append(NetBenefitDifference(threshold, int(np.count_nonzero(change)), found))
    return tuple(rows)


def mean_difference(differences: Floats, level: float = 0.95) -> Difference:
    """Mean of paired differences, one for each patient, with Wald interval and p-value."""
    value = float(differences.mean())
    quantile = normal_quantile(level)
    error = mean_error(differences)
    if error is None:
        return Difference(value, None, None, None)
    reach = quantile * error
    return Difference(value, value - reach, value + reach, two_sided_p(value / error))


def _row(
    figure: str, threshold: float | None, differing: int | None, found: Difference | None
) -> dict[str, object]:
    return {
        "figure": figure,
        "threshold": threshold,
        "differing": differing,
        "value": None if found is None else found.value,
        "low": None if found is None else found.low,
        "high": None if found is None else found.high,
        "p_value": None if found is None else found.p_value,
    }
