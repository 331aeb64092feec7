"""Performance of many refitted models at once, each on its own bootstrap resample.

A resample is a row of counts: how many times each patient was drawn, 0 for a patient who was left
out. A measure weighted by the counts equals the measure of the patients written out that often,
so the resample itself (its counts), the whole cohort (ones) and the patients left out (1 where
the count is 0) go through the same formulas, for all resamples at once.

Undefined figures are NaN, without a warning: these arrays are raw material, and whoever shows a
figure turns NaN into None. A row whose predictions contain NaN (a refit that failed) gives NaN.
Largest temporary arrays: a few times the size of ``probability``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.inputs import as_outcome

Floats = NDArray[np.float64]


def weighted_auroc(outcome: ArrayLike, score: ArrayLike, count: ArrayLike) -> Floats:
    """AUROC of each row of scores among its patients, ties one half.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    score : shape (B, n)
        Any number that is higher for patients more likely to have the event.
    count : shape (B, n)
        How many times each patient stands in the sample, 0 or more.

    Returns
    -------
    shape (B,)
        NaN where a row has no event or no non-event.

    Raises
    ------
    ValueError
        If shapes differ, an outcome is neither 0 nor 1 or a count is negative or missing.

    Examples
    --------
    >>> weighted_auroc([0, 0, 1, 1], [[0.1, 0.4, 0.35, 0.8]] * 2, [[1, 1, 1, 1], [3, 1, 1, 0]])
    array([0.75, 0.75])
    """
    y, scores, times = as_rows(outcome, score, count, "score")
    order = np.argsort(scores, axis=1)
    ordered = np.take_along_axis(scores, order, axis=1)
    drawn = np.take_along_axis(times, order, axis=1)
    of_events = drawn * y[order]
    of_others = drawn - of_events
    through = np.cumsum(of_others, axis=1)
    below = through - of_others
    first = np.ones(ordered.shape, dtype=bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=first[:, 1:])
    if not first.all():
        # Both sums never fall, so a running maximum (minimum from behind) carries the value at the
        # first (last) patient of a tie over all of it.
        below = np.maximum.accumulate(np.where(first, below, 0.0), axis=1)
        last = np.ones(ordered.shape, dtype=bool)
        last[:, :-1] = first[:, 1:]
        through = np.where(last, through, np.inf)
        through = np.minimum.accumulate(through[:, ::-1], axis=1)[:, ::-1]
    won = (of_events * (below + through)).sum(axis=1) / 2.0
    events = times @ y
    pairs = events * (times.sum(axis=1) - events)
    return _divided(won, np.where(np.isnan(ordered[:, -1]), np.nan, pairs))


def weighted_brier(outcome: ArrayLike, probability: ArrayLike, count: ArrayLike) -> Floats:
    """Brier score of each row; NaN where a row has no patient.

    Parameters, returns and errors as for `weighted_auroc`.

    Examples
    --------
    >>> weighted_brier([0, 1], [[0.5, 0.9], [0.5, 0.9]], [[1, 0], [0, 0]])
    array([0.25,  nan])
    """
    y, p, times = as_rows(outcome, probability, count)
    return _divided(np.einsum("bn,bn->b", times, np.square(p - y)), times.sum(axis=1))


def weighted_scaled_brier(outcome: ArrayLike, probability: ArrayLike, count: ArrayLike) -> Floats:
    """One less the Brier score relative to that of the prevalence in the same row.

    NaN where a row has one class only. Parameters, returns and errors as for `weighted_auroc`.

    Examples
    --------
    >>> weighted_scaled_brier([0, 1], [[0.5, 0.5], [0.0, 1.0]], [[1, 1], [1, 3]])
    array([0., 1.])
    """
    y, p, times = as_rows(outcome, probability, count)
    total = times.sum(axis=1)
    prevalence = _divided(times @ y, total)
    mean = _divided(np.einsum("bn,bn->b", times, np.square(p - y)), total)
    return 1.0 - _divided(mean, prevalence * (1.0 - prevalence))


def weighted_observed_expected(
    outcome: ArrayLike, probability: ArrayLike, count: ArrayLike
) -> Floats:
    """Observed events divided by the sum of the probabilities, in each row.

    NaN where that sum is 0 or the row has one class only, as in
    :func:`predictor.performance.calibration.observed_expected`. Parameters, returns and errors as
    for `weighted_auroc`.

    Examples
    --------
    >>> weighted_observed_expected([0, 1], [[0.5, 0.5]], [[1, 1]])
    array([1.])
    """
    y, p, times = as_rows(outcome, probability, count)
    events = times @ y
    expected = np.einsum("bn,bn->b", times, p)
    mixed = (events > 0.0) & (events < times.sum(axis=1))
    return np.where(mixed, _divided(events, expected), np.nan)


def weighted_net_benefit(
    outcome: ArrayLike, probability: ArrayLike, count: ArrayLike, thresholds: ArrayLike
) -> Floats:
    """Net benefit per patient of each row at each threshold (Vickers and Elkin 2006).

    A patient counts as positive when the probability is at or above the threshold.

    Parameters
    ----------
    outcome, probability, count
        As for `weighted_auroc`.
    thresholds : shape (T,)
        Each strictly between 0 and 1.

    Returns
    -------
    shape (B, T)
        NaN where a row has no patient.

    Raises
    ------
    ValueError
        As for `weighted_auroc`, and if a threshold is not strictly between 0 and 1.

    Examples
    --------
    >>> weighted_net_benefit([0, 1], [[0.3, 0.3]], [[1, 1]], [0.25, 0.5])
    array([[0.33333333, 0.        ]])
    """
    y, p, times = as_rows(outcome, probability, count)
    at = np.asarray(thresholds, dtype=np.float64)
    if at.ndim != 1 or not ((at > 0.0) & (at < 1.0)).all():
        raise ValueError("thresholds must lie strictly between 0 and 1")
    total = np.where(np.isnan(p).any(axis=1), np.nan, times.sum(axis=1))
    of_events = times * y
    of_others = times - of_events
    benefit = np.empty((len(p), at.size))
    # One threshold at a time: an array over resamples, patients and thresholds might not fit.
    for i, threshold in enumerate(at):
        positive = p >= threshold
        true = (of_events * positive).sum(axis=1)
        false = (of_others * positive).sum(axis=1)
        benefit[:, i] = _divided(true - false * threshold / (1.0 - threshold), total)
    return benefit


def as_rows(
    outcome: ArrayLike, score: ArrayLike, count: ArrayLike, name: str = "probability"
) -> tuple[Floats, Floats, Floats]:
    """Outcome (n,), scores (B, n) and counts (B, n) as floats, their shapes checked.

    Raises
    ------
    ValueError
        If shapes differ, an outcome is neither 0 nor 1 or a count is negative or missing.
    """
    y = as_outcome(outcome)
    scores = np.asarray(score, dtype=np.float64)
    times = np.asarray(count, dtype=np.float64)
    if scores.ndim != 2 or scores.shape[1] != y.size:
        raise ValueError(f"{name} has shape {scores.shape}, but (B, {y.size}) was expected")
    if times.shape != scores.shape:
        raise ValueError(f"count has shape {times.shape}, but {scores.shape} was expected")
    if not (times >= 0.0).all():
        raise ValueError("count must be 0 or more for every patient, none missing")
    return y, scores, times


def _divided(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient; NaN where the denominator is 0 or NaN."""
    quotient = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0.0)
    return quotient
