"""Patients of a second hospital for the tests, drawn from what a shipped model says of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from predictor.clinic.uncertainty import score
from predictor.fitted.bundle import Bundle


def second_hospital(
    bundle: Bundle, patients: int, *, seed: int = 7, shift: float = 0.0, slope: float = 1.0
) -> pd.DataFrame:
    """Patients whose outcomes follow the model's own log-odds, moved and stretched.

    Parameters
    ----------
    bundle
        A linear model whose outcome is ``response``.
    patients, seed
        How many, and which.
    shift, slope
        True log-odds are ``shift + slope * log-odds of the model``.
    """
    rng = np.random.default_rng(seed)
    moments = bundle.moments
    assert moments is not None
    root = np.linalg.cholesky(moments.correlation)
    z = rng.standard_normal((patients, len(bundle.variables))) @ root.T
    values = moments.centre + z * moments.spread
    for j, variable in enumerate(bundle.variables):
        ends = variable.plausible
        if ends is not None:
            values[:, j] = np.clip(values[:, j], ends.low, ends.high)
    probability = score(bundle, values).probability
    odds = shift + slope * np.log(probability / (1.0 - probability))
    event = rng.random(patients) < 1.0 / (1.0 + np.exp(-odds))
    table = pd.DataFrame(values, columns=[variable.name for variable in bundle.variables])
    table.insert(0, "patient", [f"S{i:04d}" for i in range(patients)])
    table["age"] = 40.0
    table["response"] = np.where(event, "remission", "flare")
    return table


def in_g_per_l(table: pd.DataFrame) -> pd.DataFrame:
    """C3 in g/L instead of mg/dL; impossible values at the edge of what is possible."""
    return table.assign(c3=(table["c3"] / 100).clip(lower=0.1))


def by_another_assay(table: pd.DataFrame) -> pd.DataFrame:
    """Anti-dsDNA one and a half times as high."""
    return table.assign(anti_dsdna=table["anti_dsdna"] * 1.5)


def with_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """CRP missing in every fifth."""
    return table.assign(crp=table["crp"].where(np.arange(len(table)) % 5 != 0))
