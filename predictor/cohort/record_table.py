"""A cohort made from visits as a table: one row for each index visit, and what is in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.cohort.records import Records
from predictor.cohort.table import Cells, Table
from predictor.cohort.time_columns import time_columns
from predictor.cohort.time_from_visits import TimedFollowUp
from predictor.cohort.visit_times import DAYS
from predictor.cohort.yielded import dead_state, yields
from predictor.config_records import FOLLOW_UP_DAYS, days_of
from predictor.config_visit_times import INDEX_TIME

if TYPE_CHECKING:
    from predictor.config import CohortSource
    from predictor.study import Study

_EPOCH = date(1970, 1, 1)

PATIENT = "Identifier of the patient, as in the source"
CENTRE = "Centre, as in the source at the index visit"
INDEX = "Time of the index visit: {which} visit with {rule}"
FOLLOWED = "Days from the index visit to the follow-up visit, or to death"
OUTCOME = "Outcome by {definition}, at the visit nearest to day {nearest:g} within {days}"
OUTCOME_DEATH = "{outcome}; a death up to the last of these days counts as {state}"
OUTCOME_AGAIN = "{outcome}; to hold again at least {days:g} days later"
RULE = "the rule {rule}"
DEFINITION = "the definition {name}"
LATEST = "Latest value within {days}, counted from the index visit"


@dataclass(frozen=True, slots=True)
class Entry:
    """One column of the table, as its data dictionary tells it.

    Parameters
    ----------
    variable
        Name of the column.
    label
        What people read.
    unit
        Unit of numbers, None of anything else.
    states
        What may stand in it, where that is not a number.
    column
        Column of the source, None where it was computed.
    made
        How it was made.
    window
        First and last day from the index visit of what was looked at; None where none was.
    """

    variable: str
    label: str
    unit: str | None
    states: tuple[str, ...]
    column: str | None
    made: str
    window: tuple[float, float] | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "variable": self.variable,
            "label": self.label,
            "unit": self.unit,
            "states": list(self.states),
            "column": self.column,
            "made": self.made,
            "window": [d if math.isfinite(d) else None for d in self.window or ()] or None,
        }


@dataclass(frozen=True, slots=True)
class RecordTable:
    """The table and its data dictionary."""

    table: Table
    entries: tuple[Entry, ...]


def is_made(study: Study, columns: Mapping[str, object]) -> bool:
    """Whether a table was made from visits already, by its columns.

    Parameters
    ----------
    study
        A study that has visits.
    columns
        What the table has.
    """
    visits = study.config.cohort.visits
    own = visits is not None and (visits.time not in columns or FOLLOW_UP_DAYS in columns)
    return own and INDEX_TIME in columns


def made_source(source: CohortSource) -> CohortSource:
    """How a table that was made from visits is read: by the dictionary's names and units.

    Parameters
    ----------
    source
        How the visits are read.
    """
    own = {"encoding", "delimiter", "sheet", "decimal", "missing", "laboratory"}
    plain = {name: type(source).model_fields[name].get_default() for name in own}
    changes = {"visits": None, "index": None, "baseline": None, "outcome": None}
    return source.model_copy(update={**plain, **changes, "columns": {}, "units": {}, "values": {}})


def record_table(study: Study, records: Records, table: Table) -> RecordTable:
    """Make the table.

    Parameters
    ----------
    study
        Configuration and dictionary.
    records
        Index visits with a known outcome.
    table
        The visits they were made from.
    """
    config, plan, known = study.config, records.rules.plan, records.known
    visits, at = records.visits, records.index.at[known]
    columns: dict[str, Cells] = {}
    entries = []

    def add(entry: Entry, cells: Cells) -> None:
        columns[entry.variable] = cells
        entries.append(entry)

    ids = np.asarray(visits.ids, dtype=object)[visits.patient[at]]
    name = plan.visits.patient
    add(Entry(name, name, None, (), name, PATIENT, None), ids.tolist())
    if config.cohort.centre is not None:
        name = config.cohort.centre
        cells = table.columns[name]
        own = [cells[row] for row in visits.rows[at].tolist()]
        add(Entry(name, name, None, (), name, CENTRE, None), own)
    text = INDEX.format(which=plan.index.which, rule=records.rules.index.text)
    unit = None if plan.visits.unit == "date" else plan.visits.unit
    add(
        Entry(INDEX_TIME, "Index visit", unit, (), plan.visits.time, text, (0.0, 0.0)),
        _times(visits.day[at], plan.visits.unit),
    )
    for name in records.rules.variables:
        if name not in records.baseline:
            continue
        variable = study.dictionary.variable(name)
        window = plan.baseline.window(name)
        column = config.cohort.columns.get(name, name)
        text = LATEST.format(days=days_of(window))
        there = column if column in table.columns else None
        entry = Entry(name, variable.label, variable.unit, variable.states, there, text, window)
        add(entry, _cells(variable, records.baseline[name].values[known]))
    if isinstance(records.follow_up, TimedFollowUp):
        for told in time_columns(study, records.rules, records.follow_up, known):
            entry = Entry(told.name, told.label, told.unit, told.states, None, told.made, None)
            add(entry, told.cells)
        return RecordTable(Table(table.source, columns, range(1, len(known) + 1)), tuple(entries))
    followed = records.follow_up
    end = np.where(
        followed.died, visits.death[visits.patient[records.index.at]], visits.day[followed.at]
    )
    days = (end - visits.day[records.index.at])[known]
    within = plan.outcome.looked_at.window
    add(Entry(FOLLOW_UP_DAYS, "Follow-up", "d", (), plan.visits.time, FOLLOWED, within), days)
    outcome = config.question.outcome
    label = config.question.label or outcome
    add(
        Entry(outcome, label, None, _states(records), None, _outcome_text(records), within),
        _outcome(records),
    )
    return RecordTable(Table(table.source, columns, range(1, len(known) + 1)), tuple(entries))


def _times(day: NDArray[np.float64], unit: str) -> Cells:
    if unit != "date":
        return day / DAYS[unit]
    return [(_EPOCH + timedelta(days=days)).isoformat() for days in day.tolist()]


def _cells(variable: Variable, values: NDArray[np.float64]) -> Cells:
    """States as they are called; everything else as numbers."""
    if variable.kind != "nominal":
        return values
    names = [*variable.states, None]
    places = np.where(np.isnan(values), len(variable.states), values).astype(int)
    return [names[place] for place in places.tolist()]


def _states(records: Records) -> tuple[str, ...]:
    """What stands in the column of the outcome; the dead have a state where anybody died."""
    rules = records.rules
    states = tuple(map(str, yields(rules.plan, rules.asked)))
    own = ("1", "0") if rules.asked.binary else rules.asked.states
    return states if records.follow_up.died.any() else own


def _dead(records: Records) -> int | str:
    return dead_state(records.rules.plan, records.rules.asked)


def _outcome(records: Records) -> Cells:
    """1 and 0 where the outcome holds or does not, else the names of its states."""
    state = records.follow_up.state[records.known]
    died = records.follow_up.died[records.known]
    dead = _dead(records)
    if records.rules.asked.binary and isinstance(dead, int):
        return np.where(died, dead, 1 - state).astype(np.int64)
    named = [1, 0] if records.rules.asked.binary else list(records.rules.asked.states)
    cells = [named[place] for place in state.tolist()]  # -1 of the dead is the last, replaced next
    return [dead if gone else cell for cell, gone in zip(cells, died.tolist(), strict=True)]


def _outcome_text(records: Records) -> str:
    plan = records.rules.plan.outcome
    definition = (
        RULE.format(rule=plan.rule)
        if plan.rule is not None
        else DEFINITION.format(name=plan.definition)
    )
    at = plan.looked_at
    days = days_of(at.window)
    text = OUTCOME.format(definition=definition, nearest=at.nearest, days=days)
    if records.rules.asked.confirmed_after is not None:
        text = OUTCOME_AGAIN.format(outcome=text, days=records.rules.asked.confirmed_after)
    if plan.death is not None:
        text = OUTCOME_DEATH.format(outcome=text, state=_dead(records))
    return text
