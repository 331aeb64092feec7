"""Locally weighted straight lines: lowess of Cleveland (J Am Stat Assoc 1979;74:829-836).

The same numbers as R's ``stats::lowess(x, y, f, iter = 0, delta = 0)``, ties included.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def local_lines(x: Floats, count: Floats, total: Floats, fraction: float) -> Floats:
    """Fitted value at each of the distinct, increasing ``x``.

    Parameters
    ----------
    x : shape (m,)
        Distinct values in increasing order.
    count : shape (m,)
        Rows at each value, whole numbers of at least 1.
    total : shape (m,)
        Sum of the response over these rows.
    fraction
        Share of the rows that each line is fitted to.
    """
    reach = bandwidths(x, count, fraction)
    fitted = np.empty(x.size)
    block = max(1, 250_000 // x.size)
    for start in range(0, x.size, block):
        at = slice(start, start + block)
        offset = x[None, :] - x[at, None]
        distance, h = np.abs(offset), reach[at, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            kernel = (1.0 - (distance / h) ** 3) ** 3
        kernel[distance > 0.999 * h] = 0.0
        kernel[distance <= 0.001 * h] = 1.0
        weight = kernel * count
        moments = [weight.sum(axis=1), (weight * offset).sum(axis=1)]
        moments += [(weight * offset**2).sum(axis=1), kernel @ total]
        moments += [(kernel * offset) @ total]
        fitted[at] = solved(np.stack(moments), float(x[-1] - x[0]))
    return fitted


def bandwidths(x: Floats, count: Floats, fraction: float) -> Floats:
    """Distance to the farthest of the nearest rows, for each distinct value."""
    ends = np.cumsum(count).astype(np.int64)
    n = int(ends[-1])
    nearest = max(2, min(n, int(fraction * n + 1e-7)))
    rows = np.repeat(x, count.astype(np.int64))
    # The window moves right while its left end is farther than the row it would gain.
    moves = np.searchsorted(rows[: n - nearest] + rows[nearest:], 2.0 * x, side="left")
    return np.maximum(x - rows[moves], rows[np.minimum(moves + nearest, n) - 1] - x)


def solved(moments: Floats, spread: float) -> Floats:
    """Value of the weighted straight line at the origin of its offsets."""
    weight, first, second, response, product = moments
    mean = first / weight
    variance = second / weight - mean**2
    level = response / weight
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (product / weight - mean * level) / variance
    # Where the points hardly differ, R fits a constant.
    return np.where(
        np.sqrt(np.maximum(variance, 0.0)) > 0.001 * spread, level - slope * mean, level
    )
