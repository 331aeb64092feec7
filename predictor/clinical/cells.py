"""What a raw entry says, before it is held against a variable: nothing, a number, a coded word.

One rule stands above the others: an unreadable entry never becomes a number. ``"<10"``,
``"1:320"``, ``"12,5"`` where the decimal sign is a point, and ``"(-)"`` are problems, not guesses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from numbers import Real

import numpy as np

MISSING_TEXTS = frozenset({"", "NA", "N/A"})
"""Texts that mean "not recorded"; any other word is a problem unless a coding explains it."""

# ASCII only: Python's float() also takes "1_000", "nan", "infinity" and full-width digits.
_DIGITS = r"[+-]?(?:[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
PLAIN_NUMBER = {mark: re.compile(_DIGITS.format(mark=re.escape(mark))) for mark in ".,"}
"""Decimal sign -> pattern of a number that needs no interpretation."""

# What follows a number may be a unit when it starts as units do, and holds no second number
# except a power of ten: "1 000", "12,5" and "1:320" are not numbers with a unit.
_UNIT_TEXT = re.compile(
    r"(?:\s*[x×·⋅∙•]?\s*10\s*(?:\^|\*{1,2}|[eE]|(?=[⁰-⁹¹²³]))\s*[0-9⁰-⁹¹²³]{1,2}\s*(?=[/a-zA-Z]))?"
    r"\s*[a-zA-Zµμ%\[{#/(][^:,;<>=]*"
)
# "1/80" is a titre; of units only "/10*9" or "/100 mg" begin so, which nothing here is counted by.
_OF_A_NUMBER = re.compile(r"\s*/\s*[0-9]+\s*$")
_INFINITE = frozenset({"inf", "infinity", "+inf", "+infinity", "-inf", "-infinity", "∞"})
LONGEST_TEXT = 200
"""Characters of the longest text that can be a value with its unit."""

TRUTH_TYPES = (bool, np.bool_)

SIMULATED = "simulated"
"""Column in which every file that the package simulates says so."""


class Unreadable(Exception):  # noqa: N818 - control flow inside this room, never leaves it
    """Carries the code and the message of a problem to the one place that builds the reading."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


def decode(raw: object, coding: Mapping[str, str]) -> object:
    """Return what a coding makes of a raw entry; one it does not know stays as it is."""
    for spelling in _spellings(raw):
        if spelling in coding:
            return coding[spelling]
    return raw


def marks_simulated(raw: object) -> bool:
    """Tell whether an entry of the column ``simulated`` says that the patient is.

    >>> [marks_simulated(entry) for entry in (1, "1", 1.0, True, 0, "", None)]
    [True, True, True, True, False, False, False]
    """
    return any(spelling in ("1", "1.0", "true") for spelling in _spellings(raw))


def _spellings(raw: object) -> tuple[str, ...]:
    """Return how a raw entry may be written as the key of a coding."""
    if isinstance(raw, str):
        return (raw, raw.strip())
    if isinstance(raw, TRUTH_TYPES):
        return (str(bool(raw)).lower(), str(bool(raw)))
    # No coding has a key of more than fifteen digits, and not every int fits a float.
    if isinstance(raw, int | float | np.integer | np.floating) and -1e15 < raw < 1e15:
        number = float(raw)
        return (str(int(number)), str(number)) if number.is_integer() else (str(number),)
    return ()


def is_missing(raw: object) -> bool:
    """Tell whether there is nothing to read."""
    if raw is None:
        return True
    if isinstance(raw, str):
        return raw in MISSING_TEXTS or raw.strip() in MISSING_TEXTS
    if isinstance(raw, float | np.floating):
        return bool(math.isnan(raw))
    if isinstance(raw, Decimal):
        return raw.is_nan()
    # pandas' NA and NaT are known by name alone, so that this room does without pandas.
    return type(raw).__name__ in ("NAType", "NaTType")


def number_of(raw: object, decimal: str) -> tuple[float, str | None]:
    """Return the number of a raw entry, and the unit written behind it.

    Raises
    ------
    Unreadable
        If the entry is anything else.
    """
    if isinstance(raw, str):
        return _number_in_text(raw, decimal)
    if isinstance(raw, TRUTH_TYPES):
        raise Unreadable("unreadable_number", "is true or false, not a number")
    if isinstance(raw, Real | Decimal):
        try:
            return float(raw), None
        except OverflowError:
            return math.inf, None
        except ValueError:
            pass
    raise Unreadable("unreadable_number", "is not a number")


def _number_in_text(raw: str, decimal: str) -> tuple[float, str | None]:
    text = raw.strip()
    match = PLAIN_NUMBER[decimal].match(text) if len(text) <= LONGEST_TEXT else None
    if match is None:
        if text.casefold() in _INFINITE:
            return math.inf, None
        raise Unreadable("unreadable_number", "is not a number")
    number = float(match.group().replace(",", "."))
    rest = text[match.end() :]
    if _OF_A_NUMBER.match(rest):
        raise Unreadable("unreadable_number", "is a ratio, such as a titre, and not a number")
    if not rest:
        return number, None
    if not _UNIT_TEXT.fullmatch(rest):
        message = f"is not a number with {decimal!r} as decimal sign, nor a number with a unit"
        raise Unreadable("unreadable_number", message)
    return number, rest.strip()
