"""When patients died, as a column of times or as a visit at which it was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import BINARY_STATES, Variable
from predictor.cohort.coded import coded
from predictor.cohort.columns import read_variable
from predictor.cohort.finding import Finding, of_problems
from predictor.cohort.table import Table
from predictor.cohort.visit_times import Times, read_times

if TYPE_CHECKING:
    from predictor.config_records import RecordsPlan
    from predictor.study import Study

TWO_DEATHS = "a patient has two times of death."


@dataclass(frozen=True, slots=True)
class Deaths:
    """Day of death of each patient, NaN where none is recorded, and what is wrong with it."""

    day: NDArray[np.float64]
    findings: tuple[Finding, ...]


def read_deaths(
    study: Study,
    plan: RecordsPlan,
    table: Table,
    patient: NDArray[np.int64],
    patients: int,
    times: Times,
) -> Deaths:
    """Read when patients died.

    Parameters
    ----------
    study, plan
        Configuration; without ``cohort.outcome.death`` nobody is known to have died.
    table
        Cells as the source has them.
    patient
        Patient of each row, -1 where it is not named, shape (rows,).
    patients
        Number of patients.
    times
        Times of the rows.
    """
    source, death = study.config.cohort, plan.outcome.death
    day = np.full(patients, np.nan)
    column = (death.time or death.visit) if death else None
    if death is None or column is None:
        return Deaths(day, ())
    if column not in table.columns:
        return Deaths(day, (Finding("missing_column", column, table.missing_column(column)),))
    if death.time is not None:
        read = read_times(table.columns[column], plan.visits.unit, source.missing, source.decimal)
        findings = [
            Finding(code, column, message, rows)
            for (code, message), rows in read.problems.items()
            if code != "missing_time"
        ]
        when = read.day
    else:
        cells = coded(table.columns[column])
        alone = Table(table.source, {column: cells.entries}, range(len(cells.entries)))
        answers = read_variable(
            alone, _yes_or_no(column), source.model_copy(update={"columns": {}})
        )
        findings = list(of_problems(answers.problems, cells.codes))
        when = np.where(answers.values[cells.codes] == 1, times.day, np.nan)
    known = ~np.isnan(when) & (patient >= 0)
    np.fmin.at(day, patient[known], when[known])
    if death.time is not None:
        twice = known.copy()
        twice[known] = when[known] != day[patient[known]]
        if twice.any():
            findings.append(Finding("two_deaths", column, TWO_DEATHS, np.flatnonzero(twice)))
    return Deaths(day, tuple(findings))


def _yes_or_no(name: str) -> Variable:
    return Variable(
        name=name,
        label=name,
        kind="binary",
        unit=None,
        units={},
        refused_units={},
        states=BINARY_STATES,
        reference=None,
        plausible=None,
        suspicious=None,
        unit_slips=(),
        integer=False,
        time="follow_up",
        exclusion=False,
        loinc=(),
        source="",
        note="",
    )
