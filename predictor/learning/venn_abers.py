"""Learning the calibration range of a model (see `predictor.fitted.venn_abers`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.venn_abers import VennAbers, grid
from predictor.learning.resampling import units_of

Floats = NDArray[np.float64]
_Block = tuple[float, float]

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
    score : shape (repeats, patients) or (patients,)
        Out-of-fold probabilities. Each repeat counts as its part of a patient: scores averaged
        over repeats would be those of a steadier model than the one that is used.
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
    unit = units_of(group, len(outcome))
    units = len(np.unique(unit))
    of_each = min(len(np.unique(unit[outcome == state])) for state in (0, 1))
    if units < FEWEST or of_each < FEWEST_OF_EACH:
        return None
    each = units / score.size
    distinct, place = np.unique(score.ravel(), return_inverse=True)
    happened = np.broadcast_to(outcome, score.shape).ravel()
    weight: Floats = each * np.bincount(place).astype(np.float64)
    total: Floats = each * np.bincount(place, weights=happened).astype(np.float64)
    points = grid(_POINTS)
    begin = np.searchsorted(distinct, points, side="left")
    end = np.searchsorted(distinct, points, side="right")
    below = _blocks(weight, total, begin)
    # From the highest score downwards, what is counted are those without the event.
    above = _blocks(weight[::-1], (weight - total)[::-1], len(distinct) - end)
    low, high = np.empty(_POINTS), np.empty(_POINTS)
    for i in range(_POINTS):
        same = slice(begin[i], end[i])
        joined, with_event = 1.0 + weight[same].sum(), total[same].sum()
        low[i] = _pooled(below[i], above[i], joined, with_event)
        high[i] = _pooled(below[i], above[i], joined, with_event + 1.0)
    # Both rise by themselves; the last digits of their sums are put right to the wide side.
    low = np.minimum.accumulate(low[::-1])[::-1]
    high = np.maximum.accumulate(np.maximum(high, low))
    return VennAbers(np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0))


def _blocks(weight: Floats, total: Floats, ends: NDArray[np.intp]) -> list[list[_Block]]:
    """Isotonic regression of the first so many scores, for each of ``ends``.

    Pooling adjacent violators (Barlow and others, Statistical inference under order restrictions,
    1972), which goes on where it stopped: a block is final until a later score pulls it down.

    Parameters
    ----------
    weight, total : shape (scores,)
        Sums of weights, and of weighted outcomes, of each different score in order.
    ends
        How many scores.
    """
    found: list[list[_Block]] = [[] for _ in ends]
    order = np.argsort(ends, kind="stable")
    blocks: list[_Block] = []
    done = 0
    for i in order:
        for k in range(done, int(ends[i])):
            block = (float(weight[k]), float(total[k]))
            while blocks and blocks[-1][1] * block[0] >= block[1] * blocks[-1][0]:
                before = blocks.pop()
                block = (before[0] + block[0], before[1] + block[1])
            blocks.append(block)
        done = max(done, int(ends[i]))
        found[i] = list(blocks)
    return found


def _pooled(below: list[_Block], above: list[_Block], weight: float, total: float) -> float:
    """Mean of the block in which one score ends up between those below and above it.

    Parameters
    ----------
    below
        Weights and totals of the outcome, the nearest last.
    above
        Weights and totals of the opposite outcome, the nearest last.
    weight, total
        Of the score between.
    """
    i, j = len(below), len(above)
    while True:
        if i and below[i - 1][1] * weight >= total * below[i - 1][0]:
            i -= 1
            weight, total = weight + below[i][0], total + below[i][1]
        elif j and (above[j - 1][0] - above[j - 1][1]) * weight <= total * above[j - 1][0]:
            j -= 1
            weight, total = weight + above[j][0], total + above[j][0] - above[j][1]
        else:
            return float(total / weight)
