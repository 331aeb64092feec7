"""A cohort described the way a paper does: Tables 1 to 4, and baseline by outcome.

Which variable stands in which table is data (:mod:`predictor.clinical.paper_tables`). A row is
one fact: a number, or one state of a finding, with its test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from predictor.cohort.described_columns import LeftOut
from predictor.cohort.paired_effects import Effect
from predictor.cohort.summaries import STATISTIC_LABELS, Summary

Tests = Literal["paper", "recommended"]
Shape = Literal["characteristics", "paired", "groups"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Parameters
    ----------
    section
        Heading above it.
    variable, label, unit
        What it describes; the unit as people read it, empty for states and scores.
    state
        The state that is counted; None for a number.
    before
        All patients at baseline. Of a table before and after: those with both values.
    after
        The same patients after treatment.
    groups
        Group -> its patients at baseline.
    changed
        Patients in the state before only, and after only.
    test, p_value, reason
        Name of the test; two-sided p; why there is none.
    p_adjusted
        By Holm's method over all rows of the same question.
    effect
        Size of the change with its interval.
    """

    section: str
    variable: str
    label: str
    unit: str
    state: str | None
    before: Summary
    after: Summary | None = None
    groups: Mapping[str, Summary] = field(default_factory=dict)
    changed: tuple[int, int] | None = None
    test: str | None = None
    p_value: float | None = None
    reason: str | None = None
    p_adjusted: float | None = None
    effect: Effect | None = None

    @property
    def statistic(self) -> str:
        """What is printed, in words."""
        return STATISTIC_LABELS[self.before.statistic]

    @property
    def title(self) -> str:
        """Label with unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def to_dict(self, table: int) -> dict[str, object]:
        """Return the row as JSON data.

        ``table, variable, statistic, before, after, test, p_value`` are a contract; ``before`` and
        ``after`` are as printed, their figures stand beside them.
        """
        return {
            "table": table,
            "section": self.section,
            "variable": self.variable,
            "state": self.state,
            "label": self.label,
            "unit": self.unit or None,
            "statistic": self.statistic,
            "n": self.before.n,
            "missing": self.before.missing,
            "before": self.before.text,
            "after": self.after.text if self.after else None,
            "before_values": self.before.to_dict(),
            "after_values": self.after.to_dict() if self.after else None,
            "groups": {name: cell.to_dict() for name, cell in self.groups.items()} or None,
            "changed": {"before_only": self.changed[0], "after_only": self.changed[1]}
            if self.changed
            else None,
            "test": self.test,
            "p_value": self.p_value,
            "p_adjusted": self.p_adjusted,
            "reason": self.reason,
            "effect": self.effect.to_dict() if self.effect else None,
        }


@dataclass(frozen=True, slots=True)
class DescriptiveTable:
    """One table.

    Parameters
    ----------
    number, title
        As printed above it.
    shape
        ``characteristics``: one column. ``paired``: before and after. ``groups``: one column a
        group, behind the one of all patients.
    rows
        In order; those of a section stand together.
    groups
        Group -> label and number of patients; None where the number is masked.
    """

    number: int
    title: str
    shape: Shape
    rows: tuple[Row, ...]
    groups: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)

    def sections(self) -> Iterator[tuple[str, tuple[Row, ...]]]:
        """Headings with their rows."""
        names = dict.fromkeys(row.section for row in self.rows)
        for name in names:
            yield name, tuple(row for row in self.rows if row.section == name)


@dataclass(frozen=True, slots=True)
class Description:
    """All tables of a cohort.

    Parameters
    ----------
    source
        Name of the file, without its folder.
    patients
        Rows described.
    simulated
        Whether the patients are simulated.
    tests
        ``paper``: those of the study's Methods. ``recommended``: chosen by distribution, with
        effect sizes and adjusted p.
    tables
        Those that the cohort has columns for.
    absent
        Number of a table -> why it is left out.
    notes
        What a reader must know, in sentences.
    left_out
        Cells that could not be read.
    unknown
        Columns that are not described because no variable is named like them.
    cell_size
        Counts below it are masked; None where all are shown.
    """

    source: str
    patients: int
    simulated: bool
    tests: Tests
    tables: tuple[DescriptiveTable, ...]
    absent: Mapping[int, str]
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    unknown: tuple[str, ...]
    cell_size: int | None = None

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Every row with the number of its table."""
        for table in self.tables:
            for row in table.rows:
                yield table.number, row

    def to_dict(self) -> dict[str, object]:
        """Return the description as JSON data; ``rows`` is a contract."""
        return {
            "source": self.source,
            "patients": self.patients,
            "simulated": self.simulated,
            "tests": self.tests,
            "rows": [row.to_dict(table) for table, row in self.rows()],
            "tables": [
                {
                    "table": table.number,
                    "title": table.title,
                    "groups": [
                        {"group": name, "label": label, "patients": patients}
                        for name, (label, patients) in table.groups.items()
                    ]
                    or None,
                }
                for table in self.tables
            ],
            "left_out": [
                {"table": number, "reason": reason} for number, reason in self.absent.items()
            ],
            "unread_cells": [
                {"variable": c.variable, "code": c.code, "count": c.count} for c in self.left_out
            ],
            "columns_not_described": list(self.unknown),
            "cell_size": self.cell_size,
            "notes": list(self.notes),
        }
