"""Whom a plan simulates: a scenario's population as the patients of one study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.checking import check_cohort
from predictor.cohort.cohort import Cohort
from predictor.cohort.published import draw_population
from predictor.cohort.published_odds import Odds
from predictor.cohort.published_scenario import Scenario
from predictor.cohort.table import table_of
from predictor.config import CohortSource, PublishedCohort
from predictor.errors import CohortError, ConfigError, Reason
from predictor.learning.procedure import Patients
from predictor.study import Study

_PATIENT = "patient"
# A trial draw that shows which columns there are and how the outcome reads.
_TRIAL, _TRIAL_SEED = 500, (0, 20)
# So many times the patients wanted are drawn at most, where the study leaves some out.
_MOST_DRAWS = 50


@dataclass(frozen=True, slots=True)
class Population:
    """Patients of a scenario, read by the rules of a study.

    Parameters
    ----------
    study
        With the simulated cohort in the place of its own.
    scenario
        How the outcome depends on the predictors.
    """

    study: Study
    scenario: Scenario

    @classmethod
    def of(cls, study: Study, scenario: Scenario) -> Population:
        """The population of a study.

        Raises
        ------
        ConfigError
            If the question, a predictor or the event is none that this population has.
        """
        config = study.config
        if config.question.states or config.question.follow_up is not None:
            raise ConfigError(
                "question",
                "a plan is made for one event, and this asks for states or for a time",
                "Write a configuration that names the event.",
            )
        columns = draw_population(_TRIAL, seed=_TRIAL_SEED, scenario=scenario)
        _check_predictors(study, columns)
        _check_outcome(study, columns)
        source = CohortSource(published=PublishedCohort(), patient=_PATIENT)
        # Centres, columns, units and codes are those of the file, and there is no file.
        rebased = replace(study, config=config.model_copy(update={"cohort": source}))
        population = cls(rebased, scenario)
        try:
            population._read(columns)
        except CohortError as error:
            reasons = error.reasons or (Reason("unusable", error.where, error.rule),)
            raise ConfigError(
                "question",
                "the simulated patients cannot be read by this configuration",
                "Write the event as the dictionary does (`predictor variables`):",
                reasons=reasons,
            ) from None
        return population

    def draw(self, patients: int, seed: Sequence[int]) -> Patients:
        """Independent patients; those whom the study leaves out are replaced by others.

        Raises
        ------
        ConfigError
            If the study leaves out nearly everybody.
        """
        found: list[Cohort] = []
        for turn in range(_MOST_DRAWS):
            drawn = draw_population(patients, seed=[*seed, turn], scenario=self.scenario)
            found.append(self._read(drawn))
            if sum(part.patients for part in found) >= patients:
                break
        else:
            raise ConfigError(
                "question.limits",
                "hardly any simulated patient lies within them",
                "Widen them for the plan.",
            )
        return Patients(
            np.concatenate([part.values for part in found])[:patients],
            np.concatenate([part.outcome for part in found])[:patients],
            None,
        )

    def ceiling(self, odds: Odds) -> tuple[float, float] | None:
        """AUROC of somebody who knows the scenario, and its error; None for an event of its own."""
        columns = draw_population(_TRIAL, seed=_TRIAL_SEED, scenario=self.scenario)
        cohort = self._read(columns)
        for name, area in odds.auroc.items():
            if np.array_equal(columns[name], cohort.outcome):
                return area, odds.auroc_error[name]
        return None

    def _read(self, columns: Mapping[str, np.ndarray]) -> Cohort:
        rows = len(next(iter(columns.values())))
        table = table_of(
            self.scenario.name, list(columns), list(columns.values()), range(1, rows + 1)
        )
        return check_cohort(self.study, table, asks="outcome").usable()


def _check_predictors(study: Study, columns: Mapping[str, np.ndarray]) -> None:
    """Each predictor must be there, and mean what it means in the shipped dictionary."""
    shipped = load_dictionary().variables
    known = [name for name in columns if name in shipped and shipped[name].time == "baseline"]
    reasons = []
    for name in study.config.predictors:
        if name not in known:
            message = "the simulated population has no such variable before treatment"
            reasons.append(Reason("not_simulated", name, message))
            continue
        own, theirs = study.dictionary.variable(name), shipped[name]
        if (own.kind, own.unit, own.states) != (theirs.kind, theirs.unit, theirs.states):
            message = "it has another kind, unit or states in the study's own dictionary"
            reasons.append(Reason("other_variable", name, message))
    if reasons:
        raise ConfigError(
            "predictors",
            f"{len(reasons)} of {len(study.config.predictors)} cannot be simulated",
            f"Plan without them; there are {', '.join(known)}.",
            reasons=reasons,
        )


def _check_outcome(study: Study, columns: Mapping[str, np.ndarray]) -> None:
    shipped = load_dictionary().variables
    known = [name for name in columns if name in shipped and shipped[name].time == "outcome"]
    outcome = study.config.question.outcome
    if outcome not in known:
        raise ConfigError(
            "question.outcome",
            f"the simulated population has no {outcome[:40]}",
            f"Ask for one that it has: {', '.join(known)}.",
        )
