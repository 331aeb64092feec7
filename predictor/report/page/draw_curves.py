"""Figures over two axes: ROC, calibration, decision, instability, and any other lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from predictor.report.document import Figure
from predictor.report.page.plot import (
    SERIES,
    Axis,
    Key,
    Plot,
    Row,
    band,
    framed,
    legend,
    nothing,
    points_of,
)
from predictor.report.page.scale import Scale, limits, number, numbers
from predictor.report.page.sheet import Sheet

SQUARE = 380.0
"""Side of a figure whose two axes have the same numbers."""

_HISTOGRAM = 4.0  # from the axis of a calibration curve to its histogram

# A curve that falls far below zero would press flat what matters above it.
_BELOW = -0.5  # of the highest net benefit


def draw_roc(sheet: Sheet, figure: Figure) -> None:
    """True against false positive rate, one line a series."""
    rows = figure.tables[0].rows
    plot = _square(sheet, "1 − specificity", "Sensitivity", percent=False)
    sheet.path([plot.at(0, 0), plot.at(1, 1)], "diagonal")
    by_series = _by_series(rows)
    texts = figure.options.get("auroc") or {}
    keys: list[Key] = []
    for css, (name, members) in zip(_classes(len(by_series)), by_series.items(), strict=True):
        for points in points_of(plot, members, "false_positive_rate", "true_positive_rate"):
            sheet.path(points, f"series {css}")
        said = texts.get(name) if isinstance(texts, Mapping) else None
        keys.append(Key(f"{name}: {said}" if said else name, f"series {css}"))
    keys.append(Key("no discrimination", "diagonal"))
    _beside(sheet, plot, keys)


def draw_calibration(sheet: Sheet, figure: Figure) -> None:
    """Observed against predicted, with how many patients had which prediction."""
    rows = figure.tables[0].rows
    plot = _square(sheet, "Predicted probability", "Observed share", percent=True, axis=False)
    keys = []
    if band(sheet, plot, rows, "predicted", "low", "high"):
        level = figure.options.get("band")
        keys.append(Key(str(level) if level else "interval", "band", "band"))
    sheet.path([plot.at(0, 0), plot.at(1, 1)], "diagonal")
    for points in points_of(plot, rows, "predicted", "observed"):
        sheet.path(points, "series one")
    if len(rows) == 1:  # one probability for everybody is a point, which no line shows
        _point(sheet, plot, rows[0])
    keys = [Key("this model", "series one"), *keys, Key("perfect agreement", "diagonal")]
    bins = figure.tables[1].rows if len(figure.tables) > 1 else ()
    bottom = _histogram(sheet, plot, bins) if bins else plot.bottom
    counted = []
    if bins:
        counted = [Key("with the event", "bar one", "box"), Key("without", "bar two", "box")]
        if any(number(row.get(key)) is None for row in bins for key in ("events", "others")):
            counted.append(Key("too few to be shown", "hollow", "dot"))
    if sheet.narrow:
        _beside(sheet, Plot(plot.x, plot.y, bottom), [*keys, *counted])
        return
    _beside(sheet, plot, keys)
    _listed(sheet, plot, counted, plot.bottom + _HISTOGRAM)


def draw_decision(sheet: Sheet, figure: Figure) -> None:
    """Net benefit against the threshold, with treating all and treating none."""
    rows = figure.tables[0].rows
    thresholds = numbers(row.get("threshold") for row in rows)
    if not thresholds:
        nothing(sheet)
        return
    benefits = numbers(row.get(key) for row in rows for key in ("model", "treat_all"))
    top = max([*benefits, 0.01])
    widest = max([top, *numbers(row.get("model_high") for row in rows)])
    lowest = min([0.0, *numbers(row.get("model") for row in rows)])
    low = max(min([lowest, *benefits]), _BELOW * top)
    axes = (
        Axis("Threshold of the probability", min(0.0, *thresholds), max(thresholds), percent=True),
        Axis("Net benefit", low - 0.03 * top, min(widest, 2 * top) + 0.03 * top),
    )
    plot = framed(sheet, *axes, height=_height(sheet))
    keys = [Key("this model", "series one")]
    if band(sheet, plot, rows, "threshold", "model_low", "model_high"):
        keys.append(Key(str(figure.options.get("band") or "interval"), "band", "band"))
    sheet.line((plot.x.start, plot.y(0)), (plot.x.end, plot.y(0)), "series four")
    for points in points_of(plot, rows, "threshold", "treat_all"):
        sheet.path(points, "series two")
    for points in points_of(plot, rows, "threshold", "model"):
        sheet.path(points, "series one")
    keys += [Key("acting in everybody", "series two"), Key("acting in nobody", "series four")]
    legend(sheet, keys, plot.x.start, plot.bottom + 8, sheet.width)


def draw_instability(sheet: Sheet, figure: Figure) -> None:
    """How far the refits spread around the model's prediction, in groups of patients."""
    rows = figure.tables[0].rows
    plot = _square(sheet, "Predicted probability", "Predicted by the refitted models", percent=True)
    sheet.path([plot.at(0, 0), plot.at(1, 1)], "diagonal")
    for row in rows:
        x, low, high = (number(row.get(key)) for key in ("predicted", "low", "high"))
        if x is None or low is None or high is None:
            continue
        sheet.line((plot.x(x), plot.y.held(low)), (plot.x(x), plot.y.held(high)), "interval one")
        sheet.dot(plot.x(x), plot.y(x), 2.5, "mark one")
    spread = str(figure.options.get("band") or "where the refitted models lie")
    keys = [Key("a group of patients", "mark one", "dot"), Key(spread, "interval one")]
    _beside(sheet, plot, [*keys, Key("no change", "diagonal")])


def draw_lines(sheet: Sheet, figure: Figure) -> None:
    """Any lines over a common axis, with bands where there are any."""
    rows = figure.tables[0].rows
    options = figure.options
    xs = numbers(row.get("x") for row in rows)
    if not xs:
        nothing(sheet)
        return
    ys = [row.get(key) for row in rows for key in ("y", "low", "high")]
    axes = (
        Axis(str(options.get("x_label", "")), *limits(xs, room=0.02)),
        Axis(str(options.get("y_label", "")), *limits(ys)),
    )
    plot = framed(sheet, *axes, height=_height(sheet))
    by_series = _by_series(rows)
    reference = number(options.get("reference"))
    if reference is not None and plot.y.holds(reference):
        sheet.line((plot.x.start, plot.y(reference)), (plot.x.end, plot.y(reference)), "diagonal")
    for members in by_series.values():
        band(sheet, plot, members, "x", "low", "high")
    keys = []
    for css, (name, members) in zip(_classes(len(by_series)), by_series.items(), strict=True):
        for points in points_of(plot, members, "x", "y"):
            sheet.path(points, f"series {css}")
        for row in members:
            x, y = number(row.get("x")), number(row.get("y"))
            if x is not None and y is not None and len(members) <= 30:
                sheet.dot(plot.x(x), plot.y(y), 3, f"mark {css}")
        keys.append(Key(name, f"series {css}"))
    if any(key.label for key in keys):
        legend(sheet, keys, plot.x.start, plot.bottom + 8, sheet.width)


def _square(sheet: Sheet, x: str, y: str, *, percent: bool, axis: bool = True) -> Plot:
    """A frame from 0 to 1 both ways, as high as wide."""
    side = SQUARE if not sheet.narrow else sheet.width - 60
    right = side + 46
    # The axis below has its name under the histogram where there is one.
    return framed(
        sheet, Axis(x if axis else "", 0, 1, percent), Axis(y, 0, 1, percent), right=right,
        height=side,
    )  # fmt: skip


def _beside(sheet: Sheet, plot: Plot, keys: Sequence[Key]) -> None:
    """The legend right of a square, or below it where there is no room."""
    if sheet.narrow:
        legend(sheet, keys, plot.x.start, plot.bottom + 8, sheet.width)
        return
    _listed(sheet, plot, keys, plot.y.end + 2)


def _listed(sheet: Sheet, plot: Plot, keys: Sequence[Key], top: float) -> None:
    """Keys below each other, right of a frame."""
    left = plot.x.end + 28
    for key in keys:
        top = legend(sheet, [key], left, top, sheet.width) + 6


def _point(sheet: Sheet, plot: Plot, row: Row) -> None:
    """The only point of a calibration curve, with its interval."""
    x, y, low, high = (number(row.get(key)) for key in ("predicted", "observed", "low", "high"))
    if x is None or y is None:
        return
    if low is not None and high is not None:
        sheet.line(plot.at(x, low), plot.at(x, high), "interval one")
    sheet.dot(*plot.at(x, y), 3.5, "mark one")


def _histogram(sheet: Sheet, plot: Plot, bins: Sequence[Row]) -> float:
    """Patients by prediction: up those with the event, down the others; the place below it.

    Bins differ in width, so that it is the area of a bar that stands for its patients.
    """
    most = max([1.0, *numbers(_tall(row, key) for row in bins for key in ("events", "others"))])
    top = plot.bottom + _HISTOGRAM
    height = 34.0
    middle = top + height
    for key, css, direction in (("events", "one", -1), ("others", "two", 1)):
        scale = Scale(0, most, middle, middle + direction * height)
        for row in bins:
            low, high = number(row.get("low")), number(row.get("high"))
            if low is None or high is None:
                continue
            left, right = plot.x(low) + 0.75, plot.x(high) - 0.75
            count = _tall(row, key)
            if count is None:
                sheet.dot((left + right) / 2, middle + direction * 6, 2.5, "hollow")
            elif count > 0:
                y = min(middle, scale(count))
                sheet.box(left, y, right - left, abs(scale(count) - middle), f"bar {css}")
    sheet.line((plot.x.start, middle), (plot.x.end, middle), "axis")
    sheet.text(plot.x.start - 6, top + 5, f"{most:.0f}", "small quiet", anchor="end")
    sheet.text(plot.x.start - 6, middle + height - 5, f"{most:.0f}", "small quiet", anchor="end")
    middle_x = (plot.x.start + plot.x.end) / 2
    label = "Predicted probability, and patients within 5 percentage points"
    bottom = middle + height + 4
    room = 2 * min(middle_x, sheet.width - middle_x)
    return sheet.lines(middle_x, bottom, label, room, "small quiet", anchor="middle")


def _tall(row: Row, key: str) -> float | None:
    """Patients of a bin for each 5 percentage points of its width."""
    count, low, high = (number(row.get(name)) for name in (key, "low", "high"))
    if count is None or low is None or high is None or high <= low:
        return None
    return 0.05 * count / (high - low)


def _by_series(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by their series, in the order of the table."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row.get("series", "")), []).append(row)
    return found


def _classes(count: int) -> list[str]:
    """Classes of so many series; they begin anew where there are more than the eye keeps apart."""
    return [SERIES[place % len(SERIES)] for place in range(count)]


def _height(sheet: Sheet) -> float:
    return 230.0 if sheet.narrow else 300.0
