"""A report as one HTML file that needs no network, no script and no other file."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from predictor.report.direction import DIRECTION_MARKS, undirected
from predictor.report.document import Block, Figure, Report, Table, tables_of
from predictor.report.html_templates import html_templates
from predictor.report.page.anchors import anchors
from predictor.report.page.figures import pictures
from predictor.report.page.measure import raised
from predictor.report.page.tables import (
    AMPLE,
    MOST_ROWS,
    SCARCE,
    Room,
    ShownTable,
    files,
    shown,
)

if TYPE_CHECKING:
    from jinja2 import Environment

LIMIT = 2_900_000
"""Characters of a page from which on it shows less of its tables; nearly all are one byte."""

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_LETTER = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
_FROM_THE_RIGHT = re.compile(rf"({_LETTER}(?:\W*{_LETTER})*)")
"""Words of alphabets that are written from the right, with what stands between them."""


def page(report: Report) -> str:
    """The report for people.

    Parameters
    ----------
    report
        Its contents. Every text in it is escaped, every figure drawn from its tables.

    Returns
    -------
    str
        One HTML file: styles, figures and CSV files inside, no request to anywhere. Its content
        security policy allows this style and this script and nothing else.
    """
    found = _rendered(report, AMPLE)
    return found if len(found) <= LIMIT else _rendered(report, SCARCE)


def _rendered(report: Report, room: Room) -> str:
    """The page with as much of its tables as there is room for."""
    style, script = _file("page.css"), _file("page.js")
    within = files(tables_of(report.sections), room.files)
    places = anchors(report)

    def table_shown(table: Table, behind: bool = False) -> ShownTable:
        return shown(table, within[table.id], room.behind if behind else MOST_ROWS)

    def drawn(figure: Figure) -> Markup:
        return pictures(figure, f"{places[figure.id].name}-svg")

    found: str = (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            first=report.sections[0] if report.sections else None,
            rest=report.sections[1:],
            places=places,
            table_shown=table_shown,
            drawn=drawn,
            style=Markup(style),  # noqa: S704  # files of this package, not of a study
            script=Markup(script),  # noqa: S704
            style_digest=_digest(style),
            script_digest=_digest(script),
        )
    )
    return found


def rendered(template: str, *styles: str, **context: object) -> str:
    """Another page of this kind: the same filters and policy, no script.

    Parameters
    ----------
    template, styles
        Files beside this module.
    context
        What the template shows.
    """
    style = "\n".join(map(_file, styles))
    found: str = (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704  # files of this package, not of a study
            style_digest=_digest(style),
            **context,
        )
    )
    return found


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return html_templates(_TEMPLATES, apart=apart, undirected=_plain, as_it_is=as_it_is, kind=_kind)


def apart(text: object) -> Markup:
    r"""Text in which words written from the right are kept from turning round what is beside them.

    Marks that set a direction by themselves are left out: somebody else's label should not
    reverse the number that a sentence puts after it.

    Examples
    --------
    >>> apart("C3 < 90"), apart("\u202eC3 of 61"), apart("of \u05d0 61")
    (Markup('C3 &lt; 90'), Markup('C3 of 61'), Markup('of <bdi>\u05d0</bdi> 61'))
    """
    said = _plain(raised(str(text)))
    return Markup("").join(
        Markup("<bdi>{}</bdi>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(_FROM_THE_RIGHT.split(said))
    )


def _plain(text: str) -> str:
    """Text without control characters and marks of direction."""
    return "".join(c for c in undirected(text) if not _control(c))


def as_it_is(text: str) -> Markup:
    r"""Text that somebody may copy into a program, with marks of direction to be seen.

    >>> as_it_is("name: \u202eC3")
    Markup('name: \\u202eC3')
    """
    return escape(
        "".join(
            rf"\u{ord(c):04x}" if c in DIRECTION_MARKS else c for c in str(text) if not _control(c)
        )
    )


def _control(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) == "Cc"


def _kind(block: Block) -> str:
    return block.block


@lru_cache(maxsize=4)
def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Digest of what stands inside a ``style`` or ``script`` element, as the policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
