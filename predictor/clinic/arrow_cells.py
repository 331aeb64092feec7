"""Cells of Arrow tables as Python objects, also where Python has no object for one.

A Parquet file can hold what is sound for Arrow and beyond Python: days after the year 9999, text
that is no UTF-8, a struct with two fields of one name. Such a cell is one patient's odd value and
no damage of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa


class _Unreadable:
    """A value that is neither missing nor a number, a text or a truth."""

    __slots__ = ()


UNREADABLE: Final = _Unreadable()
"""Stands for a cell that has no Python object; every reader of values refuses it."""


def python_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows of a batch, as mappings from column to cell."""
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
    except _errors():
        columns = [python_cells(column) for column in batch.columns]
        names = batch.schema.names
        return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
    return rows


def python_cells(column: pa.Array) -> list[Any]:
    """Cells of a column, one by one only where they do not go together."""
    try:
        cells: list[Any] = column.to_pylist()
    except _errors():
        return [_cell(cell) for cell in column]
    return cells


def _cell(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except _errors():
        return UNREADABLE


def _errors() -> tuple[type[Exception], ...]:
    import pyarrow as pa

    return (pa.ArrowException, OverflowError, ValueError)  # UnicodeDecodeError is a ValueError
