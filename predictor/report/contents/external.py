"""Section *External validation*: how the model did on patients who took no part in making it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.clinical.units import readable_unit
from predictor.report.contents.numbers_text import percent, two
from predictor.report.contents.performance_curves import calibration_tables
from predictor.report.contents.performance_tables import label_of
from predictor.report.contents.source import Source, cell_size_of
from predictor.report.document import Block, Column, Figure, Paragraph, Section, Table

_Row = Mapping[str, Any]

INTRO = (
    "The model as it is, nothing refitted, on patients who took no part in making it. What is said "
    "above is about the patients it was made from."
)
PART = "{name}: {n:,} patients, made {day}"
NAMES = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "observed_expected": "Observed over expected",
}
FIGURES = "Figures with 95% intervals"
MIX = "Predictors of both cohorts: mean and standard deviation, or share of a state"
MIX_NOTE = (
    "Difference: new less old mean in standard deviations. Shares that stand for fewer than {size} "
    "patients are not shown."
)
MEMBERSHIP = (
    "Membership C statistic {value}: how well the predictors tell these patients from those the "
    "model was made from (0.5 not at all, 1 wholly)."
)
MODEL_BASED = (
    "In patients such as these the model would have an AUROC of {value} if it were right; it has "
    "{observed}. What lies between the two is not case mix."
)
REACHED = "Precision reached, and patients an external validation needs"
CALIBRATION = "{label}: predicted and observed in {name}"
SEEN = "Smooth calibration curve; at {at} predicted, {observed} are observed."
NOTE = "Band: pointwise interval over {draws} bootstrap draws of patients; predictions are fixed."
FOREST = "Centres of {name}"
FOREST_SEEN = "AUROC of {count} centres, {shown} of them shown."
FLOW = "Flow"
HIDDEN = "fewer than {size}"


def external(source: Source) -> Section:
    """Every external validation that the bundle holds, newest first.

    Parameters
    ----------
    source
        The bundle, opened; it holds one at least.
    """
    parts = [
        Section(
            f"external-{i}",
            PART.format(name=entry["name"], n=entry["n"], day=str(entry["made"])[:10]),
            tuple(_validation(source, entry, f"external-{i}")),
        )
        for i, entry in enumerate(reversed(source.external), 1)
    ]
    return Section("external", "External validation", (Paragraph(INTRO),), tuple(parts))


def _validation(source: Source, entry: _Row, name: str) -> Iterator[Block]:
    yield Paragraph(str(entry["statement"]))
    yield Table(
        f"{name}-figures",
        FIGURES,
        (Column("figure", "Figure"), Column("value", "Value (95% interval)", "interval")),
        tuple(
            {
                "figure": label,
                "value": entry[key],
                "value_low": entry[f"{key}_low"],
                "value_high": entry[f"{key}_high"],
            }
            for key, label in NAMES.items()
        ),
    )
    yield from _calibration(source, entry, name)
    yield from _mix(entry, name, cell_size_of(source.manifest))
    yield _reached(entry, name)
    yield from _centres(entry, name)
    yield _flow(source, entry, name)


def _calibration(source: Source, entry: _Row, name: str) -> Iterator[Block]:
    found = entry["curves"]
    curve = found["calibration"]["curve"]
    if not curve:
        return
    title = CALIBRATION.format(label=label_of(source), name=entry["name"])
    middle = curve[len(curve) // 2]
    yield Figure(
        f"{name}-calibration",
        "calibration",
        title,
        SEEN.format(at=percent(middle["predicted"]), observed=percent(middle["observed"])),
        calibration_tables(name, title, curve, found["calibration"]["histogram"]),
        {"band": f"{100 * found['level']:g}% interval"},
        note=NOTE.format(draws=found["draws"]),
    )


def _mix(entry: _Row, name: str, size: int) -> Iterator[Block]:
    mix = entry["case_mix"]
    if mix["variables"]:
        yield Table(
            f"{name}-mix",
            MIX,
            (
                Column("variable_text", "Predictor"),
                Column("development", "Made from"),
                Column("here", "Here"),
                Column("difference", "Difference, SD", "number"),
                Column("missing", "Missing here", "percent"),
            ),
            tuple(_variable(row) for row in mix["variables"]),
            note=MIX_NOTE.format(size=size),
        )
    if mix["membership_c"] is not None:
        yield Paragraph(MEMBERSHIP.format(value=two(mix["membership_c"])))
    if mix["model_based_c"] is not None and entry["auroc"] is not None:
        told = {"value": two(mix["model_based_c"]), "observed": two(entry["auroc"])}
        yield Paragraph(MODEL_BASED.format(**told))


def _variable(row: _Row) -> dict[str, Any]:
    unit = readable_unit(row["unit"])
    named = f"{row['label']}, {row['state'] or unit}" if row["state"] or unit else row["label"]
    return {
        **row,
        "variable_text": named,
        "development": _mean(row, "development_"),
        "here": _mean(row, ""),
    }


def _mean(row: _Row, cohort: str) -> str | None:
    mean, sd = row[f"{cohort}mean"], row[f"{cohort}sd"]
    if mean is None or sd is None:
        return None
    return percent(mean) if row["state"] else f"{mean:.3g} ({sd:.3g})"


def _reached(entry: _Row, name: str) -> Table:
    return Table(
        f"{name}-precision",
        REACHED,
        (
            Column("label", "Asked for"),
            Column("width", "Came out", "number"),
            Column("met_text", "Met"),
            Column("needed", "Patients needed", "count"),
        ),
        tuple({**row, "met_text": "yes" if row["met"] else "no"} for row in entry["precision"]),
    )


def _centres(entry: _Row, name: str) -> Iterator[Block]:
    found = entry["centres"]
    if found is None:
        return
    rows = []
    for number, row in enumerate(found["centres"], 1):
        kept = {
            f"{figure}{end}": row[f"{figure}{end}"]
            for figure in ("auroc", "observed_expected", "calibration_slope")
            for end in ("", "_low", "_high")
        }
        ends = {"value": kept["auroc"], "low": kept["auroc_low"], "high": kept["auroc_high"]}
        rows.append({"label": f"Centre {number}", "n": row["n"], **ends, **kept})
    table = Table(
        f"{name}-centres-table",
        FOREST.format(name=entry["name"]),
        (
            Column("label", "Centre"),
            Column("n", "Patients", "count"),
            Column("auroc", "AUROC (95% interval)", "interval"),
            Column("observed_expected", "Observed over expected (95% interval)", "interval"),
            Column("calibration_slope", "Calibration slope (95% interval)", "interval"),
        ),
        tuple(rows),
    )
    shown = sum(row["n"] is not None for row in rows)
    yield Figure(
        f"{name}-centres",
        "forest",
        FOREST.format(name=entry["name"]),
        FOREST_SEEN.format(count=len(rows), shown=shown),
        (table,),
        {"axis": "AUROC", "reference": 0.5, "percent": False},
    )


def _flow(source: Source, entry: _Row, name: str) -> Table:
    size = cell_size_of(source.manifest)
    rows = tuple(
        {
            "step": step["step"],
            "patients": HIDDEN.format(size=size) if step["patients"] is None else step["patients"],
        }
        for step in entry["flow"]
    )
    columns = (Column("step", "Step"), Column("patients", "Patients", "count"))
    return Table(f"{name}-flow", FLOW, columns, rows, folded=True)
