"""Figures that have a row for each thing: label, picture and figures beside or above each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from predictor.report.page.measure import shortened
from predictor.report.page.sheet import LINE, SMALL, TEXT, Sheet, height_of, width_of

_WIDEST_LABEL = 250.0
_GAP = 14.0
_MOST_TEXT = 0.55  # of the sheet for the figures of a row


@dataclass(frozen=True, slots=True)
class Line:
    """A row of such a figure.

    Parameters
    ----------
    label
        What the row is.
    text
        Its figures; stands at the right.
    detail
        Stands below the label, smaller.
    heading
        Whether it only says what the rows below it have in common.
    """

    label: str
    text: str = ""
    detail: str = ""
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the pictures of the rows go.

    Parameters
    ----------
    left, right
        Ends of the pictures.
    top, bottom
        Ends of the area of all rows.
    tops, middles
        Of each row: where it begins, and the middle of its picture.
    """

    left: float
    right: float
    top: float
    bottom: float
    tops: tuple[float, ...]
    middles: tuple[float, ...]


def place(sheet: Sheet, lines: Sequence[Line], *, top: float = 0.0, height: float = 18.0) -> Placed:
    """Where each row goes; nothing is drawn yet, as faint lines of an axis lie behind.

    Parameters
    ----------
    sheet
        Drawn on.
    lines
        The rows.
    top
        Where the first begins.
    height
        Of a picture.
    """
    texts = max((_text_room(sheet, line) for line in lines), default=0.0)
    if sheet.narrow:
        left, right = 8.0, sheet.width - 8.0
    else:
        left = min(_label_width(lines), _WIDEST_LABEL) + _GAP
        right = sheet.width - (texts + _GAP if texts else 10.0)
    tops, middles = [], []
    y = top + 4
    for line in lines:
        written = _label_height(sheet, line)
        tops.append(y)
        if line.heading:
            middles.append(y + written / 2 + 4)
            y += written + 8
        elif sheet.narrow:
            middles.append(y + written + height / 2 + 2)
            y += written + height + 8
        else:
            middles.append(y + max(written, height) / 2)
            y += max(written, height) + 6
    return Placed(left, right, top, y, tuple(tops), tuple(middles))


def write(sheet: Sheet, lines: Sequence[Line], placed: Placed) -> None:
    """Write labels and figures at their places."""
    for line, top, middle in zip(lines, placed.tops, placed.middles, strict=True):
        room = _label_room(sheet, line)
        # On a narrow page the lines of the axis run behind the text, and behind headings on any.
        halo = " halo" if sheet.narrow else ""
        css = "bold halo" if line.heading else halo.strip()
        if sheet.narrow or line.heading:
            y = top + (4 if line.heading else 0)
        else:
            y = middle - _label_height(sheet, line) / 2
        figures = y + TEXT * LINE / 2 if sheet.narrow else middle
        y = sheet.lines(0, y, line.label, room, css)
        if line.detail:
            sheet.lines(0, y, line.detail, room, f"small quiet{halo}", lines=1)
        if line.text:
            text = shortened(line.text, _MOST_TEXT * sheet.width, size=TEXT)
            css = f"figures{halo}"
            sheet.text(sheet.width, figures, text, css, anchor="end", full=line.text)


def _label_room(sheet: Sheet, line: Line) -> float:
    """Width that a label may have."""
    if line.heading:
        return sheet.width
    if not sheet.narrow:
        return _WIDEST_LABEL
    return sheet.width - (_text_room(sheet, line) + _GAP if line.text else 0.0)


def _label_height(sheet: Sheet, line: Line) -> float:
    room = _label_room(sheet, line)
    css = "bold" if line.heading else ""
    written = height_of(line.label, room, css)
    return written + (SMALL * LINE if line.detail else 0.0)


def _label_width(lines: Sequence[Line]) -> float:
    """Width of the widest label when it is broken where it must be."""
    widest = 0.0
    for line in lines:
        if not line.heading:
            whole = width_of(line.label)
            widest = max(widest, min(whole, _WIDEST_LABEL), width_of(line.detail, "small"))
    return widest + 1


def _text_room(sheet: Sheet, line: Line) -> float:
    """Width that the figures of a row take."""
    return min(width_of(line.text), _MOST_TEXT * sheet.width)
