"""Tests of one finding before against after, in the same patients.

The three that the study names are here as SPSS, which it used, computes them: exact McNemar,
paired t, and Wilcoxon's signed-rank test by its normal approximation (zeros left out, variance
corrected for ties, no correction for continuity). Beside them stand the two that small samples
deserve: mid-p McNemar, and Wilcoxon by its exact distribution given the ties.

What cannot be tested gives no p and says why; it is never a NaN or a library's warning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.paired_effects import Effect

_Array = NDArray[np.float64]

EXACT_UP_TO = 50
"""Most pairs for which the exact distribution of the signed-rank statistic is used."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Result of a test.

    Parameters
    ----------
    test
        Name of the test; None where none applies.
    p_value
        Two-sided; None where it is not defined.
    reason
        Why there is no p; None where there is one.
    effect
        Size of the change with its interval, where it was asked for.
    """

    test: str | None
    p_value: float | None
    reason: str | None = None
    effect: Effect | None = None


def exact_mcnemar(gone: int, new: int) -> Compared:
    """McNemar's test by the binomial distribution of the discordant pairs.

    Parameters
    ----------
    gone
        Patients with the finding before only.
    new
        Patients with the finding after only.

    Examples
    --------
    >>> round(exact_mcnemar(10, 0).p_value, 3)
    0.002
    """
    from scipy.stats import binomtest

    name = "exact McNemar"
    if gone + new == 0:
        return Compared(name, None, "no patient changed")
    return Compared(name, float(min(1.0, binomtest(gone, gone + new).pvalue)))


def midp_mcnemar(gone: int, new: int) -> Compared:
    """McNemar's test with the mid-p value: half the probability of what was seen is left out.

    Recommended for small samples over the exact test, which is too careful (Fagerland, Lydersen
    and Laake, BMC Med Res Methodol 2013;13:91).
    """
    from scipy.stats import binom

    name = "mid-p McNemar"
    if gone + new == 0:
        return Compared(name, None, "no patient changed")
    smaller, pairs = min(gone, new), gone + new
    below = 2 * binom.cdf(smaller, pairs, 0.5)
    return Compared(name, float(min(1.0, below - binom.pmf(smaller, pairs, 0.5))))


def paired_t(before: _Array, after: _Array) -> Compared:
    """Student's t test of the differences, shape (pairs,) each; nothing may be missing."""
    from scipy.stats import ttest_rel

    name = "paired t"
    change = differences(before, after)
    reason = _untestable(change)
    if reason is None and np.ptp(change) == 0:
        reason = "all patients changed by the same amount"
    if reason is not None:
        return Compared(name, None, reason)
    return Compared(name, _proper(float(ttest_rel(before, after).pvalue)))


def signed_rank(before: _Array, after: _Array, *, exact: bool = False) -> Compared:
    """Wilcoxon's signed-rank test, pairs without change left out.

    Parameters
    ----------
    before, after
        Shape (pairs,); nothing may be missing.
    exact
        By the exact distribution given the ties, for at most ``EXACT_UP_TO`` changed pairs;
        otherwise, and beyond, by the normal approximation.
    """
    from scipy.stats import wilcoxon

    change = differences(before, after)
    changed = change[change != 0]
    exact = exact and len(changed) <= EXACT_UP_TO
    name = "exact Wilcoxon signed-rank" if exact else "Wilcoxon signed-rank"
    reason = _untestable(change)
    if reason is not None:
        return Compared(name, None, reason)
    if exact:
        return Compared(name, _exact_signed_rank(changed))
    found = wilcoxon(changed, zero_method="wilcox", correction=False, method="approx")
    return Compared(name, _proper(float(found.pvalue)))


def differences(before: _Array, after: _Array) -> _Array:
    """After less before, with equal differences made equal.

    In binary arithmetic 0.3 - 0.1 and 0.2 - 0.0 differ in the last digit, which would break ties
    and miss zeros; differences are rounded to ten digits of the largest value.
    """
    largest = float(max(np.max(np.abs(before), initial=0.0), np.max(np.abs(after), initial=0.0)))
    if largest == 0:
        return np.zeros(len(before))
    return np.asarray(np.round(after - before, 9 - math.floor(math.log10(largest))))


def _untestable(change: _Array) -> str | None:
    if len(change) < 2:
        return "fewer than two patients with both values"
    return "no patient changed" if not np.any(change) else None


def _proper(p: float) -> float | None:
    """Guard of last resort: a p that is no number is none."""
    return p if math.isfinite(p) else None


def _exact_signed_rank(changed: _Array) -> float:
    """Two-sided p from the distribution of the rank sum over all signs, midranks as they are."""
    from scipy.stats import rankdata

    doubled = np.rint(2 * rankdata(np.abs(changed))).astype(np.int64)
    probability = np.zeros(int(doubled.sum()) + 1)
    probability[0] = 1.0
    for rank in doubled:
        shifted = np.zeros_like(probability)
        shifted[rank:] = probability[: len(probability) - rank]
        probability = (probability + shifted) / 2
    seen = int(doubled[changed > 0].sum())
    below, above = probability[: seen + 1].sum(), probability[seen:].sum()
    return float(min(1.0, 2 * min(below, above)))
