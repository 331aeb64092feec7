"""How large a change is, with its interval: after less before, in the same patients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

LEVEL = 0.95
_ALL_PAIRS_UP_TO = 1500


@dataclass(frozen=True, slots=True)
class Effect:
    """Size of a change.

    Parameters
    ----------
    name
        What it is: ``risk difference``, ``mean difference`` or ``Hodges-Lehmann estimate``.
    value
        After less before, in the unit of the variable; a risk difference between -1 and 1.
    low, high
        Interval; None where it is not defined.
    method
        Name of the interval.
    level
        Confidence level.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    method: str
    level: float = LEVEL

    def to_dict(self) -> dict[str, object]:
        """Return the effect as JSON data."""
        return {
            "name": self.name,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "method": self.method,
            "level": self.level,
        }


def risk_difference(both: int, gone: int, new: int, neither: int) -> Effect:
    """Difference of two paired proportions with Newcombe's square-and-add interval.

    Method 10 of Newcombe (Stat Med 1998;17:2635): Wilson's intervals of the two proportions,
    joined with the correlation of the table, which is corrected for continuity.

    Parameters
    ----------
    both, gone, new, neither
        Patients with the finding before and after, before only, after only, never.

    Examples
    --------
    Complete response before and after consolidation, Fagerland, Lydersen and Laake, Statistical
    Analysis of Contingency Tables (2017), chapter 8 (signs reversed, which are before less after):

    >>> found = risk_difference(59, 6, 16, 80)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.0621, 0.0046, 0.1186)
    """
    n = both + gone + new + neither
    before, after = (both + gone) / n, (both + new) / n
    before_low, before_high = _wilson(both + gone, n)
    after_low, after_high = _wilson(both + new, n)
    margins = (both + gone) * (new + neither) * (both + new) * (gone + neither)
    product = float(both * neither - gone * new)
    if product > 0:
        product = max(product - n / 2, 0.0)
    phi = product / math.sqrt(margins) if margins else 0.0

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(a**2 + b**2 - 2 * phi * a * b, 0.0))

    value = after - before
    low = value - reach(after - after_low, before_high - before)
    high = value + reach(after_high - after, before - before_low)
    return Effect(
        "risk difference", value, max(low, -1.0), min(high, 1.0), "Newcombe square-and-add"
    )


def mean_difference(change: _Array) -> Effect:
    """Mean of the differences, shape (pairs,), with Student's interval."""
    from scipy.stats import t

    n = len(change)
    value = float(np.mean(change))
    if n < 2 or np.ptp(change) == 0:
        return Effect("mean difference", value, None, None, "Student t")
    reach = float(t.ppf(0.5 + LEVEL / 2, n - 1) * np.std(change, ddof=1) / math.sqrt(n))
    return Effect("mean difference", value, value - reach, value + reach, "Student t")


def hodges_lehmann(change: _Array) -> Effect:
    """Median of the means of all pairs of differences, with the interval that belongs to it.

    The ends are the means of pairs that the signed-rank test at this level does not reject
    (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, section 3.3): exact where
    there are no ties, careful where there are. All pairs are kept, those without change too.

    Parameters
    ----------
    change
        Shape (pairs,).
    """
    n = len(change)
    pairs = n * (n + 1) // 2
    middle = (_walsh(change, (pairs + 1) // 2) + _walsh(change, pairs // 2 + 1)) / 2
    name, method = "Hodges-Lehmann estimate", "signed-rank (Hollander-Wolfe)"
    rank = _rank_of_end(n)
    if rank < 1:
        return Effect(name, middle, None, None, method)
    return Effect(name, middle, _walsh(change, rank), _walsh(change, pairs + 1 - rank), method)


def _rank_of_end(n: int) -> int:
    """Which of the ordered means is the lower end: the largest k with P(V <= k - 1) <= 2.5%."""
    tail = (1 - LEVEL) / 2
    if n > 60:  # as good as exact by then
        spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return math.floor(n * (n + 1) / 4 - NormalDist().inv_cdf(1 - tail) * spread)
    probability = np.ones(1)
    for rank in range(1, n + 1):
        longer = np.zeros(len(probability) + rank)
        longer[: len(probability)] += probability / 2
        longer[rank:] += probability / 2
        probability = longer
    return int(np.searchsorted(np.cumsum(probability), tail, side="right"))


def _walsh(change: _Array, rank: int) -> float:
    """The mean of a pair (an element paired with itself included) of the given rank from 1."""
    n = len(change)
    if n <= _ALL_PAIRS_UP_TO:
        i, j = np.triu_indices(n)
        means = (change[i] + change[j]) / 2
        return float(np.partition(means, rank - 1)[rank - 1])
    # Half a million million pairs do not fit: bisect on the count of those below a value.
    ordered = np.sort(change)
    low, high = float(ordered[0]), float(ordered[-1])
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return high
        below = np.searchsorted(ordered, 2 * middle - ordered, side="right").sum()
        alone = np.searchsorted(ordered, middle, side="right")
        if (below + alone) // 2 >= rank:
            high = middle
        else:
            low = middle


def _wilson(count: int, n: int) -> tuple[float, float]:
    """Wilson's score interval of a proportion."""
    z2 = NormalDist().inv_cdf(0.5 + LEVEL / 2) ** 2
    share = count / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    return centre - reach, centre + reach
