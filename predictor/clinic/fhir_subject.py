"""Whose record it is: the Patient resource, and what other resources refer to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from predictor.clinic.fhir_elements import (
    Element,
    Malformed,
    Moment,
    Resource,
    child,
    children,
    is_id,
    malformed,
    moment,
    must_be_understood,
    text,
    truth,
)
from predictor.clinic.fhir_findings import Findings

About = Literal["patient", "unsaid", "another", "nobody", "not a patient"]
"""Unsaid: of nobody named, in the record of one Patient resource."""

UNSAID = "it names no patient; the record is of one"

_VERSION = re.compile(r"/_history/[A-Za-z0-9\-.]{1,64}\Z", re.ASCII)
_RELATIVE = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})", re.ASCII)
_ABSOLUTE = re.compile(r"(https?://.+/)([A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Person:
    """What the Patient resource tells.

    Parameters
    ----------
    identifier
        Its id; None if it has none.
    gender
        ``male``, ``female``, ``other`` or ``unknown``; empty if it is not told.
    birth, death
        Dates, where they are told.
    resource
        Type and id, for the list of what was taken.
    """

    identifier: str | None
    gender: str
    birth: Moment | None
    death: Moment | None
    resource: str


class Subject:
    """The one patient of a record; tells whether another resource speaks of them.

    Parameters
    ----------
    patients
        The Patient resources of the record: one, or the same one repeated.
    """

    def __init__(self, patients: Sequence[Resource]) -> None:
        self._names: set[str] = set()
        self._base = ""
        self._identifiers: set[tuple[str, str]] = set()
        self._stranger = not patients
        self._alone = bool(patients)
        for resource in patients:
            self._learn(resource)

    def _learn(self, resource: Resource) -> None:
        address = _VERSION.sub("", resource.address)
        absolute = _ABSOLUTE.fullmatch(address)
        self._base = absolute.group(1) if absolute else self._base
        own = resource.content.get("id")
        self._names |= {address} if address else set()
        self._names |= {f"Patient/{own}", f"urn:uuid:{own}"} if own else set()
        for identifier in children(resource.content, "identifier"):
            if text(identifier, "value"):
                self._identifiers.add((text(identifier, "system"), text(identifier, "value")))

    def about(self, resource: Resource, element: str = "subject") -> About:
        """Tell whom a resource speaks of.

        Without a Patient resource in the record, the first reference says who the patient is.
        With one, what names nobody (which FHIR allows an Observation) is taken as theirs.

        Raises
        ------
        Malformed
            If the reference is not what FHIR says it is.
        """
        reference = child(resource.content, element)
        if not reference and self._alone:
            return "unsaid"
        given = _VERSION.sub("", text(reference, "reference"))
        if given:
            return self._pointed(given, resource, text(reference, "type"))
        identifier = child(reference, "identifier")
        named = (text(identifier, "system"), text(identifier, "value"))
        if not named[1]:
            return "nobody"
        if text(reference, "type") not in ("", "Patient"):
            return "not a patient"
        if self._stranger:
            self._identifiers.add(named)
            self._stranger = False
        return "patient" if named in self._identifiers else "another"

    def _pointed(self, given: str, resource: Resource, kind: str) -> About:
        if given.startswith("#"):
            inside = (
                c for c in children(resource.content, "contained") if c.get("id") == given[1:]
            )
            return "another" if _is_patient(next(inside, {})) else "not a patient"
        absolute = _ABSOLUTE.fullmatch(given)
        plain = absolute.group(2) if absolute else given
        relative = _RELATIVE.fullmatch(plain)
        if (relative.group(1) if relative else kind or "Patient") != "Patient":
            return "not a patient"
        if self._stranger:
            self._names.add(plain)
            self._base = absolute.group(1) if absolute else ""
            self._stranger = False
        here = _ABSOLUTE.fullmatch(_VERSION.sub("", resource.address))
        base = absolute.group(1) if absolute else here.group(1) if here and relative else ""
        if base and self._base and base != self._base:
            return "another"  # the same id on another server is another patient
        return "patient" if given in self._names or plain in self._names else "another"


def _is_patient(contained: Element) -> bool:
    return contained.get("resourceType") == "Patient"


def read_person(patients: Sequence[Resource], findings: Findings) -> Person | None:
    """Read the Patient resource, and refuse a record of two patients.

    Parameters
    ----------
    patients
        All Patient resources of the record.
    findings
        Where reasons are noted.
    """
    people: list[tuple[Resource, Person]] = []
    for resource in patients:
        try:
            people.append((resource, _person(resource)))
        except Malformed as fault:
            findings.reasons.append(malformed(resource, fault))
            continue
        if must_be_understood(resource):
            message = "it has a modifier extension, which this reader does not know."
            findings.refuse("modifier_extension", f"{resource.where}, Patient", message)
        if resource.content.get("active") is False:
            message = "this Patient resource is no longer in use (active is false)."
            findings.refuse("inactive_record", f"{resource.where}, Patient", message)
    for resource, person in people[1:]:
        first = people[0][1]
        if person.identifier is None or person.identifier != first.identifier:
            message = "a second patient; one Bundle is the record of one patient."
            findings.refuse("two_patients", f"{resource.where}, Patient", message)
        elif person != first:
            message = "the same patient again with another sex, birth date or death."
            findings.refuse("contradiction", f"{resource.where}, Patient", message)
    return people[0][1] if people else None


def _person(resource: Resource) -> Person:
    content = resource.content
    truth(content, "active")
    gone = moment(content, "deceasedDateTime")
    return Person(
        identifier=str(content["id"]) if is_id(content.get("id")) else None,
        gender=text(content, "gender"),
        birth=moment(content, "birthDate"),
        death=gone,
        resource=resource.shown,
    )


def age_in_years(birth: date, day: date) -> int:
    """Completed years of life, as people state an age; who is born on 29 February ages on 1 March.

    >>> age_in_years(date(1980, 6, 15), date(2024, 6, 14))
    43
    >>> age_in_years(date(2000, 2, 29), date(2001, 3, 1))
    1
    """
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
