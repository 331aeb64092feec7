"""``predictor plan`` on the command line: several sizes, results, exit codes, Ctrl-C."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_plans import linear, question
from run_commands import Run, runner

QUICK = ("--cohorts", "10", "--resamples", "20", "--new", "1000", "--workers", "1")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line in a folder with a configuration and a scenario."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(json.dumps(question()), encoding="utf-8")
    linear(tmp_path)
    return runner(monkeypatch, capsys)


def test_several_sizes_follow_one_option_wherever_it_stands(run: Run) -> None:
    first = run("plan", "study.yaml", "--patients", 30, 40, "--scenario", "none", *QUICK)
    again = run(
        "plan", "--patients", 30, "--patients", "40", *QUICK, "study.yaml", "--scenario=none"
    )
    other = run(
        "plan", "--patients=30", "--patients", "40", *QUICK, "--scenario=none", "study.yaml"
    )
    assert first.code == again.code == other.code == 0
    assert first.out == again.out == other.out


def test_json_has_what_the_contract_says_and_nothing_else_is_on_stdout(run: Run) -> None:
    done = run(
        "plan", "study.yaml", "--patients", 30, 40, "--scenario", "linear.yaml", *QUICK,
        "--format", "json",
    )  # fmt: skip
    assert done.code == 0
    rows = done.json["rows"]
    assert [row["patients"] for row in rows] == [30, 40]
    assert all({"auroc", "calibration_slope", "interval_width"} <= set(row) for row in rows)
    assert done.json["simulated"] is True
    assert done.json["scenario"]["name"] == "linear"


def test_figures_and_files_are_written_beside_the_text(run: Run, tmp_path: Path) -> None:
    words = ("plan", "study.yaml", "--patients", 30, 40, "--scenario", "none", *QUICK)
    done = run(*words, "--out", "plan.json", "--figure", "plan.png")
    assert done.code == 0
    assert "No patient of this plan is real" in done.out
    assert len(json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["rows"]) == 2
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")
    assert run(*words, "--out", "plan.csv").code == 0
    with (tmp_path / "plan.csv").open(encoding="utf-8") as stream:
        assert [row["patients"] for row in csv.DictReader(stream)] == ["30", "40"]


def test_the_paragraph_alone_is_one_line(run: Run) -> None:
    words = ("plan", "study.yaml", "--patients", 30, "--scenario", "none", *QUICK, "--paragraph")
    done = run(*words)
    assert done.code == 0
    assert done.out.startswith("We planned the number of patients by simulation (")
    assert done.out.count("\n") == 1
    assert run(*words, "--format", "json").code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--patients", 31, 9), "--patients: it must be from 10"),
        (("--patients", 31, -31), "--patients: it must be from 10"),
        (("--patients", 31, 31), "31 is there twice"),
        (("--scenario", "nothing"), "there is no such scenario"),
        (("--aim", "auroc=0.3"), "it must lie between 0.5 and 1"),
        (("--aim", "auroc"), "it reads MEASURE=VALUE"),
        (("--aim-width", "1.5"), "--aim-width: it must lie between 0 and 1"),
        (("--out", "plan.txt"), "it is written as .json or .csv"),
        (("--figure", "plan.pdf"), "it is written as .png"),
        (("--out", "study.yaml"), "it is written as"),
        (("--out", "nowhere/plan.json"), "cannot be written"),
        (("--model", "forest"), "is no candidate of this study"),
    ],
)
def test_bad_input_is_named_and_exits_with_two(
    words: tuple[object, ...], said: str, run: Run, tmp_path: Path
) -> None:
    before = sorted(os.listdir(tmp_path))
    given = words if "--scenario" in words else (*words, "--scenario", "none")
    done = run("plan", "study.yaml", *QUICK, *given)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert sorted(os.listdir(tmp_path)) == before


def test_a_word_that_is_no_number_is_no_size(run: Run) -> None:
    done = run("plan", "study.yaml", "--patients", "many")
    assert done.code == 2
    assert "'many' is not a valid integer" in done.err


@pytest.mark.slow
def test_the_transcripts_of_the_docs_hold_where_they_can_be_run_in_a_minute(
    run: Run, root: Path
) -> None:
    page = (root / "docs" / "plan.md").read_text(encoding="utf-8")
    transcripts = [part.split("```")[0] for part in page.split("```console\n$ predictor ")[1:]]
    whole = [transcript for transcript in transcripts if transcript.startswith("plan ")]
    assert len(whole) == 2
    for transcript in whole:
        command, *expected = transcript.splitlines()
        config, scenario = command.split()[1], command.split("--scenario ")[1].split()[0]
        done = run("plan", config, "--patients", 31, "--scenario", scenario)
        printed = [line.split() for line in done.out.splitlines()]
        for start in ("31", "With"):
            (line,) = (told.split() for told in expected if told.split()[:1] == [start])
            assert line in printed


def test_the_program_of_the_docs_runs(root: Path) -> None:
    page = (root / "docs" / "plan.md").read_text(encoding="utf-8")
    (program,) = (part.split("```")[0] for part in page.split("```python\n")[1:])
    quick = program.replace("cohorts=20, resamples=100", "cohorts=10, resamples=20, new=1000")
    quick = quick.replace('scenario="literature"', 'scenario="literature", workers=1')
    assert "new=1000" in quick
    assert "workers=1" in quick
    finished = subprocess.run(
        [sys.executable, "-c", quick],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert [line.split()[0] for line in finished.stdout.splitlines()] == ["31", "100"]


def in_session(session: int) -> list[str]:
    """Command lines of what still runs in a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append((folder / "cmdline").read_text().replace("\0", " "))
    return found


def _as_in_the_foreground() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("sent", "code"), [("SIGINT", 130), pytest.param("SIGTERM", 143, marks=pytest.mark.slow)]
)
def test_an_interrupted_plan_ends_its_workers_and_writes_nothing(
    sent: str, code: int, run: Run, tmp_path: Path
) -> None:
    before = sorted(os.listdir(tmp_path))
    words = ("study.yaml", "--scenario", "none", "--workers", "2", "--cohorts", "5000")
    process = subprocess.Popen(
        [sys.executable, "-m", "predictor", "plan", *words, "--out", "plan.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
        preexec_fn=_as_in_the_foreground,  # noqa: PLW1509 - no threads here that it could harm
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        deadline = time.monotonic() + 90
        while sum("LokyProcess" in line for line in in_session(process.pid)) < 2:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1.0)
        os.killpg(process.pid, signal.Signals[sent])
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (code, "")
        assert err == "predictor: interrupted; nothing was left half-written\n"
        deadline = time.monotonic() + 10
        while in_session(process.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert in_session(process.pid) == []
        assert sorted(os.listdir(tmp_path)) == before
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
