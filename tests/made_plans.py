"""A question, a scenario in which a linear model is the truth, and small plans of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from predictor.documents import Document
from predictor.study import Study, study_from
from predictor.validation.learning_curve import CohortFigures, Unlimited
from predictor.validation.plan_asked import Asked

# Proportional odds in one measurement: of the event this is a logistic model, which ridge can find.
LINEAR = """
description: one effect, invented
effects:
  platelets:
    per: {platelets: 80}
    odds_ratio: 2.2
    source: invented
"""


def question(**changes: Any) -> dict[str, Any]:
    """A configuration of two predictors, one of which the linear scenario uses."""
    return {
        "name": "plan",
        "question": {
            "outcome": "response",
            "event": ["remission"],
            "non_event": ["low_disease_activity", "flare"],
            "label": "remission",
            "horizon": "6 months",
            "population": "adults with SLE",
        },
        "cohort": {"published": {"patients": 31, "seed": 1}, "patient": "patient"},
        "predictors": ["platelets", "c3"],
        "baseline": "platelets",
        "models": {"ridge": {}, "firth": {}},
        "validation": {"folds": 3, "repeats": 1, "inner_folds": 3, "permutations": 0},
        "tracking": {"enabled": False},
    } | changes


def study(**changes: Any) -> Study:
    """The same as a study."""
    return study_from(Document("plan.yaml", question(**changes)), Path.cwd())


def linear(folder: Path) -> Path:
    """The linear scenario as a file."""
    path = folder / "linear.yaml"
    path.write_text(LINEAR, encoding="utf-8")
    return path


def small(**changes: Any) -> Asked:
    """A plan that takes seconds."""
    given: dict[str, Any] = {"sizes": (31, 100), "cohorts": 10, "resamples": 20, "new": 2000}
    return Asked(**(given | changes))


BEST = Unlimited(20_000, 0.75, 0.003, 1.0)


def model(auroc: float, **changes: Any) -> CohortFigures:
    """What one cohort led to."""
    given: dict[str, Any] = {
        "events": 11,
        "apparent": auroc + 0.1,
        "corrected": auroc,
        "corrected_low": auroc - 0.15,
        "corrected_high": auroc + 0.15,
        "auroc": auroc,
        "slope": 1.0,
        "slope_error": 0.02,
        "width": 0.25,
    }
    return CohortFigures(**(given | changes))
