"""Spellings of units, and conversion by the factors that the dictionary states.

Factors are data of each variable, because a conversion often needs the substance: umol/L of
creatinine and of albumin are different masses. This module knows only how people spell units.
Canonical spellings are UCUM (https://ucum.org): ``10*9/L``, ``[IU]/mL``, ``mg/d``, ``a`` for years.
"""

from __future__ import annotations

import re
from functools import lru_cache

from predictor.clinical.variable import Variable
from predictor.errors import UnitError

# Whole spellings whose meaning depends on the letter case or that no rule below covers.
# G/L is giga (10*9) per litre to haematologists; grams per litre are written with a small g.
_WHOLE = {"G/L": "10*9/L", "G/l": "10*9/L"}
_WHOLE_FOLDED = {
    "giga/l": "10*9/L",
    "gpt/l": "10*9/L",
    "titer": "{titer}",
    "titre": "{titer}",
    "titers": "{titer}",
    "titres": "{titer}",
    "{titer}": "{titer}",
    "{titre}": "{titer}",
    "[titer]": "{titer}",
}

# One factor of a unit, without regard to letter case.
_PART_SPELLINGS = {
    "": ("", "cell", "cells", "#", "count", "leukocytes", "platelets", "neutrophils"),
    "10*3": ("k", "th", "thou", "thousand", "tsd", "tsd.", "1000"),
    "kg": ("kg", "kgs", "kilogram", "kilograms"),
    "g": ("g", "gm", "gms", "gram", "grams"),
    "mg": ("mg", "milligram", "milligrams"),
    "ug": ("ug", "mcg", "microgram", "micrograms"),
    "ng": ("ng",),
    "[lb_av]": ("[lb_av]", "lb", "lbs", "pound", "pounds"),
    "L": ("l", "lt", "liter", "litre", "liters", "litres"),
    "dL": ("dl", "100ml", "deciliter", "decilitre"),
    "mL": ("ml", "cc", "milliliter", "millilitre"),
    "uL": ("ul", "mcl", "mm3", "mm*3", "cmm", "cumm", "microliter", "microlitre"),
    "mol": ("mol",),
    "mmol": ("mmol",),
    "umol": ("umol", "mcmol", "micromol"),
    "nmol": ("nmol",),
    "U": ("u", "unit", "units"),
    "kU": ("ku",),
    "[IU]": ("[iu]", "iu"),
    "m[IU]": ("m[iu]", "miu"),
    "k[IU]": ("k[iu]", "kiu"),
    "[arb'U]": ("[arb'u]", "arb'u", "au"),
    "ukat": ("ukat", "mckat", "microkat"),
    "nkat": ("nkat",),
    "mm": ("mm",),
    "h": ("h", "hr", "hrs", "hour", "hours", "1h", "1hr", "1sth", "1sthour"),
    "d": ("d", "day", "days", "24h", "24hr", "24hrs", "24hours", "(24.h)", "24.h"),
    "wk": ("wk", "wks", "w", "week", "weeks"),
    "mo": ("mo", "mos", "month", "months"),
    "a": ("a", "y", "yr", "yrs", "year", "years"),
    "%": ("%", "percent", "pct"),
    "1": ("1", "point", "points", "score"),
}
_PARTS = {spelling: unit for unit, spellings in _PART_SPELLINGS.items() for spelling in spellings}

_READABLE = {
    "1": "",
    "a": "years",
    "mo": "months",
    "wk": "weeks",
    "d": "days",
    "[lb_av]": "lb",
    "{titer}": "titre",
}
_READABLE_PARTS = {"[IU]": "IU", "k[IU]": "kIU", "[arb'U]": "arbitrary units"}

_MICRO = str.maketrans(
    {"µ": "u", "μ": "u", "·": ".", "⋅": ".", "∙": ".", "•": ".", "⁄": "/", "∕": "/"}
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SUPERSCRIPT_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_TIMES = re.compile(r"^[x×*.]\s*(?=1)", re.IGNORECASE)
# 10^9, 10*9, 10**9, 10e9 (which laboratories write for 10^9) and 1e9 all mean 10*9.
_POWER = re.compile(r"^10?\s*(?:\*\*|\*|\^|e)\s*\+?0?([1-9][0-9]?)(?![0-9])", re.IGNORECASE)
_ANNOTATION = re.compile(r"\{[^{}]*\}")
# The denominator of a ratio to urinary creatinine is often named: "mg/g creatinine".
_PER_CREATININE = re.compile(r"(?<=[/a-z ])(?:creatinine|creat\.?|crea|cr)\.?$", re.IGNORECASE)


@lru_cache(maxsize=4096)
def canonical_unit(spelling: str) -> str:
    """Return the UCUM spelling that this package uses for a unit as people write it.

    A spelling that is not recognised comes back tidied but otherwise as it was, so that the
    caller can name it in an error.

    >>> [canonical_unit(s) for s in ("mg/dl", "µmol/L", "x10^9/L", "K/uL", "cells/mm3")]
    ['mg/dL', 'umol/L', '10*9/L', '10*3/uL', '/uL']
    >>> [canonical_unit(s) for s in ("IU/ml", "mm/hr", "mg/24 h", "mg/day", "years")]
    ['[IU]/mL', 'mm/h', 'mg/d', 'mg/d', 'a']

    Letter case is free except where it changes the meaning:

    >>> canonical_unit("G/L"), canonical_unit("g/L"), canonical_unit("G/DL")
    ('10*9/L', 'g/L', 'g/dL')
    """
    text = " ".join(spelling.translate(_MICRO).split())
    text = _SUPERSCRIPT_RUN.sub(lambda run: "*" + run.group().translate(_SUPERSCRIPTS), text)
    whole = _WHOLE.get(text) or _WHOLE_FOLDED.get(text.casefold())
    if whole:
        return whole
    bare = _ANNOTATION.sub("", text).strip()
    if not bare:
        return "1" if text else ""
    if "/" in bare:
        bare = _PER_CREATININE.sub("", bare).strip() or bare
    bare = _TIMES.sub("", bare)
    power = _POWER.match(bare)
    lead = f"10*{int(power.group(1))}" if power else ""
    parts = [_part(part) for part in bare[power.end() if power else 0 :].split("/")]
    if lead:
        parts[0] = lead + parts[0]
    return "/".join(parts)


def _part(part: str) -> str:
    tight = part.replace(" ", "").replace("^", "*")
    return _PARTS.get(tight.casefold(), tight)


def readable_unit(unit: str | None) -> str:
    """Return a canonical unit as people read it; empty for scores, counts and states.

    >>> readable_unit("mg/d"), readable_unit("a"), readable_unit("[IU]/mL"), readable_unit("1")
    ('mg/day', 'years', 'IU/mL', '')
    """
    if unit is None:
        return ""
    if unit in _READABLE:
        return _READABLE[unit]
    first, *rest = unit.split("/")
    period = {"d": "day", "wk": "week", "mo": "month", "a": "year"}
    return "/".join([_READABLE_PARTS.get(first, first), *(period.get(part, part) for part in rest)])


def factor_of(unit: str, variable: Variable) -> float:
    """Return the factor with which a value in ``unit`` becomes canonical.

    Raises
    ------
    UnitError
        If the variable has no unit, or the unit is unknown for it or refused by name.
    """
    canonical = canonical_unit(unit)
    factor = variable.units.get(canonical)
    if factor is not None:
        return factor
    raise UnitError(variable.name, *refusal(canonical, variable, f"unit {unit[:40]!r}"))


def refusal(canonical: str, variable: Variable, named: str = "the unit") -> tuple[str, str]:
    """Return why a canonical unit is not accepted, and what to do.

    Parameters
    ----------
    canonical, variable
        The unit, and the variable that does not accept it.
    named
        How to call the unit. Only units that the dictionary refuses by name are repeated
        otherwise, because the text may come from a patient's cell.
    """
    if variable.kind != "continuous":
        return f"a {variable.kind} variable has no unit", "Leave the unit out."
    accepted = f"Accepted: {', '.join(map(readable_unit, variable.units)) or 'no unit'}."
    why = variable.refused_units.get(canonical)
    if why is not None:
        given = readable_unit(canonical) or "a number without unit"
        return f"{given} cannot be converted to {readable_unit(variable.unit)}: {why}", accepted
    return f"{named} is not known for this variable", accepted


def convert(value: float, unit: str, variable: Variable) -> float:
    """Convert ``value`` from ``unit`` to the canonical unit of ``variable``.

    Raises
    ------
    UnitError
        If the unit is unknown for the variable, or refused by name.
    """
    return value * factor_of(unit, variable)


def convert_back(value: float, unit: str, variable: Variable) -> float:
    """Convert ``value`` from the canonical unit of ``variable`` to ``unit``.

    Raises
    ------
    UnitError
        If the unit is unknown for the variable, or refused by name.
    """
    return value / factor_of(unit, variable)
