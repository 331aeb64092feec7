"""A report with every kind of block and figure, of made-up numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from predictor.report.document import (
    Cell,
    Check,
    Checklist,
    Checks,
    Column,
    Fact,
    Facts,
    Figure,
    Item,
    Listing,
    Paragraph,
    Report,
    Section,
    Table,
    Verbatim,
    Verdict,
)

LONG = "A name of a variable that somebody wrote out in full and then some more of it, " * 3
HOSTILE = (
    '<script>alert("x")</script>',
    "</text></svg><img src=x onerror=alert(1)>",
    '=HYPERLINK("https://example.org","press")',
    "abc\u202egnp.exe\u202c",
    "\u05e8\u05de\u05d9\u05e1\u05d9\u05d4 C3",
    "x" * 200,
    LONG,
    "👩🏽‍⚕️🧪 emoji",
    "a\x00b\x1bc\r\n\tend",
    "&amp; {{ 7 * 7 }} {% raw %}",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
)


def figure(
    kind: str,
    *tables: list[dict[str, Cell]],
    options: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Figure:
    """A figure of some rows, whose tables show all of their keys."""
    name = name or f"a-{kind}"
    return Figure(
        name,
        kind,
        f"The figure of kind {kind}",
        f"What is to be seen in the figure of kind {kind}.",
        tuple(
            Table(
                f"{name}-rows-{number}",
                f"Rows {number} of {kind}",
                tuple(
                    Column(key, key.replace("_", " "), _kind(rows, key))
                    for key in (rows[0] if rows else ())
                ),
                tuple(rows),
            )
            for number, rows in enumerate(tables, 1)
        ),
        options or {},
    )


def _kind(rows: list[dict[str, Cell]], key: str) -> Any:
    return "text" if any(isinstance(row.get(key), str) for row in rows) else "number"


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def flow() -> Figure:
    return figure(
        "flow",
        [
            {"step": "Rows of the file", "patients": 412, "excluded": None},
            {"step": "Left out", "patients": 24, "excluded": "No visit before the first infusion"},
            {"step": "Left out", "patients": None, "excluded": "Primary antiphospholipid syndrome"},
            {"step": "Patients with an index visit", "patients": 385, "excluded": None},
            {"step": "Left out", "patients": 11, "excluded": "Outcome not known at 6 months"},
            {"step": "Analysed", "patients": 374, "excluded": None},
        ],
        options={"masked": "fewer than 5"},
    )


def forest() -> Figure:
    return figure(
        "forest",
        [
            {"label": "Apparent", "value": 0.81, "low": 0.75, "high": 0.87, "group": "AUROC",
             "n": 374, "events": 131},
            {"label": "Cross-validated", "value": 0.74, "low": 0.66, "high": 0.81,
             "group": "AUROC", "n": 374, "events": 131},
            {"label": "Corrected for optimism, which is what to expect elsewhere at best",
             "value": 0.73, "low": 0.65, "high": 0.8, "group": "AUROC", "n": 374, "events": 131},
            {"label": "Women", "value": 0.7, "low": 0.2, "high": 0.99, "group": "Subgroups",
             "n": 301, "events": 99},
            {"label": "Men", "value": None, "low": None, "high": None, "group": "Subgroups",
             "n": "fewer than 5", "events": None},
        ],
        options={"axis": "AUROC", "reference": 0.5},
    )  # fmt: skip


def roc() -> Figure:
    rows: list[dict[str, Cell]] = []
    for series, power in (("apparent", 0.35), ("cross-validated", 0.55)):
        rows += [
            {"series": series, "false_positive_rate": x, "true_positive_rate": x**power,
             "threshold": 1 - x}
            for x in np.linspace(0, 1, 21).tolist()
        ]  # fmt: skip
    texts = {"apparent": "0.81 (0.75 to 0.87)", "cross-validated": "0.74 (0.66 to 0.81)"}
    return figure("roc", rows, options={"auroc": texts})


def calibration() -> Figure:
    curve: list[dict[str, Cell]] = [
        {"predicted": p, "observed": min(1.0, 0.08 + 0.85 * p), "low": max(0, 0.8 * p - 0.06),
         "high": min(1, 0.9 * p + 0.2)}
        for p in np.linspace(0.06, 0.92, 30).tolist()
    ]  # fmt: skip
    bars: list[dict[str, Cell]] = [
        {"low": i / 20, "high": (i + 1) / 20,
         "events": None if i in (1, 17) else round(20 * math.exp(-((i - 11) ** 2) / 18)),
         "others": None if i == 16 else round(36 * math.exp(-((i - 6) ** 2) / 14))}
        for i in range(20)
    ]  # fmt: skip
    return figure("calibration", curve, bars)


def decision() -> Figure:
    prevalence = 0.35
    rows: list[dict[str, Cell]] = []
    for t in np.linspace(0.01, 0.99, 99).tolist():
        model = prevalence * (1 - t) ** 1.3
        rows.append(
            {"threshold": t, "model": model - 0.01, "model_low": model - 0.06,
             "model_high": model + 0.04, "treat_all": prevalence - (1 - prevalence) * t / (1 - t)}
        )  # fmt: skip
    return figure("decision", rows)


def instability() -> Figure:
    return figure(
        "instability",
        [
            {"predicted": p, "low": max(0, p - 0.25 * math.sin(math.pi * p) - 0.03),
             "high": min(1, p + 0.2 * math.sin(math.pi * p) + 0.03), "patients": 15}
            for p in np.linspace(0.05, 0.95, 24).tolist()
        ],
    )  # fmt: skip


VARIABLES = (
    ("c3", "Complement C3"),
    ("dsdna", "Anti-dsDNA antibodies"),
    ("platelets", "Platelets"),
    ("dose", "Glucocorticoid dose, mg of prednisone equivalent a week"),
    ("sex", "Sex"),
)


def bars() -> Figure:
    return figure(
        "bars",
        [
            {"label": label, "value": 0.9 / (i + 1), "low": 0.7 / (i + 1), "high": 1.2 / (i + 1)}
            for i, (_, label) in enumerate(VARIABLES)
        ],
        options={"axis": "Mean absolute contribution to the log-odds"},
    )


def ranks() -> Figure:
    count = len(VARIABLES)
    rows: list[dict[str, Cell]] = []
    for i, (name, label) in enumerate(VARIABLES):
        weights = [math.exp(-((i - r) ** 2)) for r in range(count)]
        rows += [
            {"variable": name, "label": label, "rank": r + 1, "share": weights[r] / sum(weights)}
            for r in range(count)
        ]
    return figure("ranks", rows)


def missing() -> Figure:
    return figure(
        "missing",
        [
            {"label": label, "share": share, "missing": None if share is None else 374 * share,
             "patients": 374}
            for (_, label), share in zip(VARIABLES, (0.5, 0.25, 0.125, 0.0, None), strict=True)
        ],
        options={"axis": "Patients without a value"},
    )  # fmt: skip


def patterns() -> Figure:
    return figure(
        "patterns",
        [
            {"pattern": "", "patients": 280, "share": 0.75},
            {"pattern": "Complement C3, Anti-dsDNA antibodies", "patients": 80, "share": 0.21},
            {"pattern": "Platelets", "patients": None, "share": None},
        ],
    )


def beeswarm(points: int = 120) -> Figure:
    random = np.random.default_rng(7)
    rows: list[dict[str, Cell]] = []
    for i, (name, label) in enumerate(VARIABLES):
        for position in random.uniform(size=points).tolist():
            gone = random.uniform() < 0.05
            rows.append(
                {"label": label, "variable": name, "value": None if gone else 50 + 80 * position,
                 "position": None if gone else position,
                 "contribution": (position - 0.5) * (1.6 / (i + 1)) + random.normal(0, 0.03)}
            )  # fmt: skip
    return figure("beeswarm", rows)


def dependence() -> Figure:
    return figure(
        "dependence",
        [
            {"value": v, "contribution": math.sin(v / 40), "density": 1 + math.cos((v - 85) / 40)}
            for v in np.linspace(20, 190, 60).tolist()
        ],
        options={"label": "Complement C3", "unit": "mg/dL", "reference": [80, 180], "states": None},
    )  # fmt: skip


def dependence_of_states() -> Figure:
    return figure(
        "dependence",
        [{"value": 0, "contribution": -0.05}, {"value": 1, "contribution": 0.31}],
        options={"label": "Arthritis", "unit": None, "reference": None, "states": ["no", "yes"]},
        name="dependence-of-states",
    )


def waterfall() -> Figure:
    base, total = -0.6, -0.6
    rows: list[dict[str, Cell]] = []
    for (_, label), value, moved in zip(
        VARIABLES,
        ("45 mg/dL", "120 IU/mL", "210 10⁹/L", "70 mg/week", "female"),
        (-0.42, 0.31, 0.12, -0.08, 0.0),
        strict=True,
    ):
        total += moved
        rows.append({"label": label, "value": value, "contribution": moved, "cumulative": total})
    return figure(
        "waterfall",
        rows,
        options={
            "base_value": base,
            "probability": logistic(total),
            "reference_probability": logistic(base),
        },
    )


def nomogram() -> Figure:
    scales: list[dict[str, Cell]] = []
    for (name, label), most in zip(VARIABLES[:4], (100, 62, 40, 9), strict=True):
        scales += [
            {"variable": name, "label": label, "value": v, "value_label": f"{v:.0f}",
             "points": most * (1 - v / 200)}
            for v in np.linspace(0, 200, 11).tolist()
        ]  # fmt: skip
    scales += [
        {"variable": "sex", "label": "Sex", "value": 0, "value_label": "male", "points": 0.0},
        {"variable": "sex", "label": "Sex", "value": 1, "value_label": "female", "points": 6.0},
    ]
    totals: list[dict[str, Cell]] = [
        {"total_points": t, "probability": logistic((t - 120) / 30)} for t in range(0, 221, 10)
    ]
    return figure("nomogram", scales, totals, options={"points_max": 100, "rounding_error": 0.004})


def lines() -> Figure:
    return figure(
        "lines",
        [
            {"series": series, "x": x, "y": y * x, "low": y * x - 1, "high": y * x + 1}
            for series, y in (("first", 1.0), ("second", 2.0))
            for x in (0.0, 1.0, 2.0, 4.0)
        ],
        options={"x_label": "Patients, thousands", "y_label": "Width of the interval"},
    )


FIGURES = {
    made.id: made
    for made in (
        flow(), forest(), roc(), calibration(), decision(), instability(), bars(), ranks(),
        missing(), patterns(), beeswarm(), dependence(), dependence_of_states(), waterfall(),
        nomogram(), lines(),
    )
}  # fmt: skip


def table(name: str = "a-table", *, folded: bool = False) -> Table:
    """A table with every kind of column."""
    return Table(
        name,
        "Candidates",
        (
            Column("model", "Model"),
            Column("auroc", "AUROC", "interval"),
            Column("brier", "Brier score", "number", 3),
            Column("share", "Resamples that failed", "percent"),
            Column("n", "Patients", "count"),
            Column("chosen", "Chosen"),
        ),
        (
            {"model": "prevalence", "auroc": 0.5, "auroc_low": None, "auroc_high": None,
             "brier": 0.228, "share": 0.0, "n": 374, "chosen": False},
            {"model": "ridge", "auroc": 0.714, "auroc_low": 0.6, "auroc_high": 0.8,
             "brier": 0.2005, "share": 0.015, "n": 1374, "chosen": True},
            {"model": "forest", "auroc": None, "auroc_low": None, "auroc_high": None,
             "brier": None, "share": None, "n": "fewer than 5", "chosen": None},
        ),
        note="Intervals are of level 95%.",
        folded=folded,
    )  # fmt: skip


def report(**changed: Any) -> Report:
    """Every kind of block and figure."""
    headline = "This model is ready for external validation, and for nothing else."
    drawn = tuple(FIGURES.values())
    sections = (
        Section(
            "verdict",
            "Verdict",
            (
                Paragraph(headline),
                Facts(
                    (
                        Fact("AUROC", "0.73 (0.65 to 0.80)", "Corrected for optimism."),
                        Fact("Calibration slope", "0.88 (0.61 to 1.15)", "1 is perfect."),
                        Fact("Width for one patient", "0.21"),
                    )
                ),
                Listing(("374 patients, 131 with the event.", "A signal was found."), "Why"),
                Listing(("Validate it in other centres.",), "What must happen next"),
                Paragraph("No answer to whether a patient needs a treatment.", "quiet"),
            ),
        ),
        Section(
            "patients",
            "Patients",
            (),
            (
                Section("patients-flow", "Flow", drawn[:1]),
                Section("patients-missing", "Missing values", drawn[8:10]),
            ),
        ),
        Section(
            "performance",
            "Performance",
            (
                Paragraph("Some of the resamples failed.", "warning"),
                Paragraph("The probabilities are not calibrated.", "alert"),
                table(),
                table("folded-table", folded=True),
                Table("empty", "Centres", (Column("a", "A"),), (), empty="One centre only."),
            ),
            (Section("performance-figures", "Figures", drawn[1:6] + drawn[15:]),),
        ),
        Section("explanation", "Explanation", drawn[6:8] + drawn[10:14]),
        Section(
            "model",
            "The model itself",
            (
                *drawn[14:15],
                Verbatim("log-odds = -0.6\n         + 0.3 * (C3 - 90) / 20", "Equation"),
                Verbatim("name: made up\nkey: value # " + "long " * 60, "Config", folded=True),
            ),
        ),
        Section(
            "tripod",
            "TRIPOD+AI",
            (
                Checklist(
                    "tripod-items",
                    "TRIPOD+AI",
                    "Collins and others, BMJ 2024;385:e078378",
                    (
                        Item("1", "Title", "Says what it is.", "It does.", "from the study"),
                        Item("3a", "Introduction", "Why?", "", "for a person"),
                        Item("10a", "Methods", "Size?", "374.", "from the run", "patients"),
                        Item("10b", "Methods", "Images?", "None.", "not applicable", "gone"),
                    ),
                ),
            ),
        ),
        Section(
            "pitfalls",
            "Pitfalls",
            (
                Checks(
                    (
                        Check(1, "leak", "Leakage", "warning", "C3 alone: 0.99.", "Too good.",
                              "a-roc"),
                        Check(2, "epp", "Events per parameter", "note", "11.", "Few."),
                        Check(3, "drift", "Drift", "passed", "None.", "Good."),
                        Check(4, "centre", "Centres", "not assessed", "One centre.", ""),
                    )
                ),
            ),
        ),
    )  # fmt: skip
    made = Report(
        "Remission, 6 months: report of the model made-up",
        "Ridge regression, trained on 374 patients",
        Verdict(
            "ready for external validation", headline, ("A signal was found.",), ("Validate it.",)
        ),
        {"name": "made-up"},
        sections,
        ("Not in this bundle: curves of performance.",),
    )
    return dataclasses.replace(made, **changed)
