"""Small cohorts and configurations of made-up patients, for tests that train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

PREDICTORS = ("age", "sex", "c3", "c4", "sledai_2k")


def cohort(patients: int = 60, seed: int = 5) -> pd.DataFrame:
    """Made-up patients whose outcome depends on C3; no two have the same C3."""
    generator = np.random.default_rng(seed)
    c3 = 80 + np.linspace(-40, 40, patients) + generator.uniform(0.0001, 0.4999, patients)
    generator.shuffle(c3)
    c4 = generator.uniform(8, 30, patients)
    c4[::9] = np.nan
    return pd.DataFrame(
        {
            "pid": [f"PLANT-{i:04d}-{generator.integers(10**6):06d}" for i in range(patients)],
            "age": generator.uniform(18, 70, patients).round(4),
            "sex": generator.choice(["female", "male"], patients),
            "c3": c3.round(4),
            "c4": c4.round(4),
            "activity": generator.integers(4, 20, patients),
            "comment": [f"REMARK{i}" for i in range(patients)],
            "out": (c3 + generator.normal(0, 8, patients) > 80).astype(int),
        }
    )


def configuration(**changes: Any) -> dict[str, Any]:
    """The quickest configuration there is; ``models`` and the like can be changed."""
    return {
        "name": "tiny",
        "question": {
            "outcome": "out",
            "event": [1],
            "label": "remission",
            "horizon": "6 months",
            "population": "made-up patients",
        },
        "cohort": {"file": "cohort.csv", "patient": "pid", "columns": {"sledai_2k": "activity"}},
        "predictors": list(PREDICTORS),
        "baseline": "sledai_2k",
        "models": {"ridge": {"penalty": [1.0]}},
        "validation": {
            "folds": 2,
            "repeats": 1,
            "inner_folds": 2,
            "bootstrap": 20,
            "permutations": 19,
        },
        "tracking": {"enabled": False},
        "output": "runs/tiny",
    } | changes


def write(folder: Path, **changes: Any) -> Path:
    """Write cohort and configuration into a folder; return the configuration."""
    cohort().to_csv(folder / "cohort.csv", index=False)
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(configuration(**changes), sort_keys=False))
    return path
