"""What people see of a training of several states on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from predictor.report.cohort_text import unknown_outcomes
from predictor.report.contents.state_performance import state_labels
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

    from predictor.workflow.state_run import StateTrainingRun


def show_state_training(run: StateTrainingRun) -> None:
    """Evidence, patients by state, the comparison, the chosen model's figures, what is next."""
    say_evidence(run.evidence, run.cohort)
    if run.cohort.sensitivity is not None and run.cohort.sensitivity.unknown:
        say_wrapped(unknown_outcomes(run.cohort.sensitivity.to_dict()))
    say_warnings(run.cohort)
    say()
    shown = run.to_dict()
    show_states(shown["models"], shown["validation"], _states(run.cohort.states))
    say_where(run.bundle, run.report, run.sent, run.seconds)


def _states(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"state": name, "label": name.replace("_", " ")} for name in names]


def show_states(
    models: Iterable[Mapping[str, Any]],
    validation: Mapping[str, Any],
    states: list[dict[str, str]],
) -> None:
    """The tables and sentences of a validation of several states."""
    print_tables(_models(models))
    say_wrapped(
        "ORC: ordinal c, the mean over pairs of states, within test folds, with 95% interval. Log "
        "loss: with the standard error of the paired difference to the best. RPS: ranked "
        "probability score. Chosen is the simplest within one standard error of the best log loss."
    )
    say()
    print_tables(_figures(validation["figures"], state_labels(states)))
    if validation.get("signal"):
        say_wrapped(validation["signal"]["sentence"])
    odds = validation.get("proportional_odds")
    if odds:
        say_wrapped(
            f"Proportional odds: p = {odds['p_value']:.3f} ({odds['cohorts']} simulated cohorts)."
        )
    for note in validation.get("notes", ()):
        say_wrapped(note)


def _models(models: Iterable[Mapping[str, Any]]) -> Table:
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Model", no_wrap=True, overflow="ellipsis")
    for name in ("ORC (95% CI)", "Log loss", "RPS", "RPS explained"):
        table.add_column(name, justify="right")
    for model in models:
        mark = "→ " if model["chosen"] else "  "
        table.add_row(
            plain(mark + str(model["label"])),
            _interval(model, "orc"),
            f"{model['log_loss']:.3f} ± {model['log_loss_difference_se']:.3f}",
            f"{model['rps']:.3f}",
            _number(model["scaled_rps"]),
            style="bold" if model["chosen"] else None,
        )
    return table


def _figures(figures: Iterable[Mapping[str, Any]], labels: Mapping[str, str]) -> Table:
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Figure")
    for name in ("Apparent", "Cross-validated (95% CI)", "Corrected (95% CI)"):
        table.add_column(name, justify="right")
    for row in figures:
        table.add_row(
            plain(labels.get(row["name"], row["name"])),
            _number(row["apparent"]),
            _interval(row, "cross_validated"),
            _interval(row, "corrected"),
        )
    return table


def _interval(row: Mapping[str, Any], name: str) -> str:
    value, low, high = (row.get(key) for key in (name, f"{name}_low", f"{name}_high"))
    if value is None or low is None or high is None:
        return _number(value)
    return f"{_number(value)} ({_number(low)} to {_number(high)})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
