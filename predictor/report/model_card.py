"""The model card: the parts of a report that fit on two pages, as Markdown for a code host.

It says nothing of its own but what the bundle holds; every figure is that of the report, written
by the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from predictor.clinical.variable import Variable
from predictor.report.contents.source import cell_size_of
from predictor.report.direction import undirected
from predictor.report.document import Block, Figure, Report, Section, Table
from predictor.report.page.wording import cell_text, is_numeric

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")

MOST_ROWS = 15
"""Rows of a table that are shown; all of them stand in the report."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What of a section stands in the card.

    Parameters
    ----------
    section
        Id of the section of the report.
    kinds
        Blocks that are taken whatever they are called.
    ids
        Tables and figures that are taken by name, with the columns that are shown; all of them
        where there are none.
    notes
        Whether the notes of these tables stand below them.
    """

    section: str
    kinds: tuple[str, ...] = ()
    ids: tuple[tuple[str, tuple[str, ...]], ...] = ()
    notes: bool = False


CARD = {
    "Verdict": (Excerpt("verdict", ("facts", "listing", "paragraph")),),
    "Patients": (
        Excerpt("patients", ("paragraph",)),
        Excerpt("patients-flow", ("paragraph",), (("patients-flow-figure", ()),)),
    ),
    "Performance": (
        Excerpt(
            "performance-figures",
            ("paragraph", "listing"),
            (
                (
                    "performance-figures-table",
                    ("label", "apparent", "cross_validated", "corrected", "by"),
                ),
            ),
        ),
        Excerpt(
            "performance-candidates",
            (),
            (
                (
                    "performance-candidates-figure",
                    ("label", "auroc", "log_loss", "brier", "calibration_slope"),
                ),
            ),
        ),
        Excerpt("performance-centres", (), (("performance-centres-figure", ()),)),
        Excerpt("performance-instability", ("listing",)),
        Excerpt("performance-signal", ("listing",)),
    ),
    "Explanation": (
        Excerpt(
            "explanation-importance",
            ("paragraph",),
            (("explanation-importance-figure", ()),),
            notes=True,  # a variable that may not be shown is named there
        ),
        Excerpt("explanation-direction", (), (("explanation-direction-table", ()),)),
    ),
    "The model itself": (Excerpt("model-equation", ("paragraph", "verbatim")),),
    "Pitfalls found": (Excerpt("pitfalls", ("checks",)),),
}
"""Headings of the card with what stands below them."""


@dataclass(frozen=True, slots=True)
class _Part:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class _Head:
    label: str
    right: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    heads: tuple[_Head, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int


def model_card(report: Report, manifest: Mapping[str, Any]) -> str:
    """Write the model card.

    Parameters
    ----------
    report
        What the report says.
    manifest
        Content of ``manifest.json``, for what the bundle holds and whom it refuses.

    Returns
    -------
    Markdown. No name from outside can break its layout.
    """
    known = [Variable.from_dict(entry) for entry in manifest["dictionary"].values()]
    own = set((manifest.get("config") or {}).get("cohort", {}).get("exclude") or ())
    criteria = [variable for variable in known if variable.exclusion]
    text: str = _template().render(
        report=report,
        parts=list(_parts(report)),
        most_missing=round(100 * manifest["prediction"]["most_missing"]),
        exclusions=[variable.label.lower() for variable in criteria if variable.name in own],
        others=[variable.label.lower() for variable in criteria if variable.name not in own],
        kind=manifest["model"]["kind"],
        tried=len(manifest.get("external_validations", ())),
        smallest_leaf=manifest["model"].get("smallest_leaf"),
        cell_size=cell_size_of(manifest),
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def escaped(text: object) -> str:
    r"""Text that Markdown shows as it is, on one line and from the left.

    >>> print(escaped("a|b <i> *c*"))
    a\|b \<i\> \*c\*
    """
    return _SPECIAL.sub(r"\\\1", " ".join(undirected(str(text)).split()))


def fenced(text: object) -> str:
    """Lines that stay as they are, within a fence longer than any inside them."""
    said = str(text)
    ticks = max((len(found) for found in re.findall(r"`+", said)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}text\n{said}\n{fence}"


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("predictor.report"),
        # Markdown, not HTML: every text goes through the filter below instead.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = escaped
    environment.filters["fenced"] = fenced
    environment.filters["shown"] = _shown
    return environment.get_template("model_card.md.j2")


def _parts(report: Report) -> Iterator[_Part]:
    sections = {section.id: section for section in _all(report.sections)}
    for title, excerpts in CARD.items():
        blocks = tuple(
            block
            for excerpt in excerpts
            if excerpt.section in sections
            for block in _taken(sections[excerpt.section], excerpt)
        )
        if title == "Verdict":  # its headline stands above everything already
            blocks = blocks[1:]
        if blocks:
            yield _Part(title, blocks)


def _all(sections: Sequence[Section]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from _all(section.parts)


def _taken(section: Section, excerpt: Excerpt) -> Iterator[Block]:
    wanted = dict(excerpt.ids)
    for block in section.blocks:
        if block.block in excerpt.kinds:
            yield block
        elif isinstance(block, Table | Figure) and block.id in wanted:
            # Of a figure, the table that it draws.
            table = block.tables[0] if isinstance(block, Figure) else block
            yield _narrowed(table, wanted[block.id], notes=excerpt.notes)


def _narrowed(table: Table, keys: tuple[str, ...], *, notes: bool) -> Table:
    shown = tuple(column for column in table.columns if not keys or column.key in keys)
    return replace(table, columns=shown or table.columns, note=table.note if notes else "")


def _shown(table: Table) -> _Shown:
    return _Shown(
        tuple(_Head(column.label, is_numeric(column)) for column in table.columns),
        tuple(
            tuple(cell_text(column, row) for column in table.columns)
            for row in table.rows[:MOST_ROWS]
        ),
        max(len(table.rows) - MOST_ROWS, 0),
    )
