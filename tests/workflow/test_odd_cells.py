"""Cells of a Parquet file that Python has no object for: one patient's odd value, no damage."""

from __future__ import annotations

import csv
from pathlib import Path

import made_bundles
import pyarrow as pa
import pytest
from pyarrow import parquet

from predictor.workflow.predict import TableAnswers, predict_file

FAR = 2**60


def _text(*cells: bytes) -> pa.Array:
    """Text that says it is UTF-8."""
    return pa.array(cells, pa.binary()).view(pa.string())


def _twice() -> pa.Array:
    number = pa.array([75.0, 76.0])
    return pa.StructArray.from_arrays([number, number], names=["value", "value"])


ODD = {
    "timestamp": (pa.array([FAR, FAR], pa.timestamp("us")), 0),
    "day": (pa.array([2**30, 2**30], pa.date32()), 0),
    "duration": (pa.array([2**62, 2**62], pa.duration("s")), 0),
    "nowhere": (pa.array([0, 0], pa.timestamp("us", tz="Nowhere/Bad")), 0),
    "no UTF-8": (_text(b"75\xff", b"75"), 1),
    "no UTF-8 twice": (_text(b"75\xff", b"\xc3"), 0),
    "struct": (_twice(), 0),
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(made_bundles.save(tmp_path_factory.mktemp("odd") / "b"))


def _both_ways(bundle: str, folder: Path, table: pa.Table) -> TableAnswers:
    """Answers as columns, after holding them against those row by row."""
    source, columns, rows = (folder / name for name in ("in.parquet", "out.parquet", "out.csv"))
    parquet.write_table(table, source)
    found = predict_file(source, bundle, out=columns)
    predict_file(source, bundle, out=rows)
    assert isinstance(found, TableAnswers)
    with rows.open(encoding="utf-8", newline="") as stream:
        written = [(row["patient"], row["refused"]) for row in csv.DictReader(stream)]
    got = parquet.read_table(columns).to_pylist()
    assert [(row["patient"] or "", row["refused"]) for row in got] == written
    return found


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_cell_of_a_predictor_refuses_its_row(bundle: str, tmp_path: Path, kind: str) -> None:
    column, answered = ODD[kind]
    table = pa.table({"patient": ["A", "B"], "c3": column, "marker": [40.0, 41.0]})
    table = table.append_column("organ", pa.array(["skin", "skin"]))
    found = _both_ways(bundle, tmp_path, table)
    assert (found.answered, found.refused) == (answered, 2 - answered)
    codes = {r.code for patient in found.answers.refused for r in patient.reasons}
    assert codes == {"unreadable_number"}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_cell_where_nothing_is_read_refuses_nobody(
    bundle: str, tmp_path: Path, kind: str
) -> None:
    table = pa.table({"c3": [75.0, 76.0], "marker": [40.0, 41.0], "organ": ["skin", "joints"]})
    found = _both_ways(bundle, tmp_path, table.append_column("esr", ODD[kind][0]))
    assert (found.answered, found.refused) == (2, 0)


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_identifier_refuses_its_row(bundle: str, tmp_path: Path, kind: str) -> None:
    column, answered = ODD[kind]
    table = pa.table({"patient": column, "c3": [75.0, 76.0], "marker": [40.0, 41.0]})
    table = table.append_column("organ", pa.array(["skin", "skin"]))
    found = _both_ways(bundle, tmp_path, table)
    assert (found.answered, found.refused) == (answered, 2 - answered)
    codes = {r.code for patient in found.answers.refused for r in patient.reasons}
    assert codes == {"bad_identifier"}
