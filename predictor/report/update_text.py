"""An update as a reader sees it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.cohort.summaries import p_text
from predictor.report.text_table import text_table

NAMES: Mapping[str, str] = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
}
CHANGED: Mapping[str, str] = {
    "none": "the model as it is",
    "intercept": "a new intercept",
    "logistic": "a new intercept and slope",
    "refit": "all coefficients, shrunken towards the old ones",
}
HEAD = "{n:,} patients, {events:,} with the event."
STEP = "{simpler}: likelihood ratio {statistic:.1f} on {freedom} df, p {p}: {said}."
SURE = 0.01
"""Below this p-value, that of the model as it was, chance is hardly the reason."""
REJECTED, KEPT = "contradicted", "not contradicted"
UNCHANGED = (
    "The patients do not contradict the model, so nothing was changed and nothing written. It "
    "stays at version {version}."
)
WHAT = (
    "Changed: {what}. Log-odds now: {intercept:+.3f} {slope:+.3f} times those of the old "
    "model{more}."
)
MORE = ", and the differences of the coefficients (lambda {penalty:g})"
CORRECTED = (
    "Before: the old model on these patients, who took no part in making it. After: what the "
    "update would give on further ones, its optimism taken off in {usable} of {resamples} "
    "resamples, each with the whole procedure repeated."
)
NO_GAIN = (
    "The update is not expected to gain anything: corrected, its log loss is no lower than that of "
    "the old model. Keep the old one, or wait for more patients."
)
ON_AVERAGE = (
    "The correction is that of the whole procedure, on average over cohorts like this one. Where "
    "the closed test contradicts a model by chance alone, the corrected figures are still too "
    "good: whether there is a gain, only further patients can show."
)
BY_CHANCE = (
    "A model that is right is changed in one of 20 such cohorts, and p {p} does not rule out that "
    "this is one of them."
)
WRITTEN = "Version {version} of {name}: {bundle}"
NEXT = (
    "Next: try it on patients who took no part in this either: predictor validate {bundle} COHORT"
)


def update_text(found: Mapping[str, Any]) -> Iterator[str]:
    """Parts of the text, from the top.

    Parameters
    ----------
    found
        What :meth:`predictor.workflow.update.Updated.to_dict` gives.

    Yields
    ------
    A sentence, a table of several lines, or nothing for an empty line.
    """
    yield HEAD.format(n=found["n"], events=found["events"])
    for row in found["excluded"]:
        yield f"Left out: {row['patients']:,}, {row['reason']}."
    if found["closed_test"]:
        yield ""
    for step in found["closed_test"]:
        said = REJECTED if step["rejected"] else KEPT
        named = CHANGED[step["simpler"]]
        yield STEP.format(
            simpler=f"{named[:1].upper()}{named[1:]}",
            statistic=step["statistic"],
            freedom=step["freedom"],
            p=p_text(step["p_value"]),
            said=said,
        )
    yield ""
    if found["method"] == "none":
        yield UNCHANGED.format(version=found["model"]["version"])
        return
    more = MORE.format(penalty=found["penalty"]) if found["penalty"] is not None else ""
    yield WHAT.format(
        what=CHANGED[found["method"]],
        intercept=found["intercept"],
        slope=found["slope"],
        more=more,
    )
    yield ""
    rows = [
        (NAMES[row["figure"]], *(_number(row[key]) for key in ("before", "apparent", "corrected")))
        for row in found["figures"]
    ]
    yield text_table(("Figure", "Before", "After, apparent", "After, corrected"), rows)
    yield CORRECTED.format(usable=found["usable"], resamples=found["resamples"])
    if found["gained"] is False:
        yield NO_GAIN
    yield from cautions(found)
    yield ""
    yield WRITTEN.format(
        version=found["model"]["version"], name=found["model"]["name"], bundle=found["bundle"]
    )
    yield NEXT.format(bundle=found["bundle"])


def cautions(found: Mapping[str, Any]) -> Iterator[str]:
    """What the corrected figures cannot say after ``auto`` has changed the model.

    Parameters
    ----------
    found
        As for :func:`update_text`, or the entry ``update`` of a manifest.
    """
    if found["asked"] != "auto" or not found["closed_test"] or found["method"] == "none":
        return
    yield ON_AVERAGE
    p = found["closed_test"][0]["p_value"]
    if p >= SURE:
        yield BY_CHANCE.format(p=p_text(p))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
