"""Several rows for one patient and day: one visit, or a contradiction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.finding import Finding

MERGED = "rows of one patient and day that do not contradict each other were merged into one visit."
CONTRADICT = (
    "rows of one patient and day have different values. Mend them, or set "
    "`cohort.visits.same_day` to first or last."
)
CHOSEN = "of rows of one patient and day with different values the {which} was taken."


@dataclass(frozen=True, slots=True)
class OneADay:
    """Which rows are visits of their own.

    Parameters
    ----------
    keep
        Positions of the rows that stay; None where all do.
    values
        Variable -> numbers of the rows that stay.
    findings
        What was merged, chosen or contradicts itself.
    """

    keep: NDArray[np.int64] | None
    values: Mapping[str, NDArray[np.float64]]
    findings: tuple[Finding, ...]


def one_for_each_day(
    patient: NDArray[np.int64],
    calendar: NDArray[np.float64],
    values: Mapping[str, NDArray[np.float64]],
    rows: NDArray[np.int64],
    rule: Literal["refuse", "first", "last"],
) -> OneADay:
    """Merge rows of one patient and day.

    A missing value contradicts nothing: a laboratory row and a clinic row of one day make one
    visit. Where two rows have different values of a variable, ``rule`` decides about both rows as
    a whole.

    Parameters
    ----------
    patient, calendar
        Patient and day of each row, sorted, shape (rows,).
    values
        Variable -> numbers, shape (rows,).
    rows
        Row of the table, for what is told.
    rule
        ``cohort.visits.same_day``.
    """
    again = (patient[1:] == patient[:-1]) & (calendar[1:] == calendar[:-1])
    if not again.any():
        return OneADay(None, values, ())
    first = np.flatnonzero(np.concatenate(([True], ~again)))
    stop = np.append(first[1:], len(patient))
    several = stop - first > 1
    crowded = np.repeat(several, stop - first)  # rows of days with several rows
    size = (stop - first)[several]
    begin = np.concatenate(([0], np.cumsum(size)[:-1]))
    low, differs = {}, np.zeros(len(size), dtype=bool)
    for name, column in values.items():
        own = column[crowded]
        low[name] = np.fmin.reduceat(own, begin)
        with np.errstate(invalid="ignore"):
            differs |= low[name] < np.fmax.reduceat(own, begin)
    findings = []
    merged = crowded.copy()
    merged[crowded] = np.repeat(~differs, size)
    if merged.any():
        told = np.setdiff1d(np.flatnonzero(merged), first)
        findings.append(Finding("rows_merged", "", MERGED, rows[told], fatal=False))
    clash = np.flatnonzero(crowded & ~merged)
    if len(clash):
        text = CONTRADICT if rule == "refuse" else CHOSEN.format(which=rule)
        findings.append(Finding("same_day", "", text, rows[clash], fatal=rule == "refuse"))
    keep = first.copy()
    if rule == "last":
        keep[np.flatnonzero(several)[differs]] = (stop - 1)[several][differs]
    kept = {}
    for name, column in values.items():
        chosen = column[keep]
        places = np.flatnonzero(several)[~differs]
        chosen[places] = low[name][~differs]
        kept[name] = chosen
    return OneADay(keep, kept, tuple(findings))
