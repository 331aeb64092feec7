"""Figures of centres that share no rows: a forest plot, and a table of what they have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents.numbers_text import two
from predictor.report.document import Block, Column, Figure, Table

_Row = Mapping[str, Any]

FIGURES: Mapping[str, str] = {
    "auroc": "AUROC",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "observed_expected": "Observed over expected",
    "brier": "Brier score",
}
ALL = "All centres (mean)"
NEXT = "A further centre (prediction interval)"
CENTRES = "Centres"
CENTRES_SEEN = "AUROC of {count} centres, and of all by random effects: {mean}."
NO_MEAN = "no mean is defined"
SUMMARIES = "All centres, by random effects"
SUMMARIES_NOTE = (
    "Restricted maximum likelihood, intervals of Hartung and Knapp. Prediction interval: where the "
    "value of a further centre would lie; it needs three centres. I-squared: share of the "
    "differences between centres that is not chance."
)


def pooled_blocks(found: _Row, name: str) -> Iterator[Block]:
    """Forest plot and tables.

    Parameters
    ----------
    found
        What :func:`predictor.validation.pooled.pooled` gives.
    name
        What the identifiers begin with.
    """
    by_name = {row["figure"]: row for row in found["summaries"]}
    rows = [_centre(row) for row in found["centres"]]
    mean = by_name["auroc"]
    if mean["mean"] is not None:
        shown = {key: by_name[key] for key in _SHOWN if by_name[key]["mean"] is not None}
        rows.append(_over_all(ALL, shown, "low", "high"))
        if mean["prediction_low"] is not None:
            rows.append(_over_all(NEXT, shown, "prediction_low", "prediction_high"))
    table = Table(
        f"{name}-centres-table",
        CENTRES,
        (
            Column("label", "Centre"),
            Column("n", "Patients", "count"),
            Column("events", "Events", "count"),
            *(Column(key, f"{FIGURES[key]} (95% interval)", "interval") for key in _SHOWN),
        ),
        tuple(rows),
    )
    told = NO_MEAN if mean["mean"] is None else two(mean["mean"])
    yield Figure(
        f"{name}-centres",
        "forest",
        CENTRES,
        CENTRES_SEEN.format(count=len(found["centres"]), mean=told),
        (table,),
        {"axis": "AUROC", "reference": 0.5, "percent": False},
    )
    yield Table(
        f"{name}-summaries",
        SUMMARIES,
        (
            Column("label", "Figure"),
            Column("centres", "Centres", "count"),
            Column("value", "Mean (95% interval)", "interval"),
            Column("prediction_low", "Prediction interval from", "number"),
            Column("prediction_high", "to", "number"),
            Column("i2", "I-squared", "percent"),
            Column("note", "Note"),
        ),
        tuple(_summary(row) for row in found["summaries"]),
        note=SUMMARIES_NOTE,
    )


_SHOWN = ("auroc", "observed_expected", "calibration_slope")


def _centre(row: _Row) -> dict[str, Any]:
    kept = {f"{key}{end}": row[f"{key}{end}"] for key in _SHOWN for end in ("", "_low", "_high")}
    ends = {"value": kept["auroc"], "low": kept["auroc_low"], "high": kept["auroc_high"]}
    return {"label": row["centre"], "n": row["n"], "events": row["events"], **ends, **kept}


def _over_all(label: str, shown: Mapping[str, _Row], low: str, high: str) -> dict[str, Any]:
    kept: dict[str, Any] = {f"{key}{end}": None for key in _SHOWN for end in ("", "_low", "_high")}
    for key, row in shown.items():
        if row[low] is not None:
            kept |= {key: row["mean"], f"{key}_low": row[low], f"{key}_high": row[high]}
    ends = {"value": kept["auroc"], "low": kept["auroc_low"], "high": kept["auroc_high"]}
    return {"label": label, "n": None, "events": None, **ends, **kept}


def _summary(row: _Row) -> dict[str, Any]:
    return {
        "label": FIGURES[row["figure"]],
        "centres": row["centres"],
        "value": row["mean"],
        "value_low": row["low"],
        "value_high": row["high"],
        **{key: row[key] for key in ("prediction_low", "prediction_high", "i2", "note")},
    }
