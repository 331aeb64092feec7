"""Section *Update*: what was changed in the model, by whom, and what that gained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents.source import Source, cell_size_of
from predictor.report.document import Block, Column, Listing, Paragraph, Section, Table
from predictor.report.update_text import NO_GAIN, cautions

INTRO = (
    "This model was made by updating another one ({name}, version {version}): {what}, by {n} "
    "patients. What was known of the old model's performance is not known of this one, so that the "
    "section on performance is empty until somebody validates it."
)
LOG_ODDS = "New log-odds: {intercept:.4g} + {slope:.4g} times those of the old model{more}."
MORE = ", and differences of the coefficients, pulled towards none with lambda {penalty:g}"
GAIN = "Before and after, on the patients of the update"
GAIN_NOTE = (
    "Before: the old model on patients who took no part in making it. Corrected: after updating, "
    "less the optimism of the update, from {usable} of {resamples} resamples with the whole "
    "procedure repeated."
)
TEST = "Closed test: each simpler model against a refit without a penalty"
LINEAGE = "Models that this one comes from, oldest first"
ANCESTOR = "{name}, version {version}, {digest}: {level}"
FEWER = "fewer than {size}"

FIGURES: Mapping[str, str] = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
}
SIMPLER: Mapping[str, str] = {
    "none": "As it was",
    "intercept": "New intercept",
    "logistic": "New intercept and slope",
}


def updating(source: Source) -> Section:
    """How the model came from another one.

    Parameters
    ----------
    source
        The bundle of an updated model, opened.
    """
    return Section("update", "Update", tuple(_blocks(source)))


def _blocks(source: Source) -> Iterator[Block]:
    found, lineage = source.manifest["update"], source.manifest["lineage"]
    size, old = cell_size_of(source.manifest), lineage[-1]
    count = found["n"] if found["n"] >= size else FEWER.format(size=size)
    yield Paragraph(
        INTRO.format(name=old["name"], version=old["version"], what=found["description"], n=count),
        "warning",
    )
    more = "" if found["penalty"] is None else MORE.format(penalty=found["penalty"])
    yield Paragraph(LOG_ODDS.format(intercept=found["intercept"], slope=found["slope"], more=more))
    yield Table(
        "update-gain",
        GAIN,
        (
            Column("label", "Figure"),
            Column("before", "Before", "number", digits=3),
            Column("apparent", "After, apparent", "number", digits=3),
            Column("corrected", "After, corrected", "number", digits=3),
        ),
        tuple({**row, "label": FIGURES[row["figure"]]} for row in found["figures"]),
        note=GAIN_NOTE.format(usable=found["usable"], resamples=found["resamples"]),
    )
    if found["gained"] is False:
        yield Paragraph(NO_GAIN, "warning")
    for caution in cautions(found):
        yield Paragraph(caution, "warning")
    if found["closed_test"]:
        yield Table(
            "update-test",
            TEST,
            (
                Column("label", "Simpler model"),
                Column("statistic", "Likelihood ratio", "number", digits=1),
                Column("freedom", "Degrees of freedom", "count"),
                Column("p_value", "p", "number", digits=3),
                Column("said", "Contradicted"),
            ),
            tuple(
                {
                    **row,
                    "label": SIMPLER[row["simpler"]],
                    "said": "yes" if row["rejected"] else "no",
                }
                for row in found["closed_test"]
            ),
        )
    yield Listing(tuple(_ancestor(one) for one in lineage), LINEAGE)


def _ancestor(one: Mapping[str, Any]) -> str:
    return ANCESTOR.format(
        name=one["name"],
        version=one["version"],
        digest=str(one["digest"])[:19],
        level=one["evidence"]["level"],
    )
