"""Curves of the out-of-fold predictions: ROC, calibration and net benefit, with their bands.

The ROC curve is the mean of the curves within test folds, so that the area below it is the
cross-validated AUROC; predictions of different folds come from different models, and pooling them
is biased below 0.5 in small cohorts. Calibration and net benefit come from the predictions averaged
per patient over the repeats. Their bands are percentiles of a bootstrap of the patients, each with
prediction and outcome: they take the predictions as fixed and neglect that training sets overlap.

No curve is a list of patients: of the fitted model's own predictions only their order by outcome is
kept, of the out-of-fold ones what sorted pairs of score and outcome say, and no count is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.small_cells import people
from predictor.learning.resampling import BootstrapPlan
from predictor.performance.decision import PERCENTS, net_benefit
from predictor.performance.discrimination import auroc
from predictor.performance.lowess import between, lowess_batch
from predictor.performance.smooth import calibration_curve

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Bootstrap samples behind a band.
DRAWS = 500
#: Confidence level of the bands.
LEVEL = 0.95
#: Points of a calibration curve, and at most of a ROC curve.
CALIBRATION_POINTS = 51
ROC_POINTS = 201

# A band is drawn only where at least this share of the samples has predictions on both sides.
_FEWEST_DEFINED = 0.5
# Above as many rows, each sample's curve is fitted to groups of neighbouring predictions.
_MOST_ROWS = 150
_GROUPS = 100
_BINS = 20


def curves(
    outcome: NDArray[np.int8],
    apparent: Floats,
    probability: Floats,
    fold: NDArray[np.int64],
    person: NDArray[np.int64] | None,
    *,
    constant: bool,
    thresholds: Sequence[float],
    cell_size: int,
    seed: int,
) -> dict[str, object]:
    """All curves of a model.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    apparent : shape (n,)
        Predictions of the final model for the rows it was fitted to.
    probability, fold : shape (repeats, n)
        Out-of-fold predictions, and the test fold each was made in.
    person : shape (n,), optional
        Patient of each row: what the bootstrap draws.
    constant
        Whether the model gives everybody the same probability. Out of fold it differs by the size
        of the folds only, so its mean stands for it.
    thresholds
        Beside 1% to 99%.
    cell_size
        Smallest count that is shown, apart from 0.
    seed
        Of the bootstrap.
    """
    averaged = probability.mean(axis=0)
    if constant:
        averaged = np.full_like(averaged, averaged.mean())
    count = BootstrapPlan(outcome.size, person, DRAWS, seed).part(0, DRAWS).count
    return {
        "level": LEVEL,
        "draws": DRAWS,
        "roc": {
            "apparent": {
                "auroc": auroc(outcome, apparent),
                "points": apparent_roc(outcome, apparent),
            },
            "cross_validated": {"points": roc_over_folds(outcome, probability, fold)},
        },
        "calibration": {
            "curve": calibration_band(outcome, averaged, count),
            "histogram": histogram(outcome, averaged, person, cell_size),
        },
        "decision": decision_band(outcome, averaged, count, thresholds),
    }


def apparent_roc(outcome: NDArray[np.int8], score: Floats) -> list[dict[str, float]]:
    """ROC curve of the model on its own cohort, as corners without thresholds.

    The scores themselves stay away: with the published model they could be turned back into the
    values of a patient.

    >>> apparent_roc(np.array([0, 1], dtype=np.int8), np.array([0.2, 0.7]))[1]
    {'false_positive_rate': 0.0, 'true_positive_rate': 1.0}
    """
    x, y = _corners(outcome == 1, score)
    kept = _thinned(x, y)
    return [_point(a, b) for a, b in zip(x[kept].tolist(), y[kept].tolist(), strict=True)]


def roc_over_folds(
    outcome: NDArray[np.int8], probability: Floats, fold: NDArray[np.int64]
) -> list[dict[str, float]]:
    """Mean ROC curve of the test folds with both outcomes, at each false positive rate.

    Parameters
    ----------
    outcome : shape (n,)
    probability, fold : shape (repeats, n)

    Returns
    -------
    Corners of the mean curve, which jumps where a fold's curve does; the area below is the mean of
    the areas within folds, exactly where the folds have few different rates and to 0.001 otherwise.
    Empty where no fold has both outcomes.
    """
    event = outcome == 1
    found = [
        _corners(event[rows], scores[rows])
        for scores, folds in zip(probability, fold, strict=True)
        for rows in (folds == k for k in np.unique(folds))
        if 0 < event[rows].sum() < rows.sum()
    ]
    if not found:
        return []
    at = np.unique(np.concatenate([x for x, _ in found]).round(12))
    if at.size > ROC_POINTS // 2:
        at = np.linspace(0.0, 1.0, ROC_POINTS // 2 + 1)
    left = np.mean([_height(x, y, at, "left") for x, y in found], axis=0)
    right = np.mean([_height(x, y, at, "right") for x, y in found], axis=0)
    points = []
    for x, low, high in zip(at.tolist(), left.tolist(), right.tolist(), strict=True):
        points.append(_point(x, low))
        if high > low:
            points.append(_point(x, high))
    return points


def _point(x: float, y: float) -> dict[str, float]:
    return {"false_positive_rate": x, "true_positive_rate": y}


def _corners(event: Flags, score: Floats) -> tuple[Floats, Floats]:
    """False and true positive rates from (0, 0) to (1, 1), where the curve turns; ties slope."""
    order = np.argsort(-score, kind="stable")
    last = np.r_[np.diff(score[order]) != 0.0, True]
    true = np.r_[0, event[order].cumsum()[last]]
    false = np.r_[0, (~event)[order].cumsum()[last]]
    step = np.diff(false), np.diff(true)
    straight = step[0][1:] * step[1][:-1] == step[0][:-1] * step[1][1:]
    keep = np.r_[True, ~straight, True]
    return false[keep] / false[-1], true[keep] / true[-1]


def _height(x: Floats, y: Floats, at: Floats, side: str) -> Floats:
    """Height of a curve with upright pieces, to the left or the right of some places."""
    x = x.round(12)
    # The curve's last point at or before a place, and its first one at or after.
    if side == "right":
        before = np.searchsorted(x, at, side="right") - 1
        after = np.minimum(before + 1, x.size - 1)
    else:
        after = np.searchsorted(x, at, side="left")
        before = np.maximum(after - 1, 0)
    gap = x[after] - x[before]
    share = np.divide(at - x[before], gap, out=np.zeros_like(at), where=gap > 0.0)
    return np.asarray(y[before] + share * (y[after] - y[before]))


def _thinned(x: Floats, y: Floats) -> NDArray[np.intp]:
    """Positions of at most `ROC_POINTS` corners, evenly along the curve."""
    if x.size <= ROC_POINTS:
        return np.arange(x.size)
    along = (x + y) / 2.0
    wanted = np.linspace(0.0, 1.0, ROC_POINTS)
    return np.unique(np.searchsorted(along, wanted - 1e-12))


def calibration_band(
    outcome: NDArray[np.int8], probability: Floats, count: NDArray[np.int32]
) -> list[dict[str, float | None]]:
    """Smooth calibration curve with a band, from the lowest to the highest prediction.

    Parameters
    ----------
    outcome, probability : shape (n,)
    count : shape (draws, n)
        How often each row stands in each bootstrap sample.

    Returns
    -------
    Rows with ``predicted``, ``observed``, ``low`` and ``high``, cut to 0 to 1; the band is None
    where fewer than half of the samples have predictions on both sides. One row if all predictions
    are equal.
    """
    curve = calibration_curve(outcome, probability)
    points = curve.points(CALIBRATION_POINTS)
    at = np.array([row["predicted"] for row in points], dtype=np.float64)
    position, member = _neighbours(probability)
    times = count.astype(np.float64)
    size = _summed(times, member, position.size)
    events = _summed(times * (outcome == 1), member, position.size)
    share = np.divide(events, size, out=np.zeros_like(size), where=size > 0.0)
    fitted = lowess_batch(
        np.broadcast_to(position, size.shape), share, size.round().astype(np.int64)
    )
    drawn = np.full((len(count), at.size), np.nan)
    for b, line in enumerate(fitted):
        there = ~np.isnan(line)
        inside = (at >= position[there][0] - 1e-12) & (at <= position[there][-1] + 1e-12)
        within = np.clip(at[inside], position[there][0], position[there][-1])
        drawn[b, inside] = between(within, position[there], line[there])
    enough = (~np.isnan(drawn)).mean(axis=0) >= _FEWEST_DEFINED
    low, high = np.full(at.size, np.nan), np.full(at.size, np.nan)
    if enough.any():
        tails = [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0]
        low[enough], high[enough] = np.nanquantile(drawn[:, enough], tails, axis=0)
    observed = np.array([row["smooth"] for row in points], dtype=np.float64)
    return [
        {
            "predicted": float(at[i]),
            "observed": _within(observed[i]),
            "low": _within(low[i]) if enough[i] else None,
            "high": _within(high[i]) if enough[i] else None,
        }
        for i in range(at.size)
    ]


def _within(value: float) -> float:
    return float(min(max(value, 0.0), 1.0))


def _neighbours(probability: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Positions at which a curve is fitted, and the one of each row."""
    position, member = np.unique(probability, return_inverse=True)
    if position.size <= _MOST_ROWS:
        return position, member
    order = np.argsort(probability, kind="stable")
    member = np.empty(probability.size, dtype=np.intp)
    member[order] = np.arange(probability.size) * _GROUPS // probability.size
    size = np.bincount(member, minlength=_GROUPS)
    return np.bincount(member, probability, minlength=_GROUPS) / size, member


def _summed(values: Floats, member: NDArray[np.intp], groups: int) -> Floats:
    """Sums over the rows of each group, shape (draws, groups)."""
    indicator = np.zeros((member.size, groups))
    indicator[np.arange(member.size), member] = 1.0
    return np.asarray(values @ indicator)


def histogram(
    outcome: NDArray[np.int8],
    probability: Floats,
    person: NDArray[np.int64] | None,
    cell_size: int,
) -> list[dict[str, float | int | None]]:
    """Distribution of the predictions by outcome, in bins wide enough to hold no small count.

    Bins of 0.05 are joined until each holds no, or at least ``cell_size``, people of either
    outcome, and nobody or at least as many of both.

    Returns
    -------
    Rows with ``low``, ``high``, ``events`` and ``others``; a count is None where even all rows
    together have too few people.
    """
    place = np.minimum((probability * _BINS).astype(np.int64), _BINS - 1)
    event = outcome == 1
    edges = [int(place.min())]
    for end in range(edges[0] + 1, int(place.max()) + 2):
        if _large(event, (place >= edges[-1]) & (place < end), person, cell_size):
            edges.append(end)
    last = int(place.max()) + 1
    if edges[-1] != last:
        edges.append(last)
    while len(edges) > 2:
        tail = (place >= edges[-2]) & (place < last)
        if _large(event, tail, person, cell_size):
            break
        edges.pop(-2)
    rows: list[dict[str, float | int | None]] = []
    for start, end in pairwise(edges):
        inside = (place >= start) & (place < end)
        row: dict[str, float | int | None] = {"low": start / _BINS, "high": end / _BINS}
        for name, who in (("events", event), ("others", ~event)):
            small = 0 < people(inside & who, person) < cell_size
            row[name] = None if small else int((inside & who).sum())
        rows.append(row)
    return rows


def _large(event: Flags, inside: Flags, person: NDArray[np.int64] | None, cell_size: int) -> bool:
    counts = [people(inside & who, person) for who in (event, ~event)]
    return all(n == 0 or n >= cell_size for n in counts)


def decision_band(
    outcome: NDArray[np.int8],
    probability: Floats,
    count: NDArray[np.int32],
    thresholds: Sequence[float],
) -> list[dict[str, float | None]]:
    """Decision curve with a band.

    Parameters
    ----------
    outcome, probability : shape (n,)
    count : shape (draws, n)
        How often each row stands in each bootstrap sample.
    thresholds
        Beside 1% to 99%.

    Returns
    -------
    Rows with ``threshold``, ``model``, ``model_low``, ``model_high`` and ``treat_all``, and with
    ``difference``, ``difference_low`` and ``difference_high``: the net benefit of the model less
    that of acting in everybody or in nobody, whichever is better in the cohort, paired in every
    sample.
    """
    at = sorted({*PERCENTS, *(round(t, 12) for t in thresholds)})
    found = net_benefit(outcome, probability, at)
    odds = np.array([row.threshold / (1.0 - row.threshold) for row in found.rows])
    cut = np.array([row.threshold for row in found.rows])
    gain = np.where(outcome[:, None] == 1, 1.0, -odds) * (probability[:, None] >= cut)
    drawn = count.astype(np.float64)
    benefit = (drawn @ gain) / drawn.sum(axis=1, keepdims=True)
    # Acting in everybody, where that is the better of the two; acting in nobody gains nothing.
    everybody = np.where(outcome[:, None] == 1, 1.0, -odds)
    better = everybody * (everybody.mean(axis=0) > 0.0)
    default = (drawn @ better) / drawn.sum(axis=1, keepdims=True)
    tails = [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0]
    low, high = np.quantile(benefit, tails, axis=0).tolist()
    difference = (gain - better).mean(axis=0).tolist()
    least, most = np.quantile(benefit - default, tails, axis=0).tolist()
    return [
        {
            "threshold": row.threshold,
            "model": row.model,
            "model_low": low[i],
            "model_high": high[i],
            "treat_all": row.treat_all,
            "difference": difference[i],
            "difference_low": least[i],
            "difference_high": most[i],
        }
        for i, row in enumerate(found.rows)
    ]
