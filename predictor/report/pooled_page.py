"""The page and the text of a validation in several centres that share no rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents.centre_forests import FIGURES
from predictor.report.contents.numbers_text import two
from predictor.report.contents.pooled_centres import pooled_blocks
from predictor.report.document import Column, Paragraph, Report, Section, Table, Verdict
from predictor.report.text_table import text_table

_Row = Mapping[str, Any]

TITLE = "{name}: how the model does in {count} centres"
SUBTITLE = "Version {version}; {n:,} patients, {events:,} of them with the event ({outcome})"
HEADLINE = "AUROC {mean} ({low} to {high}) over {count} centres."
FURTHER = "A further centre: {low} to {high}."
UNKNOWN = "No centre has an AUROC with an interval."
INTRO = (
    "Each centre tried the model on its own patients and told counts and figures alone. No row has "
    "left a centre, nothing was refitted, and the evidence of the bundle stays as it was."
)
MADE = "Model {name}, version {version}, {digest}; put together {made}."
PATIENTS = "Who the patients of each centre are"
PATIENTS_NOTE = (
    "Membership C: how well a model of the predictors tells the centre's patients from those that "
    "the model was made from; 0.5 where they are alike. AUROC by the model's own probabilities: "
    "what these patients would give if every probability were right; an AUROC far below it tells "
    "of the model and not of the patients."
)
SIMULATED = "Simulated patients are among them, and these validate nothing."


def headline(found: _Row) -> str:
    """The AUROC over all centres in a sentence."""
    row = next(one for one in found["summaries"] if one["figure"] == "auroc")
    if row["mean"] is None:
        return UNKNOWN
    ends = {key: two(row[key]) for key in ("mean", "low", "high")}
    told = [HEADLINE.format(count=row["centres"], **ends)]
    if row["prediction_low"] is not None:
        low, high = two(row["prediction_low"]), two(row["prediction_high"])
        told.append(FURTHER.format(low=low, high=high))
    return " ".join(told)


def pooled_report(found: _Row, made: str) -> Report:
    """The contents of the page.

    Parameters
    ----------
    found
        What :func:`predictor.workflow.summarise.combine_summaries` gives.
    made
        When.
    """
    model = found["model"]
    intro = [Paragraph(headline(found)), Paragraph(INTRO)]
    if found["simulated"]:
        intro.append(Paragraph(SIMULATED, "warning"))
    return Report(
        TITLE.format(name=model["name"], count=len(found["centres"])),
        SUBTITLE.format(
            version=model["version"],
            n=found["n"],
            events=found["events"],
            outcome=model["outcome"],
        ),
        Verdict("pooled", headline(found), (), ()),
        {"model": dict(model), "n": found["n"], "events": found["events"], "made": made},
        (
            Section(
                "centres",
                "Centres",
                (*intro, *pooled_blocks(found, "pooled"), _patients(found), _made(model, made)),
            ),
        ),
    )


def _patients(found: _Row) -> Table:
    rows = tuple(
        {
            "label": row["centre"],
            "differs_by": ", ".join(row["differs_by"]) or None,
            **{key: row[key] for key in ("membership_c", "model_based_c", "auroc", "log_loss")},
        }
        for row in found["centres"]
    )
    columns = (
        Column("label", "Centre"),
        Column("differs_by", "Differs by"),
        Column("membership_c", "Membership C", "number"),
        Column("auroc", "AUROC", "number"),
        Column("model_based_c", "AUROC by the model's own probabilities", "number"),
        Column("log_loss", "Log loss", "number", digits=3),
    )
    return Table("pooled-patients", PATIENTS, columns, rows, note=PATIENTS_NOTE)


def _made(model: _Row, made: str) -> Paragraph:
    told = {key: model[key] for key in ("name", "version", "digest")}
    return Paragraph(MADE.format(made=made, **told), "quiet")


def pooled_text(found: _Row) -> Iterator[str]:
    """Parts of the text, from the top: sentences, tables of several lines, empty lines."""
    model = found["model"]
    yield TITLE.format(name=model["name"], count=len(found["centres"]))
    if found["simulated"]:
        yield SIMULATED
    yield ""
    yield centres_table(found)
    yield ""
    yield summaries_table(found)
    yield ""
    yield headline(found)


def centres_table(found: _Row) -> str:
    """Every centre in a row."""
    keys = ("auroc", "observed_expected", "calibration_slope")
    rows = [
        (
            row["centre"],
            f"{row['n']:,}",
            f"{row['events']:,}",
            *(_interval(row[key], row[f"{key}_low"], row[f"{key}_high"]) for key in keys),
        )
        for row in found["centres"]
    ]
    return text_table(("Centre", "Patients", "Events", *(FIGURES[key] for key in keys)), rows)


def summaries_table(found: _Row) -> str:
    """Every figure over all centres in a row."""
    rows = [
        (
            FIGURES[row["figure"]],
            f"{row['centres']}",
            _interval(row["mean"], row["low"], row["high"]),
            _range(row["prediction_low"], row["prediction_high"]),
            "-" if row["tau2"] is None else f"{row['tau2']:.3f}",
            "-" if row["i2"] is None else f"{row['i2']:.0%}",
        )
        for row in found["summaries"]
    ]
    head = ("All centres", "Centres", "Mean (95% interval)", "Prediction interval")
    return text_table((*head, "Tau-squared", "I-squared"), rows)


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:.2f}"
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _range(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.2f} to {high:.2f}"
