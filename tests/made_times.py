"""Simulated follow-up after remission, for tests of models of a time; nobody in it is real."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DICTIONARY = """
name: made
variables:
  marker: {label: Marker, kind: continuous, unit: "1", plausible: [-20, 20], source: made up}
  noise: {label: Noise, kind: continuous, unit: "1", plausible: [-20, 20], source: made up}
"""


def made_times(patients: int = 240, seed: int = 3) -> dict[str, NDArray[Any]]:
    """Columns of a cohort in which the marker doubles the hazard of relapse, and death competes."""
    rng = np.random.default_rng(seed)
    marker, noise = rng.normal(size=(2, patients))
    relapse = rng.exponential(30 / np.exp(0.9 * marker))
    death = rng.exponential(120, patients)
    censored = rng.uniform(6, 60, patients)
    months = np.minimum(np.minimum(relapse, death), censored)
    end = np.where(months == relapse, "relapse", np.where(months == death, "death", "seen"))
    response = rng.choice(["remission", "low_disease_activity", "flare"], patients)
    return {
        "patient": np.arange(patients),
        "simulated": np.ones(patients, dtype=int),
        "marker": marker.round(3),
        "noise": noise.round(3),
        "response": response,
        "months": months.round(3) + 0.001,
        "end": end,
    }


def time_config(**changes: Any) -> dict[str, Any]:
    """The smallest study of it; a change replaces the whole part."""
    return {
        "name": "made-relapse",
        "dictionary": "made.yaml",
        "question": {
            "outcome": "end",
            "label": "relapse",
            "event": ["relapse"],
            "non_event": ["seen"],
            "follow_up": {
                "time": "months",
                "unit": "months",
                "competing": ["death"],
                "horizon_months": [12, 24],
            },
            "horizon": "24 months",
            "time_zero": "last infusion",
            "population": "nobody: simulated patients",
        },
        "cohort": {"file": "made.csv", "patient": "patient"},
        "predictors": ["marker", "noise"],
        "baseline": "marker",
        "models": {"cox": {"penalty": [1, 10]}},
        "validation": {"folds": 3, "repeats": 2, "bootstrap": 40, "permutations": 20},
        "tracking": {"enabled": False},
    } | changes
