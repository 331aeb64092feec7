"""Which rows of a table of counts to hide, so that no small count follows from what is shown.

A table has rows that exclude each other, such as the states of a variable and "missing", and
columns, such as patients with and without the event. Whoever reads it knows its totals. A row with
a small count is hidden as a whole, and rows are hidden with it until there are two and they hold
enough people in every column. With totals of at least the cell size that leaves every hidden count
a range of at least the cell size. People are counted and not rows where somebody has several.

A row that nobody is in is shown. A row that holds people of one column only is hidden, however many
they are: beside it the 0 of the other column would tell the outcome of all of them. And there is
one word for what is hidden: a second one would tell small counts from those that only protect them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import FlowStep

Flags = NDArray[np.bool_]

HIDDEN = "hidden"
"""What stands in the place of every hidden count, small or not."""


def people(who: Flags, person: NDArray[np.int64] | None) -> int:
    """Number of people that some rows belong to.

    Parameters
    ----------
    who : shape (rows,)
        The rows.
    person : shape (rows,), optional
        Patient of each row; every row is somebody else where None.

    >>> people(np.array([True, True, False]), np.array([7, 7, 8]))
    1
    """
    return int(who.sum()) if person is None else len(np.unique(person[who]))


def hidden_rows(
    rows: Sequence[Flags],
    columns: Sequence[Flags],
    person: NDArray[np.int64] | None,
    cell_size: int,
    *,
    already: Iterable[int] = (),
    last: int | None = None,
) -> frozenset[int]:
    """Rows of a table of counts that are hidden.

    Parameters
    ----------
    rows, columns : shape (n,) each
        Who is counted in them; rows exclude each other, and so do columns.
    person : shape (n,), optional
        Patient of each of the n rows of the cohort.
    cell_size
        Smallest count that is shown, apart from rows of nobody; 1 hides nothing.
    already
        Rows that are hidden anyway, because they are hidden in another table.
    last
        Row that joins the hidden ones after all others, because another table shows it.

    Returns
    -------
    Positions. Empty rows are never among them, unless they are there already.

    Examples
    --------
    >>> state = np.repeat([0, 1, 2], [1, 9, 20])
    >>> everybody = np.ones(30, dtype=bool)
    >>> sorted(hidden_rows([state == s for s in range(3)], [everybody], None, 5))
    [0, 1]
    """
    size = [[people(row & column, person) for column in columns] for row in rows]
    hidden = set(already)
    if cell_size > 1:
        hidden |= {i for i, counts in enumerate(size) if any(counts) and min(counts) < cell_size}
    others = [i for i, counts in enumerate(size) if any(counts) and i not in hidden]
    others.sort(key=lambda i: (i == last, sum(size[i]), i))
    while hidden and others:
        union = np.logical_or.reduce([rows[i] for i in sorted(hidden)])
        together = [people(union & column, person) for column in columns]
        several = sum(any(size[i]) for i in hidden) > 1
        if several and min(together) >= cell_size:
            break
        hidden.add(others.pop(0))
    return frozenset(hidden)


def hidden_states(
    rows: Sequence[Flags],
    event: Flags,
    person: NDArray[np.int64] | None,
    cell_size: int,
) -> tuple[frozenset[int], frozenset[int]]:
    """Which states of a variable are hidden, of everybody and by outcome.

    Parameters
    ----------
    rows : shape (n,) each
        Who is in each state; the last one is who has no value, which other tables count too.
    event : shape (n,)
        Who has the event.
    person : shape (n,), optional
        Patient of each row.
    cell_size
        Smallest count that is shown, apart from 0.

    Returns
    -------
    Positions hidden in the column of everybody, and in both columns by outcome. Whatever shows
    counts of the same states asks here, so that two tables do not tell each other's secrets.
    """
    last = len(rows) - 1
    overall = hidden_rows(rows, [np.ones_like(event)], person, cell_size, last=last)
    columns = [event, ~event]
    both = hidden_rows(rows, columns, person, cell_size, already=overall, last=last)
    return overall, both


def masked_flow(flow: Sequence[FlowStep], cell_size: int) -> list[dict[str, object]]:
    """The patient flow as plain rows, small exclusions hidden.

    Parameters
    ----------
    flow
        Who was read, who left and why, who was analysed: steps that add up.
    cell_size
        Smallest count that is shown, apart from 0.

    Returns
    -------
    Rows with ``step``, ``patients`` (None where hidden), ``excluded`` (the reason, None for a step
    that nobody leaves at) and ``shown``, the count as text. The number that was read is hidden
    where it would tell of a single small exclusion, numbers between wherever an exclusion is
    hidden; the number that was analysed never is.

    Examples
    --------
    >>> steps = [FlowStep("read", 33), FlowStep("excluded: age", 2), FlowStep("analysed", 31)]
    >>> [row["shown"] for row in masked_flow(steps, 5)]
    ['hidden', 'hidden', '31']
    """
    left = {i: step.patients for i, step in enumerate(flow) if step.step.startswith(EXCLUDED)}
    hidden = {i for i, count in left.items() if 0 < count < cell_size}
    others = sorted((i for i in left if left[i] and i not in hidden), key=lambda i: (left[i], i))
    while hidden and others and not _safe(hidden, left, cell_size):
        hidden.add(others.pop(0))
    if hidden and not _safe(hidden, left, cell_size):
        hidden |= {i for i, step in enumerate(flow[:-1]) if i not in left}
    if hidden:  # what remained after a step tells by subtraction how many had left at it
        hidden |= {i for i in range(1, len(flow) - 1) if i not in left}
    rows: list[dict[str, object]] = []
    for i, step in enumerate(flow):
        excluded = step.step.removeprefix(EXCLUDED) if i in left else None
        rows.append(
            {
                "step": step.step,
                "patients": None if i in hidden else step.patients,
                "excluded": excluded,
                "shown": HIDDEN if i in hidden else f"{step.patients:,}",
            }
        )
    return rows


EXCLUDED = "excluded: "
"""How the step of a flow begins at which somebody left."""


def _safe(hidden: set[int], left: dict[int, int], cell_size: int) -> bool:
    """Whether the sum of the hidden exclusions, which everybody can form, tells of none."""
    return len(hidden) > 1 and sum(left[i] for i in hidden) >= cell_size
