"""Where a day lies among the visits of its patient, for many patients at once.

All patients are searched together by bisection, so that ten million visits take a dozen passes and
no patient a loop. Days are compared as they are: a key of patient and day would lose digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.visits import Visits

Places = NDArray[np.int64]


def first_at_or_after(visits: Visits, index: Places, day: NDArray[np.float64]) -> Places:
    """First visit of the same patient on a day or later.

    Parameters
    ----------
    visits
        In order.
    index
        A visit of each patient to be searched; earlier ones are not looked at.
    day
        Day of each, shape as ``index``.

    Returns
    -------
    Positions; one behind the patient's last visit where there is none.
    """
    low = index.copy()
    high = visits.start[visits.patient[index] + 1]
    span = int((high - low).max(initial=0))
    for _ in range(span.bit_length()):
        middle = (low + high) // 2
        open_ = low < high
        before = open_ & (visits.day[np.minimum(middle, len(visits.day) - 1)] < day)
        low = np.where(before, middle + 1, low)
        high = np.where(open_ & ~before, middle, high)
    return low


def last_at_or_before(visits: Visits, index: Places, day: NDArray[np.float64]) -> Places:
    """Last visit of the same patient up to a day, looking back from a visit.

    Parameters
    ----------
    visits, index
        As for :func:`first_at_or_after`; later visits are not looked at.
    day
        Day of each, shape as ``index``.

    Returns
    -------
    Positions; -1 where there is none.
    """
    first = visits.start[visits.patient[index]]
    low, high = first.copy(), index + 1
    span = int((high - low).max(initial=0))
    for _ in range(span.bit_length()):
        middle = (low + high) // 2
        open_ = low < high
        inside = open_ & (visits.day[np.minimum(middle, len(visits.day) - 1)] <= day)
        low = np.where(inside, middle + 1, low)
        high = np.where(open_ & ~inside, middle, high)
    return np.where(low > first, low - 1, -1)
