"""The smallest number of patients that reaches an aim, read off a learning curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from predictor.errors import ConfigError
from predictor.validation.curve_rows import SizeRow

Measure = Literal["useful", "auroc", "loss", "slope", "width"]

_FIGURE: dict[Measure, str] = {
    "useful": "useful",
    "auroc": "auroc",
    "loss": "auroc_loss",
    "slope": "slope_within",
    "width": "interval_width",
}
AT_MOST: frozenset[Measure] = frozenset({"loss", "width"})
"""Measures of which less is better."""

# Lowest and highest value that an aim can have, both excluded.
_RANGES: dict[Measure, tuple[float, float]] = {
    "useful": (0.0, 1.0),
    "auroc": (0.5, 1.0),
    "loss": (0.0, 0.5),
    "slope": (0.0, 1.0),
    "width": (0.0, 1.0),
}
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Aim:
    """What a study wants to reach.

    Parameters
    ----------
    measure
        ``useful`` (probability of a useful model), ``auroc`` (mean, in new patients), ``loss``
        (what that lacks of the AUROC with very many patients), ``slope`` (probability of a
        calibration slope between the bounds of a useful model) or ``width`` (mean width of a
        patient's interval).
    value
        At least this; at most for ``loss`` and ``width``.
    """

    measure: Measure
    value: float

    def check(self) -> None:
        """Refuse a value that no study can have.

        Raises
        ------
        ConfigError
            Naming the range.
        """
        low, high = _RANGES[self.measure]
        if not low < self.value < high:
            rule = f"it must lie between {low:g} and {high:g}"
            next_step = "Choose a value between, neither end included."
            raise ConfigError(f"--aim {self.measure}", rule, next_step)

    def of(self, row: SizeRow) -> tuple[float | None, float]:
        """What it is held against at one size, and the Monte Carlo error of that."""
        name = _FIGURE[self.measure]
        return getattr(row, name), getattr(row, f"{name}_error") or 0.0


@dataclass(frozen=True, slots=True)
class Reached:
    """The smallest number of patients that reaches an aim, and all larger sizes with it.

    Parameters
    ----------
    aim
        What was asked.
    patients
        Interpolated between the two sizes on the scale of log n; None where the largest does not
        reach it. Equal to the smallest size where that one reaches it already.
    above, upto
        The simulated sizes it lies between; ``above`` is None where the smallest reaches it,
        ``upto`` where none does.
    low, high
        The same with every size's figure 1.96 Monte Carlo errors better, and worse; None where
        the aim is then not reached.
    """

    aim: Aim
    patients: int | None
    above: int | None
    upto: int | None
    low: int | None
    high: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        told = asdict(self)
        return {**told.pop("aim"), **told}


def reached(rows: Sequence[SizeRow], aim: Aim) -> Reached:
    """The smallest number of patients that reaches an aim.

    Parameters
    ----------
    rows
        From the smallest size to the largest.
    aim
        What is asked for.
    """
    sizes = [row.patients for row in rows]
    sign = -1.0 if aim.measure in AT_MOST else 1.0

    def crossing(moved: float) -> tuple[int | None, int | None, int | None]:
        margins = []
        for row in rows:
            value, error = aim.of(row)
            gap = -math.inf if value is None else sign * (value - aim.value) + moved * error
            margins.append(gap)
        return _crossing(sizes, margins)

    patients, above, upto = crossing(0.0)
    return Reached(aim, patients, above, upto, crossing(_Z)[0], crossing(-_Z)[0])


def _crossing(
    sizes: Sequence[int], margins: Sequence[float]
) -> tuple[int | None, int | None, int | None]:
    """Where the margin stays at 0 or above: interpolated, and between which sizes."""
    short = [i for i, margin in enumerate(margins) if margin < 0.0]
    if not short:
        return sizes[0], None, sizes[0]
    last = short[-1]
    if last == len(sizes) - 1:
        return None, sizes[last], None
    below, beyond = margins[last], margins[last + 1]
    # Below a size without any figure nothing is known, so the next size is the answer.
    share = 1.0 if math.isinf(below) else -below / (beyond - below)
    start, end = math.log(sizes[last]), math.log(sizes[last + 1])
    # Rounding must not lift a size above itself.
    between = math.ceil(math.exp(start + share * (end - start)) - 1e-6)
    return between, sizes[last], sizes[last + 1]


def read_aim(text: str) -> Aim:
    """An aim as it is written on the command line.

    Raises
    ------
    ConfigError
        If it cannot be understood.

    >>> read_aim("auroc=0.75")
    Aim(measure='auroc', value=0.75)
    """
    name, _, written = text.partition("=")
    measure = next((known for known in _RANGES if known == name.strip()), None)
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if measure is None or not math.isfinite(value):
        raise ConfigError(
            "--aim",
            "it reads MEASURE=VALUE",
            f"MEASURE is one of {', '.join(_RANGES)}; write auroc=0.75, for example.",
        )
    return Aim(measure, value)
