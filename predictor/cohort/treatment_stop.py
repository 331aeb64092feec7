"""From when on patients may enter: since a treatment stopped, by a column of times or by a rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.coded import coded
from predictor.cohort.finding import Finding
from predictor.cohort.index_visits import IndexVisits
from predictor.cohort.table import Table, identity
from predictor.cohort.visit_times import read_times
from predictor.cohort.visits import Visits

if TYPE_CHECKING:
    from predictor.clinical.expression import Expression
    from predictor.config_records import RecordsPlan
    from predictor.study import Study

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

TWO_TIMES = (
    "a patient has two of these times. Give the one from which the question is asked, the same in "
    "every row of the patient."
)
NOT_YET = "excluded: no visit on or after {column}"
NEVER_HELD = "excluded: no visit from the first with {rule} on"


@dataclass(frozen=True, slots=True)
class Entry:
    """Who may enter when.

    Parameters
    ----------
    open
        Visits at which a patient may enter, shape (visits,).
    unknown
        Visits at which it cannot be told whether the time has come, shape (visits,).
    """

    open: Flags
    unknown: Flags


@dataclass(frozen=True, slots=True)
class EntryTimes:
    """Day of each patient from which they may enter, NaN for never, and what is wrong with it."""

    day: NDArray[np.float64] | None
    findings: tuple[Finding, ...]


def entry_times(study: Study, plan: RecordsPlan, table: Table, visits: Visits) -> EntryTimes:
    """Read from when on each patient may enter, from all of their rows.

    Parameters
    ----------
    study, plan
        Configuration; without ``cohort.index.after.time`` there is no such day.
    table
        Cells as the source has them.
    visits
        In order. The time may stand in a row that is no visit: without a value, or merged.
    """
    after = plan.index.after
    if after is None or after.time is None:
        return EntryTimes(None, ())
    column, source = after.time, study.config.cohort
    if column not in table.columns:
        return EntryTimes(None, (Finding("missing_column", column, table.missing_column(column)),))
    read = read_times(table.columns[column], plan.visits.unit, source.missing, source.decimal)
    findings = [
        Finding(code, column, message, rows)
        for (code, message), rows in read.problems.items()
        if code != "missing_time"
    ]
    day = np.full(visits.patients, np.nan)
    rows, patient = _owners(plan, table, visits, np.flatnonzero(~np.isnan(read.day)))
    np.fmin.at(day, patient, read.day[rows])
    twice = rows[read.day[rows] != day[patient]]
    if len(twice):
        findings.append(Finding("two_times", column, TWO_TIMES, np.sort(twice)))
    return EntryTimes(day, tuple(findings))


def _owners(plan: RecordsPlan, table: Table, visits: Visits, rows: Places) -> tuple[Places, Places]:
    """Those rows whose patient is known, and the patient of each."""
    owner = np.full(table.rows, -1, dtype=np.int64)
    owner[visits.rows] = visits.patient
    others = rows[owner[rows] < 0]
    if len(others):
        known = {identity(name): number for number, name in enumerate(visits.ids)}
        cells = coded(table.columns[plan.visits.patient])
        names = np.array([known.get(identity(entry), -1) for entry in cells.entries])
        owner[others] = names[cells.codes[others]]
    rows = rows[owner[rows] >= 0]
    return rows, owner[rows]


def entry_of(visits: Visits, day: NDArray[np.float64] | None, rule: Expression | None) -> Entry:
    """Visits at which patients may enter, by what was known then.

    Parameters
    ----------
    visits
        In order.
    day
        From :func:`entry_times`.
    rule
        Condition that opens the time once and for all; None where a day does, or nothing.
    """
    nowhere = np.zeros(len(visits.day), dtype=bool)
    if day is not None:
        with np.errstate(invalid="ignore"):
            return Entry(visits.day >= day[visits.patient], nowhere)
    if rule is None:
        return Entry(~nowhere, nowhere)
    truth = rule.truth({name: visits.values[name] for name in rule.names if name in visits.values})
    latest = np.maximum.accumulate(np.where(truth == 1, np.arange(len(truth)), -1))
    held = latest >= visits.start[visits.patient]
    return Entry(held, (truth == -1) & ~held)


def with_doubt(
    index: IndexVisits, visits: Visits, entry: Entry, rule: Expression, eligible: Flags
) -> IndexVisits:
    """Index visits, with the doubt that is left where the time may have come earlier.

    Parameters
    ----------
    index
        Found among the visits at which patients may enter.
    visits, entry
        What they were found in.
    rule
        The index rule.
    eligible
        Visits in the population.
    """
    if not entry.unknown.any():
        return replace(index, eligible=eligible)
    values = {name: visits.values[name] for name in rule.names if name in visits.values}
    doubt = np.flatnonzero(entry.unknown & eligible & (rule.truth(values) != 0))
    return replace(index, eligible=eligible, unknown=np.union1d(index.unknown, doubt))


def step_of(plan: RecordsPlan) -> str | None:
    """Words of the patient flow for those whose time never came; None where there is no such."""
    after = plan.index.after
    if after is None:
        return None
    if after.time is not None:
        return NOT_YET.format(column=after.time.replace("_", " "))
    return NEVER_HELD.format(rule=after.rule)
