"""Reading files: every declared shape gives the same cells, every other one a named error."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from predictor.cohort.reading import read_table, table_from_frame
from predictor.cohort.table import Table, without_missing
from predictor.config import CohortSource
from predictor.errors import CohortError

PLAIN = "id,c3,word\nP1,75.5,größer\nP2,,x\n"
CELLS = {"id": ["P1", "P2"], "c3": ["75.5", ""], "word": ["größer", "x"]}


def read(path: Path, **keys: Any) -> Table:
    return read_table(path, CohortSource(**keys))


def cells_of(table: Table) -> dict[str, list[object]]:
    return {name: list(cells) for name, cells in table.columns.items()}


def written(
    folder: Path, content: str | bytes, name: str = "c.csv", encoding: str = "utf-8"
) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("content", "encoding", "keys"),
    [
        (PLAIN, "utf-8", {}),
        (PLAIN, "utf-8-sig", {}),
        (PLAIN, "utf-8-sig", {"encoding": "utf-8-sig"}),
        (PLAIN, "utf-8-sig", {"encoding": "UTF8"}),
        (PLAIN, "utf-16", {"encoding": "utf-16"}),
        (PLAIN, "latin-1", {"encoding": "latin-1"}),
        (PLAIN, "cp1252", {"encoding": "cp1252"}),
        (PLAIN.replace(",", ";"), "utf-8", {}),
        (PLAIN.replace(",", ";"), "utf-8", {"delimiter": ";"}),
        (PLAIN.replace(",", "\t"), "utf-8", {}),
        (PLAIN.replace(",", "\t"), "utf-8", {"delimiter": "tab"}),
        (PLAIN.replace(",", "|"), "utf-8", {"delimiter": "|"}),
        (PLAIN.replace("\n", "\r\n"), "utf-8", {}),
        (PLAIN.replace("\n", "\r"), "utf-8", {}),
        (PLAIN.rstrip(), "utf-8", {}),
        ("\n\n" + PLAIN + "\n\n", "utf-8", {}),
        (PLAIN + ",,\n,,\n", "utf-8", {}),
        ('"id","c3","word"\n"P1","75.5","größer"\n"P2","","x"\n', "utf-8", {}),
        (" id , c3,word\nP1,75.5,größer\nP2,,x\n", "utf-8", {}),
    ],
)
def test_the_same_cells_come_from_every_declared_shape(
    tmp_path: Path, content: str, encoding: str, keys: dict[str, str]
) -> None:
    assert cells_of(read(written(tmp_path, content, encoding=encoding), **keys)) == CELLS


@pytest.mark.parametrize(
    ("content", "keys", "message"),
    [
        (b"", {}, "the file is empty"),
        (b"  \n \n", {}, "the file is empty"),
        (b"id,c3\n", {}, "no patients in it"),
        (b"id,c3\n,\n,\n", {}, "no patients in it"),
        (b"id,c3,c3\n1,2,3\n", {}, "column names are there twice: c3"),
        (b"id,c3\n1,2\n3\n4,5,6\n", {}, r"not as long as the header \(2\)"),
        (b"id,c3\n1,2,3\n", {}, "line 2: 3 cells, the header has 2"),
        (PLAIN.encode("latin-1"), {}, "not text in utf-8.*latin-1"),
        (PLAIN.encode(), {"encoding": "latin-1"}, "not text in latin-1. It looks like utf-8"),
        (PLAIN.encode("utf-8-sig"), {"encoding": "cp1252"}, "looks like utf-8"),
        (PLAIN.encode("utf-16"), {}, "looks like utf-16: set `cohort.encoding: utf-16`"),
        (PLAIN.encode("utf-16"), {"encoding": "latin-1"}, "looks like utf-16"),
        (PLAIN.encode("utf-32"), {"encoding": "utf-16"}, "looks like utf-32"),
        (b"id,c3\n1,2\x00\n", {}, "line 2: this is no text in utf-8"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), {}, "not text in utf-8"),
        (b"PK\x03\x04" + bytes(100), {}, "no text in utf-8"),
        (b"id,c3\n1,2\n", {"delimiter": ";"}, "first line has no ';' but 1 of ','"),
        (b"id,c3\n1,2\n", {"delimiter": "tab"}, "cohort.delimiter: ','"),
        (b"id;c3\n1;2\n", {"delimiter": ","}, "cohort.delimiter: ';'"),
        (b"id,c3\n1,2\n", {"encoding": "utf-99"}, "'utf-99' is not a known encoding"),
        (b"id,c3\n1,2\n", {"encoding": "rot13"}, "not text in rot13"),
        (b"id,c3\n1,2\n", {"encoding": "a\0b"}, "not a known encoding"),
        (b'id,c3\n1,"2\n3,4\n', {}, "line 2: the row is not readable as CSV"),
        (b'id,c3\n1,"2"x\n', {}, "line 2: the row is not readable as CSV"),
        (b'id,c3\n1,2\n3,"' + b"x" * 200_000 + b'"\n', {}, "line 3: the row is not readable"),
        (b"P1,75.5,3\nP2,80,4\n", {}, "first row holds numbers, not the names"),
    ],
)
def test_a_file_that_is_not_as_declared_is_refused_by_name(
    tmp_path: Path, content: bytes, keys: dict[str, str], message: str
) -> None:
    with pytest.raises(CohortError, match=message):
        read(written(tmp_path, content), **keys)


def test_errors_name_no_cell(tmp_path: Path) -> None:
    for content in (
        b'id,c3\n1,"31415.926\n',
        b"id,c3\n1,31415.926,7\n",
        b'id,c3\n1,"3"31415.926\n',
    ):
        with pytest.raises(CohortError, match=r"CSV|header") as caught:
            read(written(tmp_path, content))
        assert "31415" not in str(caught.value)


def test_delimiters_inside_quoted_names_do_not_count(tmp_path: Path) -> None:
    table = read(written(tmp_path, '"a, b, c";d\n1;2\n'))
    assert cells_of(table) == {"a, b, c": ["1"], "d": ["2"]}


def test_rows_are_numbered_by_their_line_in_the_file(tmp_path: Path) -> None:
    table = read(written(tmp_path, 'id,note\n1,"two\nlines"\n\n2,x\n'))
    assert list(table.numbers) == [2, 5]
    assert table.columns["note"][0] == "two\nlines"


def test_a_column_without_a_name_is_left_out(tmp_path: Path) -> None:
    assert list(read(written(tmp_path, "id,,c3\n1,x,2\n")).columns) == ["id", "c3"]


def test_long_lists_of_bad_rows_are_cut(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"\(100\)") as caught:
        read(written(tmp_path, "a,b\n" + "1\n" * 100))
    assert len(caught.value.reasons) == 21
    assert "and 80 more" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.csv", "no such file"),
        ("c.sas7bdat", r"files of type \.sas7bdat are not read"),
        ("plain", "files of type none are not read"),
        ("folder", "this is a folder"),
        ("x" * 5000 + ".csv", "cannot be read|no such file"),
        ("a\0b.csv", "cannot be read|no such file|not a valid path"),
    ],
)
def test_what_is_no_cohort_file_is_named(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    for there in ("c.sas7bdat", "plain"):
        written(tmp_path, PLAIN, there)
    with pytest.raises(CohortError, match=message):
        read(tmp_path / name)


def excel(folder: Path, rows: list[list[Any]], sheet: str = "Sheet", first: list[Any] = []) -> Path:  # noqa: B006 - never written to
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    if sheet != "Sheet":
        page.append(first)
        page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    path = folder / "c.xlsx"
    book.save(path)
    return path


def test_excel_gives_the_cells_as_they_are(tmp_path: Path) -> None:
    day = datetime.datetime(2024, 1, 2)
    rows = [["id", "c3", "when", "flag"], ["P1", 75.5, day, True], ["P2", None, None, False]]
    table = read(excel(tmp_path, rows))
    assert cells_of(table) == {
        "id": ["P1", "P2"],
        "c3": [75.5, None],
        "when": [day, None],
        "flag": [True, False],
    }
    assert list(table.numbers) == [2, 3]


def test_excel_rows_without_cells_are_no_patients_at_either_end(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[], ["id", "c3", None], ["P1", 1, None], [], ["P2"], [None, None], []]
    table = read(excel(tmp_path, rows))
    assert cells_of(table) == {"id": ["P1", None, "P2"], "c3": [1, None, None]}
    assert list(table.numbers) == [3, 4, 5]


def test_an_excel_sheet_is_chosen_by_name_or_position(tmp_path: Path) -> None:
    path = excel(tmp_path, [["id", "c3"], ["P1", 2]], sheet="data", first=["nothing"])
    for sheet in ("data", 1):
        assert cells_of(read(path, sheet=sheet)) == {"id": ["P1"], "c3": [2]}
    for wrong in ("Data", 2, -1):
        with pytest.raises(CohortError, match=f"no sheet {wrong!r}.*Choose from Sheet, data"):
            read(path, sheet=wrong)
    with pytest.raises(CohortError, match="no patients"):
        read(path)


def test_an_excel_formula_nobody_computed_is_not_a_missing_value(tmp_path: Path) -> None:
    path = excel(tmp_path, [["id", "c3"], ["P1", "=1+1"], ["P2", "#DIV/0!"]])
    assert cells_of(read(path))["c3"] == ["=1+1", "#DIV/0!"]


@pytest.mark.parametrize("rows", [[], [[None]], [[], []]])
def test_an_empty_excel_sheet_is_named(tmp_path: Path, rows: list[list[Any]]) -> None:
    with pytest.raises(CohortError, match="the sheet is empty"):
        read(excel(tmp_path, rows))


def test_damaged_excel_files_are_refused(tmp_path: Path) -> None:
    whole = excel(tmp_path, [["id", "c3"], *([f"P{i}", i] for i in range(50))]).read_bytes()
    rng = np.random.default_rng(1)
    damaged = [b"", b"no zip", PLAIN.encode(), whole[: len(whole) // 2], whole[:-10]]
    for _ in range(30):
        content = bytearray(whole)
        for place in rng.integers(0, len(whole), 20):
            content[place] = rng.integers(0, 256)
        damaged.append(bytes(content))
    for content in damaged:
        path = written(tmp_path, content, "d.xlsx")
        try:
            read(path)
        except CohortError as error:
            assert "d.xlsx" in str(error) or "cohort.sheet" in str(error)  # noqa: PT017


def parquet_file(folder: Path, columns: dict[str, Any], name: str = "c.parquet") -> Path:
    path = folder / name
    parquet.write_table(pa.table(columns), path)
    return path


def test_parquet_gives_plain_values(tmp_path: Path) -> None:
    table = read(
        parquet_file(
            tmp_path,
            {
                "i": pa.array([1, None, 3], pa.int64()),
                "f": pa.array([1.5, None, 2.5], pa.float32()),
                "d": pa.array(["a", "b", "a"]).dictionary_encode(),
                "b": pa.array([True, None, False]),
                "n": pa.array([{"value": 1.0, "unit": "g/L"}, None, {"value": 2.0, "unit": None}]),
                "l": pa.array([[1, 2], [], None]),
            },
        )
    )
    cells = cells_of(table)
    assert cells["i"] == [1, None, 3]
    assert cells["f"][0] == 1.5
    assert np.isnan(cells["f"][1])  # type: ignore[arg-type]
    assert cells["d"] == ["a", "b", "a"]
    assert cells["b"] == [True, None, False]
    assert cells["n"][0] == {"value": 1.0, "unit": "g/L"}
    assert list(table.numbers) == [1, 2, 3]


def test_long_identifiers_keep_every_digit_in_parquet(tmp_path: Path) -> None:
    ids = [9007199254740993, 9007199254740992, None]
    assert cells_of(read(parquet_file(tmp_path, {"id": ids, "x": [1, 2, 3]})))["id"] == ids


def test_a_parquet_folder_name_adds_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "site=1"
    folder.mkdir()
    assert list(read(parquet_file(folder, {"id": [1]})).columns) == ["id"]


def test_parquet_column_names_are_not_there_twice(tmp_path: Path) -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["c3", "c3"])
    parquet.write_table(table, tmp_path / "c.parquet")
    with pytest.raises(CohortError, match="twice: c3"):
        read(tmp_path / "c.parquet")


def test_damaged_parquet_files_are_refused(tmp_path: Path) -> None:
    whole = parquet_file(tmp_path, {"id": list(range(100)), "x": ["a"] * 100}).read_bytes()
    for content in (b"", b"PAR1", PLAIN.encode(), whole[:200], whole[:-4], whole[100:]):
        with pytest.raises(CohortError, match="no readable Parquet file"):
            read(written(tmp_path, content, "d.parquet"))
    with pytest.raises(CohortError, match="no patients"):
        read(parquet_file(tmp_path, {"id": pa.array([], pa.int64())}))


def test_frames_of_every_type_give_plain_values() -> None:
    frame = pd.DataFrame(
        {
            "int": pd.array([1, None, 3], dtype="Int64"),
            "float": pd.array([1.5, None, 2.5], dtype="Float64"),
            "bool": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(["a", None, "b"], dtype="string"),
            "cat": pd.Categorical(["x", None, "y"]),
            "arrow": pd.array([1, None, 2], dtype=pd.ArrowDtype(pa.int64())),
            "object": [None, pd.NA, float("nan")],
            "time": pd.to_datetime(["2024-01-01", None, "2024-01-02"]),
            "plain": np.array([1.0, np.nan, 2.0], dtype=np.float32),
        }
    )
    cells = cells_of(table_from_frame(frame))
    assert cells["int"] == [1, None, 3]
    assert cells["float"] == [1.5, None, 2.5]
    assert cells["bool"] == [True, None, False]
    assert cells["text"] == ["a", None, "b"]
    assert cells["cat"] == ["x", None, "y"]
    assert cells["arrow"] == [1, None, 2]
    assert cells["object"] == [None, None, None]
    assert cells["time"][1] is None
    assert isinstance(table_from_frame(frame).columns["plain"], np.ndarray)


def test_frames_are_taken_by_position_whatever_their_index_and_names() -> None:
    frame = pd.DataFrame({1: [1, 2], "c3": [3, 4]}, index=[7, 7])
    table = table_from_frame(frame)
    assert cells_of(table) == {"1": [1, 2], "c3": [3, 4]}
    assert list(table.numbers) == [1, 2]
    with pytest.raises(CohortError, match="twice: c3"):
        table_from_frame(pd.DataFrame([[1, 2]], columns=["c3", "c3"]))
    with pytest.raises(CohortError, match="twice: 1"):
        table_from_frame(pd.DataFrame([[1, 2]], columns=[1, "1"]))


@pytest.mark.parametrize("data", [{"c3": [1]}, [[1]], 7, pd.Series([1]), np.zeros((2, 2))])
def test_what_is_no_frame_is_refused(data: Any) -> None:
    with pytest.raises(CohortError, match="a path or a pandas data frame was expected"):
        table_from_frame(data)


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pd.DataFrame({"c3": []}), pd.DataFrame(index=[1])]
)
def test_frames_without_cells_hold_no_patients(frame: pd.DataFrame) -> None:
    with pytest.raises(CohortError, match="no patients"):
        table_from_frame(frame)


def test_declared_spellings_of_missing_are_met_as_text_and_as_numbers() -> None:
    spellings = ("-99", "not done")
    text = ["-99", " not done ", "-99.0", "NA", "", "99", "Not Done"]
    assert without_missing(text, spellings) == [None, None, None, None, None, "99", "Not Done"]
    assert without_missing([-99, -99.0, np.int64(-99), 99, True], spellings)[:4] == [None] * 3 + [
        99
    ]
    assert np.isnan(without_missing(np.array([-99, 1]), spellings)[0])  # type: ignore[arg-type]
    whole = np.array([1, 2])
    assert without_missing(whole, spellings) is whole
    assert without_missing(["-9,5", "-9.5"], ("-9.5",), decimal=",") == [None, None]
