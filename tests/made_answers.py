"""A bundle made by hand with replicates and moments, for the tests of what an answer is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import made_bundles
import numpy as np

from predictor.fitted.bundle import save_bundle
from predictor.fitted.models import Model
from predictor.fitted.moments import Moments
from predictor.fitted.replicates import Replicates

_RNG = np.random.default_rng(3)
_PREPARED = made_bundles.preparation()
_SLOPE = _RNG.normal(made_bundles.LINEAR.coefficients, 0.25, (60, 6)) / _PREPARED.scale

REPLICATES = Replicates(
    intercept=_RNG.normal(-0.6, 0.3, 60) - _SLOPE @ _PREPARED.centre,
    slope=_SLOPE,
    variable=np.array([0, 0, 1, 2, 3, 3]),
    state=np.array([-1, -1, -1, -1, 0, 2]),
    missing=np.array([False, True, False, False, False, False]),
)
"""Of the made-up model: C3, whether it is missing, the marker, fever, organ skin and joints."""

CORRELATION = np.array(
    [
        [1.0, 0.5, -0.2, 0.1],
        [0.5, 1.0, -0.3, 0.0],
        [-0.2, -0.3, 1.0, 0.2],
        [0.1, 0.0, 0.2, 1.0],
    ]
)

MOMENTS = Moments(
    centre=np.array([91.3, 33.7, 0.3, 0.8]),
    spread=np.array([20.1, 11.9, 0.46, 0.7]),
    correlation=CORRELATION,
    low=np.array([1.0, -np.inf, 0.0, 0.0]),
    high=np.array([500.0, np.inf, 1.0, 2.0]),
    whole=np.array([False, False, True, True]),
    distances=np.linspace(0.2, 2.0, 21),
    cutoff=1.6,
)


def full_bundle(
    folder: Path,
    model: Model = made_bundles.LINEAR,
    *,
    moments: Moments | None = MOMENTS,
    replicates: Replicates | None = REPLICATES,
    **changes: Any,
) -> Path:
    """Write it, and return its folder."""
    save_bundle(
        folder,
        made_bundles.manifest(**changes),
        made_bundles.preparation(),
        model,
        {"comparison.csv": b"name,auroc\nridge,0.73\n"},
        moments=moments,
        replicates=replicates,
    )
    return folder
