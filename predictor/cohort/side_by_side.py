"""Columns of a large table worked on side by side: NumPy and Arrow let threads run meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Column = TypeVar("Column")
Made = TypeVar("Made")

# Below this the threads take longer to start than the work.
_MANY_ROWS = 200_000
# Each worker holds a few columns more in memory.
_MOST_WORKERS = 4


def each(make: Callable[[Column], Made], columns: Iterable[Column], rows: int) -> list[Made]:
    """Make something of every column, in their order.

    Parameters
    ----------
    make
        What is done; must not depend on what it does to others.
    columns
        Columns, or their names.
    rows
        How long they are.

    Examples
    --------
    >>> each(str, [1, 2], rows=1_000_000)
    ['1', '2']
    """
    workers = min(_MOST_WORKERS, os.cpu_count() or 1)
    if rows < _MANY_ROWS or workers < 2:
        return [make(column) for column in columns]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(make, columns))
