"""Out-of-fold performance of several states within subgroups of the model's own cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.cohort.small_cells import Flags, hidden_rows, people
from predictor.learning.splits import RepeatedFolds, derived_seed
from predictor.validation.own_subgroups import divisions
from predictor.validation.states import cross_validated_figures

Floats = NDArray[np.float64]


def state_subgroups(
    cohort: Cohort, probability: Floats, folds: RepeatedFolds, *, cell_size: int, seed: int
) -> dict[str, Any]:
    """Measure the out-of-fold predictions in every subgroup.

    Parameters
    ----------
    cohort
        Of several states.
    probability : shape (repeats, n, states)
        Out of fold.
    folds
        In which fold each was made; pairs are compared within a test fold.
    cell_size
        Smallest count that is shown. A figure needs as many people in each state, since observed
        shares tell how many are in it.
    seed
        Of the intervals.

    Returns
    -------
    ``cell_size`` and ``rows``: by, label, group, n, orc with bounds, and for each state the share
    that was expected and the one that was seen; what is hidden is None.
    """
    columns = [cohort.outcome == k for k in range(len(cohort.states))]
    # States of few people would be given away by the subgroups together.
    small = min(people(who, cohort.patient) for who in columns) < cell_size
    found: list[dict[str, Any]] = []
    for variable, names, rows in divisions(cohort):
        hidden, apart = _hidden(cohort, rows, columns, cell_size)
        for i, (name, who) in enumerate(zip(names, rows, strict=True)):
            if not who.any():
                continue
            row: dict[str, Any] = {
                "by": variable.name,
                "label": variable.label,
                "group": name,
                "n": None if i in hidden else int(who.sum()),
                "orc": None,
                "orc_low": None,
                "orc_high": None,
                "states": None,
            }
            if not small and i not in apart:
                row |= _figures(cohort, probability, folds, who, columns, seed)
            found.append(row)
    return {"cell_size": cell_size, "rows": found}


def _hidden(
    cohort: Cohort, rows: Sequence[Flags], columns: Sequence[Flags], cell_size: int
) -> tuple[frozenset[int], frozenset[int]]:
    """Whose number is hidden, and whose states are; as Table 1 of an event does it."""
    everybody, last = np.ones(cohort.patients, dtype=bool), len(rows) - 1
    overall = hidden_rows(rows, [everybody], cohort.patient, cell_size, last=last)
    apart = hidden_rows(rows, columns, cohort.patient, cell_size, already=overall, last=last)
    return overall, apart


def _figures(
    cohort: Cohort,
    probability: Floats,
    folds: RepeatedFolds,
    who: Flags,
    columns: Sequence[Flags],
    seed: int,
) -> dict[str, Any]:
    group = cohort.patient if cohort.patient is not None else cohort.group
    figures = cross_validated_figures(
        cohort.outcome[who].astype(np.int64),
        probability[:, who],
        replace(folds, fold=folds.fold[:, who]),
        cohort.states,
        None if group is None else group[who],
        derived_seed(seed, 15),
    )
    value, low, high = figures["orc"]
    states = [
        {
            "state": name,
            "expected": float(probability[:, who, k].mean()),
            "observed": float(columns[k][who].mean()),
        }
        for k, name in enumerate(cohort.states)
    ]
    return {"orc": value, "orc_low": low, "orc_high": high, "states": states}
