"""How many patients of each state may be told, so that no small number follows from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from predictor.cohort.cohort import Cohort


def shown_counts(counts: Sequence[int], cell_size: int) -> list[int | None]:
    """Hide small counts, and a further one where a single hidden one follows from the total.

    Parameters
    ----------
    counts
        Patients of each state; everybody is in one, and how many there are in all is told.
    cell_size
        Smallest count that is shown, apart from 0.

    Returns
    -------
    The counts, None where hidden.

    Examples
    --------
    >>> shown_counts([45, 35, 6], 5), shown_counts([45, 35, 6], 10)
    ([45, 35, 6], [45, None, None])
    """
    small = {k for k, count in enumerate(counts) if 0 < count < cell_size}
    return _without(counts, small, cell_size)


def shown_states(cohort: Cohort, cell_size: int) -> list[int | None]:
    """Rows of each state of a cohort, None where few people are in it or could be worked out.

    Parameters
    ----------
    cohort
        Of several states; people are counted where somebody has several rows.
    cell_size
        Smallest count that is shown, apart from 0.
    """
    members = [cohort.outcome == k for k in range(len(cohort.states))]
    owners = np.arange(cohort.patients) if cohort.patient is None else cohort.patient
    own = [len(np.unique(owners[who])) for who in members]
    hidden = {k for k, count in enumerate(shown_counts(own, cell_size)) if count is None}
    return _without([int(who.sum()) for who in members], hidden, cell_size)


def _without(counts: Sequence[int], hidden: set[int], cell_size: int) -> list[int | None]:
    """Hide further ones, as :func:`predictor.cohort.small_cells.hidden_rows` does."""
    hidden = set(hidden)
    others = sorted(
        (k for k, count in enumerate(counts) if count and k not in hidden), key=lambda k: counts[k]
    )
    while hidden and others:
        if len(hidden) > 1 and sum(counts[k] for k in hidden) >= cell_size:
            break
        hidden.add(others.pop(0))
    return [None if k in hidden else count for k, count in enumerate(counts)]
