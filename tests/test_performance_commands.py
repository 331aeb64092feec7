"""evaluate on the command line: results, exit codes, hostile files, the transcript of the docs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_commands import Finished, Run, runner

CONTRACT = {
    "auroc",
    "auroc_low",
    "auroc_high",
    "brier",
    "scaled_brier",
    "calibration_intercept",
    "calibration_slope",
    "observed_expected",
    "eavg",
    "e50",
    "e90",
    "emax",
    "net_benefit",
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)

    return runner(monkeypatch, capsys)


def made_up(n: int = 100) -> pd.DataFrame:
    generator = np.random.default_rng(2)
    p = generator.uniform(0.02, 0.98, n)
    y = (generator.uniform(size=n) < p).astype(int)
    q = generator.uniform(0.02, 0.98, n)
    sex = np.where(np.arange(n) % 3 == 0, "male", "female")
    return pd.DataFrame({"id": np.arange(n), "y": y, "p": p, "q": q, "sex": sex})


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    made_up().to_csv(tmp_path / "predictions.csv", index=False)
    return tmp_path / "predictions.csv"


WORDS = ("evaluate", "predictions.csv", "--outcome", "y", "--probability", "p")


def assert_refused(done: Finished, message: str, folder: Path, left: set[str]) -> None:
    """Exit code 2, one clear message on stderr, nothing on stdout, nothing half-written."""
    assert done.code == 2, done
    assert done.out == ""
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert {path.name for path in folder.iterdir()} == left


def test_the_text_has_every_part_and_nothing_on_stderr(run: Run, predictions: Path) -> None:
    done = run(*WORDS, "--by", "sex", "--compare", "q", "--threshold", 0.3)
    assert (done.code, done.err) == (0, "")
    for part in (
        "predictions.csv: 100 rows, ",
        "Calibration slope",
        "30%",
        "By sex:",
        "p less q, paired by row:",
        "[few_events]",
        "optimistic",
    ):
        assert part in done.out


def test_json_has_the_keys_of_the_contract_and_99_thresholds(run: Run, predictions: Path) -> None:
    done = run(*WORDS, "--format", "json")
    assert (done.code, done.err) == (0, "")
    found = done.json
    assert set(found) >= CONTRACT
    assert len(found["net_benefit"]) == 99
    assert all({"threshold", "model", "treat_all"} <= set(row) for row in found["net_benefit"])
    assert [row["threshold"] for row in found["classification"]] == [0.25, 0.5, 0.75]
    assert (found["subgroups"], found["comparison"]) == (None, None)
    assert "optimistic" in found["note"]


def test_what_is_not_defined_is_null_with_a_reason(run: Run, tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").write_text("y,p\n" + "0,0.3\n1,0.3\n" * 9, encoding="utf-8")
    found = run(*WORDS, "--format", "json").json
    assert found["calibration_slope"] is None
    assert (found["auroc"], found["auroc_low"]) == (0.5, None)
    reasons = {figure for limit in found["limits"] for figure in limit["figures"]}
    assert {"calibration_slope", "auroc_low"} <= reasons


def test_masked_subgroups_are_null(run: Run, tmp_path: Path) -> None:
    data = made_up().assign(centre=["a"] * 60 + ["b"] * 37 + ["c"] * 3)
    data.to_csv(tmp_path / "predictions.csv", index=False)
    found = run(*WORDS, "--by", "centre", "--format", "json").json["subgroups"]
    assert (found["by"], found["cell_size"]) == ("centre", 5)
    assert [group["masked"] for group in found["groups"]] == [False, True, True]
    for group in found["groups"][1:]:
        assert {group["n"], group["events"], group["auroc"], group["brier"]} == {None}
    shown = run(*WORDS, "--by", "centre", "--cell-size", 0, "--format", "json").json
    assert [group["n"] for group in shown["subgroups"]["groups"]] == [60, 37, 3]


def test_files_and_figure_are_written_beside_the_result(run: Run, predictions: Path) -> None:
    done = run(*WORDS, "--out", "f.json", "--figure", "f.png", "--format", "json")
    folder = predictions.parent
    assert json.loads((folder / "f.json").read_text(encoding="utf-8")) == done.json
    assert (folder / "f.png").read_bytes().startswith(b"\x89PNG")
    assert run(*WORDS, "--out", "f.csv").code == 0
    assert (folder / "f.csv").read_text(encoding="utf-8").startswith("part,subgroup,at,figure,")


def test_rows_without_outcome_are_counted_only_when_they_may_be_dropped(
    run: Run, tmp_path: Path
) -> None:
    data = made_up().astype({"y": object})
    data.loc[[4, 9], "y"] = ""
    data.to_csv(tmp_path / "predictions.csv", index=False)
    done = run(*WORDS)
    assert_refused(done, "y: 2 rows (6, 11): no outcome.", tmp_path, {"predictions.csv"})
    found = run(*WORDS, "--drop-missing", "--format", "json").json
    assert (found["rows"], found["n"]) == (100, 98)
    assert found["left_out"] == [{"code": "missing_outcome", "rows": 2}]


def test_repeated_patients_are_a_warning(run: Run, tmp_path: Path) -> None:
    made_up().assign(id=[i // 2 for i in range(100)]).to_csv(
        tmp_path / "predictions.csv", index=False
    )
    found = run(*WORDS, "--patient", "id", "--format", "json").json
    assert (found["patients"], found["n"]) == (50, 100)
    assert [w["code"] for w in found["warnings"]] == ["repeated_patients"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("evaluate", "none.csv", *WORDS[2:]), "none.csv: no such file"),
        (("evaluate", ".", *WORDS[2:]), ".: this is a folder"),
        (WORDS[:4], "Missing option '--probability'"),
        (("evaluate", "predictions.csv", *WORDS[4:]), "Missing option '--outcome'"),
        ((*WORDS[:3], "Y ", "--probability", "prob"), "Y : the file has no such column."),
        ((*WORDS, "--by", "gender"), "gender: the file has no such column. There are: id, y, p,"),
        ((*WORDS, "--by", "p"), "it has 100 different values; there can be 20 subgroups"),
        ((*WORDS, "--by", "y"), "the outcome makes no subgroups"),
        ((*WORDS, "--compare", "p"), "a model is not compared with itself"),
        ((*WORDS, "--compare", "sex"), "sex: 100 rows (2, 3, 4, 5, 6, ...): not a number."),
        ((*WORDS, "--compare", "id"), "id: 98 rows (4, 5, 6, 7, 8, ...): outside 0 to 1."),
        ((*WORDS, "--event", "7"), "y: no row has the value that --event names."),
        ((*WORDS[:3], "sex", *WORDS[4:]), "the outcome is neither 0 nor 1. Name the value"),
        ((*WORDS, "--threshold", "1"), "threshold: it must lie between 0 and 1"),
        ((*WORDS, "--threshold", "nan"), "threshold: it must lie between 0 and 1"),
        ((*WORDS, "--threshold", "half"), "'half' is not a valid float"),
        ((*WORDS, "--cell-size", -1), "-1 is not in the range x>=0"),
        ((*WORDS, "--decimal", "x"), "'x' is not one of '.', ','"),
        ((*WORDS, "--delimiter", ";"), "Set --delimiter ',' or leave it out"),
        ((*WORDS, "--encoding", "klingon"), "--encoding: 'klingon' is not a known encoding"),
        ((*WORDS, "--out", "f.txt"), "it is written as .json or .csv"),
        ((*WORDS, "--figure", "f.svg"), "it is written as .png"),
        ((*WORDS, "--out", "no/such/f.csv"), "cannot be written"),
        ((*WORDS, "--format", "xml"), "'xml' is not one of 'text', 'json'"),
    ],
)
def test_what_cannot_be_is_refused(
    run: Run, predictions: Path, words: tuple[object, ...], message: str
) -> None:
    assert_refused(run(*words), message, predictions.parent, {"predictions.csv"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\x00\xff\xfe", "the file is not text in utf-8"),
        (b"y,p\n", "there are no patients in it"),
        (b"0,0.5\n1,0.2\n", "the first row holds numbers, not the names of columns"),
        (b"y,p\n1,0.5\n0,0.2,7\n", "line 3: 3 cells, the header has 2"),
        (b'y,p\n1,0.5\n0,"0.2\n', "not readable as CSV"),
        (b"y,p,p\n1,0.5,1\n", "column names are there twice: p"),
        (b"y,p\n1,0.5\n1,0.2\n", "column y: every row has the event (2 rows)"),
        (b"y,p\n0,0.5\n0,0.2\n", "column y: no row has the event (2 rows)"),
        (b"y,p\n0,50\n1,20\n", "if they are percentages, divide by 100"),
        (b"y;p\n0;0,5\n1;0,2\n", "add --decimal ,"),
    ],
)
def test_broken_files_are_refused(run: Run, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "predictions.csv").write_bytes(content)
    assert_refused(run(*WORDS), message, tmp_path, {"predictions.csv"})


CELL = st.one_of(
    st.sampled_from(["0", "1", "", "NA", "0.5", "1e-9", "50%", "0,5", '"', "=1+1", "\x1b[2J"]),
    st.floats(0, 1).map(repr),
    st.text(max_size=5),
)
FILES = st.one_of(
    st.binary(max_size=80),
    st.lists(st.tuples(st.sampled_from(["0", "1"]), st.floats(0, 1).map(repr)), max_size=8).map(
        lambda rows: "y,p\n" + "".join(f"{y},{p}\n" for y, p in rows)
    ),
    st.lists(st.tuples(CELL, CELL), max_size=8).map(
        lambda rows: "y,p\n" + "".join(f"{y},{p}\n" for y, p in rows)
    ),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES, st.sampled_from(["text", "json"]), st.booleans())
def test_any_file_gives_figures_or_a_refusal(
    run: Run, tmp_path: Path, content: bytes | str, output: str, drop: bool
) -> None:
    whole = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    (tmp_path / "predictions.csv").write_bytes(whole)
    done = run(*WORDS, "--format", output, *(["--drop-missing"] if drop else []))
    assert done.code in (0, 2), done.err
    assert (done.out == "") == (done.code == 2)
    assert (done.err == "") == (done.code == 0)
    assert "\x1b" not in done.out + done.err
    if done.code == 0 and output == "json":
        assert set(done.json) >= CONTRACT


def test_the_transcript_of_the_docs_is_what_is_printed(
    run: Run, root: Path, shared: Path, tmp_path: Path
) -> None:
    shutil.copy(shared / "reference" / "predictions.csv", tmp_path)
    page = (root / "docs" / "evaluate.md").read_text(encoding="utf-8")
    transcript = page.split("```console\n$ predictor ")[1].split("\n```")[0]
    command, expected = transcript.split("\n", 1)
    assert run(*command.split()).out.rstrip() == expected


def test_the_programs_of_the_docs_run(root: Path, tmp_path: Path) -> None:
    made_up().to_csv(tmp_path / "predictions.csv", index=False)
    page = (root / "docs" / "evaluate.md").read_text(encoding="utf-8")
    programs = [part.split("```")[0] for part in page.split("```python\n")[1:]]
    assert len(programs) == 2
    finished = subprocess.run(
        [sys.executable, "-c", "\n".join(programs)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "3 events and 3 non-events" in finished.stdout
    assert (tmp_path / "curves.png").exists()


def test_evaluating_loads_neither_what_fits_nor_data_frames(root: Path, predictions: Path) -> None:
    program = (
        "import sys; from predictor import cli; sys.argv[0] = 'predictor'\n"
        "try:\n    cli.main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, *WORDS],
        cwd=predictions.parent,
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    loaded = set(finished.stdout.splitlines()[-1].split())
    assert "predictor" in loaded
    assert not loaded & {"pandas", "sklearn", "mlflow", "shap", "joblib", "matplotlib", "pyarrow"}
