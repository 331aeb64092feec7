"""What the internal validation says, in words, for terminal, model card and report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from predictor.validation.reported import CROSS_VALIDATED

_NAMES = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "scaled_brier": "Scaled Brier score",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "eavg": "E-average",
}
_FEW = 3

CORRECTED = (
    "Corrected for optimism: the AUROC by .632+, the rest by Harrell's method; of a model that is "
    "no formula Brier scores by .632+ too and the rest out of fold. Intervals of what the "
    "bootstrap corrected include refitting."
)


OUT_OF_FOLD = (
    "Among the corrected figures these are the cross-validated ones, as a correction of them would "
    "not be trusted: {names}."
)


def figure_name(row: Mapping[str, Any]) -> str | None:
    """What people call a figure of the validation; None for one that only JSON carries.

    >>> figure_name({"name": "net_benefit_0.25", "threshold": 0.25})
    'Net benefit at 25%'
    """
    if row["threshold"] is not None:
        return f"Net benefit at {100 * row['threshold']:g}%"
    return _NAMES.get(row["name"])


def headline(bootstrap: Mapping[str, Any], label: str) -> str | None:
    """What was done; None for the prevalence, of which there is nothing to correct or to move."""
    if not any(row["top"] for row in bootstrap["explanation"]):
        return None
    return (
        f"{label} validated by {bootstrap['resamples']['drawn']:,} bootstrap resamples of the same "
        "patients, with preparation and tuning repeated in each:"
    )


def bootstrap_lines(bootstrap: Mapping[str, Any]) -> list[str]:
    """What belongs below the table of corrected figures."""
    lines = [CORRECTED]
    rows = [row for row in bootstrap["figures"] if row.get("corrected_by") == CROSS_VALIDATED]
    if names := [name for row in rows if (name := figure_name(row))]:
        lines.append(OUT_OF_FOLD.format(names=", ".join(names)))
    counts = bootstrap["resamples"]
    if counts["used"] < counts["drawn"]:
        lines.append(
            f"{counts['drawn'] - counts['used']} resamples left out: {counts['one_class']} with "
            f"one outcome only, {counts['separated']} separated, {counts['not_fitted']} not fitted."
        )
    return [*lines, *limit_lines(bootstrap), *stability_lines(bootstrap)]


def further_lines(found: Mapping[str, Any], label: str) -> list[str]:
    """What was found beside the bootstrap of the chosen model; nothing for older bundles."""
    lines = []
    if found.get("with_choice") is not None:
        lines.append(choice_text(found["with_choice"], label))
    lines += [
        str(found[part]["sentence"])
        for part in ("signal", "centres")
        if found.get(part) is not None
    ]
    return [*lines, *(f"Note: {text}" for text in found.get("notes", ()))]


def limit_lines(bootstrap: Mapping[str, Any]) -> list[str]:
    """What is missing or not to be trusted, with the names of the figures that people see."""
    rows = {row["name"]: figure_name(row) for row in bootstrap["figures"]}
    lines = []
    for limit in bootstrap["limits"]:
        named = [rows[name] for name in limit["figures"] if rows.get(name)]
        if named:
            lines.append(f"{', '.join(str(name) for name in named)}: {limit['message']}")
        elif not limit["figures"]:
            lines.append(str(limit["message"]))
    return lines


def choice_text(with_choice: Mapping[str, Any], label: str) -> str:
    """What is left when the choice of the model is repeated too."""
    area = next(row for row in with_choice["figures"] if row["name"] == "auroc")
    again = next((c for c in with_choice["chosen_models"] if c["name"] == label), None)
    share = again["share"] if again else 0.0
    reached = ", ".join(
        f"{name} {area[key]:.2f}"
        for name, key in ((".632+", "b632plus"), ("out of bag", "oob"))
        if area[key] is not None
    )
    others = ", ".join(
        f"{choice['name']} {100 * choice['share']:.0f}%"
        for choice in with_choice["chosen_models"]
        if choice["name"] != label and choice["refits"]
    )
    instead = f" (instead: {others})" if others else ""
    text = (
        f"Where the choice among the linear models is repeated too, {label} is chosen in "
        f"{100 * share:.0f}% of the resamples{instead}."
    )
    return f"{text} The AUROC of the procedure with its choice: {reached}." if reached else text


def stability_lines(bootstrap: Mapping[str, Any]) -> list[str]:
    """How far predictions, tuning and explanation move from resample to resample."""
    lines = []
    moved = bootstrap["instability"]
    if moved is not None:
        error = 100 * moved["mean_absolute_prediction_error"]
        text = (
            f"Stability: from one sample of this size to another a patient's probability moves by "
            f"{error:.0f} percentage points on average"
        )
        if moved["mean_width_of_range"] is not None:
            text += f" (95% range {100 * moved['mean_width_of_range']:.0f} points wide)"
        changed = ", ".join(
            f"{100 * at['mean']:.0f}% at a threshold of {100 * at['threshold']:g}%"
            for at in moved["classification"]
        )
        lines.append(f"{text}. Refits move patients across a threshold: {changed}.")
    settings = [choice for choice in bootstrap["chosen_settings"] if choice["refits"]]
    if settings:
        listed = ", ".join(f"{c['name']} in {100 * c['share']:.0f}%" for c in settings[:_FEW])
        lines.append(f"Tuning chose {listed} of the resamples.")
    rows = [row for row in bootstrap["explanation"] if row["top"] > 0]
    # With three variables each is always among the three.
    if rows and len(bootstrap["explanation"]) != 3:
        ordered = sorted(rows, key=lambda row: -row["top"])[:_FEW]
        listed = ", ".join(f"{row['variable']} in {100 * row['top']:.0f}%" for row in ordered)
        lines.append(f"Among the three most important variables: {listed} of the resamples.")
    return lines
