"""Tables of the OMOP common data model (version 5.4) become visits: a row for each patient and day.

A day is a row where a listed measurement was taken, or where a visit of a listed kind began. A
diagnosis and a drug say yes or no of such days; nothing recorded means what the concept list says
it means, and by default that nobody knows. Two different results of one day stay two rows, so that
the rules for visits on one day decide between them and nothing is chosen here.

https://ohdsi.github.io/CommonDataModel/cdm54.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from predictor.clinical.cells import is_missing
from predictor.cohort.sources.database import opened, read_select, source_name
from predictor.cohort.sources.omop_concepts import (
    BIRTH,
    ConceptList,
    Concepts,
    concept_owners,
    load_concepts,
)
from predictor.cohort.table import Cells, Table, table_of
from predictor.errors import CohortError, Reason

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.sql import Select

    from predictor.config_sources import OmopSource

PATIENT, TIME = "person_id", "visit_date"
"""Columns of the table that name the patient and the day."""

_SIGNS = {4171754: "<=", 4171755: ">=", 4171756: "<", 4172703: "", 4172704: ">"}
"""Standard concepts of operators."""

_YEAR = 365.25

Day = tuple[object, date]


def read_omop(source: OmopSource, base: Path, decimal: str = ".") -> Table:
    """Read visits from OMOP tables by a list of concepts.

    Parameters
    ----------
    source
        The database, and the list.
    base
        Folder that the list's path is relative to.
    decimal
        Decimal sign in which numbers with a unit are written into the table.

    Returns
    -------
    Table
        Columns ``person_id``, ``visit_date`` (ISO 8601) and one for each variable, sorted by both.

    Raises
    ------
    ConfigError
        If the list breaks a rule.
    CohortError
        If the database fails, nothing is found, or results have units or values that the list does
        not know.
    """
    concepts = load_concepts(base / source.concepts)
    with opened(source.url_env) as connection:
        reader = _Reader(connection, source, decimal)
        below = reader.descendants(concepts)
        days = reader.days(concepts, below)
        if not days:
            raise CohortError(
                source_name(source.url_env),
                "no measurement and no visit of the listed concepts is there",
                "Check the concepts, and `table_schema`.",
            )
        reader.fill_periods(concepts, below, days)
        reader.fill_persons(concepts, days)
    names = [entry.variable for entry in concepts.variables]
    rows = [
        (person, day.isoformat(), *(row.get(name) for name in names))
        for (person, day), several in sorted(days.items(), key=lambda item: _order(item[0]))
        for row in several
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    header = [PATIENT, TIME, *names]
    return table_of(source_name(source.url_env), header, columns, range(1, len(rows) + 1))


def _order(key: Day) -> tuple[bool, Any, date]:
    person, day = key
    return isinstance(person, str), person, day


class _Reader:
    """Asks one database for what a concept list names."""

    def __init__(self, connection: Connection, source: OmopSource, decimal: str) -> None:
        self.connection = connection
        self.source = source
        self.decimal = decimal

    def select(self, table: str, columns: Sequence[str], where: str, among: Iterable[int]) -> Any:
        """Rows of a table in a firm order, as tuples."""
        import sqlalchemy

        found = sqlalchemy.table(
            table, *map(sqlalchemy.column, columns), schema=self.source.table_schema
        )
        listed = sorted(set(among))
        statement: Select[Any] = sqlalchemy.select(*(found.c[name] for name in columns))
        if where:
            statement = statement.where(found.c[where].in_(listed))
        statement = statement.order_by(*(found.c[name] for name in columns))
        read = read_select(self.connection, statement, self.source.url_env)
        if read is None:
            return []
        return zip(*map(_plain, read.columns.values()), strict=True)

    def descendants(self, concepts: ConceptList) -> dict[int, tuple[int, ...]]:
        """Concepts below those whose descendants count."""
        wanted = [c for entry in concepts.variables if entry.descendants for c in entry.concepts]
        found: dict[int, list[int]] = defaultdict(list)
        if wanted:
            columns = ("ancestor_concept_id", "descendant_concept_id")
            for ancestor, below in self.select("concept_ancestor", columns, columns[0], wanted):
                found[ancestor].append(below)
        return {ancestor: tuple(below) for ancestor, below in found.items()}

    def days(
        self, concepts: ConceptList, below: Mapping[int, tuple[int, ...]]
    ) -> dict[Day, list[dict[str, object]]]:
        """Rows by patient and day: what was measured, and visits of the listed kinds."""
        days: dict[Day, list[dict[str, object]]] = {}
        owners = dict(concept_owners(concepts.of("measurement"), below))
        unknown: Counter[tuple[str, str, object]] = Counter()
        if owners:
            columns = (
                PATIENT,
                "measurement_date",
                "measurement_concept_id",
                "value_as_number",
                "value_as_concept_id",
                "unit_concept_id",
                "operator_concept_id",
            )
            rows = self.select("measurement", columns, columns[2], owners)
            for person, told, concept, *result in rows:
                entry = owners[int(concept)]
                cell, problem = _result(entry, result, self.decimal)
                if problem is not None:
                    unknown[entry.variable, *problem] += 1
                elif cell is not None:
                    _put(days.setdefault((person, _day(told)), [{}]), entry.variable, cell)
        if unknown:
            raise CohortError(
                str(self.source.concepts),
                "results have units or values that the concept list does not know",
                "Add them under `units` or `values` of the variable:",
                reasons=[
                    Reason("unknown_concept", name, f"{what} {number} ({count} results).")
                    for (name, what, number), count in sorted(unknown.items(), key=str)
                ],
            )
        if concepts.visits:
            asked = (PATIENT, "visit_start_date", "visit_concept_id")
            for person, told, _ in self.select(
                "visit_occurrence", asked, asked[2], concepts.visits
            ):
                days.setdefault((person, _day(told)), [{}])
        return days

    def fill_periods(
        self,
        concepts: ConceptList,
        below: Mapping[int, tuple[int, ...]],
        days: dict[Day, list[dict[str, object]]],
    ) -> None:
        """Whether a diagnosis or a drug was there on each day."""
        for domain, table, prefix in (
            ("condition", "condition_occurrence", "condition"),
            ("drug", "drug_exposure", "drug_exposure"),
        ):
            entries = concepts.of(domain)  # type: ignore[arg-type]
            owners = dict(concept_owners(entries, below))
            if not owners:
                continue
            concept = f"{domain}_concept_id"
            columns = (PATIENT, f"{prefix}_start_date", f"{prefix}_end_date", concept)
            periods: dict[tuple[str, object], list[tuple[date, date]]] = defaultdict(list)
            for person, start, end, found in self.select(table, columns, concept, owners):
                entry = owners[int(found)]
                periods[entry.variable, person].append(_period(entry, _day(start), end))
            for entry in entries:
                for (person, day), rows in days.items():
                    held = any(a <= day <= b for a, b in periods.get((entry.variable, person), ()))
                    for row in rows:
                        row[entry.variable] = _held(held, entry)

    def fill_persons(self, concepts: ConceptList, days: dict[Day, list[dict[str, object]]]) -> None:
        """What the table ``person`` says, on every day of a patient."""
        entries = concepts.of("person")
        if not entries:
            return
        plain = [entry.column for entry in entries if entry.column != BIRTH]
        births = ["year_of_birth", "month_of_birth", "day_of_birth"]
        born = births if len(plain) < len(entries) else []
        columns = list(dict.fromkeys([PATIENT, *plain, *born]))
        persons = {
            row[0]: dict(zip(columns, row, strict=True))
            for row in self.select("person", columns, "", ())
        }
        for (person, day), rows in days.items():
            told = persons.get(person, {})
            for entry in entries:
                if entry.column == BIRTH:
                    cell: object = _age(told, day)
                else:
                    value = told.get(entry.column)
                    cell = entry.values.get(int(str(value))) if _whole(value) else value
                for row in rows:
                    row[entry.variable] = cell


def _plain(cells: Cells) -> list[object]:
    """Cells of a column one by one, None where nothing stands."""
    listed: list[object] = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
    return [None if is_missing(cell) else cell for cell in listed]


def _held(held: bool, entry: Concepts) -> str | None:
    if held:
        return "yes"
    return "no" if entry.absent == "no" else None


def _period(entry: Concepts, start: date, end: object) -> tuple[date, date]:
    last = start if end is None else _day(end)
    if entry.domain == "condition" and not entry.ends:
        last = date.max
    elif entry.grace:
        last += timedelta(days=entry.grace)
    return start, last


def _result(
    entry: Concepts, result: Sequence[object], decimal: str
) -> tuple[object, tuple[str, object] | None]:
    """The cell of a result, or which of its concepts the list does not know."""
    number, value, unit, operator = result
    if number is None:
        if not value:
            return None, None
        word = entry.values.get(int(str(value)))
        return (word, None) if word is not None else (None, ("value concept", value))
    sign = _SIGNS.get(int(str(operator))) if operator else ""
    if sign is None:
        return None, ("operator concept", operator)
    name = entry.units.get(int(str(unit))) if unit else entry.unit
    if name is None:
        return None, ("unit concept", unit)
    plain = float(str(number))
    if not sign and not name:
        return plain, None
    return f"{sign}{plain!r} {name}".strip().replace(".", decimal, 1), None


def _put(rows: list[dict[str, object]], variable: str, cell: object) -> None:
    """Set a result into the first row of its day that has none; a second one is another row."""
    for row in rows:
        if variable not in row:
            row[variable] = cell
            return
        if row[variable] == cell:
            return
    rows.append({variable: cell})


def _day(told: object) -> date:
    if isinstance(told, datetime):
        return told.date()
    if isinstance(told, date):
        return told
    try:
        return date.fromisoformat(str(told)[:10])
    except ValueError:
        raise CohortError(
            "OMOP tables", "a date is not written as year, month and day", "Use ISO 8601 dates."
        ) from None


def _age(told: Mapping[str, object], day: date) -> float | None:
    """Years since birth; the middle of the year or month stands for what is not recorded."""
    parts = [told.get(name) for name in ("year_of_birth", "month_of_birth", "day_of_birth")]
    if not _whole(parts[0]):
        return None
    year, month, of_month = (int(str(p).partition(".")[0]) if _whole(p) else None for p in parts)
    if year is None or not 1 <= year <= 9999:
        return None
    try:
        born = date(year, month or 7, (of_month or (15 if month else 1)))
    except ValueError:
        return None
    return (day - born).days / _YEAR


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
