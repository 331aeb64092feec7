"""Writing the table of a cohort, and where its data dictionary stands."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from predictor.cohort.table import Cells, Table
from predictor.report.spreadsheet import neutral
from predictor.workflow import files

_SUFFIXES = (".csv", ".parquet")


def check_suffix(path: Path) -> str:
    """Suffix of a cohort that is to be written.

    Raises
    ------
    PredictorError
        If it is none that is known.
    """
    return files.check_suffix(path, *_SUFFIXES)


def dictionary_path(path: Path) -> Path:
    """Where the data dictionary of a cohort stands.

    >>> dictionary_path(Path("runs/cohort.parquet")).name
    'cohort.dictionary.json'
    """
    return path.with_name(f"{path.stem}.dictionary.json")


def write_table(table: Table, stream: IO[bytes], suffix: str) -> None:
    """Write a table.

    Parameters
    ----------
    table
        Numbers as arrays, everything else as lists.
    stream
        Where to.
    suffix
        ``.csv`` or ``.parquet``.
    """
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv, parquet

    # As in every CSV of the package: text that a spreadsheet would run is neutralised.
    text = neutral if suffix == ".csv" else str

    def column(cells: Cells) -> Any:
        if isinstance(cells, np.ndarray):
            return pa.array(cells, from_pandas=True)
        if all(type(cell) is int for cell in cells):
            return pa.array(cells, pa.int64())
        return pa.array([None if cell is None else text(str(cell)) for cell in cells], pa.string())

    columns = {text(name): column(cells) for name, cells in table.columns.items()}
    content = pa.table(columns)
    if suffix == ".csv":
        csv.write_csv(content, stream, csv.WriteOptions(quoting_style="needed"))
    else:
        parquet.write_table(content, stream)
