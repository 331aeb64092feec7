"""Instability of predictions by bins of several patients, where no patient may be shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.validation.instability import PredictionInstability

MOST_BINS = 20
"""Bins at most."""

_EQUAL = 1e-9


def bins_of(unstable: PredictionInstability, size: int) -> list[NDArray[np.intp]]:
    """Positions of the tracked patients in bins of similar probability.

    Parameters
    ----------
    unstable
        From :func:`predictor.validation.instability.prediction_instability`.
    size
        Patients that a bin holds at least; fewer only where there are no more.

    Returns
    -------
    Bins of nearly equal size in the order of the probability.
    """
    n = unstable.original.size
    columns = [unstable.original, unstable.mean_absolute_error, *unstable.classification.values()]
    if unstable.low is not None and unstable.high is not None:
        columns += [unstable.low, unstable.high]
    # Sorted by everything, so that ties do not tell the order of the rows.
    order = np.lexsort(columns[::-1])
    return np.array_split(order, max(1, min(MOST_BINS, n // size)))


def binned(unstable: PredictionInstability, size: int) -> list[dict[str, Any]]:
    """Means over bins, as rows.

    Parameters
    ----------
    unstable, size
        As in :func:`bins_of`.

    Returns
    -------
    Rows with ``predicted`` (by the final model), ``low`` and ``high`` (middle 95% of the refits,
    None with too few of them), ``error`` (mean absolute prediction error), ``changed`` (threshold
    -> share of refits on the other side) and ``patients`` (rows in the bin); none where all
    patients together are fewer than ``size``.
    """
    if unstable.original.size < size:
        return []
    low, high = unstable.low, unstable.high
    if float(np.ptp(unstable.original)) < _EQUAL:
        size = unstable.original.size  # bins of the same prediction would be one bin cut in pieces
    return [
        {
            "predicted": float(unstable.original[rows].mean()),
            "low": None if low is None else float(low[rows].mean()),
            "high": None if high is None else float(high[rows].mean()),
            "error": float(unstable.mean_absolute_error[rows].mean()),
            "changed": {
                f"{threshold:g}": float(share[rows].mean())
                for threshold, share in unstable.classification.items()
            },
            "patients": int(rows.size),
        }
        for rows in bins_of(unstable, size)
    ]
