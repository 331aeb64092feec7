"""A points chart: whole points for each stretch of a value, which replace the linear formula.

As the point systems of the Framingham study (Sullivan, Massaro and D'Agostino, Stat Med
2004;23:1631): a point is worth a fixed amount of log-odds, and every variable is cut into
stretches that are one point wide. What that loses is known: no patient with values inside the
chart can be farther from the model than ``bound``, and what it comes to over profiles is measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.explanation.chart_ends import accepted, charted
from predictor.explanation.formula import Formula, significant
from predictor.fitted.models import expit
from predictor.fitted.preparation import Preparation, Values

Whole = NDArray[np.int64]

LENGTHS = (10, 15, 20, 30, 40)
"""Points that the variable with the largest effect may span, the shortest chart first."""
SMALL_LOSS = 0.025
"""Mean difference of the probability over profiles that makes a chart good enough,"""
LARGE_LOSS = 0.1
"""as long as that of no profile is larger than this."""

_MOST_WHOLE = 500
_STEP_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values of a variable that get the same points.

    Parameters
    ----------
    points
        How many.
    low, high
        From ``low`` to below ``high``; of whole numbers, the first and the last one. None for a
        state or a gap.
    state
        A state; None for a number.
    missing
        Whether these are the points where nothing was measured.
    """

    points: int
    low: float | None = None
    high: float | None = None
    state: int | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class PointScale:
    """The points of one variable.

    Parameters
    ----------
    variable
        Its position.
    stretches
        Rising; of a number without gaps between them.
    step
        Units of a number that are worth one point, which goes on beyond the chart; None for states.
    rises
        Whether higher numbers get more points.
    error
        Lowest and highest log-odds that the points of this variable leave out.
    """

    variable: int
    stretches: tuple[Stretch, ...]
    step: float | None
    rises: bool
    error: tuple[float, float]

    @property
    def numbers(self) -> tuple[Stretch, ...]:
        """Stretches of numbers."""
        return tuple(s for s in self.stretches if s.low is not None)

    def points(self, filled: Values, absent: NDArray[np.bool_]) -> Whole:
        """Points of some values of this variable, shape (patients,)."""
        found = self._of_numbers(filled) if self.step else self._of_states(filled)
        for stretch in self.stretches:
            if stretch.missing:
                found[absent] = stretch.points
        return found

    def _of_states(self, filled: Values) -> Whole:
        found = np.zeros(len(filled), dtype=np.int64)
        for stretch in self.stretches:
            if stretch.state is not None:
                found[filled == stretch.state] = stretch.points
        return found

    def _of_numbers(self, filled: Values) -> Whole:
        rows = self.numbers
        lows = np.array([s.low for s in rows], dtype=np.float64)
        points = np.array([s.points for s in rows], dtype=np.int64)
        place = np.searchsorted(lows, filled, side="right") - 1
        found: Whole = points[place.clip(0)]
        sign, step = (1 if self.rises else -1), float(self.step or 1.0)
        # Beyond the chart one point for each further step, counted from its last stretch.
        for end, beyond in ((rows[0], place < 0), (rows[-1], filled > (rows[-1].high or 0.0))):
            centre = ((end.low or 0.0) + (end.high or 0.0)) / 2
            further = (filled[beyond] - centre) / step
            whole = np.sign(further) * np.floor(np.abs(further) + 0.5)
            found[beyond] = end.points + sign * whole.astype(np.int64)
        return found


@dataclass(frozen=True, slots=True)
class PointsChart:
    """A linear model in whole points.

    Parameters
    ----------
    scales
        One for each variable that has an effect.
    unit
        Log-odds that a point is worth.
    offset
        Log-odds of no points.
    bound
        Log-odds by which the chart can differ from the model at most, of values inside it.
    """

    scales: tuple[PointScale, ...]
    unit: float
    offset: float
    bound: float

    @property
    def range(self) -> tuple[int, int]:
        """Fewest and most points inside the chart."""
        each = [[stretch.points for stretch in scale.stretches] for scale in self.scales]
        return sum(map(min, each)), sum(map(max, each))

    @property
    def largest_difference(self) -> float:
        """Largest difference of the probability that ``bound`` allows, anywhere."""
        return widest(self.bound)

    def points(self, filled: Values, absent: NDArray[np.bool_] | None = None) -> Whole:
        """Total points of some patients, shape (patients,).

        Parameters
        ----------
        filled
            Shape (patients, variables), without gaps.
        absent
            Which of them had been missing; None for none.
        """
        gaps = np.zeros(filled.shape, dtype=np.bool_) if absent is None else absent
        total = np.zeros(len(filled), dtype=np.int64)
        for scale in self.scales:
            total += scale.points(filled[:, scale.variable], gaps[:, scale.variable])
        return total

    def probability(self, points: NDArray[np.integer] | Sequence[int]) -> Values:
        """Probability of some totals of points."""
        return expit(self.offset + self.unit * np.asarray(points, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Loss:
    """What rounding comes to over some patients: differences of the probability."""

    largest: float
    mean: float

    @property
    def small(self) -> bool:
        """Whether a chart that loses no more is good enough."""
        return self.mean <= SMALL_LOSS and self.largest <= LARGE_LOSS


def widest(log_odds: float) -> float:
    """Largest difference of two probabilities whose log-odds differ by so much.

    It is the one around a probability of one half.

    >>> round(widest(0.2), 4)
    0.05
    """
    return 2.0 * float(expit(np.array([log_odds / 2]))[0]) - 1.0


def points_chart(
    formula: Formula, preparation: Preparation, variables: Sequence[Variable], length: int
) -> PointsChart | None:
    """Chart of a formula.

    Parameters
    ----------
    formula, preparation
        The model.
    variables
        The predictors, in the order of the columns of values.
    length
        Points that the variable with the largest effect spans.

    Returns
    -------
    PointsChart
        None where nothing has an effect.
    """
    spans = [_span(formula, preparation, variables, j) for j in formula.used]
    unit = significant(max(spans, default=0.0) / length, 3)
    if unit <= 0.0:
        return None
    scales = tuple(_scale(formula, preparation, variables, j, unit) for j in formula.used)
    # In the middle of what is left out, so that the chart can be as far off to either side.
    middle = sum((low + high) / 2 for low, high in (scale.error for scale in scales))
    bound = sum((high - low) / 2 for low, high in (scale.error for scale in scales))
    return PointsChart(scales, unit, formula.intercept + middle, bound)


def shortest_chart(
    formula: Formula,
    preparation: Preparation,
    variables: Sequence[Variable],
    profiles: Values,
) -> PointsChart | None:
    """The shortest chart that is good enough.

    Parameters
    ----------
    formula, preparation, variables
        As for :func:`points_chart`.
    profiles
        Values without gaps, shape (profiles, variables), over which the mean difference of the
        probability may be ``SMALL_LOSS``, and the largest ``LARGE_LOSS``. The longest chart is
        taken where they are larger.
    """
    chart = None
    for length in LENGTHS:
        chart = points_chart(formula, preparation, variables, length)
        if chart is None or loss(chart, formula, profiles).small:
            break
    return chart


def loss(chart: PointsChart, formula: Formula, profiles: Values) -> Loss:
    """Measure what rounding comes to over profiles without gaps, shape (profiles, variables)."""
    exact = expit(formula.log_odds(profiles))
    apart = np.abs(chart.probability(chart.points(profiles)) - exact)
    return Loss(float(apart.max()), float(apart.mean()))


def _span(
    formula: Formula, preparation: Preparation, variables: Sequence[Variable], variable: int
) -> float:
    """Log-odds between the lowest and the highest point of a variable."""
    if variables[variable].kind == "continuous":
        slope = formula.slope(variable)
        if not slope:
            return abs(formula.gap(variable) or 0.0)
        low, high = charted(preparation, variables, variable)
        return abs(slope) * (high - low)
    return float(np.ptp(_states(formula, variables[variable], variable)))


def _states(formula: Formula, variable: Variable, place: int) -> Values:
    """What each state adds to the log-odds, shape (states,)."""
    return formula.part(place, np.arange(len(variable.states), dtype=np.float64))


def _scale(
    formula: Formula,
    preparation: Preparation,
    variables: Sequence[Variable],
    place: int,
    unit: float,
) -> PointScale:
    variable, slope = variables[place], formula.slope(place)
    if variable.kind == "continuous":
        rows, base, step = _numbers(preparation, variables, place, slope, unit)
    else:
        parts = _states(formula, variable, place)
        base, step = float(parts.min()), None
        rows = [Stretch(_nearest((p - base) / unit), state=k) for k, p in enumerate(parts)]
    gap = formula.gap(place)
    if gap is not None:
        fill = float(formula.fill[place])
        there = float(formula.part(place, np.array([fill]), absent=True)[0])
        rows.append(Stretch(_nearest((there - base) / unit), missing=True))
    least = min(row.points for row in rows)
    rows = [Stretch(row.points - least, row.low, row.high, row.state, row.missing) for row in rows]
    left = [rest for row in rows for rest in _left_out(formula, place, row, unit)]
    return PointScale(place, tuple(rows), step, slope > 0.0, (min(left), max(left)))


def _left_out(formula: Formula, place: int, row: Stretch, unit: float) -> list[float]:
    """Log-odds at the ends of a stretch, less those of its points."""
    if row.missing:
        ends = formula.part(place, formula.fill[[place]], absent=True)
    else:
        values = [row.state] if row.low is None else [row.low, row.high]
        ends = formula.part(place, np.array(values, dtype=np.float64))
    return [float(end) - unit * row.points for end in ends]


def _numbers(
    preparation: Preparation,
    variables: Sequence[Variable],
    place: int,
    slope: float,
    unit: float,
) -> tuple[list[Stretch], float, float]:
    """Stretches of a number, log-odds that have no points, and units that a point is worth."""
    low, high = charted(preparation, variables, place)
    if not slope:  # only whether it was measured has an effect
        return [Stretch(0, low, high)], 0.0, math.inf
    step = significant(unit / abs(slope), _STEP_DIGITS)
    if variables[place].integer and math.floor(high) - math.ceil(low) <= _MOST_WHOLE:
        rows, base = _whole_numbers(math.ceil(low), math.floor(high), slope, unit)
        return rows, base, step
    # Marks a tenth to a hundredth of a stretch apart are enough: no hand reads more.
    mark = 10.0 ** math.floor(math.log10(step / 10.0))
    count = max(1, math.ceil((high - low) / step - 1e-9))
    start = math.floor(low / mark) * mark
    edges = [_on_mark(start + k * step, mark) for k in range(count + 1)]
    order = range(count) if slope > 0.0 else range(count - 1, -1, -1)
    pairs = zip(edges[:-1], edges[1:], order, strict=True)
    rows = [Stretch(points, first, last) for first, last, points in pairs]
    lowest = rows[0] if slope > 0.0 else rows[-1]
    base = slope * ((lowest.low or 0.0) + (lowest.high or 0.0)) / 2
    # The first and the last stretch end where values are refused.
    least, most = accepted(variables[place])
    rows[0] = replace(rows[0], low=max(edges[0], least))
    rows[-1] = replace(rows[-1], high=min(edges[-1], most))
    return rows, base, step


def _whole_numbers(low: int, high: int, slope: float, unit: float) -> tuple[list[Stretch], float]:
    """Stretches of whole numbers, and the log-odds that have no points."""
    base = slope * (low if slope > 0.0 else high)
    rows: list[Stretch] = []
    for number in range(low, high + 1):
        points = _nearest((slope * number - base) / unit)
        if rows and rows[-1].points == points:
            rows[-1] = Stretch(points, rows[-1].low, float(number))
        else:
            rows.append(Stretch(points, float(number), float(number)))
    return rows, base


def _nearest(number: float) -> int:
    return math.floor(number + 0.5)


def _on_mark(number: float, mark: float) -> float:
    digits = max(0, -math.floor(math.log10(mark)))
    return round(round(number / mark) * mark, digits)
