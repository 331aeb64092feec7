"""Writing the table of a cohort, and where its data dictionary stands."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from predictor.cohort.table import Table
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

    columns = {
        name: pa.array(cells, from_pandas=True)
        if isinstance(cells, np.ndarray)
        else pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
        for name, cells in table.columns.items()
    }
    content = pa.table(columns)
    if suffix == ".csv":
        csv.write_csv(content, stream, csv.WriteOptions(quoting_style="needed"))
    else:
        parquet.write_table(content, stream)
