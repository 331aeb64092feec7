"""Section *Explanation* of a report on several states."""

from __future__ import annotations

from collections.abc import Iterator

from predictor.report.contents.importance_bars import importance_bars
from predictor.report.contents.numbers_text import absent
from predictor.report.contents.source import Source
from predictor.report.document import Block, Paragraph, Section

ONE_SUM = (
    "One sum moves all states: what raises it makes better states more likely and worse ones less. "
    "A patient's contributions to it are exact (Shapley values of a sum) and add up to the "
    "log-odds of {best}."
)
SEVERAL_SUMS = (
    "Each state but {worst} has a sum of its own, the log-odds of this state against {worst}. A "
    "patient's contributions to each are exact (Shapley values of a sum) and add up to it; the "
    "figure shows their mean over the sums."
)
NOTHING = "Nothing moves it: everybody is given the shares of the states."
TITLE = "Mean absolute contribution to the log-odds"
NOT_SHOWN = (
    "Dependence plots, beeswarm, expected directions and synthetic profiles are made for models of "
    "one event and are not shown for several states so far; the equation below is complete."
)


def state_explanation(source: Source) -> Section:
    """Which variables move the states.

    Parameters
    ----------
    source
        A bundle of several states, opened.
    """
    states = source.manifest["outcome"]["states"]
    part = source.bundle.states
    one = part is None or part.model.kind == "proportional_odds"
    template = ONE_SUM if one else SEVERAL_SUMS
    intro = template.format(best=states[-1]["label"], worst=states[0]["label"])
    return Section(
        "explanation",
        "Explanation",
        (Paragraph(intro), Paragraph(NOT_SHOWN, "quiet")),
        (Section("explanation-importance", "Importance", tuple(_importance(source))),),
    )


def _importance(source: Source) -> Iterator[Block]:
    found = source.findings.get("state_importance")
    if found is None:
        yield absent("how much each variable moves the states")
        return
    yield from importance_bars(source, found, TITLE, NOTHING)
