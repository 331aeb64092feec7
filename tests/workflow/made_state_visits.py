"""Made-up visits of nobody, whose states at follow-up follow from SLEDAI-2K."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

STATES = ("bad", "soso", "good")
DEFINITION = {
    "label": "activity at follow-up",
    "reference": {"authors": "We", "title": "t", "journal": "j", "year": 2026},
    "rule": "sledai_2k <= 6",
    "states": {"good": "sledai_2k <= 2", "soso": "sledai_2k <= 6"},
    "otherwise": "bad",
}
LOW_ACTIVITY = (
    "sledai_2k <= 4 and not sledai_vasculitis"
    " and not (sledai_urinary_casts or sledai_haematuria or sledai_proteinuria or sledai_pyuria)"
    " and not (sledai_seizure or sledai_psychosis or sledai_organic_brain_syndrome"
    " or sledai_visual_disturbance or sledai_cranial_nerve_disorder"
    " or sledai_lupus_headache or sledai_cva)"
)
"""The definition sledai_low_activity, as a rule."""


def visits(patients: int = 60, seed: int = 1, *, lost: int = 6) -> pd.DataFrame:
    """Three visits of each patient, columns named otherwise than the dictionary's variables."""
    generator = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for i in range(patients):
        c3 = float(generator.normal(80, 20))
        later = int(np.clip(round(12 - c3 / 10 + generator.normal(0, 2)), 0, 20))
        for day, score in ((-10, 4), (0, 8), (180, later)):
            if day == 180 and i < lost:
                continue
            rows.append(
                {
                    "who": f"P{i:03d}",
                    "day": day,
                    "sledai": score,
                    "complement": round(c3 + day / 100, 2),
                    "age": 30 + i % 40,
                    "death_day": "",
                }
            )
    return pd.DataFrame(rows)


def study(folder: Path, **outcome: Any) -> Path:
    """Write the definition and a configuration beside it."""
    (folder / "activity.yaml").write_text(yaml.safe_dump(DEFINITION, sort_keys=False))
    config = {
        "name": "of-visits",
        "question": {
            "outcome": "activity",
            "states": list(STATES),
            "horizon": "6 months",
            "population": "made-up patients",
        },
        "cohort": {
            "visits": {"file": "visits.csv", "patient": "who", "time": "day", "unit": "days"},
            "index": {"first": "sledai_2k >= 8"},
            "outcome": {
                "definition": "activity.yaml",
                "at": {"nearest": 180, "within": [90, 365]},
                **outcome,
            },
            "columns": {"sledai_2k": "sledai", "c3": "complement"},
        },
        "predictors": ["age", "c3"],
        "baseline": "c3",
        "models": {"proportional_odds": {"penalty": [1.0]}},
        "choose": "proportional_odds",
        "validation": {"folds": 2, "repeats": 2, "bootstrap": 20, "permutations": 0},
        "tracking": {"enabled": False},
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path
