"""Synthetic profiles that follow a cohort's moments, so that figures need show no real patient.

Each variable keeps its distribution between the 5th and the 95th percentile, smoothed over
deciles, and the variables keep their rank correlations (a Gaussian copula). What a single
patient could be recognised by, the extremes, is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.fitted.preparation import Values

_LEVELS = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
_SHRINKAGE = 0.1


def synthetic_profiles(
    variables: Sequence[Variable], values: Values, *, count: int, seed: int
) -> Values:
    """Draw profiles.

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
    Complete profiles, shape (count, variables), in the units of the dictionary.
    """
    from scipy.special import ndtr

    generator = np.random.default_rng(np.random.SeedSequence([seed, 4]))
    scores = np.column_stack([_normal_scores(column) for column in values.T])
    correlation = np.atleast_2d(np.corrcoef(scores, rowvar=False))
    correlation = np.nan_to_num(correlation, nan=0.0)
    # Shrinking towards independence makes the matrix positive definite in any cohort.
    correlation = (1 - _SHRINKAGE) * correlation
    np.fill_diagonal(correlation, 1.0)
    normal = generator.standard_normal((count, len(variables))) @ np.linalg.cholesky(correlation).T
    level = ndtr(normal)
    return np.column_stack(
        [_at_level(v, values[:, j], level[:, j]) for j, v in enumerate(variables)]
    )


def _normal_scores(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal scores of the ranks; a missing value stands in the middle."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores = np.zeros(len(column))
    known = ~np.isnan(column)
    if known.any():
        scores[known] = ndtri(rankdata(column[known]) / (known.sum() + 1))
    return scores


def _at_level(
    variable: Variable, column: NDArray[np.float64], level: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values of one variable at some levels of its distribution."""
    known = column[~np.isnan(column)]
    if variable.kind == "continuous":
        drawn = np.interp(level, _LEVELS, np.quantile(known, _LEVELS))
        return np.asarray(np.round(drawn) if variable.integer else drawn)
    states, counts = np.unique(known, return_counts=True)
    edges = np.cumsum(counts) / counts.sum()
    position = np.searchsorted(edges, level, side="left").clip(max=len(states) - 1)
    return np.asarray(states[position], dtype=np.float64)
