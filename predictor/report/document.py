"""What a report says, as plain data: sections of blocks, before any page or picture is made.

Everything that is shown stands in here once. A figure is the name of a kind and the tables that
it draws, so a picture cannot show another number than the table behind it, and the HTML page, the
model card and ``report.json`` cannot differ in what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

#: Version of the layout of ``report.json``; goes up when a key changes its meaning or goes away.
SCHEMA_VERSION = 1

Cell: TypeAlias = str | float | int | bool | None
Tone: TypeAlias = Literal["plain", "quiet", "warning", "alert"]
Status: TypeAlias = Literal["passed", "note", "warning", "not assessed"]
Answered: TypeAlias = Literal["from the run", "from the study", "for a person", "not applicable"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    key
        Name in the rows, in the CSV file and in ``report.json``.
    label
        Heading, with the unit in brackets where there is one.
    kind
        ``interval`` shows ``key`` with ``key_low`` and ``key_high`` of the row beside it.
    digits
        Decimals that are shown; the data keep all of them.
    """

    key: str
    label: str
    kind: Literal["text", "number", "percent", "count", "interval"] = "text"
    digits: int = 2


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with one meaning each.

    Parameters
    ----------
    id
        Unique in the report; anchor and name of the CSV file.
    caption
        What the rows are.
    columns
        Those that are shown, in order. Further keys of the rows go to CSV and JSON only.
    rows
        One mapping a row. None is "not defined".
    note
        What to know when reading it; empty for nothing.
    empty
        What stands there instead where there are no rows.
    folded
        Whether the page shows it closed at first.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]
    note: str = ""
    empty: str = "There is nothing to show."
    folded: bool = False
    block: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of tables.

    Parameters
    ----------
    id
        Unique in the report.
    kind
        What draws it, such as ``roc``.
    title, alternative
        Heading; and in words what is to be seen, for those who cannot see it.
    tables
        What is drawn; shown folded below the picture.
    options
        What is no row of a table: labels of the axes, a reference range.
    """

    id: str
    kind: str
    title: str
    alternative: str
    tables: tuple[Table, ...]
    options: Mapping[str, Any]
    note: str = ""
    block: Literal["figure"] = "figure"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of text."""

    text: str
    tone: Tone = "plain"
    block: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Listing:
    """Sentences that stand below each other."""

    items: tuple[str, ...]
    title: str = ""
    block: Literal["listing"] = "listing"


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure that matters by itself: ``value`` is what is shown, ``meaning`` one sentence."""

    label: str
    value: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """A few facts beside each other."""

    facts: tuple[Fact, ...]
    block: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text whose lines and spaces are kept, such as an equation or a configuration."""

    text: str
    title: str = ""
    folded: bool = False
    block: Literal["verbatim"] = "verbatim"


@dataclass(frozen=True, slots=True)
class Check:
    """An automatic check of a pitfall.

    Parameters
    ----------
    number, code, name
        Place, name for programs, name for people.
    status
        ``warning`` where a reader must not go on without it; ``note`` where it should be known.
    finding
        What was found, with the figure.
    meaning
        What that means for using the model.
    section
        Id of the section, table or figure with the evidence; empty for none.
    """

    number: int
    code: str
    name: str
    status: Status
    finding: str
    meaning: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Checks:
    """The pitfalls that were looked for."""

    checks: tuple[Check, ...]
    block: Literal["checks"] = "checks"


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a checklist.

    Parameters
    ----------
    number
        As printed in the checklist, such as ``10a``.
    part
        Part of the checklist that it belongs to.
    asks
        What it asks, in our own words.
    answer
        What the run or the study says; empty where only a person can answer.
    answered
        By whom.
    section
        Id of the section, table or figure with the evidence; empty for none.
    remains
        What a person still has to add to the answer; empty for nothing.
    """

    number: str
    part: str
    asks: str
    answer: str
    answered: Answered
    section: str = ""
    remains: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """A reporting or appraisal checklist, with its source."""

    id: str
    title: str
    source: str
    items: tuple[Item, ...]
    block: Literal["checklist"] = "checklist"


Block: TypeAlias = Paragraph | Listing | Facts | Table | Figure | Verbatim | Checks | Checklist


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report, or a part of a part.

    Parameters
    ----------
    id, title
        Anchor and heading.
    blocks
        What it says, in order.
    parts
        Sections below it.
    """

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    parts: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model is ready for.

    Parameters
    ----------
    code
        ``demonstration``, ``no model``, ``too few patients``, ``no signal``, ``not validated``,
        ``no better than the prevalence``, ``miscalibrated`` or ``ready for external validation``.
    headline
        One sentence.
    reasons
        Why, the weightiest first.
    next_steps
        What must happen next.
    """

    code: str
    headline: str
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Parameters
    ----------
    title, subtitle
        Of the page.
    verdict
        Also the first section's contents.
    about
        What programs need to know of the model: name, outcome, digest, version, creation.
    sections
        In the order of the page.
    missing
        What could not be shown because the bundle does not hold it, as sentences.
    """

    title: str
    subtitle: str
    verdict: Verdict
    about: Mapping[str, Any]
    sections: tuple[Section, ...]
    missing: tuple[str, ...] = ()


def blocks_of(sections: Sequence[Section]) -> Iterator[Block]:
    """All blocks of some sections and their parts, in the order of reading."""
    for section in sections:
        yield from section.blocks
        yield from blocks_of(section.parts)


def tables_of(sections: Sequence[Section]) -> Iterator[Table]:
    """All tables, those behind figures included."""
    for block in blocks_of(sections):
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Figure):
            yield from block.tables
