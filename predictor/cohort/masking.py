"""Small counts hidden before a table leaves the centre.

Who counts fewer patients than the cell size is hidden, and so is whatever would give the count
away: its complement, the second smallest of numbers that add up, the p-value of a 2x2 table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from predictor.cohort.description import DescriptiveTable, Row
from predictor.cohort.summaries import Summary

HIDDEN = "hidden"
REASON = "masked: it would give a small count away"


def mask_tables(tables: Iterable[DescriptiveTable], cell_size: int) -> tuple[DescriptiveTable, ...]:
    """Tables with every count below the cell size hidden.

    Parameters
    ----------
    tables
        As made.
    cell_size
        Smallest count that is shown, apart from 0.
    """
    return tuple(_masked_table(table, cell_size) for table in tables)


def mask_cells(cells: Sequence[Summary], cell_size: int) -> list[Summary]:
    """Cells that add up to a number known elsewhere: small ones hidden, and never one alone.

    >>> from predictor.cohort.summaries import Summary
    >>> cells = [Summary("count", 10, 0, count, 0.0) for count in (1, 9)]
    >>> [cell.text for cell in mask_cells(cells, 5)]
    ['<5', '>5']
    >>> cells = [Summary("count", 30, 0, count, 0.0) for count in (1, 9, 20)]
    >>> [cell.hidden for cell in mask_cells(cells, 5)]
    ['<5', 'hidden', '']
    """
    masked = [_masked_cell(cell, cell_size) for cell in cells]
    hidden = [cell for cell in masked if cell.hidden]
    shown = [i for i, cell in enumerate(masked) if not cell.hidden and cell.count]
    if len(hidden) == 1 and hidden[0].statistic == "count" and shown:
        next_smallest = min(shown, key=lambda i: cells[i].count or 0)
        masked[next_smallest] = masked[next_smallest].masked(HIDDEN)
    return masked


def _masked_table(table: DescriptiveTable, cell_size: int) -> DescriptiveTable:
    rows = [_masked_row(row, cell_size) for row in table.rows]
    # States of one variable add up to its patients.
    for name in dict.fromkeys(row.variable for row in rows if row.state is not None):
        places = [i for i, row in enumerate(rows) if row.variable == name]
        if len(places) > 1:
            cells = mask_cells([table.rows[i].before for i in places], cell_size)
            for i, cell in zip(places, cells, strict=True):
                rows[i] = _without_test(replace(rows[i], before=cell)) if cell.hidden else rows[i]
    small = {name for name, (_, n) in table.groups.items() if n is not None and 0 < n < cell_size}
    groups = {
        name: (label, None if name in small else n) for name, (label, n) in table.groups.items()
    }
    rows = [_without_groups(row, small, cell_size) for row in rows]
    return replace(table, rows=tuple(rows), groups=groups)


def _masked_row(row: Row, cell_size: int) -> Row:
    before = _masked_cell(row.before, cell_size)
    after = _masked_cell(row.after, cell_size) if row.after else None
    names = list(row.groups)
    groups = dict(
        zip(names, mask_cells([row.groups[name] for name in names], cell_size), strict=True)
    )
    masked = replace(row, before=before, after=after, groups=groups)
    if any(cell is not None and cell.hidden for cell in (before, after, *groups.values())):
        return _without_test(masked)
    if row.changed and any(0 < count < cell_size for count in row.changed):
        return _without_test(masked)
    return masked


def _without_groups(row: Row, small: set[str], cell_size: int) -> Row:
    if not small or not row.groups:
        return row
    text = f"<{cell_size} patients"
    groups = {
        name: cell.masked(text, keep_n=False) if name in small else cell
        for name, cell in row.groups.items()
    }
    return _without_test(replace(row, groups=groups))


def _without_test(row: Row) -> Row:
    return replace(row, changed=None, p_value=None, p_adjusted=None, effect=None, reason=REASON)


def _masked_cell(cell: Summary, cell_size: int) -> Summary:
    n, count = cell.n or 0, cell.count
    if cell.statistic != "count":
        return cell.masked(f"n <{cell_size}", keep_n=False) if 0 < n < cell_size else cell
    if count is not None and 0 < count < cell_size:
        return cell.masked(f"<{cell_size}")
    if count is not None and 0 < n - count < cell_size:
        return cell.masked(f">{n - cell_size}")
    return cell
