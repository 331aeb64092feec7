"""What figures over two axes share: the frame with its round numbers, lines, bands, the legend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from predictor.report.page.scale import Scale, number, ratio_ticks, tick_texts, ticks
from predictor.report.page.sheet import LINE, SMALL, TEXT, Point, Sheet, width_of

Row = Mapping[str, Any]

SERIES = ("one", "two", "three", "four")
"""Classes of lines, which differ in colour and in dashes."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What is written at an axis.

    Parameters
    ----------
    label
        Its name, with the unit.
    low, high
        Its ends.
    percent
        Whether its numbers are shares.
    """

    label: str
    low: float
    high: float
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """A frame on a sheet; ``bottom`` is the place below all that belongs to it."""

    x: Scale
    y: Scale
    bottom: float

    def at(self, x: float, y: float) -> Point:
        """Place of a pair of numbers."""
        return self.x(x), self.y(y)


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend."""

    label: str
    css: str
    shape: Literal["line", "band", "dot", "box"] = "line"


def framed(
    sheet: Sheet, x: Axis, y: Axis, *, top: float = 0.0, right: float | None = None, height: float
) -> Plot:
    """Draw a frame with its axes.

    Parameters
    ----------
    sheet
        Drawn on.
    x, y
        Axes; the name of the second stands above it, so that nobody turns their head.
    top
        Where it begins.
    right
        Where it ends; None for the sheet's edge.
    height
        Of the area inside.
    """
    right = sheet.width - 14 if right is None else right
    top = sheet.lines(0, top, y.label, right, "small quiet") + 5 if y.label else top + 6
    y_marks = ticks(y.low, y.high, most=max(5, round(height / 40)))
    y_texts = tick_texts(y_marks, percent=y.percent)
    left = max((width_of(text, "small") for text in y_texts), default=0.0) + 7
    plot = Plot(Scale(x.low, x.high, left, right), Scale(y.low, y.high, top + height, top), 0.0)
    for mark, text in zip(y_marks, y_texts, strict=True):
        sheet.line((left, plot.y(mark)), (right, plot.y(mark)), "grid")
        sheet.text(left - 6, plot.y(mark), text, "small quiet", anchor="end")
    bottom = along_the_bottom(sheet, plot.x, x.label, top, top + height, percent=x.percent)
    return Plot(plot.x, plot.y, bottom)


def along_the_bottom(
    sheet: Sheet, scale: Scale, label: str, top: float, bottom: float, *, percent: bool = False
) -> float:
    """Draw the axis below an area, with faint lines up through it; the place below all of it."""
    marks, texts = marks_that_fit(scale, percent=percent)
    for mark in marks:
        sheet.line((scale(mark), top), (scale(mark), bottom), "grid")
    sheet.line((scale.start, bottom), (scale.end, bottom), "axis")
    for mark, text in zip(marks, texts, strict=True):
        sheet.line((scale(mark), bottom), (scale(mark), bottom + 4), "axis")
        half = width_of(text, "small") / 2
        place = min(max(scale(mark), half), sheet.width - half)
        sheet.text(place, bottom + 13, text, "small quiet", anchor="middle")
    bottom += 13 + SMALL
    if not label:
        return bottom
    middle = (scale.start + scale.end) / 2
    room = 2 * min(middle, sheet.width - middle)
    return sheet.lines(middle, bottom, label, room, "small quiet", anchor="middle")


def marks_that_fit(scale: Scale, *, percent: bool = False) -> tuple[tuple[float, ...], list[str]]:
    """Round numbers of an axis, so many that none touches its neighbour."""
    length = abs(scale.end - scale.start)
    marks: tuple[float, ...] = ()
    texts: list[str] = []
    for most in (8, 7, 6, 5, 4, 3, 2):
        if scale.ratios:
            marks = ratio_ticks(scale.low, scale.high, most)
            texts = [f"{mark:g}" for mark in marks]
        else:
            marks = ticks(scale.low, scale.high, most)
            texts = tick_texts(marks, percent=percent)
        room = length / max(len(marks) - 1, 1)
        if max((width_of(text, "small") for text in texts), default=0.0) + 10 <= room:
            break
    return marks, texts


def points_of(plot: Plot, rows: Iterable[Row], x: str, y: str) -> list[list[Point]]:
    """Lines through the rows in their order, in pieces where something is not defined.

    What lies above or below the frame is cut off at its edge.
    """
    pieces: list[list[Point]] = [[]]
    before: tuple[float, float] | None = None
    for row in rows:
        a, b = number(row.get(x)), number(row.get(y))
        here = None if a is None or b is None else (a, b)
        if before is not None and here is not None:
            _add_segment(plot, pieces, before, here)
        elif here is None and pieces[-1]:
            pieces.append([])
        before = here
    return [piece for piece in pieces if piece]


def _add_segment(
    plot: Plot, pieces: list[list[Point]], a: tuple[float, float], b: tuple[float, float]
) -> None:
    """Add what lies inside the frame of a straight line between two pairs of numbers."""
    start, stop = 0.0, 1.0
    for axis in (0, 1):
        scale = (plot.x, plot.y)[axis]
        rise = b[axis] - a[axis]
        if rise == 0:
            if not scale.holds(a[axis]):
                return
            continue
        ends = sorted(((scale.low - a[axis]) / rise, (scale.high - a[axis]) / rise))
        start, stop = max(start, ends[0]), min(stop, ends[1])
    if start > stop:
        return
    first, last = (
        plot.at(a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])) for part in (start, stop)
    )
    if not pieces[-1] or pieces[-1][-1] != first:
        if pieces[-1]:
            pieces.append([])
        pieces[-1].append(first)
    pieces[-1].append(last)


def band(sheet: Sheet, plot: Plot, rows: Sequence[Row], x: str, low: str, high: str) -> bool:
    """Draw the area between two columns; whether there was any."""
    known: list[tuple[float, float, float]] = []
    drawn = False
    for row in [*rows, {}]:
        cells = tuple(number(row.get(key)) for key in (x, low, high))
        if all(cell is not None for cell in cells):
            known.append(tuple(cell for cell in cells if cell is not None))  # type: ignore[arg-type]
            continue
        if len(known) > 1:
            upper = [(plot.x.held(a), plot.y.held(c)) for a, _, c in known]
            lower = [(plot.x.held(a), plot.y.held(b)) for a, b, _ in reversed(known)]
            sheet.path([*upper, *lower], "band", closed=True)
            drawn = True
        known = []
    return drawn


def legend(sheet: Sheet, keys: Sequence[Key], x: float, top: float, right: float) -> float:
    """Draw a legend, entries beside each other as long as there is room; the place below it."""
    left, room = x, right - x
    for key in keys:
        wanted = 28 + width_of(key.label, "small")
        if x > left and x + wanted > right:
            x, top = left, top + SMALL * LINE + 3
        _swatch(sheet, key, x, top + SMALL * LINE / 2)
        if wanted > room:
            top = sheet.lines(x + 28, top, key.label, room - 28, "small") + 3
            continue
        sheet.text(x + 28, top + SMALL * LINE / 2, key.label, "small")
        x += wanted + 16
    return top + (SMALL * LINE if x > left else 0.0)


def _swatch(sheet: Sheet, key: Key, x: float, y: float) -> None:
    if key.shape == "line":
        sheet.line((x, y), (x + 22, y), key.css)
    elif key.shape == "dot":
        sheet.dot(x + 11, y, 4, key.css)
    else:
        sheet.box(x + (0 if key.shape == "band" else 5), y - 5, 22 if key.shape == "band" else 12,
                  10, key.css)  # fmt: skip


def nothing(sheet: Sheet) -> None:
    """Say that there is nothing to draw."""
    sheet.text(0, TEXT, "There is nothing to draw.", "quiet")
