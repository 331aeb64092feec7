"""The nomogram: axes of points to be read with a ruler, and the probability of their sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from predictor.report.document import Figure
from predictor.report.page.measure import shortened
from predictor.report.page.plot import Row, nothing
from predictor.report.page.scale import Scale, number, numbers, tick_texts, ticks
from predictor.report.page.sheet import LINE, SMALL, TEXT, Sheet, width_of
from predictor.report.page.wording import amount, plain_text

_LABEL = 190.0  # room of the labels at the left, where there is any
_STEP = 46.0  # from axis to axis
_TO_NEXT = 28.0  # from what is written below an axis to the next axis
_SHORT = 64.0  # an axis of this length or less has no room for a text at each mark
_PROBABILITIES = (
    0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99,
    0.995, 0.999,
)  # fmt: skip

SHORT_AXIS = "{first} to {last}: {least} to {points} points"
STATE = "{label}: {points}"
STATES = "{states} points"

Mark = tuple[float, str]
"""A place on an axis of points, and what is written there."""


def draw_nomogram(sheet: Sheet, figure: Figure) -> None:
    """An axis of points, one for each variable, one of the sum, one of the probability."""
    rows = figure.tables[0].rows
    sums = figure.tables[1].rows if len(figure.tables) > 1 else ()
    top_points = number(figure.options.get("points_max")) or max(
        numbers(row.get("points") for row in rows), default=0.0
    )
    if not rows or top_points <= 0:
        nothing(sheet)
        return
    left = 14.0 if sheet.narrow else _LABEL + 16
    right = sheet.width - 16
    points = Scale(0.0, top_points, left, right)
    marks = ticks(0.0, top_points, most=6 if sheet.narrow else 11)
    y = _axis(sheet, points, "Points", _with_texts(marks), SMALL * LINE + 4, bold=True)
    for members in _by_variable(rows).values():
        found = [
            (place, plain_text(row.get("value_label")))
            for row in members
            if (place := number(row.get("points"))) is not None
        ]
        y = _axis(sheet, points, plain_text(members[0].get("label")), sorted(found), y)
    totals = [
        (total, probability)
        for row in sums
        if (total := number(row.get("total_points"))) is not None
        and (probability := number(row.get("probability"))) is not None
    ]
    if len(totals) < 2:
        return
    low, high = min(t for t, _ in totals), max(t for t, _ in totals)
    scale = Scale(low, high, left, right)
    y = _axis(sheet, scale, "Total points", total_marks(low, high, sheet), y + 10, bold=True)
    _axis(sheet, scale, "Probability", probability_marks(totals), y, bold=True)


def total_marks(low: float, high: float, sheet: Sheet) -> list[Mark]:
    """Round numbers on the axis of the total, and its end, which the largest sum may reach.

    Parameters
    ----------
    low, high
        Ends of the axis.
    sheet
        What it is drawn on; a narrow one has fewer marks.
    """
    marks = [*ticks(low, high, most=6 if sheet.narrow else 11)]
    if len(marks) > 1 and high > marks[-1]:
        # A number that stands too near to the end would have no room beside it.
        near = high - marks[-1] < 0.4 * (marks[1] - marks[0])
        return _with_texts([*(marks[:-1] if near else marks), high])
    return _with_texts(marks)


def probability_marks(totals: Sequence[tuple[float, float]]) -> list[Mark]:
    """Where round probabilities lie on the axis of the total, between the rows of the table.

    Parameters
    ----------
    totals
        Total of points and its probability.

    Examples
    --------
    >>> marks = probability_marks([(0.0, 0.15), (10.0, 0.25)])
    >>> [(round(place, 6), text) for place, text in marks]
    [(5.0, '20%')]
    """
    known = sorted(totals)
    found: list[Mark] = []
    for mark in _PROBABILITIES:
        for (a, p), (b, q) in pairwise(known):
            if p != q and min(p, q) <= mark <= max(p, q):
                digits = 2 if 0.01 <= mark <= 0.99 else 3
                place = a + (mark - p) / (q - p) * (b - a)
                found.append((place, amount(mark, digits, percent=True)))
                break
    return found


@dataclass(frozen=True, slots=True)
class Written:
    """A mark of an axis as it is drawn.

    Parameters
    ----------
    x
        Its place.
    text, middle
        What is written there, and the middle of that; no text where there is no room.
    below
        Whether it stands below the axis.
    full
        The whole text.
    """

    x: float
    text: str
    middle: float
    below: bool
    full: str


def spread(marks: Sequence[Mark], scale: Scale, left: float, right: float) -> list[Written]:
    """Which texts of an axis are written above it and which below, so that none touch.

    Parameters
    ----------
    marks
        In the order of their places.
    scale
        Of the axis.
    left, right
        Ends of the room for the texts.
    """
    if not marks:
        return []
    ends = {False: -1e9, True: -1e9}
    wanted = sorted(marks, key=lambda mark: scale(mark[0]))
    last = len(wanted) - 1
    # The end of an axis says how far it goes: it keeps its room.
    _, end, half_of_end = _held(wanted[last], scale, left, right)
    reserved = end - half_of_end - 5
    found: list[Written] = []
    for nth, (place, full) in enumerate(wanted):
        text, x, half = _held((place, full), scale, left, right)
        side = next(
            (
                below
                for below in (False, True)
                if x - half >= ends[below] + 5 and (nth == last or below or x + half <= reserved)
            ),
            None,
        )
        if side is None:
            found.append(Written(scale(place), "", x, below=False, full=full))
            continue
        ends[side] = x + half
        found.append(Written(scale(place), text, x, side, full))
    return found


def _held(mark: Mark, scale: Scale, left: float, right: float) -> tuple[str, float, float]:
    """Text of a mark that fits, its middle, and half its width."""
    text = shortened(mark[1], 0.4 * (right - left), size=SMALL)
    half = width_of(text, "small") / 2
    return text, min(max(scale(mark[0]), left + half), right - half), half


def _axis(
    sheet: Sheet,
    scale: Scale,
    label: str,
    marks: Sequence[Mark],
    y: float,
    *,
    bold: bool = False,
) -> float:
    """Draw an axis with its label; the place of the next."""
    css = "bold" if bold else ""
    if sheet.narrow:
        y = sheet.lines(0, y - SMALL * LINE, label, sheet.width, css) + SMALL * LINE + 3
    else:
        lines = sheet.lines  # broken to two lines around the axis
        height = TEXT * LINE * (2 if width_of(label, css) > _LABEL else 1)
        lines(0, y - height / 2, label, _LABEL, css)
    if not marks:
        return y + _STEP
    if len(marks) > 2 and abs(scale(marks[-1][0]) - scale(marks[0][0])) <= _SHORT:
        return _short_axis(sheet, scale, marks, y)
    placed = spread(marks, scale, 0.0 if sheet.narrow else _LABEL + 4, sheet.width)
    xs = [mark.x for mark in placed]
    sheet.line((min(xs), y), (max(xs), y), "axis strong")
    for mark in placed:
        way = 1 if mark.below else -1
        sheet.line((mark.x, y), (mark.x, y + 5 * way), "axis strong")
        beside = y + (5 + SMALL * 0.65) * way
        sheet.text(mark.middle, beside, mark.text, "small", anchor="middle", full=mark.full)
    below = any(mark.below for mark in placed)
    following = y + _STEP + (10 if sheet.narrow and below else 0)
    ordered = sorted(marks, key=lambda mark: scale(mark[0]))
    unwritten = [
        mark
        for mark, there in zip(ordered, placed, strict=True)
        if not there.text and not _is_number(mark[1])
    ]
    if not unwritten:
        return following
    # A number can be read between its neighbours, a state cannot.
    start = 0.0 if sheet.narrow else _LABEL + 4
    top = y + (5 + SMALL * LINE + 3 if below else 6)
    return max(following, _states(sheet, unwritten, start, top) + _TO_NEXT)


def _short_axis(sheet: Sheet, scale: Scale, marks: Sequence[Mark], y: float) -> float:
    """Draw an axis too short for its texts: beside it what ends, or states, mean."""
    xs = [scale(place) for place, _ in marks]
    sheet.line((min(xs), y), (max(xs), y), "axis strong")
    for x in xs:
        sheet.line((x, y), (x, y - 5), "axis strong")
    start, room = max(xs) + 9, sheet.width - max(xs) - 9
    known = [mark for mark in marks if _is_number(mark[1])]
    states = [mark for mark in marks if not _is_number(mark[1])]
    top = y - SMALL * LINE / 2
    if known:
        (least, first), *_, (most, last) = known
        text = SHORT_AXIS.format(first=first, last=last, least=_points(least), points=_points(most))
        shown = shortened(text, room, size=SMALL)
        sheet.text(start, y, shown, "small", full=text)
        top += SMALL * LINE
    if not states:
        return y + _STEP
    return max(y + _STEP, _states(sheet, states, start, top) + _TO_NEXT)


def _states(sheet: Sheet, marks: Sequence[Mark], left: float, top: float) -> float:
    """Write which points states have; the place below."""
    room = sheet.width - left
    told = STATES.format(
        states="; ".join(
            STATE.format(label=shortened(text, 0.4 * room, size=SMALL), points=_points(place))
            for place, text in marks
        )
    )
    return sheet.lines(left, top, told, room, "small", lines=len(marks) + 1)


def _points(place: float) -> str:
    """Points of a mark.

    >>> _points(0.0), _points(12.34)
    ('0', '12.3')
    """
    return amount(place, 1) if place else "0"


def _is_number(text: str) -> bool:
    """Whether the text of a mark is a number or a percentage.

    >>> _is_number("1,200"), _is_number("−3.5"), _is_number("20%"), _is_number("mild")
    (True, True, True, False)
    """
    try:
        float(text.replace(",", "").replace("−", "-").removesuffix("%"))
    except ValueError:
        return False
    return True


def _with_texts(marks: Sequence[float]) -> list[Mark]:
    return list(zip(marks, tick_texts(marks), strict=True))


def _by_variable(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row.get("variable")), []).append(row)
    return found
