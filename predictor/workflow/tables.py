"""Tables of a run as CSV files."""

from __future__ import annotations

from predictor.explanation.importance import Importance
from predictor.report.spreadsheet import csv_bytes
from predictor.validation.comparison import Comparison
from predictor.workflow.internal import InternalResults

_COMPARISON = (
    "name",
    "label",
    "chosen",
    "auroc",
    "auroc_low",
    "auroc_high",
    "log_loss",
    "log_loss_difference",
    "log_loss_difference_se",
    "brier",
    "scaled_brier",
    "calibration_intercept",
    "calibration_intercept_low",
    "calibration_intercept_high",
    "calibration_slope",
    "calibration_slope_low",
    "calibration_slope_high",
)


def comparison_csv(comparison: Comparison) -> bytes:
    """All candidates, one row each; an empty cell is a figure that is not defined."""
    return csv_bytes(_COMPARISON, (model.to_dict() for model in comparison.models))


_FIGURES = (
    "procedure",
    "name",
    "threshold",
    "apparent",
    "cross_validated",
    "cross_validated_low",
    "cross_validated_high",
    "optimism",
    "harrell",
    "oob",
    "b632",
    "b632plus",
    "corrected",
    "corrected_by",
    "corrected_low",
    "corrected_high",
    "interval",
    "resamples",
    "oob_resamples",
)


def validation_csv(internal: InternalResults) -> dict[str, bytes]:
    """Apparent, cross-validated and corrected figures, by file name; none where none were made."""
    rows = [
        {"procedure": name, **row}
        for name, made in (("chosen", internal.bootstrap), ("with choice", internal.with_choice))
        if made is not None
        for row in made.validation.to_dict()["figures"]
    ]
    return {"validation.csv": csv_bytes(_FIGURES, rows)} if rows else {}


def importance_csv(ranked: Importance) -> bytes:
    """Global importance, one row per variable."""
    columns = ("rank", "variable", "label", "unit", "mean_absolute_shap", "scale", "patients")
    rows = (
        {
            "rank": row.rank,
            "variable": row.variable,
            "label": row.label,
            "unit": row.unit,
            "mean_absolute_shap": row.mean_absolute_shap,
            "scale": ranked.scale,
            "patients": ranked.patients,
        }
        for row in ranked.rows
    )
    return csv_bytes(columns, rows)
