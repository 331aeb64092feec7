"""When the visits were: numbers or dates become days, and nothing is guessed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import PLAIN_NUMBER, is_missing
from predictor.cohort.coded import coded
from predictor.cohort.table import Cells, without_missing

TimeUnit = Literal["days", "weeks", "months", "years", "date"]

DAYS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
"""Days of a unit; months and years as UCUM has them: 1 a = 365.25 d = 12 mo."""

_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST, _LAST = (float(date(year, 1, 1).toordinal() - _EPOCH) for year in (1900, 2300))
_FARTHEST = 4_000_000.0  # days, about the years 1 to 9999

UNREADABLE = "this is no number of {unit}."
UNREADABLE_DATE = (
    "this is no date as ISO 8601 writes it (2024-04-03): in other orders day and month can be "
    "taken for one another."
)
DATE_FOR_NUMBER = "a date stands among times that are declared as {unit}."
NUMBER_FOR_DATE = "a number stands among times that are declared as dates."
ALL_DATES = "all times are dates. Set `cohort.visits.unit: date`."
ALL_NUMBERS = "all times are numbers. Set `cohort.visits.unit` to days, weeks, months or years."
INFINITE = "a time lies beyond every calendar."
FAR = (
    "a date before 1900 or from 2300 on: a slip of the pen, or what a program writes for no date. "
    "Mend it, or name its spelling under `cohort.missing`."
)
MISSING = "the time is missing."


@dataclass(frozen=True, slots=True)
class Times:
    """Times of rows.

    Parameters
    ----------
    moment
        Days since any start, with fractions, by which visits are put in order, shape (rows,); NaN
        where there is none.
    day
        Days that windows are counted in: whole calendar days of dates, else as ``moment``.
    calendar
        What two visits of one day share.
    problems
        Rule -> rows that break it.
    """

    moment: NDArray[np.float64]
    day: NDArray[np.float64]
    calendar: NDArray[np.float64]
    problems: dict[tuple[str, str], NDArray[np.int64]]


def read_times(
    cells: Cells, unit: TimeUnit, missing: Sequence[str] = (), decimal: str = "."
) -> Times:
    """Read a column of times.

    Parameters
    ----------
    cells
        Numbers, ISO dates, date objects, or an array of numpy dates.
    unit
        What they were declared to be.
    missing, decimal
        Spellings of a missing time, decimal sign.

    Examples
    --------
    >>> read_times(["0", "1.5"], "weeks").day
    array([ 0. , 10.5])
    >>> sorted(read_times(["0", "2024-04-03"], "days").problems)
    [('mixed_times', 'a date stands among times that are declared as days.')]
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf":
        if unit != "date":  # most tables have nothing but times, and need no more than this
            plain = cells * DAYS[unit]
            if np.all(np.abs(plain) <= _FARTHEST):
                return Times(plain, plain, np.floor(plain) if unit == "days" else plain, {})
        found = cells.astype(np.float64)
        kinds = np.where(np.isnan(found), _MISSING, _NUMBER)
    elif isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        found, kinds = _of_dates(cells)
    else:
        column = coded(cells)
        entries = without_missing(column.entries, missing, decimal)
        read = [_read(entry, decimal) for entry in entries]
        found = np.array([value for value, _ in read])[column.codes]
        kinds = np.array([kind for _, kind in read])[column.codes]
    return _checked(found, kinds, unit)


_MISSING, _NUMBER, _DATE, _NEITHER = range(4)


def _of_dates(cells: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    micros = cells.astype("datetime64[us]")
    none = np.isnat(micros)
    found = micros.astype(np.int64) / 86_400e6
    return np.where(none, np.nan, found), np.where(none, _MISSING, _DATE)


def _read(entry: object, decimal: str) -> tuple[float, int]:
    """Value in the entry's own unit, or days since 1970, and what it was."""
    if is_missing(entry):
        return math.nan, _MISSING
    if isinstance(entry, np.datetime64):
        entry = entry.astype("datetime64[us]").item()
    if isinstance(entry, date):
        return _days(entry), _DATE
    number = isinstance(entry, int | float | np.integer | np.floating)
    if number and not isinstance(entry, bool | np.bool_):
        return float(entry), _NUMBER  # type: ignore[arg-type]
    return _in_text(entry.strip(), decimal) if isinstance(entry, str) else (math.nan, _NEITHER)


def _in_text(text: str, decimal: str) -> tuple[float, int]:
    if PLAIN_NUMBER[decimal].fullmatch(text):
        return float(text.replace(",", ".")), _NUMBER
    if _ISO.fullmatch(text):
        try:
            return _days(datetime.fromisoformat(text)), _DATE
        except ValueError:  # the 30th of February
            pass
    return math.nan, _NEITHER


def _days(when: date) -> float:
    days = float(when.toordinal() - _EPOCH)
    if isinstance(when, datetime):  # the clock on the wall; a day is what people there call one
        seconds = when.hour * 3600 + when.minute * 60 + when.second + when.microsecond / 1e6
        days += seconds / 86_400
    return days


def _checked(found: NDArray[np.float64], kinds: NDArray[np.int64], unit: TimeUnit) -> Times:
    """Hold what was read against what was declared."""
    problems: dict[tuple[str, str], NDArray[np.int64]] = {}

    def note(code: str, message: str, where: NDArray[np.bool_]) -> None:
        if where.any():
            problems[code, message] = np.flatnonzero(where)

    wanted, other = (_DATE, _NUMBER) if unit == "date" else (_NUMBER, _DATE)
    counts = Counter({kind: int((kinds == kind).sum()) for kind in range(4)})
    if counts[other] and not counts[wanted]:
        text = ALL_NUMBERS if unit == "date" else ALL_DATES
    else:
        text = NUMBER_FOR_DATE if unit == "date" else DATE_FOR_NUMBER.format(unit=unit)
    note("mixed_times" if counts[wanted] else "other_times", text, kinds == other)
    message = UNREADABLE_DATE if unit == "date" else UNREADABLE.format(unit=unit)
    note("unreadable_time", message, kinds == _NEITHER)
    note("missing_time", MISSING, kinds == _MISSING)
    moment = found * DAYS.get(unit, 1.0)
    with np.errstate(invalid="ignore"):
        far = (kinds == wanted) & ~(np.abs(moment) <= _FARTHEST)
    note("infinite_time", INFINITE, far)
    if unit == "date":
        with np.errstate(invalid="ignore"):
            odd = (kinds == wanted) & ~far & ((moment < _FIRST) | (moment >= _LAST))
        note("far_date", FAR, odd)
        far |= odd
    moment = np.where((kinds == wanted) & ~far, moment, np.nan) if problems else moment
    calendar = np.floor(moment) if unit in ("days", "date") else moment
    return Times(moment, calendar if unit == "date" else moment, calendar, problems)
