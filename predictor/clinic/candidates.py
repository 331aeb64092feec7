"""Patients in the order of their probability, cut by a threshold or a budget: arithmetic alone.

Formulas
--------
For a group of ``k`` patients with probabilities ``p_i`` and costs ``c_i``:

- events expected: ``E = sum(p_i)``;
- patients treated per event observed: ``k / E``;
- cost per event observed: ``sum(c_i) / E``;
- interval of ``E``: ``sum(low_i)`` to ``sum(high_i)`` of the patients' own intervals, and of the
  two ratios the same turned over.

What they assume
----------------
- The probabilities are right on average in patients like these (calibrated). Where the model is
  overfitted the highest probabilities are too high, and the chosen group fares worse than ``E``.
- The interval adds up the limits as if all probabilities of the group were too low, or all too
  high, together (comonotone). Errors that are partly independent would make it narrower, so it
  errs on the side of caution. It is about the probabilities, not about chance.
- What chance adds is :func:`chance_range`: outcomes of different patients independent of each
  other, their number a Poisson-binomial variable.
- Doses, courses and prices are known. No event is ascribed to the treatment: an event is counted
  whether or not the treatment caused it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from predictor.performance.estimate import Estimate

TIE = 1e-9
"""Probabilities closer than this are equal: the last digits of a sum depend on its order."""

_EXACT = 2000
"""Patients up to which the distribution of the number of events is computed exactly."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Who is on which side of the cut.

    Parameters
    ----------
    selected
        One for each patient, in the order they were given.
    spent
        Cost of those selected; None without costs.
    next
        Positions of the group at whose rank the budget ended; empty where it did not end.
    next_affordable
        How many patients of that group the rest of the budget would pay for; above 0 only where
        several share the rank, because one who can be paid for is selected.
    """

    selected: tuple[bool, ...]
    spent: float | None
    next: tuple[int, ...] = ()
    next_affordable: int = 0


def tied_groups(probability: Sequence[float]) -> tuple[tuple[int, ...], ...]:
    """Positions by descending probability, those that share a rank together.

    >>> tied_groups([0.2, 0.5, 0.2, 0.9])
    ((3,), (1,), (0, 2))
    """
    order = sorted(range(len(probability)), key=lambda i: -probability[i])
    groups: list[list[int]] = []
    for i in order:
        if groups and probability[groups[-1][-1]] - probability[i] <= TIE:
            groups[-1].append(i)
        else:
            groups.append([i])
    return tuple(tuple(sorted(group)) for group in groups)


def ranks(probability: Sequence[float]) -> tuple[int, ...]:
    """Rank of each patient: 1 for the highest probability; equal ones share the smaller number.

    >>> ranks([0.2, 0.5, 0.2, 0.9])
    (3, 2, 3, 1)
    """
    found = [0] * len(probability)
    before = 0
    for group in tied_groups(probability):
        for i in group:
            found[i] = before + 1
        before += len(group)
    return tuple(found)


def cut(
    probability: Sequence[float],
    *,
    threshold: float | None = None,
    cost: Sequence[float] | None = None,
    budget: float | None = None,
) -> Cut:
    """Select patients from the highest probability downwards.

    Patients who share a rank are selected together or not at all. A budget is spent down the
    order until the next rank cannot be paid for as a whole: nobody is passed over for a lighter,
    cheaper patient further down.

    Parameters
    ----------
    probability
        Of each patient.
    threshold
        Lowest probability that is selected.
    cost
        Of each patient, in the currency of the budget; counted in hundredths.
    budget
        What may be spent.

    Raises
    ------
    ValueError
        If there is a budget without costs.

    Examples
    --------
    >>> cut([0.9, 0.4, 0.6], threshold=0.5).selected
    (True, False, True)
    >>> cut([0.9, 0.4, 0.6], cost=[50, 20, 60], budget=100)
    Cut(selected=(True, False, False), spent=50.0, next=(2,), next_affordable=0)
    """
    if budget is not None and cost is None:
        raise ValueError("a budget needs the cost of each patient")
    cents = None if cost is None else [hundredths(c) for c in cost]
    left = math.inf if budget is None else hundredths(budget)
    selected = [False] * len(probability)
    if threshold is None and budget is None:
        return Cut(tuple(selected), None if cents is None else 0.0)
    ended: tuple[int, ...] = ()
    affordable = 0
    for group in tied_groups(probability):
        if threshold is not None and max(probability[i] for i in group) < threshold:
            break
        needed = 0 if cents is None else sum(cents[i] for i in group)
        if needed > left:
            ended = group
            affordable = _affordable(sorted(cents[i] for i in group) if cents else [], left)
            break
        left -= needed
        for i in group:
            selected[i] = True
    spent = None
    if cents is not None:
        spent = sum(c for c, chosen in zip(cents, selected, strict=True) if chosen) / 100
    return Cut(tuple(selected), spent, ended, affordable)


def hundredths(amount: float) -> int:
    """An amount of money in whole hundredths, so that sums are exact.

    >>> hundredths(0.1) + hundredths(0.2) == hundredths(0.3)
    True
    """
    return round(100 * amount)


def _affordable(cheapest_first: Sequence[int], left: float) -> int:
    count = 0
    for price in cheapest_first:
        left -= price
        if left < 0:
            break
        count += 1
    return count


def expected_events(
    probability: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
) -> Estimate:
    """Events expected in a group, with the limits of the model.

    Parameters
    ----------
    probability, low, high
        Of each patient; None where the model gives no interval, and then the group has none.

    Examples
    --------
    >>> found = expected_events([0.5, 0.25], [0.25, 0.125], [0.75, 0.5])
    >>> found.value, found.low, found.high
    (0.75, 0.375, 1.25)
    """
    lows = [x for x in low if x is not None]
    highs = [x for x in high if x is not None]
    known = len(probability) == len(lows) == len(highs) and len(lows) > 0
    return Estimate(
        math.fsum(probability),
        math.fsum(lows) if known else None,
        math.fsum(highs) if known else None,
    )


def per_event(amount: float, expected: Estimate) -> Estimate | None:
    """An amount, patients or money, for each event expected.

    Returns
    -------
    None where no event is expected. ``high`` is None, and ``low`` is not, where the limits of
    the model do not rule out that there is none.

    Examples
    --------
    >>> per_event(3, Estimate(1.5, 1.0, 2.0))
    Estimate(value=2.0, low=1.5, high=3.0)
    """
    if expected.value <= 0:
        return None
    low = None if not expected.high else amount / expected.high
    high = None if not expected.low else amount / expected.low
    return Estimate(amount / expected.value, low, high)


def chance_range(probability: Sequence[float], level: float = 0.95) -> tuple[int, int]:
    """Numbers of events between which chance alone moves a group, were its probabilities right.

    The central range of the Poisson-binomial distribution, by convolution; above 2,000 patients
    from the normal distribution with its mean and variance and a continuity correction.

    Parameters
    ----------
    probability
        Of each patient.
    level
        Probability of the range, at least.

    Examples
    --------
    >>> chance_range([0.5] * 10)  # as qbinom(c(0.025, 0.975), 10, 0.5) in R
    (2, 8)
    """
    p = np.asarray(probability, dtype=float)
    tail = (1 - level) / 2
    if p.size > _EXACT:
        spread = math.sqrt(float((p * (1 - p)).sum()))
        reach = NormalDist().inv_cdf(1 - tail) * spread
        middle = float(p.sum())
        return (
            max(0, math.floor(middle - reach - 0.5)),
            min(p.size, math.ceil(middle + reach + 0.5)),
        )
    mass = np.ones(1)
    for share in p:
        mass = np.convolve(mass, (1 - share, share))
    below = np.cumsum(mass)
    # The tolerance is for a sum of shares that should be 0.975 and misses it by its last digit.
    ends = np.searchsorted(below, (tail - 1e-12, 1 - tail - 1e-12))
    return int(ends[0]), min(p.size, int(ends[1]))


def undecided(
    probability: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    threshold: float,
) -> int:
    """Number of patients whose interval is not wholly on the side of the threshold where they are.

    It holds the threshold, or, where it is a range that contradicts the probability, lies on the
    other side: the model cannot say which side is right.

    >>> undecided([0.2, 0.4, 0.9], [0.1, 0.3, None], [0.4, 0.5, None], 0.35)
    2
    >>> undecided([0.9, 0.9], [0.1, 0.4], [0.3, 0.6], 0.35)
    1
    """
    return sum(
        (a < threshold if p >= threshold else b >= threshold)
        for p, a, b in zip(probability, low, high, strict=True)
        if a is not None and b is not None
    )
