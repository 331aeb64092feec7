"""``predictor report`` as people and programs call it."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_commands import Run, runner


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_json_says_where_the_files_lie_and_what_the_verdict_is(call: Run, tmp_path: Path) -> None:
    done = call("report", "remission", "--out", str(tmp_path / "r"), "--format", "json")
    assert done.code == 0
    found = done.json
    assert list(found) == ["report", "files", "verdict", "headline", "missing"]
    assert found["report"] == str(tmp_path / "r" / "report.html")
    assert all(Path(path).is_file() for path in found["files"])
    assert found["verdict"] == "demonstration"


def test_text_is_the_verdict_and_the_places(call: Run, tmp_path: Path) -> None:
    done = call("report", "remission", "--out", str(tmp_path / "r.html"))
    assert done.code == 0
    assert done.out.startswith("A demonstration on 500 simulated patients, not for care:")
    assert f"Written: {tmp_path / 'r.html'}" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["remission"], "came with the package"),
        (["nothing"], "no such bundle"),
        (["remission", "--out", "report.docx"], "written as .html"),
        (["remission", "--patients", "cohort.csv"], "is not written into a bundle"),
    ],
)
def test_what_is_wrong_is_told_without_a_traceback(
    call: Run, arguments: list[str], said: str
) -> None:
    done = call("report", *arguments)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert not done.out
