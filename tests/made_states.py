"""Made-up patients in three ordered states, for tests that train on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from made_cohorts import cohort, configuration

STATES = ("flare", "low_disease_activity", "remission")


def cohort_of_states(patients: int = 75, seed: int = 5) -> pd.DataFrame:
    """The made-up cohort with a state that depends on C3; columns that the states follow from."""
    frame = cohort(patients, seed)
    generator = np.random.default_rng(seed)
    latent = frame["c3"] + generator.normal(0, 15, patients)
    position = (latent > 65).astype(int) + (latent > 90).astype(int)
    frame["state"] = [STATES[k] for k in position]
    frame["low"], frame["quiet"] = (position >= 1).astype(int), (position == 2).astype(int)
    return frame


def configuration_of_states(**changes: Any) -> dict[str, Any]:
    """The quickest configuration of three states."""
    made = configuration()
    made["question"] = {
        "outcome": "state",
        "states": list(STATES),
        "label": "response",
        "horizon": "6 months",
        "population": "made-up patients",
    }
    made["models"] = {"proportional_odds": {"penalty": [1.0]}, "multinomial": {"penalty": [1.0]}}
    made["validation"] = {**made["validation"], "bootstrap": 100}
    return made | changes


def members(patients: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Standardised columns and states without any randomness, as R made its figures of them."""
    i = np.arange(1, patients + 1, dtype=np.float64)
    raw = np.column_stack([np.sin(i), np.cos(2.3 * i), np.sin(0.7 * i + 1.0)])
    share = (i * 0.618034) % 1.0
    latent = raw @ [1.2, 0.5, -0.6] + np.log(share / (1.0 - share))
    state = (latent > -0.5).astype(int) + (latent > 1.0).astype(int)
    return (raw - raw.mean(axis=0)) / raw.std(axis=0, ddof=1), state
