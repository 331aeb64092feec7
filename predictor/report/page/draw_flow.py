"""The flow of patients: from those read to those analysed, with who left and why."""

from __future__ import annotations

from predictor.report.document import Figure
from predictor.report.page.plot import Row, nothing
from predictor.report.page.scale import number
from predictor.report.page.sheet import LINE, TEXT, Sheet, height_of
from predictor.report.page.wording import plain_text

_PAD = 9.0
_LINES = 4


def draw_flow(sheet: Sheet, figure: Figure) -> None:
    """A box for each step down the page, one at its side for those who left before it."""
    rows = figure.tables[0].rows
    if not rows:
        nothing(sheet)
        return
    masked = str(figure.options.get("masked", "few"))
    width = 190.0 if sheet.narrow else 280.0
    main_x, y = 0.0, 2.0
    middle = main_x + 26.0 if sheet.narrow else main_x + width / 2
    before: float | None = None
    for row in rows:
        if row.get("excluded"):
            # Branches off the line that goes on to the next step.
            x = middle + 26 if sheet.narrow else width + 40
            text = plain_text(row.get("excluded"))
            y = (before if before is not None else y) + 12
            bottom = _box(sheet, x, y, sheet.width - x - 1, text, _count(row, masked), "aside")
            sheet.line((middle, before or y), (middle, bottom), "arrow")
            half = (y + bottom) / 2
            sheet.line((middle, half), (x, half), "arrow")
            _head(sheet, x, half, down=False)
            y = before = bottom
            continue
        if before is not None:
            y = before + 22
            sheet.line((middle, before), (middle, y), "arrow")
            _head(sheet, middle, y, down=True)
        before = _box(sheet, main_x + 1, y, width, plain_text(row.get("step")),
                      _count(row, masked), "step")  # fmt: skip


def _box(sheet: Sheet, x: float, y: float, width: float, text: str, count: str, css: str) -> float:
    """A box with a count and what it counts; the place below it."""
    room = width - 2 * _PAD
    height = TEXT * LINE + height_of(text, room, lines=_LINES) + 2 * _PAD - 4
    sheet.box(x, y, width, height, css)
    below = sheet.lines(x + _PAD, y + _PAD - 2, count, room, "bold", lines=1)
    sheet.lines(x + _PAD, below, text, room, lines=_LINES)
    return y + height


def _head(sheet: Sheet, x: float, y: float, *, down: bool) -> None:
    """Head of an arrow."""
    tips = ((x - 4, y - 6), (x + 4, y - 6)) if down else ((x - 6, y - 4), (x - 6, y + 4))
    sheet.path([tips[0], (x, y), tips[1]], "head", closed=True)


def _count(row: Row, masked: str) -> str:
    patients = number(row.get("patients"))
    return masked if patients is None else f"{patients:.0f}"
