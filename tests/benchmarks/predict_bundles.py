"""Bundles and patients for the measurements of predicting: made by our own training.

The patients are simulated (``predictor simulate``); twenty of their variables are predictors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.published import simulate
from predictor.workflow.train import train

NUMBERS = (
    *("age", "disease_duration", "wbc", "neutrophils", "platelets", "creatinine", "crp", "esr"),
    *("total_protein", "proteinuria", "anti_dsdna", "c3", "c4", "ldh", "alt", "ck"),
)
SIGNS = ("fever", "arthritis", "raynaud", "skin_rash")
PREDICTORS = (*NUMBERS, *SIGNS)
COHORT = 500
RESAMPLES = 1000
TREES = 500

_MODELS: dict[str, dict[str, Any]] = {
    "ridge": {"penalty": [1, 10, 100]},
    "random_forest": {"trees": TREES, "min_samples_leaf": [5]},
}


def write_bundle(folder: Path, model: str, *, resamples: int = RESAMPLES) -> Path:
    """Train and write the bundle of one model; without replicates where ``resamples`` is 0."""
    train(
        {
            "name": f"{model}-of-twenty".replace("_", "-"),
            "question": {
                "outcome": "response",
                "event": ["remission"],
                "non_event": ["low_disease_activity", "flare"],
                "label": "remission",
                "horizon": "6 months",
                "time_zero": "first infusion",
                "population": "nobody: simulated patients",
            },
            "cohort": {
                "published": {"patients": COHORT, "seed": 1, "scenario": "strong"},
                "patient": "patient",
            },
            "predictors": list(PREDICTORS),
            "baseline": "platelets",
            "models": {model: _MODELS[model]},
            "choose": model,
            "validation": {
                "folds": 2,
                "repeats": 1,
                "bootstrap": resamples,
                "permutations": 0,
                "seed": 1,
            },
            "compute": {"workers": 1},
            "tracking": {"enabled": False},
        },
        out=folder,
    )
    return folder


def cohort() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Values, shape (patients, predictors), and remission of the patients that are trained on."""
    found = simulate(COHORT, seed=1, scenario="strong").columns
    values = np.column_stack([np.asarray(found[name], dtype=np.float64) for name in PREDICTORS])
    return values, np.asarray(found["remission"], dtype=np.int64)


def patients(count: int, seed: int) -> NDArray[np.float64]:
    """Values of patients the bundle has not seen, shape (patients, predictors)."""
    found = simulate(count, seed=seed, scenario="strong").columns
    return np.column_stack([np.asarray(found[name], dtype=np.float64) for name in PREDICTORS])


def as_written(values: NDArray[np.float64], missing: int = 0) -> dict[str, object]:
    """One patient as a person writes it: numbers, units of other laboratories, yes and no.

    The first ``missing`` of a fixed list of laboratory values are left out.
    """
    found: dict[str, object] = {"patient": "P07"}
    for name, value in zip(PREDICTORS, values.tolist(), strict=True):
        found[name] = value if name in NUMBERS else ("yes" if value else "no")
    units = load_dictionary().variable("creatinine").units
    index = PREDICTORS.index
    found["c3"] = f"{values[index('c3')] / 100:.4g} g/L"
    found["creatinine"] = {
        "value": float(values[index("creatinine")] / units["umol/L"]),
        "unit": "µmol/L",
    }
    for name in ("ck", "crp", "anti_dsdna", "ldh", "esr")[:missing]:
        del found[name]
    return found
