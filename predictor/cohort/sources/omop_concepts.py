"""Which concepts of the OMOP vocabularies are which variable: data that a centre writes down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from predictor.clinical.names import suggestion
from predictor.documents import Document, Key, load_yaml
from predictor.errors import ConfigError, Reason

Domain = Literal["measurement", "condition", "drug", "person"]

DOMAINS: tuple[Domain, ...] = ("measurement", "condition", "drug", "person")
BIRTH = "birth"
"""What ``person: birth`` means: age on the day of the visit, in years."""

_KEYS: Mapping[str, tuple[str, ...]] = {
    "measurement": ("units", "unit", "values", "descendants"),
    "condition": ("descendants", "absent", "ends"),
    "drug": ("descendants", "absent", "grace"),
    "person": ("values",),
}
_TOP = ("variables", "visits")
_MOST_DAYS = 36_525


@dataclass(frozen=True, slots=True)
class Concepts:
    """How one variable is found.

    Parameters
    ----------
    variable
        Name in the dictionary.
    domain
        Which table it stands in.
    concepts
        Concepts of the results, diagnoses or drugs.
    descendants
        Whether the concepts below them count as well.
    units
        Unit concept -> unit.
    unit
        Unit of results without a unit concept; empty for the dictionary's.
    values
        Concept of a value -> what the cell says.
    absent
        What it means that nothing is recorded: ``"no"``, or ``"missing"``.
    ends
        Whether a diagnosis is over after its last day; otherwise it stays.
    grace
        Days that a drug still counts after the exposure has ended.
    column
        Column of the table ``person``, or ``"birth"``.
    """

    variable: str
    domain: Domain
    concepts: tuple[int, ...] = ()
    descendants: bool = False
    units: Mapping[int, str] = field(default_factory=dict)
    unit: str = ""
    values: Mapping[int, str] = field(default_factory=dict)
    absent: str = "missing"
    ends: bool = False
    grace: int = 0
    column: str = ""


@dataclass(frozen=True, slots=True)
class ConceptList:
    """The concepts of all variables, and the kinds of visit that make a row by themselves."""

    variables: tuple[Concepts, ...]
    visits: tuple[int, ...]

    def of(self, domain: Domain) -> tuple[Concepts, ...]:
        """Variables of one domain."""
        return tuple(entry for entry in self.variables if entry.domain == domain)


def load_concepts(path: Path) -> ConceptList:
    """Read a concept list.

    Parameters
    ----------
    path
        YAML file; docs/sources.md describes it.

    Raises
    ------
    ConfigError
        Every broken rule at once, with its line.
    DocumentError
        If the file is no readable YAML.
    """
    return _ListReader(load_yaml(path)).read()


class _ListReader:
    """Reads one concept list and collects what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Reason] = []

    def problem(self, message: str, *keys: Key) -> None:
        self.problems.append(Reason("bad_concepts", self.document.place(*keys), message))

    def read(self) -> ConceptList:
        data = self.document.data
        entries = data.get("variables") if isinstance(data, Mapping) else None
        if not isinstance(entries, Mapping) or not entries:
            raise ConfigError(
                self.document.path,
                "a concept list is a mapping with 'variables'",
                "docs/sources.md has an example.",
            )
        self.unknown(data, _TOP)
        found = [self.entry(str(name), entry) for name, entry in entries.items()]
        visits = self.numbers(data.get("visits", ()), "visits")
        self.twice(found)
        if self.problems:
            raise ConfigError(
                self.document.path,
                "the concept list breaks rules",
                "Mend these:",
                reasons=self.problems,
            )
        return ConceptList(tuple(found), visits)

    def unknown(self, data: Mapping[str, object], known: tuple[str, ...], *keys: Key) -> None:
        for key in data:
            if key not in known:
                hint = suggestion(str(key), known) or f"Valid here: {', '.join(known)}."
                self.problem(f"unknown key {str(key)[:80]!r}. {hint}", *keys, key)

    def entry(self, name: str, data: object) -> Concepts:
        keys = ("variables", name)
        domains = [d for d in DOMAINS if isinstance(data, Mapping) and d in data]
        if not isinstance(data, Mapping) or len(domains) != 1:
            self.problem(f"name one of {', '.join(DOMAINS)} with its concepts.", *keys)
            return Concepts(name, "measurement")
        domain = domains[0]
        self.unknown(data, (domain, *_KEYS[domain]), *keys)
        if domain == "person":
            column = data[domain]
            if not isinstance(column, str) or not column.isidentifier():
                self.problem(f"a column of the table person is needed, or {BIRTH}.", *keys, domain)
            values = self.words(data.get("values", {}), *keys, "values")
            return Concepts(name, domain, values=values, column=str(column))
        return Concepts(
            name,
            domain,
            concepts=self.numbers(data[domain], *keys, domain, needed=True),
            descendants=self.truth(data, "descendants", *keys),
            units=self.words(data.get("units", {}), *keys, "units"),
            unit=self.text(data.get("unit", ""), *keys, "unit"),
            values=self.words(data.get("values", {}), *keys, "values"),
            absent=self.absent(data.get("absent", "missing"), *keys, "absent"),
            ends=self.truth(data, "ends", *keys),
            grace=self.days(data.get("grace", 0), *keys, "grace"),
        )

    def numbers(self, data: object, *keys: Key, needed: bool = False) -> tuple[int, ...]:
        listed = data if isinstance(data, list | tuple) else [data]
        if any(type(one) is not int or one < 0 for one in listed) or (needed and not listed):
            self.problem("concepts are whole numbers, such as [3020460].", *keys)
            return ()
        return tuple(dict.fromkeys(listed))

    def words(self, data: object, *keys: Key) -> dict[int, str]:
        if not isinstance(data, Mapping):
            self.problem("a mapping of concepts to words is needed.", *keys)
            return {}
        found = {}
        for concept, word in data.items():
            number = str(concept)
            if isinstance(word, bool):  # YAML reads an unquoted yes as true, and means the same
                word = "yes" if word else "no"  # noqa: PLW2901
            if not number.isascii() or not number.isdigit() or not isinstance(word, str):
                self.problem("each line is a concept and a word, such as 8840: mg/dL.", *keys)
            else:
                found[int(number)] = word
        return found

    def truth(self, data: Mapping[str, object], key: str, *keys: Key) -> bool:
        value = data.get(key, False)
        if not isinstance(value, bool):
            self.problem("true or false is needed.", *keys, key)
        return value is True

    def text(self, value: object, *keys: Key) -> str:
        if not isinstance(value, str):
            self.problem("text is needed.", *keys)
            return ""
        return value

    def absent(self, value: object, *keys: Key) -> str:
        # YAML reads an unquoted no as false, and means the same.
        word = "no" if value is False else value
        if word not in ("no", "missing"):
            self.problem("what nothing recorded means is no or missing.", *keys)
            return "missing"
        return str(word)

    def days(self, value: object, *keys: Key) -> int:
        if type(value) is not int or not 0 <= value <= _MOST_DAYS:
            self.problem("a number of days is needed.", *keys)
            return 0
        return value

    def twice(self, found: list[Concepts]) -> None:
        owners: dict[tuple[str, int], str] = {}
        for entry in found:
            for concept in entry.concepts:
                owner = owners.setdefault((entry.domain, concept), entry.variable)
                if owner != entry.variable:
                    message = f"concept {concept} belongs to {owner} already."
                    self.problem(message, "variables", entry.variable, entry.domain)


def concept_owners(
    entries: tuple[Concepts, ...], descendants: Mapping[int, tuple[int, ...]]
) -> Iterator[tuple[int, Concepts]]:
    """Return each concept that is looked for, with the variable that it is found for.

    Parameters
    ----------
    entries
        Variables of one domain.
    descendants
        Concept -> concepts below it.
    """
    for entry in entries:
        for concept in entry.concepts:
            yield concept, entry
            if entry.descendants:
                yield from ((below, entry) for below in descendants.get(concept, ()))
