"""``plan``: the same numbers everywhere, those of a training, and named errors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_plans import linear, question, small, study
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from predictor.clinic.uncertainty import score
from predictor.cohort.published import draw_population, simulate
from predictor.cohort.published_scenario import load_scenario
from predictor.errors import ConfigError
from predictor.fitted.bundle import load_bundle
from predictor.learning.procedure import Patients
from predictor.performance.discrimination import auroc
from predictor.validation.curve_aims import Aim
from predictor.validation.curve_rows import Useful
from predictor.validation.learning_curve import SHOWN, Procedure, figures_of_cohort
from predictor.workflow import plan as planning
from predictor.workflow.plan import candidate_of, cohort_of, plan
from predictor.workflow.plan_population import Population
from predictor.workflow.train import TrainingRun, train


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    return linear(tmp_path)


def test_numbers_depend_on_the_seed_and_not_on_the_workers(scenario: Path) -> None:
    one, two = (
        plan(question(), small(), scenario=scenario, workers=workers).to_dict()
        for workers in (1, 2)
    )
    assert json.dumps(one, allow_nan=False) == json.dumps(two, allow_nan=False)
    other = plan(question(), small(seed=2), scenario=scenario, workers=1).to_dict()
    assert [row["auroc"] for row in other["rows"]] != [row["auroc"] for row in one["rows"]]


def test_more_sizes_and_their_order_change_nothing_of_the_others(scenario: Path) -> None:
    alone = plan(question(), small(sizes=(60,)), scenario=scenario, workers=1)
    among = plan(question(), small(sizes=(90, 60)), scenario=scenario, workers=1)
    assert [row.patients for row in among.rows] == [60, 90]
    assert among.rows[0] == alone.rows[0]


def test_a_cohort_gives_what_a_training_on_it_reports(scenario: Path, tmp_path: Path) -> None:
    population = Population.of(study(), load_scenario(scenario))
    cohort, seed = cohort_of(population, 1, 60, 3)
    rules = {"folds": 3, "repeats": 1, "inner_folds": 3, "permutations": 0, "bootstrap": 100}
    config = question(
        question={**question()["question"], "outcome": "remission", "event": [1], "non_event": [0]},
        cohort={"patient": "patient"},
        validation=rules | {"seed": seed},
    )
    frame = pd.DataFrame(cohort.values, columns=config["predictors"])
    frame["patient"] = np.arange(60)
    frame["remission"] = cohort.outcome
    run = train(config, frame, out=tmp_path / "bundle", choose="ridge", workers=1)
    assert isinstance(run, TrainingRun)

    new = population.draw(3000, [77])
    candidate, prepared = candidate_of(study(), "ridge")
    found = figures_of_cohort(Procedure(candidate, prepared, 100, 3), cohort, new, seed)

    reported = run.internal.bootstrap.validation.figure("auroc")
    assert found.apparent == pytest.approx(reported.apparent, abs=1e-9)
    assert found.corrected == pytest.approx(reported.corrected, abs=1e-9)
    assert found.corrected_low == pytest.approx(reported.corrected_low, abs=1e-9)
    answers = score(load_bundle(tmp_path / "bundle"), new.values)
    assert found.auroc == pytest.approx(auroc(new.outcome, answers.probability), abs=1e-6)
    assert found.width == pytest.approx((answers.high - answers.low)[:SHOWN].mean(), abs=1e-9)


@pytest.mark.slow
def test_the_figures_are_those_of_another_library_on_the_same_cohorts(scenario: Path) -> None:
    # scikit-learn's maximum likelihood with Wald intervals from X'WX, written out: in 300 patients
    # of whom a third have the event Firth's correction pulls slopes by about a fiftieth.
    asked = small(sizes=(300,), cohorts=25, resamples=200, new=20_000, model="firth")
    row = plan(question(), asked, scenario=scenario, workers=1).rows[0]
    population = Population.of(study(), load_scenario(scenario))
    new = population.draw(asked.new, [asked.seed, planning._NEW])
    areas, slopes, widths = [], [], []
    for number in range(asked.cohorts):
        cohort, _ = cohort_of(population, asked.seed, 300, number)
        unpenalised = LogisticRegression(C=np.inf, max_iter=500, tol=1e-8)
        fitted = make_pipeline(StandardScaler(), unpenalised).fit(cohort.values, cohort.outcome)
        log_odds = fitted.decision_function(new.values)
        areas.append(roc_auc_score(new.outcome, log_odds))
        again = LogisticRegression(C=np.inf, tol=1e-8).fit(log_odds[:, None], new.outcome)
        slopes.append(again.coef_[0, 0])
        chance = fitted.predict_proba(cohort.values)[:, 1]
        design, wanted = (np.c_[np.ones(len(x)), x] for x in (cohort.values, new.values[:SHOWN]))
        information = design.T @ (design * (chance * (1 - chance))[:, None])
        error = np.sqrt(np.einsum("ij,jk,ik->i", wanted, np.linalg.inv(information), wanted))
        ends = log_odds[:SHOWN] + np.outer([-1.96, 1.96], error)
        widths.append(np.diff(1 / (1 + np.exp(-ends)), axis=0).mean())
    assert row.auroc == pytest.approx(np.mean(areas), abs=0.001)
    assert row.calibration_slope == pytest.approx(np.median(slopes), abs=0.04)
    assert row.interval_width == pytest.approx(np.mean(widths), rel=0.04)
    held = (np.array(areas) >= 0.6) & (np.abs(np.log(slopes)) <= np.log(1.25))
    again = plan(
        question(), replace(asked, useful=Useful(auroc=0.6)), scenario=scenario, workers=1
    ).rows[0]
    # One cohort at a bound may fall on the other side by the other method.
    assert again.useful == pytest.approx(held.mean(), abs=0.081)


def test_thirty_one_patients_are_drawn_by_chance_and_not_rebuilt() -> None:
    rebuilt = [int(simulate(31, seed=seed).columns["remission"].sum()) for seed in range(3)]
    assert rebuilt == [11, 11, 11]
    population = Population.of(study(), load_scenario("literature"))
    drawn = [int(cohort_of(population, 1, 31, k)[0].outcome.sum()) for k in range(40)]
    assert len(set(drawn)) > 3
    # 11 of 31 in expectation, within four standard errors.
    assert np.mean(drawn) == pytest.approx(11, abs=4 * np.sqrt(31 * 0.355 * 0.645 / 40))


def test_the_population_is_that_of_simulate() -> None:
    many = draw_population(20_000, seed=[1], scenario="literature")
    theirs = simulate(20_000, seed=1).columns
    for name in ("c3", "platelets", "remission"):
        error = np.std(theirs[name]) * np.sqrt(2 / 20_000)
        assert np.mean(many[name]) == pytest.approx(np.mean(theirs[name]), abs=4 * error)


def test_patients_whom_the_study_leaves_out_are_replaced() -> None:
    limits = {"c3": [60, None]}
    asked = study(question=question()["question"] | {"limits": limits})
    drawn = Population.of(asked, load_scenario("literature")).draw(200, [1])
    assert len(drawn.outcome) == 200
    assert drawn.values[:, 1].min() >= 60
    nobody = study(question=question()["question"] | {"limits": {"c3": [None, 0.5]}})
    with pytest.raises(ConfigError, match="hardly any simulated patient lies within them"):
        Population.of(nobody, load_scenario("literature")).draw(50, [1])


def test_the_ceiling_is_told_for_the_events_it_is_known_for(scenario: Path) -> None:
    asked = small(cohorts=10, sizes=(31,))
    known = plan(question(), asked, scenario=scenario, workers=1)
    assert known.ceiling == pytest.approx(
        simulate(50, seed=1, scenario=scenario).true_auroc["remission"]
    )
    other = {
        **question()["question"],
        "event": ["flare"],
        "non_event": ["remission", "low_disease_activity"],
    }
    relapse = plan(question(question=other), asked, scenario=scenario, workers=1)
    assert relapse.ceiling == pytest.approx(
        simulate(50, seed=1, scenario=scenario).true_auroc["relapse"]
    )
    own = {
        **question()["question"],
        "event": ["remission", "low_disease_activity"],
        "non_event": ["flare"],
    }
    assert plan(question(question=own), asked, scenario=scenario, workers=1).ceiling is None


def test_a_study_with_too_few_events_is_counted_as_failed() -> None:
    other = {
        **question()["question"],
        "event": ["flare"],
        "non_event": ["remission", "low_disease_activity"],
    }
    rules = question()["validation"] | {"folds": 5}
    found = plan(
        question(question=other, validation=rules),
        small(sizes=(10,), cohorts=20),
        scenario="none",
        workers=1,
    )
    assert found.rows[0].few_events > 0.7


def test_a_configuration_with_real_patients_needs_a_scenario_and_not_its_file(
    tmp_path: Path,
) -> None:
    absent = {"file": str(tmp_path / "none.csv"), "columns": {"c3": "Komplement"}, "centre": "site"}
    with pytest.raises(ConfigError, match="--scenario literature"):
        plan(question(cohort=absent), small())
    asked = small(sizes=(31,), cohorts=10)
    assert plan(question(cohort=absent), asked, scenario="none", workers=1).rows


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "size": ({"sizes": (31, 9)}, "--patients: it must be from 10 to"),
    "twice": ({"sizes": (60, 31, 60)}, "--patients: 60 is there twice"),
    "cohorts": ({"cohorts": 9}, "--cohorts: it must be from 10 to"),
    "resamples": ({"resamples": 19}, "--resamples: it must be from 20 to"),
    "new": ({"new": 999}, "--new: it must be from 1,000 to"),
    "seed": ({"seed": -1}, "--seed: it must be from 0 to"),
    "aim": ({"aims": (Aim("auroc", 0.4),)}, "--aim auroc: it must lie between 0.5 and 1"),
    "aims": ({"aims": (Aim("auroc", 0.6), Aim("auroc", 0.7))}, "auroc is aimed at twice"),
    "useful": ({"useful": Useful(auroc=1.0)}, "--aim-auroc: it must lie between 0.5 and 1"),
    "width": ({"useful": Useful(width=0.0)}, "--aim-width: it must lie between 0 and 1"),
    "unknown": ({"model": "oracle"}, "--model: oracle is no candidate of this study"),
    "constant": ({"model": "prevalence"}, "or learns nothing. Name one of one_predictor, "),
}


@pytest.mark.parametrize(("changes", "said"), REFUSED.values(), ids=list(REFUSED))
def test_what_makes_no_sense_is_refused_by_name(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan(question(), small(**changes), workers=1)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "predictor": (
        {"predictors": ["platelets", "haemoglobin"]},
        "1 of 2 cannot be simulated.*\n.*haemoglobin: the simulated population has no such",
    ),
    "outcome": (
        {"question": question()["question"] | {"outcome": "lda"}},
        "question.outcome: the simulated population has no lda. Ask for one that it has: response",
    ),
    "event": (
        {"question": question()["question"] | {"event": ["better"], "non_event": ["worse"]}},
        "the simulated patients cannot be read by this configuration",
    ),
    "imputation": ({"preparation": {"imputation": "iterative"}}, "Plan with median"),
    "scenario": (
        {"cohort": {"published": {"scenario": "literatur"}}},
        "there is no such scenario. Did you mean 'literature'",
    ),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=list(WRONG))
def test_a_question_that_cannot_be_simulated_is_refused_by_name(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        plan(question(**changes), small(), workers=1)


def test_a_slow_model_and_zero_workers_are_refused() -> None:
    with pytest.raises(ConfigError, match="too slow to be fitted hundreds of thousands of times"):
        plan(question(models={"random_forest": {}}), small(model="random_forest"))
    with pytest.raises(ConfigError, match="workers: at least 1 is needed"):
        plan(question(), small(), workers=0)


def test_states_and_times_are_refused() -> None:
    with pytest.raises(ConfigError, match="a plan is made for one event"):
        plan("response", small(), scenario="literature", workers=1)


def test_progress_is_told_up_to_the_end(scenario: Path) -> None:
    class Listener:
        def __init__(self) -> None:
            self.shares: list[float] = []
            self.stages: list[str] = []

        def stage(self, name: str) -> None:
            self.stages.append(name)

        def advance(self, share: float, what: str) -> None:
            assert " with " in what
            self.shares.append(share)

    heard = Listener()
    plan(question(), small(), scenario=scenario, workers=1, progress=heard)
    assert heard.stages == ["new patients", "cohorts"]
    assert heard.shares == sorted(heard.shares)
    assert heard.shares[-1] == pytest.approx(1.0)


def test_new_patients_are_none_of_a_cohort(scenario: Path) -> None:
    population = Population.of(study(), load_scenario(scenario))
    drawn: list[Patients] = [cohort_of(population, 1, 50, k)[0] for k in range(3)]
    drawn.append(population.draw(50, [1, planning._NEW]))
    firsts = {tuple(part.values[0]) for part in drawn}
    assert len(firsts) == 4
