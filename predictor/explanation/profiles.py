"""Synthetic profiles that follow a cohort's moments, so that figures need show no real patient.

Each variable keeps its distribution between the 5th and the 95th percentile, smoothed over
deciles, and the variables keep their rank correlations (a Gaussian copula). What a single
patient could be recognised by is not in it: neither extremes, nor states that fewer than one
patient in twenty has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.fitted.preparation import Values

_LEVELS = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
_RAREST = 0.05
_SHRINKAGE = 0.1
_ROUNDS = 20


def synthetic_profiles(
    variables: Sequence[Variable], values: Values, *, count: int, seed: int
) -> Values:
    """Draw profiles.

    Where every variable is a state or a whole number, a profile can by chance be like a patient.
    One that is like a single patient is drawn again; in a cohort so small that this cannot be
    avoided it stays.

    Parameters
    ----------
    variables
        The predictors, in the order of the columns of ``values``.
    values
        The cohort, shape (patients, variables), NaN for missing.
    count, seed
        How many profiles, and the seed of the draw.

    Returns
    -------
    Profiles, shape (count, variables), in the units of the dictionary; complete but for a
    variable that no patient has a value of.
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, 4]))
    factor = np.linalg.cholesky(_correlation(values))
    rows, patients = np.unique(values, axis=0, return_counts=True)
    singled_out = {row.tobytes() for row in rows[patients == 1] + 0.0}
    profiles = np.empty((count, len(variables)))
    again = np.arange(count)
    for _ in range(_ROUNDS):
        profiles[again] = _draw(variables, values, factor, len(again), generator)
        again = np.array([i for i in again if profiles[i].tobytes() in singled_out], dtype=np.intp)
        if not again.size:
            break
    return profiles


def _draw(
    variables: Sequence[Variable],
    values: Values,
    factor: NDArray[np.floating],
    count: int,
    generator: np.random.Generator,
) -> Values:
    from scipy.special import ndtr

    level = ndtr(generator.standard_normal((count, len(variables))) @ factor.T)
    columns = [_at_level(v, values[:, j], level[:, j]) for j, v in enumerate(variables)]
    # Adding zero turns -0.0 into 0.0, so that equal rows have equal bytes.
    return np.column_stack(columns) + 0.0


def _correlation(values: Values) -> NDArray[np.float64]:
    """Correlations of the normal variables behind the columns, made positive definite.

    Ties and gaps pull scores to the middle. If ``a`` is the variance that is left of a column's
    scores, the covariance of two columns is about ``a_i a_j`` times the correlation behind them
    (the first term of Pearson's tetrachoric series), so it is divided by that.
    """
    scores = np.column_stack([_normal_scores(column) for column in values.T])
    left = (scores**2).mean(axis=0)
    scores /= np.where(left > 1e-12, left, np.inf)
    behind = (scores.T @ scores / len(scores)).clip(-1.0, 1.0)
    # Shrinkage tames the chance correlations of few patients.
    behind *= 1 - _SHRINKAGE
    np.fill_diagonal(behind, 1.0)
    size, direction = np.linalg.eigh(behind)
    definite: NDArray[np.float64] = (direction * size.clip(min=1e-3)) @ direction.T
    definite /= np.sqrt(np.outer(np.diag(definite), np.diag(definite)))
    return definite


def _normal_scores(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal scores of mean 0, and of variance 1 without ties and gaps.

    Tied values share the mean of their scores; a missing value stands in the middle.
    """
    from scipy.special import ndtri

    scores = np.zeros(len(column))
    known = ~np.isnan(column)
    if (count := int(known.sum())) > 1:
        untied = ndtri(np.arange(1, count + 1) / (count + 1))
        untied /= np.sqrt((untied**2).mean())
        _, group, size = np.unique(column[known], return_inverse=True, return_counts=True)
        shared = np.add.reduceat(untied, np.cumsum(size) - size) / size
        scores[known] = shared[group]
    return scores


def _at_level(
    variable: Variable, column: NDArray[np.float64], level: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values of one variable at some levels, 0 to 1, of its distribution."""
    known = column[~np.isnan(column)]
    if not known.size:
        return np.full(len(level), np.nan)
    if variable.kind == "continuous":
        # The tails are cut off and not piled up at their ends: in a cohort of 21 the percentile
        # where they would lie is one patient's own value.
        ends = _LEVELS[0], _LEVELS[-1]
        quantiles = np.quantile(known, _LEVELS)
        drawn = np.interp(ends[0] + (ends[1] - ends[0]) * level, _LEVELS, quantiles)
        return _whole(drawn, quantiles[0], quantiles[-1]) if variable.integer else drawn
    states, patients = np.unique(known, return_counts=True)
    frequent = patients >= min(_RAREST * patients.sum(), patients.max())
    states, patients = states[frequent], patients[frequent]
    edges = np.cumsum(patients) / patients.sum()
    position = np.searchsorted(edges, level, side="left").clip(max=len(states) - 1)
    return np.asarray(states[position], dtype=np.float64)


def _whole(drawn: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Whole numbers inside the ends, where there are any."""
    rounded: NDArray[np.float64] = np.round(drawn)
    if np.ceil(low) > np.floor(high):
        return rounded
    return rounded.clip(np.ceil(low), np.floor(high))
