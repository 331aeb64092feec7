"""Table 1 by state: who the patients are, all of them and in each of several states.

Small counts are hidden more simply than in Table 1 of an event: where one figure of a predictor
would tell of fewer people than the cell size, or the state of everybody in a row, the predictor is
shown for all patients alone, so that nothing can be had by subtraction.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.units import readable_unit
from predictor.clinical.variable import Variable
from predictor.cohort.cohort import Cohort
from predictor.cohort.small_cells import HIDDEN
from predictor.cohort.summaries import STATISTIC_LABELS, Summary, count_state, summarise

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALL = "all"


def state_table(cohort: Cohort, cell_size: int) -> dict[str, object]:
    """Describe the predictors of all patients and of each state.

    Parameters
    ----------
    cohort
        Of several states.
    cell_size
        Smallest count that is shown, apart from 0.

    Returns
    -------
    Plain data: ``sizes`` of the columns, None where hidden, and ``rows`` with one text for
    ``all`` and for each state.
    """
    members = {
        ALL: np.ones(cohort.patients, dtype=bool),
        **{name: cohort.outcome == k for k, name in enumerate(cohort.states)},
    }
    sizes = {name: int(who.sum()) for name, who in members.items()}
    shown = min(sizes.values()) >= max(cell_size, 2)
    return {
        "sizes": {n: size if shown or n == ALL else None for n, size in sizes.items()},
        "by_state": shown,
        "cell_size": cell_size,
        "rows": [
            row
            for j, variable in enumerate(cohort.variables)
            for row in _rows(variable, cohort.values[:, j], members, cell_size, shown)
        ],
    }


def _rows(
    variable: Variable, values: Floats, members: dict[str, Flags], cell_size: int, shown: bool
) -> Iterator[dict[str, object]]:
    known = ~np.isnan(values)
    least = max(cell_size, 2)
    missing = {name: int((who & ~known).sum()) for name, who in members.items()}
    whole = shown and _row_may_be_told(missing, cell_size)
    if variable.kind == "continuous":
        whole = whole and all((who & known).sum() >= least for who in members.values())
        digits = summarise(values, "mean_sd", None).digits
        cells = {
            n: summarise(values[who], "median_quartiles", digits) for n, who in members.items()
        }
        enough = known.sum() >= least
        told = _told(cells, whole, enough)
        yield _row(variable, None, STATISTIC_LABELS["median_quartiles"], told)
    else:
        counts = [
            {n: count_state(values[who], s) for n, who in members.items()}
            for s in range(len(variable.states))
        ]
        every = [{name: cell.count or 0 for name, cell in row.items()} for row in counts]
        whole = whole and all(_row_may_be_told(row, cell_size) for row in every)
        overall = all(_may_be_told(row[ALL].count or 0, cell_size) for row in counts)
        for s, row in enumerate(counts):
            if len(variable.states) == 2 and s == 0:
                continue
            told = _told(row, whole, overall)
            yield _row(variable, variable.states[s], STATISTIC_LABELS["count"], told)
    if missing[ALL]:
        n = len(values)
        cells = {}
        for name, count in missing.items():
            size = int(members[name].sum())
            share = 100 * count / size if size else None
            cells[name] = Summary("count", size if name != ALL else n, 0, count, share)
        told = _told(cells, whole, _may_be_told(missing[ALL], cell_size))
        yield _row(variable, None, "missing, n (%)", told)


def _row_may_be_told(counts: dict[str, int], cell_size: int) -> bool:
    """Whether no count is small, and no row tells the state of everybody in it."""
    of_states = [count for name, count in counts.items() if name != ALL]
    alone = sum(count > 0 for count in of_states) == 1
    return not alone and all(_may_be_told(count, cell_size) for count in counts.values())


def _may_be_told(count: int, cell_size: int) -> bool:
    return count == 0 or count >= cell_size


def _told(cells: dict[str, Summary], by_state: bool, overall: bool) -> dict[str, str]:
    return {
        name: cell.text if (overall if name == ALL else by_state) else HIDDEN
        for name, cell in cells.items()
    }


def _row(
    variable: Variable, state: str | None, statistic: str, told: dict[str, str]
) -> dict[str, object]:
    return {
        "variable": variable.name,
        "label": variable.label,
        "unit": readable_unit(variable.unit) if variable.unit else "",
        "state": state,
        "statistic": statistic,
        **told,
    }
