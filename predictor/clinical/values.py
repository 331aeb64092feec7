"""How a raw entry, from a cohort's cell or a bedside form, becomes a number.

One rule stands above the others: an unreadable value never becomes a plausible one. ``"<10"``,
``"1:320"``, ``"12,5"`` where the decimal sign is a point, and ``"(-)"`` are problems, not guesses.
No message carries the value itself, nor text from the cell: messages end in logs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from predictor.clinical.cells import (
    LONGEST_TEXT,
    PLAIN_NUMBER,
    TRUTH_TYPES,
    Unreadable,
    decode,
    is_missing,
    number_of,
)
from predictor.clinical.units import canonical_unit, factor_of, readable_unit, refusal
from predictor.clinical.variable import Variable
from predictor.errors import Reason, UnitError

_YES = frozenset({"yes", "y", "true", "1", "1.0", "positive", "present"})
_NO = frozenset({"no", "n", "false", "0", "0.0", "negative", "absent"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What one raw entry turned out to be.

    Parameters
    ----------
    value
        The number in the canonical unit; 0.0 or 1.0 of a binary variable; the index of the
        state of a nominal one; None when the entry is missing or has problems.
    problems
        Why the entry cannot be used; empty for a value and for a missing entry.
    warnings
        What is odd about a value that was read.
    """

    value: float | None
    problems: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether there was nothing to read."""
        return self.value is None and not self.problems


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """What the raw entries of a column turned out to be.

    Parameters
    ----------
    values
        Shape (n,); canonical numbers as in ``Reading``, NaN where missing or not usable.
    problems
        Pairs of row index and reason, in the order of rows; -1 means the whole column.
    warnings
        Pairs of row index and reason, in the order of rows.
    """

    values: npt.NDArray[np.float64]
    problems: tuple[tuple[int, Reason], ...]
    warnings: tuple[tuple[int, Reason], ...]


_MISSING = Reading(None)


def read_value(
    raw: object,
    variable: Variable,
    *,
    unit: str | None = None,
    coding: Mapping[str, str] | None = None,
    decimal: str = ".",
) -> Reading:
    """Read one raw entry; whatever it is, the answer is a reading and never an exception.

    Parameters
    ----------
    raw
        A number, a truth value, a text (``"75"``, ``"0.75 g/L"``, ``"female"``), a mapping with
        ``value`` and ``unit``, or nothing (None, NaN, ``""``, ``"NA"``).
    variable
        What the entry stands for.
    unit
        The unit of a bare number; None for the canonical one.
    coding
        Raw text -> state or number, such as ``{"F": "female"}``; an empty text means missing.
    decimal
        ``"."`` or ``","``; the other one is then no part of a number.

    Returns
    -------
    Reading
        Problem codes: ``unreadable_number``, ``unreadable_state``, ``unknown_unit``,
        ``infinite_value``, ``impossible_value``, ``not_an_integer``. Warning codes:
        ``suspicious_unit`` where another unit explains the value, else ``suspicious_value``.

    Examples
    --------
    >>> from predictor.clinical.dictionary import load_dictionary
    >>> c3 = load_dictionary().variable("c3")
    >>> read_value("0.75 g/L", c3).value
    75.0
    >>> [w.code for w in read_value(0.9, c3).warnings], read_value("<10", c3).problems[0].code
    (['suspicious_unit'], 'unreadable_number')
    """
    try:
        return _read(raw, variable, unit, coding, decimal)
    except Unreadable as unreadable:
        return Reading(None, (Reason(unreadable.code, variable.name, unreadable.message),))


def read_column(
    raws: Sequence[object] | npt.NDArray[np.generic],
    variable: Variable,
    *,
    unit: str | None = None,
    coding: Mapping[str, str] | None = None,
    decimal: str = ".",
) -> ColumnReading:
    """Read the entries of a column, each exactly as ``read_value`` would.

    Parameters
    ----------
    raws
        Shape (n,); an array of numbers, or any sequence of raw entries.
    variable, unit, coding, decimal
        As in ``read_value``. A unit that the variable does not accept is one problem of the
        whole column, with -1 for its row.
    """
    n = len(raws)
    values = np.full(n, np.nan)
    factor = 1.0
    if unit is not None:
        try:
            factor = factor_of(unit, variable)
        except UnitError as error:
            message = f"{error.rule}. {error.next_step}"
            return ColumnReading(
                values, ((-1, Reason("unknown_unit", variable.name, message)),), ()
            )
    rows: Iterable[int] = range(n)
    if variable.kind == "continuous" and not coding:
        numbers, others = _plain_numbers(raws, decimal)
        odd = _fill_clean(values, numbers, variable, factor)
        rows = sorted([*others, *odd]) if others else odd
    problems: list[tuple[int, Reason]] = []
    warnings: list[tuple[int, Reason]] = []
    # Columns repeat themselves, so each different text is read once. Numbers are not looked up:
    # 1, 1.0 and True are one key and three entries.
    seen: dict[str, Reading] = {}
    for row in rows:
        raw = raws[row]
        if type(raw) is str:
            reading = seen.get(raw)
            if reading is None:
                reading = read_value(raw, variable, unit=unit, coding=coding, decimal=decimal)
                seen[raw] = reading
        else:
            reading = read_value(raw, variable, unit=unit, coding=coding, decimal=decimal)
        if reading.value is not None:
            values[row] = reading.value
        problems.extend((row, reason) for reason in reading.problems)
        warnings.extend((row, reason) for reason in reading.warnings)
    return ColumnReading(values, tuple(problems), tuple(warnings))


def _plain_numbers(
    raws: Sequence[object] | npt.NDArray[np.generic], decimal: str
) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Return the entries that are numbers beyond doubt, and the rows of all others.

    This is what makes a column of many thousand rows cheap; it decides nothing that
    ``read_value`` would decide otherwise.
    """
    if isinstance(raws, np.ndarray) and raws.dtype.kind in "iuf":
        return raws.astype(np.float64), []
    plain = PLAIN_NUMBER[decimal].fullmatch
    numbers: list[float] = []
    others: list[int] = []
    for row, raw in enumerate(raws):
        number = math.nan
        if type(raw) is str:
            if len(raw) <= LONGEST_TEXT and plain(raw):
                number = float(raw.replace(",", "."))
            else:
                others.append(row)
        elif type(raw) is float:
            number = raw
        else:
            others.append(row)
        numbers.append(number)
    return np.array(numbers, dtype=np.float64), others


def _fill_clean(
    values: npt.NDArray[np.float64],
    numbers: npt.NDArray[np.float64],
    variable: Variable,
    factor: float,
) -> list[int]:
    """Fill ``values`` with the numbers nothing is wrong with; return the rows of the others."""
    present = ~np.isnan(numbers)
    with np.errstate(over="ignore", invalid="ignore"):
        canonical = numbers * factor
        clean = np.isfinite(canonical)
        for limits in (variable.plausible, variable.suspicious):
            if limits is not None and limits.low is not None:
                clean &= canonical >= limits.low
            if limits is not None and limits.high is not None:
                clean &= canonical <= limits.high
        if variable.integer:
            clean &= canonical == np.rint(canonical)
    values[clean] = canonical[clean]
    return [int(row) for row in np.flatnonzero(present & ~clean)]


def _read(
    raw: object,
    variable: Variable,
    unit: str | None,
    coding: Mapping[str, str] | None,
    decimal: str,
) -> Reading:
    inner_unit: object = None
    in_mapping = isinstance(raw, Mapping)
    if isinstance(raw, Mapping):
        if "value" not in raw or any(key not in ("value", "unit") for key in raw):
            # A comparator ("<") or any other key would change what the value means.
            kind = "number" if variable.kind == "continuous" else "state"
            message = "a mapping must hold value and unit and nothing else"
            raise Unreadable(f"unreadable_{kind}", message)
        inner_unit = raw.get("unit")
        raw = raw["value"]
    if coding:
        raw = decode(raw, coding)
    if is_missing(raw):
        return _MISSING
    if variable.kind != "continuous":
        # Anything may stand there, such as an array, whose truth nobody knows.
        if unit or not (inner_unit is None or (isinstance(inner_unit, str) and not inner_unit)):
            raise Unreadable("unknown_unit", f"a {variable.kind} variable has no unit")
        return Reading(_state(raw, variable))
    number, text_unit = number_of(raw, decimal)
    if in_mapping and text_unit is not None:
        raise Unreadable("unreadable_number", "in a mapping the unit has its own key")
    if inner_unit is not None and (
        not isinstance(inner_unit, str) or len(inner_unit) > LONGEST_TEXT
    ):
        raise Unreadable("unknown_unit", "the unit must be a short text")
    return _measured(number, text_unit or inner_unit or unit, variable)


def _state(raw: object, variable: Variable) -> float:
    """Return the index of the state that a raw entry names."""
    if isinstance(raw, TRUTH_TYPES):
        word = "yes" if raw else "no"
    elif isinstance(raw, str) and len(raw) <= LONGEST_TEXT:
        word = raw.strip().casefold()
    elif isinstance(raw, int | float | np.integer | np.floating) and raw in (0, 1):
        word = str(int(raw))
    else:
        word = ""
    if variable.kind == "binary":
        if word in _YES or (variable.points is not None and _is_number(raw, variable.points)):
            return 1.0
        if word in _NO:
            return 0.0
        points = "" if variable.points is None else f", nor its points (0 or {variable.points})"
        expected = f"yes or no (1 or 0){points}"
    else:
        for index, state in enumerate(variable.states):
            if word == state.casefold() and not isinstance(raw, TRUTH_TYPES):
                return float(index)
        expected = f"one of {', '.join(variable.states)}"
    raise Unreadable(
        "unreadable_state", f"is not {expected}; if it is coded otherwise, state the coding"
    )


def _is_number(raw: object, number: int) -> bool:
    """Whether an entry is this number, in text or as a number."""
    if isinstance(raw, str):
        return raw.strip() in (str(number), f"{number}.0")
    return raw == number and isinstance(raw, int | float | np.integer | np.floating)


def _measured(number: float, unit: str | None, variable: Variable) -> Reading:
    """Convert a number to the canonical unit and hold it against the ranges."""
    if math.isinf(number):
        raise Unreadable("infinite_value", "is infinite")
    used = variable.unit if unit is None else canonical_unit(unit)
    factor = variable.units.get(used or "")
    if factor is None:
        # The unit may come from the cell, so its text is not repeated.
        rule, next_step = refusal(used or "", variable)
        raise Unreadable("unknown_unit", f"{rule}. {next_step}")
    value = number * factor
    if math.isinf(value):
        raise Unreadable("infinite_value", "is infinite")
    if variable.plausible is not None and not variable.plausible.contains(value):
        slip = _slip(number, used, variable)
        message = f"is impossible: outside {_with_unit(variable.plausible, variable)}"
        advice = f"; looks like {slip}: state that unit" if slip else ""
        raise Unreadable("impossible_value", message + advice)
    if variable.integer and value != round(value):
        raise Unreadable("not_an_integer", "must be a whole number")
    # Zero is zero in every unit, so it cannot be a slip; whether it can be, plausible decides.
    if variable.suspicious is None or value == 0 or variable.suspicious.contains(value):
        return Reading(value)
    slip = _slip(number, used, variable)
    message = f"is outside {_with_unit(variable.suspicious, variable)}"
    if slip:
        message += f"; looks like {slip}"
    code = "suspicious_unit" if slip else "suspicious_value"
    return Reading(value, warnings=(Reason(code, variable.name, message),))


def _slip(number: float, used: str | None, variable: Variable) -> str:
    """Return the units in which the number would be unsuspicious, as text; empty if none.

    A unit that cannot be converted is named only when no other unit explains the number.
    """
    usual = variable.suspicious or variable.plausible
    if number == 0 or usual is None:
        return ""
    candidates = [unit for unit in (variable.unit or "", *variable.unit_slips) if unit != used]
    fitting = [
        unit
        for unit in candidates
        if unit in variable.units and usual.contains(number * variable.units[unit])
    ]
    named = fitting or [unit for unit in candidates if unit in variable.refused_units]
    return " or ".join(readable_unit(unit) or unit for unit in named)


def _with_unit(limits: object, variable: Variable) -> str:
    return f"{limits} {readable_unit(variable.unit)}".rstrip()
