"""Numbers to places on the sheet, and the round numbers that are written at an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Scale:
    """A line of numbers on the sheet.

    Parameters
    ----------
    low, high
        Numbers at its ends; ``low < high``.
    start, end
        Places of these; ``end`` may lie before ``start``, as on an axis that goes up.
    ratios
        Whether equal ratios are equally long; both ends are above 0 then.
    """

    low: float
    high: float
    start: float
    end: float
    ratios: bool = False

    def __call__(self, value: float) -> float:
        """Place of a number."""
        low, high = self.low, self.high
        if self.ratios:
            value, low, high = math.log(value), math.log(low), math.log(high)
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def held(self, value: float) -> float:
        """Place of a number; of the nearer end where it lies beyond."""
        return self(min(max(value, self.low), self.high))

    def holds(self, value: float) -> bool:
        """Whether a number lies on the line."""
        return self.low <= value <= self.high


def limits(values: Iterable[object], *more: float, room: float = 0.04) -> tuple[float, float]:
    """Ends of a line on which some numbers lie with room at both sides.

    Parameters
    ----------
    values
        Those that are no numbers are left out.
    more
        Further numbers that must be on it.
    room
        At each end, as a part of the length.
    """
    known = [*numbers(values), *more]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-300):
        spread = abs(low) / 10 or 1.0
        return low - spread, high + spread
    return low - room * (high - low), high + room * (high - low)


def numbers(values: Iterable[object]) -> list[float]:
    """Those of some cells that are finite numbers."""
    return [found for value in values if (found := number(value)) is not None]


def number(value: object) -> float | None:
    """A cell as a number; None for text, nothing and what is not finite."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def ticks(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Round numbers between two, in even steps of 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> ticks(0.0, 1.0)
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    """
    if not low < high:
        return (low,)
    raw = (high - low) / max(most - 1, 1)
    power = math.floor(math.log10(raw))
    step = next(
        factor * 10.0**power for factor in (1, 2, 5, 10, 20) if factor * 10.0**power >= raw * 0.999
    )
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return tuple(round(n * step, decimals) + 0.0 for n in range(first, last + 1))


def ratio_ticks(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Round numbers between two above 0, in steps that are about as many times the one before.

    Examples
    --------
    >>> ratio_ticks(0.2, 5.0), ratio_ticks(0.2, 5.0, 3), ratio_ticks(0.01, 100.0, 3)
    ((0.2, 0.5, 1.0, 2.0, 5.0), (0.5, 1.0, 2.0), (0.01, 1.0, 100.0))
    """
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: tuple[float, ...] = ()
    fewer = (((0.5, 1, 2), 9),) if high < 30 * low else (((1,), 1), ((1,), 2), ((1,), 4))
    for factors, every in (((1, 1.5, 2, 3, 5, 7), 1), ((1, 2, 5), 1), *fewer):
        marks = (round(f * 10.0**ten, 12) for ten in tens if ten % every == 0 for f in factors)
        found = tuple(mark for mark in marks if low * 0.999 <= mark <= high * 1.001)
        if len(found) <= most:
            break
    return found


def tick_texts(marks: Sequence[float], *, percent: bool = False) -> list[str]:
    """The numbers of an axis, all with as many decimals as their step needs.

    Examples
    --------
    >>> tick_texts((-0.5, 0.0, 0.5)), tick_texts((0.0, 0.25), percent=True)
    (['−0.5', '0.0', '0.5'], ['0%', '25%'])
    """
    factor = 100.0 if percent else 1.0
    steps = [abs(b - a) * factor for a, b in pairwise(marks)]
    step = min((s for s in steps if s > 0), default=1.0)
    decimals = next((d for d in range(9) if _is_whole(step * 10**d)), 9)
    tail = "%" if percent else ""
    return [f"{mark * factor + 0.0:.{decimals}f}{tail}".replace("-", "−") for mark in marks]


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6 and round(value) > 0
