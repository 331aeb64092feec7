"""From a file to cells, without guessing: every cell stays what the file says it is.

Types are not inferred here. A column of numbers with one ``<10`` in it stays text, cell by cell,
and the dictionary decides what each cell means.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from predictor.clinical.dictionary import nearest
from predictor.errors import CohortError

if TYPE_CHECKING:
    import pandas as pd

    from predictor.config import CohortSource

Cells = Sequence[object] | NDArray[Any]
"""Cells of a column; an array where all are numbers (missing ones NaN)."""

_DELIMITERS = {"tab": "\t"}
_CANDIDATES = (",", ";", "\t", "|")
_SUFFIXES = ".csv, .tsv, .txt, .xlsx, .parquet"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of a file by column.

    Parameters
    ----------
    source
        Name of the file, for messages.
    columns
        Column name -> cells, in file order.
    rows
        Number of rows.
    first_row
        Number of the first row as its reader sees it: 2 below the header of a CSV or Excel file.
    """

    source: str
    columns: Mapping[str, Cells]
    rows: int
    first_row: int

    def column(self, name: str) -> Cells:
        """Cells of one column."""
        return self.columns[name]

    def missing_column(self, name: str) -> str:
        """What to say about a column that is not there."""
        guess = nearest(name, self.columns)
        if guess:
            return f"the file has no such column; did you mean {guess}?"
        return "the file has no such column; map it under `cohort.columns`."


def read_table(path: Path, source: CohortSource) -> Table:
    """Read a cohort file as it is.

    Parameters
    ----------
    path
        CSV, Excel or Parquet; the suffix decides.
    source
        Encoding, delimiter and sheet; not used for Parquet.

    Raises
    ------
    CohortError
        If the file is missing, empty, not of its format, or has repeated column names.
    """
    if not path.is_file():
        raise CohortError(
            str(path),
            "no such file",
            "Give the path of your copy with --data; docs/data.md says where to get public ones.",
        )
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        header, columns = _read_csv(path, source)
        first_row = 2
    elif suffix in (".xlsx", ".xlsm"):
        header, columns = _read_excel(path, source)
        first_row = 2
    elif suffix in (".parquet", ".pq"):
        header, columns = _read_parquet(path)
        first_row = 1
    else:
        raise CohortError(
            str(path), f"files of type {suffix or 'none'} are not read", f"Use {_SUFFIXES}."
        )
    return _table(path.name, header, columns, first_row)


def table_from_frame(frame: pd.DataFrame) -> Table:
    """Cells of a data frame, so that it is checked like a file."""
    header = [str(name) for name in frame.columns]
    columns = [_frame_cells(frame.iloc[:, i]) for i in range(frame.shape[1])]
    return _table("data frame", header, columns, 1)


def _frame_cells(column: pd.Series[Any]) -> Cells:
    if column.dtype.kind in "iuf":
        numbers: NDArray[Any] = column.to_numpy()
        return numbers
    return list(column.tolist())


def _table(source: str, header: Sequence[str], columns: Sequence[Cells], first_row: int) -> Table:
    rows = len(columns[0]) if columns else 0
    if not header or rows == 0:
        raise CohortError(source, "there are no patients in it", "Check that it is the right file.")
    twice = sorted({name for name in header if name and list(header).count(name) > 1})
    if twice:
        raise CohortError(
            source, f"column names are there twice: {', '.join(twice)}", "Rename or remove one."
        )
    named = {name: cells for name, cells in zip(header, columns, strict=True) if name}
    return Table(source, named, rows, first_row)


def _read_csv(path: Path, source: CohortSource) -> tuple[list[str], list[Cells]]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    header = _csv_header(path, source)
    delimiter = _delimiter(header, source)
    names = next(csv.reader([header], delimiter=delimiter), [])
    try:
        table = arrow_csv.read_csv(
            path,
            read_options=arrow_csv.ReadOptions(encoding=source.encoding),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise _csv_error(path, str(error), source) from None
    except UnicodeDecodeError:
        raise _encoding_error(path, source) from None
    header_names = [str(name).strip() for name in table.column_names]
    header_names[0] = header_names[0].removeprefix("\ufeff")
    return header_names, [column.to_pylist() for column in table.columns]


def _csv_header(path: Path, source: CohortSource) -> str:
    try:
        encoding = "utf-8-sig" if source.encoding.lower() in ("utf-8", "utf8") else source.encoding
        with path.open(encoding=encoding, newline="") as stream:
            header = stream.readline(1_000_000)
    except LookupError:
        raise CohortError(
            "cohort.encoding", f"{source.encoding!r} is not a known encoding", "Try utf-8."
        ) from None
    except UnicodeError:
        raise _encoding_error(path, source) from None
    except OSError as error:
        raise CohortError(str(path), f"the file cannot be read ({error.strerror})") from None
    if "\x00" in header:
        raise CohortError(
            str(path),
            f"this is no text in {source.encoding}",
            "Set `cohort.encoding` (for example utf-16), or save the file as CSV.",
        )
    if not header.strip():
        raise CohortError(str(path), "the file is empty", "Check that it is the right file.")
    return header.rstrip("\r\n")


def _delimiter(header: str, source: CohortSource) -> str:
    if source.delimiter == "auto":
        best = max(_CANDIDATES, key=header.count)
        return best if header.count(best) else ","
    declared = _DELIMITERS.get(source.delimiter, source.delimiter)
    likely = max(_CANDIDATES, key=header.count)
    if header.count(declared) == 0 and header.count(likely) > 0:
        name = "tab" if likely == "\t" else likely
        raise CohortError(
            "cohort.delimiter",
            f"the first line has no {source.delimiter!r} but {header.count(likely)} of {name!r}",
            f"Set `cohort.delimiter: {name!r}` or leave it out.",
        )
    return declared


def _csv_error(path: Path, message: str, source: CohortSource) -> CohortError:
    # pyarrow's own message ends with the offending line, which may hold a patient's values.
    if "UTF8" in message or "UTF-8" in message:
        return _encoding_error(path, source)
    found = re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)", message)
    if found:
        row, expected, got = found.groups()
        place = f"{path}, row {row}" if row else str(path)
        return CohortError(
            place,
            f"the row has {got} cells, the header {expected}",
            "Quote cells that hold the delimiter, or set `cohort.delimiter`.",
        )
    if "Empty CSV file" in message:
        return CohortError(str(path), "there are no patients in it", "Check the file.")
    return CohortError(
        str(path),
        "the file is not readable as CSV (quotes that do not close, or a cell that never ends)",
        "Check `cohort.delimiter` and the quotes in the file.",
    )


def _encoding_error(path: Path, source: CohortSource) -> CohortError:
    return CohortError(
        str(path),
        f"the file is not text in {source.encoding}",
        "Set `cohort.encoding`, for example latin-1 or cp1252, or save the file as UTF-8.",
    )


def _read_excel(path: Path, source: CohortSource) -> tuple[list[str], list[Cells]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ValueError):
        raise CohortError(str(path), "this is no readable Excel file", "Save it again.") from None
    try:
        names = book.sheetnames
        wanted: Any = source.sheet
        known = wanted in names if isinstance(wanted, str) else 0 <= wanted < len(names)
        if not known:
            raise CohortError(
                "cohort.sheet", f"there is no sheet {wanted!r}", f"Choose from {', '.join(names)}."
            )
        sheet = book[wanted if isinstance(wanted, str) else names[wanted]]
        rows = [tuple(row) for row in sheet.iter_rows(values_only=True)]
    finally:
        book.close()
    while rows and all(cell is None for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise CohortError(str(path), "the sheet is empty", "Set `cohort.sheet`.")
    header = ["" if cell is None else str(cell).strip() for cell in rows[0]]
    return header, [list(cells) for cells in zip(*rows[1:], strict=False)] or [[] for _ in header]


def _read_parquet(path: Path) -> tuple[list[str], list[Cells]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        raise CohortError(
            str(path), "this is no readable Parquet file", "Write it again."
        ) from None
    return list(table.column_names), [_parquet_cells(column) for column in table.columns]


def _parquet_cells(column: Any) -> Cells:
    """Numbers as an array, which is read a hundred times faster; anything else cell by cell."""
    import pyarrow as pa

    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        numbers: NDArray[Any] = column.to_numpy()
        return numbers
    return list(column.to_pylist())
