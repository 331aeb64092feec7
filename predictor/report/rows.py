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
_BETWEEN = 0.25  # two columns


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
class Column:
    """One of the plot areas that stand beside each other.

    Parameters
    ----------
    extent
        Ends of its horizontal axis.
    axis
        What that axis measures.
    rights
        Short text on its right side, one for each row.
    title
        Stands above it.
    share
        Its part of the width that all plot areas have together, in relation to the others.
    """

    extent: tuple[float, float]
    axis: str
    rights: Sequence[str]
    title: str = ""
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """A figure with several plot areas over the same rows.

    Parameters
    ----------
    figure
        What is drawn on.
    axes
        One for each column; vertical axes run downwards in inches.
    centres, half
        Middle of each row, and half the height that marks of a row may take.
    lefts, widths, bottom
        Places of the plot areas in inches from the lower left corner of the figure.
    """

    figure: Figure
    axes: tuple[Axes, ...]
    centres: tuple[float, ...]
    half: float
    lefts: tuple[float, ...]
    widths: tuple[float, ...]
    bottom: float


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
    cautions: Sequence[str] = (),
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
    cautions
        Sentences above the title.

    Raises
    ------
    ValueError
        If there is no row or an end of the axis is not finite.
    """
    chart = column_chart(
        title,
        subtitle,
        labels,
        [Column(extent, axis, [label.right for label in labels])],
        note=note,
        row=row,
        lines=lines,
        head=_TICKS + text_height("x", SMALL) if second_axis else 0.0,
        foot=foot,
        cautions=cautions,
    )
    (axes,), (left,), (width,) = chart.axes, chart.lefts, chart.widths
    return RowChart(chart.figure, axes, chart.centres, chart.half, left, width, chart.bottom)


def column_chart(
    title: str,
    subtitle: str,
    labels: Sequence[Label],
    columns: Sequence[Column],
    *,
    note: str = "",
    row: float = 0.3,
    lines: int = 2,
    head: float = 0.0,
    foot: float = 0.0,
    cautions: Sequence[str] = (),
) -> ColumnChart:
    """Lay out a chart with several plot areas over the same rows.

    Parameters
    ----------
    title, subtitle, labels, note, row, lines, foot, cautions
        As for :func:`row_chart`; ``Label.right`` is not used.
    columns
        From the left.
    head
        Height to leave free above the plot areas.

    Raises
    ------
    ValueError
        If there is no row or an end of an axis is not finite.
    """
    if not labels or not all(math.isfinite(end) for column in columns for end in column.extent):
        raise ValueError("a chart needs at least one row and an axis with finite ends")
    inner = WIDTH - 2 * _MARGIN
    names = [
        fit(clean(x.text) or _UNNAMED, x.tail, 3.1, size=BODY, lines=lines, bold=x.bold)
        for x in labels
    ]
    left = _MARGIN + _GAP
    left += max(
        text_width(line, BODY, bold=x.bold)
        for x, name in zip(labels, names, strict=True)
        for line in name.split("\n")
    )
    boxes = _boxes(left, columns)

    heights = [max(row, text_height(name, BODY) + 0.06) for name in names]
    plot = sum(heights)
    words = [
        *(
            (fit(caution, "", inner, size=BODY, lines=4, bold=True), BODY, True)
            for caution in cautions
        ),
        (fit(title, "", inner, size=TITLE, lines=4, bold=True), TITLE, True),
        (fit(subtitle, "", inner, size=BODY, lines=6), BODY, False),
    ]
    # A single axis may be named across the whole sheet.
    room = [inner if len(columns) == 1 else box.end - box.left for box in boxes]
    axis = [
        fit(column.axis, "", most, size=BODY, lines=2 if len(columns) == 1 else 4)
        for column, most in zip(columns, room, strict=True)
    ]
    titles = [
        fit(column.title, "", box.end - box.left, size=BODY, lines=1, bold=True)
        for column, box in zip(columns, boxes, strict=True)
    ]
    note = fit(note, "", inner, size=SMALL, lines=6)
    above = sum(text_height(text, size) for text, size, _ in words) + 0.12 + head
    above += max(text_height(text, BODY) for text in titles)
    below = _TICKS + max(text_height(text, BODY) for text in axis)
    below += text_height(note, SMALL) + foot
    height = _MARGIN + above + plot + below + _MARGIN

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    y = height - _MARGIN
    for text, size, bold in words:
        colour = INK if bold else QUIET
        put(figure, _MARGIN, y, text, size=size, bold=bold, colour=colour, vertical="top")
        y -= text_height(text, size)
    bottom = _MARGIN + below
    put(figure, _MARGIN, _MARGIN + foot, note, size=SMALL, colour=QUIET, vertical="bottom")

    areas = []
    for column, box, name, over in zip(columns, boxes, axis, titles, strict=True):
        put(figure, box.left, bottom + plot + 0.1, over, bold=True, vertical="baseline")
        half = _widest(name) / 2
        least, most = (
            (_MARGIN, WIDTH - _MARGIN) if len(columns) == 1 else (box.left - _GAP, box.end)
        )
        middle = min(max(box.left + box.width / 2, least + half), most - half)
        put(figure, middle, bottom - _TICKS, name, align="center", vertical="top")
        areas.append(_plot_area(figure, box, bottom, plot, column.extent))

    centres = []
    top = 0.0
    for i, (x, name, tall) in enumerate(zip(labels, names, heights, strict=True)):
        centres.append(top + tall / 2)
        at = bottom + plot - centres[-1]
        put(figure, left - _GAP, at, name, bold=x.bold, align="right")
        for column, box in zip(columns, boxes, strict=True):
            put(figure, box.end, at, clean(column.rights[i]), size=SMALL, align="right")
        top += tall
    return ColumnChart(
        figure,
        tuple(areas),
        tuple(centres),
        row / 2 - 0.03,
        tuple(box.left for box in boxes),
        tuple(box.width for box in boxes),
        bottom,
    )


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a plot area begins and how wide it is, and where the text beside it ends."""

    left: float
    width: float
    end: float


def _plot_area(
    figure: Figure, box: _Box, bottom: float, plot: float, extent: tuple[float, float]
) -> Axes:
    height = float(figure.get_size_inches()[1])
    axes = figure.add_axes((box.left / WIDTH, bottom / height, box.width / WIDTH, plot / height))
    axes.set_xlim(extent)
    axes.set_ylim(plot, 0.0)
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    label_ticks(axes, *ticks(extent, box.width))
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


def _boxes(left: float, columns: Sequence[Column]) -> list[_Box]:
    # Half a tick label may hang over the end of the axis.
    asides = [
        max(max(text_width(clean(text), SMALL) for text in column.rights) + _GAP, 0.2)
        for column in columns
    ]
    plots = WIDTH - _MARGIN - left - sum(asides) - _BETWEEN * (len(columns) - 1)
    shares = sum(column.share for column in columns)
    boxes = []
    for column, aside in zip(columns, asides, strict=True):
        width = plots * column.share / shares
        boxes.append(_Box(left, width, left + width + aside))
        left = boxes[-1].end + _BETWEEN
    return boxes


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
