"""What a plan found: learning curves of one question under one scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from predictor.validation.curve_aims import Reached
from predictor.validation.curve_rows import SizeRow
from predictor.validation.learning_curve import Unlimited
from predictor.validation.plan_asked import Asked


@dataclass(frozen=True, slots=True)
class Planned:
    """Learning curves of a question under a scenario.

    Parameters
    ----------
    study
        Name of the configuration.
    event
        What is predicted, in words.
    predictors
        Labels of the predictors.
    scenario, description
        Name of the scenario, and what it says of itself.
    patients_from, effects_from
        Where the distributions of the predictors and where the effects of the scenario are from.
    version
        Of this package.
    model
        Label of the candidate.
    population
        For whom the question is asked, in words.
    fewest
        Patients with the rarer outcome that a study needs to begin.
    prevalence
        Share of new patients with the event.
    asked
        Sizes, repetitions, aims.
    rows
        One for each size, from the smallest.
    unlimited
        The same procedure with very many patients.
    ceiling, ceiling_error
        AUROC of somebody who knows the scenario, with its Monte Carlo error; None where the event
        is another one than those it is known for.
    reached
        The smallest number of patients for each aim.
    seconds
        Time for each stage.
    """

    study: str
    event: str
    predictors: tuple[str, ...]
    scenario: str
    description: str
    patients_from: str
    effects_from: tuple[str, ...]
    version: str
    model: str
    population: str
    fewest: int
    prevalence: float
    asked: Asked
    rows: tuple[SizeRow, ...]
    unlimited: Unlimited
    ceiling: float | None
    ceiling_error: float | None
    reached: tuple[Reached, ...]
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``rows[]: patients, auroc, calibration_slope, interval_width``."""
        asked = self.asked
        return {
            "study": self.study,
            "event": self.event,
            "predictors": list(self.predictors),
            "scenario": {
                "name": self.scenario,
                "description": self.description,
                "sources": list(self.effects_from),
            },
            "patients_from": self.patients_from,
            "simulated": True,
            "version": self.version,
            "model": {"name": asked.model, "label": self.model},
            "population": self.population,
            "fewest_of_rarer_outcome": self.fewest,
            "prevalence": self.prevalence,
            "cohorts": asked.cohorts,
            "resamples": asked.resamples,
            "new_patients": asked.new,
            "seed": asked.seed,
            "useful": asdict(asked.useful),
            "rows": [row.to_dict() for row in self.rows],
            "unlimited": asdict(self.unlimited),
            "ceiling_auroc": self.ceiling,
            "ceiling_auroc_error": self.ceiling_error,
            "aims": [one.to_dict() for one in self.reached],
        }
