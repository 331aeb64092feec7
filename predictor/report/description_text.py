"""A described cohort as plain text, Markdown and one HTML file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.cohort.description import Description
from predictor.report.description_layout import LaidOut, LaidOutTable, lay_out
from predictor.report.html_templates import html_templates
from predictor.report.text_table import escape_markdown, markdown_table, text_table

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def description_text(description: Description) -> str:
    """The tables as plain text, for a terminal or a .txt file."""
    laid_out = lay_out(description)
    parts = [laid_out.title, laid_out.simulated]
    for table in laid_out.tables:
        rows = _rows(table, indent="  ")
        parts.append("\n".join([table.title, text_table(table.header, rows), *table.footnotes]))
    parts.append("\n".join(laid_out.notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def description_markdown(description: Description) -> str:
    """The tables as GitHub-flavoured Markdown; labels from a file are escaped."""
    laid_out = lay_out(description)
    parts = [f"# {escape_markdown(laid_out.title)}"]
    parts += [f"**{laid_out.simulated}**"] if laid_out.simulated else []
    for table in laid_out.tables:
        parts += [
            f"## {escape_markdown(table.title)}",
            markdown_table(table.header, _rows(table, indent="")),
            *(escape_markdown(note) for note in table.footnotes),
        ]
    parts.append("\n".join(f"- {escape_markdown(note)}" for note in laid_out.notes))
    return "\n\n".join(parts) + "\n"


def description_html(description: Description) -> str:
    """The tables as one self-contained HTML page; every text is escaped."""
    laid_out: LaidOut = lay_out(description)
    return _template().render(description=laid_out)


@lru_cache(maxsize=1)
def _template() -> Template:
    return html_templates(_TEMPLATES).get_template("description.html.j2")


def _rows(table: LaidOutTable, indent: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for heading, section in table.sections:
        rows.append((heading,))
        rows += [(indent + cells[0], *cells[1:]) for cells in section]
    return rows
