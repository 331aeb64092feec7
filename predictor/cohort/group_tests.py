"""Tests of a baseline variable over groups of patients, such as the states of the outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.paired_tests import Compared

_Array = NDArray[np.float64]

_MOST_TABLES = 200_000


def kruskal_wallis(groups: Sequence[_Array]) -> Compared:
    """Kruskal and Wallis's test on numbers, one array a group; nothing may be missing."""
    from scipy.stats import kruskal

    name = "Kruskal-Wallis"
    present = [group for group in groups if len(group)]
    if len(present) < 2:
        return Compared(name, None, "fewer than two groups have values")
    if np.ptp(np.concatenate(present)) == 0:
        return Compared(name, None, "all values are equal")
    return Compared(name, float(kruskal(*present).pvalue))


def independence(counts: Sequence[int], sizes: Sequence[int]) -> Compared:
    """Whether a share differs between groups.

    The exact test of Fisher, Freeman and Halton where its tables can be enumerated, Pearson's
    chi-square (without correction) beyond.

    Parameters
    ----------
    counts
        Patients with the finding in each group.
    sizes
        Patients in each group.

    Examples
    --------
    >>> round(independence([3, 0], [3, 3]).p_value, 9)  # 1 of 20 tables at each end
    0.1
    """
    filled = [(count, size) for count, size in zip(counts, sizes, strict=True) if size]
    total, n = sum(count for count, _ in filled), sum(size for _, size in filled)
    name = "Fisher-Freeman-Halton exact"
    if len(filled) < 2:
        return Compared(name, None, "fewer than two groups have values")
    if total in (0, n):
        return Compared(name, None, "all values are equal")
    tables = math.prod(min(size, total) + 1 for _, size in filled[:-1])
    if tables > _MOST_TABLES:
        return _chi_square(filled, total / n)
    return Compared(name, _exact(filled, total))


def _exact(filled: Sequence[tuple[int, int]], total: int) -> float:
    """Sum of the probabilities of all tables no more probable than the one seen."""
    # log-weight of a partial table by its count so far, built one group at a time
    logs, used = np.zeros(1), np.zeros(1, dtype=np.int64)
    for _, size in filled[:-1]:
        own = np.arange(min(size, total) + 1)
        logs = (logs[:, None] + _log_choose(size, own)[None, :]).ravel()
        used = (used[:, None] + own[None, :]).ravel()
        logs, used = logs[used <= total], used[used <= total]
    last = filled[-1][1]
    rest = total - used
    fits = rest <= last
    logs = logs[fits] + _log_choose(last, rest[fits])
    seen = sum(float(_log_choose(size, np.array([count]))[0]) for count, size in filled)
    weights = np.exp(logs - logs.max())
    # equal tables must count as equal whatever the rounding
    return float(min(1.0, weights[logs <= seen + 1e-7].sum() / weights.sum()))


def _log_choose(n: int, k: NDArray[np.int64]) -> _Array:
    from scipy.special import gammaln

    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _chi_square(filled: Sequence[tuple[int, int]], share: float) -> Compared:
    from scipy.stats import chi2

    statistic = sum(
        (count - size * share) ** 2 / (size * share * (1 - share)) for count, size in filled
    )
    return Compared("chi-square", float(chi2.sf(statistic, len(filled) - 1)))
