"""Figures of a validation side by side, as for several states and for a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.report.contents.performance_words import CHOSEN
from predictor.report.document import Block, Column, Listing, Table

FIGURES = "Apparent, cross-validated and corrected figures of {label}"
SIGNAL_STATISTIC = "Compared: {statistic}; {rule}."

_Row = Mapping[str, Any]


def figures_table(manifest: _Row, rows: Sequence[_Row], note: str) -> Table:
    """Figures of the chosen model.

    Parameters
    ----------
    manifest
        Of the bundle.
    rows
        As its validation has them, each with its ``label``.
    note
        What the figures are.
    """
    return Table(
        "performance-figures-table",
        FIGURES.format(label=manifest["model"]["label"]),
        (
            Column("label", "Figure"),
            Column("apparent", "Apparent", "number"),
            Column("cross_validated", "Cross-validated (95% CI)", "interval"),
            Column("corrected", "Corrected (95% CI)", "interval"),
        ),
        tuple(rows),
        note,
    )


def validation_notes(manifest: _Row) -> Iterator[Block]:
    """What was left out of the validation, and why."""
    notes = tuple(manifest["validation"].get("notes", ()))
    if notes:
        yield Listing(notes, "Notes on the validation")


def with_choice_marked(rows: Sequence[_Row]) -> tuple[dict[str, Any], ...]:
    """Candidates by their labels, which tell the chosen one.

    >>> with_choice_marked([{"label": "Ridge", "chosen": True}])
    ({'label': 'Ridge (chosen)', 'chosen': True},)
    """
    return tuple(
        {**row, "label": CHOSEN.format(label=row["label"]) if row["chosen"] else str(row["label"])}
        for row in rows
    )


def calibration_columns() -> tuple[Column, ...]:
    """Of predicted and observed shares, with the ends of the band."""
    return tuple(
        Column(name, name.capitalize(), "percent", 1)
        for name in ("predicted", "observed", "low", "high")
    )


def signal_lines(signal: _Row) -> tuple[str, str]:
    """What the test for signal found, and what it compared."""
    return signal["sentence"], SIGNAL_STATISTIC.format(**signal)
