"""The frame that all row charts share: words above, labelled rows beside one plot area, an axis.

Everything is laid out in inches from measured text, so that no label meets another however many
rows there are and however long their names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from predictor.report.canvas import (
    BODY,
    DPI,
    FAINT,
    GREY,
    INK,
    QUIET,
    SMALL,
    TITLE,
    clean,
    fit,
    font,
    put,
    text_height,
    text_width,
)

WIDTH = 8.0
"""Width of every figure in inches."""

_MARGIN = 0.2
_GAP = 0.12  # between a label and the plot area
_UNNAMED = "(no label)"
_TICKS = 0.27  # a row of tick labels with its gap


@dataclass(frozen=True, slots=True)
class Label:
    """Name of a row.

    Parameters
    ----------
    text
        Shortened where it is too long.
    tail
        Stands after it and is kept: a unit or a value.
    right
        Short text on the other side of the plot area.
    bold
        Whether the row is the one that matters.
    """

    text: str
    tail: str = ""
    right: str = ""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class RowChart:
    """A figure with its plot area, whose vertical axis runs downwards in inches.

    Parameters
    ----------
    figure, axes
        What is drawn on.
    centres, half
        Middle of each row, and half the height that marks of a row may take.
    left, width, bottom
        Place of the plot area in inches from the lower left corner of the figure.
    """

    figure: Figure
    axes: Axes
    centres: tuple[float, ...]
    half: float
    left: float
    width: float
    bottom: float


def row_chart(
    title: str,
    subtitle: str,
    labels: Sequence[Label],
    extent: tuple[float, float],
    *,
    axis: str,
    note: str = "",
    row: float = 0.3,
    lines: int = 2,
    second_axis: bool = False,
    foot: float = 0.0,
) -> RowChart:
    """Lay out a chart.

    Parameters
    ----------
    title, subtitle
        Above; broken into lines, never cut below 200 characters.
    labels
        One per row, from the top.
    extent
        Ends of the horizontal axis.
    axis
        What the horizontal axis measures.
    note
        Below.
    row
        Height of a row in inches; rows with several lines are taller.
    lines
        Lines of a label at most.
    second_axis
        Whether to leave room for an axis above the plot area.
    foot
        Height to leave free at the bottom.

    Raises
    ------
    ValueError
        If there is no row or an end of the axis is not finite.
    """
    if not labels or not all(map(math.isfinite, extent)):
        raise ValueError("a chart needs at least one row and an axis with finite ends")
    inner = WIDTH - 2 * _MARGIN
    names = [
        fit(clean(x.text) or _UNNAMED, x.tail, 3.1, size=BODY, lines=lines, bold=x.bold)
        for x in labels
    ]
    rights = [clean(x.right) for x in labels]
    right = max(text_width(r, SMALL) for r in rights)
    beside = max(
        text_width(line, BODY, bold=x.bold)
        for x, name in zip(labels, names, strict=True)
        for line in name.split("\n")
    )
    left = _MARGIN + beside + _GAP
    # Half a tick label may hang over the end of the axis.
    width = WIDTH - left - _MARGIN - max(right + _GAP, 0.2)

    heights = [max(row, text_height(name, BODY) + 0.06) for name in names]
    plot = sum(heights)
    head = [
        (fit(title, "", inner, size=TITLE, lines=4, bold=True), TITLE, True),
        (fit(subtitle, "", inner, size=BODY, lines=6), BODY, False),
    ]
    axis = fit(axis, "", inner, size=BODY, lines=2)
    note = fit(note, "", inner, size=SMALL, lines=6)
    above = sum(text_height(text, size) for text, size, _ in head) + 0.12
    above += _TICKS + text_height("x", SMALL) if second_axis else 0.0
    below = _TICKS + text_height(axis, BODY) + text_height(note, SMALL) + foot
    height = _MARGIN + above + plot + below + _MARGIN

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    y = height - _MARGIN
    for text, size, bold in head:
        colour = INK if bold else QUIET
        put(figure, _MARGIN, y, text, size=size, bold=bold, colour=colour, vertical="top")
        y -= text_height(text, size)
    bottom = _MARGIN + below
    put(
        figure,
        min(
            max(left + width / 2, _MARGIN + _widest(axis) / 2), WIDTH - _MARGIN - _widest(axis) / 2
        ),
        bottom - _TICKS,
        axis,
        align="center",
        vertical="top",
    )
    put(figure, _MARGIN, _MARGIN + foot, note, size=SMALL, colour=QUIET, vertical="bottom")

    axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, plot / height))
    axes.set_xlim(extent)
    axes.set_ylim(plot, 0.0)
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    label_ticks(axes, *ticks(extent, width))
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)

    centres = []
    top = 0.0
    for x, name, aside, tall in zip(labels, names, rights, heights, strict=True):
        centres.append(top + tall / 2)
        at = bottom + plot - centres[-1]
        put(figure, left - _GAP, at, name, bold=x.bold, align="right")
        put(figure, WIDTH - _MARGIN, at, aside, size=SMALL, align="right")
        top += tall
    return RowChart(figure, axes, tuple(centres), row / 2 - 0.03, left, width, bottom)


def widened(values: Sequence[float], share: float = 0.04) -> tuple[float, float]:
    """Ends of an axis that holds all values with a little room; never of no length."""
    if not all(map(math.isfinite, values)):
        raise ValueError("a chart needs finite numbers")
    low, high = min(values), max(values)
    # Below this, the labels of the axis would need more digits than anybody reads.
    span = max(high - low, 1e-4 * max(abs(low), abs(high)))
    room = share * span if span > 0 else 1.0
    return low - room, high + room


def ticks(extent: tuple[float, float], width: float) -> tuple[list[float], list[str]]:
    """Round places on an axis with their labels, as many as fit beside each other."""
    low, high = extent
    for most in range(8, 0, -1):
        places = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        # Zero comes out of the locator with a rounding error that must not be shown.
        tiny = 1e-9 * (high - low)
        found = [0.0 if abs(x) < tiny else float(x) for x in places if low <= x <= high]
        labels = [number(x) for x in found]
        widest = max((text_width(label, SMALL) for label in labels), default=0.0)
        if len(found) < 2 or (found[1] - found[0]) / (high - low) * width >= widest + 0.12:
            break
    return found, labels


def label_ticks(axes: Any, places: Sequence[float], labels: Sequence[str]) -> None:
    """Put labels along a horizontal axis, first or secondary, in our font."""
    axes.set_xticks(places, labels=labels, fontproperties=font(SMALL), color=QUIET)
    axes.tick_params(axis="x", color=GREY, length=3)


def number(x: float, digits: int = 6) -> str:
    """A number as people read it, with a true minus sign.

    >>> number(-0.25), number(-0.0), number(1234567.0)
    ('−0.25', '0', '1.23457e+06')
    """
    return f"{x or 0.0:.{digits}g}".replace("-", "−")


def _widest(text: str) -> float:
    return max(text_width(line, BODY) for line in text.split("\n"))
