"""``predict --report``: a page of one patient, a folder of many, and nothing anywhere else."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from made_answers import full_bundle
from made_bundles import FULL
from run_commands import Run, runner

from predictor.workflow import patient_report

MANY = (
    "patient,c3,marker,fever,organ\n"
    "P1,75,40,yes,kidney\n"
    '"=HYPERLINK(""x"")",80,30,no,skin\n'
    "<img src=x onerror=alert(1)>,5,30,no,skin\n"
    "../../P4,-5,abc,no,skin\n"
    "P5,,30,no,joints\n"
)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return full_bundle(tmp_path / "bundle")


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "patient.json"
    path.write_text(json.dumps(FULL))
    return path


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.csv"
    path.write_text(MANY)
    return path


def test_one_patient_gets_a_page_with_the_probability_of_the_answer(
    call: Run, bundle: Path, one: Path, tmp_path: Path
) -> None:
    out = tmp_path / "patient.html"
    done = call("predict", one, "--model", bundle, "--report", out, "--format", "json")
    assert done.code == 0
    assert f"Remission, 6 months: {done.json['probability']:.0%}</h1>" in out.read_text()
    assert done.json["patient"] in out.read_text()


def test_a_refused_patient_gets_no_page(call: Run, bundle: Path, tmp_path: Path) -> None:
    patient = tmp_path / "patient.json"
    patient.write_text(json.dumps(FULL | {"c3": -5}))
    out = tmp_path / "patient.html"
    assert call("predict", patient, "--model", bundle, "--report", out).code == 1
    assert not out.exists()


def test_many_patients_get_a_list_and_a_page_each(
    call: Run, bundle: Path, many: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pages"
    done = call("predict", many, "--model", bundle, "--report", out, "--format", "json")
    assert done.code == 0
    rows = [2, 3, 4, 6]
    names = [f"row-{row:05d}.html" for row in rows]
    assert sorted(os.listdir(out)) == ["index.html", *names]
    index = (out / "index.html").read_text()
    assert re.findall(r'href="([^"]+)"', index) == names
    assert "No prediction is given" in index
    assert "Row 5, patient <strong>../../P4</strong>" in index
    assert "marker is not a number" in index
    assert "<img" not in index
    assert "&lt;img src=x" in index
    for name, prediction in zip(names, done.json["predictions"], strict=True):
        page = (out / name).read_text()
        assert f"{prediction['probability']:.0%}</h1>" in page
        assert 'href="index.html"' in page
        assert "<img" not in page
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


def test_where_everybody_is_refused_the_list_says_why(
    call: Run, bundle: Path, tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("patient,c3,marker,fever,organ\nP1,-5,1,no,skin\n")
    assert call("predict", table, "--model", bundle, "--report", tmp_path / "p").code == 1
    assert os.listdir(tmp_path / "p") == ["index.html"]
    index = (tmp_path / "p" / "index.html").read_text()
    assert "No patient was given a prediction" in index
    assert "c3 is impossible" in index


def test_a_folder_appears_whole_or_not_at_all(
    call: Run, bundle: Path, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient_report, "MOST_PAGES", 3)
    done = call("predict", many, "--model", bundle, "--report", tmp_path / "pages")
    assert done.code == 2
    assert "more than 3 patients gets no pages" in done.err
    assert sorted(os.listdir(tmp_path)) == ["bundle", "many.csv"]


def test_an_empty_folder_may_be_there_already(
    call: Run, bundle: Path, many: Path, tmp_path: Path
) -> None:
    (tmp_path / "pages").mkdir()
    assert call("predict", many, "--model", bundle, "--report", tmp_path / "pages").code == 0
    assert (tmp_path / "pages" / "index.html").is_file()


def test_places_that_are_none_are_refused_before_any_work(
    call: Run, bundle: Path, one: Path, many: Path, tmp_path: Path
) -> None:
    before = sorted(os.listdir(bundle))
    for patient, out, said in (
        (one, tmp_path / "p.docx", "a file ending in .html"),
        (one, bundle / "p.html", "not written into a bundle"),
        (many, tmp_path / "p.html", "a table gets a folder"),
        (many, bundle / "pages", "not written into a bundle"),
        (many, tmp_path, "something here already"),
        (many, tmp_path / "no" / "such", "cannot be written"),
    ):
        done = call("predict", patient, "--model", bundle, "--report", out)
        assert done.code == 2
        assert said in done.err
        assert not done.out
    assert sorted(os.listdir(bundle)) == before
