"""Learning the moments of a cohort (see `predictor.fitted.moments`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf

from predictor.fitted.moments import LEAST_EIGENVALUE, Moments
from predictor.learning.preparer import Column

Floats = NDArray[np.float64]

# Shares at which distances are kept: enough for a percentile, too few to tell patients.
_SHARES = 21
_SMALLEST_SPREAD = 1e-10
# Leaving out one patient at a time up to here, parts of the cohort beyond.
_MOST_LEFT_OUT = 500
_LEVEL = 0.95
_LEAST_SHRUNKEN = 10.0 * LEAST_EIGENVALUE


def moments(columns: tuple[Column, ...], values: Floats) -> Moments:
    """Learn what is typical, how variables go together and how far patients are from each other.

    The covariance is shrunken by Ledoit and Wolf (J Multivar Anal 2004;88:365), a missing value
    standing at its mean. The cut-off is the conformal quantile of the patients' leave-one-out
    distances: of new patients of the same population at most one in twenty lies beyond it, up to
    what a finite cohort can tell.

    Parameters
    ----------
    columns
        The variables.
    values : shape (patients, variables)
        NaN for missing.
    """
    everybody = _moments(columns, values)
    n = len(values)
    parts = np.arange(n) if n <= _MOST_LEFT_OUT else np.arange(n) % 20
    distance = np.empty(n)
    for part in np.unique(parts):
        out = parts == part
        distance[out] = _moments(columns, values[~out]).distance(values[out])
    ordered = np.sort(distance)
    place = min(n, int(np.ceil((n + 1) * _LEVEL))) - 1
    return Moments(
        everybody.centre,
        everybody.spread,
        everybody.correlation,
        everybody.low,
        everybody.high,
        everybody.whole,
        np.quantile(ordered, np.linspace(0.0, 1.0, _SHARES)),
        float(ordered[place]),
    )


def _moments(columns: tuple[Column, ...], values: Floats) -> Moments:
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, values, 0.0).sum(axis=0) / count
    z = np.where(known, values - centre, 0.0)
    spread = np.sqrt(np.square(z).sum(axis=0) / count)
    spread = np.where(spread > _SMALLEST_SPREAD * np.maximum(np.abs(centre), 1.0), spread, 1.0)
    covariance, _ = ledoit_wolf(z / spread, assume_centered=True)
    scale = np.sqrt(np.maximum(np.diag(covariance), _SMALLEST_SPREAD))
    # Variables that repeat each other in a large cohort are hardly shrunken.
    correlation = covariance / np.outer(scale, scale) * (1.0 - _LEAST_SHRUNKEN)
    np.fill_diagonal(correlation, 1.0)
    low = [0.0 if c.states else (-np.inf if c.low is None else c.low) for c in columns]
    high = [
        float(len(c.states) - 1) if c.states else (np.inf if c.high is None else c.high)
        for c in columns
    ]
    with np.errstate(invalid="ignore"):
        whole = np.array([(values[k, j] % 1 == 0).all() for j, k in enumerate(known.T)])
    return Moments(
        centre,
        spread,
        correlation,
        np.array(low),
        np.array(high),
        whole,
        np.array([0.0, 1.0]),
        np.inf,
    )
