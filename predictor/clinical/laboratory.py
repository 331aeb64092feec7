"""What a laboratory wrote: a number, a limit, a titre, a word, a comma, or nothing yet.

An entry is recognised here and never converted: what ``<10`` becomes is a rule that a researcher
declares for each variable (``cohort.laboratory``), because every rule changes the statistics.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from predictor.clinical.cells import (
    LONGEST_TEXT,
    TRUTH_TYPES,
    Unreadable,
    is_missing,
    number_of,
)

Kind = Literal[
    "number",
    "below",
    "above",
    "titre",
    "qualitative",
    "decimal_comma",
    "pending",
    "day_fraction",
    "unreadable",
]

TITRE = "{titer}"
"""Unit of a titre as the dictionary writes it."""

_COMPARED = re.compile(
    r"(?P<sign><=?|>=?|≤|≥|＜|＞|(?:less|greater|more) than\b|below\b|above\b)\s*(?P<rest>.+)",
    re.IGNORECASE,
)
_BELOW = ("<", "≤", "＜", "less", "below")
_TITRE = re.compile(r"1\s*[:/]\s*([1-9][0-9]{0,7})")
# A titre with the unit of a concentration behind it: one of the two is wrong.
_TITRE_IN_UNIT = re.compile(r"1\s*[:/]\s*[1-9][0-9]{0,7}\s*(?P<unit>[a-zA-Zµμ%][^:,;<>=]*)")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]{1,3})?")
# "1,250" is a thousand to half of the world; "0,250" and "12,5" can only be decimals.
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_CLOCK = re.compile(
    r"(?:1899-12-3[01]|1900-01-0[0-9])?[ T]?(?P<hours>[0-9]{1,3}):(?P<minutes>[0-5][0-9])"
    r":(?P<seconds>[0-5][0-9])(?:\.0+)?\s*(?P<half>[ap]m)?"
)
_WORDS = frozenset(
    {
        "positive",
        "pos",
        "neg",
        "negative",
        "reactive",
        "nonreactive",
        "non-reactive",
        "present",
        "absent",
        "trace",
        "traces",
        "detected",
        "undetected",
        "normal",
        "abnormal",
        "borderline",
        "equivocal",
        "indeterminate",
        "weak",
        "low",
        "high",
        "elevated",
        "increased",
        "decreased",
        "few",
        "many",
        "rare",
        "not detected",
        "none detected",
        "weak positive",
        "weakly positive",
        "strong positive",
        "strongly positive",
        "low positive",
        "high positive",
        "within normal limits",
        "wnl",
    }
)
_MARKS = re.compile(r"\(?\s*(?:\+{1,4}|-|±|\+/-)\s*\)?")
_NOT_YET = re.compile(
    r"(?:pending|in progress|in process|to follow|awaited|not (?:done|tested|performed|available|"
    r"reported)|n\.?d\.?|cancell?ed|ha?emoly[sz]ed|clotted|qns|quantity not sufficient|insufficient"
    r"(?: sample| material| quantity)?|(?:see|verify|refer|call)\b.{0,60}|tnp|no sample)\.?"
)


@dataclass(frozen=True, slots=True)
class LaboratoryText:
    """What an entry is.

    Parameters
    ----------
    kind
        ``number``, ``below`` and ``above`` a limit, ``titre``, ``qualitative`` (a word or sign),
        ``decimal_comma``, ``pending`` (no result yet, or none to come), ``day_fraction`` (a titre
        that a spreadsheet took for a time of day) or ``unreadable``.
    number
        The number, the limit, the reciprocal of the titre, the number with its comma read as the
        decimal sign; None where there is none or it cannot be told, as in ``1:320 IU/mL``.
    unit
        What stands behind the number, as it is written; ``{titer}`` of a titre.
    """

    kind: Kind
    number: float | None = None
    unit: str = ""


_UNREADABLE = LaboratoryText("unreadable")


def classify(raw: object, decimal: str = ".") -> LaboratoryText:
    """Tell what a laboratory's entry is; whatever it is, the answer is never an exception.

    Parameters
    ----------
    raw
        Text, number, or what a spreadsheet makes of a time. A missing entry is ``unreadable``.
    decimal
        Decimal sign of numbers in text.

    Examples
    --------
    >>> [classify(text).kind for text in ("7.5", "1.2e3", "<10", "> 1000 mg/L", "1:320", "12,5")]
    ['number', 'number', 'below', 'above', 'titre', 'decimal_comma']
    >>> [classify(text).kind for text in ("positive", "(-)", "pending", "01:40:00", "about 7")]
    ['qualitative', 'qualitative', 'pending', 'day_fraction', 'unreadable']
    >>> classify("<1:10"), classify("1,250").number
    (LaboratoryText(kind='below', number=10.0, unit='{titer}'), None)
    """
    if isinstance(raw, time | timedelta | date):
        days = _days(raw)
        # Any other date is a date; a spreadsheet's times lie in its first days.
        titre = titre_of_days(days)
        return LaboratoryText("day_fraction", titre, TITRE) if 0 < days < 1000 else _UNREADABLE
    if is_missing(raw) or isinstance(raw, TRUTH_TYPES):
        return _UNREADABLE
    if not isinstance(raw, str):
        return _number(raw, decimal)
    text = raw.strip()
    if len(text) > LONGEST_TEXT:
        return _UNREADABLE
    return _of_text(text, text.casefold(), decimal)


def _of_text(text: str, folded: str, decimal: str) -> LaboratoryText:
    if folded in _WORDS or _MARKS.fullmatch(folded):
        return LaboratoryText("qualitative")
    if _NOT_YET.fullmatch(folded):
        return LaboratoryText("pending")
    if clock := _CLOCK.fullmatch(folded):
        return LaboratoryText("day_fraction", titre_of_days(_clock_days(clock)), TITRE)
    if titre := _TITRE.fullmatch(folded):
        return LaboratoryText("titre", float(titre[1]), TITRE)
    if titre := _TITRE_IN_UNIT.fullmatch(text):
        return LaboratoryText("titre", None, titre["unit"])
    return _compared(text, decimal) or _with_comma(text, decimal) or _number(text, decimal)


def _compared(text: str, decimal: str) -> LaboratoryText | None:
    """A value below or above a limit; None if the text compares nothing."""
    compared = _COMPARED.fullmatch(text)
    if compared is None:
        return None
    kind: Kind = "below" if compared["sign"].casefold().startswith(_BELOW) else "above"
    limit = _of_limit(compared["rest"].strip(), decimal)
    return LaboratoryText(kind, limit.number, limit.unit) if limit else _UNREADABLE


def _with_comma(text: str, decimal: str) -> LaboratoryText | None:
    if decimal != "." or not _COMMA.fullmatch(text):
        return None
    certain = not _THOUSANDS.fullmatch(text)
    return LaboratoryText("decimal_comma", float(text.replace(",", ".")) if certain else None)


def _of_limit(rest: str, decimal: str) -> LaboratoryText | None:
    """The number behind ``<`` or ``>``: plain, with a unit, or a titre."""
    if titre := _TITRE.fullmatch(rest):
        return LaboratoryText("titre", float(titre[1]), TITRE)
    found = _number(rest, decimal)
    # "<-5" and "<0" say nothing that a rule could use.
    return found if found.number is not None and found.number > 0 else None


def _number(raw: object, decimal: str) -> LaboratoryText:
    try:
        number, unit = number_of(raw, decimal)
    except Unreadable:
        return _UNREADABLE
    if not math.isfinite(number):
        return _UNREADABLE
    return LaboratoryText("number", number, unit or "")


def titre_of_days(days: float) -> float | None:
    """Return the titre that a spreadsheet took for a time; None if the number is none such.

    Who types ``1:320`` into a cell gets 1 hour and 320 minutes, which the file then holds as
    (60 + 320) / 1440 days. Only titres that dilutions give are looked for: products of 2 and 5.
    A number of at most six decimals cannot be one of them: 1440 n / 10**6 - 60 is either a multiple
    of 3 or 0.00016 away from a whole number.

    >>> titre_of_days(0.263888889), titre_of_days(0.069444444), titre_of_days(0.25)
    (320.0, 40.0, None)
    """
    if not 0 < days < 1000:
        return None
    minutes = days * 1440 - 60
    titre = round(minutes)
    if titre < 1 or abs(minutes - titre) > 1e-4:
        return None
    rest = titre
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    return float(titre) if rest == 1 else None


def _days(raw: time | timedelta | date) -> float:
    """Days since the day zero of spreadsheets."""
    if isinstance(raw, time):
        return (raw.hour * 3600 + raw.minute * 60 + raw.second) / 86_400
    if isinstance(raw, timedelta):
        return raw.total_seconds() / 86_400
    if isinstance(raw, datetime):
        return (raw.replace(tzinfo=None) - datetime(1899, 12, 30)).total_seconds() / 86_400
    return float((raw - date(1899, 12, 30)).days)


def _clock_days(clock: re.Match[str]) -> float:
    hours = int(clock["hours"])
    if clock["half"]:
        hours = hours % 12 + (12 if clock["half"] == "pm" else 0)
    return (hours * 3600 + int(clock["minutes"]) * 60 + int(clock["seconds"])) / 86_400
