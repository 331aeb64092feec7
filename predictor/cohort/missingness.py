"""What is missing: how often each variable, and which variables in the same patients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.cohort.small_cells import HIDDEN, Flags, hidden_rows, people

MOST_PATTERNS = 15
"""Patterns that are listed; the rarer ones are counted together."""

COMPLETE = "nothing missing"
OTHER = "other combinations"


def missingness(cohort: Cohort, cell_size: int) -> dict[str, object]:
    """Count what is missing, by variable and by pattern.

    Parameters
    ----------
    cohort
        Who was analysed.
    cell_size
        Smallest count that is shown, apart from 0.

    Returns
    -------
    Plain data: ``variables``, one row each, and ``patterns``, one row for each set of variables
    that is missing in the same patients, the most frequent first, with the hidden and the rare ones
    counted together at the end. Hidden counts are None. Patterns are hidden until neither their sum
    nor its part with any one variable missing tells of a small count.
    """
    gaps = np.isnan(cohort.values)
    hidden = [_is_hidden(gaps[:, j], cohort, cell_size) for j in range(gaps.shape[1])]
    return {
        "patients": cohort.patients,
        "cell_size": cell_size,
        "variables": _variables(cohort, gaps, hidden),
        "patterns": _patterns(cohort, gaps, hidden, cell_size),
    }


def _is_hidden(gap: Flags, cohort: Cohort, cell_size: int) -> bool:
    """By the rule of Table 1, so that neither table tells what the other one hides."""
    everybody = np.ones_like(gap)
    return 1 in hidden_rows([~gap, gap], [everybody], cohort.patient, cell_size, last=1)


def _variables(
    cohort: Cohort, gaps: NDArray[np.bool_], hidden: list[bool]
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for j, variable in enumerate(cohort.variables):
        count = int(gaps[:, j].sum())
        rows.append(
            {
                "variable": variable.name,
                "label": variable.label,
                "missing": None if hidden[j] else count,
                "share": None if hidden[j] else count / cohort.patients,
                "patients": cohort.patients,
                "shown": HIDDEN if hidden[j] else f"{count:,}",
            }
        )
    return rows


def _patterns(
    cohort: Cohort, gaps: NDArray[np.bool_], unknown: list[bool], cell_size: int
) -> list[dict[str, object]]:
    found, which = np.unique(gaps, axis=0, return_inverse=True)
    which = which.reshape(-1)
    members = [which == k for k in range(len(found))]
    everybody = np.ones(cohort.patients, dtype=bool)
    order = sorted(range(len(found)), key=lambda k: (-int(members[k].sum()), tuple(found[k])))
    # The rare ones beyond the list are told of together, so they count as one that is hidden.
    together = set(order[MOST_PATTERNS:])
    together |= hidden_rows(members, [everybody], cohort.patient, cell_size, already=together)
    shown = [k for k in order if k not in together]
    while shown and together and _tells(cohort, gaps, members, together, unknown, cell_size):
        together.add(shown.pop())
    rows = [_row(_named(cohort, found[k]), int(members[k].sum()), cohort.patients) for k in shown]
    if together:
        rest = int(sum(members[k].sum() for k in together))
        row = _row(OTHER, rest, cohort.patients)
        if people(np.logical_or.reduce([members[k] for k in together]), cohort.patient) < cell_size:
            row |= {"patients": None, "share": None, "shown": HIDDEN}
        rows.append(row)
    return rows


def _tells(
    cohort: Cohort,
    gaps: NDArray[np.bool_],
    members: list[Flags],
    together: set[int],
    unknown: list[bool],
    cell_size: int,
) -> bool:
    """Whether a small count follows from the number with a variable missing and what is shown."""
    rest = np.logical_or.reduce([members[k] for k in sorted(together)])
    for j, is_unknown in enumerate(unknown):
        # Where that number is hidden nothing follows from it.
        if is_unknown:
            continue
        for part in (gaps[:, j], ~gaps[:, j]):
            if 0 < people(rest & part, cohort.patient) < cell_size:
                return True
    return False


def _named(cohort: Cohort, pattern: NDArray[np.bool_]) -> str:
    labels = [v.label for v, gone in zip(cohort.variables, pattern, strict=True) if gone]
    return "; ".join(labels) or COMPLETE


def _row(pattern: str, count: int, patients: int) -> dict[str, object]:
    return {
        "pattern": pattern,
        "patients": count,
        "share": count / patients,
        "shown": f"{count:,}",
    }
