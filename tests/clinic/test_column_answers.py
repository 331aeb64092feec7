"""Parquet to Parquet: as columns every patient gets the answer that a single patient gets."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import made_bundles
import made_records
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from predictor.clinic.answer_columns import answer_rows
from predictor.clinic.prediction import cached_bundle, predict_rows
from predictor.errors import DocumentError
from predictor.fitted.bundle import save_bundle
from predictor.fitted.moments import Moments
from predictor.fitted.replicates import Replicates
from predictor.fitted.venn_abers import VennAbers
from predictor.workflow.predict import TableAnswers, predict_file

NUMBERS = [75.0, 40.0, None, math.nan, -5.0, 0.9, 1e12, math.inf, 400.0]
COLUMNS: dict[str, list[Any]] = {
    "c3": NUMBERS,
    "marker": NUMBERS,
    "fever": ["yes", "no", None, "", "NA", "perhaps", "1", " no "],
    "organ": ["skin", "kidney", "joints", None, "heart"],
    "overlap": ["no", None, "yes", "x"],
    "esr": [None, 5.0, math.nan],  # which the model has no use for
    "patient": [
        "P1",
        None,
        "",
        "NA",
        "Ärztin",
        "a\x1bb",
        "x" * 300,
        "  P2 ",
        "=1+1",
        "A B",
        "N/A",
        "b" * 200,
    ],
}


def with_interval(folder: Path) -> Path:
    """The made-up bundle with made-up replicates and moments."""
    rng = np.random.default_rng(3)
    replicates = Replicates(
        intercept=rng.normal(-0.6, 0.3, 40),
        slope=rng.normal([0.04, 0.3, 0.01, -0.8, 0.7, -1.0], 0.05, (40, 6)),
        variable=np.array([0, 0, 1, 2, 3, 3]),
        state=np.array([-1, -1, -1, -1, 0, 2]),
        missing=np.array([False, True, False, False, False, False]),
    )
    moments = Moments(
        centre=np.array([91.3, 33.7, 0.3, 1.0]),
        spread=np.array([20.1, 11.9, 0.46, 0.7]),
        correlation=np.eye(4) * 0.6 + 0.4,
        low=np.array([1.0, -np.inf, 0.0, 0.0]),
        high=np.array([500.0, np.inf, 1.0, 2.0]),
        whole=np.array([False, False, True, True]),
        distances=np.linspace(0.2, 2.0, 21),
        cutoff=1.6,
    )
    made = made_bundles
    save_bundle(
        folder,
        made.manifest(),
        made.preparation(),
        made.LINEAR,
        {},
        moments=moments,
        replicates=replicates,
    )
    return folder


def with_range(folder: Path) -> Path:
    """The made-up bundle with a range that some probabilities lie in, and many above."""
    calibration = VennAbers(np.linspace(0.0, 0.3, 101), np.linspace(0.4, 0.6, 101))
    made = made_bundles
    save_bundle(
        folder, made.manifest(), made.preparation(), made.LINEAR, {}, calibration=calibration
    )
    return folder


@pytest.fixture(scope="module", params=["median", "iterative", "interval", "range"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("columns") / "b"
    if request.param == "interval":
        return str(with_interval(folder))
    if request.param == "range":
        return str(with_range(folder))
    return str(made_bundles.save(folder, iterative=request.param == "iterative"))


def same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected)
    for got, wanted in zip(found, expected, strict=True):
        assert got.keys() >= wanted.keys()
        for name, value in got.items():
            other = wanted.get(name)
            if isinstance(value, float):
                assert value == pytest.approx(other, rel=1e-12, abs=1e-12), (name, wanted["row"])
            else:
                assert value == other, (name, wanted["row"])


def used(table: pa.Table) -> list[tuple[int, Any]]:
    """Numbered patients without what the model does not use: that is told once for the file."""
    kept = [name for name in table.column_names if name != "esr"]
    return list(enumerate(table.select(kept).to_pylist(), 1))


def answered(bundle: str, table: pa.Table, folder: Path) -> tuple[TableAnswers, list[Any]]:
    parquet.write_table(table, folder / "in.parquet")
    found = predict_file(folder / "in.parquet", bundle, out=folder / "out.parquet")
    assert isinstance(found, TableAnswers)
    return found, parquet.read_table(folder / "out.parquet").to_pylist()


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_columns_and_single_patients_get_the_same_answers(
    share: float, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor.clinic.column_answers.ROWS", 70)
    rng = np.random.default_rng(7)
    plain = {"c3": 80.0, "marker": 33.0, "fever": "no", "organ": "kidney", "patient": "P"}
    rows = [
        {
            name: entries[rng.integers(len(entries))] if rng.random() < share else plain.get(name)
            for name, entries in COLUMNS.items()
        }
        for _ in range(400)
    ]
    marks = [(None, 0, 1)[i % 3] for i in range(len(rows))]
    table = pa.Table.from_pylist(rows).append_column("simulated", pa.array(marks))
    found, got = answered(bundle, table, tmp_path)
    expected = predict_rows(used(table), cached_bundle(bundle))
    same(got, answer_rows(expected))
    assert (found.answered, found.refused) == (len(expected), len(expected.refused))
    assert found.answers.rows == tuple(row for row in expected.rows if row <= 100)
    if cached_bundle(bundle).moments is not None:
        told = [row for row in got if not row["refused"]]
        assert all(row["interval_low"] < row["probability"] for row in told)
        assert all(0 <= row["distance_percentile"] <= 1 for row in told)
        assert {row["interval_level"] for row in told} == {0.95}
    if (calibration := cached_bundle(bundle).calibration) is not None:
        told = [row for row in got if not row["refused"]]
        assert {row["interval_method"] for row in told} == {"venn-abers"}
        assert {row["interval_level"] for row in told} == {None}
        low, high = calibration.at(np.array([row["probability"] for row in told]))
        assert [row["interval_low"] for row in told] == low.tolist()
        assert [row["interval_high"] for row in told] == high.tolist()
        outside = [row["probability"] > row["interval_high"] + 0.05 for row in told]
        assert outside == ["outside its calibration range" in row["warnings"] for row in told]
        assert share != 0.2 or 5 < sum(outside) < len(outside) - 5
    if share == 0.2:
        assert min(found.answered, found.refused) > 50


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("fever", pa.array([True, False, None])),
        ("fever", pa.array([1, 0, 2])),
        ("fever", pa.array([1.0, math.nan, 0.5])),
        ("fever", pa.array(["yes", "no", None]).dictionary_encode()),
        ("organ", pa.array([True, False, None])),
        ("c3", pa.array([75, 80, None])),
        ("c3", pa.array([75, 80, 8000], pa.uint16())),
        ("c3", pa.array([75.5, 80, None], pa.float32())),
        ("c3", pa.array(["0.75 g/L", "75,5", None])),
        ("c3", pa.array([True, False, None])),
        ("c3", pa.array([date(2024, 1, 1), None, None])),
        ("c3", pa.array([{"value": 0.75, "unit": "g/L"}, None, None])),
        ("c3", pa.nulls(3)),
        ("esr", pa.array([True, None, False])),
        ("patient", pa.array([7, None, 8])),
        ("patient", pa.array([7.0, math.nan, 8.5])),
        ("patient", pa.array([True, None, False])),
        ("patient", pa.array([b"x", None, b"y"])),
        ("patient", pa.array(["A", None, "B"], pa.large_string())),
    ],
)
def test_columns_of_any_type_are_read_as_single_values_are(
    name: str, column: pa.Array, bundle: str, tmp_path: Path
) -> None:
    columns = {
        "c3": pa.array([75.0, 80.0, 90.0]),
        "marker": pa.array([40.0, 30.0, 20.0]),
        "fever": pa.array(["yes", "no", "no"]),
        "organ": pa.array(["skin", "kidney", "joints"]),
    }
    table = pa.table(columns | {name: column})
    _, got = answered(bundle, table, tmp_path)
    expected = predict_rows(used(table), cached_bundle(bundle))
    same(got, answer_rows(expected))


def test_the_schema_is_that_of_single_answers(bundle: str, tmp_path: Path) -> None:
    table = pa.table({"c3": [75.0], "marker": [40.0], "fever": ["no"]})
    answered(bundle, table, tmp_path)
    (tmp_path / "in.csv").write_text("c3,marker,fever\n75,40,no\n")
    predict_file(tmp_path / "in.csv", bundle, out=tmp_path / "rows.parquet")
    read = parquet.read_schema
    assert read(tmp_path / "out.parquet") == read(tmp_path / "rows.parquet")


def test_unknown_columns_are_left_unread_on_request_alone(bundle: str, tmp_path: Path) -> None:
    table = pa.table({"c3": [75.0], "marker": [40.0], "fever": ["no"], "feverr": ["x"]})
    with pytest.raises(DocumentError, match="Did you mean fever"):
        answered(bundle, table, tmp_path)
    found = predict_file(
        tmp_path / "in.parquet", bundle, out=tmp_path / "out.parquet", ignore_unknown=True
    )
    assert isinstance(found, TableAnswers)
    assert (found.ignored, found.answered) == (("feverr",), 1)


def test_a_table_without_patients_is_refused_and_leaves_nothing(
    bundle: str, tmp_path: Path
) -> None:
    table = pa.table({"c3": pa.array([], pa.float64())})
    with pytest.raises(DocumentError, match="there are no patients in it"):
        answered(bundle, table, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_damage_in_the_middle_leaves_the_old_answers(bundle: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table = pa.table({"c3": rng.uniform(50, 100, 50_000), "marker": rng.uniform(20, 60, 50_000)})
    parquet.write_table(table, tmp_path / "in.parquet", row_group_size=10_000)
    content = (tmp_path / "in.parquet").read_bytes()
    third, end = len(content) // 3, len(content) * 2 // 3
    junk = bytes(byte ^ 0xA5 for byte in content[third:end])
    (tmp_path / "in.parquet").write_bytes(content[:third] + junk + content[end:])
    (tmp_path / "out.parquet").write_text("old")
    with pytest.raises(DocumentError, match="the Parquet file is damaged"):
        predict_file(tmp_path / "in.parquet", bundle, out=tmp_path / "out.parquet")
    assert (tmp_path / "out.parquet").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_bundle_of_dictionary_variables_too(tmp_path: Path) -> None:
    folder = made_records.save(tmp_path / "b", most_missing=0.9)
    rows = [
        {"patient": "A", "sex": "female", "age": 30, "c3": 75.0, "ana": "yes"},
        {"patient": "B", "sex": "other", "age": 30, "c3": 75.0, "ana": "yes"},
        {"patient": "C", "sex": "male", "age": None, "c3": 0.9, "ana": None},
    ]
    table = pa.Table.from_pylist(rows)
    _, got = answered(str(folder), table, tmp_path)
    expected = predict_rows(used(table), cached_bundle(folder))
    same(got, answer_rows(expected))
    assert [bool(row["refused"]) for row in got] == [False, True, False]
