"""Visits in order: by patient and time, one for each day, with the values that are needed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.cohort.coded import coded
from predictor.cohort.columns import read_variable, unit_factor
from predictor.cohort.deaths import read_deaths
from predictor.cohort.finding import Finding, of_problems
from predictor.cohort.problem import Problem
from predictor.cohort.same_day import one_for_each_day
from predictor.cohort.side_by_side import each
from predictor.cohort.slips import score_points
from predictor.cohort.table import Table
from predictor.cohort.visit_patients import read_patients
from predictor.cohort.visit_times import Times, read_times

if TYPE_CHECKING:
    from predictor.config_records import RecordsPlan
    from predictor.study import Study

Places = NDArray[np.int64]
Numbers = NDArray[np.float64]

# Rows of a column that are read at a time.
_BLOCK = 250_000
_MARK = "{name}, declared missing"

SORTED = "visits did not stand in order of time; they were put in order."
EMPTY = "visits without any value that is needed here were left out."
TWO_PATIENTS = (
    "this cannot change in a patient, and does: two patients share an identifier, or a cell is "
    "wrong."
)
AFTER_DEATH = "a visit after the patient's death."


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of patients, sorted by patient and time, at most one for each day.

    Parameters
    ----------
    ids
        Identifier of each patient, in order of first appearance.
    patient
        Position in ``ids`` of each visit, shape (visits,), never falling.
    day
        Days since any start, rising within a patient.
    start
        First visit of each patient, and the number of all visits, shape (patients + 1,).
    values
        Variable -> canonical numbers, shape (visits,), states as their position, NaN where missing.
    unreadable
        Variable -> visits at which its cell could not be read, for variables that have such cells.
        It is a problem where the value would be used.
    declared
        Variable -> visits at which its cell was declared missing, for variables that have such
        cells. Something was measured there, so no other value takes its place.
    death
        Day of death of each patient, NaN where none is recorded, shape (patients,).
    rows
        Row of the table that each visit comes from.
    """

    ids: Sequence[object]
    patient: Places
    day: Numbers
    start: Places
    values: Mapping[str, Numbers]
    unreadable: Mapping[str, NDArray[np.bool_]]
    declared: Mapping[str, NDArray[np.bool_]]
    death: Numbers
    rows: Places

    @property
    def patients(self) -> int:
        """Number of patients, those without a usable visit included."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class ReadVisits:
    """Visits, if they can be used, findings about them, and those about single cells.

    A cell that cannot be read stops the work only where its value would be used.
    """

    visits: Visits | None
    findings: tuple[Finding, ...]
    cells: tuple[Finding, ...] = ()


def read_visits(
    study: Study,
    plan: RecordsPlan,
    table: Table,
    names: Collection[str],
    optional: Collection[str] = (),
) -> ReadVisits:
    """Read, check and sort visits.

    Parameters
    ----------
    study
        Configuration and dictionary.
    plan
        How visits become rows.
    table
        Cells as the source has them.
    names
        Dictionary variables that are needed.
    optional
        Those among them that the table may be without.

    Returns
    -------
    ReadVisits
        All problems at once; no visits where one is fatal.
    """
    patient = read_patients(table, plan.visits.patient, study.config.cohort.missing)
    times = _times(study, plan, table)
    findings = [*patient.findings, *times.findings]
    fixed = [
        n for n in plan.visits.fixed if n in study.dictionary and _column(study, n) in table.columns
    ]
    placed: _Placed | None = None
    if patient.codes is not None and times.times is not None and not _fatal(findings):
        placed = _sorted(patient.codes, times.times.moment)
    order = placed.rows if placed else None
    wanted = [
        name
        for name in dict.fromkeys((*names, *fixed))
        if name not in optional or _column(study, name) in table.columns
    ]

    def read_one(name: str) -> tuple[Numbers, list[Finding]]:
        variable = study.dictionary.variable(name)
        column, found = _values(study, table, variable, order)
        points = score_points(variable, column, unit_factor(variable, study.config.cohort))
        if points is not None:
            place = (points.code, _column(study, name), points.message)
            # What its numbers look like as a quantity would only mislead.
            found = [*(f for f in found if f.fatal), Finding(*place, variable=name)]
        return column, found

    pairs = zip(wanted, each(read_one, wanted, table.rows), strict=True)
    values, of_columns, cells = _parted(pairs, order)
    findings += of_columns
    codes = patient.codes
    if codes is None or times.times is None:
        return ReadVisits(None, tuple(findings), tuple(cells))
    deaths = read_deaths(study, plan, table, codes, len(patient.ids), times.times)
    findings += deaths.findings
    if placed is None or _fatal(findings):
        return ReadVisits(None, tuple(findings), tuple(cells))
    read = _in_order(
        study, plan, patient.ids, placed, times.times, values, fixed, deaths.day, findings
    )
    if read.visits is None:
        return ReadVisits(None, read.findings, tuple(cells))
    spoiled = {finding.variable for finding in cells}
    return ReadVisits(_told_apart(read.visits, spoiled), read.findings, tuple(cells))


def _parted(
    columns: Iterable[tuple[str, tuple[Numbers, list[Finding]]]], order: Places | None
) -> tuple[dict[str, Numbers], list[Finding], list[Finding]]:
    """Columns with signs for odd cells, findings about columns, and those about single cells."""
    values: dict[str, Numbers] = {}
    findings: list[Finding] = []
    cells: list[Finding] = []
    for name, (column, found) in columns:
        values[name] = column
        for finding in found:
            single = finding.fatal and len(finding.rows) > 0
            if single:
                # Infinite is no value of anything, and outlives merging.
                column[finding.rows] = np.inf
            elif len(finding.rows):
                _mark(values, name, finding.rows)
            rows = finding.rows if order is None else np.sort(order[finding.rows])
            (cells if single else findings).append(replace(finding, rows=rows))
    return values, findings, cells


def _mark(values: dict[str, Numbers], name: str, rows: Places) -> None:
    """Remember, as a column of its own that outlives merging, which cells became missing."""
    became = rows[np.isnan(values[name][rows])]
    if len(became):
        mark = values.setdefault(_MARK.format(name=name), np.full(len(values[name]), np.nan))
        mark[became] = 1.0


def _told_apart(visits: Visits, spoiled: Collection[str]) -> Visits:
    """Visits without the signs for cells that could not be read or were declared missing."""
    unreadable = {name: np.isinf(visits.values[name]) for name in spoiled}
    named = {name: _MARK.format(name=name) for name in visits.values}
    marks = {name: mark for name, mark in named.items() if mark in visits.values}
    values = {
        name: np.where(unreadable[name], np.nan, column) if name in unreadable else column
        for name, column in visits.values.items()
        if name not in marks.values()
    }
    declared = {
        name: ~np.isnan(visits.values[mark]) & np.isnan(visits.values[name])
        for name, mark in marks.items()
    }
    return replace(visits, values=values, unreadable=unreadable, declared=declared)


def needed_columns(study: Study, plan: RecordsPlan, names: Collection[str]) -> frozenset[str]:
    """Columns of a table of visits that are read at all.

    Parameters
    ----------
    study, plan
        Configuration, and how visits become rows.
    names
        Dictionary variables that are needed.
    """
    columns = {plan.visits.patient, plan.visits.time}
    columns |= {_column(study, name) for name in (*names, *plan.visits.fixed)}
    death, after = plan.outcome.death, plan.index.after
    if death is not None:
        columns |= {column for column in (death.time, death.visit) if column}
    if after is not None and after.time is not None:
        columns.add(after.time)
    return frozenset(columns)


@dataclass(frozen=True, slots=True)
class _Times:
    times: Times | None
    findings: tuple[Finding, ...]


def _column(study: Study, name: str) -> str:
    return study.config.cohort.columns.get(name, name)


def _times(study: Study, plan: RecordsPlan, table: Table) -> _Times:
    source, column = study.config.cohort, plan.visits.time
    if column not in table.columns:
        return _Times(None, (Finding("missing_column", column, table.missing_column(column)),))
    times = read_times(table.columns[column], plan.visits.unit, source.missing, source.decimal)
    findings = [
        Finding(code, column, message, rows) for (code, message), rows in times.problems.items()
    ]
    return _Times(times, tuple(findings))


def _values(
    study: Study, table: Table, variable: Variable, order: Places | None
) -> tuple[Numbers, list[Finding]]:
    """Canonical numbers of a variable in the order of the visits, each different entry read once.

    Rows of the findings are positions in that order.
    """
    source, column = study.config.cohort, _column(study, variable.name)
    cells = table.columns.get(column)
    if cells is None:
        lost = Finding("missing_column", column, table.missing_column(column))
        return np.full(table.rows, np.nan), [lost]
    numbers = isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf"
    plain = variable.kind == "continuous" and variable.name not in source.values
    if isinstance(cells, np.ndarray) and numbers and plain:
        # In blocks, whose intermediate arrays stay in the processor's memory.
        values = np.empty(table.rows)
        problems: list[Problem] = []
        for begin in range(0, table.rows, _BLOCK):
            block = slice(begin, begin + _BLOCK)
            rows = range(begin, min(begin + _BLOCK, table.rows))
            piece = cells[block] if order is None else cells[order[block]]
            read = read_variable(Table(table.source, {column: piece}, rows), variable, source)
            values[block] = read.values
            problems += read.problems
        return values, list(of_problems(problems, None))
    entries = coded(cells)
    alone = Table(table.source, {column: entries.entries}, range(len(entries.entries)))
    read = read_variable(alone, variable, source)
    codes = entries.codes if order is None else entries.codes[order]
    return read.values[codes], list(of_problems(read.problems, codes))


def _in_order(
    study: Study,
    plan: RecordsPlan,
    ids: Sequence[object],
    placed: _Placed,
    times: Times,
    columns: dict[str, Numbers],
    fixed: Sequence[str],
    death: Numbers,
    findings: list[Finding],
) -> ReadVisits:
    """Sort, leave out what is empty, and keep one visit for each day."""
    codes, order = placed.patient, placed.rows
    if len(placed.moved):
        findings.append(
            Finding("visits_sorted", plan.visits.time, SORTED, placed.moved, fatal=False)
        )
    day, calendar = _taken(times.day, order), _taken(times.calendar, order)
    rows = np.arange(len(codes)) if order is None else order

    empty = np.ones(len(codes), dtype=bool)
    for numbers in columns.values():
        if not empty.any():
            break
        empty &= np.isnan(numbers)
    if empty.any():
        findings.append(Finding("empty_visits", "", EMPTY, rows[empty], fatal=False))
        codes, rows = codes[~empty], rows[~empty]
        day, calendar = day[~empty], calendar[~empty]
        columns = {name: column[~empty] for name, column in columns.items()}

    for name in fixed:
        changed = _changed(columns[name], codes)
        if len(changed):
            column = _column(study, name)
            findings.append(
                Finding("two_patients", column, TWO_PATIENTS, rows[changed], variable=name)
            )
    days = one_for_each_day(codes, calendar, columns, rows, plan.visits.same_day)
    findings += days.findings
    if days.keep is not None:
        codes, rows, day = codes[days.keep], rows[days.keep], day[days.keep]
    start = np.searchsorted(codes, np.arange(len(ids) + 1))
    with np.errstate(invalid="ignore"):
        late = np.flatnonzero(day > death[codes])
    if len(late):
        findings.append(Finding("visit_after_death", plan.visits.time, AFTER_DEATH, rows[late]))
    if any(finding.fatal for finding in findings):
        return ReadVisits(None, tuple(findings))
    visits = Visits(ids, codes, day, start, days.values, {}, {}, death, rows)
    return ReadVisits(visits, tuple(findings))


def _taken(column: NDArray[np.float64], rows: Places | None) -> Numbers:
    return column if rows is None else column[rows]


def _fatal(findings: Collection[Finding]) -> bool:
    return any(finding.fatal for finding in findings)


@dataclass(frozen=True, slots=True)
class _Placed:
    """Patients in order, the rows in order (None: as they stand), and rows that came too late."""

    patient: Places
    rows: Places | None
    moved: Places


def _sorted(patient: Places, moment: Numbers) -> _Placed:
    if _in_place(patient, moment):
        return _Placed(patient, None, np.empty(0, dtype=np.int64))
    # Distinct keys need no stable sort, which takes ten times as long.
    rows = np.sort(patient * len(patient) + np.arange(len(patient))) % len(patient)
    codes, when = patient[rows], moment[rows]
    back = (codes[1:] == codes[:-1]) & (when[1:] < when[:-1])
    moved = rows[1:][back]
    if len(moved):
        rows = np.lexsort((moment, patient))
    return _Placed(patient[rows], rows, np.sort(moved))


def _in_place(patient: Places, moment: Numbers) -> bool:
    later = patient[1:] > patient[:-1]
    return bool(np.all(later | ((patient[1:] == patient[:-1]) & (moment[1:] >= moment[:-1]))))


def _changed(column: Numbers, patient: Places) -> Places:
    """Visits at which a value differs from the patient's last one before."""
    there = np.flatnonzero(np.isfinite(column))  # infinite: it could not be read
    same = patient[there][1:] == patient[there][:-1]
    other: NDArray[np.bool_] = column[there][1:] != column[there][:-1]
    found: Places = there[1:][same & other]
    return found
