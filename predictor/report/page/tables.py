"""A table as the page shows it, and as a file within the page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from predictor.report.document import Column, Table
from predictor.report.page.measure import shortened, text_width
from predictor.report.page.sheet import TEXT
from predictor.report.page.wording import cell_text, is_numeric
from predictor.report.spreadsheet import csv_bytes

MOST_ROWS = 1000
"""Rows of a table that are shown; the file has the others."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much of the tables a page has room for.

    Parameters
    ----------
    files
        Bytes of all files together.
    behind
        Rows of a table behind a figure that are shown.
    """

    files: int
    behind: int


AMPLE, SCARCE = Room(1_400_000, 60), Room(0, 10)
"""What every study gets, and what one of very many variables gets, for a page below 3 MB."""

_WIDEST_HEAD = 420.0
_UNIT = re.compile(r" \([^()]{1,20}\)$")
_LONG_WORD = 22
_SLIM_COLUMNS, _MANY_ROWS = 2, 24
_FEW_ROWS = 14

# As an address has them; everything else is written as %XX.
_PLAIN = ",;:/?@!$()*+-._~='"


@dataclass(frozen=True, slots=True)
class Head:
    """Heading of a column.

    Parameters
    ----------
    label
        What is shown.
    css
        Its classes.
    whole
        The whole text where ``label`` is but a part of it.
    """

    label: str
    css: str
    whole: str = ""


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell as text, and the classes of its element."""

    text: str
    css: str


@dataclass(frozen=True, slots=True)
class ShownTable:
    """What the template needs of a table.

    Parameters
    ----------
    table
        The table.
    heads, rows
        What is shown; the first cell of a row is its heading.
    left_out
        How many rows are not shown.
    file
        Address that holds the CSV; empty where the page has no room for it.
    """

    table: Table
    heads: tuple[Head, ...]
    rows: tuple[tuple[ShownCell, ...], ...]
    left_out: int
    file: str

    @property
    def slim(self) -> bool:
        """Whether it is so narrow and long that it is set in columns."""
        return len(self.heads) <= _SLIM_COLUMNS and len(self.rows) > _MANY_ROWS

    @property
    def short(self) -> bool:
        """Whether it should not be cut by the end of a page."""
        return len(self.rows) <= _FEW_ROWS


def shown(table: Table, file: str, most: int = MOST_ROWS) -> ShownTable:
    """Prepare a table for the template.

    Parameters
    ----------
    table
        The table.
    file
        Address that holds the CSV, or nothing.
    most
        Rows at most.
    """
    rows = table.rows[:most]
    return ShownTable(
        table,
        tuple(map(_head, table.columns)),
        tuple(
            tuple(
                ShownCell(text := cell_text(column, row), _classes(column, text))
                for column in table.columns
            )
            for row in rows
        ),
        len(table.rows) - len(rows),
        file,
    )


def _head(column: Column) -> Head:
    label = short_head(column.label)
    whole = "" if label == column.label else column.label
    return Head(label, _classes(column, label), whole)


def short_head(text: str) -> str:
    """A heading that leaves room for its table; the unit at its end stays.

    >>> short_head("Complement C3 (mg/dL)")
    'Complement C3 (mg/dL)'
    >>> short_head(f"{'very ' * 20}long (mg/dL)")
    'very very very very very very very very very very ver… (mg/dL)'
    """
    if text_width(text, TEXT) <= _WIDEST_HEAD:
        return text
    found = _UNIT.search(text)
    unit = found.group() if found else ""
    room = _WIDEST_HEAD - text_width(unit, TEXT)
    return f"{shortened(text.removesuffix(unit), room, size=TEXT)}{unit}"


def _classes(column: Column, text: str) -> str:
    """How a cell is set: at the right, and broken within words only where it has long ones."""
    number = "number" if is_numeric(column) else ""
    long = "long" if any(len(word) > _LONG_WORD for word in text.split()) else ""
    return f"{number} {long}".strip()


def files(tables: Iterable[Table], limit: int) -> dict[str, str]:
    """Addresses that hold the CSV of the tables, by id.

    Parameters
    ----------
    tables
        Those of the page.
    limit
        Bytes of all together: the largest are left out, with an empty address, until it holds.
    """
    addresses = {table.id: address(table) for table in tables}
    total = sum(map(len, addresses.values()))
    for name in sorted(addresses, key=lambda name: -len(addresses[name])):
        if total <= limit:
            break
        total -= len(addresses[name])
        addresses[name] = ""
    return addresses


def address(table: Table) -> str:
    """All keys of all rows as CSV, written as an address that needs no server."""
    keys: dict[str, None] = {}
    for column in table.columns:
        ends = (f"{column.key}_low", f"{column.key}_high") if column.kind == "interval" else ()
        keys.update(dict.fromkeys((column.key, *ends)))
    for row in table.rows:
        keys.update(dict.fromkeys(row))
    if not keys:
        return ""
    return f"data:text/csv;charset=utf-8,{quote(csv_bytes(list(keys), table.rows), safe=_PLAIN)}"
