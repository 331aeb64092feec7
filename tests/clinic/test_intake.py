"""Ways in: one patient or many, read strictly, and every fault told by its place."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from predictor.clinic.intake import is_table, read_many, read_one
from predictor.errors import DocumentError


def rows(path: Path) -> list[tuple[int, dict[str, object]]]:
    return [(number, dict(row)) for number, row in read_many(path).rows]


def write(folder: Path, text: str | bytes, name: str = "p.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("name", ["p.json", "P.JSON", "p.yaml", "p.yml"])
def test_one_patient_from_a_document(name: str, tmp_path: Path) -> None:
    text = '{"c3": 75, "fever": "yes"}'
    path = write(tmp_path, text, name)
    assert not is_table(path)
    assert read_one(path) == {"c3": 75, "fever": "yes"}


def test_a_byte_order_mark_is_no_part_of_a_patient(tmp_path: Path) -> None:
    assert read_one(write(tmp_path, b'\xef\xbb\xbf{"c3": 75}', "p.json")) == {"c3": 75}
    assert read_one(write(tmp_path, b"\xef\xbb\xbfc3: 75\n", "p.yaml")) == {"c3": 75}
    assert rows(write(tmp_path, b"\xef\xbb\xbfc3\n75\n")) == [(2, {"c3": "75"})]


@pytest.mark.parametrize("text", ["[]", '[{"c3": 75}]', "5", '"c3"', "null", ""])
@pytest.mark.parametrize("name", ["p.json", "p.yaml"])
def test_a_document_that_is_no_mapping_is_refused(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"p\.(json|yaml)"):
        read_one(write(tmp_path, text, name))


def test_a_list_of_patients_is_told_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="Many patients belong in a CSV or Parquet file"):
        read_one(write(tmp_path, '[{"c3": 75}]', "p.json"))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"c3": 75,}', "not valid JSON"),
        ('{"c3": NaN}', "NaN"),
        ('{"c3": 1, "c3": 2}', "twice"),
        ("[" * 100_000, "nested too deeply"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
    ],
)
def test_a_broken_document_is_refused_by_its_rule(
    text: str | bytes, rule: str, tmp_path: Path
) -> None:
    with pytest.raises(DocumentError, match=rule):
        read_one(write(tmp_path, text, "p.json"))


@pytest.mark.parametrize("name", ["p.json", "p.yaml"])
def test_a_patient_of_200_megabytes_is_refused_at_once(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.write(b'{"c3": "')
        stream.truncate(200 * 1024 * 1024)
    start = time.process_time()
    with pytest.raises(DocumentError, match="larger than"):
        read_one(path)
    assert time.process_time() - start < 1


def test_yaml_of_half_a_megabyte_is_refused_before_it_takes_seconds(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="larger than"):
        read_one(write(tmp_path, "a: [" + "1, " * 200_000 + "1]\n", "p.yaml"))


@pytest.mark.parametrize("name", ["p.txt", "p", "p.xlsx", "p.json.gz"])
def test_a_file_of_another_type_is_refused(name: str) -> None:
    with pytest.raises(DocumentError, match="are not read"):
        is_table(Path(name))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_many_patients_from_csv(delimiter: str, tmp_path: Path) -> None:
    text = "patient;c3;fever\nA;75;yes\n\nB;;no\n".replace(";", delimiter)
    assert rows(write(tmp_path, text)) == [
        (2, {"patient": "A", "c3": "75", "fever": "yes"}),
        (4, {"patient": "B", "c3": "", "fever": "no"}),
    ]


def test_rows_are_counted_as_an_editor_counts_lines(tmp_path: Path) -> None:
    text = '\r\n\r\npatient,c3\r\n"A\nB",75\r\nC,80\r\n'
    assert [number for number, _ in rows(write(tmp_path, text))] == [5, 6]


def test_a_delimiter_at_the_end_of_every_line_makes_no_column(tmp_path: Path) -> None:
    assert rows(write(tmp_path, "c3;fever;\n75;yes;\n80;no\n")) == [
        (2, {"c3": "75", "fever": "yes"}),
        (3, {"c3": "80", "fever": "no"}),
    ]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "the file is empty"),
        ("\n\n  \n", "the file is empty"),
        ("c3,fever\n75\n", r"line 2: the row has 1 cells, the header 2"),
        ("c3,fever\n75,yes,3\n", r"line 2: the row has 3 cells, the header 2"),
        ("c3,c3\n75,80\n", "column names are there twice: c3"),
        ("c3, c3 \n75,80\n", "column names are there twice: c3"),
        ("c3,,fever\n75,80,no\n", "a column has no name"),
        ("\n,\n", "the file is empty"),
        ('c3\n"75', "not readable as CSV"),
        ('c3\n"75" x\n', "not readable as CSV"),
        (b"\xff\xfec\x003\x00", "not UTF-8 text"),
        (b"c3,fever\n75,\xe4\n", "not UTF-8 text"),
        ("x" * 200_000 + "\n", "not readable as CSV"),
        ("c3\n" + "7" * 200_000, "not readable as CSV"),
    ],
)
def test_a_broken_table_is_refused_by_its_rule(
    text: str | bytes, rule: str, tmp_path: Path
) -> None:
    with pytest.raises(DocumentError, match=rule):
        rows(write(tmp_path, text))


def test_a_ragged_row_is_refused_without_its_cells(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="line 3") as caught:
        rows(write(tmp_path, "c3,fever\n75,yes\n7391,no,8842\n"))
    assert "7391" not in str(caught.value)
    assert "8842" not in str(caught.value)


@pytest.mark.parametrize("name", ["nobody.csv", "nobody.parquet", ".csv", "x" * 300 + ".csv"])
def test_a_table_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"no such file|cannot be read"):
        read_many(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DocumentError, match="no such file"):
        read_many(tmp_path / "folder.csv")


def test_many_patients_from_parquet(tmp_path: Path) -> None:
    table = pa.table({"patient": ["A", None], "c3": [75.5, None], "fever": [True, False]})
    parquet.write_table(table, tmp_path / "p.parquet")
    assert rows(tmp_path / "p.parquet") == [
        (1, {"patient": "A", "c3": 75.5, "fever": True}),
        (2, {"patient": None, "c3": None, "fever": False}),
    ]


def test_parquet_with_a_column_twice_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["c3", "c3"])
    parquet.write_table(table, tmp_path / "p.parquet")
    with pytest.raises(DocumentError, match="there twice: c3"):
        read_many(tmp_path / "p.parquet")


def test_damaged_parquet_is_refused(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"c3": [float(i) for i in range(50_000)]}), tmp_path / "p.parquet")
    content = (tmp_path / "p.parquet").read_bytes()
    middle = len(content) // 2
    junk = bytes(byte ^ 0xA5 for byte in content[4:middle])
    for damaged in (b"", b"PAR1", content[:middle], b"PAR1" + junk + content[middle:]):
        with pytest.raises(DocumentError, match="Parquet file"):
            rows(write(tmp_path, damaged, "q.parquet"))
