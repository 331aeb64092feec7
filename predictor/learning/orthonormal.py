"""Orthonormal coordinates of a design matrix, in which Newton's method has an easy task.

With the weighted, centred design Z = U S V' the linear predictor is written a + Q t, where
Q = Z V / S has weighted orthonormal columns. There the information matrix of a logistic model
starts out as a multiple of the identity whatever the units or the correlation of the predictors,
a ridge penalty on the coefficients is the diagonal lambda / S^2, and directions without
information (constant or dependent columns, more columns than patients) are simply absent. The
mapping back gives those directions no share: among equally good solutions it is the one with the
smallest coefficients, and a constant column gets exactly 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OrthonormalFrame:
    """Orthonormal coordinates t of the coefficients of a design.

    Parameters
    ----------
    columns : shape (n, rank)
        Q: centred, with sum over rows of w q q' equal to the identity.
    centre : shape (q,)
        Weighted mean of each original column.
    singular : shape (rank,)
        S, all greater than 0.
    back : shape (q, rank)
        Coefficients of the original columns are ``back @ t``.
    """

    columns: Floats
    centre: Floats
    singular: Floats
    back: Floats


def orthonormal_frame(x: Floats, w: Floats, *, scaled: bool) -> OrthonormalFrame:
    """Weighted orthonormal columns that span the centred design.

    Parameters
    ----------
    x : shape (n, q)
        Finite numbers; q may be 0.
    w : shape (n,)
        Positive weights.
    scaled
        Divide columns by their standard deviation first. That changes nothing in an unpenalised
        fit except that the rank no longer depends on units; under a ridge penalty the geometry is
        given by the columns as they are.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])  # the second is twice the first
    >>> frame = orthonormal_frame(x, np.ones(3), scaled=False)
    >>> frame.singular.size, bool(np.allclose(frame.columns.T @ frame.columns, 1.0))
    (1, True)
    """
    patients = float(w.sum())
    epsilon = float(np.finfo(np.float64).eps)
    centre = (w @ x) / patients
    centred = x - centre
    size = np.abs(x).max(axis=0, initial=0.0)
    # Rounding of the mean leaves a constant column at about this size instead of 0.
    centred[:, np.abs(centred).max(axis=0, initial=0.0) <= 8.0 * epsilon * size] = 0.0
    scale = np.ones(x.shape[1])
    if scaled:
        deviation = np.sqrt((w @ np.square(centred)) / patients)
        scale = np.where(deviation > 0.0, deviation, 1.0)
        centred /= scale
    # A second pass takes away what rounding of the mean left in the other columns.
    rest = (w @ centred) / patients
    centred -= rest
    centre = centre + rest * scale
    _, singular, rotation = np.linalg.svd(np.sqrt(w)[:, None] * centred, full_matrices=False)
    largest = max(singular.max(initial=0.0), np.sqrt(patients) * (size / scale).max(initial=0.0))
    cut = epsilon * max(x.shape) * largest
    kept = singular > cut
    singular = singular[kept]
    back = rotation[kept].T / singular
    return OrthonormalFrame(centred @ back, centre, singular, back / scale[:, None])
