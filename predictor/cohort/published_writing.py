"""Writing a cohort block by block, so that a million patients need little memory.

A file appears under its name only when it is complete.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from predictor.errors import CohortError

Columns = Mapping[str, NDArray[Any]]
SUFFIXES = (".csv", ".parquet")

# So few patients are written in less time than PyArrow, which loads pandas, takes to import.
_FEW = 5_000


def write_columns(path: Path, blocks: Callable[[], Iterator[Columns]]) -> None:
    """Write the blocks of a cohort one below the other.

    Parameters
    ----------
    path
        Ends in ``.csv`` or ``.parquet``.
    blocks
        Called once, when the file has been found writable.

    Raises
    ------
    CohortError
        If the suffix is another one, or the file cannot be written; an existing file stays.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise CohortError(
            str(path),
            f"a cohort is not written as {suffix or 'a file without suffix'}",
            f"Use {' or '.join(SUFFIXES)}.",
        )
    if path.is_dir():
        raise CohortError(str(path), "this is a folder, a file was expected")
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    write = _write_csv if suffix == ".csv" else _write_parquet
    try:
        with partial.open("xb") as stream:
            write(stream, blocks())
        partial.replace(path)
    except OSError as error:
        raise CohortError(
            str(path),
            f"the file cannot be written ({error.strerror or 'input/output error'})",
            "Check the folder, the permissions and the free space.",
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def _write_csv(stream: IO[bytes], blocks: Iterator[Columns]) -> None:
    for number, block in enumerate(blocks):
        if number == 0:
            # No name and no value of ours needs quotes.
            stream.write((",".join(block) + "\n").encode())
        if len(next(iter(block.values()))) <= _FEW:
            texts = ([_text(value) for value in column.tolist()] for column in block.values())
            stream.writelines((",".join(row) + "\n").encode() for row in zip(*texts, strict=True))
        else:
            _write_block(stream, block)


def _write_block(stream: IO[bytes], block: Columns) -> None:
    import pyarrow as pa
    from pyarrow import csv

    options = csv.WriteOptions(include_header=False, quoting_style="none")
    csv.write_csv(pa.table(dict(block)), stream, options)


def _text(value: object) -> str:
    """A value as PyArrow writes it: the shortest digits that give the number back."""
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _write_parquet(stream: IO[bytes], blocks: Iterator[Columns]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    first = pa.table(dict(next(blocks)))
    with parquet.ParquetWriter(stream, first.schema) as writer:
        writer.write_table(first)
        for block in blocks:
            writer.write_table(pa.table(dict(block), schema=first.schema))
