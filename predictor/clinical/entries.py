"""Checking one entry of a dictionary, and building the variable it describes.

A dictionary file and a dictionary that travels inside a bundle obey the same rules, so both
come through here. Every problem of an entry is reported, not only the first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from predictor.clinical.expectation import Expectation, read_expectations
from predictor.clinical.names import suggestion
from predictor.clinical.units import canonical_unit
from predictor.clinical.variable import BINARY_STATES, KINDS, TIMES, Kind, Range, Time, Variable
from predictor.errors import DictionaryError, Reason

Locate = Callable[..., str]
T = TypeVar("T", bound=str)

COMMON_KEYS = ("label", "kind", "time", "loinc", "source", "note", "expected")
NUMBER_KEYS = (
    "unit",
    "units",
    "refused_units",
    "reference",
    "plausible",
    "suspicious",
    "unit_slips",
    "integer",
)
STATE_KEYS = ("states", "exclusion", "points")
ENTRY_KEYS = (*COMMON_KEYS, *NUMBER_KEYS, *STATE_KEYS)

_QUOTIENT = re.compile(r"\s*([0-9.]+(?:e-?[0-9]+)?)\s*/\s*([0-9.]+(?:e-?[0-9]+)?)\s*")
_LOINC = re.compile(r"[0-9]{1,7}-[0-9]")


class EntryReader:
    """Reads the keys of one entry and collects what is wrong with them.

    Parameters
    ----------
    name
        The variable's name.
    data
        The entry, plain data.
    locate
        Turns a path of keys inside the entry into a place people find, such as ``file, line 3``.
    """

    def __init__(self, name: str, data: Mapping[str, object], locate: Locate) -> None:
        self.name = name
        self.data = data
        self.locate = locate
        self.problems: list[Reason] = []

    def problem(self, code: str, message: str, *path: str) -> None:
        """Note a broken rule at a key of the entry."""
        self.problems.append(Reason(code, self.locate(*path), f"{self.name}: {message}"))

    def read(self) -> Variable | None:
        """Return the variable, or None when there are problems."""
        for key in self.data:
            if key not in ENTRY_KEYS:
                hint = suggestion(key, ENTRY_KEYS) or f"Known: {', '.join(ENTRY_KEYS)}."
                self.problem("unknown_key", f"unknown key {key[:40]!r}. {hint}", key)
        kind = self.choice("kind", KINDS)
        if kind is None:
            return None
        variable = self.number() if kind == "continuous" else self.state(kind)
        return None if self.problems else variable

    def number(self) -> Variable:
        """Read a continuous variable."""
        self.refuse_keys(STATE_KEYS, "a continuous variable")
        unit = self.text("unit", required=True)
        unit = canonical_unit(unit)
        units = self.units(unit)
        refused = self.refused_units(units)
        reference, plausible, suspicious = (
            self.range(key) for key in ("reference", "plausible", "suspicious")
        )
        self.check_ranges(reference, plausible, suspicious)
        slips = tuple(canonical_unit(slip) for slip in self.texts("unit_slips"))
        for slip in slips:
            if slip not in units and slip not in refused:
                message = f"unit slip {slip!r} is neither among units nor among refused_units"
                self.problem("unknown_unit", message, "unit_slips")
        if slips and suspicious is None and plausible is None:
            self.problem("missing_key", "unit_slips need a suspicious range", "unit_slips")
        return self.variable(
            "continuous",
            unit=unit,
            units=units,
            refused_units=refused,
            reference=reference,
            plausible=plausible,
            suspicious=suspicious,
            unit_slips=slips,
            integer=self.flag("integer"),
        )

    def state(self, kind: Kind) -> Variable:
        """Read a binary or nominal variable."""
        self.refuse_keys(NUMBER_KEYS, f"a {kind} variable")
        states = self.texts("states")
        if kind == "binary":
            if states and states != BINARY_STATES:
                self.problem("bad_states", "the states of a binary variable are no, yes", "states")
            states = BINARY_STATES
        else:
            if len(states) < 2:
                message = "a nominal variable needs a list of at least two states"
                self.problem("missing_key", message, "states")
            folded = [state.strip().casefold() for state in states]
            if len(set(folded)) < len(folded):
                message = "two states are the same (letter case does not count)"
                self.problem("duplicate_state", message, "states")
            if "" in folded:
                self.problem("bad_states", "a state is empty", "states")
        exclusion = self.flag("exclusion")
        if exclusion and kind != "binary":
            self.problem("bad_value", "an exclusion criterion is binary", "exclusion")
        return self.variable(kind, states=states, exclusion=exclusion, points=self.points(kind))

    def variable(
        self,
        kind: Kind,
        *,
        unit: str | None = None,
        units: Mapping[str, float] | None = None,
        refused_units: Mapping[str, str] | None = None,
        states: tuple[str, ...] = (),
        reference: Range | None = None,
        plausible: Range | None = None,
        suspicious: Range | None = None,
        unit_slips: tuple[str, ...] = (),
        integer: bool = False,
        exclusion: bool = False,
        points: int | None = None,
    ) -> Variable:
        """Add what every kind has in common."""
        expected: Mapping[str, Expectation] = {}
        if kind == "nominal":
            self.refuse_keys(("expected",), "a nominal variable, whose states have no order,")
        else:
            expected = read_expectations(self.data.get("expected"), self.problem)
        source = self.text("source")
        if not source and (reference or plausible or suspicious):
            self.problem("missing_key", "ranges need a source that says where they come from")
        time: Time = "baseline"
        if self.data.get("time") is not None:
            time = self.choice("time", TIMES) or time
        codes = self.texts("loinc")
        for code in codes:
            if not is_loinc(code):
                message = f"{code[:20]!r} is no LOINC code (its check digit does not fit)"
                self.problem("bad_loinc", message, "loinc")
        return Variable(
            name=self.name,
            label=self.text("label", required=True),
            kind=kind,
            unit=unit,
            units=units or {},
            refused_units=refused_units or {},
            states=states,
            reference=reference,
            plausible=plausible,
            suspicious=suspicious,
            unit_slips=unit_slips,
            integer=integer,
            time=time,
            exclusion=exclusion,
            loinc=codes,
            source=source,
            note=self.text("note"),
            expected=expected,
            points=points,
        )

    def points(self, kind: Kind) -> int | None:
        """Read what a yes adds to the score of which this is an item."""
        raw = self.data.get("points")
        if raw is None:
            return None
        if kind != "binary" or not isinstance(raw, int) or isinstance(raw, bool) or raw < 1:
            message = "'points' is a whole number of at least 1, of a binary variable"
            self.problem("bad_value", message, "points")
            return None
        return raw

    def units(self, canonical: str) -> dict[str, float]:
        """Read the accepted units with their factors; the canonical unit comes first."""
        units = {canonical: 1.0} if canonical else {}
        for spelling, raw in self.mapping("units").items():
            unit = canonical_unit(spelling)
            factor = _factor(raw)
            if factor is None:
                message = (
                    f"the factor of {unit!r} must be a positive number, or a quotient such as "
                    '"1/12", with which a value in that unit becomes canonical'
                )
                self.problem("bad_factor", message, "units", spelling)
            elif units.get(unit, factor) != factor:
                message = f"unit {unit!r} has two factors (the canonical unit has 1)"
                self.problem("bad_factor", message, "units", spelling)
            else:
                units[unit] = factor
        return units

    def refused_units(self, accepted: Mapping[str, float]) -> dict[str, str]:
        """Read the units that are refused by name, each with its reason."""
        refused: dict[str, str] = {}
        for spelling, why in self.mapping("refused_units").items():
            unit = canonical_unit(spelling)
            if not isinstance(why, str) or not why.strip():
                message = f"refused unit {unit!r} needs a sentence that says why"
                self.problem("bad_value", message, "refused_units", spelling)
            elif unit in accepted:
                message = f"unit {unit!r} is both accepted and refused"
                self.problem("bad_value", message, "refused_units", spelling)
            else:
                refused[unit] = why.strip()
        return refused

    def check_ranges(
        self, reference: Range | None, plausible: Range | None, suspicious: Range | None
    ) -> None:
        """Check that the ranges lie inside each other."""
        if plausible and suspicious and not plausible.covers(suspicious):
            message = f"suspicious range {suspicious} reaches outside the plausible one {plausible}"
            self.problem("ranges_disagree", message, "suspicious")
        # A reference range may be open, or reach below what is suspicious (proteinuria from 1 mg).
        ends = (reference.low, reference.high) if reference else ()
        if plausible and not all(plausible.contains(end) for end in ends if end is not None):
            message = f"reference range {reference} reaches outside the plausible one {plausible}"
            self.problem("ranges_disagree", message, "reference")

    def refuse_keys(self, keys: tuple[str, ...], what: str) -> None:
        """Note keys that make no sense for a kind of variable."""
        for key in keys:
            if self.data.get(key) not in (None, [], {}, False):
                self.problem("unknown_key", f"{what} has no {key!r}", key)

    def choice(self, key: str, known: tuple[T, ...]) -> T | None:
        """Read one of a fixed set of words."""
        raw = self.data.get(key)
        if isinstance(raw, str) and raw in known:
            return raw
        expected = f"{key!r} must be one of {', '.join(known)}."
        if raw is None:
            self.problem("missing_key", expected)
        else:
            self.problem("bad_value", f"{expected} {suggestion(str(raw), known)}".strip(), key)
        return None

    def text(self, key: str, *, required: bool = False) -> str:
        """Read a text; a missing one is empty."""
        raw = self.data.get(key)
        if raw is None or raw == "":
            if required:
                self.problem("missing_key", f"needs the key {key!r}")
            return ""
        if key == "unit" and raw == 1 and not isinstance(raw, bool):
            return "1"
        if not isinstance(raw, str):
            self.problem("bad_value", f"{key!r} must be text{_quote_hint(raw)}", key)
            return ""
        return raw.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of texts; a missing one is empty."""
        raw = self.data.get(key)
        if raw is None:
            return ()
        if not isinstance(raw, list | tuple):
            self.problem("bad_value", f"{key!r} must be a list of texts", key)
            return ()
        for item in raw:
            if not isinstance(item, str):
                message = f"every item of {key!r} must be text{_quote_hint(item)}"
                self.problem("bad_value", message, key)
                return ()
        return tuple(raw)

    def mapping(self, key: str) -> Mapping[str, object]:
        """Read a mapping; a missing one is empty."""
        raw = self.data.get(key)
        if raw is None:
            return {}
        if not isinstance(raw, Mapping):
            self.problem("bad_value", f"{key!r} must be a mapping with a unit in front", key)
            return {}
        return raw

    def flag(self, key: str) -> bool:
        """Read true or false; a missing one is false."""
        raw = self.data.get(key)
        if raw is None or isinstance(raw, bool):
            return bool(raw)
        self.problem("bad_value", f"{key!r} must be true or false", key)
        return False

    def range(self, key: str) -> Range | None:
        """Read ``[low, high]``, where null leaves a side open."""
        raw = self.data.get(key)
        if raw is None:
            return None
        if not isinstance(raw, list | tuple) or len(raw) != 2 or not all(map(_is_bound, raw)):
            message = f"{key!r} must be [low, high], two numbers; null leaves one side open"
            self.problem("bad_range", message, key)
            return None
        low, high = (None if bound is None else float(bound) for bound in raw)
        if low is None and high is None:
            self.problem("bad_range", f"{key!r} is open on both sides: leave it out", key)
            return None
        if low is not None and high is not None and low >= high:
            self.problem("bad_range", f"{key!r} is reversed: the lower number comes first", key)
            return None
        return Range(low, high)


def variable_from_data(data: object) -> Variable:
    """Rebuild one variable from plain data; see ``Variable.from_dict``."""
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str):
        raise DictionaryError("dictionary", "an entry must be a mapping with a name")
    name = data["name"]
    reader = EntryReader(
        name, {key: value for key, value in data.items() if key != "name"}, lambda *_: "dictionary"
    )
    variable = reader.read()
    if variable is None:
        raise DictionaryError(
            f"dictionary, {name[:80]}", "the entry breaks these rules:", reasons=reader.problems
        )
    return variable


def is_loinc(code: str) -> bool:
    """Tell whether a code has the form and the check digit (Luhn, modulo 10) of LOINC.

    >>> is_loinc("4485-9"), is_loinc("4485-8")
    (True, False)
    """
    if not _LOINC.fullmatch(code):
        return False
    number, check = code.split("-")
    # From the right, every other digit starting with the last is doubled, digits are summed.
    digits = [int(digit) for digit in reversed(number)]
    total = sum(sum(divmod(2 * d, 10)) if place % 2 == 0 else d for place, d in enumerate(digits))
    return (10 - total % 10) % 10 == int(check)


def _factor(raw: object) -> float | None:
    """Return a factor given as a number or as a quotient, None when it is neither."""
    if isinstance(raw, str):
        match = _QUOTIENT.fullmatch(raw)
        if match is None:
            return None
        try:
            value = float(match.group(1)) / float(match.group(2))
        except (ValueError, ZeroDivisionError):
            return None
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        try:
            value = float(raw)
        except OverflowError:
            return None
    else:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _is_bound(raw: object) -> bool:
    if raw is None:
        return True
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return False
    return abs(raw) <= 1e300


def _quote_hint(raw: object) -> str:
    if isinstance(raw, bool):
        return ' (YAML reads an unquoted yes or no as true or false: write "yes" or "no")'
    if isinstance(raw, int | float):
        return " (put it in quotes)"
    return ""
