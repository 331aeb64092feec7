"""A column as its distinct entries and where each stands, so that each is read once.

Columns of ten million visits hold few different texts. Reading those, and copying numbers to their
places, is what makes such a table cheap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.table import Cells

# So few are sorted in less time than PyArrow takes to import.
_FEW = 100_000


@dataclass(frozen=True, slots=True)
class Coded(Sequence[object]):
    """Cells of a column.

    Parameters
    ----------
    entries
        Every different entry once.
    codes
        Position in ``entries`` of each cell, shape (rows,).

    Examples
    --------
    >>> cells = Coded(["no", "yes"], np.array([0, 1, 0]))
    >>> list(cells), cells[1], len(cells)
    (['no', 'yes', 'no'], 'yes', 3)
    """

    entries: Sequence[object]
    codes: NDArray[np.integer[Any]]

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> object: ...

    @overload
    def __getitem__(self, place: slice) -> Coded: ...

    def __getitem__(self, place: int | slice) -> object:
        if isinstance(place, slice):
            return Coded(self.entries, self.codes[place])
        return self.entries[int(self.codes[place])]

    def __iter__(self) -> Iterator[object]:
        return map(self.entries.__getitem__, self.codes.tolist())

    def first(self) -> NDArray[np.int64]:
        """Row at which each entry stands first, shape (entries,)."""
        found = np.zeros(len(self.entries), dtype=np.int64)
        # The last write to a place stands, so the rows are walked backwards.
        found[self.codes[::-1]] = np.arange(len(self.codes) - 1, -1, -1)
        return found


def coded(cells: Cells) -> Coded:
    """Find the different entries of a column.

    Parameters
    ----------
    cells
        Cells of a table. 1, 1.0 and true are three entries, because they are read differently.
    """
    if isinstance(cells, Coded):
        return cells
    if isinstance(cells, np.ndarray):
        return _of_array(cells)
    known: dict[tuple[type, object], int] = {}
    entries: list[object] = []
    codes = np.empty(len(cells), dtype=np.int32)
    for row, cell in enumerate(cells):
        try:
            code = known.setdefault((type(cell), cell), len(entries))
        except TypeError:  # such as a list in a data frame, which is an entry of its own
            code = len(entries)
        if code == len(entries):
            entries.append(cell)
        codes[row] = code
    return Coded(entries, codes)


def of_arrow(column: Any) -> Coded:
    """Find the different entries of a column of Arrow, without making a text of each cell.

    Parameters
    ----------
    column
        A chunked array. Of one that is coded already only the codes are looked at: its entries may
        stand in any order, and some of them nowhere.
    """
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        encoded = _encoded(column.combine_chunks())
        return Coded(encoded.dictionary.to_pylist(), _numbers(encoded.indices))
    whole = _one(column.unify_dictionaries().combine_chunks())
    encoded = _encoded(whole.indices)
    names = [*whole.dictionary.to_pylist(), None]
    places = encoded.dictionary.to_pylist()
    return Coded([names[-1 if p is None else p] for p in places], _numbers(encoded.indices))


def _encoded(array: Any) -> Any:
    return _one(array.dictionary_encode(null_encoding="encode"))


def _one(array: Any) -> Any:
    """An array that some versions of PyArrow hand out as a chunked one of one chunk."""
    import pyarrow as pa

    if not isinstance(array, pa.ChunkedArray):
        return array
    return array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()


def _numbers(array: Any) -> NDArray[np.integer[Any]]:
    found: NDArray[np.integer[Any]] = array.to_numpy(zero_copy_only=False)
    return found


def _of_array(cells: NDArray[Any]) -> Coded:
    if len(cells) > _FEW and cells.dtype.kind in "iuf":
        import pyarrow as pa

        encoded = pa.array(cells).dictionary_encode(null_encoding="encode")
        return Coded(encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False))
    entries, first, codes = np.unique(cells, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return Coded(entries[order].tolist(), rank[codes])
