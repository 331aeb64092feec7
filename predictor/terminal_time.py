"""What people see of a training of a time on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from predictor.cohort.small_cells import HIDDEN
from predictor.terminal import (
    plain,
    print_tables,
    say,
    say_evidence,
    say_warnings,
    say_where,
    say_wrapped,
)

if TYPE_CHECKING:
    from rich.table import Table

    from predictor.workflow.time_run import TimeTrainingRun

_LABELS = {
    "c_index": "C index (Wolbers)",
    "c_harrell": "C index (Harrell)",
    "brier": "Brier, {month} months",
    "scaled_brier": "Brier explained, {month} months",
    "intercept": "Calibration intercept, {month} months",
    "slope": "Calibration slope, {month} months",
}


def show_time_training(run: TimeTrainingRun) -> None:
    """Evidence, who is followed how long, the comparison, the chosen model's figures."""
    say_evidence(run.evidence, run.cohort)
    say_warnings(run.cohort)
    say()
    show_time_validation(run.validation)
    say_where(run.bundle, run.report, run.sent, run.seconds)


def show_time_validation(found: Mapping[str, Any]) -> None:
    """Who is followed how long, the comparison, the chosen model's figures, and notes.

    Parameters
    ----------
    found
        What the manifest has under ``validation``.
    """
    _show(
        ("Month", "Still followed", "Had the event (95% CI)", "Had a competing one"),
        (
            (
                str(row["month"]),
                HIDDEN if row["at_risk"] is None else str(row["at_risk"]),
                _interval(row, "incidence"),
                _number(row["competing"]),
            )
            for row in found["followed"]
        ),
    )
    say_wrapped(
        "Cumulative incidences by Aalen-Johansen; hidden: a count that would tell, by subtraction "
        "too, of fewer than the cell size; - an incidence that would tell of so few events, or one "
        "that nothing has."
    )
    say()
    _show(
        ("Model", "C index (95% CI)", "Brier", "Brier explained", "Slope"),
        (
            (
                ("→ " if row["chosen"] else "  ") + str(row["label"]),
                _interval(row, "c_index"),
                f"{row['brier']:.3f} ± {row['brier_difference_se']:.3f}",
                _number(row["scaled_brier"]),
                _number(row["slope"]),
            )
            for row in found["models"]
        ),
    )
    say_wrapped(
        "Cross-validated; Brier and slope at the last horizon, by IPCW. ±: standard error of the "
        "paired difference to the best. By rule the simplest within one of it is chosen."
    )
    say()
    _show(
        ("Figure", "Apparent", "Cross-validated (95% CI)", "Corrected (95% CI)"),
        (
            (
                _LABELS[row["name"]].format(month=row["month"]),
                _number(row["apparent"]),
                _interval(row, "cross_validated"),
                _interval(row, "corrected"),
            )
            for row in found["figures"]
        ),
    )
    _show(
        ("Month", "Patients", "Predicted", "Observed (95% CI)"),
        (
            (
                str(row["month"]),
                str(row["patients"]),
                _number(row["predicted"]),
                _interval(row, "observed"),
            )
            for row in found["calibration"]
        ),
    )
    if found["signal"]:
        say_wrapped(found["signal"]["sentence"])
    for note in found["notes"]:
        say_wrapped(note)


def _show(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    from rich import box
    from rich.table import Table as RichTable

    table: Table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i else "left")
    for row in rows:
        table.add_row(*map(plain, row))
    print_tables(table)


def _interval(row: Mapping[str, Any], name: str) -> str:
    value, low, high = (row.get(key) for key in (name, f"{name}_low", f"{name}_high"))
    if value is None or low is None or high is None:
        return _number(value)
    return f"{_number(value)} ({_number(low)} to {_number(high)})"


def _number(value: float | None) -> str:
    """Two digits, and no sign of a nothing.

    >>> _number(-0.004), _number(-0.006), _number(None)
    ('0.00', '-0.01', '-')
    """
    return "-" if value is None else f"{round(value, 2) + 0.0:.2f}"
