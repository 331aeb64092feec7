"""Cells that cannot be read matter where their value would be used, and are told elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.sledai import items_of
from predictor.cohort.baseline_values import BaselineValue
from predictor.cohort.finding import Finding
from predictor.cohort.follow_up import FollowUp
from predictor.cohort.index_visits import IndexVisits
from predictor.cohort.rules import Rules
from predictor.cohort.visits import Visits

Places = NDArray[np.int64]

UNUSED = "{message}; the value is not used here"


def used_cells(
    visits: Visits,
    rules: Rules,
    index: IndexVisits,
    followed: FollowUp,
    baseline: Mapping[str, BaselineValue],
) -> dict[str, Places]:
    """Rows of the table whose unreadable cell would decide something.

    Parameters
    ----------
    visits, rules, index, followed, baseline
        All that was made so far.

    Returns
    -------
    Variable -> rows of the table.
    """
    found: dict[str, Places] = {}
    untold, seen_from = followed.untold(index.at)
    for name, unreadable in visits.unreadable.items():
        places = []
        # The item of a score is used wherever the score is.
        uses = {name} | {score for score in visits.values if name in items_of(score)}
        for variable in uses & set(baseline):
            at = baseline[variable].at
            places.append(at[at >= 0])
        if uses & rules.entry_names:
            places.append(index.unknown)
        if name in rules.asked.reads:
            places.append(untold)
        if name in rules.asked.index_reads:
            places.append(seen_from)
        if name in rules.conditions:
            places.append(np.arange(len(unreadable)))
        used = np.unique(np.concatenate(places)) if places else np.empty(0, dtype=np.int64)
        found[name] = visits.rows[used[unreadable[used]]]
    return found


def judged(cells: Iterable[Finding], used: Mapping[str, Places]) -> Iterator[Finding]:
    """Findings about cells, fatal only where the value would be used.

    Parameters
    ----------
    cells
        Findings about unreadable cells, all of them fatal.
    used
        Variable -> rows of the table where its value would be used.
    """
    for finding in cells:
        rows = used.get(finding.variable, finding.rows)
        decides = np.isin(finding.rows, rows)
        if len(rows) and not decides.any():
            # The cell stands in another row of the same day, so it cannot be told apart.
            decides[:] = True
        if decides.any():
            yield replace(finding, rows=finding.rows[decides])
        if not decides.all():
            text = UNUSED.format(message=finding.message.rstrip("."))
            yield replace(finding, rows=finding.rows[~decides], message=text, fatal=False)
