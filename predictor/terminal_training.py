"""What people see of a training run or a bundle on a terminal: verdict, tables, what is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from predictor.fitted.description import description, line
from predictor.fitted.models import LinearModel
from predictor.report.cohort_text import unknown_outcomes
from predictor.report.validation_text import bootstrap_lines, figure_name, further_lines, headline
from predictor.terminal import plain, print_tables, say, say_evidence, say_where, say_wrapped, width
from predictor.terminal_states import show_states
from predictor.terminal_time import show_time_validation
from predictor.validation.reported import is_flexible, reported

if TYPE_CHECKING:
    from rich.table import Table

    from predictor.workflow.train import TrainingRun

_NARROW = 110
"""Columns below which an interval stands under its figure."""


def show_training(run: TrainingRun) -> None:
    """Evidence first, then flow and warnings, the comparison, and what can be done next."""
    chosen = run.comparison.chosen
    say_evidence(run.evidence, run.cohort)
    if run.cohort.sensitivity is not None and run.cohort.sensitivity.unknown:
        say_wrapped(unknown_outcomes(run.cohort.sensitivity.to_dict()))
    for warning in run.cohort.warnings:
        times = f" ({warning.count} rows)" if warning.count > 1 else ""
        head = f"{warning.variable}: " if warning.variable else ""
        say_wrapped(f"Warning: {head}{warning.message}{times} [{warning.code}]")
    say()
    print_tables(comparison_table([m.to_dict() for m in run.comparison.models]))
    say_wrapped(
        "AUROC: pairs within a test fold, with 95% interval. Log loss: with the standard error of "
        "the paired difference to the best."
    )
    by_rule = next(m for m in run.comparison.models if m.name == run.comparison.by_rule)
    rule = "the simplest within one standard error of the best log loss"
    if run.comparison.named:
        say_wrapped(
            f"Chosen: {chosen.label}, named beforehand. The rule takes {by_rule.label}, {rule}."
        )
    else:
        say_wrapped(f"Chosen: {chosen.label}, {rule}.")
    if by_rule.name == "prevalence":
        say_wrapped(_no_model(run))
    if chosen.name != "prevalence":
        _show_importance(run)
    flexible = not isinstance(run.chosen.model, LinearModel)
    show_validation(run.internal.to_dict(run.cell_size), chosen.label, flexible=flexible)
    say_where(run.bundle, run.report, run.sent, run.seconds)


def _no_model(run: TrainingRun) -> str:
    """What it means that the rule takes the prevalence."""
    found = run.internal.signal is not None and run.internal.signal.found
    text = "No model is better than the prevalence by more than its standard error"
    if not run.comparison.named:
        text += ", so the bundle gives everybody the prevalence"
    if found:
        return f"{text}: there is signal, but these are too few patients to make a model of it."
    return f"{text}: these data do not support a model."


def _show_importance(run: TrainingRun) -> None:
    say()
    say(f"What moves its predictions (mean absolute SHAP value on the {run.importance.scale}):")
    for row in run.importance.rows[:10]:
        say(f"  {row.label[:44]:<44} {row.mean_absolute_shap:.3f}")
    if run.importance.patients < run.importance.of:
        say(f"  over {run.importance.patients} patients drawn by seed from {run.importance.of}")


def comparison_table(models: Sequence[Mapping[str, Any]]) -> Table:
    """The comparison of candidates."""
    from rich import box
    from rich.table import Table as RichTable

    narrow = width() < _NARROW
    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=narrow)
    table.add_column("Model", no_wrap=True, overflow="ellipsis")
    for name in ("AUROC (95% CI)", "Log loss", "Brier", "Cal. intercept", "Cal. slope"):
        head = name.replace(" (", "\n(").replace(". ", ".\n") if narrow else name
        table.add_column(head, justify="right", no_wrap=narrow)
    for model in models:
        mark = "→ " if model["chosen"] else "  "
        between = "\n" if narrow else " "
        table.add_row(
            plain(mark + str(model["label"])),
            _with_interval(model, "auroc", between),
            f"{model['log_loss']:.3f}{between}± {model['log_loss_difference_se']:.3f}",
            f"{model['brier']:.3f}",
            _with_interval(model, "calibration_intercept", between),
            _with_interval(model, "calibration_slope", between),
            style="bold" if model["chosen"] else None,
        )
    return table


def show_validation(found: Mapping[str, Any], label: str, *, flexible: bool = False) -> None:
    """Corrected figures of the chosen model, their stability, and the test for signal."""
    bootstrap = found.get("bootstrap")
    if bootstrap is not None and (said := headline(bootstrap, label)):
        say()
        say_wrapped(said)
        rows = [reported(row, flexible=flexible) for row in bootstrap["figures"]]
        bootstrap = {**bootstrap, "figures": rows}
        print_tables(validation_table(rows))
        for line in bootstrap_lines(bootstrap):
            say_wrapped(line)
    for line in further_lines(found, label):
        say_wrapped(line)


def validation_table(figures: Sequence[Mapping[str, Any]]) -> Table:
    """Apparent, cross-validated and corrected figures side by side."""
    from rich import box
    from rich.table import Table as RichTable

    narrow = width() < _NARROW
    between = "\n" if narrow else " "
    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=narrow)
    table.add_column("Figure", no_wrap=True)
    for name in (
        "Apparent",
        "Cross-validated (95% CI)",
        "Corrected (95% CI)",
        "Harrell",
        "Out of bag",
    ):
        head = name.replace("-", "-\n").replace(" (", "\n(").replace("of ", "of\n")
        table.add_column(head if narrow else name, justify="right", no_wrap=narrow)
    for row in figures:
        if called := figure_name(row):
            table.add_row(
                called.replace("Calibration", "Cal.") if narrow else called,
                _number(row["apparent"]),
                _with_interval(row, "cross_validated", between),
                _with_interval(row, "corrected", between),
                _number(row["harrell"]),
                _number(row["oob"]),
            )
    return table


def _number(value: float | None) -> str:
    """Two digits; none where a figure is so far off that they would only take room."""
    if value is None:
        return "-"
    return f"{value:.2f}" if abs(value) < 99.995 else f"{value:.0f}"


def show_bundle(manifest: Mapping[str, Any], folder: str) -> None:
    """What is inside a bundle, from its manifest alone."""
    for name, text in description(manifest, folder).items():
        say_wrapped(line(name, text), indent=13)
    say()
    if manifest["model"]["kind"] == "states":
        show_states(
            manifest["validation"]["models"],
            manifest["validation"],
            manifest["outcome"]["states"],
        )
        return
    if manifest["model"]["kind"] == "hazards":
        show_time_validation(manifest["validation"])
        return
    print_tables(comparison_table(manifest["validation"]["models"]))
    label, flexible = manifest["model"]["label"], is_flexible(manifest)
    show_validation(manifest["validation"], label, flexible=flexible)


def _with_interval(model: Mapping[str, Any], name: str, between: str) -> str:
    value, low, high = model[name], model[f"{name}_low"], model[f"{name}_high"]
    if value is None or low is None:
        return _number(value)
    interval = f"{_number(low)} to {_number(high)}"
    return f"{_number(value)}{between}" + (f"({interval})" if between == " " else interval)
