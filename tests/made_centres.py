"""Centres of a consortium for the tests: simulated patients, and a study of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

STUDY: dict[str, Any] = {
    "name": "consortium",
    "question": {
        "outcome": "response",
        "event": ["remission"],
        "label": "remission",
        "horizon": "6 months",
        "population": "adults with SLE under IVIG",
    },
    "cohort": {"patient": "patient"},
    "predictors": ["c3", "platelets", "crp", "fever", "sex"],
    "baseline": "platelets",
    "preparation": {"imputation": "mean", "missing_indicators": ["crp"]},
    "models": {"ridge": {"penalty": [0.1, 1.0, 10.0]}},
    "validation": {"inner_folds": 3, "seed": 11},
    "tracking": {"enabled": False},
}


def centre(patients: int, seed: int, *, shift: float = 0.0, gap: float = 0.0) -> pd.DataFrame:
    """Patients of one centre: numbers, a yes or no, a nominal variable, gaps in some of them."""
    rng = np.random.default_rng(seed)
    c3 = rng.normal(80.0 + 5.0 * shift, 20.0, patients).clip(20.0, 200.0)
    platelets = rng.normal(200.0, 60.0, patients).clip(20.0, 600.0)
    crp = rng.lognormal(2.0 + 0.2 * shift, 0.8, patients).clip(0.2, 300.0)
    fever = rng.random(patients) < 0.35
    sex = np.where(rng.random(patients) < 0.75, "female", "male")
    odds = -0.4 + shift + 0.04 * (c3 - 80.0) - 0.6 * fever - 0.03 * (crp - 8.0)
    event = rng.random(patients) < 1.0 / (1.0 + np.exp(-odds))
    table = pd.DataFrame(
        {
            "patient": [f"Q{seed}-{i:04d}" for i in range(patients)],
            "c3": c3,
            "platelets": platelets,
            "crp": np.where(rng.random(patients) < 0.2, np.nan, crp),
            "fever": np.where(fever, "yes", "no"),
            "sex": sex,
            "response": np.where(event, "remission", "flare"),
        }
    )
    table.loc[rng.random(patients) < 0.15 + gap, "c3"] = np.nan
    return table


def write_study(folder: Path, **changes: Any) -> Path:
    """The study as a file; keys of the first level may be replaced."""
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({**STUDY, **changes}), "utf-8")
    return path
