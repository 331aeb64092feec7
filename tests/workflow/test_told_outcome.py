"""The data dictionary beside a cohort, held against the outcome of a model."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_hospitals import second_hospital

from predictor.errors import CohortError
from predictor.fitted.bundle import open_bundle
from predictor.fitted.revision import revise_bundle
from predictor.workflow.monitor import monitor
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
    for text in ("no JSON", "[]", "{}", '{"outcome": 1}'):
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
