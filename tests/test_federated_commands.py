"""``predictor summarise`` and ``predictor combine`` as a user types them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_centres import centre, write_study
from made_hospitals import second_hospital
from run_commands import Run, runner

from predictor import predict
from predictor.fitted.bundle import open_bundle


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_every_step_tells_the_next_until_there_is_a_bundle(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is typed here that the command before did not print."""
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path)
    for i, name in enumerate(("ankara", "bern")):
        centre(150, i, shift=0.2 * i).to_csv(f"{name}.csv", index=False)
    told = run("combine", "--start", "study.yaml", "--out", "round_0.json", "--folds", "centres")
    assert told.code == 0
    for _ in range(12):
        for name in ("ankara", "bern"):
            words = _line(told.out, "predictor summarise")
            words = words.replace("CONFIG", "study.yaml").replace("FILE", f"{name}.csv")
            done = run(*words.replace("NAME", name).split()[1:])
            assert done.code == 0, done.err
            assert "no row" in done.out
        words = _line(told.out, "predictor combine")
        files = sorted(path.name for path in tmp_path.glob(_glob(words)))
        words = re.sub(r"answer_\d+_\*\.json", " ".join(files), words)
        told = run(*words.split()[1:])
        assert told.code == 0, told.err
        if "runs/pooled" in words:
            break
    assert "Log loss" in told.out
    assert "ankara" in told.out
    patient = {"c3": 70, "platelets": 150, "crp": 20, "fever": "yes", "sex": "female"}
    assert 0.0 < predict(patient, tmp_path / "runs" / "pooled").probability < 1.0


def _line(text: str, begins: str) -> str:
    return next(line.strip() for line in text.splitlines() if line.strip().startswith(begins))


def _glob(words: str) -> str:
    found = re.search(r"answer_\d+_\*\.json", words)
    return found.group() if found else "nothing"


def test_summaries_become_a_table_and_a_page(run: Run, tmp_path: Path) -> None:
    for i, name in enumerate(("ankara", "bern", "cork")):
        rows = second_hospital(open_bundle("remission"), 150 + 50 * i, seed=i)
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
        out = tmp_path / f"centre_{name}.json"
        done = run("summarise", "remission", tmp_path / f"{name}.csv", "--out", out)
        assert done.code == 0, done.err
        assert f"means of {name}, and no row" in " ".join(done.out.split())
    files = sorted(tmp_path.glob("centre_*.json"))
    told = run("combine", *files, "--out", tmp_path / "pooled.html")
    assert told.code == 0
    assert "Prediction interval" in told.out
    assert "over 3 centres" in told.out
    assert (tmp_path / "pooled.html").stat().st_size > 10_000
    as_json = run("combine", *files, "--format", "json").json
    assert as_json["n"] == 600
    assert [row["centre"] for row in as_json["centres"]] == ["ankara", "bern", "cork"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("combine",), "begin: --start CONFIG"),
        (("combine", "--start", "study.yaml"), "--out round_N.json"),
        (("combine", "a.json", "--start", "study.yaml", "--out", "r.json"), "no answers yet"),
        (("combine", "a.json", "--folds", "centres"), "fixed by --start"),
        (("combine", "a.json", "--round", "r.json"), "--out round_N.json"),
        (("combine", "a.json", "b.json"), "a.json"),
        (("combine", "a.json", "--out", "pooled.csv"), ".html or .json"),
        (("summarise", "remission", "--out", "a.json"), "rows once"),
        (("summarise", "remission", "a.csv", "--data", "b.csv", "--out", "a.json"), "rows once"),
        (("summarise", "remission", "a.csv", "--out", "a.csv"), ".json"),
    ],
)
def test_wrong_usage_is_told(
    words: tuple[str, ...],
    message: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.code == 2
    assert message in done.err
    assert not list(tmp_path.iterdir())
