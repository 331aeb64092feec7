"""Section *Performance* of a report on a model of a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents.figures_table import (
    calibration_columns,
    figures_table,
    signal_lines,
    validation_notes,
    with_choice_marked,
)
from predictor.report.contents.numbers_text import percent
from predictor.report.contents.source import Source, cell_size_of
from predictor.report.contents.time_verdict import marks
from predictor.report.document import (
    Block,
    Column,
    Figure,
    Listing,
    Paragraph,
    Section,
    Table,
)

LABELS = {
    "c_index": "C index (Wolbers)",
    "c_harrell": "C index (Harrell)",
    "brier": "Brier score, {month} months",
    "scaled_brier": "Brier score explained, {month} months",
    "intercept": "Calibration intercept, {month} months",
    "slope": "Calibration slope, {month} months",
}
FIGURES_NOTE = (
    "C index of Wolbers and colleagues (Biostatistics 2014;15:526): pairs weighted by the "
    "probability of being censored, who had a competing event first counts as never having the "
    "event; that of Harrell is cause-specific and unweighted. Both end with the last horizon; 0.5 "
    "is chance. Brier score: weighted by the probability of being censored (Graf and colleagues, "
    "Stat Med 1999;18:2529); explained: 1 less the score over that of the cumulative incidence of "
    "everybody. Calibration: logistic, with the same weights; 0 and 1 are right. Cross-validated: "
    "C within a test fold, all others of predictions averaged over the repeats; intervals by "
    "drawing patients anew. Corrected by Harrell's optimism; intervals by Noma and colleagues "
    "(Stat Med 2021;40:5691)."
    " Where a corrected slope and the cross-validated one are more than 0.25 apart, the "
    "cross-validated one stands in both columns."
)
CANDIDATES = "All candidates by the same folds"
CANDIDATES_NOTE = (
    "Brier score and slope at the last horizon. Difference: of the Brier score to the best, with "
    "its standard error over patients. The simplest candidate within one standard error is taken "
    "unless one was named."
)
CALIBRATION = "Calibration at {month} months, out of fold"
CALIBRATION_SEEN = (
    "In {groups} groups of patients, predictions run from {low} to {high}; the share with the "
    "event runs from {first} to {last} along them."
)
CALIBRATION_ONE = (
    "One group of patients: predicted {low} on average, observed {first}; more groups would tell "
    "of few events."
)
CALIBRATION_EVERYBODY = (
    "Everybody is given the same: {low} on average over the folds, observed {first}."
)
CALIBRATION_NOTE = (
    "Observed: cumulative incidence (Aalen-Johansen) in groups of like predicted risk; band: 95%, "
    "without refitting. Groups are joined until each has at least {size} patients with the event "
    "by then and {size} without, so that no small number of events can be told from a share."
)
TOO_FEW = (
    "At {month} months there is no group with at least {size} patients with the event and {size} "
    "without, so none is shown."
)
NO_SIGNAL = "There was no test for signal."
NO_DECISION = (
    "Net benefit, ROC curves and a smooth curve of calibration are made for events that are known "
    "of every patient and are not shown; with censoring they need weights of their own, which are "
    "not there so far. Subgroups, centres and instability are not compared for a time so far."
)

_Row = Mapping[str, Any]


def time_performance(source: Source) -> Section:
    """How well the probabilities fit what happened by each horizon.

    Parameters
    ----------
    source
        A bundle of a time, opened.
    """
    return Section(
        "performance",
        "Performance",
        (Paragraph(NO_DECISION, "quiet"),),
        (
            Section("performance-figures", "Figures", tuple(_figures(source))),
            Section("performance-candidates", "Candidates", (_candidates(source),)),
            Section("performance-calibration", "Calibration by horizon", tuple(_groups(source))),
            Section("performance-signal", "Signal", (_signal(source),)),
        ),
    )


def _figures(source: Source) -> Iterator[Block]:
    manifest = source.manifest
    rows = manifest["validation"]["figures"]
    yield figures_table(
        manifest,
        [{**row, "label": LABELS[row["name"]].format(month=row["month"])} for row in rows],
        FIGURES_NOTE,
    )
    yield from validation_notes(manifest)


def _candidates(source: Source) -> Table:
    return Table(
        "performance-candidates-table",
        CANDIDATES,
        (
            Column("label", "Model"),
            Column("c_index", "C index (95% CI)", "interval"),
            Column("brier", "Brier score", "number", 3),
            Column("brier_difference", "Difference", "number", 3),
            Column("brier_difference_se", "Standard error", "number", 3),
            Column("scaled_brier", "Explained", "number"),
            Column("slope", "Calibration slope (95% CI)", "interval"),
        ),
        with_choice_marked(source.manifest["validation"]["models"]),
        CANDIDATES_NOTE,
    )


def _groups(source: Source) -> Iterator[Block]:
    manifest = source.manifest
    size = max(cell_size_of(manifest), 2)
    everybody = manifest["model"]["candidate"] == "prevalence"
    alone = CALIBRATION_EVERYBODY if everybody else CALIBRATION_ONE
    for month in marks(manifest):
        rows = [row for row in manifest["validation"]["calibration"] if row["month"] == month]
        if not rows:
            yield Paragraph(TOO_FEW.format(month=month, size=size), "quiet")
            continue
        seen = CALIBRATION_SEEN if len(rows) > 1 else alone
        title = CALIBRATION.format(month=month)
        yield Figure(
            f"performance-calibration-{month}",
            "calibration",
            title,
            seen.format(
                groups=len(rows),
                low=percent(rows[0]["predicted"]),
                high=percent(rows[-1]["predicted"]),
                first=percent(rows[0]["observed"]),
                last=percent(rows[-1]["observed"]),
            ),
            (
                Table(
                    f"performance-calibration-{month}-groups",
                    title,
                    (Column("patients", "Patients", "count"), *calibration_columns()),
                    tuple(
                        {
                            "patients": row["patients"],
                            "predicted": row["predicted"],
                            "observed": row["observed"],
                            "low": row["observed_low"],
                            "high": row["observed_high"],
                        }
                        for row in rows
                    ),
                ),
            ),
            {"band": "95% band"},
            CALIBRATION_NOTE.format(size=size),
        )


def _signal(source: Source) -> Block:
    signal = source.manifest["validation"]["signal"]
    if signal is None:
        return Listing((NO_SIGNAL,))
    return Listing(signal_lines(signal))
