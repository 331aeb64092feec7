"""One entry of the dictionary: what a variable is, in which unit, and which values can be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from predictor.clinical.expectation import Expectation

Kind = Literal["continuous", "binary", "nominal"]
Time = Literal["baseline", "follow_up", "outcome"]

KINDS: tuple[Kind, ...] = ("continuous", "binary", "nominal")
TIMES: tuple[Time, ...] = ("baseline", "follow_up", "outcome")
BINARY_STATES = ("no", "yes")


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval; None leaves a side open.

    >>> Range(80, 180).contains(80), str(Range(80, 180)), str(Range(None, 20))
    (True, '80 to 180', 'at most 20')
    """

    low: float | None
    high: float | None

    def contains(self, x: float) -> bool:
        """Tell whether ``x`` lies inside; both ends belong to the interval, NaN never does."""
        low, high = self.bounds()
        return low <= x <= high

    def bounds(self) -> tuple[float, float]:
        """Both ends as numbers, infinite where a side is open."""
        return (
            -math.inf if self.low is None else self.low,
            math.inf if self.high is None else self.high,
        )

    def covers(self, other: Range) -> bool:
        """Tell whether every value of ``other`` lies inside this interval."""
        below = self.low is None or (other.low is not None and other.low >= self.low)
        above = self.high is None or (other.high is not None and other.high <= self.high)
        return below and above

    def to_list(self) -> list[float | None]:
        """Return ``[low, high]`` as it is written in a dictionary file."""
        return [self.low, self.high]

    def __str__(self) -> str:
        if self.low is None and self.high is None:
            return "any number"
        if self.low is None:
            return f"at most {self.high:g}"
        if self.high is None:
            return f"at least {self.low:g}"
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a study.

    Parameters
    ----------
    name
        Name in configs, cohorts and patients.
    label
        What people read.
    kind
        ``continuous``, ``binary`` (states no, yes) or ``nominal``.
    unit
        Canonical UCUM unit, which a bare number means; ``"1"`` for scores and counts, None
        unless continuous.
    units
        Accepted UCUM unit -> factor, where canonical = value * factor. Holds the canonical unit.
    refused_units
        UCUM unit -> why no conversion exists.
    states
        Of a nominal variable; ``("no", "yes")`` of a binary one; empty for numbers.
    reference
        Reference range of healthy people.
    plausible
        Outside it a value is refused as impossible.
    suspicious
        Outside it a value is read with a warning.
    unit_slips
        Units whose confusion with the canonical one explains a suspicious value.
    integer
        Whether only whole numbers make sense.
    time
        Only ``baseline`` variables may be predictors.
    exclusion
        Whether the variable is an exclusion criterion of the study.
    loinc
        LOINC codes of measurements that may be read as this variable.
    source
        Where the ranges come from.
    note
        What a user must know besides.
    expected
        Outcome -> what a higher value, or a yes, is expected to do to its probability.
    points
        What an item adds to its score when it is there; such a number in a cell means yes.
    """

    name: str
    label: str
    kind: Kind
    unit: str | None
    units: Mapping[str, float]
    refused_units: Mapping[str, str]
    states: tuple[str, ...]
    reference: Range | None
    plausible: Range | None
    suspicious: Range | None
    unit_slips: tuple[str, ...]
    integer: bool
    time: Time
    exclusion: bool
    loinc: tuple[str, ...]
    source: str
    note: str
    expected: Mapping[str, Expectation] = field(default_factory=dict)
    points: int | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the entry as plain JSON data, complete: ``from_dict`` gives it back."""
        entry: dict[str, object] = {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "unit": self.unit,
            "units": dict(self.units),
            "refused_units": dict(self.refused_units),
            "states": list(self.states),
            "reference": self.reference.to_list() if self.reference else None,
            "plausible": self.plausible.to_list() if self.plausible else None,
            "suspicious": self.suspicious.to_list() if self.suspicious else None,
            "unit_slips": list(self.unit_slips),
            "integer": self.integer,
            "time": self.time,
            "exclusion": self.exclusion,
            "loinc": list(self.loinc),
            "source": self.source,
            "note": self.note,
        }
        if self.expected:  # left out otherwise, so that earlier versions read the others
            entry["expected"] = {name: e.to_dict() for name, e in self.expected.items()}
        if self.points is not None:
            entry["points"] = self.points
        return entry

    @classmethod
    def from_dict(cls, data: object) -> Variable:
        """Rebuild a variable from ``to_dict`` and check it by the rules of a dictionary file.

        Raises
        ------
        DictionaryError
            If the data break a rule; ``reasons`` lists every problem.
        """
        # The checker builds variables, so it cannot be imported while this module loads.
        from predictor.clinical.entries import variable_from_data

        return variable_from_data(data)
