"""Patients with gaps: the mean over draws of what is missing, its reasons and its spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.explanation.contributions import contributions
from predictor.fitted.bundle import Bundle
from predictor.fitted.encoding import Encoding
from predictor.fitted.models import LinearModel, expit
from predictor.fitted.moments import Drawn, Moments
from predictor.fitted.preparation import Values

DRAWS = 40

# Probabilities are kept this far from 0 and 1 where their log-odds are needed.
_EDGE = 1e-12


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
        by replicates and draws; those of the model and 0 without replicates.
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
        probability = expit(output).mean(axis=1)
        parts += _rest(found.base_value, parts, probability, each.var(axis=1), np.isnan(values))
    bounds = None
    if bundle.calibration is not None:
        each_draw = output if found.scale == "probability" else expit(output)
        low, high = bundle.calibration.at(each_draw)
        bounds = low.mean(axis=1), high.mean(axis=1)
    centre = log_odds(probability)
    return OverDraws(probability, parts, centre, np.zeros(n), np.zeros(n), bounds)


def log_odds(probability: Values) -> Values:
    """Log-odds of probabilities, finite for 0 and 1 too."""
    inside = np.clip(probability, _EDGE, 1.0 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _linear(bundle: Bundle, model: LinearModel, moments: Moments, values: Values) -> OverDraws:
    """As for any model, but what does not vary over the draws is worked out once."""
    preparation, replicates = bundle.preparation, bundle.replicates
    n = len(values)
    probability, parts = np.empty(n), np.empty(values.shape)
    centre, spread, known_spread = np.empty(n), np.zeros(n), np.zeros(n)
    per_unit = model.coefficients / preparation.scale
    for some in moments.drawn(values, DRAWS):
        filled = _over_draws(preparation.encoding, values, some)
        part = preparation.fold((filled.mean - preparation.centre) * per_unit)
        moved = filled.moved * per_unit[filled.place]
        output = model.intercept + part.sum(axis=1)[:, None] + moved.sum(axis=2)
        likely = expit(output).mean(axis=1)
        varies = np.zeros(part.shape)
        varies[:, some.gaps] = np.square(filled.by_variable(moved)).mean(axis=1)
        missing = np.zeros(part.shape, dtype=bool)
        missing[:, some.gaps] = True
        part += _rest(model.intercept, part, likely, varies, missing)
        probability[some.rows], parts[some.rows] = likely, part
        centre[some.rows] = log_odds(likely)
        if replicates is not None:
            filled = _over_draws(replicates.encoding, values, some)
            known = np.square(filled.mean @ replicates.root[1:] + replicates.root[0]).sum(axis=1)
            # The mean of a square is the square of the mean and the variance about it.
            around = np.square(filled.moved @ replicates.root[1:][filled.place]).sum(axis=2)
            middle = filled.moved @ replicates.centre[1:][filled.place]
            spread[some.rows] = known + around.mean(axis=1) + middle.var(axis=1)
            known_spread[some.rows] = known
            middle += (filled.mean @ replicates.centre[1:] + replicates.centre[0])[:, None]
            centre[some.rows] = log_odds(expit(middle).mean(axis=1))
    return OverDraws(probability, parts, centre, spread, known_spread)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns of some patients over the draws.

    Parameters
    ----------
    mean : shape (patients, columns)
    place : shape (moving columns,)
        Columns of the variables with gaps; the others are the same in all draws.
    moved : shape (patients, draws, moving columns)
        How far these lie from their mean.
    encoding, gaps
        What these columns stand for: which of so many variables.
    """

    mean: Values
    place: NDArray[np.intp]
    moved: Values
    encoding: Encoding
    gaps: int

    def by_variable(self, per_column: Values) -> Values:
        """Sums over the moving columns of each variable with gaps."""
        flat = per_column.reshape(-1, self.place.size)
        return self.encoding.folded(flat, self.gaps).reshape(*per_column.shape[:2], self.gaps)


def _over_draws(encoding: Encoding, values: Values, some: Drawn) -> _Columns:
    place, moving = encoding.of(some.gaps)
    patients, draws, gaps = some.values.shape
    flat = some.values.reshape(patients * draws, gaps)
    each = moving.columns(flat, np.ones(flat.shape, dtype=bool))
    each = each.reshape(patients, draws, place.size)
    known = values[some.rows]
    mean = encoding.columns(known, np.isnan(known))
    mean[:, place] = each.mean(axis=1)
    return _Columns(mean, place, each - mean[:, None, place], moving, gaps)


def _rest(
    base_value: float,
    parts: Values,
    probability: Values,
    variance: Values,
    missing: NDArray[np.bool_],
) -> Values:
    """What is missing in the reasons, shape (patients, variables), to add up to the probability.

    The log-odds of a mean are not the mean of the log-odds. The difference comes from the gaps, so
    they carry it, in proportion to how much each of them leaves open.
    """
    rest = log_odds(probability) - (base_value + parts.sum(axis=1))
    share = np.where(missing, variance + 1e-300, 0.0)
    return np.asarray(rest[:, None] * share / share.sum(axis=1, keepdims=True))
