"""``predictor update``: the model that comes out, its interval, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_hospitals import second_hospital

from predictor import predict
from predictor.errors import BundleError, CohortError, PredictorError
from predictor.fitted.bundle import open_bundle
from predictor.performance.calibration import calibration_slope
from predictor.performance.recalibration import recalibrate
from predictor.report.update_text import ON_AVERAGE
from predictor.workflow.update import update
from predictor.workflow.validate import validate

GAPS = ("c3", "c4", "platelets", "crp", "proteinuria", "anti_dsdna")


@pytest.fixture(scope="module")
def miscalibrated() -> pd.DataFrame:
    return second_hospital(open_bundle("remission"), 500, shift=-1.0, slope=0.6)


@pytest.fixture(scope="module")
def updated(miscalibrated: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("updated") / "model"
    update("remission", miscalibrated, out=place, method="logistic")
    return place


def test_what_validation_finds_wrong_passes_after_updating(
    miscalibrated: pd.DataFrame, updated: Path
) -> None:
    later = second_hospital(open_bundle("remission"), 1500, seed=99, shift=-1.0, slope=0.6)
    before = validate("remission", later, record=False).to_dict()
    after = validate(updated, later, record=False).to_dict()
    assert before["calibration_slope_high"] < 1.0
    assert before["observed_expected_high"] < 1.0
    assert "update the model" in before["statement"]
    assert after["calibration_slope_low"] < 1.0 < after["calibration_slope_high"]
    assert after["observed_expected_low"] < 1.0 < after["observed_expected_high"]
    assert "update the model" not in after["statement"]
    assert after["brier"] < before["brier"]
    assert after["auroc"] == pytest.approx(before["auroc"])  # the order is the same


def test_the_updated_answers_are_the_recalibrated_ones(
    miscalibrated: pd.DataFrame, updated: Path
) -> None:
    patients = miscalibrated.drop(columns="response")
    p = np.array([a.probability for a in predict(patients, "remission").predictions])
    q = np.array([a.probability for a in predict(patients, updated).predictions])
    y = (miscalibrated["response"] == "remission").to_numpy().astype(float)
    line = recalibrate(y, p[None], np.ones((1, len(y))))
    odds = line.joint_intercept[0] + line.slope[0] * np.log(p / (1 - p))
    assert q == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-6)


@pytest.fixture(scope="module")
def sparse() -> pd.DataFrame:
    """As above, with up to three of the six values missing."""
    table = second_hospital(open_bundle("remission"), 400, shift=-1.0, slope=0.5)
    gap = np.random.default_rng(8).random((len(table), len(GAPS))) < 1 / 3
    table[list(GAPS)] = table[list(GAPS)].mask(gap)
    kept: pd.DataFrame = table.loc[gap.sum(axis=1) <= 3]
    return kept


@pytest.mark.parametrize("method", ["intercept", "logistic", "refit"])
def test_what_is_told_is_what_the_model_answers_with_gaps(
    sparse: pd.DataFrame, tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figures after, by the answers of the model that was written."""
    monkeypatch.setattr("predictor.workflow.update.RESAMPLES", 4)
    done = update("remission", sparse, out=tmp_path / "new", method=method)
    answers = predict(sparse.drop(columns="response"), tmp_path / "new").predictions
    given = np.array([answer.probability for answer in answers])
    event = (sparse["response"] == "remission").to_numpy().astype(float)
    told = {row.figure: row.apparent for row in done.gain.rows}
    assert len(given) == len(event) == done.patients
    assert told["brier"] == pytest.approx(((given - event) ** 2).mean(), abs=1e-9)
    # The likelihood's own equation, which a shift inside the mean meets nearly.
    assert given.mean() == pytest.approx(event.mean(), abs=0.003)
    if method != "intercept":
        slope = calibration_slope(event, given)
        assert slope is not None
        assert told["calibration_slope"] == pytest.approx(slope.value, abs=1e-6)
    if method == "logistic":  # a refit is pulled back
        assert told["calibration_slope"] == pytest.approx(1.0, abs=0.02)


def test_the_interval_knows_of_both_cohorts(miscalibrated: pd.DataFrame, tmp_path: Path) -> None:
    """Fewer new patients leave more open; both intervals hold the answer."""
    patient = {"c3": 75, "c4": 12, "platelets": 90, "crp": 20, "proteinuria": 300}
    patient |= {"age": 40, "anti_dsdna": 60}
    widths = []
    for n in (60, 500):
        place = tmp_path / str(n)
        update("remission", miscalibrated.head(n), out=place, method="logistic")
        answer = predict(patient, place)
        assert answer.interval is not None
        assert answer.interval.low < answer.probability < answer.interval.high
        widths.append(answer.interval.high - answer.interval.low)
    assert widths[0] > widths[1]


def test_a_right_model_is_left_alone_and_nothing_written(tmp_path: Path) -> None:
    right = second_hospital(open_bundle("remission"), 300)
    done = update("remission", right, out=tmp_path / "same")
    assert done.change.method == "none"
    assert done.folder is None
    assert not (tmp_path / "same").exists()


@pytest.mark.slow
def test_a_refit_learns_what_recalibration_cannot(tmp_path: Path) -> None:
    bundle = open_bundle("remission")
    theirs = second_hospital(bundle, 1500, seed=3)
    rng = np.random.default_rng(1)
    odds = 1.5 * (theirs["c3"] - theirs["c3"].mean()) / theirs["c3"].std() - 0.5
    event = rng.random(len(theirs)) < 1 / (1 + np.exp(-odds))
    theirs["response"] = np.where(event, "remission", "flare")
    done = update("remission", theirs, out=tmp_path / "other")
    assert done.change.method == "refit"
    by_name = {row.figure: row for row in done.gain.rows}
    assert by_name["auroc"].corrected is not None
    assert by_name["auroc"].before is not None
    assert by_name["auroc"].corrected > by_name["auroc"].before + 0.05


def test_lineage_and_evidence_say_where_it_comes_from(updated: Path) -> None:
    manifest = open_bundle(updated).manifest
    old = open_bundle("remission")
    (ancestor,) = manifest["lineage"]
    assert ancestor["digest"] == old.digest != manifest["model"]["digest"]
    assert ancestor["version"] == "1"
    assert manifest["model"]["version"] == "2"
    assert "validate it before it is used" in manifest["evidence"]["statement"]
    assert manifest["evidence"]["level"] == "demonstration"
    assert manifest["evidence"]["patients"] == 500  # the new ones are real, the old ones not
    assert manifest["evidence"]["simulated_patients"] == 500


def test_figures_of_the_old_model_are_not_taken_for_those_of_the_new(updated: Path) -> None:
    assert open_bundle(updated).manifest["validation"]["bootstrap"] is None
    report = json.loads((updated / "report.json").read_text("utf-8"))
    ids = [section["id"] for section in report["sections"]]
    assert ids[:2] == ["verdict", "update"]
    text = (updated / "report.html").read_text("utf-8")
    assert "empty until somebody validates it" in text
    assert report["missing"] == []


def test_an_external_validation_is_not_inherited(
    miscalibrated: pd.DataFrame, updated: Path, tmp_path: Path
) -> None:
    tried = tmp_path / "tried"
    later = second_hospital(open_bundle("remission"), 300, seed=5)
    validate(updated, later, out=tried)
    assert open_bundle(tried).manifest["external_validations"]
    again = tmp_path / "again"
    update(tried, miscalibrated.tail(200), out=again, method="intercept")
    manifest = open_bundle(again).manifest
    assert "external_validations" not in manifest
    assert [one["version"] for one in manifest["lineage"]] == ["1", "3"]


def test_rows_of_a_patient_are_in_no_file(miscalibrated: pd.DataFrame, updated: Path) -> None:
    written = b"".join(p.read_bytes() for p in updated.rglob("*") if p.is_file())
    assert b"S0001" not in written
    assert repr(float(miscalibrated["c3"].iloc[0])).encode() not in written


def test_the_report_says_that_a_chance_rejection_is_not_corrected_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor.workflow.update.RESAMPLES", 4)
    moved = second_hospital(open_bundle("remission"), 300, shift=-1.5)
    done = update("remission", moved, out=tmp_path / "auto")
    assert done.tests[0].rejected
    assert "methods" not in done.to_dict()
    assert ON_AVERAGE in (tmp_path / "auto" / "report.html").read_text("utf-8")
    update("remission", moved, out=tmp_path / "named", method="intercept")
    assert ON_AVERAGE not in (tmp_path / "named" / "report.html").read_text("utf-8")


def test_patients_with_several_rows_are_refused(
    miscalibrated: pd.DataFrame, tmp_path: Path
) -> None:
    """Three equal rows say no more than one, and the closed test would take them for three."""
    mapping = tmp_path / "rows.yaml"
    mapping.write_text("name: rows\ncohort: {patient: patient, repeated_rows: true}\n", "utf-8")
    few = miscalibrated.head(100)
    thrice = pd.concat([few, few.head(30), few.head(30)])
    with pytest.raises(CohortError, match="30 of 100 patients have several rows") as refused:
        update("remission", thrice, out=tmp_path / "x", mapping=mapping)
    assert "Keep one row per patient" in str(refused.value)
    assert "predictor validate" in str(refused.value)
    assert not (tmp_path / "x").exists()
    told = validate("remission", thrice, mapping=mapping, record=False).to_dict()
    assert told["repeated_rows"] is True
    done = update("remission", few, out=tmp_path / "y", mapping=mapping, method="intercept")
    assert (done.patients, done.events) == (100, int((few["response"] == "remission").sum()))


def test_what_cannot_be_updated_is_refused(miscalibrated: pd.DataFrame, tmp_path: Path) -> None:
    own = open_bundle("remission").path
    with pytest.raises(PredictorError, match="not known"):
        update("remission", miscalibrated, out=tmp_path / "x", method="magic")
    with pytest.raises(BundleError, match="stays as it is"):
        update("remission", miscalibrated, out=own, method="intercept")
    with pytest.raises(CohortError, match="fewer than 10 of either"):
        update("remission", miscalibrated.head(12), out=tmp_path / "x", method="intercept")
    assert not (tmp_path / "x").exists()
