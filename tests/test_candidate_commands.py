"""candidates on the command line: results, exit codes, the transcripts of the docs."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from candidates_page import PAGE, with_transcripts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_bundles import save
from run_commands import Run, runner

from predictor.cohort.published import simulate

# Words that no output uses: the order says nothing of need, entitlement or effect.
FORBIDDEN = re.compile(r"priorit|eligib|benefi|should be treated|deserv|respond", re.IGNORECASE)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line in a folder with a model, a cohort and a simulated one."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "model")
    (tmp_path / "cohort.csv").write_text(
        "patient,c3,marker,fever,organ\nA,45,30,no,skin\nB,120,60,yes,joints\nC,90,,yes,kidney\n",
        encoding="utf-8",
    )
    columns = simulate(12, seed=1).columns
    pd.DataFrame(columns).to_csv(tmp_path / "simulated.csv", index=False)

    return runner(monkeypatch, capsys)


SHOWN = ("candidates", "remission", "simulated.csv", "--demonstration")


def test_the_text_says_what_the_order_is_not(run: Run) -> None:
    done = run(*SHOWN, "--threshold", "0.4")
    assert done.code == 0
    for said in (
        "DEMONSTRATION, NOT FOR CARE",
        "it may favour patients who would reach remission anyway, without IVIG",
        "No model checks what speaks against IVIG",
        "IgA deficiency with antibodies against IgA",
        "Renal impairment",
        "Risk of thrombosis, antiphospholipid antibodies included",
        "Creatinine",
        "Lupus anticoagulant",
        "patients are treated per remission observed, whether or not IVIG caused it",
    ):
        assert said in done.out, said


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--threshold", "0.4"),
        ("--threshold", "0.999"),
        ("--budget", "100", "--prices", "example"),
        ("--budget", "200000", "--prices", "example", "--threshold", "0.2"),
    ],
    ids=" ".join,
)
def test_no_output_speaks_of_need_or_effect(
    run: Run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    text = run(*SHOWN, *options, "--out", "out.html").out
    told = run(*SHOWN, *options, "--format", "json", "--out", "out.csv").out
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    table = (tmp_path / "out.csv").read_text(encoding="utf-8")
    for output in (text, told, page, table):
        assert not FORBIDDEN.search(output)


def test_the_json_is_the_contract_and_nothing_else_is_on_stdout(run: Run) -> None:
    done = run(*SHOWN, "--threshold", "0.4", "--format", "json")
    entries = done.json["candidates"]
    keys = {"patient", "probability", "low", "high", "rank", "selected"}
    assert all(keys <= set(entry) for entry in entries)
    assert [e["rank"] for e in entries] == sorted(e["rank"] for e in entries)
    assert {e["patient"] for e in entries if e["selected"]} == {
        e["patient"] for e in entries if e["probability"] >= 0.4
    }
    assert done.json["notes"]
    assert all(note.endswith(".") and ".." not in note for note in done.json["notes"])
    assert done.json["evidence"]["level"] == "demonstration"


def test_a_demonstration_needs_its_flag(run: Run) -> None:
    done = run("candidates", "remission", "simulated.csv")
    assert (done.code, done.out) == (2, "")
    assert "--demonstration" in done.err


def test_a_real_model_needs_no_flag_and_carries_no_banner(run: Run) -> None:
    done = run("candidates", "model", "cohort.csv", "--threshold", "0.4")
    assert done.code == 0
    assert "NOT FOR CARE" not in done.out
    assert "Evidence: exploratory" in done.out


def test_a_model_that_does_not_speak_of_the_treatment_is_told_of(run: Run) -> None:
    done = run("candidates", "model", "cohort.csv")
    assert (
        "the treatment that the model's patients had (made-up patients), and nothing in the model "
        "says that it was IVIG"
    ) in done.out
    assert "under IVIG" not in done.out


def test_nobody_above_the_threshold_is_an_answer(run: Run) -> None:
    done = run(*SHOWN, "--threshold", "0.9999")
    assert done.code == 0
    assert "Selected: nobody of 12" in done.out
    assert "is below the threshold" in done.out


def test_a_budget_below_one_course_is_told(run: Run) -> None:
    # 70 kg x 2 g/kg x EUR 60 = EUR 8,400 for a course.
    done = run(*SHOWN, "--budget", "8399", "--prices", "example")
    assert done.code == 0
    assert "Selected: nobody of 12." in done.out
    assert (
        "It is less than one course of any patient ranked costs (at least EUR 8,400)." in done.out
    )
    enough = run(*SHOWN, "--budget", "8400", "--prices", "example")
    assert "less than one course" not in enough.out


def test_a_budget_for_everybody_is_told(run: Run) -> None:
    done = run(*SHOWN, "--budget", "604800", "--prices", "example")
    assert "EUR 604,800 for 12 selected, EUR 0 left. It lasts for everybody ranked." in done.out


def test_everybody_refused_exits_with_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("patient,c3\nA,-1\nB,9999\n", encoding="utf-8")
    done = run(
        "candidates", "model", "none.csv", "--threshold", "0.5", "--out", "n.html",
        "--figure", "n.png",
    )  # fmt: skip
    assert done.code == 1
    assert "Nobody can be ranked." in done.out
    assert "A (row 2): " in done.out
    assert "no figure was drawn" in done.err
    assert (tmp_path / "n.html").exists()
    assert not (tmp_path / "n.png").exists()
    told = run("candidates", "model", "none.csv", "--format", "json")
    assert told.code == 1
    assert told.json["candidates"] == []
    assert len(told.json["refused"]) == 2


def test_one_patient_is_enough(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("c3,fever,organ\n90,yes,skin\n", encoding="utf-8")
    done = run("candidates", "model", "one.csv", "--threshold", "0.01", "--figure", "one.png")
    assert done.code == 0
    assert "row 2" in done.out
    assert "Selected: 1 of 1." in done.out
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_equal_patients_are_not_parted_silently(run: Run, tmp_path: Path) -> None:
    frame = pd.read_csv(tmp_path / "simulated.csv")
    best = run(*SHOWN, "--format", "json").json["candidates"][0]["patient"]
    frame = pd.concat([frame[frame.patient == best]] * 3)
    frame["patient"] = ["X", "Y", "Z"]
    frame.to_csv(tmp_path / "equal.csv", index=False)
    done = run(
        "candidates", "remission", "equal.csv", "--demonstration", "--budget", "110000",
        "--prices", "example",
    )  # fmt: skip
    assert "1=    X" in done.out
    assert (
        "It ends at rank 1, which 3 patients share (X, Y, Z; EUR 151,200 together). The rest would "
        "pay for 2 of them, but the model does not tell them apart, so none of them is selected."
    ) in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--threshold", "40"), "must lie between 0 and 1"),
        (("--budget", "1000"), "Pass --prices FILE"),
        (("--prices", "absent.yaml"), "no such file"),
        (("--out", "list.pdf"), "it is written as .csv, .json or .html"),
        (("--figure", "list.svg"), "it is written as .png"),
        (("--threshold", "much"), "not a valid float"),
    ],
)
def test_bad_usage_exits_with_two(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run("candidates", "model", "cohort.csv", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


CELL = st.one_of(
    st.sampled_from(["", "NA", "45", "1e9", "-1", "nan", "yes", "skin", "0.45 g/L", "=1+1", "P1"]),
    st.text(max_size=6),
)
HEADER = st.lists(
    st.sampled_from(["patient", "c3", "marker", "fever", "organ", "overlap", "esr", "simulated"]),
    min_size=1,
    max_size=6,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    HEADER,
    st.lists(st.lists(CELL, min_size=1, max_size=6), max_size=5),
    st.sampled_from(["text", "json"]),
    st.sampled_from([(), ("--threshold", "0.4"), ("--out", "f.html"), ("--out", "f.csv")]),
)
def test_any_file_gives_an_order_or_a_refusal(
    run: Run,
    tmp_path: Path,
    header: list[str],
    rows: list[list[str]],
    output: str,
    options: tuple[str, ...],
) -> None:
    with (tmp_path / "any.csv").open("w", encoding="utf-8", newline="", errors="replace") as file:
        csv.writer(file).writerows([header, *rows])
    done = run("candidates", "model", "any.csv", "--format", output, *options)
    assert done.code in (0, 1, 2), done.err
    assert (done.out == "") == (done.code == 2)
    assert "\x1b" not in done.out + done.err
    if done.code < 2 and output == "json":
        assert (done.code == 1) == (done.json["candidates"] == [])


def test_no_message_holds_a_patients_value(run: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text(
        "patient,c3,organ\nPLANT-7,-31337.5,skin\nPLANT-8,90,liverplant\nB,100,skin\n",
        encoding="utf-8",
    )
    done = run("candidates", "model", "odd.csv", "--threshold", "0.1")
    assert "31337" not in done.out + done.err
    assert "liverplant" not in done.out + done.err


def test_the_transcripts_of_the_docs_are_what_is_printed(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_transcripts(page, tmp_path), "run: python tests/candidates_page.py"


def test_the_program_of_the_docs_runs(run: Run, root: Path, tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "cohort.csv").write_bytes((tmp_path / "simulated.csv").read_bytes())
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "candidates.html").exists()


def test_the_prices_of_the_docs_are_read(root: Path, tmp_path: Path) -> None:
    from predictor.clinic.prices import load_prices

    page = PAGE.read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "prices.yaml").write_text(text, encoding="utf-8")
    assert load_prices(tmp_path / "prices.yaml").currency == "EUR"


def test_text_and_json_need_neither_data_frames_nor_what_fits(run: Run, root: Path) -> None:
    program = (
        "import sys; from predictor import cli; sys.argv[0] = 'predictor'\n"
        "try:\n    cli.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, "candidates", "model", "cohort.csv", "--threshold", "0.5"],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    loaded = set(finished.stdout.splitlines()[-1].split())
    assert not loaded & {"pandas", "sklearn", "scipy", "mlflow", "shap", "matplotlib", "jinja2"}
