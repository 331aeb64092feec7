"""Cumulative incidence and number at risk by month, at months that tell of no few patients.

A curve that steps at every event tells when each patient had it. What is told here stands at whole
months only, and only where enough patients had an event, or left the follow-up, since the month
that was told before it and until the next horizon, whose figures are told elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.performance.incidence import cumulative_incidence

Floats = NDArray[np.float64]
Ends = NDArray[np.integer]
Counts = NDArray[np.int64]

_KINDS = (("event", 1), ("competing", 2))


def happened(months: Floats, who: NDArray[np.bool_], last: int) -> Counts:
    """How many of some patients ended their follow-up by the end of each month, from 0 on.

    >>> happened(np.array([0.5, 1.0, 2.5]), np.array([True, True, True]), 3).tolist()
    [0, 2, 2, 3]
    """
    found = np.searchsorted(np.sort(months[who]), np.arange(last + 1), side="right")
    return np.asarray(found, dtype=np.int64)


def told_marks(counts: Counts, marks: Sequence[int], fewest: int) -> tuple[int, ...]:
    """Horizons with enough patients since the one that was told before.

    Parameters
    ----------
    counts
        From :func:`happened`.
    marks
        Horizons, rising.
    fewest
        Patients between two of them.

    Examples
    --------
    >>> told_marks(np.array([0, 2, 6, 7, 12]), (1, 2, 3, 4), 5)
    (2, 4)
    """
    found: list[int] = []
    before = 0
    for month in marks:
        if counts[month] - before >= fewest:
            found.append(month)
            before = int(counts[month])
    return tuple(found)


def spaced(counts: Counts, marks: Sequence[int], fewest: int) -> tuple[int, ...]:
    """Months with enough patients since the one before and until the next of some horizons.

    Parameters
    ----------
    counts
        From :func:`happened`.
    marks
        Horizons that are told in any case.
    fewest
        Patients between two months.

    Examples
    --------
    >>> spaced(np.array([0, 5, 9, 10, 16]), (3,), 5)
    (1, 3, 4)
    """
    found: list[int] = []
    before = 0
    for month in range(1, len(counts)):
        ahead = [int(counts[mark]) for mark in marks if mark > month]
        enough = counts[month] - before >= fewest
        if month in marks or (enough and (not ahead or ahead[0] - counts[month] >= fewest)):
            found.append(month)
            before = int(counts[month])
    return tuple(found)


def risk_marks(months: Floats, ends: Ends, marks: Sequence[int], fewest: int) -> tuple[int, ...]:
    """Horizons whose number at risk may be told.

    Parameters
    ----------
    months, ends : shape (n,)
        Follow-up and how it ended.
    marks
        Horizons, rising.
    fewest
        Patients still followed; and between two horizons nobody, or so many patients, left the
        follow-up, left it without the event, or without any event: the incidences beside the
        numbers tell how many had one, and the others would follow by subtraction.

    Examples
    --------
    Of the four who left by month 12, one did without the event.

    >>> months = np.array([2, 5, 8, 11, 30, 30, 30, 30, 30, 30.0])
    >>> risk_marks(months, np.array([1, 1, 1, 0, 1, 1, 1, 1, 0, 0]), (12, 24), 2)
    ()
    """
    left, found = _left(months, ends, marks[-1]), list[int]()
    before = 0
    for month in marks:
        still = len(months) - int(left[0, month])
        if still >= fewest and _apart(left, before, month, fewest):
            found.append(month)
            before = month
    return tuple(found)


def _left(months: Floats, ends: Ends, last: int) -> NDArray[np.int64]:
    """How many had left by each month: all, and without each kind of event and any."""
    kinds = (np.ones(len(ends), dtype=bool), ends != 1, ends != 2, ends == 0)
    at = np.arange(last + 1)
    return np.stack([np.searchsorted(np.sort(months[who]), at, side="left") for who in kinds])


def _apart(left: NDArray[np.int64], before: int, month: int, fewest: int) -> bool:
    step = left[:, month] - left[:, before]
    return bool(((step == 0) | (step >= fewest)).all())


def _risk(months: Floats, ends: Ends, marks: Sequence[int], cell_size: int) -> list[dict[str, Any]]:
    """Numbers at risk, at horizons and at months that can be told beside them."""
    last, fewest = marks[-1], max(cell_size, 2)
    left, own = _left(months, ends, last), risk_marks(months, ends, marks, cell_size)
    found = [{"month": 0, "at_risk": len(months)}]
    before = 0
    for month in range(1, last + 1):
        still = len(months) - int(left[0, month])
        ahead = next((mark for mark in own if mark > month), None)
        enough = (
            still >= cell_size
            and left[0, month] - left[0, before] >= fewest
            and _apart(left, before, month, fewest)
            and (ahead is None or _apart(left, month, ahead, fewest))
        )
        if month in own or enough:
            found.append({"month": month, "at_risk": still})
            before = month
    return found


def by_month(
    months: Floats, ends: Ends, marks: Sequence[int], cell_size: int, *, competing: bool
) -> dict[str, list[dict[str, Any]]]:
    """Cumulative incidences and the number at risk up to the last horizon.

    Parameters
    ----------
    months, ends : shape (n,)
        Follow-up and how it ended.
    marks
        Horizons.
    cell_size
        Fewest patients between two months that are told.
    competing
        Whether events compete.

    Returns
    -------
    Rows of ``event``, ``competing`` and ``at_risk``, rising by month.
    """
    last, fewest = marks[-1], max(cell_size, 2)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name, _ in _KINDS}
    for name, kind in _KINDS[: 2 if competing else 1]:
        counts = happened(months, ends == kind, last)
        curve = cumulative_incidence(months, ends, kind)
        for month in spaced(counts, told_marks(counts, marks, fewest), fewest):
            value, low, high = curve.at(month)
            found[name].append({"month": month, "value": value, "low": low, "high": high})
    found["at_risk"] = _risk(months, ends, marks, cell_size)
    return found
