"""Files for people: no target is an input, lies in the bundle or turns out impossible too late."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made_bundles import save

from predictor import cli
from predictor.errors import PredictorError
from predictor.workflow.files import check_targets

COHORT = "patient,c3,marker,fever,organ\nA,45,30,no,skin\nB,120,60,yes,joints\n"
PRICES = """\
source: made up
currency: EUR
price_per_gram: 50
dose: 2
courses: 1
weight: {column: weight, default: 60}
"""
Exit = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "model")
    (tmp_path / "cohort.csv").write_text(COHORT, encoding="utf-8")
    (tmp_path / "prices.json").write_text(PRICES, encoding="utf-8")
    (tmp_path / "one.json").write_text('{"c3": 45, "marker": 30, "fever": "no"}', encoding="utf-8")
    (tmp_path / "three.json").write_text(
        '{"c3": 45, "marker": 30, "organ": "skin"}', encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> Exit:
    """Exit code of one command line."""

    def command(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["predictor", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return int(end.value.code or 0)

    return command


def _content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_read_is_no_target_by_whatever_name(tmp_path: Path) -> None:
    own, other = tmp_path / "own.csv", tmp_path / "other.csv"
    own.write_text("y,p\n1,0.5\n", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(own)
    (tmp_path / "hard.csv").hardlink_to(own)
    check_targets([other], read=[own])
    for path in (own, tmp_path / "link.csv", tmp_path / "hard.csv", tmp_path / "." / "own.csv"):
        with pytest.raises(PredictorError, match=r"this file is read. Write to another one"):
            check_targets([path], read=[other, own])


def test_checking_targets_leaves_nothing_behind(tmp_path: Path) -> None:
    check_targets((tmp_path / "new.csv", None))
    assert not list(tmp_path.iterdir())


def test_a_target_must_be_a_file_that_can_be_written_and_is_one_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for path in (
        tmp_path / "folder.csv",
        tmp_path / "no" / "such.csv",
        tmp_path / ("x" * 300),
        tmp_path / "nul\0.csv",
    ):
        with pytest.raises(PredictorError, match="cannot be written"):
            check_targets([path])
    with pytest.raises(PredictorError, match="two results would be written to it"):
        check_targets([tmp_path / "a.csv", tmp_path / "." / "a.csv"])


@pytest.mark.parametrize(
    "words",
    [
        ("candidates", "model", "cohort.csv", "--demonstration", "--out", "cohort.csv"),
        ("candidates", "model", "cohort.csv", "--demonstration", "--out", "./cohort.csv"),
        (
            *("candidates", "model", "cohort.csv", "--demonstration"),
            *("--prices", "prices.json", "--out", "prices.json"),
        ),
        ("candidates", "model", "cohort.csv", "--demonstration", "--out", "model/new.csv"),
        ("candidates", "model", "cohort.csv", "--demonstration", "--figure", "model/new.png"),
        ("predict", "one.json", "--model", "model", "--out", "model/model.json"),
        ("predict", "cohort.csv", "--model", "model", "--out", "model/new.parquet"),
        ("predict", "one.json", "--model", "model", "--waterfall", "model/figures/new.png"),
    ],
    ids=" ".join,
)
def test_no_command_writes_over_its_input_or_into_its_model(
    folder: Path, code: Exit, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    before = _content(folder)
    assert code(*words) == 2
    told = capsys.readouterr().err
    assert "this file is read" in told or "this is inside the model's folder" in told
    assert _content(folder) == before


@pytest.mark.parametrize(
    "words",
    [
        (
            *("candidates", "model", "cohort.csv", "--demonstration"),
            *("--out", "part.csv", "--figure", "no/such.png"),
        ),
        (
            *("predict", "three.json", "--model", "model"),
            *("--out", "part.csv", "--waterfall", "no/such.png"),
        ),
        (
            *("evaluate", "p.csv", "--outcome", "y", "--probability", "p"),
            *("--out", "part.json", "--figure", "no/such.png"),
        ),
    ],
    ids=lambda words: str(words[0]),
)
def test_where_one_file_cannot_be_written_no_other_is(
    folder: Path, code: Exit, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{i % 2},{0.3 + 0.01 * (i % 9)}\n" for i in range(40))
    (folder / "p.csv").write_text(f"y,p\n{rows}", encoding="utf-8")
    assert code(*words) == 2
    assert "no/such.png: cannot be written" in capsys.readouterr().err
    assert not list(folder.glob("part.*"))
