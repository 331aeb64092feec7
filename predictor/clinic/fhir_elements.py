"""Elements of a FHIR resource, read one by one and by their type; nothing here is recursive.

A document can hold anything at any depth. What is read is fetched by name, so what lies deeper
than FHIR goes is never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from predictor.clinical.cells import is_missing
from predictor.clinical.coding import Code, Codings
from predictor.errors import Reason

Element = Mapping[str, object]

_DATE_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,20}))?(Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
# FHIR knows no underscore in an id; many who write records do, and it does no harm.
_ID = re.compile(r"[A-Za-z0-9\-._]{1,64}", re.ASCII)
_LONGEST = 2000


class Malformed(Exception):  # noqa: N818 - control flow of these modules, never leaves them
    """An element is not what FHIR says it is; carries its name."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was: a day in its own time zone, or a month or year where no more is known.

    Parameters
    ----------
    first, last
        First and last day it can have been.
    instant
        The instant in UTC; None where only the day is known.
    """

    first: date
    last: date
    instant: datetime | None = None

    @property
    def is_day(self) -> bool:
        """Whether the day is known."""
        return self.first == self.last


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource of a Bundle.

    Parameters
    ----------
    kind
        Its resourceType.
    content
        The resource.
    where
        Its place, for messages.
    address
        Its ``fullUrl``, empty if there is none.
    """

    kind: str
    content: Element
    where: str
    address: str = ""

    @property
    def shown(self) -> str:
        """Type and id, or the place where there is no id that can be shown."""
        given = self.content.get("id")
        return f"{self.kind}/{given}" if is_id(given) else self.where


def is_id(given: object) -> bool:
    """Whether something is an id as FHIR has them: short and harmless."""
    return isinstance(given, str) and _ID.fullmatch(given) is not None


def text(node: Element, name: str) -> str:
    """Return a text; empty if there is none."""
    found = node.get(name)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > _LONGEST:
        raise Malformed(name)
    return found


def truth(node: Element, name: str) -> bool | None:
    """Return true, false or nothing."""
    found = node.get(name)
    if found is not None and not isinstance(found, bool):
        raise Malformed(name)
    return found


def number(node: Element, name: str) -> float | Decimal | None:
    """Return a number; None if there is none."""
    found = node.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal):
        raise Malformed(name)
    if is_missing(found):  # NaN, which JSON has no word for
        raise Malformed(name)
    return found


def child(node: Element, name: str) -> Element:
    """Return an element that has elements; empty if there is none."""
    found = node.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise Malformed(name)
    return found


def children(node: Element, name: str) -> Sequence[Element]:
    """Return a repeated element; empty if there is none."""
    found = node.get(name)
    if found is None:
        return ()
    if not isinstance(found, list | tuple) or not all(isinstance(item, Mapping) for item in found):
        raise Malformed(name)
    return found


def codes(concept: Element, codings: Codings) -> list[Code]:
    """Return the codes of a CodeableConcept whose system is known."""
    found = []
    for coding in children(concept, "coding"):
        system, code = codings.short(text(coding, "system")), text(coding, "code").strip()
        if system and code:
            found.append((system, code))
    return found


def status(node: Element, name: str) -> str:
    """Return the code of a CodeableConcept that holds a status; empty if there is none or two."""
    found = {text(coding, "code") for coding in children(child(node, name), "coding")}
    return found.pop() if len(found) == 1 else ""


def moment(node: Element, name: str) -> Moment | None:
    """Return a date, dateTime or instant; None if there is none."""
    given = text(node, name)
    if not given:
        return None
    match = _DATE_TIME.fullmatch(given)
    if match is None:
        raise Malformed(name)
    year, month, day, hour, minute, second, _, zone = match.groups()
    try:
        if day is None:
            first = date(int(year), int(month or 1), 1)
            following = date(first.year + (month is None), 1, 1)
            if month is not None:
                following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            return Moment(first, following - timedelta(days=1))
        known = date(int(year), int(month), int(day))
        if hour is None:
            return Moment(known, known)
        # A leap second is read as the second before it.
        clock = f"{known.isoformat()}T{hour}:{minute}:{min(int(second), 59):02d}"
        fraction = (match.group(7) or "")[:6].ljust(6, "0")
        stamp = datetime.fromisoformat(f"{clock}.{fraction}{zone or 'Z'}")
        return Moment(known, known, stamp.astimezone(UTC))
    except (ValueError, OverflowError):
        raise Malformed(name) from None


def malformed(resource: Resource, fault: Malformed) -> Reason:
    """The reason that tells of an element that is not what FHIR says it is."""
    message = f"the element {fault} is not what FHIR R4 says it is."
    return Reason("malformed", f"{resource.where}, {resource.kind}", message)


def must_be_understood(resource: Resource) -> bool:
    """Whether a resource says that it means something else to those who know its extensions."""
    content = resource.content
    return bool(content.get("modifierExtension")) or bool(content.get("implicitRules"))
