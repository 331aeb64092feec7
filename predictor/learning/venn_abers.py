"""Learning the calibration range of a model (see `predictor.fitted.venn_abers`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

from predictor.fitted.venn_abers import VennAbers
from predictor.learning.resampling import units_of

Floats = NDArray[np.float64]

FEWEST = 20
"""Patients (or groups, where rows belong together) below which there is no range."""

FEWEST_OF_EACH = 5
"""Patients (or groups) with, and without, the event below which there is no range."""

# Scores 0, 0.01, ... 1: finer than percents are shown, too coarse to tell patients.
_POINTS = 101


def venn_abers(
    score: Floats, outcome: NDArray[np.int8], group: NDArray[np.int64] | None = None
) -> VennAbers | None:
    """Learn what a score stands for from scores that patients got while not being learned from.

    At each point of the grid the cohort is joined by one more patient with this score, once
    without and once with the event, and the isotonic regression of the outcome on the score is
    read off there.

    Parameters
    ----------
    score : shape (patients,)
        Out-of-fold probability of each patient, averaged over repeats.
    outcome : shape (patients,)
        0 or 1.
    group : shape (patients,), optional
        Patient or centre of each row. Rows that belong together tell less than as many patients:
        all weigh alike, and together as much as there are groups, so that the one more patient
        counts as one more group.

    Returns
    -------
    None with fewer than `FEWEST` patients or groups, or `FEWEST_OF_EACH` with one of the outcomes.

    Notes
    -----
    Inductive Venn-Abers predictors (Vovk and Petej, UAI 2014) have scores of one model that has
    seen none of these patients; then one of the two probabilities is calibrated whatever the
    distribution. Here the scores are those of the models of the folds, and the range is applied
    to a model of all patients, as in cross-conformal methods: nearly the same model, so this is
    true nearly, and not proven.

    Examples
    --------
    >>> score = np.arange(40) / 40
    >>> found = venn_abers(score, (score >= 0.5).astype(np.int8))
    >>> low, high = found.at(np.array([0.25, 0.5, 0.75]))
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 0.5, 0.92], [0.09, 1.0, 1.0])
    """
    unit = units_of(group, len(score))
    units = len(np.unique(unit))
    of_each = min(len(np.unique(unit[outcome == state])) for state in (0, 1))
    if units < FEWEST or of_each < FEWEST_OF_EACH:
        return None
    each = units / len(score)
    distinct, place = np.unique(score, return_inverse=True)
    weight: Floats = each * np.bincount(place).astype(np.float64)
    total: Floats = each * np.bincount(place, weights=outcome).astype(np.float64)
    grid = np.linspace(0.0, 1.0, _POINTS)
    low = np.array([_calibrated(distinct, weight, total, point, 0.0) for point in grid])
    high = np.array([_calibrated(distinct, weight, total, point, 1.0) for point in grid])
    # Both rise by themselves; the last digits of their sums are put right to the wide side.
    low = np.minimum.accumulate(low[::-1])[::-1]
    high = np.maximum.accumulate(high)
    return VennAbers(np.clip(low, 0.0, 1.0), np.clip(np.maximum(high, low), 0.0, 1.0))


def _calibrated(
    distinct: Floats, weight: Floats, total: Floats, score: float, outcome: float
) -> float:
    """Isotonic regression at a score, with one more patient who has this score and outcome.

    Parameters
    ----------
    distinct, weight, total : shape (scores,)
        Different scores in rising order, with the sums of weights and of weighted outcomes.
    score, outcome
        Of the one more.
    """
    place = int(np.searchsorted(distinct, score))
    if place < len(distinct) and distinct[place] == score:
        weight, total = weight.copy(), total.copy()
        weight[place] += 1.0
        total[place] += outcome
    else:
        weight = np.insert(weight, place, 1.0)
        total = np.insert(total, place, outcome)
    return float(isotonic_regression(total / weight, sample_weight=weight)[place])
