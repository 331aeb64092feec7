"""By which codes a FHIR record names the variables: data beside the dictionary, looked up here.

LOINC codes of results stand in the dictionary. What it has no place for is in ``fhir/``: codes of
diagnoses and drugs, coded answers, and the cut-offs with which a number becomes a yes or no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

Code = tuple[str, str]
"""Short name of a code system, and the code."""

_FILE = Path(__file__).resolve().parent / "fhir" / "sle_ivig.yaml"
_MARKS = "†*+!"
"""Signs that ICD-10 puts behind a code to say what it stands beside."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """With which number a yes/no variable is yes.

    Parameters
    ----------
    value
        The cut-off.
    inclusive
        Whether the cut-off itself is a yes.
    titre
        Whether the number counts dilutions, so that ``1:320`` is 320.
    units
        Units the number may have, as ``unit_key`` writes them.
    """

    value: float
    inclusive: bool
    titre: bool
    units: frozenset[str]

    def decide(self, number: float, comparator: str = "") -> bool | None:
        """Tell whether a number is a yes; None where ``<`` or ``>`` leaves it open.

        >>> forty = CutOff(40, inclusive=True, titre=False, units=frozenset())
        >>> forty.decide(40), forty.decide(20, "<"), forty.decide(60, "<"), forty.decide(80, ">")
        (True, False, None, True)
        """
        above = number > self.value or (number == self.value and self.inclusive)
        if not comparator or (above and comparator in (">", ">=")):
            return above
        # Of "greater than the cut-off" every value is a yes, whether the cut-off is one or not.
        if comparator == ">" and number == self.value:
            return True
        if comparator == "<" and number <= self.value:
            return False
        return False if comparator == "<=" and not above else None


@dataclass(frozen=True, slots=True)
class Codings:
    """The codes of one dictionary.

    Parameters
    ----------
    systems
        Address of a code system -> its short name.
    names
        Short name -> what people call the system.
    with_children
        Systems in which a code stands for every code that begins with it.
    active
        Clinical states of a condition that is there.
    gender, birth_date
        Variables that the Patient resource tells.
    answers
        ``"yes"`` and ``"no"`` by code.
    states
        Variable -> state by code.
    cut_offs
        Variable -> cut-off.
    conditions, medications
        Variable by code.
    """

    systems: Mapping[str, str]
    names: Mapping[str, str]
    with_children: frozenset[str]
    active: frozenset[str]
    gender: str
    birth_date: str
    answers: Mapping[Code, str]
    states: Mapping[str, Mapping[Code, str]]
    cut_offs: Mapping[str, CutOff]
    conditions: Mapping[Code, str]
    medications: Mapping[Code, str]

    def short(self, address: str) -> str | None:
        """Return the short name of a code system; None if it is not known."""
        return self.systems.get(address)

    def lookup(self, table: Mapping[Code, str], codes: Iterable[Code]) -> dict[str, Code]:
        """Return what a table says of some codes, each with the entry of the table that says it."""
        found: dict[str, Code] = {}
        for system, code in codes:
            parents = [(system, code)]
            if system in self.with_children:
                plain = _plain(code)
                parents = [(system, plain[:length]) for length in range(len(plain), 2, -1)]
            for parent in parents:
                if parent in table:
                    found.setdefault(table[parent], parent)
                    break
        return found

    def shown(self, code: Code) -> str:
        """Return a code as people write it.

        >>> load_codings().shown(("icd10", "I730"))
        'ICD-10 I73.0'
        """
        system, text = code
        if system == "icd10" and len(text) > 3:
            text = f"{text[:3]}.{text[3:]}"
        return f"{self.names.get(system, system)} {text}"


def unit_key(unit: str) -> str:
    """Return a unit for comparison, without letter case, spaces and braces.

    >>> unit_key("{GPL'U} / mL")
    "gpl'u/ml"
    """
    return "".join(sign for sign in unit.casefold() if sign not in " {}[]")


@lru_cache(maxsize=1)
def load_codings() -> Codings:
    """Load the codes that come with the shipped dictionary; they are read once."""
    from predictor.documents import load_yaml

    data = load_yaml(_FILE).data
    children = frozenset(data["with_children"])
    return Codings(
        systems={address: name for name, all_ in data["systems"].items() for address in all_},
        names=data["names"],
        with_children=children,
        active=frozenset(data["active"]),
        gender=data["patient"]["gender"],
        birth_date=data["patient"]["birth_date"],
        answers=_by_code(data["answers"], children),
        states={name: _by_code(states, children) for name, states in data["states"].items()},
        cut_offs={name: _cut_off(entry) for name, entry in data["cut_offs"].items()},
        conditions=_by_code(data["conditions"], children),
        medications=_by_code(data["medications"], children),
    )


def _by_code(
    entries: Mapping[str, Mapping[str, list[object]]], children: frozenset[str]
) -> dict[Code, str]:
    found: dict[Code, str] = {}
    for name, systems in entries.items():
        for system, codes in systems.items():
            for code in codes:
                text = _plain(str(code)) if system in children else str(code)
                found[system, text] = name
    return found


def _cut_off(entry: Mapping[str, object]) -> CutOff:
    inclusive = "from" in entry
    units = entry["units"]
    assert isinstance(units, list)  # noqa: S101 - our own file; tells the type checker
    return CutOff(
        value=float(str(entry["from"] if inclusive else entry["above"])),
        inclusive=inclusive,
        titre=entry.get("titre") is True,
        units=frozenset(unit_key(str(unit)) for unit in units),
    )


def _plain(code: str) -> str:
    return code.strip().upper().replace(".", "").rstrip(_MARKS)
