"""The envelope of a FHIR record: which resources are in it, and which of them are read."""

from __future__ import annotations

from collections.abc import Mapping

from predictor.clinic.fhir_elements import Resource
from predictor.clinic.fhir_findings import Findings
from predictor.errors import DocumentError, Reason

PLACE = "FHIR Bundle"
STATEMENTS = ("Condition", "MedicationStatement", "MedicationRequest")

_TYPES = ("collection", "searchset", "document", "message", "transaction", "batch")
_READ = ("Patient", "Observation", "Medication", *STATEMENTS)
_MOST_REASONS = 50


def read_resources(document: Mapping[str, object], findings: Findings) -> list[Resource]:
    """Return the resources of a Bundle that are read; all others are counted.

    Raises
    ------
    DocumentError
        If it is no Bundle, or not one that is a record.
    """
    if document.get("resourceType") != "Bundle":
        rule = "one FHIR resource was given, and a Bundle was expected"
        raise DocumentError(PLACE, rule, "Put the resources of one patient in one Bundle.")
    if document.get("type", "collection") not in _TYPES:
        rule = f"the Bundle is of none of the types {', '.join(_TYPES)}"
        raise DocumentError(PLACE, rule, "A history or a response is not a record.")
    if document.get("implicitRules"):
        rule = "the Bundle follows implicit rules, which this reader does not know"
        raise DocumentError(PLACE, rule)
    entries = document.get("entry", [])
    if not isinstance(entries, list | tuple):
        raise DocumentError(PLACE, "Bundle.entry is not a list")
    links = document.get("link", [])
    for link in links if isinstance(links, list | tuple) else ():
        if isinstance(link, Mapping) and link.get("relation") == "next":
            message = "the search had further pages, which may hold newer results."
            findings.warn("further_pages", "", message)
    found = []
    for place, entry in enumerate(entries):
        resource = _resource(entry, f"Bundle.entry[{place}]", findings)
        if resource is not None:
            found.append(resource)
    return found


def _resource(entry: object, where: str, findings: Findings) -> Resource | None:
    """The resource of one entry; None if it is not read."""
    content = entry.get("resource") if isinstance(entry, Mapping) else None
    address = entry.get("fullUrl", "") if isinstance(entry, Mapping) else None
    request = entry.get("request") if isinstance(entry, Mapping) else None
    if isinstance(request, Mapping) and request.get("method") == "DELETE":
        # What it would delete may be among the results that stand beside it.
        findings.refuse("deletion", where, "asks to delete something; send what the record holds.")
        return None
    if isinstance(entry, Mapping) and content is None:
        findings.ignore("entry without a resource", "no_resource", "there is nothing to read")
        return None
    kind = content.get("resourceType") if isinstance(content, Mapping) else None
    if not isinstance(content, Mapping) or not isinstance(kind, str):
        findings.refuse("malformed", where, "is no FHIR resource.")
        return None
    if not isinstance(address, str) or not isinstance(content.get("id", ""), str):
        findings.refuse("malformed", where, "its fullUrl or id is not text.")
        return None
    if kind not in _READ:
        # A type is a word of FHIR; anything else is not repeated.
        shown = kind if kind.isascii() and kind.isalpha() and len(kind) <= 40 else "other resource"
        findings.ignore(shown, "not_read", "resources of this type are not read")
        return None
    return Resource(kind, content, where, address)


def stop(findings: Findings) -> None:
    """Refuse the record with everything that was found wrong, if anything was."""
    if findings.reasons:
        reasons = list(dict.fromkeys(findings.reasons))
        if len(reasons) > _MOST_REASONS:
            message = f"and {len(reasons) - _MOST_REASONS} more of these."
            reasons = [*reasons[:_MOST_REASONS], Reason("more", "", message)]
        raise DocumentError(PLACE, "this record cannot be used, because:", reasons=reasons)
