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
from predictor.clinic.scoring import score_table
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


def test_probabilities_are_those_of_our_own_scoring(model: Any, bundle: Path) -> None:
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
    expected = score_table(load_bundle(bundle), rows).probability
    answer = model.predict(table)
    assert list(answer.columns) == ["probability"]
    assert list(answer.index) == [7, 3, 11]
    np.testing.assert_allclose(answer["probability"], expected, rtol=0, atol=1e-15)


def test_probabilities_are_those_of_predict(model: Any, bundle: Path) -> None:
    ours = predict({"c3": 75.0, "fever": "yes", "indication": "skin"}, model=bundle)
    table = pd.DataFrame({"c3": [75.0], "fever": [1.0], "indication": [1.0]})
    assert model.predict(table)["probability"].item() == pytest.approx(ours.probability, abs=1e-12)


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
    assert answer.shape == (0, 1)


def test_signature_is_optional_doubles_and_probability(model: Any) -> None:
    signature = model.metadata.signature
    assert [column.to_dict() for column in signature.inputs.inputs] == [
        {"type": "double", "name": name, "required": False}
        for name in ("c3", "creatinine", "fever", "indication", "overlap")
    ]
    assert [c.to_dict()["name"] for c in signature.outputs.inputs] == ["probability"]


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
    model: Any, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from mlflow.exceptions import MlflowException

    with (
        _everything_logged() as log,
        pytest.raises(
            MlflowException, match=r"does not fit the model|none of the model's"
        ) as caught,
    ):
        model.predict(_BAD_INPUTS[name]())
    logging.getLogger("elsewhere").error("as a service would log it", exc_info=caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    printed = capfd.readouterr()
    for text in (str(caught.value), shown, log.getvalue(), printed.out, printed.err):
        assert not [cell for cell in CELLS if cell in text]


def test_schema_error_names_the_column_and_says_what_to_do(model: Any) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match=r"in column c3\..*astype\(float\)"):
        model.predict(pd.DataFrame({"c3": [75]}))


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
    model: Any, scoring_server: Any, kind: str, body: str
) -> None:
    from mlflow.exceptions import MlflowException

    schema = model.metadata.get_input_schema()
    with (
        _everything_logged() as log,
        pytest.raises(MlflowException, match="does not fit the model") as caught,
    ):
        scoring_server.invocations(body.encode(), kind, model, schema)
    shown = "".join(traceback.format_exception(caught.value))
    answer = caught.value.serialize_as_json()
    assert not [cell for cell in CELLS if cell in shown + answer + log.getvalue()]
    assert caught.value.get_http_status_code() == 400


def test_failure_of_the_models_own_code_is_not_blamed_on_the_input(
    model: Any, scoring_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    from predictor.tracking import scoring_model

    def broken(*args: object) -> None:
        raise RuntimeError(CELL)

    monkeypatch.setattr(scoring_model, "score_table", broken)
    body = json.dumps({"dataframe_records": [{"c3": 75}]}).encode()
    schema = model.metadata.get_input_schema()
    with pytest.raises(MlflowException, match=r"failed on this input \(RuntimeError\)") as caught:
        scoring_server.invocations(body, "application/json", model, schema)
    assert CELL not in "".join(traceback.format_exception(caught.value))


def test_scoring_server_gives_good_rows_their_numbers(model: Any, scoring_server: Any) -> None:
    body = json.dumps({"dataframe_records": [{"c3": 75, "fever": 1}]}).encode()
    schema = model.metadata.get_input_schema()
    answer = scoring_server.invocations(body, "application/json", model, schema)
    expected = model.predict(pd.DataFrame({"c3": [75.0], "fever": [1.0]}))["probability"].item()
    assert json.loads(answer.response) == {"predictions": [{"probability": expected}]}
