"""The model MLflow loads: same numbers as ours, no pickle, and no patient's cell in any message."""

from __future__ import annotations

import datetime
import decimal
import importlib
import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from predictor.clinic.prediction import predict
from predictor.fitted.bundle import load_bundle

# Planted cells: a text, and numbers that occur nowhere else
CELL = "PLANTED77"
CELLS = (CELL, "31337", "2031-03-17")


@pytest.fixture(scope="module")
def scoring_server() -> Any:
    return importlib.import_module("mlflow.pyfunc.scoring_server")


@pytest.fixture(scope="module")
def model(stored_model: Path, scoring_server: Any) -> Any:
    import mlflow

    return mlflow.pyfunc.load_model(str(stored_model))


@pytest.fixture(scope="module")
def of_doubles(stored_model: Path, scoring_server: Any) -> Any:
    """The model with the columns that earlier versions logged: doubles alone."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    model = mlflow.pyfunc.load_model(str(stored_model))
    names = [column.name for column in model.metadata.signature.inputs.inputs]
    inputs = Schema([ColSpec(DataType.double, name, required=False) for name in names])
    told = Schema([ColSpec(DataType.double, "probability")])
    model.metadata.signature = ModelSignature(inputs, told)
    return model


@contextmanager
def _everything_logged() -> Iterator[io.StringIO]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    loggers = [logging.getLogger(), logging.getLogger("mlflow"), logging.getLogger("predictor")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield text
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def test_probabilities_are_those_of_single_patients(model: Any, bundle: Path) -> None:
    table = pd.DataFrame(
        {
            "c3": [75.0, 110.5, np.nan],
            "creatinine": [1.5, np.nan, 2.5],
            "fever": [1.0, 0.0, np.nan],
            "indication": [0.0, 2.0, 1.0],
        },
        index=[7, 3, 11],
    )
    rows = [
        {"c3": 75.0, "creatinine": 1.5, "fever": True, "indication": "renal"},
        {"c3": 110.5, "fever": False, "indication": "blood"},
        {"creatinine": 2.5, "indication": "skin"},
    ]
    expected = [predict(row, model=load_bundle(bundle)).probability for row in rows]
    answer = model.predict(table)
    assert list(answer.index) == [7, 3, 11]
    np.testing.assert_allclose(answer["probability"], expected, rtol=0, atol=1e-15)


def test_probabilities_are_those_of_predict(model: Any, bundle: Path) -> None:
    ours = predict({"c3": 75.0, "fever": "yes", "indication": "skin"}, model=bundle)
    table = pd.DataFrame({"c3": [75.0], "fever": [1.0], "indication": [1.0]})
    assert model.predict(table)["probability"].item() == pytest.approx(ours.probability, abs=1e-12)


def test_gaps_intervals_and_warnings_are_those_of_predict(tmp_path: Path) -> None:
    """A shipped bundle knows how values go together, so a gap is drawn and not filled in."""
    import mlflow

    from predictor.tracking.logged_model import write_model

    shipped = load_bundle("remission")
    write_model(
        shipped, tmp_path, version="0.1.0", run_id="r", model_id="m-1", location=str(tmp_path)
    )
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    rows = [
        {"c3": 75.0, "c4": 12.0, "crp": 30.0, "platelets": 150.0},
        {"c3": 75.0, "c4": 12.0, "crp": 30.0, "platelets": 0.9, "anti_dsdna": 5000.0},
        {"c3": 90.0, "c4": 9.0, "crp": 3.0, "platelets": 250.0, "proteinuria": 500.0,
         "anti_dsdna": 20.0},
    ]  # fmt: skip
    answers = loaded.predict(pd.DataFrame(rows))
    assert list(answers.columns) == loaded.metadata.signature.outputs.input_names()
    for row, (_, found) in zip(rows, answers.iterrows(), strict=True):
        told = predict(row, model=shipped)
        assert told.interval is not None
        assert told.applicability is not None
        assert found["probability"] == pytest.approx(told.probability, rel=0, abs=1e-12)
        assert found["interval_low"] == pytest.approx(told.interval.low, rel=0, abs=1e-12)
        assert found["interval_high"] == pytest.approx(told.interval.high, rel=0, abs=1e-12)
        assert found["interval_level"] == told.interval.level
        assert found["inside"] == told.applicability.inside
        assert found["imputed"] == "; ".join(told.imputed)
        assert [w.message in found["warnings"] for w in told.warnings] == [True] * len(
            told.warnings
        )


def test_missing_column_is_imputed_like_a_missing_cell(model: Any) -> None:
    without = model.predict(pd.DataFrame({"c3": [75.0]}))
    empty = model.predict(pd.DataFrame({"c3": [75.0], "creatinine": [np.nan], "fever": [np.nan]}))
    assert without["probability"].item() == empty["probability"].item()


def test_column_order_does_not_matter_and_strange_columns_are_ignored(model: Any) -> None:
    one = model.predict(pd.DataFrame({"c3": [75.0], "fever": [1.0]}))
    other = model.predict(pd.DataFrame({"site": ["x"], "fever": [1.0], "c3": [75.0]}))
    assert one["probability"].item() == other["probability"].item()


@pytest.mark.parametrize(
    "refused",
    [{"c3": 31337.0}, {"c3": np.inf}, {"fever": 0.5}, {"fever": 7.0}, {"indication": 3.0},
     {"indication": -1.0}, {"indication": 1.5}, {"overlap": 1.0}],
)  # fmt: skip
def test_refused_row_gives_nan_and_its_neighbours_their_numbers(
    model: Any, refused: dict[str, float]
) -> None:
    good = {"c3": 75.0, "fever": 1.0, "indication": 1.0}
    table = pd.DataFrame([good, good | refused, good])
    with _everything_logged() as log:
        answer = model.predict(table)["probability"].to_numpy()
    assert np.isnan(answer[1])
    assert np.isfinite(answer[[0, 2]]).all()
    (name,) = refused
    assert f"1 of 3 rows refused, their probability is NaN: {name}: " in log.getvalue()
    assert "31337" not in log.getvalue()


def test_row_with_too_many_missing_gives_nan(model: Any) -> None:
    with _everything_logged() as log:
        answer = model.predict(pd.DataFrame({"c3": [75.0, np.nan]}))["probability"].to_numpy()
    assert np.isfinite(answer[0])
    assert np.isnan(answer[1])
    assert "NaN: too_many_missing (1)" in log.getvalue()


def test_table_without_any_predictor_is_refused(model: Any) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="none of the model's predictors"):
        model.predict(pd.DataFrame({"wrong": [1.0]}))


def test_empty_table_gives_an_empty_answer(model: Any) -> None:
    answer = model.predict(pd.DataFrame({"c3": np.array([], dtype=float)}))
    assert len(answer) == 0
    assert "probability" in answer.columns


def test_signature_is_optional_columns_of_any_kind_and_the_answer(model: Any) -> None:
    signature = model.metadata.signature
    assert [column.to_dict() for column in signature.inputs.inputs] == [
        {"type": "any", "name": name, "required": False}
        for name in ("c3", "creatinine", "fever", "indication", "overlap", "simulated")
    ]
    told = {c.to_dict()["name"]: c.to_dict()["type"] for c in signature.outputs.inputs}
    assert told == {
        "probability": "double",
        "reference_probability": "double",
        **dict.fromkeys(("imputed", "warnings", "refused", "evidence"), "string"),
    }


def test_answer_has_the_columns_of_the_signature(model: Any) -> None:
    answer = model.predict(pd.DataFrame({"c3": [75.0]}))
    assert list(answer.columns) == model.metadata.signature.outputs.input_names()


def test_values_are_read_as_predict_reads_them(model: Any, bundle: Path) -> None:
    written = {
        "c3": ["0.75 g/L", 75, "75", 80.5, None],
        "creatinine": [2, "2", 2.0, None, 1.0],
        "fever": ["yes", True, 1, "no", False],
        "indication": ["renal", "skin", "blood", None, "skin"],
    }
    answer = model.predict(pd.DataFrame(written))
    rows = [
        {name: cells[i] for name, cells in written.items() if cells[i] is not None}
        for i in range(5)
    ]
    expected = [predict(row, model=bundle).probability for row in rows]
    np.testing.assert_allclose(answer["probability"], expected, rtol=0, atol=1e-12)
    assert list(answer["refused"]) == [""] * 5


def test_refused_row_has_its_reasons(model: Any, bundle: Path) -> None:
    from predictor.errors import PatientRefused

    with pytest.raises(PatientRefused, match="c3") as refusal:
        predict({"c3": "<10", "fever": "yes"}, model=bundle)
    told = "; ".join(str(reason) for reason in refusal.value.reasons)
    answer = model.predict(pd.DataFrame({"c3": ["<10", "75"], "fever": ["yes", "yes"]}))
    assert list(answer["refused"]) == [told, ""]
    assert list(answer["evidence"]) == ["", "cross-validated"]
    assert list(answer["imputed"]) == ["", "creatinine; indication"]


def test_mark_of_simulated_patients_becomes_a_warning(model: Any) -> None:
    answer = model.predict(pd.DataFrame({"c3": [75.0, 75.0], "simulated": [1, 0]}))
    assert ["simulated" in warnings for warnings in answer["warnings"]] == [True, False]


def test_model_has_no_pickle_and_no_input_example(stored_model: Path) -> None:
    names = {path.name for path in stored_model.rglob("*") if path.is_file()}
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    assert not [name for name in names if "example" in name]
    assert {"MLmodel", "pyfunc_model.py", "requirements.txt"} <= names


def test_requirements_are_explicit_and_pinned(stored_model: Path) -> None:
    lines = (stored_model / "requirements.txt").read_text().split()
    assert lines[0] == "sle-ivig-predictor==0.1.0"
    assert {line.split("==")[0] for line in lines} >= {"mlflow", "numpy", "pandas", "pyyaml"}
    assert all("==" in line for line in lines)
    assert f"numpy=={np.__version__}" in lines


_BAD_INPUTS: dict[str, Callable[[], Any]] = {
    "text": lambda: pd.DataFrame({"c3": [CELL]}),
    "number and text": lambda: pd.DataFrame({"c3": [31337.25, CELL]}),
    "whole numbers": lambda: pd.DataFrame({"c3": [31337]}),
    "list in a cell": lambda: pd.DataFrame({"c3": [[31337.25]]}),
    "date": lambda: pd.DataFrame({"c3": [datetime.datetime(2031, 3, 17)]}),
    "category": lambda: pd.DataFrame({"c3": pd.Categorical([CELL])}),
    "complex": lambda: pd.DataFrame({"c3": [complex(31337, 1)]}),
    "truth value": lambda: pd.DataFrame({"c3": [True]}),
    "nullable integers": lambda: pd.DataFrame({"c3": pd.array([31337, None], dtype="Int64")}),
    "same column twice": lambda: pd.DataFrame([[31337.0, CELL]], columns=["c3", "c3"]),
    "mapping of texts": lambda: {"c3": CELL},
    "mapping of lists": lambda: {"c3": [31337.25, CELL]},
    "mapping of arrays": lambda: {"c3": np.array([CELL])},
    "ragged mapping": lambda: {"c3": [31337.25, CELL], "fever": [1.0]},
    "list of mappings": lambda: [{"c3": CELL}],
    "list": lambda: [CELL],
    "array": lambda: np.array([[CELL]]),
    "text alone": lambda: CELL,
    "decimal and text": lambda: pd.DataFrame({"c3": [decimal.Decimal("31337.25"), CELL]}),
}


@pytest.mark.parametrize("name", _BAD_INPUTS)
def test_no_cell_in_error_traceback_or_log(
    of_doubles: Any, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from mlflow.exceptions import MlflowException

    with (
        _everything_logged() as log,
        pytest.raises(
            MlflowException, match=r"does not fit the model|none of the model's"
        ) as caught,
    ):
        of_doubles.predict(_BAD_INPUTS[name]())
    logging.getLogger("elsewhere").error("as a service would log it", exc_info=caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    printed = capfd.readouterr()
    for text in (str(caught.value), shown, log.getvalue(), printed.out, printed.err):
        assert not [cell for cell in CELLS if cell in text]


@pytest.mark.parametrize("name", _BAD_INPUTS)
def test_no_cell_in_answer_or_log(model: Any, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    from mlflow.exceptions import MlflowException

    said = ""
    with _everything_logged() as log:
        try:
            answer = model.predict(_BAD_INPUTS[name]())
        except MlflowException as error:
            said = "".join(traceback.format_exception(error))
            assert "does not fit the model" in said or "none of the model's" in said
        else:
            refused = answer["refused"].to_numpy() != ""
            assert refused.all()
            assert answer["probability"].isna().all()
            said = answer.to_csv()
    printed = capfd.readouterr()
    for text in (said, log.getvalue(), printed.out, printed.err):
        assert not [cell for cell in CELLS if cell in text]


def test_schema_error_names_the_column_and_says_what_to_do(of_doubles: Any) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match=r"in column c3\..*astype\(float\)"):
        of_doubles.predict(pd.DataFrame({"c3": [75]}))


def test_header_made_of_a_patients_cells_is_not_logged(model: Any) -> None:
    table = pd.DataFrame([[75.0, 1.0, 2.0]], columns=["c3", "31337.25", CELL])
    with _everything_logged() as log:
        model.predict(table)
    assert "no predictors of this model" in log.getvalue()
    assert not [cell for cell in CELLS if cell in log.getvalue()]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps({"dataframe_records": [{"c3": CELL}]})),
        (
            "application/json",
            json.dumps({"dataframe_split": {"columns": ["c3"], "data": [[CELL]]}}),
        ),
        ("application/json", json.dumps({"inputs": {"c3": [CELL]}})),
        ("application/json", json.dumps({"instances": [{"c3": CELL}]})),
        ("application/json", json.dumps({"dataframe_records": [{"c3": [CELL]}]})),
        ("application/json", '{"dataframe_records": [{"c3": "' + CELL),
        ("application/json", json.dumps({CELL: 1})),
        ("text/csv", f"c3\n{CELL}\n"),
        ("text/csv", f"c3\n1,{CELL},3\n1,2,3,4,5\n"),
        ("application/vnd.apache.parquet", CELL),
    ],
)
def test_scoring_server_answers_without_the_cell(
    of_doubles: Any, scoring_server: Any, kind: str, body: str
) -> None:
    from mlflow.exceptions import MlflowException

    schema = of_doubles.metadata.get_input_schema()
    with (
        _everything_logged() as log,
        pytest.raises(MlflowException, match="does not fit the model") as caught,
    ):
        scoring_server.invocations(body.encode(), kind, of_doubles, schema)
    shown = "".join(traceback.format_exception(caught.value))
    answer = caught.value.serialize_as_json()
    assert not [cell for cell in CELLS if cell in shown + answer + log.getvalue()]
    assert caught.value.get_http_status_code() == 400


def test_scoring_server_refuses_the_patient_and_not_the_request(
    model: Any, scoring_server: Any
) -> None:
    body = json.dumps({"dataframe_records": [{"c3": CELL}, {"c3": 75, "fever": "no"}]}).encode()
    schema = model.metadata.get_input_schema()
    with _everything_logged() as log:
        answer = scoring_server.invocations(body, "application/json", model, schema)
    first, second = json.loads(answer.response)["predictions"]
    assert np.isnan(first["probability"])
    assert "c3: " in first["refused"]
    assert second["probability"] > 0
    assert CELL not in answer.response + log.getvalue()


def test_failure_of_the_models_own_code_is_not_blamed_on_the_input(
    model: Any, scoring_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    from predictor.tracking import scoring_model

    def broken(*args: object) -> None:
        raise RuntimeError(CELL)

    monkeypatch.setattr(scoring_model.ScoringModel, "_answer", broken)
    body = json.dumps({"dataframe_records": [{"c3": 75}]}).encode()
    schema = model.metadata.get_input_schema()
    with pytest.raises(MlflowException, match=r"failed on this input \(RuntimeError\)") as caught:
        scoring_server.invocations(body, "application/json", model, schema)
    assert CELL not in "".join(traceback.format_exception(caught.value))


def test_scoring_server_gives_good_rows_their_numbers(model: Any, scoring_server: Any) -> None:
    body = json.dumps({"dataframe_records": [{"c3": 75, "fever": 1}]}).encode()
    schema = model.metadata.get_input_schema()
    answer = scoring_server.invocations(body, "application/json", model, schema)
    expected = model.predict(pd.DataFrame({"c3": [75.0], "fever": [1.0]})).to_dict("records")
    assert json.loads(answer.response) == {"predictions": expected}
