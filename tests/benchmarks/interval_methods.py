"""Intervals of one patient's probability that could be printed, from the same resamples."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.models import expit

Floats = NDArray[np.float64]

LEVEL = 0.95
_REACH = NormalDist().inv_cdf(0.5 + LEVEL / 2.0)
_cdf = np.vectorize(NormalDist().cdf, otypes=[float])
_inv_cdf = np.vectorize(NormalDist().inv_cdf, otypes=[float])


def percentile(log_odds: Floats) -> tuple[Floats, Floats]:
    """Quantiles of the replicates, shape (patients, replicates), as probabilities."""
    low, high = np.quantile(log_odds, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0], axis=1)
    return expit(low), expit(high)


def bias_corrected(log_odds: Floats, point: Floats) -> tuple[Floats, Floats]:
    """Quantiles moved by how many replicates lie below the point (Efron's BC).

    Parameters
    ----------
    log_odds : shape (patients, replicates)
    point : shape (patients,)
        Log-odds of the model from all patients.
    """
    count = log_odds.shape[1]
    below = (log_odds < point[:, None]).mean(axis=1)
    moved = 2.0 * _inv_cdf(np.clip(below, 0.5 / count, 1.0 - 0.5 / count))
    ordered = np.sort(log_odds, axis=1)
    low, high = (_at(ordered, _cdf(moved + side * _REACH)) for side in (-1.0, 1.0))
    return expit(low), expit(high)


def around(point: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """1.96 standard deviations of the log-odds on either side of a point."""
    return expit(point - _REACH * spread), expit(point + _REACH * spread)


def _at(ordered: Floats, share: Floats) -> Floats:
    """One quantile of each row of sorted numbers, as ``numpy.quantile`` has it."""
    place = np.clip(share, 0.0, 1.0) * (ordered.shape[1] - 1)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, ordered.shape[1] - 1)
    rows = np.arange(len(ordered))
    part = place - below
    return np.asarray(ordered[rows, below] * (1.0 - part) + ordered[rows, above] * part)
