"""``predictor summarise`` and ``predictor combine`` as a user types them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from made_centres import STUDY, centre, write_study
from made_hospitals import second_hospital
from run_commands import Run, runner

from predictor import predict
from predictor.fitted.bundle import open_bundle
from predictor.workflow.combine import next_round, start_fit
from predictor.workflow.exchange import write_sealed
from predictor.workflow.shared_answer import answer


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
        assert "so hand out one" in " ".join(done.out.split())
    files = sorted(tmp_path.glob("centre_*.json"))
    told = run("combine", *files, "--out", tmp_path / "pooled.html")
    assert told.code == 0
    assert "Prediction interval" in told.out
    assert "over 3 centres" in told.out
    assert (tmp_path / "pooled.html").stat().st_size > 10_000
    as_json = run("combine", *files, "--format", "json").json
    assert as_json["n"] == 600
    assert [row["centre"] for row in as_json["centres"]] == ["ankara", "bern", "cork"]


def test_a_second_summary_of_other_patients_is_told(run: Run, tmp_path: Path) -> None:
    rows = second_hospital(open_bundle("remission"), 201, seed=1)
    for name, count in (("first", 200), ("second", 201)):
        rows.head(count).to_csv(tmp_path / f"{name}.csv", index=False)

    def said(cohort: str, name: str, out: str) -> str:
        words = ("summarise", "remission", tmp_path / f"{cohort}.csv", "--name", name)
        done = run(*words, "--out", tmp_path / out)
        assert done.code == 0, done.err
        return " ".join(done.out.split())

    assert "Warning" not in said("first", "bern", "told.json")
    assert "Warning" not in said("first", "bern", "again.json")  # the same patients
    assert "Warning" not in said("second", "cork", "cork.json")  # another centre
    beside = said("second", "bern", "later.json")
    assert "Warning: again.json, told.json was written for other patients" in beside
    words = ("summarise", "remission", tmp_path / "second.csv", "--name", "bern")
    as_json = run(*words, "--out", tmp_path / "later.json", "--format", "json")
    assert "again.json, told.json was written for other patients" in as_json.err
    assert as_json.json["n"] == 201
    (tmp_path / "again.json").unlink()
    (tmp_path / "later.json").unlink()
    assert "Warning: told.json was written" in said("second", "bern", "told.json")


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


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two centres that have answered two rounds, whole centres as folds; the third is asked."""
    folder = tmp_path_factory.mktemp("begun")
    study = write_study(folder)
    start_fit(study, folder / "round_0.json", "centres")
    for i, name in enumerate(("ankara", "bern")):
        centre(150, i, shift=0.2 * i).to_csv(folder / f"{name}.csv", index=False)
    for number in (0, 1):
        asked, told = folder / f"round_{number}.json", []
        for name in ("ankara", "bern"):
            told.append(folder / f"answer_{number}_{name}.json")
            write_sealed(told[-1], answer(study, folder / f"{name}.csv", asked, name=name))
        next_round(told, asked, folder / f"round_{number + 1}.json")
    return folder


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


NEXT = ("combine", "answer_1_ankara.json", "answer_1_bern.json")
ROUND = ("--round", "round_1.json", "--out", "next.json")
ASKED = ("--round", "round_2.json", "--out", "told.json")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("combine", "answer_1_ankara.json", *ROUND), "the answer of bern is missing"),
        ((*NEXT, "answer_1_bern.json", *ROUND), "the same name as that of answer_1_bern.json"),
        ((*NEXT[:2], "answer_0_bern.json", *ROUND), "answers round 0, and the round given is 1"),
        ((*NEXT, "answer_0_bern.json", *ROUND), "answers round 0, and the round given is 1"),
        ((*NEXT, "--round", "round_0.json", "--out", "next.json"), "answers round 1"),
        ((*NEXT, "--round", "answer_1_bern.json", "--out", "next.json"), "round of a pooled fit"),
        (("combine", "round_1.json", *ROUND), "needed is `answer to a round of a pooled fit`"),
        (("combine", "answer_9_*.json", *ROUND), "no such file"),
        (("combine", *ROUND), "Give the files of all centres"),
        (("combine", ".", *ROUND), "this is a folder"),
        (("combine", "ankara.csv", *ROUND), "ankara.csv"),
        ((*NEXT, "--round", "round_1.json", "--out", "round_2.json"), "is there already"),
        ((*NEXT, "--round", "round_1.json", "--out", "round_1.json"), "round_1.json"),
        ((*NEXT, "--round", "round_1.json", "--out", "bundle"), "--out round_2.json"),
        ((*NEXT, "--out", "pooled.html"), "needed is `summary of a centre`"),
        (("summarise", "study.yaml", "--data", "bern.csv", "--name", "cork", *ASKED), "join later"),
        (("summarise", "study.yaml", "--data", "bern.csv", "--name", "ankara", *ASKED), "patients"),
        (("summarise", "study.yaml", "--data", "nobody.csv", *ASKED), "nobody.csv"),
        (("summarise", "study.yaml", "--data", ".", "--name", "bern", *ASKED), "file"),
        (("summarise", "nowhere.yaml", "--data", "bern.csv", *ASKED), "nowhere.yaml"),
        (
            (
                "summarise",
                "study.yaml",
                "--data",
                "bern.csv",
                "--round",
                "bern.csv",
                "--out",
                "a.json",
            ),
            "bern.csv",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused_and_nothing_is_lost(
    words: tuple[str, ...], message: str, run: Run, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(begun)
    before = contents(begun)
    done = run(*words)
    assert done.code == 2, done.out
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert contents(begun) == before


@pytest.mark.parametrize("name", ["round_2.json", "bern.json"])
def test_a_file_that_was_edited_by_hand_is_refused(
    name: str, run: Run, begun: Path, tmp_path: Path
) -> None:
    """A number of the answer, and a coefficient of the round, without a digest that fits."""
    if name == "round_2.json":
        content = json.loads((begun / name).read_text("utf-8"))
        content["fits"][0]["position"][0] += 0.5
        words = ["summarise", begun / "study.yaml", "--data", begun / "bern.csv", "--round"]
        words += [tmp_path / name]
    else:
        content = json.loads((begun / "answer_1_bern.json").read_text("utf-8"))
        content["centre"]["events"] += 1
        words = ["combine", begun / "answer_1_ankara.json", tmp_path / name, "--round"]
        words += [begun / "round_1.json"]
    (tmp_path / name).write_text(json.dumps(content), "utf-8")
    done = run(*words, "--out", tmp_path / "out.json")
    assert done.code == 2
    assert "changed after it was written" in " ".join(done.err.split())
    assert not (tmp_path / "out.json").exists()


def _without(column: str) -> Any:
    return lambda rows: rows.drop(columns=column)


def _three_events(rows: Any) -> Any:
    rows["response"] = ["remission"] * 3 + ["flare"] * (len(rows) - 3)
    return rows


@pytest.mark.parametrize(
    ("mend", "message"),
    [
        (_without("crp"), "crp: the file has no such column"),
        (_without("response"), "response"),
        (_three_events, "fewer than 5 patients"),
        (lambda rows: rows.iloc[:0], "no patient"),
        (lambda rows: rows.iloc[:6], "fewer than 5 patients"),
    ],
)
def test_a_centre_with_other_columns_or_too_few_patients_tells_nothing(
    mend: Any, message: str, run: Run, begun: Path, tmp_path: Path
) -> None:
    mend(centre(150, 9)).to_csv(tmp_path / "cork.csv", index=False)
    words = ("--data", tmp_path / "cork.csv", "--round", begun / "round_0.json")
    done = run("summarise", begun / "study.yaml", *words, "--out", tmp_path / "told.json")
    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert not (tmp_path / "told.json").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"predictors": ["c3", "platelets", "crp", "fever"]},
        {"validation": {"inner_folds": 3, "seed": 12}},
        {"models": {"ridge": {"penalty": [0.1, 1.0]}}},
        {"privacy": {"cell_size": 4}},
        {"preparation": {"imputation": "mean"}},
        {"question": {**STUDY["question"], "horizon": "12 months"}},
    ],
)
def test_another_version_of_the_configuration_is_refused(
    changes: Any, run: Run, begun: Path, tmp_path: Path
) -> None:
    study = write_study(tmp_path, **changes)
    words = ("--data", begun / "bern.csv", "--round", begun / "round_0.json")
    done = run("summarise", study, *words, "--out", tmp_path / "told.json")
    assert done.code == 2
    assert "another study than that of round_0.json" in " ".join(done.err.split())
    assert not (tmp_path / "told.json").exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("response", "question: models of one event can be pooled so far"),
        ("time_to_relapse", "question: models of one event can be pooled so far"),
        ({"models": {"firth": {}}}, "ridge alone can be fitted by exchanged sums"),
        ({"models": {"random_forest": {}}}, "ridge alone can be fitted by exchanged sums"),
        ({"models": {"ridge": {}, "elastic_net": {}}}, "ridge alone"),
        ({"preparation": {"imputation": "median"}}, "a median cannot be had from sums"),
    ],
)
def test_what_cannot_be_pooled_is_told_by_name(
    config: Any, message: str, run: Run, tmp_path: Path
) -> None:
    study = config if isinstance(config, str) else write_study(tmp_path, **config)
    done = run("combine", "--start", study, "--out", tmp_path / "round_0.json")
    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert not (tmp_path / "round_0.json").exists()
