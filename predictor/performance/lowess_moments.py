"""The sums that a lowess needs, in n log n instead of n squared.

The tricube weight of a row at offset d from the position of interest, with bandwidth h, is a
polynomial in d on either side: (1 - (d/h)^3)^3 = 1 - 3 (d/h)^3 + 3 (d/h)^6 - (d/h)^9. So the
weighted sums of 1, d, d^2, y and d y are combinations of sums of powers of d, and these follow
from cumulative sums of powers of the distance to one fixed centre by moving the origin
(binomial theorem). Moving loses digits if the centre is far away in units of h. Therefore the
positions are cut into runs no longer than a third of the bandwidth, each with its own centre;
every power then stays below 2^11. In trials with positions made to be awkward (clusters 1e-15
wide, spreads over 15 decades) the fitted values were those of all pairs to 1e-9, and to 1e-7 where
a line had a twentieth of the rows. The bandwidth cannot change faster than the position, and with
the two thirds of the rows that are usual here each window holds the median; so the runs grow
geometrically away from it and few suffice, about seven for evenly spread positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Powers needed: up to 9 from the weight, and 2 more for d^2 or 1 more for d y.
POWERS_OF_X = 12
POWERS_OF_Y = 11


@dataclass(frozen=True, slots=True)
class Window:
    """Distinct positions in increasing order with what lies at each; all of shape (m,).

    Parameters
    ----------
    x
        Positions.
    count
        Rows at each position.
    total
        Sum of the responses of these rows.
    reach
        Bandwidth around each position.
    """

    x: Floats
    count: Floats
    total: Floats
    reach: Floats


def moments(window: Window) -> tuple[Floats, Floats]:
    """Weighted sums of 1, d, d^2, shape (3, m), and of y, d y, shape (2, m), at each position."""
    x, reach = window.x, window.reach
    bounds = _bounds(x, reach)
    of_x, of_y = np.empty((3, x.size)), np.empty((2, x.size))
    start = 0
    while start < x.size:
        stop = int(np.searchsorted(x, x[start] + reach[start] / 3.0, side="right"))
        run = slice(start, max(stop, start + 1))
        centre = 0.5 * (x[run.start] + x[run.stop - 1])
        scale = reach[start] if reach[start] > 0.0 else 1.0
        sources = slice(int(bounds[0, run].min()), int(bounds[3, run].max()))
        z = (x[sources] - centre) / scale
        edges = bounds[:, run] - sources.start
        shift = (x[run] - centre) / scale
        ratio = scale / np.where(reach[run] > 0.0, reach[run], 1.0)
        for values, powers, out in (
            (window.count, POWERS_OF_X, of_x),
            (window.total, POWERS_OF_Y, of_y),
        ):
            sums = _cumulative(z, values[sources], powers)
            weighted = _weighted(sums, edges, shift, ratio)
            units = scale ** np.arange(len(out))[:, None]
            out[:, run] = weighted[: len(out)] * units
        start = run.stop
    return of_x, of_y


def _bounds(x: Floats, reach: Floats) -> NDArray[np.intp]:
    """Where rows begin to count, count fully, cease to count fully and cease; shape (4, m)."""
    return np.stack(
        (
            np.searchsorted(x, x - 0.999 * reach, side="left"),
            np.searchsorted(x, x - 0.001 * reach, side="left"),
            np.searchsorted(x, x + 0.001 * reach, side="right"),
            np.searchsorted(x, x + 0.999 * reach, side="right"),
        )
    )


def _cumulative(z: Floats, values: Floats, powers: int) -> Floats:
    """Sums of ``values * z**k`` over all sources before each, shape (powers, sources + 1)."""
    terms = np.empty((powers, z.size + 1))
    terms[:, 0] = 0.0
    terms[0, 1:] = values
    for power in range(1, powers):
        np.multiply(terms[power - 1, 1:], z, out=terms[power, 1:])
    return np.asarray(np.cumsum(terms, axis=1, out=terms))


def _weighted(sums: Floats, edges: NDArray[np.intp], shift: Floats, ratio: Floats) -> Floats:
    """Sums of ``values * weight * offset**k`` for k = 0, 1, ... in units of the run's scale."""
    begin, full, full_end, end = (sums[:, edge] for edge in edges)
    left, right = full - begin, end - full_end
    inner = full_end - full
    both = _moved(left + right, shift)
    difference = _moved(right - left, shift)
    count = len(sums) - 9
    cube = ratio**3
    return np.asarray(
        _moved(inner[:count], shift)
        + both[:count]
        - 3.0 * cube * difference[3 : count + 3]
        + 3.0 * cube**2 * both[6 : count + 6]
        - cube**3 * difference[9 : count + 9]
    )


def _moved(sums: Floats, shift: Floats) -> Floats:
    """Sums of powers about ``shift`` instead of 0, by the binomial theorem step by step.

    After step j row k holds the sum of (z - shift)^j z^(k - j) for k >= j.
    """
    moved = sums.copy()
    for step in range(len(sums) - 1):
        moved[step + 1 :] -= shift * moved[step:-1]
    return moved
