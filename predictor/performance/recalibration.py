"""Calibration intercept and slope of many refitted models at once.

For each row of predictions (one bootstrap refit) and its counts (see
`predictor.performance.weighted`) two logistic models of the outcome on the log-odds of the
prediction are fitted: one with the slope fixed at 1, whose intercept is the calibration in the
large, and one with free intercept and slope (Cox 1958). Rules and values are those of
`predictor.performance.calibration`, which does one row with its Wald intervals: probabilities
closer than 1e-8 to 0 or 1 are moved to that distance; no slope where the log-odds do not vary or
separate the classes.

All rows take their Newton steps together; a row that has arrived leaves, so the work is that of
the rows that are still on their way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.calibration import LOG_ODDS_CLIP, SMALLEST_SPREAD
from predictor.performance.weighted import as_rows

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_TOLERANCE = 1e-10
_LONGEST_STEP = 3.0
_MAX_ITERATIONS = 200
_MAX_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Recalibration:
    """Calibration of each row, shape (B,); NaN where a figure is not defined.

    Parameters
    ----------
    intercept
        With the slope fixed at 1; 0 is right, in log-odds. NaN where the row has one class only.
    slope
        With a free intercept; 1 is right. NaN as well where the log-odds do not vary, or separate
        events from non-events, or so nearly that the search does not end.
    joint_intercept
        The intercept that was free beside the slope, in log-odds; NaN where the slope is.
    """

    intercept: Floats
    slope: Floats
    joint_intercept: Floats


def recalibrate(outcome: ArrayLike, probability: ArrayLike, count: ArrayLike) -> Recalibration:
    """Calibration intercept and slope of each row among its patients.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (B, n)
        Predictions of each refit; a row with NaN gives NaN.
    count : shape (B, n)
        How many times each patient stands in the sample, 0 or more.

    Raises
    ------
    ValueError
        If shapes differ, an outcome is neither 0 nor 1 or a count is negative or missing.

    Examples
    --------
    Of the patients predicted at 1/3 and 2/3 a quarter and three quarters have the event:

    >>> two = recalibrate([1, 0, 1, 0], [[1 / 3, 1 / 3, 2 / 3, 2 / 3]], [[1, 3, 3, 1]])
    >>> round(float(two.slope[0]), 6)  # log(3) / log(2)
    1.584963
    """
    y, p, times = as_rows(outcome, probability, count)
    clipped = np.clip(p, LOG_ODDS_CLIP, 1.0 - LOG_ODDS_CLIP)
    z = np.log(clipped) - np.log1p(-clipped)
    total = times.sum(axis=1)
    events = times @ y
    sound = (events > 0.0) & (events < total) & ~np.isnan(p).any(axis=1)
    intercept, slope, joint = np.full((3, len(p)), np.nan)
    shift, _ = _maximise(y, z[sound], times[sound], None)
    intercept[sound] = shift[:, 0]
    slope[sound], joint[sound] = _lines(y, z[sound], times[sound])
    return Recalibration(intercept, slope, joint)


def _lines(y: Floats, z: Floats, times: Floats) -> tuple[Floats, Floats]:
    """Slope and free intercept, for rows with both classes; NaN where there are none."""
    present = times > 0.0
    of_events = present & (y == 1.0)
    of_others = present & (y == 0.0)
    separated = (_lowest(z, of_events) >= _highest(z, of_others)) | (
        _lowest(z, of_others) >= _highest(z, of_events)
    )
    total = times.sum(axis=1)
    centre = np.einsum("bn,bn->b", times, z) / total
    deviation = z - centre[:, None]
    spread = np.sqrt(np.einsum("bn,bn->b", times, np.square(deviation)) / total)
    # Averages of equal numbers differ in the last digits; such a spread carries no information.
    able = ~separated & (spread >= SMALLEST_SPREAD)
    slope, joint = np.full(len(z), np.nan), np.full(len(z), np.nan)
    columns = deviation[able] / spread[able, None]
    position, converged = _maximise(y, np.zeros(1), times[able], columns)
    found = np.where(converged, position[:, 1] / spread[able], np.nan)
    slope[able] = found
    joint[able] = position[:, 0] - found * centre[able]
    return slope, joint


def _maximise(
    y: Floats, offset: Floats, times: Floats, column: Floats | None
) -> tuple[Floats, Flags]:
    """Maximum likelihood of an intercept and, where ``column`` is given, a slope, in every row.

    Newton's method with step halving. No step moves a log-odds by more than 3: where the start is
    so wrong that the curvature has all but vanished, the direction is still right but the length
    is not.

    Returns
    -------
    position : shape (B, 2)
    converged : shape (B,)
    """
    rows = len(times)
    offset = np.broadcast_to(offset, times.shape)
    position = np.zeros((rows, 2))
    converged = np.zeros(rows, dtype=bool)
    active = np.arange(rows)
    problem = _Rows(2.0 * y - 1.0, offset, times, column)
    state = problem.at(position)
    for _ in range(_MAX_ITERATIONS):
        if not active.size:
            break
        step, solvable = state.step()
        change = problem.change(step)
        arrived = solvable & (change < _TOLERANCE)
        converged[active[arrived]] = True
        going = solvable & ~arrived
        if not going.all():
            active, step, change = active[going], step[going], change[going]
            problem, state = problem.only(going), state.only(going)
            if not active.size:
                break
        step *= np.minimum(1.0, _LONGEST_STEP / change)[:, None]
        state, moved = _improved(problem, state, position[active], step)
        position[active] = moved
    return position, converged


def _improved(
    problem: _Rows, state: _State, position: Floats, step: Floats
) -> tuple[_State, Floats]:
    """Full, half, quarter ... step of each row: the first that does not lower its likelihood."""
    least = state.likelihood - 1e-13 * (1.0 + np.abs(state.likelihood))
    moved = position + step
    following = problem.at(moved)
    worse = np.flatnonzero(~(following.likelihood >= least))
    for halving in range(1, _MAX_HALVINGS):
        if not worse.size:
            break
        moved[worse] = position[worse] + step[worse] * 0.5**halving
        tried = problem.only(worse).at(moved[worse])
        following.replace(worse, tried)
        worse = worse[~(tried.likelihood >= least[worse])]
    return following, moved


@dataclass(frozen=True, slots=True)
class _State:
    """Likelihood, score and information of each row at one position."""

    likelihood: Floats  # (B,)
    score: Floats  # (B, 2)
    information: Floats  # (B, 3): intercept, both, slope

    def step(self) -> tuple[Floats, Flags]:
        """Newton step, and whether there is one (the information is not singular)."""
        a, b, c = self.information.T
        determinant = a * c - b * b
        solvable = determinant > 0.0
        safe = np.where(solvable, determinant, 1.0)
        u, v = self.score.T
        step = np.stack((c * u - b * v, a * v - b * u), axis=1) / safe[:, None]
        return step, solvable

    def only(self, rows: NDArray[np.generic]) -> _State:
        return _State(self.likelihood[rows], self.score[rows], self.information[rows])

    def replace(self, rows: NDArray[np.intp], other: _State) -> None:
        self.likelihood[rows] = other.likelihood
        self.score[rows] = other.score
        self.information[rows] = other.information


@dataclass(frozen=True, slots=True)
class _Rows:
    """The logistic models that are still being fitted, one in each row."""

    sign: Floats  # (n,): +1 event, -1 no event
    offset: Floats  # (B, n), log-odds
    times: Floats  # (B, n)
    column: Floats | None  # (B, n)

    def only(self, rows: NDArray[np.generic]) -> _Rows:
        column = None if self.column is None else self.column[rows]
        return _Rows(self.sign, self.offset[rows], self.times[rows], column)

    def at(self, position: Floats) -> _State:
        """One exponential that cannot overflow."""
        linear = self.offset + position[:, :1]
        if self.column is not None:
            linear += self.column * position[:, 1:]
        margin = self.sign * linear
        small = np.exp(-np.abs(margin))
        total = 1.0 + small
        losses = np.minimum(margin, 0.0) - np.log1p(small)
        likelihood = np.einsum("bn,bn->b", self.times, losses)
        residual = self.times * self.sign * np.where(margin >= 0.0, small, 1.0) / total
        variance = self.times * small / np.square(total)
        score = np.zeros((len(position), 2))
        information = np.zeros((len(position), 3))
        score[:, 0] = residual.sum(axis=1)
        information[:, 0] = variance.sum(axis=1)
        if self.column is None:
            information[:, 2] = 1.0  # keeps the slope, which is not fitted, where it is
        else:
            score[:, 1] = np.einsum("bn,bn->b", residual, self.column)
            weighted = variance * self.column
            information[:, 1] = weighted.sum(axis=1)
            information[:, 2] = np.einsum("bn,bn->b", weighted, self.column)
        return _State(likelihood, score, information)

    def change(self, step: Floats) -> Floats:
        """Largest change of a log-odds of a patient who is in the row, shape (B,)."""
        if self.column is None:
            return np.abs(step[:, 0])
        moved = np.abs(step[:, :1] + step[:, 1:] * self.column)
        return np.asarray(np.where(self.times > 0.0, moved, 0.0).max(axis=1))


def _lowest(values: Floats, among: Flags) -> Floats:
    return np.asarray(np.where(among, values, np.inf).min(axis=1))


def _highest(values: Floats, among: Flags) -> Floats:
    return np.asarray(np.where(among, values, -np.inf).max(axis=1))
