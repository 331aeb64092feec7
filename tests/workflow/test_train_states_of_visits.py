"""Several states of patients made from visits, by the function that makes them for events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_state_visits import DEFINITION, LOW_ACTIVITY, STATES, study, visits
from run_commands import runner

from predictor.errors import CohortError
from predictor.workflow.check import check
from predictor.workflow.cohort import write_cohort_file
from predictor.workflow.state_run import StateTrainingRun
from predictor.workflow.train import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("visits")
    visits().to_csv(folder / "visits.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path) -> StateTrainingRun:
    found = train(study(folder), out=folder / "bundle", workers=1)
    assert isinstance(found, StateTrainingRun)
    return found


def test_the_cohort_is_made_from_the_visits_that_the_configuration_names(
    trained: StateTrainingRun,
) -> None:
    assert trained.cohort.patients == 54
    steps = {step.step: step.patients for step in trained.cohort.flow}
    assert steps["read"] == steps["indexed"] == 60
    assert steps["excluded: no follow-up visit within 90 to 365 days"] == 6
    assert steps["analysed"] == 54


def test_flow_and_unknown_outcomes_stand_in_manifest_and_report(trained: StateTrainingRun) -> None:
    manifest = json.loads((trained.bundle / "manifest.json").read_text(encoding="utf-8"))
    first = manifest["cohort"]["flow"][0]
    assert (first["step"], first["patients"]) == ("read", 60)
    findings = json.loads((trained.bundle / "findings.json").read_text(encoding="utf-8"))
    told = findings["patients"]["sensitivity"]
    assert told["no_follow_up"] == 6
    assert [row["state"] for row in told["states"]] == list(STATES)
    assert sum(row["patients"] for row in told["states"]) == 54
    for row in told["states"]:
        assert row["worst_case"] == pytest.approx(row["patients"] / 60)
        assert row["best_case"] == pytest.approx((row["patients"] + 6) / 60)
    page = (trained.bundle / "report.html").read_text(encoding="utf-8")
    assert "6 outcomes are not known" in page
    assert "if every unknown outcome were the event" not in page
    assert trained.to_dict()["sensitivity"]["no_follow_up"] == 6


def test_the_bundle_says_by_which_definition_its_outcome_was_told(
    trained: StateTrainingRun,
) -> None:
    manifest = json.loads((trained.bundle / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["outcome"]["told"] == trained.cohort.outcome_told
    assert manifest["outcome"]["told"]["definition"] == "activity.yaml"


def test_visits_given_by_hand_and_the_made_cohort_train_the_same_model(
    trained: StateTrainingRun, folder: Path, tmp_path: Path
) -> None:
    made = tmp_path / "cohort.csv"
    write_cohort_file(study(folder), out=made)
    for number, data in enumerate((folder / "visits.csv", made)):
        again = train(study(folder), data, out=tmp_path / f"b{number}", workers=1)
        assert again.cohort.digest == trained.cohort.digest


def test_the_command_speaks_of_states_and_not_of_an_event(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, run = tmp_path / "cohort.csv", runner(monkeypatch, capsys)
    text = run("cohort", study(folder), "--out", out).out
    assert "In each state, worst first: bad " in text
    assert " event" not in text
    told = run("cohort", study(folder), "--out", out, "--format", "json").json
    assert told["events"] is None
    assert sum(row["patients"] for row in told["sensitivity"]["states"]) == 54


def test_a_death_outside_the_states_is_refused_by_every_command(tmp_path: Path) -> None:
    frame = visits()
    frame.loc[(frame["who"] == "P000"), "death_day"] = "100"
    frame.to_csv(tmp_path / "visits.csv", index=False)
    config = study(tmp_path, death={"time": "death_day"})
    rule = r"death\.state: bad"
    with pytest.raises(CohortError, match=rule):
        write_cohort_file(config, out=tmp_path / "cohort.csv")
    assert not (tmp_path / "cohort.csv").exists()
    with pytest.raises(CohortError, match=rule):
        train(config, out=tmp_path / "bundle")
    found = check(None, config)
    assert [p.code for p in found.problems if p.fatal] == ["unknown_state"]


def test_a_death_that_is_mapped_to_a_state_is_an_outcome_and_never_missing(tmp_path: Path) -> None:
    frame = visits()
    frame.loc[(frame["who"] == "P000"), "death_day"] = "100"
    frame.to_csv(tmp_path / "visits.csv", index=False)
    before = write_cohort_file(study(tmp_path), out=tmp_path / "before.csv").cohort.sensitivity
    config = study(tmp_path, death={"time": "death_day", "state": "bad"})
    after = write_cohort_file(config, out=tmp_path / "after.csv").cohort.sensitivity
    assert after.no_follow_up == before.no_follow_up - 1
    assert dict(after.states)["bad"] == dict(before.states)["bad"] + 1


def test_states_of_columns_cannot_be_asked_of_visits(tmp_path: Path) -> None:
    import yaml

    visits().to_csv(tmp_path / "visits.csv", index=False)
    path = study(tmp_path)
    config = yaml.safe_load(path.read_text())
    derived = [{"state": "soso", "when": {"x": 1}}, {"state": "good", "when": {"y": 1}}]
    config["question"]["states"] = ["bad", *derived]
    path.write_text(yaml.safe_dump(config))
    with pytest.raises(CohortError, match="Leave `when` out"):
        write_cohort_file(path, out=tmp_path / "cohort.csv")


def test_real_visits_give_the_states_that_the_finished_cohort_gives(
    shared: Path, tmp_path: Path
) -> None:
    """As tests/workflow/test_train_states.py reads them from one row per patient: 45, 35 and 6."""
    import yaml

    from predictor.shipped import find
    from predictor.study import load_study
    from predictor.workflow.study_cohort import study_cohort

    definition = {
        **DEFINITION,
        "rule": LOW_ACTIVITY,
        "states": {"quiet": "sledai_2k == 0", "low": LOW_ACTIVITY},
        "otherwise": "active",
    }
    (tmp_path / "three.yaml").write_text(yaml.safe_dump(definition, sort_keys=False))
    config = yaml.safe_load((find("sle_from_visits", "configs", ".yaml") or Path()).read_text())
    config["question"] = {
        key: value for key, value in config["question"].items() if key not in ("event", "label")
    } | {"outcome": "activity", "states": ["active", "low", "quiet"]}
    config["cohort"]["outcome"]["definition"] = "three.yaml"
    config["models"] = {"proportional_odds": {}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    found = study_cohort(load_study(path), shared / "data" / "gse65391_visits.csv")
    assert [int((found.outcome == k).sum()) for k in range(3)] == [45, 35, 6]
    assert found.sensitivity is not None
    assert found.sensitivity.no_follow_up == 31
