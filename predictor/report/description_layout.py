"""Descriptive tables as cells of text: what the text, Markdown and HTML renderings all fill in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from predictor.cohort.description import Description, DescriptiveTable, Row
from predictor.cohort.paired_effects import Effect
from predictor.cohort.summaries import number_text, p_text

SIMULATED = "These patients are simulated: nothing here was measured in anybody."

_NUMBERS = ("n", "Missing")


@dataclass(frozen=True, slots=True)
class LaidOutTable:
    """One table ready to be printed.

    Parameters
    ----------
    title
        With its number.
    header
        Titles of the columns.
    sections
        Heading and its rows; every cell is text.
    footnotes
        Sentences below it.
    """

    title: str
    header: tuple[str, ...]
    sections: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    footnotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A description ready to be printed.

    Parameters
    ----------
    title
        What is described.
    simulated
        Sentence that says so; empty for real patients.
    tables
        In order.
    notes
        Sentences below all tables.
    """

    title: str
    simulated: str
    tables: tuple[LaidOutTable, ...]
    notes: tuple[str, ...]


def lay_out(description: Description) -> LaidOut:
    """Choose the columns of each table and print its numbers."""
    tested = description.tests == "recommended"
    notes = [
        f"Table {number} is left out: {reason}." for number, reason in description.absent.items()
    ]
    notes += description.notes
    notes += [
        f"{cell.variable}: {cell.count} unreadable or impossible, counted as missing "
        f"[{cell.code}]; `predictor check` shows the rows."
        for cell in description.left_out
    ]
    if description.unknown:
        notes.append(f"Columns not described: {', '.join(description.unknown)}.")
    return LaidOut(
        f"{description.source}: {description.patients:,} patients",
        SIMULATED if description.simulated else "",
        tuple(_table(table, tested) for table in description.tables),
        tuple(notes),
    )


def _table(table: DescriptiveTable, recommended: bool) -> LaidOutTable:
    if table.shape == "paired":
        header = ["", "Before", "After"]
        header += ["Change (95% CI)"] if recommended else []
        header += ["p", "p (Holm)"] if recommended else ["p"]
        header += ["Test", *_NUMBERS]
    elif table.shape == "groups":
        header = ["", "All", *(_group_title(*group) for group in table.groups.values())]
        header += ["p", "p (Holm)"] if recommended else []
        header += _NUMBERS
    else:
        header = ["", "All", *_NUMBERS]
    sections = tuple(
        (heading, tuple(tuple(_cells(row, table, recommended)) for row in rows))
        for heading, rows in table.sections()
    )
    footnotes = _untested(table.rows) if table.shape == "paired" or recommended else ()
    return LaidOutTable(f"Table {table.number}. {table.title}", tuple(header), sections, footnotes)


def _cells(row: Row, table: DescriptiveTable, recommended: bool) -> list[str]:
    cells = [f"{row.title}, {row.statistic}", row.before.text]
    if table.shape == "paired":
        cells.append(row.after.text if row.after else "-")
        cells += [_effect(row.effect, row.before.digits)] if recommended else []
    if table.shape == "groups":
        cells += [row.groups[name].text for name in table.groups]
    if table.shape == "paired" or (table.shape == "groups" and recommended):
        cells.append(p_text(row.p_value))
        cells += [p_text(row.p_adjusted)] if recommended else []
    if table.shape == "paired":
        cells.append(row.test or "-")
    return [*cells, *("-" if n is None else f"{n:,}" for n in (row.before.n, row.before.missing))]


def _group_title(label: str, patients: int | None) -> str:
    size = "masked" if patients is None else f"{patients:,}"
    return f"{label[:1].upper()}{label[1:]} (n = {size})"


def _effect(effect: Effect | None, digits: int) -> str:
    """The change with its interval; a risk difference in percentage points."""
    if effect is None:
        return "-"
    points = effect.name == "risk difference"
    scale, digits = (100.0, 1) if points else (1.0, digits)

    def shown(value: float) -> str:
        text = number_text(scale * value, digits)
        return text if text.startswith("-") or float(text) == 0 else f"+{text}"

    unit = " pp" if points else ""
    if effect.low is None or effect.high is None:
        return f"{shown(effect.value)}{unit}"
    return f"{shown(effect.value)}{unit} ({shown(effect.low)} to {shown(effect.high)})"


def _untested(rows: Sequence[Row]) -> tuple[str, ...]:
    """Why some rows have no p, one sentence a reason."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.p_value is None and row.reason:
            reasons.setdefault(row.reason, []).append(row.label)
    return tuple(f"No p, {reason}: {', '.join(labels)}." for reason, labels in reasons.items())
