"""One simulated study against what is known of its population."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_plans import linear, study

from predictor.cohort.published_odds import scenario_odds
from predictor.cohort.published_scenario import load_scenario
from predictor.errors import LearningError
from predictor.learning.candidates import candidates
from predictor.learning.preparer import column_of
from predictor.learning.procedure import Patients, Plan
from predictor.validation.learning_curve import Procedure, figures_of_cohort, unlimited
from predictor.workflow.plan_population import Population


def procedure_of(name: str = "ridge", resamples: int = 20) -> Procedure:
    asked = study()
    (candidate,) = (c for c in candidates(asked.config) if c.name == name)
    columns = tuple(column_of(asked.dictionary.variable(n)) for n in asked.config.predictors)
    return Procedure(candidate, Plan(columns, "median", (), 3), resamples, 3)


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Population:
    return Population.of(study(), load_scenario(linear(tmp_path_factory.mktemp("scenario"))))


@pytest.fixture(scope="module")
def new(population: Population) -> Patients:
    return population.draw(40_000, [1])


def test_very_many_patients_reach_what_the_scenario_allows_with_a_slope_of_one(
    population: Population, new: Patients
) -> None:
    found = unlimited(procedure_of(), population.draw(20_000, [2]), new, seed=3)
    truth = scenario_odds(population.scenario).auroc["remission"]
    assert abs(found.auroc - truth) < 3 * found.auroc_error
    assert found.slope == pytest.approx(1.0, abs=0.08)


def test_without_dependence_no_number_of_patients_helps() -> None:
    nothing = Population.of(study(), load_scenario("none"))
    new = nothing.draw(40_000, [1])
    found = unlimited(procedure_of(), nothing.draw(20_000, [2]), new, seed=3)
    assert abs(found.auroc - 0.5) < 3 * found.auroc_error


def test_optimism_and_width_fall_with_the_size(population: Population, new: Patients) -> None:
    optimism, width = [], []
    for size in (31, 100, 400):
        found = [
            figures_of_cohort(procedure_of(), population.draw(size, [4, size, k]), new, k)
            for k in range(15)
        ]
        done = [one for one in found if one.failed is None]
        optimism.append(np.mean([one.apparent - one.auroc for one in done]))
        width.append(np.mean([one.width for one in done]))
    assert optimism[0] > optimism[1] > optimism[2]
    # An interval shrinks with the root of the size, once it is not cut off by 0 and 1.
    assert width[1] / width[2] == pytest.approx(2.0, abs=0.35)
    assert width[0] > width[1]


def test_the_corrected_auroc_is_true_on_average_in_large_cohorts(
    population: Population, new: Patients
) -> None:
    found = [
        figures_of_cohort(procedure_of(), population.draw(600, [5, k]), new, k) for k in range(25)
    ]
    off = np.array([one.corrected - one.auroc for one in found])
    sampled = unlimited(procedure_of(), population.draw(20_000, [2]), new, seed=3).auroc_error
    assert abs(off.mean()) < 3 * np.hypot(off.std(ddof=1) / 5, sampled)


def test_a_study_that_could_not_begin_leads_to_nothing(
    population: Population, new: Patients
) -> None:
    cohort = population.draw(40, [6])
    few = np.zeros(40, dtype=np.int8)
    few[:2] = 1
    found = figures_of_cohort(procedure_of(), replace(cohort, outcome=few), new, 1)
    assert (found.failed, found.events, found.auroc) == ("few_events", 2, None)
    with pytest.raises(LearningError, match="cannot be fitted even to 40 simulated patients"):
        unlimited(procedure_of(), replace(cohort, outcome=few * 0), new, 1)


def test_fewer_than_a_hundred_resamples_give_no_interval_and_more_do(
    population: Population, new: Patients
) -> None:
    cohort = population.draw(80, [7])
    assert figures_of_cohort(procedure_of(), cohort, new, 1).corrected_low is None
    found = figures_of_cohort(procedure_of(resamples=100), cohort, new, 1)
    assert found.corrected_low < found.corrected < found.corrected_high


@pytest.mark.parametrize("name", ["firth", "one_predictor"])
def test_other_linear_models_are_planned_alike(
    name: str, population: Population, new: Patients
) -> None:
    found = figures_of_cohort(procedure_of(name), population.draw(200, [8]), new, 1)
    assert found.auroc == pytest.approx(0.69, abs=0.05)
    assert 0.0 < found.width < 0.5


def test_chunks_of_resamples_change_nothing(
    population: Population, new: Patients, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = population.draw(60, [9])
    whole = figures_of_cohort(procedure_of(), cohort, new, 1)
    monkeypatch.setattr("predictor.validation.learning_curve._MOST_PREDICTIONS", 7 * 60)
    parts = figures_of_cohort(procedure_of(), cohort, new, 1)
    for name in ("corrected", "width", "auroc", "slope"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), abs=1e-9)
