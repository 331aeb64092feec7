"""Spans of time, such as an age, that fall or run faster than the calendar within a patient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from predictor.cohort.finding import Finding
from predictor.cohort.visit_times import DAYS
from predictor.cohort.visits import Visits

if TYPE_CHECKING:
    from predictor.study import Study

YEARS = "a"
"""Unit of a span of time in the dictionary (UCUM)."""
_MARGIN = 1.0
"""Years by which whole years, and ages of two sources, may differ."""

JUMPS = (
    "counts years, and between visits of one patient falls or grows faster than the calendar by "
    "more than a year: a cell is wrong, or two patients share an identifier."
)


def time_spans(study: Study, visits: Visits) -> Iterator[Finding]:
    """Visits at which a span of time does not follow from the visit before.

    Whatever counts years from some event in a patient's life, age or duration of the disease,
    grows with the calendar; whatever is fixed, such as the age at onset, stays.

    Parameters
    ----------
    study
        Configuration and dictionary.
    visits
        In order.
    """
    for name in sorted(visits.values):
        if study.dictionary.variable(name).unit != YEARS:
            continue
        there = np.flatnonzero(~np.isnan(visits.values[name]))
        years, patient = visits.values[name][there], visits.patient[there]
        grown, passed = np.diff(years), np.diff(visits.day[there]) / DAYS["years"]
        odd = (grown < -_MARGIN) | (grown > passed + _MARGIN)
        odd &= patient[1:] == patient[:-1]
        if odd.any():
            rows = visits.rows[there[1:][odd]]
            column = study.config.cohort.columns.get(name, name)
            yield Finding("time_jumps", column, JUMPS, rows, fatal=False, variable=name)
