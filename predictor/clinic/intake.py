"""Ways in: a file with one patient, or a table with many, read strictly and row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from predictor.documents import load_json, load_yaml
from predictor.errors import DocumentError, PatientRefused, PredictorError, Reason

_SINGLE = (".json", ".yaml", ".yml")
_TABLES = (".csv", ".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class PatientTable:
    """Patients of a file.

    Parameters
    ----------
    columns
        Names of the columns.
    rows
        Row number as the reader of the file counts it, and the patient.
    """

    columns: Sequence[str]
    rows: Iterator[tuple[int, Mapping[str, object]]]


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
        If the file is no readable document or too large.
    PatientRefused
        If it holds something other than a mapping.
    """
    load = load_json if path.suffix.lower() == ".json" else load_yaml
    data = load(path).data
    if not isinstance(data, dict):
        reason = Reason("not_a_patient", "", "a patient is a mapping from variable to value.")
        raise PatientRefused([reason], where=path.name)
    return data


def read_many(path: Path) -> PatientTable:
    """Patients from CSV (comma or semicolon) or Parquet, row by row.

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
    if not path.is_file():
        raise DocumentError(str(path), "no such file", "Check the path.")
    table = _read_parquet(path) if path.suffix.lower() != ".csv" else _read_csv(path)
    twice = sorted({name for name in table.columns if list(table.columns).count(name) > 1})
    if twice:
        raise DocumentError(str(path), f"column names are there twice: {', '.join(twice)}")
    return table


def _read_csv(path: Path) -> PatientTable:
    rows = _csv_rows(path)
    try:
        _, header = next(rows)
    except StopIteration:
        raise DocumentError(str(path), "the file is empty", "Check the path.") from None
    columns = [name.strip() for name in header]

    def patients() -> Iterator[tuple[int, Mapping[str, object]]]:
        for number, cells in rows:
            if len(cells) != len(columns):
                raise DocumentError(
                    f"{path}, line {number}",
                    f"the row has {len(cells)} cells, the header {len(columns)}",
                    "Quote cells that hold the delimiter.",
                )
            yield number, dict(zip(columns, cells, strict=True))

    return PatientTable(columns, patients())


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline(1_000_000)
            stream.seek(0)
            delimiter = max(",;\t|", key=first.count)
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
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


def _read_parquet(path: Path) -> PatientTable:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        raise DocumentError(str(path), "this is no readable Parquet file") from None

    def patients() -> Iterator[tuple[int, Mapping[str, object]]]:
        number = 0
        try:
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
            raise PredictorError(str(path), "the Parquet file is damaged") from None

    return PatientTable(list(file.schema_arrow.names), patients())
