"""A model that is not linear, from training to the answer: its calibration range."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_cohorts import cohort, configuration

from predictor.clinic.draws import DRAWS
from predictor.clinic.prediction import predict
from predictor.fitted.bundle import load_bundle
from predictor.fitted.venn_abers import FILE
from predictor.learning.venn_abers import venn_abers
from predictor.performance.scores import brier
from predictor.workflow import train as stage
from predictor.workflow.predict import predict_file
from predictor.workflow.train import TrainingRun, train

QUICK = {"folds": 3, "repeats": 2, "inner_folds": 2, "bootstrap": 0, "permutations": 0}
# So many trees that no score but 0 and 1 is a share of as many rows as there are in two repeats.
FOREST = {"random_forest": {"trees": 127, "min_samples_leaf": [1]}}
PATIENT = {"age": 30, "sex": "female", "c3": 110, "c4": 20, "sledai_2k": 9}


def study(**changes: Any) -> dict[str, Any]:
    return configuration(models=FOREST, choose="random_forest", validation=QUICK, **changes)


@pytest.fixture(scope="module")
def learned() -> list[tuple[np.ndarray, np.ndarray, Any]]:
    """What the training learned the range from."""
    return []


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, learned: list[tuple[np.ndarray, np.ndarray, Any]]
) -> TrainingRun:
    def listening(score: Any, outcome: Any, group: Any) -> Any:
        learned.append((score, outcome, group))
        return venn_abers(score, outcome, group)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "venn_abers", listening)
        return train(study(), cohort(), out=tmp_path_factory.mktemp("forest") / "b", workers=1)


def test_a_forest_answers_with_the_range_of_its_own_out_of_fold_scores(
    run: TrainingRun, learned: list[tuple[np.ndarray, np.ndarray, Any]]
) -> None:
    ((score, outcome, _),) = learned
    assert score.shape == (2, 60)
    # The comparison judges the same predictions, averaged over repeats.
    assert brier(outcome, score.mean(axis=0)) == pytest.approx(run.comparison.chosen.brier)
    answer = predict(PATIENT, run.bundle)
    found = venn_abers(score, outcome)
    assert found is not None
    low, high = found.at(np.array([answer.probability]))
    assert answer.interval is not None
    assert answer.interval.level is None
    assert answer.interval.method == "venn-abers"
    assert (answer.interval.low, answer.interval.high) == (low[0], high[0])
    assert "no_interval" not in [warning.code for warning in answer.warnings]
    assert "(calibration range, no confidence interval)" in " ".join(str(answer).split())
    told = json.loads(json.dumps(answer.to_dict(), allow_nan=False))["interval"]
    assert told["level"] is None
    assert told["widening"] == 0.0


def test_the_range_of_a_useful_forest_follows_its_probability(run: TrainingRun) -> None:
    well, badly = predict(PATIENT, run.bundle), predict(PATIENT | {"c3": 45}, run.bundle)
    assert well.probability > 0.8
    assert badly.probability < 0.2
    assert well.interval is not None
    assert badly.interval is not None
    assert well.interval.low > badly.interval.high


def test_the_range_of_a_patient_with_gaps_is_the_mean_over_the_draws(run: TrainingRun) -> None:
    """Half of the draws of C3 mean a high score and half a low one, and none the mean of both."""
    bundle = load_bundle(run.bundle)
    assert bundle.moments is not None
    assert bundle.calibration is not None
    values = np.array([[30.0, 0.0, np.nan, 20.0, 9.0]])  # as PREDICTORS stand
    (complete,) = bundle.moments.draws(values, DRAWS)
    score = bundle.model.probability(bundle.preparation.apply(complete))
    low, high = bundle.calibration.at(score)
    answer = predict({k: v for k, v in PATIENT.items() if k != "c3"}, bundle)
    assert answer.interval is not None
    assert answer.probability == pytest.approx(score.mean())
    assert answer.interval.low == pytest.approx(low.mean())
    assert answer.interval.high == pytest.approx(high.mean())
    assert answer.interval.widening == 0.0
    assert "averaged over what was not measured" in " ".join(str(answer).split())


def test_the_bundle_holds_the_range_and_no_score_of_a_patient(
    run: TrainingRun, learned: list[tuple[np.ndarray, np.ndarray, Any]]
) -> None:
    assert FILE in load_bundle(run.bundle).manifest["files"]
    kept = (run.bundle / FILE).read_text()
    assert len(json.loads(kept)["low"]) == len(json.loads(kept)["high"]) == 101
    ((score, _, _),) = learned
    shares = [repr(float(number)) for number in score.ravel() if number not in (0.0, 1.0)]
    assert len(shares) > 80
    assert not [share for share in shares if share in kept]


def test_a_table_of_answers_has_the_bounds(run: TrainingRun, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("age,sex,c3,c4,sledai_2k\n30,female,110,20,9\n")
    predict_file(tmp_path / "in.csv", str(run.bundle), out=tmp_path / "out.csv")
    (row,) = csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8-sig"))
    interval = predict(PATIENT, run.bundle).interval
    assert interval is not None
    assert float(row["interval_low"]) == pytest.approx(interval.low)
    assert float(row["interval_high"]) == pytest.approx(interval.high)
    assert (row["interval_level"], row["interval_method"]) == ("", "venn-abers")


def test_a_forest_that_is_far_too_sure_is_contradicted(tmp_path: Path) -> None:
    """Single-patient leaves, outcomes by chance: the forest knows its patients by heart."""
    made = cohort(60)
    made["out"] = np.random.default_rng(1).permutation(np.arange(60) % 2)
    bundle = load_bundle(train(study(), made, out=tmp_path / "b", workers=1).bundle)
    answers = predict(made[["age", "sex", "c3", "c4"]].assign(sledai_2k=made["activity"]), bundle)
    codes = [[warning.code for warning in answer.warnings] for answer in answers]
    contradicted = [answer for answer, code in zip(answers, codes, strict=True) if code]
    assert len(contradicted) > 20
    for answer, code in zip(answers, codes, strict=True):
        assert answer.interval is not None
        beyond = max(
            answer.interval.low - answer.probability, answer.probability - answer.interval.high
        )
        assert (code == ["calibration"]) == (beyond > 0.05)
        assert ("CONTRADICTED by its calibration range" in str(answer)) == (beyond > 0.05)


def test_rows_that_belong_together_count_as_what_they_are(tmp_path: Path) -> None:
    """Sixty rows of fifteen centres are too few: no range, and the answer says so."""
    made = cohort(60).assign(hospital=np.arange(60) % 15)
    grouped = configuration()["cohort"] | {"centre": "hospital"}
    bundle = load_bundle(train(study(cohort=grouped), made, out=tmp_path / "b", workers=1).bundle)
    assert bundle.calibration is None
    assert FILE not in bundle.manifest["files"]
    answer = predict(PATIENT, bundle)
    assert answer.interval is None
    assert [warning.code for warning in answer.warnings] == ["no_interval"]


def test_a_linear_model_has_no_range_beside_its_replicates(tmp_path: Path) -> None:
    ridge = configuration(validation=QUICK | {"bootstrap": 20})
    bundle = load_bundle(train(ridge, cohort(), out=tmp_path / "b", workers=1).bundle)
    assert bundle.replicates is not None
    assert bundle.calibration is None
