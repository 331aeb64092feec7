"""Files of patients to files of answers."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pytest
from made_bundles import FULL, save
from pyarrow import parquet

from predictor.clinic.prediction import Prediction, predict
from predictor.errors import DocumentError, PredictorError
from predictor.workflow.predict import TableAnswers, predict_file, write_answers

HEAD = "patient,c3,marker,fever,organ\n"
GOOD = "A,75,40,yes,kidney\n"
BAD = "B,-5,40,perhaps,kidney\n"


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save(tmp_path_factory.mktemp("predict") / "b"))


def table(folder: Path, text: str, name: str = "p.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def answers(path: Path, bundle: str, **options: object) -> TableAnswers:
    found = predict_file(path, bundle, **options)  # type: ignore[arg-type]
    assert isinstance(found, TableAnswers)
    return found


def test_one_patient_is_answered_as_by_predict(bundle: str, tmp_path: Path) -> None:
    path = table(tmp_path, json.dumps(FULL), "p.json")
    assert predict_file(path, bundle) == predict(FULL, bundle)


def test_one_refused_patient_is_a_table_of_one_refusal(bundle: str, tmp_path: Path) -> None:
    found = answers(table(tmp_path, json.dumps(FULL | {"c3": -5}), "p.json"), bundle)
    (refused,) = found.answers.refused
    assert (refused.patient, refused.row, len(found.answers)) == ("P07", 1, 0)
    assert [reason.code for reason in refused.reasons] == ["impossible_value"]


def test_many_patients_keep_their_lines(bundle: str, tmp_path: Path) -> None:
    found = answers(table(tmp_path, HEAD + BAD + "\n" + GOOD), bundle).answers
    assert found.rows == (4,)
    assert found.predictions[0].patient == "A"
    assert [(refused.patient, refused.row) for refused in found.refused] == [("B", 2)]


def test_unknown_columns_stop_the_run_unless_they_are_to_be_ignored(
    bundle: str, tmp_path: Path
) -> None:
    strange = "x" * 90
    path = table(tmp_path, f"c3,marker,feverr,organ,{strange},fever\n75,40,yes,kidney,1,yes\n")
    with pytest.raises(
        DocumentError, match=r"feverr: no variable has this name. Did you mean fever"
    ):
        predict_file(path, bundle)
    found = answers(path, bundle, ignore_unknown=True)
    assert found.ignored == (repr("x" * 80), "feverr")
    assert found.answers.predictions[0].imputed == ()
    assert not found.answers.refused


def test_decimal_commas(bundle: str, tmp_path: Path) -> None:
    path = table(tmp_path, "c3;marker;fever;organ\n75,5;40;yes;skin\n")
    assert [r.code for r in answers(path, bundle).answers.refused[0].reasons] == [
        "unreadable_number"
    ]
    found = answers(path, bundle, decimal=",").answers.predictions[0]
    assert {part.variable: part.value for part in found.contributions}["c3"] == 75.5


def test_a_table_without_patients_is_refused(bundle: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="there are no patients in it"):
        predict_file(table(tmp_path, HEAD), bundle)


def test_json_answers_are_the_contract(bundle: str, tmp_path: Path) -> None:
    found = answers(table(tmp_path, HEAD + GOOD + BAD), bundle).answers
    write_answers(found, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == found.to_dict()
    one = predict_file(table(tmp_path, json.dumps(FULL), "p.json"), bundle)
    assert isinstance(one, Prediction)
    write_answers(one, tmp_path / "one.json")
    assert json.loads((tmp_path / "one.json").read_text()) == one.to_dict()


def test_csv_and_parquet_answers_hold_every_patient_in_order(bundle: str, tmp_path: Path) -> None:
    found = answers(table(tmp_path, HEAD + BAD + GOOD + BAD), bundle).answers
    for name in ("out.csv", "out.parquet"):
        write_answers(found, tmp_path / name)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["row"], row["patient"]) for row in rows] == [("2", "B"), ("3", "A"), ("4", "B")]
    assert float(rows[1]["probability"]) == found.predictions[0].probability
    assert rows[1]["evidence"] == "exploratory"
    assert rows[0]["probability"] == ""
    assert "impossible" in rows[0]["refused"]
    same = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["row"], row["patient"]) for row in same] == [(2, "B"), (3, "A"), (4, "B")]
    assert same[0]["probability"] is None


def test_parquet_has_the_same_columns_whoever_is_in_it(bundle: str, tmp_path: Path) -> None:
    schemas: list[pa.Schema] = []
    for name, text in (("a", HEAD + GOOD), ("b", HEAD + BAD), ("c", "c3,marker,fever\n75,40,no\n")):
        write_answers(answers(table(tmp_path, text), bundle).answers, tmp_path / f"{name}.parquet")
        schemas.append(parquet.read_schema(tmp_path / f"{name}.parquet"))
    assert schemas[0] == schemas[1] == schemas[2]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_no_spreadsheet_runs_a_patients_name(sign: str, bundle: str, tmp_path: Path) -> None:
    path = table(tmp_path, f'{HEAD}"{sign}cmd|calc",75,40,yes,kidney\n')
    write_answers(answers(path, bundle).answers, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["patient"] == f"'{sign}cmd|calc"


@pytest.mark.parametrize("name", ["out.txt", "out", "out.xlsx"])
def test_another_format_of_answers_is_refused(name: str, bundle: str, tmp_path: Path) -> None:
    found = answers(table(tmp_path, HEAD + GOOD), bundle).answers
    with pytest.raises(PredictorError, match=r"it is written as .json, .csv or .parquet"):
        write_answers(found, tmp_path / name)


@pytest.mark.parametrize(
    "name", ["p.csv/out.csv", "nowhere/out.csv", "folder.csv", "x" * 300 + ".csv"]
)
def test_a_place_that_cannot_be_written_is_told_and_nothing_is_left(
    name: str, bundle: str, tmp_path: Path
) -> None:
    found = answers(table(tmp_path, HEAD + GOOD), bundle).answers
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(PredictorError, match="cannot be written"):
        write_answers(found, tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.csv", "p.csv"]


def test_a_write_that_is_interrupted_leaves_the_old_answers(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answers(table(tmp_path, HEAD + GOOD), bundle).answers
    (tmp_path / "out.csv").write_text("old")

    def interrupted(self: Path, content: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(content[:5])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_answers(found, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "p.csv"]
