"""Performance within subgroups, with small ones masked so that nobody can work them out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.predictions import NOT_RECORDED, Predictions, distinct
from predictor.performance.evaluation import Evaluation, evaluate

Size = tuple[int, int, int]
"""Patients, those with the event, those without it."""


@dataclass(frozen=True, slots=True)
class Subgroup:
    """One subgroup.

    Parameters
    ----------
    name
        As the file has it.
    n, events
        Rows, and those of them with the event; None where masked.
    evaluation
        None where masked.
    """

    name: str
    n: int | None
    events: int | None
    evaluation: Evaluation | None

    @property
    def masked(self) -> bool:
        """Whether it is hidden for its size or for that of another."""
        return self.n is None


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Subgroups that together are all rows.

    Parameters
    ----------
    by
        Column that makes them.
    cell_size
        Fewest patients, events and non-events that are shown; 0 shows all.
    groups
        In the order of their names, the rows that name none last.
    """

    by: str
    cell_size: int
    groups: tuple[Subgroup, ...]


def evaluate_subgroups(
    predictions: Predictions,
    by: str,
    *,
    cell_size: int,
    thresholds: Sequence[float],
    level: float = 0.95,
) -> Subgroups:
    """Evaluate every subgroup of a table of predictions.

    Parameters
    ----------
    predictions
        Rows with their subgroups.
    by
        Name of the column of subgroups.
    cell_size
        Subgroups with fewer patients, events or non-events are masked, and others with them until
        no masked number follows from the shown ones; 0 masks nothing.
    thresholds, level
        As for `predictor.performance.evaluation.evaluate`.

    Raises
    ------
    ValueError
        If the predictions have no subgroups.
    """
    if predictions.group is None:
        raise ValueError("the predictions have no subgroups; read them with a column of these")
    rows_of: dict[str, list[int]] = {}
    # Not compared as an array: NumPy takes "a" and "a" with a NUL behind it for the same.
    for row, name in enumerate(predictions.group):
        rows_of.setdefault(name, []).append(row)
    names = sorted(rows_of, key=_order)
    members = [np.array(rows_of[name], dtype=np.int64) for name in names]
    hidden = masked([_size(predictions, rows) for rows in members], cell_size)
    groups = []
    for i, (name, rows) in enumerate(zip(names, members, strict=True)):
        if i in hidden:
            groups.append(Subgroup(name, None, None, None))
            continue
        found = evaluate(
            predictions.outcome[rows],
            predictions.probability[rows],
            thresholds=thresholds,
            level=level,
        )
        groups.append(Subgroup(name, found.n, found.events, found))
    return Subgroups(by, cell_size, tuple(groups))


def masked(sizes: Sequence[Size], cell_size: int) -> frozenset[int]:
    """Which of some groups to hide when their sums are known.

    Hidden are groups with a number below the cell size. What all hidden ones have together can be
    found by subtraction, so the smallest of the others join them until there are two and their
    sums reach the cell size.

    Parameters
    ----------
    sizes
        Patients, with the event, without it, for each group.
    cell_size
        Smallest number that is shown.

    Returns
    -------
    Positions of the hidden groups.

    Examples
    --------
    >>> sorted(masked([(3, 1, 2), (40, 20, 20), (30, 10, 20)], 5))
    [0, 2]
    >>> sorted(masked([(40, 20, 20), (30, 10, 20)], 5))
    []
    """
    hidden = [i for i, size in enumerate(sizes) if min(size) < cell_size]
    others = sorted(set(range(len(sizes))) - set(hidden), key=lambda i: (sizes[i], i))
    while hidden and others:
        together = np.sum([sizes[i] for i in hidden], axis=0)
        if len(hidden) > 1 and int(together.min()) >= cell_size:
            break
        hidden.append(others.pop(0))
    return frozenset(hidden)


def _size(predictions: Predictions, rows: NDArray[np.int64]) -> Size:
    """Patients where they are known, otherwise rows."""
    event = predictions.outcome[rows] == 1.0
    if predictions.patient is None:
        return len(rows), int(event.sum()), int((~event).sum())
    patient = predictions.patient[rows]
    return distinct(patient), distinct(patient[event]), distinct(patient[~event])


def _order(name: str) -> tuple[bool, float, str]:
    """Numbers by size before names by letter, and what is not recorded last."""
    try:
        number = float(name)
    except ValueError:
        number = math.inf
    return name == NOT_RECORDED, math.inf if math.isnan(number) else number, name.casefold()
