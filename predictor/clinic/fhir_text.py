"""What was taken from a FHIR record and what was not, in words, from templates."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import date

from predictor.clinic.fhir_findings import Ignored, Taken

WIDTH = 92

_MOST_IGNORED = 20
_HEAD = "From the FHIR record, for {day}:"
_NOTHING = "  Nothing in it belongs to a variable of this model."
_TAKEN = "  {label}: {value}{when} ({source})"
_SOURCE = "{code}, {resource}"
_WHEN = ", {day}"
_NOTE = "    {note}."
_IGNORED_HEAD = "Not used:"
_IGNORED = "  {what}{when}: {reason}{source}"
_IN = " ({resource})"
_COUNTED = "  {what}, {count} of them: {reason}"
_MORE = "  ... and {count} more kinds; --format json lists all."


def as_text(index_date: date, taken: Sequence[Taken], ignored: Sequence[Ignored]) -> str:
    """The lists as a clinician reads them, in lines of at most 92 characters."""
    lines = [_HEAD.format(day=index_date.isoformat())]
    for entry in taken:
        lines += _wrapped(_taken(entry))
        if entry.note:
            lines += _wrapped(_NOTE.format(note=entry.note))
    if not taken:
        lines.append(_NOTHING)
    if ignored:
        lines.append(_IGNORED_HEAD)
    for left in ignored[:_MOST_IGNORED]:
        lines += _wrapped(_ignored(left))
    if len(ignored) > _MOST_IGNORED:
        lines.append(_MORE.format(count=len(ignored) - _MOST_IGNORED))
    return "\n".join(lines)


def _taken(entry: Taken) -> str:
    value = f"{entry.value:g}" if isinstance(entry.value, float) else entry.value
    shown = f"{value} {entry.unit or ''}".rstrip()
    when = _WHEN.format(day=entry.date.isoformat()) if entry.date else ""
    source = entry.resource
    if entry.code:
        source = _SOURCE.format(code=entry.code, resource=entry.resource)
    return _TAKEN.format(label=entry.label, value=shown, when=when, source=source)


def _ignored(left: Ignored) -> str:
    if left.count > 1:
        return _COUNTED.format(what=left.what, count=left.count, reason=left.reason)
    when = _WHEN.format(day=left.date.isoformat()) if left.date else ""
    source = _IN.format(resource=left.resource) if left.resource else ""
    return _IGNORED.format(what=left.what, when=when, reason=left.reason, source=source)


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(
        line, WIDTH, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True
    )
