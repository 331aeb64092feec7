"""Figures with a row for each thing: intervals, bars, missing values, ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from predictor.report.document import Figure
from predictor.report.page.plot import Row, along_the_bottom, nothing
from predictor.report.page.row_layout import Line, Placed, place, write
from predictor.report.page.scale import Scale, limits, number, numbers
from predictor.report.page.sheet import SMALL, Sheet, width_of
from predictor.report.page.wording import UNDEFINED, amount, plain_text, with_interval

_RANK = "Rank among the refitted models"
_NOT_DEFINED = "not defined"
_SHORTEST = 6.0  # a dash is no line


def draw_forest(sheet: Sheet, figure: Figure) -> None:
    """A value with its interval in each row, on a common axis."""
    rows, options = figure.tables[0].rows, figure.options
    if not rows:
        nothing(sheet)
        return
    percent = bool(options.get("percent"))
    lines: list[Line] = []
    drawn: list[Row | None] = []
    group: object = None
    for row in rows:
        if row.get("group") and row.get("group") != group:
            group = row.get("group")
            lines.append(Line(str(group), heading=True))
            drawn.append(None)
        lines.append(Line(_label(row), _figures(row, percent), _counts(row)))
        drawn.append(row)
    reference = number(options.get("reference"))
    ratios = bool(options.get("ratios"))
    ends = _ends(rows, options, *(() if reference is None else (reference,)))
    placed = place(sheet, lines)
    scale = Scale(*ends, placed.left, placed.right, ratios=ratios)
    _axis(sheet, placed, scale, str(options.get("axis", "")), percent=percent)
    if reference is not None:
        _reference(sheet, lines, placed, scale(reference))
    for shown, y in zip(drawn, placed.middles, strict=True):
        if shown is not None:
            _interval(sheet, scale, shown, y)
    write(sheet, lines, placed)


def _reference(sheet: Sheet, lines: Sequence[Line], placed: Placed, x: float) -> None:
    """A dashed line that ends above each heading and goes on below it."""
    start = placed.top
    for line, top, below in zip(lines, placed.tops, (*placed.tops[1:], placed.bottom), strict=True):
        if line.heading:
            if top - start > _SHORTEST:
                sheet.line((x, start), (x, top), "reference")
            start = below
    if placed.bottom - start > _SHORTEST:
        sheet.line((x, start), (x, placed.bottom), "reference")


def draw_bars(sheet: Sheet, figure: Figure) -> None:
    """A bar from zero in each row, with its interval where it has one."""
    rows, options = figure.tables[0].rows, figure.options
    if not rows:
        nothing(sheet)
        return
    percent = bool(options.get("percent"))
    lines = [Line(_label(row), _figures(row, percent)) for row in rows]
    placed = place(sheet, lines)
    scale = Scale(*_ends(rows, options, 0.0), placed.left, placed.right)
    _axis(sheet, placed, scale, str(options.get("axis", "")), percent=percent)
    for row, y in zip(rows, placed.middles, strict=True):
        value = number(row.get("value"))
        if value is not None:
            left, right = sorted((scale(0.0), scale(value)))
            sheet.box(left, y - 6, right - left, 12, "bar one")
        low, high = number(row.get("low")), number(row.get("high"))
        if low is not None and high is not None:
            # Within the bar it would be dark on dark.
            sheet.line((scale(low), y), (scale(high), y), "under")
            sheet.line((scale(low), y), (scale(high), y), "whisker")
    write(sheet, lines, placed)


def draw_missing(sheet: Sheet, figure: Figure) -> None:
    """How much of each variable is missing."""
    _draw_shares(sheet, figure, figure.tables[0].rows, "missing")


def draw_patterns(sheet: Sheet, figure: Figure) -> None:
    """Which variables are missing together, and how often."""
    rows = [{**row, "label": _pattern(row)} for row in figure.tables[0].rows]
    _draw_shares(sheet, figure, rows, "patients")


def draw_ranks(sheet: Sheet, figure: Figure) -> None:
    """How often each variable takes each rank, as fuller and emptier cells."""
    rows = figure.tables[0].rows
    names: dict[str, str] = {}
    for row in rows:
        names.setdefault(str(row.get("variable")), _label(row))
    ranks = sorted({int(r) for row in rows if (r := number(row.get("rank"))) is not None})
    if not ranks:
        nothing(sheet)
        return
    lines = [Line(label) for label in names.values()]
    head = SMALL * 1.3 + 2
    placed = place(sheet, lines, top=head, height=24)
    cell = min((placed.right - placed.left) / len(ranks), 64.0)
    written = cell >= width_of("100%", "small") + 4
    every = math.ceil((width_of(str(ranks[-1]), "small") + 3) / cell)
    for place_of, rank in enumerate(ranks):
        x = placed.left + (place_of + 0.5) * cell
        if place_of % every == 0:
            sheet.text(x, head / 2, str(rank), "small quiet", anchor="middle")
    middles = dict(zip(names, placed.middles, strict=True))
    for row in rows:
        rank_of, share = number(row.get("rank")), number(row.get("share"))
        if rank_of is None or share is None:
            continue
        x = placed.left + ranks.index(int(rank_of)) * cell
        y = middles[str(row.get("variable"))]
        sheet.tint(x + 1, y - 12, cell - 2, 24, "heat", min(max(share, 0.0), 1.0))
        text = amount(share, percent=True)
        if written and text != "0%":
            sheet.text(x + cell / 2, y, text, "small", anchor="middle")
    write(sheet, lines, placed)
    middle = placed.left + len(ranks) * cell / 2
    _below(sheet, middle, placed.bottom, str(figure.options.get("axis", _RANK)))


def _draw_shares(sheet: Sheet, figure: Figure, rows: Sequence[Row], count: str) -> None:
    """Bars from 0 to 100%, with counts."""
    if not rows:
        nothing(sheet)
        return
    lines = [Line(_label(row), _share(row, count)) for row in rows]
    placed = place(sheet, lines)
    scale = Scale(0.0, 1.0, placed.left, placed.right)
    _axis(sheet, placed, scale, str(figure.options.get("axis", "")), percent=True)
    for row, y in zip(rows, placed.middles, strict=True):
        share = number(row.get("share"))
        if share is None:
            sheet.dot(scale(0.0) + 6, y, 3, "hollow")
        elif share > 0:
            sheet.box(scale(0.0), y - 6, scale(share) - scale(0.0), 12, "bar one")
    write(sheet, lines, placed)


def _interval(sheet: Sheet, scale: Scale, row: Row, y: float) -> None:
    """A square with whiskers; an arrow head where an interval leaves the axis."""
    low, high, value = (number(row.get(key)) for key in ("low", "high", "value"))
    if low is not None and high is not None:
        sheet.line((scale.held(low), y), (scale.held(high), y), "whisker")
        for end, inward in ((low, 5.0), (high, -5.0)):
            x = scale.held(end)
            if scale.holds(end):
                sheet.line((x, y - 4), (x, y + 4), "whisker")
            else:
                sheet.path([(x + inward, y - 4), (x, y), (x + inward, y + 4)], "whisker")
    if value is not None and scale.holds(value):
        sheet.box(scale(value) - 4.5, y - 4.5, 9, 9, "mark one")


def _axis(sheet: Sheet, placed: Placed, scale: Scale, label: str, *, percent: bool) -> None:
    along_the_bottom(sheet, scale, label, placed.top, placed.bottom, percent=percent)


def _below(sheet: Sheet, middle: float, bottom: float, label: str) -> None:
    room = 2 * min(middle, sheet.width - middle)
    sheet.lines(middle, bottom, label, room, "small quiet", anchor="middle")


def _ends(rows: Sequence[Row], options: Mapping[str, Any], *more: float) -> tuple[float, float]:
    """Ends of the axis: of the options, or such that everything is on it."""
    given = options.get("limits")
    if isinstance(given, Sequence) and len(given) == 2:
        return float(given[0]), float(given[1])
    known = numbers(row.get(key) for row in rows for key in ("value", "low", "high"))
    if options.get("ratios"):
        # What is not above 0 lies beyond every axis of ratios.
        low, high = map(math.exp, limits([math.log(v) for v in (*known, *more) if v > 0]))
    else:
        low, high = limits(known, *more)
    widest = options.get("widest")
    if isinstance(widest, Sequence) and len(widest) == 2:
        # An interval of a few patients would leave no room for all others.
        cut = max(low, float(widest[0])), min(high, float(widest[1]))
        if cut[0] < cut[1]:
            return cut
    return low, high


def _label(row: Row) -> str:
    return plain_text(row.get("label"))


def _figures(row: Row, percent: bool) -> str:
    texts = (amount(row.get(key), percent=percent) for key in ("value", "low", "high"))
    shown = with_interval(*texts)
    if shown != UNDEFINED:
        return shown
    counted = row.get("n_text")  # a word where the row is hidden, as it stands in its table
    return counted if isinstance(counted, str) else _NOT_DEFINED


def _counts(row: Row) -> str:
    """Patients and events of a row, where it has them."""
    n, events = row.get("n"), row.get("events")
    if n is None:
        return ""
    template = "{n} patients" if events is None else "{n} patients, {events} events"
    return template.format(n=plain_text(n), events=plain_text(events))


def _share(row: Row, count: str) -> str:
    """A share with its count; only that it is masked where it is."""
    counted, patients = row.get(count), row.get("patients")
    if counted is None:
        return str(row.get(f"{count}_text") or "hidden")
    if count == "missing" and patients is not None:
        return f"{plain_text(counted)} of {plain_text(patients)}"
    return f"{amount(row.get('share'), percent=True)} ({plain_text(counted)})"


def _pattern(row: Row) -> str:
    """Which variables are missing, as text."""
    found = row.get("pattern", row.get("label"))
    if isinstance(found, Sequence) and not isinstance(found, str):
        found = ", ".join(map(str, found))
    return plain_text(found or "nothing missing")
