"""What a manifest says of the run that made it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from made_cohorts import configuration

from predictor.documents import Document
from predictor.study import study_from
from predictor.workflow import manifest


def shareable(**changes: Any) -> dict[str, Any]:
    study = study_from(Document("c.yaml", configuration(**changes)), Path.cwd())
    return manifest.shareable_config(study)


def test_paths_and_addresses_of_this_machine_are_left_out() -> None:
    source = configuration()["cohort"]
    found = shareable(
        cohort=source | {"file": "/home/ann/patients/cohort.csv"},
        output="/home/ann/runs",
        tracking={"uri": "http://ann:secret@mlflow.example", "experiment": "ivig"},
    )
    assert found["cohort"]["file"] == "cohort.csv"
    assert found["tracking"].keys() <= {"experiment", "enabled", "register_as"}
    assert "ann" not in json.dumps(found)


def test_a_windows_path_is_cut_as_well() -> None:
    source = configuration()["cohort"]
    found = shareable(cohort=source | {"file": r"C:\Users\ann\cohort.csv"})
    assert found["cohort"]["file"] == "cohort.csv"


def test_the_dictionary_is_named_without_its_folder(tmp_path: Path) -> None:
    own = tmp_path / "deep" / "own.yaml"
    own.parent.mkdir()
    own.write_text("extends: sle_ivig\nvariables: {extra: {label: Extra, kind: binary}}\n")
    study = study_from(Document("c.yaml", configuration(dictionary=str(own))), Path.cwd())
    assert manifest.shareable_config(study)["dictionary"] == "own.yaml"


def test_a_shared_configuration_still_says_what_was_asked() -> None:
    found = shareable()
    assert found["predictors"] == configuration()["predictors"]
    assert found["models"] == {"ridge": {"penalty": [1.0]}}


def test_the_environment_is_that_of_this_process() -> None:
    import numpy as np

    found = manifest.environment()
    assert found["packages"]["numpy"] == np.__version__
    assert set(found) == {"python", "system", "packages", "git_commit"}


def test_the_commit_is_that_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert manifest.environment()["git_commit"] is None
    person = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", "init", "-q"], check=True)
    assert manifest.environment()["git_commit"] is None
    subprocess.run(["git", *person, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    assert len(manifest.environment()["git_commit"]) == 40


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert manifest.environment()["git_commit"] is None
