"""Rows of the tables of patients as a report prints them, also of bundles that were made before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.cohort.small_cells import HIDDEN
from predictor.cohort.table_one import GROUPS

BOTH = "{first}; {second}"

_Row = Mapping[str, Any]
_TEXTS = ("statistic", *GROUPS)


def by_name(rows: Sequence[_Row]) -> Iterator[_Row]:
    """Rows of Table 1 as they are printed, median and mean of a number in one row under its name.

    Parameters
    ----------
    rows
        As they were found, the two descriptions of a number one after the other.
    """
    waiting: _Row | None = None
    for row in map(_masked_again, rows):
        if waiting is not None and _describe_one(waiting, row):
            pairs = {key: (waiting[key], row[key]) for key in _TEXTS}
            texts = {
                key: first if first == second else BOTH.format(first=first, second=second)
                for key, (first, second) in pairs.items()
            }
            yield {**row, **waiting, **texts}
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        waiting = row
    if waiting is not None:
        yield waiting


def _describe_one(first: _Row, second: _Row) -> bool:
    """Whether two rows are the median and the mean of the same number."""
    same = first["variable"] == second["variable"]
    return same and "all_median" in first and "all_mean" in second


def _masked_again(row: _Row) -> _Row:
    """A row of an older bundle as this version hides it: one word, and no 0 that tells outcomes."""
    if "all_count" not in row:
        return row
    hidden = {name for name in GROUPS if row[f"{name}_count"] is None}
    told = row["all_count"] != 0 and 0 in (row["event_count"], row["others_count"])
    if told and row["state"] is None:
        hidden |= set(GROUPS[1:])
    changes: dict[str, Any] = dict.fromkeys(hidden, HIDDEN)
    changes |= {f"{name}_{key}": None for name in hidden for key in ("count", "percent")}
    return {**row, **changes}


def with_one_word(row: _Row, count: str) -> _Row:
    """A row with the one word for what is hidden, also where an older bundle has two.

    Parameters
    ----------
    row
        With the text of its count as ``shown``.
    count
        Key of the count, None where it is hidden.
    """
    return {**row, "shown": HIDDEN} if row[count] is None else row
