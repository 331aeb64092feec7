"""Files of patients to files of answers."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import made_records
import pyarrow as pa
import pytest
from made_bundles import FULL, save
from pyarrow import parquet

from predictor.clinic.prediction import Prediction, predict
from predictor.errors import DocumentError, PredictorError
from predictor.workflow.predict import RecordAnswer, TableAnswers, predict_file
from predictor.workflow.simulate import simulate_file

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


@pytest.mark.parametrize("out", [None, "o.csv", "o.parquet"])
@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_what_is_not_used_is_named_once_for_the_file(
    name: str, out: str | None, bundle: str, tmp_path: Path
) -> None:
    columns = {"c3": [75.0], "marker": [40.0], "fever": ["no"], "esr": [30.0], "feverr": ["no"]}
    path = tmp_path / name
    if name.endswith(".csv"):
        path.write_text("c3,marker,fever,esr,feverr\n75,40,no,30,no\n")
    else:
        parquet.write_table(pa.table(columns), path)
    to = None if out is None else tmp_path / out
    found = answers(path, bundle, ignore_unknown=True, out=to)
    assert found.notes == (
        "Columns left unread: feverr.",
        "Columns that this model does not use: esr.",
    )
    assert {w.code for p in found.answers.predictions for w in p.warnings} == {"no_interval"}
    if to is not None and to.suffix == ".csv":
        assert "esr" not in to.read_text().partition("\n")[2]


@pytest.mark.parametrize("out", [None, "o.parquet"])
@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_the_mark_of_simulated_patients_is_read_and_told(
    name: str, out: str | None, bundle: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if name.endswith(".csv"):
        path.write_text("c3,marker,fever,simulated\n75,40,no,1\n75,40,no,\n")
    else:
        columns = {"c3": [75.0, 75.0], "marker": [40.0, 40.0], "fever": ["no", "no"]}
        parquet.write_table(pa.table(columns | {"simulated": [1, None]}), path)
    found = answers(path, bundle, out=None if out is None else tmp_path / out)
    assert found.notes == ("The patients are simulated: nothing here was measured in anybody.",)
    first, second = found.answers.predictions
    assert "simulated_patient" in {w.code for w in first.warnings}
    assert "simulated_patient" not in {w.code for w in second.warnings}
    if out is not None:
        told = parquet.read_table(tmp_path / out).column("warnings").to_pylist()
        assert [text.startswith("this patient is simulated") for text in told] == [True, False]


def test_one_marked_patient_is_told_to_be_simulated(bundle: str) -> None:
    answer = predict(FULL | {"simulated": 1}, bundle)
    assert answer.warnings[0].code == "simulated_patient"
    assert answer.probability == predict(FULL, bundle).probability


def test_what_simulate_writes_is_answered(tmp_path: Path) -> None:
    simulate_file(tmp_path / "cohort.csv", patients=12, seed=1, scenario="literature")
    found = answers(tmp_path / "cohort.csv", "remission")
    assert (found.answered, found.refused, found.ignored) == (12, 0, ())
    assert found.notes[0].startswith("The patients are simulated")


@pytest.mark.parametrize("out", [None, "o.parquet"])
def test_the_index_of_a_data_frame_is_left_unread_and_named(
    out: str | None, bundle: str, tmp_path: Path
) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"c3": [75.0, 80.0, 85.0], "marker": [40.0] * 3, "fever": ["no"] * 3})
    frame.index = [3, 7, 4]  # which is kept as a column, since it does not just count
    frame.to_parquet(tmp_path / "p.parquet")
    assert "__index_level_0__" in parquet.read_schema(tmp_path / "p.parquet").names
    to = None if out is None else tmp_path / out
    found = answers(tmp_path / "p.parquet", bundle, out=to)
    assert found.notes == ("The index of the data frame is left unread: __index_level_0__.",)
    assert (found.answered, found.ignored) == (3, ())


def test_an_index_that_is_the_identifier_is_read(bundle: str, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"c3": [75.0], "marker": [40.0], "fever": ["no"], "patient": ["A"]})
    frame.set_index("patient").to_parquet(tmp_path / "p.parquet")
    found = answers(tmp_path / "p.parquet", bundle)
    assert found.notes == ()
    assert found.answers.predictions[0].patient == "A"


def test_a_column_called_as_an_index_is_no_index(bundle: str, tmp_path: Path) -> None:
    """Only what pandas says itself decides."""
    columns = {"c3": [75.0], "marker": [40.0], "__index_level_0__": [1]}
    for note in (None, b"{", b'{"index_columns": 7}', b'{"index_columns": [7, "x"]}', b"[]"):
        made = pa.table(columns).replace_schema_metadata(None if note is None else {"pandas": note})
        parquet.write_table(made, tmp_path / "p.parquet")
        with pytest.raises(DocumentError, match="__index_level_0__: no variable has this name"):
            predict_file(tmp_path / "p.parquet", bundle)


STUDY = {
    "cohort": {
        "patient": "code",
        "centre": "hospital",
        "columns": {"c3": "compl", "remission": "rem"},
        "units": {"c3": "g/L", "marker": "g/L"},
        "values": {"fever": {"1": "no", "2": "yes"}, "organ": {"a": "skin"}},
        "missing": ["NA", "-9"],
    }
}


@pytest.fixture(scope="session")
def own_columns(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model whose study has names, units and codes of its own."""
    return str(save(tmp_path_factory.mktemp("own") / "b", config=STUDY))


def test_the_name_of_a_column_in_the_files_of_the_study_is_explained(
    own_columns: str, tmp_path: Path
) -> None:
    path = table(tmp_path, "code,hospital,compl,marker,fever,rem\nA,H,0.75,40,no,1\n")
    with pytest.raises(DocumentError) as refused:
        predict_file(path, own_columns)
    said = {reason.where: reason.message for reason in refused.value.reasons}
    assert list(said) == ["code", "hospital", "compl", "rem"]
    assert said["compl"] == (
        "no variable has this name. The files of this model's study call c3 so: write c3 instead, "
        "bare numbers in mg/dL (those files have g/L)."
    )
    assert said["code"].endswith("identify patients by it: write patient instead.")
    assert said["hospital"].endswith("It is the centre, which no prediction reads: leave it out.")
    assert said["rem"].endswith("It is the outcome, which no prediction reads: leave it out.")


def test_a_predictor_under_the_name_of_the_study_is_never_ignored(
    own_columns: str, tmp_path: Path
) -> None:
    path = table(tmp_path, "hospital,compl,marker,fever,other\nH,0.75,40,no,1\n")
    with pytest.raises(DocumentError, match="by the names of the study's own files") as refused:
        predict_file(path, own_columns, ignore_unknown=True)
    assert [reason.where for reason in refused.value.reasons] == ["compl"]
    # Nothing is advised that would not help.
    alone = table(tmp_path, "compl,marker,fever\n0.75,40,no\n")
    with pytest.raises(DocumentError, match=r"Rename them:"):
        predict_file(alone, own_columns)
    both = table(tmp_path, "c3,compl,marker,fever\n75,0.75,40,no\n")
    assert answers(both, own_columns, ignore_unknown=True).ignored == ("compl",)


def test_cells_that_mean_something_else_in_the_files_of_the_study_are_told(
    own_columns: str, tmp_path: Path
) -> None:
    path = table(tmp_path, "c3,marker,fever,organ\n75,40,1,skin\n")
    found = answers(path, own_columns)
    unit, codes, missing = found.notes
    assert unit.startswith(
        "Column marker: bare numbers are read as mg/dL, but the files of this model's study have "
        "g/L there."
    )
    # 1 is yes in any table, and no in those files; what organ has there cannot be read here.
    assert codes.startswith("Column fever: the files of this model's study have codes")
    assert "write -9 for a missing value" in missing


def test_a_column_that_is_another_variable_in_the_files_of_the_study_is_told(
    tmp_path: Path,
) -> None:
    study = {"cohort": {"columns": {"c3": "marker", "marker": "m"}}}
    other = str(save(tmp_path / "b", config=study))
    (note,) = answers(table(tmp_path, "marker,c3\n40,75\n"), other).notes
    assert note == (
        "Column marker is read as Marker, but the files of this model's study call c3 so."
    )


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
    found = answers(
        table(tmp_path, HEAD + GOOD + BAD + GOOD), bundle, out=tmp_path / "out.json"
    ).answers
    assert json.loads((tmp_path / "out.json").read_text()) == found.to_dict()
    assert len(found.predictions) == 2
    one = predict_file(
        table(tmp_path, json.dumps(FULL), "p.json"), bundle, out=tmp_path / "one.json"
    )
    assert isinstance(one, Prediction)
    assert json.loads((tmp_path / "one.json").read_text()) == one.to_dict()


@pytest.mark.parametrize("text", [HEAD + GOOD, HEAD + BAD])
def test_json_of_one_kind_of_answer_is_whole(text: str, bundle: str, tmp_path: Path) -> None:
    found = answers(table(tmp_path, text), bundle, out=tmp_path / "out.json").answers
    assert json.loads((tmp_path / "out.json").read_text()) == found.to_dict()


def test_csv_and_parquet_answers_hold_every_patient_in_order(bundle: str, tmp_path: Path) -> None:
    path = table(tmp_path, HEAD + BAD + GOOD + BAD)
    for name in ("out.csv", "out.parquet"):
        found = answers(path, bundle, out=tmp_path / name).answers
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["row"], row["patient"]) for row in rows] == [("2", "B"), ("3", "A"), ("4", "B")]
    assert float(rows[1]["probability"]) == found.predictions[0].probability
    assert rows[1]["evidence"] == "exploratory"
    assert rows[0]["probability"] == ""
    assert "impossible" in rows[0]["refused"]
    for part in found.predictions[0].contributions:
        assert float(rows[1][f"contribution_{part.variable}"]) == part.contribution
        assert rows[0][f"contribution_{part.variable}"] == ""
    same = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["row"], row["patient"]) for row in same] == [(2, "B"), (3, "A"), (4, "B")]
    assert same[0]["probability"] is None
    assert same[1]["contribution_c3"] == float(rows[1]["contribution_c3"])


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_batches_join_into_the_file_that_one_batch_gives(
    suffix: str, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path, HEAD + (GOOD + BAD + GOOD) * 5)
    whole = answers(path, bundle, out=tmp_path / f"whole.{suffix}")
    monkeypatch.setattr("predictor.workflow.predict._BATCH", 4)
    pieces = answers(path, bundle, out=tmp_path / f"pieces.{suffix}")
    assert whole == pieces
    assert (whole.answered, whole.refused) == (10, 5)
    if suffix == "parquet":
        read = parquet.read_table
        assert read(tmp_path / "whole.parquet") == read(tmp_path / "pieces.parquet")
    else:
        assert (tmp_path / f"whole.{suffix}").read_bytes() == (
            tmp_path / f"pieces.{suffix}"
        ).read_bytes()


def test_only_the_first_answers_are_kept(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor.workflow.predict._BATCH", 3)
    monkeypatch.setattr("predictor.workflow.predict._SHOWN", 4)
    found = answers(table(tmp_path, HEAD + GOOD * 10 + BAD * 7), bundle, out=tmp_path / "o.csv")
    assert (found.answered, found.refused) == (10, 7)
    assert found.answers.rows == (2, 3, 4, 5)
    assert [patient.row for patient in found.answers.refused] == [12, 13, 14, 15]
    assert (tmp_path / "o.csv").read_text().count("\n") == 18


def test_parquet_has_the_same_columns_whoever_is_in_it(bundle: str, tmp_path: Path) -> None:
    schemas: list[pa.Schema] = []
    for name, text in (("a", HEAD + GOOD), ("b", HEAD + BAD), ("c", "c3,marker,fever\n75,40,no\n")):
        answers(table(tmp_path, text), bundle, out=tmp_path / f"{name}.parquet")
        schemas.append(parquet.read_schema(tmp_path / f"{name}.parquet"))
    assert schemas[0] == schemas[1] == schemas[2]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_no_spreadsheet_runs_a_patients_name(sign: str, bundle: str, tmp_path: Path) -> None:
    path = table(tmp_path, f'{HEAD}"{sign}cmd|calc",75,40,yes,kidney\n')
    answers(path, bundle, out=tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["patient"] == f"'{sign}cmd|calc"


@pytest.mark.parametrize("name", ["out.txt", "out", "out.xlsx"])
@pytest.mark.parametrize("source", ["p.csv", "p.json"])
def test_another_format_of_answers_is_refused(
    source: str, name: str, bundle: str, tmp_path: Path
) -> None:
    path = table(tmp_path, HEAD + GOOD if source == "p.csv" else json.dumps(FULL), source)
    with pytest.raises(PredictorError, match=r"it is written as .json, .csv or .parquet"):
        predict_file(path, bundle, out=tmp_path / name)


@pytest.mark.parametrize(
    "name", ["p.csv/out.csv", "nowhere/out.csv", "folder.csv", "x" * 300 + ".csv"]
)
@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_a_place_that_cannot_be_written_is_told_and_nothing_is_left(
    suffix: str, name: str, bundle: str, tmp_path: Path
) -> None:
    path = table(tmp_path, HEAD + GOOD)
    (tmp_path / f"folder.{suffix}").mkdir()
    with pytest.raises(PredictorError, match="cannot be written"):
        predict_file(path, bundle, out=(tmp_path / name).with_suffix(f".{suffix}"))
    assert {entry.name for entry in tmp_path.iterdir()} == {f"folder.{suffix}", "p.csv"}


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_a_write_that_is_interrupted_leaves_the_old_answers(
    suffix: str, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / f"out.{suffix}"
    out.write_text("old")
    monkeypatch.setattr("predictor.workflow.predict._BATCH", 2)
    # The fault comes with the third row, when the first batch is written.
    path = table(tmp_path, HEAD + GOOD + GOOD + "C,75,40,yes,kidney,7,8\n")
    with pytest.raises(DocumentError, match="line 4"):
        predict_file(path, bundle, out=out)
    assert out.read_text() == "old"

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("predictor.workflow.predict.predict_rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        predict_file(path, bundle, out=out)
    assert out.read_text() == "old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [out.name, "p.csv"]


def test_answers_may_take_the_place_of_the_patients(bundle: str, tmp_path: Path) -> None:
    path = table(tmp_path, HEAD + GOOD)
    assert answers(path, bundle, out=path).answered == 1
    assert path.read_text().startswith("row,patient,probability")


# ---- FHIR


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(made_records.save(tmp_path_factory.mktemp("records") / "b", most_missing=0.75))


def test_a_record_is_answered_with_what_was_read(reader: str, tmp_path: Path) -> None:
    path = table(tmp_path, json.dumps(made_records.record(made_records.c3())), "p.json")
    found = predict_file(path, reader, out=tmp_path / "out.json")
    assert isinstance(found, RecordAnswer)
    assert isinstance(found.answer, Prediction)
    content = json.loads((tmp_path / "out.json").read_text())
    assert content == found.to_dict()
    assert content["patient"] == "p1"
    assert content["probability"] == found.answer.probability
    assert content["index_date"] == "2024-05-20"
    assert [entry["variable"] for entry in content["taken"]] == ["sex", "age", "c3"]
    assert content["ignored"] == []
    predict_file(path, reader, out=tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert float(row["probability"]) == found.answer.probability


def test_how_a_value_was_read_is_a_warning_of_the_prediction(reader: str, tmp_path: Path) -> None:
    below = made_records.quantity(5, "mg/L", comparator="<")
    document = made_records.record(made_records.observation("1988-5", valueQuantity=below))
    found = predict_file(table(tmp_path, json.dumps(document), "p.json"), reader)
    assert isinstance(found, RecordAnswer)
    assert isinstance(found.answer, Prediction)
    assert ("beyond_limit", "crp") in [(w.code, w.where) for w in found.answer.warnings]


def test_a_record_of_too_little_is_refused_and_still_tells_what_was_read(
    reader: str, tmp_path: Path
) -> None:
    path = table(tmp_path, json.dumps(made_records.record(made_records.c3())), "p.json")
    found = predict_file(path, reader, index_date=date(2025, 1, 1))
    assert isinstance(found, RecordAnswer)
    assert found.answered == 0
    content = found.to_dict()
    assert [reason["code"] for reason in content["refused"][0]["reasons"]] == ["too_many_missing"]
    assert [entry["code"] for entry in content["ignored"]] == ["too_old"]


def test_a_record_that_cannot_be_used_stops_the_run(reader: str, tmp_path: Path) -> None:
    document = made_records.record(made_records.c3(), made_records.patient(id="p2"))
    path = table(tmp_path, json.dumps(document), "p.json")
    with pytest.raises(DocumentError, match="a second patient"):
        predict_file(path, reader)


@pytest.mark.parametrize("name", ["p.json", "p.csv"])
def test_an_index_date_is_for_records(name: str, bundle: str, tmp_path: Path) -> None:
    path = table(tmp_path, json.dumps(FULL) if name == "p.json" else HEAD + GOOD, name)
    with pytest.raises(PredictorError, match="--index-date is for a FHIR Bundle"):
        predict_file(path, bundle, index_date=date(2024, 5, 20))
