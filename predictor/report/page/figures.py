"""A figure of a report as SVG: which kind is drawn by what, for a wide and for a narrow page."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from predictor.report.document import Figure
from predictor.report.page.draw_curves import (
    draw_calibration,
    draw_decision,
    draw_instability,
    draw_lines,
    draw_roc,
)
from predictor.report.page.draw_explained import draw_beeswarm, draw_dependence, draw_waterfall
from predictor.report.page.draw_flow import draw_flow
from predictor.report.page.draw_nomogram import draw_nomogram
from predictor.report.page.draw_rows import (
    draw_bars,
    draw_forest,
    draw_missing,
    draw_patterns,
    draw_ranks,
)
from predictor.report.page.sheet import Sheet

WIDE, NARROW = 720.0, 320.0
"""Widths that a figure is drawn for, in pixels: paper and screens, and telephones."""

DRAWN_BY: dict[str, Callable[[Sheet, Figure], None]] = {
    "bars": draw_bars,
    "beeswarm": draw_beeswarm,
    "calibration": draw_calibration,
    "decision": draw_decision,
    "dependence": draw_dependence,
    "flow": draw_flow,
    "forest": draw_forest,
    "instability": draw_instability,
    "lines": draw_lines,
    "missing": draw_missing,
    "nomogram": draw_nomogram,
    "patterns": draw_patterns,
    "ranks": draw_ranks,
    "roc": draw_roc,
    "waterfall": draw_waterfall,
}
"""Kind of a figure -> what draws it."""


def picture(figure: Figure, name: str, width: float) -> Markup:
    """One figure at one width.

    Parameters
    ----------
    figure
        Its kind is one of ``DRAWN_BY``.
    name
        Unique in the page; letters, digits, ``-`` and ``_``.
    width
        In pixels.

    Returns
    -------
    Markup
        An ``svg`` element with title and description; colours come from the style sheet.
    """
    sheet = Sheet(width)
    DRAWN_BY[figure.kind](sheet, figure)
    css = "narrow" if sheet.narrow else "wide"
    return sheet.svg(name, figure.title, figure.alternative, f"figure {css}")


def pictures(figure: Figure, name: str) -> Markup:
    """One figure for wide and for narrow pages; the style sheet shows the one that fits."""
    return Markup("\n").join(
        picture(figure, f"{name}-{ending}", width) for ending, width in (("w", WIDE), ("n", NARROW))
    )
