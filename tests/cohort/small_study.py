"""A small study and a cohort that is right in every way, for tests to break."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from predictor.documents import Document
from predictor.study import Study, study_from


def build_study(**changes: Any) -> Study:
    """A study of c3, platelets, sex and fever; keys like ``cohort`` are merged into it."""
    config: dict[str, Any] = {
        "name": "demo",
        "question": {
            "outcome": "response",
            "event": ["remission"],
            "horizon": "6 months",
            "population": "adults",
        },
        "cohort": {"patient": "id"},
        "predictors": ["c3", "platelets", "sex", "fever"],
        "baseline": "c3",
        "models": {"ridge": {}},
        "validation": {"folds": 2},
        "privacy": {"cell_size": 1},
    }
    for key, value in changes.items():
        config[key] = {**config[key], **value} if isinstance(config.get(key), dict) else value
    return study_from(Document("test", config), Path())


def right_cohort() -> dict[str, list[Any]]:
    """Twelve patients, six in remission, without anything to complain about."""
    return {
        "id": [f"P{i:02d}" for i in range(12)],
        "c3": [75.0, 82.5, 90.0, 61.25, 110.0, 98.0, 70.0, 66.0, 101.0, 87.0, 93.0, 79.0],
        "platelets": [210, 180, 305, 150, 260, 240, 199, 170, 280, 222, 310, 190],
        "sex": ["female", "male"] * 3 + ["female"] * 6,
        "fever": ["no", "yes", "no", "no", "yes", "no", "no", "no", "yes", "no", "no", "yes"],
        "response": ["remission", "flare", "remission", "low_disease_activity"] * 3,
    }
