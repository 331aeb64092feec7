"""The data dictionary beside a cohort, held against the outcome of a model."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from made_hospitals import second_hospital
from made_state_visits import DEFINITION, study, visits

from predictor.errors import CohortError
from predictor.fitted.bundle import open_bundle
from predictor.fitted.revision import revise_bundle
from predictor.study import load_study
from predictor.workflow.check import check
from predictor.workflow.cohort import write_cohort_file
from predictor.workflow.monitor import monitor
from predictor.workflow.study_cohort import study_cohort
from predictor.workflow.update import update
from predictor.workflow.validate import validate

OUTCOME = {"definition": "lldas", "at": {"nearest": 180, "within": [90, 365]}}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, as if its outcome had been told from visits."""
    shipped = open_bundle("remission")
    config = deepcopy(dict(shipped.manifest["config"]))
    config["cohort"] = {
        "visits": {"file": "visits.csv", "patient": "patient", "time": "day"},
        "index": {"first": "c3 > 0"},
        "outcome": OUTCOME,
    }
    place = tmp_path_factory.mktemp("told") / "model"
    revise_bundle(shipped, place, {"config": config})
    return place


@pytest.fixture
def cohort(model: Path, tmp_path: Path) -> Path:
    path = tmp_path / "cohort.csv"
    second_hospital(open_bundle("remission"), 150).to_csv(path, index=False)
    return path


def beside(cohort: Path, **told: Any) -> Path:
    path = cohort.with_name("cohort.dictionary.json")
    path.write_text(json.dumps({"outcome": {"column": "response", **OUTCOME, **told}}), "utf-8")
    return path


def test_the_same_outcome_is_taken(model: Path, cohort: Path) -> None:
    without = validate(model, cohort, record=False).found.evaluation.to_dict()
    beside(cohort)
    assert validate(model, cohort, record=False).found.evaluation.to_dict() == without


@pytest.mark.parametrize(
    ("told", "codes", "said"),
    [
        (
            {"definition": "sledai_low_activity"},
            ["other_definition"],
            "told by lldas, that of the file by sledai_low_activity",
        ),
        (
            {"definition": None, "rule": "sledai_2k <= 4"},
            ["other_definition"],
            "that of the file by sledai_2k <= 4",
        ),
        (
            {"at": {"nearest": 360, "within": [270, None]}},
            ["other_horizon"],
            "to day 180 within days 90 to 365, that of the file at the visit nearest to day",
        ),
        (
            {"definition": "doris", "at": {"nearest": 180, "within": [90, 200]}},
            ["other_definition", "other_horizon"],
            "within days 90 to 200",
        ),
    ],
)
def test_another_outcome_is_refused_with_what_differs(
    model: Path, cohort: Path, told: dict[str, Any], codes: list[str], said: str
) -> None:
    beside(cohort, **told)
    before = {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}
    with pytest.raises(CohortError, match=r"cohort\.dictionary\.json beside it says") as refusal:
        validate(model, cohort)
    assert [reason.code for reason in refusal.value.reasons] == codes
    assert said in " ".join(reason.message for reason in refusal.value.reasons)
    assert {path: path.read_bytes() for path in model.rglob("*") if path.is_file()} == before


def test_two_definitions_of_one_name_are_held_by_their_rules(
    model: Path, cohort: Path, tmp_path: Path
) -> None:
    digest = "sha256:" + "1" * 64
    outcome = dict(open_bundle(model).manifest["outcome"])
    told = {"column": "response", **OUTCOME, "definition_digest": digest}
    place = tmp_path / "newer"
    revise_bundle(open_bundle(model), place, {"outcome": {**outcome, "told": told}})

    beside(cohort, definition="renamed.yaml", definition_digest=digest)
    assert validate(place, cohort, record=False).found.evaluation.n == 150
    beside(cohort, definition_digest="sha256:" + "2" * 64)
    with pytest.raises(CohortError) as refusal:
        validate(place, cohort)
    assert [reason.code for reason in refusal.value.reasons] == ["other_definition"]
    assert "one of the same name, but their rules differ" in refusal.value.reasons[0].message
    # What an earlier version wrote has no digest, and is held by the name.
    beside(cohort)
    assert validate(place, cohort, record=False).found.evaluation.n == 150


def test_updating_and_monitoring_hold_it_too(model: Path, cohort: Path, tmp_path: Path) -> None:
    beside(cohort, definition="doris")
    with pytest.raises(CohortError, match="another one than the model's"):
        update(model, cohort, out=tmp_path / "updated")
    assert not (tmp_path / "updated").exists()
    with pytest.raises(CohortError, match="another one than the model's"):
        monitor(model, cohort, cohort)


def test_what_says_nothing_of_the_column_that_is_read_is_let_pass(
    model: Path, cohort: Path
) -> None:
    odd = ('{"outcome": 1}', '{"outcome": {"column": "response", "rule": "c3 > 0", "at": [1]}}')
    for text in ("no JSON", "[]", "{}", *odd):
        cohort.with_name("cohort.dictionary.json").write_text(text, encoding="utf-8")
        assert validate(model, cohort, record=False).found.evaluation.n == 150
    beside(cohort, column="remission_after", definition="doris")
    assert validate(model, cohort, record=False).found.evaluation.n == 150


def test_a_model_without_a_definition_has_nothing_to_compare(cohort: Path) -> None:
    beside(cohort, definition="doris")
    assert validate("remission", cohort, record=False).found.evaluation.n == 150


def test_a_data_frame_has_nothing_beside_it(model: Path, cohort: Path) -> None:
    beside(cohort, definition="doris")
    frame = pd.read_csv(cohort)
    assert validate(model, frame, record=False).found.evaluation.n == 150


class TestTraining:
    """A bundle keeps how the outcome of its cohort was told."""

    @pytest.fixture
    def config(self, tmp_path: Path) -> Path:
        visits().to_csv(tmp_path / "visits.csv", index=False)
        return study(tmp_path)

    def test_it_is_known_from_the_visits_and_from_the_file_made_of_them(self, config: Path) -> None:
        read = load_study(config)
        made = config.with_name("made.csv")
        write_cohort_file(config, out=made)
        told = study_cohort(read, None).outcome_told
        assert told is not None
        assert (told["column"], told["definition"]) == ("activity", "activity.yaml")
        assert str(told["definition_digest"]).startswith("sha256:")
        assert study_cohort(read, made).outcome_told == told

    def test_a_table_alone_brings_it_along(self, config: Path) -> None:
        made = config.with_name("made.csv")
        write_cohort_file(config, out=made)
        asked = yaml.safe_load(config.read_text())
        asked["cohort"] = {"file": "made.csv", "columns": {}}
        plain = config.with_name("plain.yaml")
        plain.write_text(yaml.safe_dump(asked))
        told = study_cohort(load_study(plain), None).outcome_told
        assert told is not None
        assert told["definition"] == "activity.yaml"
        made.with_name("made.dictionary.json").unlink()
        assert study_cohort(load_study(plain), None).outcome_told is None

    def test_a_file_made_by_an_earlier_text_of_the_rule_is_refused(self, config: Path) -> None:
        made = config.with_name("made.csv")
        write_cohort_file(config, out=made)
        other = {**DEFINITION, "states": {"good": "sledai_2k <= 1", "soso": "sledai_2k <= 6"}}
        config.with_name("activity.yaml").write_text(yaml.safe_dump(other, sort_keys=False))
        another = "another one than the configuration's"
        with pytest.raises(CohortError, match=another) as found:
            study_cohort(load_study(config), made)
        assert [reason.code for reason in found.value.reasons] == ["other_definition"]
        with pytest.raises(CohortError, match=another):
            check(made, config)
        assert study_cohort(load_study(config), None).patients == 54

    def test_words_about_a_rule_may_change(self, config: Path) -> None:
        made = config.with_name("made.csv")
        write_cohort_file(config, out=made)
        other = {**DEFINITION, "label": "called otherwise"}
        config.with_name("activity.yaml").write_text(yaml.safe_dump(other, sort_keys=False))
        assert study_cohort(load_study(config), made).patients == 54
