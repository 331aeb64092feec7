"""``predictor compare`` as people and programs call it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from made_bundles import save
from run_commands import Run, runner

from predictor.workflow.report import report_file


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_shipped_models_are_told_apart(call: Run) -> None:
    done = call("compare", "remission", "relapse")
    assert done.code == 0
    assert done.out.startswith("None of the 2 runs can be compared with another")
    assert "0.83 (0.79 to 0.88)" in done.out
    assert "The outcomes are different (remission: remission; relapse: relapse" in done.out


def test_json_holds_the_corrected_figures_of_the_manifest(call: Run, root: Path) -> None:
    found = call("compare", "remission", "relapse", "--format", "json").json
    assert list(found) == ["comparable", "headline", "runs", "cautions"]
    manifest = json.loads((root / "models" / "remission" / "manifest.json").read_text())
    figures = {f["name"]: f for f in manifest["validation"]["bootstrap"]["figures"]}
    run = found["runs"][0]
    for name in ("auroc", "calibration_slope", "brier"):
        assert run[name] == figures[name]["corrected"]
        assert run[f"{name}_low"] == figures[name]["corrected_low"]
    assert (run["patients"], run["events"]) == (500, 161)
    assert run["cohort_digest"] == manifest["cohort"]["digest"]
    assert found["comparable"] is False


def test_a_report_says_of_a_run_what_its_bundle_says(call: Run, tmp_path: Path) -> None:
    report = tmp_path / "first.json"
    report_file("remission", report)
    found = call("compare", report, "remission", "--format", "json").json
    first, second = ({k: v for k, v in run.items() if k != "name"} for run in found["runs"])
    assert first == second
    assert found["comparable"]
    assert [caution["code"] for caution in found["cautions"]] == ["same_model", "same_patients"]


@pytest.mark.parametrize("suffix", [".html", ".csv", ".json"])
def test_what_is_written_follows_the_suffix(call: Run, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"c{suffix}"
    done = call("compare", "remission", "relapse", "--out", out)
    assert done.code == 0
    assert f"Written: {out}" in done.out
    text = out.read_text(encoding="utf-8")
    if suffix == ".html":
        assert "Comparison of 2 runs" in text
        assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org", "")
    elif suffix == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        assert [row["name"] for row in rows] == ["remission", "relapse"]
    else:
        assert json.loads(text)["comparable"] is False


def test_a_bundle_without_validation_is_shown_without_figures(call: Run, tmp_path: Path) -> None:
    bundle = save(tmp_path / "old")
    found = call("compare", bundle, "remission", "--format", "json").json
    assert found["runs"][0]["auroc"] is None
    assert found["runs"][0]["cohort"] == "not known"
    assert "unknown_cohort" in [caution["code"] for caution in found["cautions"]]


def damaged(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "report.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "report.json"),
        ([], "no report.json of schema version 1"),
        ({"schema_version": 99}, "no report.json of schema version 1"),
        ({"schema_version": 1}, "the report is damaged"),
        (
            {"schema_version": 1, "verdict": {"code": "a", "headline": "b"}, "sections": 3},
            "the report is damaged",
        ),
    ],
)
def test_a_file_that_is_no_report_is_told(
    call: Run, tmp_path: Path, content: Any, said: str
) -> None:
    done = call("compare", damaged(tmp_path, content), "remission")
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_bad_usage_is_told_before_any_work(call: Run, tmp_path: Path) -> None:
    bundle = save(tmp_path / "made")
    for words, said in (
        (["remission"], "at least two runs"),
        (["remission", "nothing"], "no such bundle"),
        (["remission", "relapse", "--out", "c.docx"], "written as .html"),
        (["remission", bundle, "--out", bundle / "c.html"], "one of the runs lies here"),
    ):
        done = call("compare", *words)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
    assert not (bundle / "c.html").exists()
