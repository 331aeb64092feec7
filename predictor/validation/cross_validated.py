"""The figures of repeated cross-validation that stand beside the corrected ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.calibration import (
    calibration_intercept,
    calibration_slope,
    observed_expected,
)
from predictor.performance.discrimination import (
    cross_validated_auroc,
    grouped,
    too_few_groups,
)
from predictor.performance.estimate import Estimate, wald
from predictor.performance.inputs import as_probability, as_two_class_outcome
from predictor.validation.measured import figures, net_benefit_name

Floats = NDArray[np.float64]


def cross_validated_measures(
    outcome: ArrayLike,
    probability: ArrayLike,
    fold: ArrayLike,
    group: ArrayLike | None,
    thresholds: Sequence[float],
    level: float = 0.95,
) -> dict[str, Estimate]:
    """Performance of out-of-fold predictions, by name of the figure.

    The AUROC compares patients of the same test fold only and is averaged over folds and repeats.
    Everything else comes from the predictions averaged per patient over the repeats.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (repeats, n)
        Out-of-fold prediction of each patient in each repeat.
    fold : shape (repeats, n)
        Whole number of the test fold the prediction was made in.
    group : shape (n,) or None
        Patient or centre of each row, where rows are not independent.
    thresholds
        Risk thresholds of the net benefit.
    level
        Confidence level of the intervals.

    Returns
    -------
    Figures that are not defined are absent. Intervals treat the averaged predictions as fixed
    (Wald; by groups for Brier scores and net benefit), and neglect that training sets overlap.
    There is none for the E-average and for the free intercept beside the slope, none of calibration
    where several rows belong together, and none at all with too few groups.

    Raises
    ------
    ValueError
        If shapes differ, a probability is missing or not between 0 and 1, or the outcome has one
        class only.
    """
    y = as_two_class_outcome(outcome)
    all_predictions = np.asarray(probability, dtype=np.float64)
    folds = np.asarray(fold)
    if all_predictions.ndim != 2 or not len(all_predictions):
        raise ValueError(f"probability must have shape (repeats, {y.size})")
    as_probability(all_predictions, (len(all_predictions), y.size))
    p = all_predictions.mean(axis=0)
    values = figures(y, p[None], np.ones((1, y.size)), thresholds)
    found = {
        name: Estimate(float(value[0]), None, None)
        for name, value in values.items()
        if math.isfinite(value[0])
    }
    del found["auroc"]
    if _comparable(y, folds):
        area = cross_validated_auroc(y, all_predictions, folds, group, level)
        found = {"auroc": area} | found
    intervals: dict[str, Estimate | None] = {}
    if not grouped(group, y.size):  # Wald's takes rows for independent
        intervals = {
            "calibration_intercept": calibration_intercept(y, p, level),
            "calibration_slope": calibration_slope(y, p, level),
            "observed_expected": observed_expected(y, p, level),
        }
    for name, contribution in _contributions(y, p, thresholds).items():
        intervals[name] = _over_patients(found[name].value, contribution, group, level)
    return found | {name: value for name, value in intervals.items() if value and name in found}


def _comparable(y: Floats, folds: NDArray[np.generic]) -> bool:
    """Whether some test fold holds patients with and without the event."""
    return any(len(np.unique(y[row == k])) == 2 for row in folds for k in np.unique(row))


def _contributions(y: Floats, p: Floats, thresholds: Sequence[float]) -> dict[str, Floats]:
    """Each patient's contribution to a mean, or influence on a ratio of means, shape (n,)."""
    loss = np.square(p - y)
    prevalence = float(y.mean())
    reference = prevalence * (1.0 - prevalence)
    relative = float(loss.mean()) / reference
    drift = relative * (1.0 - 2.0 * prevalence) * (y - prevalence)
    of_each = {"brier": loss, "scaled_brier": (drift - loss) / reference}
    for threshold in thresholds:
        gain = np.where(y == 1.0, 1.0, -threshold / (1.0 - threshold))
        of_each[net_benefit_name(threshold)] = np.where(p >= threshold, gain, 0.0)
    return of_each


def _over_patients(
    value: float, contribution: Floats, group: ArrayLike | None, level: float
) -> Estimate:
    """Wald interval of a mean of contributions, summed within groups first."""
    n = contribution.size
    members = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    summed = np.bincount(members, weights=contribution - contribution.mean())
    groups = summed.size
    variance = float(np.square(summed).sum()) * groups / max(groups - 1, 1) / n**2
    # Nothing varies where nobody, or everybody of one class, is above a threshold.
    if variance < 1e-24 or too_few_groups(group, n):
        return Estimate(value, None, None)
    return wald(value, math.sqrt(variance), level)
