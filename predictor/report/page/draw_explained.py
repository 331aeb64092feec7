"""Figures of an explanation: beeswarm, dependence on a variable, waterfall of one patient."""

from __future__ import annotations

from collections.abc import Sequence

from predictor.report.document import Figure
from predictor.report.page.plot import (
    Axis,
    Key,
    Plot,
    Row,
    along_the_bottom,
    band,
    framed,
    legend,
    nothing,
    points_of,
)
from predictor.report.page.row_layout import Line, place, write
from predictor.report.page.scale import Scale, limits, number, numbers
from predictor.report.page.sheet import SMALL, Point, Sheet, width_of
from predictor.report.page.wording import amount, chance, plain_text

SHADES = 5
"""Colours from a low to a high value of a variable."""

_SWARM = 30.0  # height of a row of points
_APART = 2.6  # points nearer than this to each other are moved up or down
_LABEL = "Contribution to the log-odds"


def draw_beeswarm(sheet: Sheet, figure: Figure) -> None:
    """A swarm of contributions for each variable, coloured by the variable's value."""
    rows = figure.tables[0].rows
    swarms: dict[str, list[Row]] = {}
    for row in rows:
        swarms.setdefault(str(row.get("variable")), []).append(row)
    ends = limits((row.get("contribution") for row in rows), 0.0)
    if not swarms:
        nothing(sheet)
        return
    lines = [Line(plain_text(members[0].get("label"))) for members in swarms.values()]
    placed = place(sheet, lines, top=SMALL * 1.3 + 6, height=_SWARM)
    scale = Scale(*ends, placed.left, placed.right)
    label = str(figure.options.get("axis", _LABEL))
    along_the_bottom(sheet, scale, label, placed.top, placed.bottom)
    sheet.line((scale(0.0), placed.top), (scale(0.0), placed.bottom), "reference")
    shades = [f"shade-{shade}" for shade in range(SHADES)]
    for members, middle in zip(swarms.values(), placed.middles, strict=True):
        by_shade: dict[str, list[Point]] = {name: [] for name in [*shades, "shade-none"]}
        for point, row in swarm(members, scale, middle):
            by_shade[_shade(row.get("position"))].append(point)
        for name, points in by_shade.items():
            sheet.dots(points, name)
    write(sheet, lines, placed)
    missing = any(row.get("position") is None for row in rows)
    _shade_legend(sheet, placed.left, placed.right, missing=missing)


def swarm(rows: Sequence[Row], scale: Scale, middle: float) -> list[tuple[Point, Row]]:
    """Places of the points of one variable: beside each other where they would cover each other.

    Parameters
    ----------
    rows
        With ``contribution``; those without one are left out.
    scale
        Of the contributions.
    middle
        Of the row.
    """
    known = [(scale(c), row) for row in rows if (c := number(row.get("contribution"))) is not None]
    columns: dict[int, list[tuple[float, Row]]] = {}
    for x, row in known:
        columns.setdefault(round(x / _APART), []).append((x, row))
    most = max(map(len, columns.values()), default=1)
    step = min(_APART, (_SWARM - 4) / max(most - 1, 1))
    found: list[tuple[Point, Row]] = []
    for members in columns.values():
        for nth, (x, row) in enumerate(members):
            # From the middle outwards, up and down in turn.
            away = (nth + 1) // 2 * (1 if nth % 2 else -1)
            found.append(((x, middle + away * step), row))
    return found


def draw_dependence(sheet: Sheet, figure: Figure) -> None:
    """Contribution over the value of a variable, with its reference range."""
    rows, options = figure.tables[0].rows, figure.options
    if options.get("states"):
        _draw_states(sheet, rows, options["states"])
        return
    rows = tuple(sorted(rows, key=lambda row: number(row.get("value")) or 0.0))
    values = numbers(row.get("value") for row in rows)
    if not values:
        nothing(sheet)
        return
    unit = options.get("unit")
    name = str(options.get("label", ""))
    label = f"{name} ({unit})" if unit and unit != "1" else name
    contributions = [row.get(key) for row in rows for key in ("contribution", "low", "high")]
    x_axis = Axis(label, *limits(values, room=0.02))
    y_axis = Axis(str(options.get("axis", _LABEL)), *limits(contributions, 0.0, room=0.08))
    # Two stand side by side on most pages.
    plot = framed(sheet, x_axis, y_axis, height=160.0 if sheet.narrow else 220.0)
    keys = _reference(sheet, plot, options.get("reference"))
    _density(sheet, plot, rows)
    sheet.line((plot.x.start, plot.y(0)), (plot.x.end, plot.y(0)), "diagonal")
    band(sheet, plot, rows, "value", "low", "high")
    for points in points_of(plot, rows, "value", "contribution"):
        sheet.path(points, "series one")
    if any(number(row.get("density")) for row in rows):
        keys.append(Key("how frequent the values are", "density", "band"))
    legend(sheet, keys, plot.x.start, plot.bottom + 8, sheet.width)


def draw_waterfall(sheet: Sheet, figure: Figure) -> None:
    """From the average patient to this one, a step for each variable."""
    rows, options = figure.tables[0].rows, figure.options
    base = number(options.get("base_value")) or 0.0
    if not rows:
        nothing(sheet)
        return
    most = max(map(abs, numbers(row.get("contribution") for row in rows)), default=0.0)
    digits = 2 if most >= 0.1 else 3
    lines = [
        Line(
            str(options.get("from", "Average values")),
            chance(options.get("reference_probability")),
        ),
        *(_step(row, digits) for row in rows),
        Line(
            str(options.get("to", "This patient")),
            chance(options.get("probability")),
        ),
    ]
    ends = limits((row.get("cumulative") for row in rows), base, room=0.06)
    placed = place(sheet, lines, height=20)
    scale = Scale(*ends, placed.left, placed.right)
    label = str(options.get("axis", "Log-odds"))
    along_the_bottom(sheet, scale, label, placed.top, placed.bottom)
    before, y_before = base, placed.middles[0]
    sheet.dot(scale(base), y_before, 5, "mark three")
    for row, y in zip(rows, placed.middles[1:-1], strict=True):
        after = number(row.get("cumulative"))
        moved = number(row.get("contribution"))
        if after is None or moved is None:
            continue
        sheet.line((scale(before), y_before), (scale(before), y), "link")
        left, right = sorted((scale(after - moved), scale(after)))
        sheet.box(left, y - 8, max(right - left, 1.0), 16, "bar up" if moved > 0 else "bar down")
        before, y_before = after, y
    sheet.line((scale(before), y_before), (scale(before), placed.middles[-1]), "link")
    sheet.dot(scale(before), placed.middles[-1], 5, "mark three")
    write(sheet, lines, placed)


def _step(row: Row, digits: int) -> Line:
    """A step of a waterfall, with its sign where it is not nothing as it is written."""
    moved = number(row.get("contribution"))
    text = amount(moved, digits)
    sign = "+" if moved is not None and moved > 0 and text != amount(0.0, digits) else ""
    value = row.get("value")
    detail = plain_text(value) if value is not None else ""
    return Line(plain_text(row.get("label")), f"{sign}{text}", detail)


def _shade(position: object) -> str:
    known = number(position)
    if known is None:
        return "shade-none"
    return f"shade-{min(int(min(max(known, 0.0), 1.0) * SHADES), SHADES - 1)}"


def _shade_legend(sheet: Sheet, left: float, right: float, *, missing: bool) -> None:
    """Colours from a low to a high value, in words at both ends."""
    y = SMALL * 0.65
    sheet.text(left, y, "low value", "small quiet")
    x = left + width_of("low value", "small") + 10
    for shade in range(SHADES):
        sheet.dots([(x, y)], f"large shade-{shade}")
        x += 11
    sheet.text(x + 1, y, "high", "small quiet")
    x += width_of("high", "small") + 16
    if missing and x + 12 + width_of("missing", "small") < right:
        sheet.dots([(x, y)], "large shade-none")
        sheet.text(x + 9, y, "missing", "small quiet")


def _reference(sheet: Sheet, plot: Plot, ends: object) -> list[Key]:
    """The reference range as a band over the whole height; an open end reaches the frame's."""
    if not isinstance(ends, Sequence) or isinstance(ends, str) or len(ends) != 2:
        return []
    low, high = number(ends[0]), number(ends[1])
    if low is None and high is None:
        return []
    left = plot.x.held(plot.x.low if low is None else low)
    right = plot.x.held(plot.x.high if high is None else high)
    if right <= left:
        return []
    sheet.box(left, plot.y.end, right - left, plot.y.start - plot.y.end, "normal")
    return [Key("reference range", "normal", "band")]


def _density(sheet: Sheet, plot: Plot, rows: Sequence[Row]) -> None:
    """How frequent the values are, as a hill at the bottom."""
    known = [
        (value, dense)
        for row in rows
        if (value := number(row.get("value"))) is not None
        and (dense := number(row.get("density"))) is not None
    ]
    most = max((dense for _, dense in known), default=0.0)
    if most <= 0:
        return
    height = Scale(0.0, most, plot.y.start, plot.y.start - 32)
    hill = [(plot.x(value), height(dense)) for value, dense in known]
    sheet.path(
        [(hill[0][0], plot.y.start), *hill, (hill[-1][0], plot.y.start)], "density", closed=True
    )


def _draw_states(sheet: Sheet, rows: Sequence[Row], states: Sequence[object]) -> None:
    """A bar for each state of a variable that is not a number."""
    lines, drawn = [], []
    for row in rows:
        place_of, value = number(row.get("value")), row.get("value")
        whole = place_of is not None and place_of == int(place_of)
        known = whole and place_of is not None and 0 <= place_of < len(states)
        name = states[int(place_of)] if known and place_of is not None else value
        lines.append(Line(plain_text(name), amount(row.get("contribution"))))
        drawn.append(number(row.get("contribution")))
    if not lines:
        nothing(sheet)
        return
    placed = place(sheet, lines)
    scale = Scale(*limits(drawn, 0.0, room=0.08), placed.left, placed.right)
    along_the_bottom(sheet, scale, _LABEL, placed.top, placed.bottom)
    for contribution, y in zip(drawn, placed.middles, strict=True):
        if contribution is not None:
            left, right = sorted((scale(0.0), scale(contribution)))
            css = "bar up" if contribution > 0 else "bar down"
            sheet.box(left, y - 7, max(right - left, 1.0), 14, css)
    sheet.line((scale(0.0), placed.top), (scale(0.0), placed.bottom), "reference")
    write(sheet, lines, placed)
