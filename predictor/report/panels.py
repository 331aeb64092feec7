"""Plot areas that stand beside and below each other on one sheet, placed in inches."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from predictor.report.canvas import BODY, FAINT, GREY, QUIET, SMALL, put, text_height, text_width


@dataclass(frozen=True, slots=True)
class Box:
    """A plot area in inches from the lower left corner of the sheet."""

    left: float
    bottom: float
    width: float
    height: float


def panel_head(figure: Figure, x: float, y: float, name: str, question: str) -> None:
    """Name of a panel and, in smaller letters below it, the question that it answers."""
    put(figure, x, y, name, bold=True, vertical="top")
    put(figure, x, y - text_height("x", BODY), question, size=SMALL, colour=QUIET, vertical="top")


def panel_axes(figure: Figure, box: Box, *, x: str = "") -> Axes:
    """Axes of a plot area, with the name of the horizontal one below it."""
    width, height = (float(side) for side in figure.get_size_inches())
    axes = figure.add_axes(
        (box.left / width, box.bottom / height, box.width / width, box.height / height)
    )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(color=GREY, length=3)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    middle = box.left + box.width / 2
    put(figure, middle, box.bottom - 0.25, x, size=SMALL, align="center", vertical="top")
    return axes


def name_upright(figure: Figure, axes: Axes, box: Box, text: str) -> None:
    """Name of a vertical axis, as far from it as its labels are wide."""
    widest = max(text_width(label.get_text(), SMALL) for label in axes.get_yticklabels())
    middle = box.bottom + box.height / 2
    name = put(figure, box.left - widest - 0.14, middle, text, size=SMALL, align="right")
    name.set_rotation(90)
