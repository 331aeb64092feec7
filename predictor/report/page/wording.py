"""How a cell is written for people: in figures, in tables, and in the CSV behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from predictor.clinic.answer import percent as probability_text
from predictor.report.document import Cell, Column
from predictor.report.page.scale import number

UNDEFINED = "–"
"""What stands for a number that is not defined."""

_HUGE = 1e7  # from here on nobody counts digits


def cell_text(column: Column, row: Mapping[str, Cell]) -> str:
    """A cell as it is shown.

    Examples
    --------
    >>> column = Column("auroc", "AUROC", "interval")
    >>> cell_text(column, {"auroc": 0.714, "auroc_low": 0.6, "auroc_high": 0.8})
    '0.71 (0.60 to 0.80)'
    >>> cell_text(Column("share", "Share", "percent"), {"share": 0.125})
    '12%'
    """
    value = row.get(column.key)
    if column.kind != "interval":
        return _written(value, column)
    low, high = (row.get(f"{column.key}_{end}") for end in ("low", "high"))
    return with_interval(*(_written(cell, column) for cell in (value, low, high)))


def with_interval(value: str, low: str, high: str) -> str:
    """A number with its interval, as far as they are defined.

    >>> with_interval("0.71", "–", "–")
    '0.71'
    """
    if UNDEFINED in {low, high} or value == UNDEFINED:
        return value
    return f"{value} ({low} to {high})"


def amount(value: object, digits: int = 2, *, percent: bool = False) -> str:
    """A number as it is shown; of a share, ``digits`` are those of the share itself.

    Examples
    --------
    >>> amount(-0.004), amount(0.355, percent=True), amount(None)
    ('0.00', '36%', '–')
    """
    known = number(value)
    if known is None:
        return UNDEFINED
    if percent:
        return f"{_rounded(100 * known, max(digits - 2, 0))}%"
    return _rounded(known, digits)


def chance(value: object) -> str:
    """A probability as it is shown everywhere in the package.

    >>> chance(0.355), chance(0.004), chance(None)
    ('36%', 'below 1%', '–')
    """
    known = number(value)
    return UNDEFINED if known is None else probability_text(known)


def plain_text(value: object) -> str:
    """A cell of text, whatever it holds."""
    if value is None:
        return UNDEFINED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    return str(value)


def is_numeric(column: Column) -> bool:
    """Whether a column stands at the right and is sorted by number."""
    return column.kind != "text"


def _written(value: Any, column: Column) -> str:
    if column.kind == "text" or isinstance(value, str | bool):
        return plain_text(value)  # such as "fewer than 5" in a column of counts
    if column.kind == "count":
        return amount(value, 0)
    return amount(value, column.digits, percent=column.kind == "percent")


def _rounded(value: float, digits: int) -> str:
    if abs(value) >= _HUGE:
        return f"{value:.4g}".replace("-", "−")
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")
