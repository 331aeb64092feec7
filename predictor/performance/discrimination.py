"""Discrimination: how often a patient with the event gets the higher prediction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.estimate import Estimate, normal_quantile
from predictor.performance.inputs import as_probability, as_score, as_two_class_outcome
from predictor.performance.ranks import area, placements

__all__ = ["Estimate", "auroc", "cross_validated_auroc"]

FEWEST_GROUPS = 10
"""With fewer groups of several rows, such as centres, their variance is too uncertain for an
interval (Cameron and Miller, J Hum Resour 2015;50:317: "few" begins between 20 and 50)."""


def auroc(outcome: ArrayLike, score: ArrayLike) -> float:
    """Area under the receiver operating characteristic curve.

    The share of pairs (one patient with the event, one without) in which the patient with the
    event has the higher score; ties count one half. Rank based, O(n log n).

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    score : shape (n,)
        Any number that is higher for patients more likely to have the event.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or the outcome has one class only.

    Examples
    --------
    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    event = as_two_class_outcome(outcome) == 1.0
    return area(event, as_score(score, event.shape))


def cross_validated_auroc(
    outcome: ArrayLike,
    probability: ArrayLike,
    fold: ArrayLike,
    group: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """AUROC of repeated cross-validation with an influence-curve interval.

    Patients are compared within a test fold only, because predictions of different folds come
    from different models: pooling them is biased below 0.5 in small cohorts. The estimate is the
    mean over all test folds of all repeats; folds whose outcome has one class are left out.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (repeats, n)
        Out-of-fold prediction of each patient in each repeat.
    fold : shape (repeats, n)
        Whole number of the test fold the prediction was made in.
    group : shape (n,), optional
        Patient or centre of each row, where rows are not independent.
    level
        Confidence level of the interval.

    Returns
    -------
    Estimate
        Interval on the logit scale. It is ``None`` where it is not defined: an estimate of
        exactly 0 or 1, no variation at all (constant predictions, which give exactly 0.5), events
        or non-events in fewer than two groups, or fewer than ``FEWEST_GROUPS`` groups of several
        rows.

    Raises
    ------
    ValueError
        If shapes differ, a probability is missing or outside 0 to 1, or every fold has one class.

    Notes
    -----
    The influence curve is that of LeDell, Petersen and van der Laan (Electronic Journal of
    Statistics 2015;9:1583-1607), summed within groups, with three choices for small cohorts:

    - The variance is that of one repeat, averaged over repeats: an upper bound for the mean of
      the repeats. Averaging each patient's influence over repeats first would treat the
      variation between refitted models as if more repeats removed it.
    - Values are centred at the overall estimate, not at that of their fold: with two events in a
      fold, the fold's own mean would remove half of the variation that is to be measured.
    - Classes carry the factor g / (g - 1), g being the number of groups with that outcome, so
      that one fold gives exactly the variance of DeLong, DeLong and Clarke-Pearson (1988).

    The interval describes the procedure at this sample size, not the final fitted model. It
    neglects that training sets overlap. In simulation (ridge on three predictors, 5 folds x 10)
    nominal 95% intervals held the true value in 98% of cohorts of 31 and 94% of cohorts of 86
    when there was signal, and in 96% and 87% when there was none; without the first two choices
    it was between 64% and 86%.

    Examples
    --------
    >>> cross_validated_auroc([0, 1, 0, 1], [[0.2, 0.2, 0.3, 0.3]], [[0, 0, 1, 1]])
    Estimate(value=0.5, low=None, high=None)
    """
    values = as_two_class_outcome(outcome)
    n = values.size
    folds = np.asarray(fold)
    if folds.ndim != 2 or folds.shape[1] != n or folds.shape[0] == 0:
        raise ValueError(f"fold must have shape (repeats, {n}), one row for each repeat")
    if not np.issubdtype(folds.dtype, np.integer):
        raise ValueError("fold must consist of whole numbers")
    predictions = as_probability(probability, folds.shape)
    members = _group_numbers(group, n)
    quantile = normal_quantile(level)

    event = values == 1.0
    repeats = [
        [rows for rows in _rows_of_folds(one) if 0 < event[rows].sum() < rows.size] for one in folds
    ]
    areas = [
        area(event[rows], scores[rows])
        for tested, scores in zip(repeats, predictions, strict=True)
        for rows in tested
    ]
    if not areas:
        raise ValueError("no test fold holds patients with and without the event; use fewer folds")
    estimate = math.fsum(areas) / len(areas)

    small_sample = _small_sample_factor(event, members)
    if too_few_groups(group, n) or small_sample is None or not 0.0 < estimate < 1.0:
        return Estimate(estimate, None, None)
    variances = []
    for tested, scores in zip(repeats, predictions, strict=True):
        influence = np.zeros(n)
        for rows in tested:
            y = event[rows]
            of_class = np.where(y, y.sum(), y.size - y.sum())
            influence[rows] = (placements(y, scores[rows]) - estimate) / (of_class * len(tested))
        if tested:
            of_group = np.bincount(members, weights=influence * small_sample)
            variances.append(float(np.square(of_group).sum()))
    variance = math.fsum(variances) / len(variances)
    # Rounding leaves about 1e-33 where every influence value is zero in exact arithmetic.
    if variance < 1e-24:
        return Estimate(estimate, None, None)
    centre = math.log(estimate / (1.0 - estimate))
    reach = quantile * math.sqrt(variance) / (estimate * (1.0 - estimate))
    return Estimate(estimate, _expit(centre - reach), _expit(centre + reach))


def _rows_of_folds(fold: NDArray[np.integer]) -> list[NDArray[np.intp]]:
    """Row numbers of each fold of one repeat."""
    order = np.argsort(fold, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(fold[order])) + 1)


def _group_numbers(group: ArrayLike | None, n: int) -> NDArray[np.intp]:
    if group is None:
        return np.arange(n)
    labels = np.asarray(group)
    if labels.shape != (n,):
        raise ValueError(f"group has shape {labels.shape}, but {(n,)} was expected")
    return np.unique(labels, return_inverse=True)[1]


def grouped(group: ArrayLike | None, rows: int) -> bool:
    """Whether some rows belong together, so that they are not independent."""
    return group is not None and np.unique(np.asarray(group)).size < rows


def too_few_groups(group: ArrayLike | None, rows: int) -> bool:
    """Whether a variance between groups would rest on fewer than ``FEWEST_GROUPS`` of them."""
    return grouped(group, rows) and np.unique(np.asarray(group)).size < FEWEST_GROUPS


def _small_sample_factor(
    event: NDArray[np.bool_], group: NDArray[np.intp]
) -> NDArray[np.float64] | None:
    """Square root of g / (g - 1) of each patient's class; None if a class has one group only."""
    factor = np.empty(event.size)
    for of_class in (event, ~event):
        groups = np.unique(group[of_class]).size
        if groups < 2:
            return None
        factor[of_class] = math.sqrt(groups / (groups - 1))
    return factor


def _expit(x: float) -> float:
    return 0.5 * (1.0 + math.tanh(0.5 * x))
