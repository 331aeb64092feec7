"""From a file to cells, without guessing: every cell stays what the file says it is.

Types are not inferred here. A column of numbers with one ``<10`` in it stays text, cell by cell,
and the dictionary decides what each cell means.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import is_missing
from predictor.cohort.coded import of_arrow
from predictor.cohort.csv_file import check_names, read_csv
from predictor.cohort.side_by_side import each
from predictor.cohort.table import Cells, Table, table_of
from predictor.errors import CohortError

if TYPE_CHECKING:
    import pandas as pd

    from predictor.config import CohortSource

_SUFFIXES = ".csv, .tsv, .txt, .xlsx, .parquet"


def read_table(path: Path, source: CohortSource, columns: Collection[str] | None = None) -> Table:
    """Read a cohort file as it is.

    Parameters
    ----------
    path
        CSV, Excel or Parquet; the suffix decides.
    source
        Encoding, delimiter and sheet; not used for Parquet.
    columns
        Columns of a Parquet file that are needed, texts of which are read once for each different
        one. Other files are read as a whole.

    Raises
    ------
    CohortError
        If the file is missing, empty, not of its format, or has repeated column names.
    """
    try:
        _require_file(path)
        suffix = path.suffix.lower()
        if suffix in (".csv", ".tsv", ".txt"):
            rows = read_csv(path, source)
            cells = _transposed(rows.cells, len(rows.header))
            return table_of(path.name, rows.header, cells, rows.numbers)
        if suffix in (".xlsx", ".xlsm"):
            return _read_excel(path, source)
        if suffix in (".parquet", ".pq"):
            return _read_parquet(path, columns)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or "not a valid path"
        raise CohortError(str(path), f"the file cannot be read ({reason})") from None
    raise CohortError(
        str(path), f"files of type {suffix or 'none'} are not read", f"Use {_SUFFIXES}."
    )


def table_from_frame(frame: pd.DataFrame) -> Table:
    """Cells of a data frame, so that it is checked like a file.

    Raises
    ------
    CohortError
        If it is no data frame, has no rows, or has repeated column names.
    """
    if not hasattr(frame, "iloc") or getattr(frame, "ndim", 0) != 2:
        raise CohortError(
            "data", "a path or a pandas data frame was expected", "Wrap it in a DataFrame."
        )
    header = [str(name) for name in frame.columns]
    columns = [_frame_cells(frame.iloc[:, i]) for i in range(frame.shape[1])]
    return table_of("data frame", header, columns, range(1, len(frame) + 1))


def _frame_cells(column: pd.Series[Any]) -> Cells:
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
        numbers: NDArray[Any] = column.to_numpy()
        return numbers
    # Of pandas' own types (nullable, categorical, Arrow) the list has the plain values.
    return [None if is_missing(cell) else cell for cell in column.tolist()]


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise CohortError(str(path), "this is a folder", f"Give a file: {_SUFFIXES}.")
    if not path.is_file():
        raise CohortError(
            str(path),
            "no such file",
            "Give the path of your copy with --data; docs/data.md says where to get public ones.",
        )


def _transposed(rows: Sequence[Sequence[object]], width: int) -> list[Cells]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * width


def _read_excel(path: Path, source: CohortSource) -> Table:
    rows = _excel_rows(path, source, values=True)
    formulas = _excel_rows(path, source, values=False)
    # A formula that no spreadsheet has computed has no value. Its text stands for it, which is
    # unreadable and so reported; an empty cell would pass for a missing value.
    rows = [
        [f if v is None and isinstance(f, str) and f.startswith("=") else v for v, f in zip(*pair)]  # noqa: B905 - both have the width of the sheet
        for pair in zip(rows, formulas, strict=True)
    ]
    first = next((i for i, row in enumerate(rows) if not all(map(is_missing, row))), None)
    if first is None:
        raise CohortError(str(path), "the sheet is empty", "Set `cohort.sheet`.")
    header = ["" if cell is None else str(cell).strip() for cell in rows[first]]
    check_names(str(path), header)
    body = rows[first + 1 :]
    return table_of(
        path.name,
        header,
        _transposed(body, len(header)),
        range(first + 2, first + 2 + len(body)),
    )


def _excel_rows(path: Path, source: CohortSource, *, values: bool) -> list[list[object]]:
    """All rows of the sheet, padded to the same length."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=values)
        try:
            sheet = book[_sheet_name(book.sheetnames, source.sheet)]
            rows = [list(row) for row in sheet.iter_rows(values_only=True)]
        finally:
            book.close()
    except CohortError:
        raise
    except Exception:  # noqa: BLE001 - a damaged archive fails in zip, XML or openpyxl in any way
        raise CohortError(str(path), "this is no readable Excel file", "Save it again.") from None
    width = max(map(len, rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]


def _sheet_name(names: Sequence[str], wanted: str | int) -> str:
    if isinstance(wanted, int) and 0 <= wanted < len(names):
        return names[wanted]
    if wanted in names:
        return str(wanted)
    raise CohortError(
        "cohort.sheet", f"there is no sheet {wanted!r}", f"Choose from {', '.join(names)}."
    )


def _read_parquet(path: Path, wanted: Collection[str] | None) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            named = None if wanted is None else [n for n in file.schema_arrow.names if n in wanted]
            table = file.read(columns=named)
        cells = _parquet_cells if wanted is None else _needed_cells
        columns = each(cells, table.columns, table.num_rows)
    except (pa.ArrowException, OSError, ValueError, OverflowError, NotImplementedError):
        raise CohortError(
            str(path), "this is no readable Parquet file", "Write it again."
        ) from None
    return table_of(path.name, table.column_names, columns, range(1, table.num_rows + 1))


def _parquet_cells(column: Any) -> Cells:
    """Numbers as an array, which is read a hundred times faster; anything else cell by cell."""
    import pyarrow as pa

    # Whole numbers with gaps would become floats, and long identifiers the same float.
    whole = pa.types.is_integer(column.type) and column.null_count == 0
    if whole or pa.types.is_floating(column.type):
        numbers: NDArray[Any] = column.to_numpy()
        return numbers
    return list(column.to_pylist())


def _needed_cells(column: Any) -> Cells:
    """Cells of a large table, numbers and times as arrays, other entries once each."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = compute.local_timestamp(column)  # the clock on the wall there
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        times: NDArray[Any] = column.to_numpy()
        return times
    number = pa.types.is_integer(column.type) and column.null_count == 0
    if number or pa.types.is_floating(column.type):
        return _parquet_cells(column)
    return of_arrow(column)
