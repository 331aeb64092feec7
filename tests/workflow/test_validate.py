"""``predictor validate``: new patients by the model's own rules, and what it lifts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_cohorts import cohort, configuration
from made_hospitals import second_hospital
from made_states import cohort_of_states, configuration_of_states

from predictor import predict
from predictor.cohort.published import simulate
from predictor.config import Config
from predictor.errors import BundleError, CohortError, ConfigError
from predictor.fitted.bundle import open_bundle
from predictor.fitted.revision import revise_bundle
from predictor.performance.evaluation import evaluate
from predictor.workflow.simulate import simulate_file
from predictor.workflow.train import train
from predictor.workflow.validate import validate

ELSEWHERE = """
name: second-hospital
setting: {differs_by: centre, description: "Second hospital, 2024"}
cohort: {patient: patient}
"""


@pytest.fixture(scope="module")
def hospital() -> pd.DataFrame:
    return second_hospital(open_bundle("remission"), 400)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, as if it had been made from people."""
    place = tmp_path_factory.mktemp("real") / "model"
    told = {
        "level": "exploratory",
        "patients": 500,
        "events": 180,
        "simulated_patients": 0,
        "statement": "500 patients; no other patients have been tried.",
    }
    revise_bundle(open_bundle("remission"), place, {"evidence": told})
    return place


def mapping(folder: Path, text: str) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_figures_are_those_of_the_answers_that_predict_gives(
    hospital: pd.DataFrame, tmp_path: Path
) -> None:
    some = hospital.head(120).copy()
    some.loc[some.index[:40], "crp"] = np.nan  # filled in by draws, as in an answer
    found = validate("remission", some, record=False).found
    answers = predict(some.drop(columns="response"), "remission")
    alone = evaluate(
        (some["response"] == "remission").astype(int),
        [answer.probability for answer in answers.predictions],
    )
    assert found.evaluation.to_dict() == alone.to_dict()


def test_enough_patients_of_another_centre_lift_the_evidence(
    hospital: pd.DataFrame, real: Path, tmp_path: Path
) -> None:
    done = validate(real, hospital, mapping=mapping(tmp_path, ELSEWHERE), out=tmp_path / "second")
    assert done.level == "externally validated"
    bundle = open_bundle(tmp_path / "second")
    assert bundle.manifest["evidence"]["level"] == "externally validated"
    assert "another centre (Second hospital, 2024)" in bundle.manifest["evidence"]["statement"]
    assert "no other patients" not in bundle.manifest["evidence"]["statement"]
    assert bundle.manifest["model"]["version"] == "3" == done.version
    assert bundle.digest == open_bundle("remission").digest  # the model is the same
    told = predict(
        {"c3": 75.0, "c4": 12, "platelets": 90, "crp": 4, "age": 30}, tmp_path / "second"
    )
    assert told.to_dict()["evidence"]["level"] == "externally validated"
    assert told.to_dict()["model"]["version"] == "3"


def test_without_a_word_on_where_they_come_from_nothing_is_lifted(
    hospital: pd.DataFrame, real: Path, tmp_path: Path
) -> None:
    done = validate(real, hospital, out=tmp_path / "same")
    assert done.level == "exploratory"
    assert "same source" in open_bundle(tmp_path / "same").manifest["evidence"]["statement"]


def test_a_model_of_simulated_patients_stays_a_demonstration(
    hospital: pd.DataFrame, tmp_path: Path
) -> None:
    done = validate(
        "remission", hospital, mapping=mapping(tmp_path, ELSEWHERE), out=tmp_path / "shown"
    )
    assert done.level == "demonstration"
    assert "stays a demonstration" in done.to_dict()["statement"]


def test_too_few_patients_lift_nothing(hospital: pd.DataFrame, real: Path, tmp_path: Path) -> None:
    done = validate(
        real,
        hospital.head(150),
        mapping=mapping(tmp_path, ELSEWHERE),
        out=tmp_path / "few",
    )
    assert done.level == "exploratory"
    assert "too few" in open_bundle(tmp_path / "few").manifest["evidence"]["statement"]


def test_the_model_s_own_patients_without_a_few_lift_nothing(real: Path, tmp_path: Path) -> None:
    """The bundle knows them as a whole only; without a few, their means give them away."""
    source = Config.model_validate(
        {**open_bundle(real).manifest["config"], "dictionary": None}
    ).cohort.published
    assert source is not None
    made = simulate(source.patients, seed=source.seed, scenario=source.scenario)
    own = pd.DataFrame(made.columns).drop(columns="simulated")
    path = tmp_path / "own.csv"
    own.iloc[7:].to_csv(path, index=False)
    done = validate(real, path, mapping=mapping(tmp_path, ELSEWHERE), out=tmp_path / "again")
    assert done.found.enough
    assert done.level == "exploratory"
    assert "same patients are given again" in done.to_dict()["statement"]


@pytest.mark.parametrize("said", [True, False])
def test_a_part_of_the_model_lifts_nothing(
    hospital: pd.DataFrame, real: Path, tmp_path: Path, said: bool
) -> None:
    some = hospital.drop(columns="c3") if said else hospital.assign(c3=np.nan)
    text = f"{ELSEWHERE}\nabsent: [c3]" if said else ELSEWHERE
    done = validate(real, some, mapping=mapping(tmp_path, text), out=tmp_path / "part")
    assert done.found.enough
    assert done.level == "exploratory"
    assert (
        "Not measured there: c3."
        in open_bundle(tmp_path / "part").manifest["evidence"]["statement"]
    )


def test_simulated_patients_lift_nothing(
    hospital: pd.DataFrame, real: Path, tmp_path: Path
) -> None:
    marked = hospital.assign(simulated=1)
    done = validate(real, marked, mapping=mapping(tmp_path, ELSEWHERE), out=tmp_path / "made")
    assert done.level == "exploratory"
    assert "validate nothing" in done.to_dict()["statement"]


def test_probabilities_that_are_too_high_are_named(tmp_path: Path) -> None:
    rare = second_hospital(open_bundle("remission"), 600, shift=-1.2)
    found = validate("remission", rare, record=False).to_dict()
    assert found["observed_expected_high"] < 1.0
    assert "too high on average: update the model" in found["statement"]


def test_a_model_that_is_too_sure_is_named(tmp_path: Path) -> None:
    flat = second_hospital(open_bundle("remission"), 3000, slope=0.4)
    found = validate("remission", flat, record=False).to_dict()
    assert found["calibration_slope_high"] < 1.0
    assert "high ones are too high" in found["statement"]


def test_the_same_patients_are_recorded_once(hospital: pd.DataFrame, tmp_path: Path) -> None:
    place = tmp_path / "once"
    validate("remission", hospital, out=place)
    with pytest.raises(CohortError, match="validated on these very patients before"):
        validate(place, hospital)
    with pytest.raises(CohortError, match="validated on these very patients before"):
        validate(place, hospital.sample(frac=1.0, random_state=1))
    again = validate(place, hospital.head(200))
    assert again.version == "3"
    assert [e["n"] for e in open_bundle(place).manifest["external_validations"]] == [400, 200]


def test_the_report_tells_of_it_and_nothing_of_a_patient(
    hospital: pd.DataFrame, tmp_path: Path
) -> None:
    place = tmp_path / "told"
    validate("remission", hospital, mapping=mapping(tmp_path, ELSEWHERE), out=place)
    report = json.loads((place / "report.json").read_text(encoding="utf-8"))
    section = next(s for s in report["sections"] if s["id"] == "external")
    assert section["parts"][0]["title"].startswith("second-hospital: 400 patients")
    written = "".join(p.read_text("utf-8") for p in place.glob("*.json"))
    assert "S0001" not in written
    value = repr(float(hospital["c3"].iloc[0]))
    assert value not in written


def test_shares_of_few_patients_are_not_kept(hospital: pd.DataFrame, tmp_path: Path) -> None:
    gaps = hospital.copy()
    gaps.loc[gaps.index[:3], "crp"] = np.nan
    gaps.loc[gaps.index[:50], "c4"] = np.nan
    place = tmp_path / "gaps"
    validate("remission", gaps, out=place)
    (entry,) = json.loads((place / "external_validations.json").read_text("utf-8"))
    missing = {row["variable"]: row["missing"] for row in entry["case_mix"]["variables"]}
    assert missing["crp"] is None
    assert missing["c4"] == pytest.approx(50 / 400)


def test_other_names_and_units_are_mapped(hospital: pd.DataFrame, tmp_path: Path) -> None:
    theirs = hospital.rename(columns={"c3": "C3 g/L", "response": "after"})
    theirs["C3 g/L"] /= 100.0
    theirs["after"] = np.where(theirs["after"] == "remission", 1, 0)
    text = """
cohort: {patient: patient, columns: {c3: C3 g/L}, units: {c3: g/L}}
outcome: {column: after, event: 1, non_event: 0, horizon: 6 months}
"""
    ours = validate("remission", hospital, record=False).to_dict()
    found = validate("remission", theirs, mapping=mapping(tmp_path, text), record=False).to_dict()
    for name in ("auroc", "brier", "calibration_slope", "observed_expected"):
        assert found[name] == pytest.approx(ours[name], rel=1e-9), name


def test_a_renamed_column_without_a_unit_is_refused(hospital: pd.DataFrame, tmp_path: Path) -> None:
    theirs = hospital.rename(columns={"c3": "C3"})
    text = "cohort: {patient: patient, columns: {c3: C3}}"
    with pytest.raises(ConfigError) as refusal:
        validate("remission", theirs, mapping=mapping(tmp_path, text), record=False)
    assert [reason.code for reason in refusal.value.reasons] == ["unit_not_stated"]


def test_another_horizon_or_definition_is_refused_with_everything_else(
    hospital: pd.DataFrame, tmp_path: Path
) -> None:
    text = """
cohort: {patient: patient, units: {c3: furlongs}}
outcome: {horizon: 12 months, definition: lldas}
absent: [crpp]
"""
    with pytest.raises(ConfigError) as refusal:
        validate("remission", hospital, mapping=mapping(tmp_path, text), record=False)
    codes = {reason.code for reason in refusal.value.reasons}
    assert codes == {"unknown_unit", "other_horizon", "no_definition", "not_a_predictor"}


def test_a_cohort_without_the_outcome_is_refused(hospital: pd.DataFrame) -> None:
    with pytest.raises(CohortError) as refusal:
        validate("remission", hospital.drop(columns="response"), record=False)
    assert "missing_column" in {reason.code for reason in refusal.value.reasons}


def test_five_events_are_refused(hospital: pd.DataFrame) -> None:
    events = hospital[hospital["response"] == "remission"].head(5)
    few = pd.concat([events, hospital[hospital["response"] == "flare"].head(60)])
    with pytest.raises(CohortError, match="5 of 65 patients have the event"):
        validate("remission", few, record=False)


def test_patients_the_model_would_refuse_are_left_out_and_counted(
    hospital: pd.DataFrame,
) -> None:
    odd = hospital.copy()
    odd.loc[odd.index[:7], ["c3", "c4", "crp", "platelets"]] = np.nan
    odd.loc[odd.index[7:12], "age"] = 12.0
    odd["primary_aps"] = "no"
    odd.loc[odd.index[12:15], "primary_aps"] = "yes"
    found = validate("remission", odd, record=False).to_dict()
    left = {row["reason"]: row["patients"] for row in found["excluded"]}
    assert sorted(left.values()) == [3, 5, 7]
    assert found["n"] == 400 - 15


def test_a_predictor_that_is_not_measured_there_is_said(
    hospital: pd.DataFrame, tmp_path: Path
) -> None:
    without = hospital.drop(columns="crp")
    with pytest.raises(CohortError):
        validate("remission", without, record=False)
    text = "cohort: {patient: patient}\nabsent: [crp]"
    found = validate("remission", without, mapping=mapping(tmp_path, text), record=False).to_dict()
    assert found["absent"] == ["crp"]
    assert found["n"] == 400


def test_the_patients_of_the_training_validate_nothing(tmp_path: Path) -> None:
    simulate_file(tmp_path / "own.csv", patients=500, seed=1, scenario="strong")
    with pytest.raises(CohortError, match="patients that the model was made from"):
        validate("remission", tmp_path / "own.csv", record=False)


def test_nor_do_they_in_another_order_under_other_names_and_with_more_columns(
    tmp_path: Path,
) -> None:
    own = cohort()
    done = train(configuration(), own, out=tmp_path / "model", workers=1)
    other = own.sample(frac=1.0, random_state=3).reset_index(drop=True)
    other["pid"] = [f"Q{i}" for i in range(len(other))]
    other["centre"] = "elsewhere"
    text = """
setting: {differs_by: centre}
cohort: {patient: pid, centre: centre, columns: {sledai_2k: activity}, units: {sledai_2k: "1"}}
"""
    with pytest.raises(CohortError, match="patients that the model was made from"):
        validate(done.bundle, other, mapping=mapping(tmp_path, text), record=False)
    one_less = validate(done.bundle, other[1:], mapping=mapping(tmp_path, text), record=False)
    assert one_less.found.to_dict()["n"] == len(own) - 1


def test_what_is_said_to_be_unmeasured_must_not_be_in_the_file(
    hospital: pd.DataFrame, tmp_path: Path
) -> None:
    text = "cohort: {patient: patient}\nabsent: [crp]"
    with pytest.raises(CohortError, match="crp is in the file, and the mapping says"):
        validate("remission", hospital, mapping=mapping(tmp_path, text), record=False)


@pytest.mark.parametrize(
    "codes",
    [
        "event: [flare], non_event: [remission]",
        "event: [low_disease_activity]",
        "event: [better], non_event: [remission, flare]",
    ],
)
def test_codes_that_turn_the_outcome_round_are_refused(
    codes: str, hospital: pd.DataFrame, tmp_path: Path
) -> None:
    text = f"cohort: {{patient: patient}}\noutcome: {{{codes}}}"
    with pytest.raises(ConfigError) as refusal:
        validate("remission", hospital, mapping=mapping(tmp_path, text), record=False)
    assert {reason.code for reason in refusal.value.reasons} == {"reversed_codes"}


def test_a_shipped_model_stays_as_it_is(hospital: pd.DataFrame) -> None:
    done = validate("remission", hospital)
    assert done.recorded is None
    assert "came with the package" in done.why_not


def test_centres_are_told_apart(hospital: pd.DataFrame, tmp_path: Path) -> None:
    theirs = hospital.assign(site=np.repeat(["a", "b", "c"], [200, 190, 10]))
    text = "cohort: {patient: patient, centre: site}"
    found = validate("remission", theirs, mapping=mapping(tmp_path, text), record=False).to_dict()
    shown = [row["n"] for row in found["centres"]["centres"]]
    assert found["centres"]["masked"] == shown.count(None)
    first = hospital.head(200)
    alone = validate("remission", first, record=False).found.evaluation.auroc
    assert alone is not None
    assert found["centres"]["centres"][0]["auroc"] == pytest.approx(alone.value)


def test_a_bundle_that_was_replaced_meanwhile_is_not_overwritten(
    hospital: pd.DataFrame, tmp_path: Path
) -> None:
    place = tmp_path / "again"
    validate("remission", hospital, out=place)
    old = open_bundle(place)
    validate(place, hospital.head(300))
    with pytest.raises(BundleError, match="replaced while"):
        revise_bundle(old, place, {})


def test_a_model_of_several_states_is_refused_by_name(
    tmp_path: Path, hospital: pd.DataFrame
) -> None:
    place = tmp_path / "states"
    train(configuration_of_states(), cohort_of_states(), out=place, workers=1)
    with pytest.raises(BundleError, match="several states"):
        validate(place, hospital, record=False)
