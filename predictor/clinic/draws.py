"""Patients with gaps: the mean over draws of what is missing, its reasons and its spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.explanation.contributions import contributions
from predictor.fitted.bundle import Bundle
from predictor.fitted.encoding import Encoding
from predictor.fitted.models import LinearModel, expit, mean_over_draws
from predictor.fitted.moments import Drawn, Moments
from predictor.fitted.preparation import Values

DRAWS = 40


@dataclass(frozen=True, slots=True)
class OverDraws:
    """Means over the draws of some patients.

    Parameters
    ----------
    probability : shape (patients,)
    values : shape (patients, variables)
        Contributions, which add up to the probability's place on the model's scale.
    centre, spread : shape (patients,)
        Log-odds of the mean probability over the draws by the mean of the replicates, and variance
        by replicates and draws; 0 without replicates.
    known_spread : shape (patients,)
        What it were if the mean over the draws had been measured.
    range : two of shape (patients,), or None
        Means of the bounds of the calibration range, of a model that is not linear.
    """

    probability: Values
    values: Values
    centre: Values
    spread: Values
    known_spread: Values
    range: tuple[Values, Values] | None = None


def over_draws(bundle: Bundle, moments: Moments, values: Values) -> OverDraws:
    """Draw what is missing, and average.

    Parameters
    ----------
    bundle, moments
        The model, and its moments.
    values : shape (patients, variables)
        NaN for missing.
    """
    if isinstance(bundle.model, LinearModel):
        return _linear(bundle, bundle.model, moments, values)
    n, width = values.shape
    flat = moments.draws(values, DRAWS).reshape(n * DRAWS, width)
    absent = np.repeat(np.isnan(values), DRAWS, axis=0)
    found = contributions(bundle.model, bundle.preparation, flat, absent=absent)
    output = found.output.reshape(n, DRAWS)
    each = found.values.reshape(n, DRAWS, width)
    parts = each.mean(axis=1)
    if found.scale == "probability":
        probability = output.mean(axis=1)
    else:
        probability, mean = mean_over_draws(output)
        parts += shared_rest(found.base_value, parts, mean, each.var(axis=1), np.isnan(values))
    bounds = None
    if bundle.calibration is not None:
        each_draw = output if found.scale == "probability" else expit(output)
        low, high = bundle.calibration.at(each_draw)
        bounds = low.mean(axis=1), high.mean(axis=1)
    return OverDraws(probability, parts, np.zeros(n), np.zeros(n), np.zeros(n), bounds)


def _linear(bundle: Bundle, model: LinearModel, moments: Moments, values: Values) -> OverDraws:
    """As for any model, but what does not vary over the draws is worked out once."""
    preparation, replicates = bundle.preparation, bundle.replicates
    n, width = values.shape
    drawn = list(moments.drawn(values, DRAWS))
    encoding = preparation.encoding
    moving = [_moving(encoding, some) for some in drawn]
    per_unit = model.coefficients / preparation.scale
    mean = _mean_columns(encoding, values, moving)
    parts = preparation.fold((mean - preparation.centre) * per_unit)
    each_draw = _drift(moving, per_unit, n) + (model.intercept + parts.sum(axis=1))[:, None]
    probability, output = mean_over_draws(each_draw)
    varies = np.zeros((n, width))
    for some in moving:
        each = some.by_variable(some.moved * per_unit[some.place])
        varies[some.rows[:, None], some.gaps] = np.square(each).mean(axis=1)
    parts += shared_rest(model.intercept, parts, output, varies, np.isnan(values))
    if replicates is None:
        return OverDraws(probability, parts, np.zeros(n), np.zeros(n), np.zeros(n))

    if not replicates.encoding.is_like(encoding):
        moving = [_moving(replicates.encoding, some) for some in drawn]
        mean = _mean_columns(replicates.encoding, values, moving)
    known = np.square(mean @ replicates.root[1:] + replicates.root[0]).sum(axis=1)
    # The mean of a square is the square of the mean and the variance about it.
    around = np.empty(n)
    for some in moving:
        root = replicates.root[1:][some.place]
        covariance = some.moved.transpose(0, 2, 1) @ some.moved / DRAWS
        around[some.rows] = (covariance * (root @ root.T)).sum(axis=(1, 2))
    middle = _drift(moving, replicates.centre[1:], n)
    spread = known + around + middle.var(axis=1)
    middle += (mean @ replicates.centre[1:] + replicates.centre[0])[:, None]
    return OverDraws(probability, parts, mean_over_draws(middle)[1], spread, known)


@dataclass(frozen=True, slots=True)
class _Moving:
    """Columns that differ between the draws, of the patients with the same gaps.

    Parameters
    ----------
    rows, gaps
        As in :class:`predictor.fitted.moments.Drawn`.
    place : shape (columns,)
        Positions of these columns among all.
    mean : shape (patients, columns)
        Over the draws.
    moved : shape (patients, draws, columns)
        How far each draw lies from it.
    encoding
        What the columns stand for: which of the gaps.
    """

    rows: NDArray[np.intp]
    gaps: NDArray[np.intp]
    place: NDArray[np.intp]
    mean: Values
    moved: Values
    encoding: Encoding

    def by_variable(self, per_column: Values) -> Values:
        """Sums over the columns of each variable, shape (patients, draws, gaps)."""
        flat = per_column.reshape(-1, self.place.size)
        folded = self.encoding.folded(flat, self.gaps.size)
        return folded.reshape(*per_column.shape[:2], self.gaps.size)


def _moving(encoding: Encoding, some: Drawn) -> _Moving:
    place, own = encoding.of(some.gaps)
    patients, draws, gaps = some.values.shape
    flat = some.values.reshape(patients * draws, gaps)
    each = own.columns(flat, np.ones(flat.shape, dtype=bool)).reshape(patients, draws, place.size)
    mean = each.mean(axis=1)
    return _Moving(some.rows, some.gaps, place, mean, each - mean[:, None], own)


def _mean_columns(encoding: Encoding, values: Values, moving: Sequence[_Moving]) -> Values:
    """All columns, shape (patients, columns), at their means over the draws."""
    columns = encoding.columns(values, np.isnan(values))
    for some in moving:
        columns[some.rows[:, None], some.place] = some.mean
    return columns


def _drift(moving: Sequence[_Moving], per_unit: Values, patients: int) -> Values:
    """How far each draw lies from the mean on the scale of a formula, shape (patients, draws)."""
    drift = np.zeros((patients, DRAWS))
    for some in moving:
        drift[some.rows] = some.moved @ per_unit[some.place]
    return drift


def shared_rest(
    base_value: float,
    parts: Values,
    output: Values,
    variance: Values,
    missing: NDArray[np.bool_],
) -> Values:
    """What is missing in the reasons, shape (patients, variables), to add up to the output.

    The log-odds of a mean are not the mean of the log-odds. The difference comes from the gaps, so
    they carry it, in proportion to how much each of them leaves open.
    """
    rest = output - (base_value + parts.sum(axis=1))
    share = np.where(missing, variance + 1e-300, 0.0)
    return np.asarray(rest[:, None] * share / share.sum(axis=1, keepdims=True))
