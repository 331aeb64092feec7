"""Section *Explanation* of a report on a model of a time."""

from __future__ import annotations

from collections.abc import Iterator

from predictor.report.contents.importance_bars import importance_bars
from predictor.report.contents.numbers_text import absent
from predictor.report.contents.source import Source
from predictor.report.document import Block, Paragraph, Section

INTRO = (
    "One sum moves the hazard of the event at every month alike. A patient's contributions to it "
    "are exact (Shapley values of a sum) and add up to the log of the hazard ratio against the "
    "average patient."
)
COMPETES = "What competes has a sum of its own, which stands with the model below."
NOTHING = "Nothing moves it: everybody is given the cumulative incidence of everybody."
TITLE = "Mean absolute contribution to the log hazard ratio of the event"
NOT_SHOWN = (
    "Dependence plots, beeswarm, expected directions and synthetic profiles are made for models of "
    "one event without a time and are not shown here so far; every predictor is a straight line in "
    "the log hazard, so the equation below is complete."
)


def time_explanation(source: Source) -> Section:
    """Which variables move the hazard.

    Parameters
    ----------
    source
        A bundle of a time, opened.
    """
    two = "penalty_competing" in source.manifest["model"].get("setting", {})
    competes = (Paragraph(COMPETES),) if two else ()
    return Section(
        "explanation",
        "Explanation",
        (Paragraph(INTRO), *competes, Paragraph(NOT_SHOWN, "quiet")),
        (Section("explanation-importance", "Importance", tuple(_importance(source))),),
    )


def _importance(source: Source) -> Iterator[Block]:
    found = source.findings.get("time_importance")
    if found is None:
        yield absent("how much each variable moves the hazard")
        return
    yield from importance_bars(source, found, TITLE, NOTHING)
