"""Tables in plain text and in Markdown, from cells that are text already."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

Row = Sequence[str]


def text_table(header: Row, rows: Sequence[Row], *, numbers_from: int = 1, gap: int = 2) -> str:
    """Columns under each other, padded with spaces.

    Parameters
    ----------
    header
        Titles of the columns.
    rows
        Cells; a row of one cell is a heading and may reach over all columns.
    numbers_from
        First column that is aligned to the right.
    gap
        Spaces between columns.

    Examples
    --------
    >>> print(text_table(["Model", "n"], [["Baselines"], ["  age", "9"], ["  sex", "31"]]))
    Model   n
    ---------
    Baselines
      age   9
      sex  31
    """
    cells = [row for row in [header, *rows] if len(row) > 1]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(header))]
    total = sum(widths) + gap * (len(widths) - 1)
    lines = [_line(header, widths, numbers_from, gap), "-" * total]
    lines += [row[0] if len(row) == 1 else _line(row, widths, numbers_from, gap) for row in rows]
    return "\n".join(lines)


def folded_tables(
    header: Row, rows: Sequence[Row], width: int, *, numbers_from: int = 1
) -> Iterator[str]:
    """A table, or several below each other where it is too wide, each with the first column.

    Parameters
    ----------
    header, rows, numbers_from
        As for :func:`text_table`, every row with all its cells.
    width
        Columns of the terminal.

    Yields
    ------
    Tables, and nothing for the empty lines between.
    """

    def of_columns(columns: Sequence[int]) -> str:
        cells = [[row[j] for j in columns] for row in rows]
        return text_table([header[j] for j in columns], cells, numbers_from=numbers_from)

    def parts(widest: int) -> list[list[int]]:
        found = [[0]]
        for j in range(1, len(header)):
            wider = of_columns([*found[-1], j])
            if len(found[-1]) > 1 and len(wider.split("\n", 2)[1]) > widest:
                found.append([0])
            found[-1].append(j)
        return found

    # As few as need be, and these about equally wide.
    fewest = len(parts(width))
    best = next((even for even in map(parts, range(width)) if len(even) == fewest), parts(width))
    for i, columns in enumerate(best):
        if i:
            yield ""
        yield of_columns(columns)


def markdown_table(header: Row, rows: Sequence[Row], *, numbers_from: int = 1) -> str:
    r"""A table of GitHub-flavoured Markdown; a row of one cell becomes a bold one.

    >>> print(markdown_table(["Model", "n"], [["a|b", "9"]]))
    | Model | n |
    | --- | ---: |
    | a\|b | 9 |
    """
    rule = ["---" if i < numbers_from else "---:" for i in range(len(header))]
    lines = [_pipes([_escaped(cell) for cell in header]), _pipes(rule)]
    for row in rows:
        cells = [_escaped(cell) for cell in row]
        if len(cells) == 1:
            cells = [f"**{cells[0]}**", *[""] * (len(header) - 1)]
        lines.append(_pipes(cells))
    return "\n".join(lines)


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is, labels from a file included."""
    for mark in "\\`*_[]<>#|":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", " ")


def _escaped(cell: str) -> str:
    # Signs such as the one of "<0.001" stay readable in the source: nothing follows them that
    # could make them a tag. Leading spaces would be dropped, so they become fixed ones.
    body = cell.lstrip(" ")
    indent = "&nbsp;" * (len(cell) - len(body))
    return indent + escape_markdown(body)


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line(row: Row, widths: Sequence[int], numbers_from: int, gap: int) -> str:
    padded = [
        cell + " " * (width - _width(cell))
        if i < numbers_from
        else " " * (width - _width(cell)) + cell
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return (" " * gap).join(padded).rstrip()


def _width(text: str) -> int:
    """Columns a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )
