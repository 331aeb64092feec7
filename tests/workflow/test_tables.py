"""Tables as CSV: complete, readable again, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.explanation.importance import Importance, VariableImportance
from predictor.report.spreadsheet import csv_bytes
from predictor.workflow.tables import importance_csv


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_numbers_keep_every_digit_and_none_is_an_empty_cell() -> None:
    content = csv_bytes(("a", "b", "c"), [{"a": 0.1 + 0.2, "b": None, "c": True, "d": 5}])
    assert content == b"a,b,c\n0.30000000000000004,,1\n"


def test_negative_numbers_are_numbers() -> None:
    assert csv_bytes(("a",), [{"a": -0.5}]) == b"a\n-0.5\n"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_reads_back_and_begins_no_formula(text: str) -> None:
    (row,) = read(csv_bytes(("x", "y"), [{"x": text, "y": 1}]))
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert row["x"] in (plain, f"'{plain}")
    assert row["x"].lstrip()[:1] not in tuple("=+-@")


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "\t=1", "\n@SUM(A1)", "-2+3", "＝1+1"])
def test_formulas_are_neutralised(text: str) -> None:
    (row,) = read(csv_bytes(("x", "y"), [{"x": text, "y": 1}]))
    assert row["x"] == f"'{text}"


def test_importance_is_one_row_per_variable() -> None:
    row = VariableImportance("c3", "Complement C3", "mg/dL", 0.25, 1)
    ranked = Importance((row,), "log-odds", patients=500, of=900)
    assert read(importance_csv(ranked)) == [
        {
            "rank": "1",
            "variable": "c3",
            "label": "Complement C3",
            "unit": "mg/dL",
            "mean_absolute_shap": "0.25",
            "scale": "log-odds",
            "patients": "500",
        }
    ]
