"""``predictor init``: a starter that works as it stands, and nothing overwritten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from predictor.errors import PredictorError
from predictor.study import load_study
from predictor.workflow.check import check
from predictor.workflow.init import SCHEMA, init


def test_the_starter_is_a_right_configuration(tmp_path: Path) -> None:
    (path,) = init(tmp_path / "study.yaml")
    config = load_study(path).config
    assert config.question.event == ("remission",)
    assert config.cohort.patient == "patient"


def test_the_starter_fits_a_cohort_with_the_columns_it_names(tmp_path: Path) -> None:
    (path,) = init(tmp_path / "study.yaml")
    rng = np.random.default_rng(0)
    lines = ["patient,anti_dsdna,c3,c4,crp,platelets,proteinuria,response"]
    responses = rng.permutation(["remission", "low_disease_activity", "flare"] * 10)
    for i, response in enumerate(responses):
        values = rng.uniform([20, 70, 8, 1, 160, 100], [60, 130, 30, 9, 300, 140]).round()
        numbers = ",".join(f"{value:.0f}" for value in values)
        lines.append(f"P{i},{numbers},{response}")
    (tmp_path / "cohort.csv").write_text("\n".join(lines), encoding="utf-8")
    found = check(tmp_path / "cohort.csv", path)
    assert found.problems == ()
    assert [(step.step, step.patients) for step in found.flow] == [("read", 30), ("analysed", 30)]


def test_every_commented_key_of_the_starter_is_a_right_one(tmp_path: Path) -> None:
    (path,) = init(tmp_path / "study.yaml")
    text = path.read_text(encoding="utf-8")
    # a commented key starts with two spaces or none, a hash and one space
    opened = re.sub(r"^( *)# (\w+: \S)", r"\1\2", text, flags=re.MULTILINE)
    opened = opened.replace("predictor check", "# predictor check")
    assert opened.count("\n  #") < text.count("\n  #")
    path.write_text(opened, encoding="utf-8")
    config = load_study(path).config
    assert config.cohort.units["c3"] == "g/L"
    assert config.preparation.imputation == "iterative"
    assert config.models.ebm is not None
    assert config.tracking.register_as == "my-study"
    assert config.reporting.tripod["18a"] == "Who paid"


def test_the_schema_is_written_beside_it_and_pointed_to(tmp_path: Path) -> None:
    files = init(tmp_path / "study.yaml", schema=True)
    assert files == (tmp_path / "study.yaml", tmp_path / SCHEMA)
    first = files[0].read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=./{SCHEMA}"
    assert "question" in json.loads(files[1].read_text(encoding="utf-8"))["properties"]
    load_study(files[0])
    # a second study in the folder shares the schema
    assert init(tmp_path / "other.yaml", schema=True)[1] == files[1]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("mine", encoding="utf-8")
    for schema in (False, True):
        with pytest.raises(PredictorError, match=r"there already and stays\. Choose another name"):
            init(path, schema=schema)
    assert path.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / SCHEMA).exists()
    with pytest.raises(PredictorError, match="the name of the schema"):
        init(tmp_path / SCHEMA, schema=True)


@pytest.mark.parametrize("name", ["no/such/folder.yaml", "x" * 5000, "a\0b", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(PredictorError, match=r"cannot be written|there already"):
        init(tmp_path / name)


def test_a_schema_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / SCHEMA).mkdir()
    with pytest.raises(PredictorError, match="cannot be written"):
        init(tmp_path / "study.yaml", schema=True)
    assert not (tmp_path / "study.yaml").exists()
