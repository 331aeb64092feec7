"""Ways in: a file with one patient, or a table with many, read strictly and row by row."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from predictor.clinic.arrow_cells import python_rows
from predictor.documents import load_json, load_yaml
from predictor.errors import DocumentError

if TYPE_CHECKING:
    import pyarrow as pa

_SINGLE = (".json", ".yaml", ".yml")
_TABLES = (".csv", ".parquet", ".pq")
_JSON_LIMIT = 16 * 1024 * 1024
_YAML_LIMIT = 256 * 1024
"""Bytes. The record of one patient in FHIR can be long; YAML is read by plain Python, and a file
that takes seconds is not one patient."""
_LONGEST_LINE = 1_000_000
"""Characters; a table of patients has no line of that length."""
_PYTHON_ROWS = 1_000
"""Rows that are made Python objects at once: who wants the first ones need not wait for all."""


@dataclass(frozen=True, slots=True)
class PatientTable:
    """Patients of a file.

    Parameters
    ----------
    columns
        Names of the columns.
    rows
        Row number as the reader of the file counts it, and the patient.
    index
        Those of the columns that pandas kept as the index of a data frame.
    """

    columns: Sequence[str]
    rows: Iterator[tuple[int, Mapping[str, object]]]
    index: Sequence[str] = ()


def is_table(path: Path) -> bool:
    """Whether a file holds many patients by its suffix.

    Raises
    ------
    DocumentError
        If the suffix is none of those that are read.
    """
    suffix = path.suffix.lower()
    if suffix not in (*_SINGLE, *_TABLES):
        raise DocumentError(
            str(path),
            f"files of type {suffix or 'none'} are not read",
            "One patient: .json or .yaml. Many: .csv or .parquet.",
        )
    return suffix in _TABLES


def read_one(path: Path) -> Mapping[str, object]:
    """One patient from JSON or YAML.

    Raises
    ------
    DocumentError
        If the file is no readable document, too large, or holds something other than a mapping.
    """
    if path.suffix.lower() == ".json":
        data = load_json(path, limit=_JSON_LIMIT).data
    else:
        data = load_yaml(path, limit=_YAML_LIMIT).data
    if not isinstance(data, dict):
        raise DocumentError(
            str(path),
            "one patient was expected, as a mapping from variable to value",
            "Many patients belong in a CSV or Parquet file.",
        )
    return data


def read_many(path: Path) -> PatientTable:
    """Patients from CSV (comma, semicolon, tab or bar) or Parquet, row by row.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    DocumentError
        If the file is empty, not of its format, or repeats a column name; while iterating, also
        if a row has more or fewer cells than the header.
    """
    try:
        if not path.is_file():
            raise DocumentError(str(path), "no such file", "Check the path.")
    except OSError as error:
        raise DocumentError(str(path), f"cannot be read ({error.strerror})") from None
    table = _read_parquet(path) if path.suffix.lower() != ".csv" else _read_csv(path)
    names = list(table.columns)
    if not all(name.strip() for name in names):
        raise DocumentError(str(path), "a column has no name", "Name or remove it.")
    twice = sorted(shown(name) for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DocumentError(
            str(path), f"column names are there twice: {', '.join(twice)}", "Keep one of each."
        )
    return table


def shown(name: str) -> str:
    r"""A column's name for a message: short, and nothing that a terminal would obey.

    >>> shown("c3"), shown("c3\x1b[2J")
    ('c3', "'c3\\x1b[2J'")
    """
    return name if name.isprintable() and len(name) <= 80 else repr(name[:80])


def _read_csv(path: Path) -> PatientTable:
    rows = _csv_rows(path)
    try:
        _, header = next(rows)
    except StopIteration:
        raise DocumentError(str(path), "the file is empty", "Check the path.") from None
    columns = [name.strip() for name in header]
    while len(columns) > 1 and not columns[-1]:  # a delimiter at the end of every line
        columns.pop()

    def patients() -> Iterator[tuple[int, Mapping[str, object]]]:
        for number, cells in rows:
            spare = cells[len(columns) :]
            if len(cells) < len(columns) or any(cell.strip() for cell in spare):
                raise DocumentError(
                    f"{path}, line {number}",
                    f"the row has {len(cells)} cells, the header {len(header)}",
                    "Quote cells that hold the delimiter.",
                )
            yield number, dict(zip(columns, cells, strict=False))

    return PatientTable(columns, patients())


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = ""
            while not first.strip():
                line = _line(stream, path)
                if not line:
                    return
                first = line
            stream.seek(0)
            delimiter = max(",;\t|", key=first.count)
            lines = iter(partial(_line, stream, path), "")
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, cells
    except UnicodeDecodeError:
        raise DocumentError(str(path), "the file is not UTF-8 text", "Save it as UTF-8.") from None
    except csv.Error:
        raise DocumentError(
            str(path), "the file is not readable as CSV", "Check quotes and the delimiter."
        ) from None
    except OSError as error:
        raise DocumentError(str(path), f"cannot be read ({error.strerror})") from None


def _line(stream: TextIO, path: Path) -> str:
    """The next line; one without end must not fill the memory."""
    line = stream.readline(_LONGEST_LINE)
    if len(line) == _LONGEST_LINE:
        raise DocumentError(
            str(path), "a line is too long for a row of a table", "Check that it is a CSV file."
        )
    return line


def _read_parquet(path: Path) -> PatientTable:
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(path)
        columns, index = list(schema.names), _pandas_index(schema)
    except _damage():
        raise DocumentError(
            str(path), "this is no readable Parquet file", "Check that it is the right one."
        ) from None

    def patients() -> Iterator[tuple[int, Mapping[str, object]]]:
        number = 0
        for batch in parquet_batches(path):
            for start in range(0, batch.num_rows, _PYTHON_ROWS):
                for row in python_rows(batch.slice(start, _PYTHON_ROWS)):
                    number += 1
                    yield number, row

    return PatientTable(columns, patients(), index)


def _pandas_index(schema: pa.Schema) -> list[str]:
    """Columns in which pandas keeps an index; one that only counts rows has none."""
    try:
        told = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        kept = told.get("index_columns", [])
        return [name for name in kept if isinstance(name, str) and name in schema.names]
    except (AttributeError, RecursionError, TypeError, ValueError):
        return []  # pandas did not write that; the data are read all the same


def parquet_batches(
    path: Path, columns: Sequence[str] | None = None, rows: int = 65_536
) -> Iterator[pa.RecordBatch]:
    """Read a Parquet file batch by batch.

    Parameters
    ----------
    path
        The file.
    columns
        Which columns; None for all.
    rows
        Most rows of a batch.

    Raises
    ------
    DocumentError
        If the file is damaged.
    """
    from pyarrow import parquet

    batches = None
    while True:
        try:
            if batches is None:
                file = parquet.ParquetFile(path)
                batches = file.iter_batches(batch_size=rows, columns=columns)
            batch = next(batches)
        except StopIteration:
            return
        except _damage():
            raise _damaged(path) from None
        yield batch


def _damage() -> tuple[type[Exception], ...]:
    import pyarrow as pa

    # OSError: pyarrow's word for many damages.
    return (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError, ValueError)


def _damaged(path: Path) -> DocumentError:
    return DocumentError(str(path), "the Parquet file is damaged", "Write it again.")
