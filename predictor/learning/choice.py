"""The rule by which one of several candidates is taken (design section 6)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def differences(losses: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Mean log loss of each candidate less the smallest one, and the standard error of that mean.

    Parameters
    ----------
    losses : shape (..., candidates, units)
        Log loss of each independent unit (patient, or centre), summed over its rows.
    size : shape (..., units)
        Rows of each unit; 0 where it takes no part.

    Returns
    -------
    difference, error : shape (..., candidates)
        The error is over units, of the paired difference.
    """
    rows = size.sum(axis=-1)[..., None]
    means = losses.sum(axis=-1) / rows
    best = means.argmin(axis=-1)[..., None]
    against = losses - np.take_along_axis(losses, best[..., None], axis=-2)
    there = (size > 0.0)[..., None, :]
    count = there.sum(axis=-1)
    average = against.sum(axis=-1) / count
    squares = (np.square(against - average[..., None]) * there).sum(axis=-1)
    error = np.sqrt(squares * count / np.maximum(count - 1, 1)) / rows
    return means - np.take_along_axis(means, best, axis=-1), error


def choose(difference: Floats, error: Floats) -> NDArray[np.int64]:
    """Position of the first candidate within one standard error of the best.

    Parameters
    ----------
    difference, error : shape (..., candidates)
        From :func:`differences`, candidates from simple to complex. The baselines take part:
        where nothing beats them, one of them is the answer.

    Examples
    --------
    >>> int(choose(np.array([0.10, 0.01, 0.0]), np.array([0.05, 0.02, 0.0])))
    1
    """
    return np.asarray((difference <= error).argmax(axis=-1))
