"""The cells of a cohort by column, as the file has them, before anything is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import PLAIN_NUMBER, SIMULATED, is_missing
from predictor.clinical.names import nearest
from predictor.errors import CohortError

Cells = Sequence[object] | NDArray[Any]
"""Cells of a column; an array where all are numbers (missing ones NaN)."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of a file by column.

    Parameters
    ----------
    source
        Name of the file, for messages.
    columns
        Column name -> cells, in file order.
    numbers
        Number of each row as a reader of the file sees it: the line of a CSV file, the row of an
        Excel sheet, the position from 1 in Parquet and data frames.
    """

    source: str
    columns: Mapping[str, Cells]
    numbers: Sequence[int]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.numbers)

    def missing_column(self, name: str) -> str:
        """What to say about a column that is not there."""
        guess = nearest(name, self.columns)
        if guess:
            return f"the file has no such column; did you mean {guess}?"
        return "the file has no such column; map it under `cohort.columns`."


def table_of(
    source: str, header: Sequence[str], columns: Sequence[Cells], numbers: Sequence[int]
) -> Table:
    """Put columns under their names; rows without any cell at the end are no patients.

    Raises
    ------
    CohortError
        If there is no row, or two columns have one name.
    """
    twice = sorted({name for name in header if name and list(header).count(name) > 1})
    if twice:
        raise CohortError(
            source, f"column names are there twice: {', '.join(twice)}", "Rename or remove one."
        )
    named = {name: cells for name, cells in zip(header, columns, strict=True) if name}
    rows = len(numbers)
    while rows and all(is_missing(cells[rows - 1]) for cells in named.values()):
        rows -= 1
    if rows == 0:
        raise CohortError(source, "there are no patients in it", "Check that it is the right file.")
    if rows < len(numbers):
        named = {name: cells[:rows] for name, cells in named.items()}
    return Table(source, named, numbers[:rows])


def without_missing(cells: Cells, spellings: Sequence[str], decimal: str = ".") -> Cells:
    """Cells with None for every declared spelling of missing; ``-99`` is also met as a number.

    Parameters
    ----------
    cells
        Cells of a column.
    spellings
        From ``cohort.missing``; what the dictionary room calls missing is so without it.
    decimal
        Decimal sign of numbers in text.
    """
    plain = PLAIN_NUMBER["."].fullmatch
    numbers = {float(text) for text in spellings if plain(text.strip())}
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf":
        coded = np.isin(cells, list(numbers)) if numbers else np.zeros(len(cells), dtype=bool)
        return np.where(coded, np.nan, cells) if coded.any() else cells
    words = {text.strip() for text in spellings}
    in_text = PLAIN_NUMBER[decimal].fullmatch

    def stands_for_missing(cell: object) -> bool:
        if isinstance(cell, str):
            text = cell.strip()
            if text in words:
                return True
            if not numbers or not in_text(text):
                return False
            return float(text.replace(",", ".")) in numbers
        if numbers and isinstance(cell, int | float | np.integer | np.floating):
            return not isinstance(cell, bool) and cell in numbers
        return False

    return [None if is_missing(cell) or stands_for_missing(cell) else cell for cell in cells]


def is_simulated(table: Table) -> bool:
    """Whether a file says that its patients, or some of them, are simulated.

    >>> is_simulated(Table("c.csv", {"simulated": ["1", "1"]}, (2, 3)))
    True
    """
    return any(spelling(cell) == "1" for cell in table.columns.get(SIMULATED, ()))


def spelling(cell: object) -> str:
    """One spelling for 1, 1.0, ``"1"`` and True, for upper and lower case; empty if unreadable.

    >>> [spelling(cell) for cell in (1, 1.0, "1.0", " 1 ", True, "TRUE", "Remission")]
    ['1', '1', '1', '1', '1', '1', 'remission']
    """
    text = identity(cell).casefold()
    if text in ("true", "false"):
        return str(int(text == "true"))
    whole, dot, rest = text.partition(".")
    return whole if dot and whole.lstrip("+-").isdigit() and not rest.strip("0") else text


def identity(cell: object) -> str:
    """What tells one patient from another: text without its margins, 7.0 written as 7.

    Whole numbers keep every digit, since identifiers can be longer than a float is exact.
    """
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float | np.floating):
        number = float(cell)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(number)
    return shown(cell)


def shown(cell: object) -> str:
    """Text of a cell, at most 80 characters, for the output of ``predictor check`` alone."""
    try:
        return str(cell)[:80]
    except Exception:  # noqa: BLE001 - a foreign object in a data frame; its type says enough
        return type(cell).__name__
