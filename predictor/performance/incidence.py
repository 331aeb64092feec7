"""How many have had the event by when: Kaplan-Meier and Aalen-Johansen, with intervals.

A follow-up ends with the event (1), with a competing event after which it can no longer happen
(2), or unobserved (0, censored). Where events compete, 1 less Kaplan-Meier counts those who died
as if they could still relapse, and is too high; the cumulative incidence of Aalen and Johansen
(Scand J Stat 1978;5:141) is not. Variances: Greenwood, and for cumulative incidence the delta
method (Marubini, Valsecchi 1995, eq. 10.12), which is Greenwood's where nothing competes;
intervals on the scale of log(-log), which stay between 0 and 1 (Choudhury, Stat Med 2002;21:1129).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ends = NDArray[np.integer]

_QUANTILE = 1.959963984540054
_ROUNDING = 1e-12
_FARTHEST = 500.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A share that changes at the times of events.

    Parameters
    ----------
    time : shape (k,)
        Distinct times at which something happened, rising.
    value, low, high : shape (k,)
        From each time on, with the bounds of a 95% interval.
    before
        Before the first time: 0 of an incidence, 1 of survival.
    """

    time: Floats
    value: Floats
    low: Floats
    high: Floats
    before: float

    def at(self, months: float) -> tuple[float, float, float]:
        """Value, low and high at a time."""
        place = int(np.searchsorted(self.time, months, side="right")) - 1
        if place < 0:
            return self.before, self.before, self.before
        return float(self.value[place]), float(self.low[place]), float(self.high[place])


@dataclass(frozen=True, slots=True)
class _Counts:
    time: Floats
    at_risk: Floats
    events: Floats  # shape (2, k): of the event, and of competing ones


def at_risk(months: Floats, at: float) -> int:
    """Patients who are still followed at a time.

    >>> at_risk(np.array([1.0, 6.0, 12.0]), 6.0)
    2
    """
    return int((months >= at).sum())


def survival(months: Floats, ends: Ends) -> Curve:
    """Share without any event: Kaplan-Meier with Greenwood's variance.

    Parameters
    ----------
    months : shape (n,)
        Follow-up.
    ends : shape (n,)
        0 censored, otherwise an event of some kind.

    Examples
    --------
    >>> curve = survival(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 1, 0]))
    >>> curve.at(1.5)[0], curve.at(3.0)[0]
    (0.75, 0.375)
    """
    counts = _counts(months, ends)
    events, risk = counts.events.sum(axis=0), counts.at_risk
    value = np.cumprod(1.0 - events / risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = value * np.sqrt(np.cumsum(events / (risk * (risk - events))))
    low, high = _bounds(value, np.where(value > 0, error, 0.0))
    return Curve(counts.time, value, low, high, 1.0)


def cumulative_incidence(months: Floats, ends: Ends, kind: int = 1) -> Curve:
    """Share with one kind of event by each time: Aalen-Johansen.

    Parameters
    ----------
    months : shape (n,)
        Follow-up.
    ends : shape (n,)
        0 censored, 1 event, 2 competing event.
    kind
        Whose share.

    Examples
    --------
    >>> curve = cumulative_incidence(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 2, 1, 0]))
    >>> curve.at(2.0)[0], curve.at(3.0)[0]
    (0.25, 0.5)
    """
    counts = _counts(months, ends)
    own, every, risk = counts.events[kind - 1], counts.events.sum(axis=0), counts.at_risk
    before = np.concatenate([[1.0], np.cumprod(1.0 - every / risk)[:-1]])
    value = np.cumsum(before * own / risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.where(risk > every, every / (risk * (risk - every)), 0.0)
    of_own = before**2 * (risk - own) / risk**3 * own
    of_both = before * own / risk**2
    # Sums of [F(t) - F(t_j)]^2 g_j and so on over j up to t, written out in powers of F(t).
    first, second = np.cumsum(greenwood), np.cumsum(greenwood * value)
    third = np.cumsum(greenwood * value**2)
    variance = value**2 * first - 2 * value * second + third + np.cumsum(of_own)
    variance -= 2 * (value * np.cumsum(of_both) - np.cumsum(of_both * value))
    low, high = _bounds(value, np.sqrt(np.maximum(variance, 0.0)))
    return Curve(counts.time, value, low, high, 0.0)


def _counts(months: Floats, ends: Ends) -> _Counts:
    time = np.unique(months[ends > 0])
    place = np.searchsorted(time, months)
    events = np.stack(
        [np.bincount(place[ends == kind], minlength=len(time)) for kind in (1, 2)]
    ).astype(np.float64)
    risk = len(months) - np.searchsorted(np.sort(months), time, side="left")
    return _Counts(time, risk.astype(np.float64), events)


def _bounds(share: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Interval of a share on the scale of log(-log); a share of 0 or 1 has none."""
    # A sum that is 1 but for rounding is 1.
    inside = (share > _ROUNDING) & (share < 1 - _ROUNDING)
    safe = np.where(inside, share, 0.5)
    reach = np.where(inside, _QUANTILE * error / np.abs(safe * np.log(safe)), 0.0)
    reach = np.minimum(reach, _FARTHEST)
    low = np.where(inside, safe ** np.exp(reach), share)
    high = np.where(inside, safe ** np.exp(-reach), share)
    return low, high
