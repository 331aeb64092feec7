"""Locally weighted straight lines: lowess of Cleveland (J Am Stat Assoc 1979;74:829-836).

The numbers are those of R's ``stats::lowess(x, y, f, iter = 0, delta = 0)``, ties included: a
straight line through the nearest ``floor(f n)`` rows (and all that tie with the farthest),
weighted with the tricube of distance over bandwidth; rows within 0.001 of the bandwidth count
fully, rows beyond 0.999 of it not at all, and a constant is fitted where the weighted standard
deviation of x is at most 0.001 of its range.

Up to `LONGEST_DIRECT` rows every pair of rows is compared. Above, sums of powers do the same in
a time that grows as n log n (`predictor.performance.lowess_moments`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.inputs import as_score
from predictor.performance.lowess_moments import Window, moments

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

FRACTION = 2.0 / 3.0
LONGEST_DIRECT = 400
# Numbers in one array of pairwise distances, so that the half dozen alive stay in the cache.
LARGEST_BLOCK = 100_000


def lowess(
    x: ArrayLike, y: ArrayLike, at: ArrayLike | None = None, fraction: float = FRACTION
) -> Floats:
    """Smooth y along x, without robustness iterations.

    Parameters
    ----------
    x : shape (n,)
        Position of each row, finite, in any order; ties are allowed.
    y : shape (n,)
        What is smoothed, finite; for a calibration curve the outcome.
    at : shape (m,), optional
        Positions within the range of x at which the curve is wanted instead; linear between the
        fitted values.
    fraction
        Share of the rows that each line is fitted to, above 0 and at most 1.

    Returns
    -------
    shape (n,) or (m,)
        In the order of x, or of ``at``. For an outcome of 0 and 1 it may lie slightly outside.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or infinite, ``at`` leaves the range of x or the
        fraction its own.

    Examples
    --------
    >>> [round(float(v), 4) for v in lowess([1, 2, 3, 4, 5], [0, 0, 1, 1, 1], fraction=1)]
    [-0.1277, 0.2995, 0.7137, 0.9344, 1.0912]
    """
    positions = _finite(x, "x")
    responses = _finite(y, "y")
    if responses.shape != positions.shape:
        raise ValueError(f"y has shape {responses.shape}, but {positions.shape} was expected")
    sample = np.ones((1, positions.size), np.int64)
    fitted: Floats = lowess_batch(positions[None], responses, sample, fraction)[0]
    if at is None:
        return fitted
    wanted = _finite(at, "at")
    order = np.argsort(positions, kind="stable")
    low, high = positions[order[0]], positions[order[-1]]
    if ((wanted < low) | (wanted > high)).any():
        raise ValueError("at must lie within the range of x; a lowess does not extrapolate")
    return between(wanted, positions[order], fitted[order])


def lowess_batch(
    x: ArrayLike, y: ArrayLike, count: ArrayLike, fraction: float = FRACTION
) -> Floats:
    """Lowess of many weighted samples of the same patients at once.

    Each row of the result equals `lowess` of the sample in which every patient stands ``count``
    times.

    Parameters
    ----------
    x : shape (B, n)
        Positions, one sample a row. A row with a missing or infinite position is not smoothed.
    y : shape (n,) or (B, n)
        What is smoothed.
    count : shape (B, n)
        How often each patient is in the sample, whole numbers; 0 = absent.
    fraction
        Share of the rows that each line is fitted to, above 0 and at most 1.

    Returns
    -------
    shape (B, n)
        NaN for absent patients and in rows that are not smoothed.

    Raises
    ------
    ValueError
        If shapes differ, y has missing values, a count is negative or no whole number or the
        fraction is out of its range.

    Notes
    -----
    Beyond a few arrays of the size of the result, memory is that of one sample: at most 25
    numbers for each of its patients.

    Examples
    --------
    >>> lowess_batch([[0.1, 0.2, 0.9]], [0, 1, 1], [[1, 0, 2]]).round(6).tolist()
    [[0.0, nan, 1.0]]
    """
    positions = np.asarray(x, dtype=np.float64)
    if positions.ndim != 2 or positions.shape[1] == 0:
        raise ValueError("x must have shape (samples, patients)")
    if not 0.0 < fraction <= 1.0:
        raise ValueError("fraction must lie above 0 and not above 1")
    shape = positions.shape
    responses = _responses(y, shape)
    times = _times(count, shape)
    fitted = np.full(shape, np.nan)
    usable = np.isfinite(positions).all(axis=1) & (times.sum(axis=1) > 0)
    direct = shape[1] <= LONGEST_DIRECT
    block = max(1, LARGEST_BLOCK // shape[1] ** 2) if direct else 1
    chosen = np.flatnonzero(usable)
    for start in range(0, chosen.size, block):
        rows = chosen[start : start + block]
        order = np.argsort(positions[rows], axis=1, kind="stable")
        lines = (_direct if direct else _fast)(
            np.take_along_axis(positions[rows], order, axis=1),
            np.take_along_axis(responses[rows], order, axis=1),
            np.take_along_axis(times[rows], order, axis=1),
            fraction,
        )
        smooth = np.empty(order.shape)
        np.put_along_axis(smooth, order, lines, axis=1)
        fitted[rows] = np.where(times[rows] > 0, smooth, np.nan)
    return fitted


def between(at: Floats, x: Floats, y: Floats) -> Floats:
    """Linear between the points of a curve whose positions increase; ``at`` within their range.

    Unlike `numpy.interp` it forms no slope, which overflows for positions a hair apart.
    """
    right = np.clip(np.searchsorted(x, at, side="left"), 0, x.size - 1)
    left = np.maximum(right - 1, 0)
    gap = x[right] - x[left]
    share = np.divide(at - x[left], gap, out=np.ones_like(gap), where=gap > 0.0)
    return np.asarray((1.0 - share) * y[left] + share * y[right])


def _direct(x: Floats, y: Floats, count: Counts, fraction: float) -> Floats:
    """Every pair of rows; x increasing, shapes (b, n)."""
    reach = _bandwidths(x, count, fraction)[:, :, None]
    offset = x[:, None, :] - x[:, :, None]
    distance = np.abs(offset)
    near = np.minimum(distance, reach)
    ratio = np.divide(near, reach, out=np.zeros_like(near), where=reach > 0.0)
    weight = 1.0 - ratio * ratio * ratio
    weight *= weight * weight
    weight[distance > 0.999 * reach] = 0.0
    weight[distance <= 0.001 * reach] = 1.0
    weight *= count[:, None, :]
    columns = np.stack((np.ones_like(y), y), axis=2)
    zeroth = weight @ columns
    weight *= offset
    first = weight @ columns
    weight *= offset
    return _line(
        np.stack((zeroth[..., 0], first[..., 0], weight.sum(axis=2))),
        np.stack((zeroth[..., 1], first[..., 1])),
        _range(x, count),
    )


def _fast(x: Floats, y: Floats, count: Counts, fraction: float) -> Floats:
    """One sample by sums of powers; x increasing, shapes (1, n)."""
    rows = np.flatnonzero(count[0])
    starts = np.flatnonzero(np.r_[True, np.diff(x[0, rows]) > 0.0])
    distinct = x[0, rows][starts]
    times = np.add.reduceat(count[0, rows], starts)
    total = np.add.reduceat(count[0, rows] * y[0, rows], starts)
    reach = _bandwidths(distinct[None], times[None], fraction)[0]
    of_x, of_y = moments(Window(distinct, times.astype(np.float64), total, reach))
    lines = _line(of_x, of_y, distinct[-1] - distinct[0])
    smooth = np.full(x.shape, np.nan)
    smooth[0, rows] = np.repeat(lines, np.diff(np.r_[starts, rows.size]))
    return smooth


def _bandwidths(x: Floats, count: Counts, fraction: float) -> Floats:
    """Distance of each x to the farthest of its nearest rows, shape (b, n).

    x increases along rows. The nearest rows are a window of fixed length in the expanded sample;
    it moves right while its left end is farther away than the row it would gain.
    """
    last = count.sum(axis=1)
    nearest = np.maximum(2, np.floor(fraction * last + 1e-7).astype(np.int64))
    nearest = np.minimum(nearest, last)
    expanded = np.repeat(x.ravel(), count.ravel())
    begin = (np.cumsum(last) - last)[:, None]
    size = nearest[:, None]
    low = np.zeros(x.shape, np.int64)
    high = np.broadcast_to((last - nearest)[:, None], x.shape).copy()
    while (low < high).any():
        middle = (low + high) // 2
        # Where low = high the middle may be the last window, which has no row to gain.
        left = expanded[begin + middle]
        gained = expanded[np.minimum(begin + middle + size, expanded.size - 1)]
        moves = (low < high) & (x - left > gained - x)
        high = np.where(moves | (low >= high), high, middle)
        low = np.where(moves, middle + 1, low)
    farthest = np.maximum(x - expanded[begin + low], expanded[begin + low + size - 1] - x)
    return np.asarray(farthest)


def _line(of_x: Floats, of_y: Floats, spread: Floats) -> Floats:
    """Weighted straight line at the origin of its offsets, a constant where x hardly varies."""
    weight, first, second = of_x
    # Patients who are absent may see no row within their reach.
    weight = np.where(weight > 0.0, weight, 1.0)
    mean = first / weight
    variance = second / weight - mean * mean
    level = of_y[0] / weight
    varies = np.sqrt(np.maximum(variance, 0.0)) > 0.001 * spread
    covariance = of_y[1] / weight - mean * level
    slope = np.divide(covariance, variance, out=np.zeros_like(level), where=varies)
    return np.asarray(level - slope * mean)


def _range(x: Floats, count: Counts) -> Floats:
    """Range of x over the patients who are present, shape (b, 1)."""
    present = count > 0
    low = np.where(present, x, np.inf).min(axis=1, keepdims=True)
    high = np.where(present, x, -np.inf).max(axis=1, keepdims=True)
    return np.asarray(high - low)


def _finite(values: ArrayLike, name: str) -> Floats:
    shape = np.shape(values)
    if len(shape) != 1 or shape[0] == 0:
        raise ValueError(f"{name} must be one column with at least one row")
    numbers = as_score(values, shape, name)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be finite")
    return numbers


def _responses(y: ArrayLike, shape: tuple[int, ...]) -> Floats:
    responses = np.asarray(y, dtype=np.float64)
    if responses.shape not in {shape, shape[1:]}:
        raise ValueError(f"y has shape {responses.shape}, but {shape[1:]} or {shape} was expected")
    if not np.isfinite(responses).all():
        raise ValueError("y contains missing or infinite values")
    return np.broadcast_to(responses, shape)


def _times(count: ArrayLike, shape: tuple[int, ...]) -> Counts:
    times = np.asarray(count)
    if times.shape != shape:
        raise ValueError(f"count has shape {times.shape}, but {shape} was expected")
    if not np.issubdtype(times.dtype, np.integer):
        numbers = as_score(times, shape, "count")
        if (numbers != np.floor(numbers)).any() or np.isinf(numbers).any():
            raise ValueError("count must consist of whole numbers, none negative")
    whole = times.astype(np.int64, copy=False)
    if (whole < 0).any():
        raise ValueError("count must consist of whole numbers, none negative")
    return whole
