"""Places in the page that links lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from predictor.report.document import Checklist, Figure, Report, Section, Table

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a section, table or figure stands in the page, and what it is called."""

    name: str
    title: str


def anchors(report: Report) -> dict[str, Anchor]:
    """Every id of a report with its place in the page.

    An id may come from the name of a column, so it can hold anything; the name of its place holds
    nothing that means something in an address, and no two are the same.
    """
    found: dict[str, Anchor] = {}
    taken: set[str] = set()
    for name, title in _named(report.sections):
        if name not in found:
            found[name] = Anchor(_unused(name, taken), title)
    return found


def _unused(name: str, taken: set[str]) -> str:
    plain = _UNSAFE.sub("-", name).strip("-")[:60] or "part"
    if not plain[0].isalpha():
        plain = f"part-{plain}"
    unused, n = plain, 1
    while unused in taken:
        n += 1
        unused = f"{plain}-{n}"
    taken.add(unused)
    return unused


def _named(sections: Sequence[Section]) -> Iterator[tuple[str, str]]:
    for section in sections:
        yield section.id, section.title
        for block in section.blocks:
            if isinstance(block, Table):
                yield block.id, block.caption
            elif isinstance(block, Checklist):
                yield block.id, block.title
            elif isinstance(block, Figure):
                yield block.id, block.title
                yield from ((table.id, table.caption) for table in block.tables)
        yield from _named(section.parts)
