"""Synthetic patients and candidates for the tests of fitting."""

from __future__ import annotations

from typing import Any

import numpy as np

from predictor.config import Config
from predictor.learning.candidates import Candidate, candidates
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan

STATES = ("none", "mild", "severe", "rare")
COLUMNS = (Column("a"), Column("b"), Column("c"), Column("s", STATES))
PLAN = Plan(COLUMNS, "median", (), inner_folds=3)
FAST: dict[str, Any] = {
    "firth": {},
    "ridge": {"penalty": [0.1, 1, 10]},
    "elastic_net": {"penalty": [1, 10], "l1_share": 0.5},
    "random_forest": {"trees": 15, "min_samples_leaf": [1, 5]},
    "hist_gradient_boosting": {"trees": 10, "max_leaf_nodes": [3, 5], "min_samples_leaf": 5},
}


def patients_of(
    n: int = 60, seed: int = 0, signal: float = 1.5, groups: int | None = None
) -> Patients:
    """Three numbers with gaps and a nominal variable with a rare state."""
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [rng.normal(size=(n, 3)), rng.choice(4, n, p=[0.5, 0.3, 0.18, 0.02])]
    ).astype(float)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-signal * values[:, 0]))).astype(np.int8)
    outcome[:10] = [0, 1] * 5
    values[rng.random((n, 4)) < 0.1] = np.nan
    return Patients(values, outcome, None if groups is None else rng.integers(0, groups, n))


def candidates_of(models: dict[str, Any] | None = None, count: int = 4) -> dict[str, Candidate]:
    """Candidates by name for ``count`` predictors."""
    config = Config.model_validate(
        {
            "name": "s",
            "question": {"outcome": "o", "event": 1, "horizon": "h", "population": "p"},
            "cohort": {},
            "predictors": [f"x{j}" for j in range(count)],
            "baseline": "x0",
            "models": models or FAST,
        }
    )
    return {candidate.name: candidate for candidate in candidates(config)}
