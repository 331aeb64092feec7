"""``describe`` from file to file: configuration, formats, escaping, nothing half-written."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from predictor.errors import CohortError, PredictorError
from predictor.workflow.describe import SUFFIXES, describe, render, write_description

CSV = "id;Sex;C3;C3_after;clinic;<script>alert(1)</script>\n" + "".join(
    f"{i};{'F' if i % 2 else 'M'};0,{70 + i};1,{2 * i:02d};{'=1+1' if i < 6 else 'B|<b>'};x\n"
    for i in range(12)
)
CONFIG = """
name: made-up
question: {outcome: response, event: [remission], horizon: 6 months, population: nobody}
cohort:
  file: cohort.csv
  patient: id
  decimal: ","
  columns: {sex: Sex, c3: C3, c3_after: C3_after}
  units: {c3: g/L}
  values: {sex: {F: female, M: male}}
predictors: [sex, c3]
baseline: c3
models: {firth: {}}
"""


@pytest.fixture
def described(tmp_path: Path):
    (tmp_path / "cohort.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(CONFIG, encoding="utf-8")
    return describe(tmp_path / "cohort.csv", config=tmp_path / "study.yaml", by="clinic")


def test_a_configuration_gives_names_units_codings_and_the_decimal_sign(described):
    rows = {row.variable: row for number, row in described.rows() if number != 5}
    assert rows["c3"].before.text == "75.5 (3.6)"  # 0.70 to 0.81 g/L
    assert rows["c3"].after.mean == pytest.approx(111)
    assert rows["sex"].before.text == "6 (50.0%)"
    assert "id" not in described.unknown


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_is_written_whole(described, tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    path.write_text("old")
    write_description(described, path)
    assert path.read_bytes() == render(described, suffix)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["cohort.csv", "study.yaml", path.name]
    )


def test_the_csv_has_one_row_a_fact_and_no_formula(described):
    rows = list(csv.DictReader(io.StringIO(render(described, ".csv").decode())))
    assert len(rows) == sum(1 for _ in described.rows())
    contract = ["table", "variable", "statistic", "before", "after", "test", "p_value"]
    assert set(contract) <= set(rows[0])
    for row in rows:
        assert not any(str(cell).startswith(("=", "+", "@")) for cell in [*row, *row.values()])
    c3 = next(row for row in rows if row["variable"] == "c3" and row["table"] == "3")
    assert float(c3["p_value"]) < 1e-9
    assert c3["before"] == "75.5 (3.6)"


class Page(HTMLParser):
    """Tags, and attributes that would fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href")]


def test_the_html_is_one_file_and_runs_nothing_that_a_cohort_says(described):
    text = render(described, ".html").decode()
    page = Page()
    page.feed(text)
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert page.fetched == []
    assert "&lt;script&gt;" in text
    assert page.tags.count("table") == len(described.tables)


def test_markdown_escapes_what_would_become_markup(described):
    text = render(described, ".md").decode()
    assert "B\\|\\<b\\>" in text
    assert "<script>" not in text.replace("\\<script\\>", "")
    for line in text.splitlines():
        if line.startswith("| "):
            assert line.replace("\\|", "").count("|") in (5, 7, 8)


def test_the_text_says_what_is_left_out_and_why(described):
    text = render(described, ".txt").decode()
    assert "Table 2 is left out: the cohort has none of its columns." in text
    assert "Table 3. Findings before and after treatment" in text
    assert "rounded half up" in text
    assert "no comparison group" in text


def test_the_json_is_what_the_description_says(described):
    data = json.loads(render(described, ".json"))
    assert data == json.loads(json.dumps(described.to_dict()))
    assert data["left_out"][0]["table"] == 2


def test_without_configuration_columns_are_known_by_name(tmp_path):
    path = tmp_path / "cohort.csv"
    path.write_text("sex,c3\nfemale,80\nmale,90\n", encoding="utf-8")
    found = describe(path, tests="recommended")
    assert [row.variable for _, row in found.rows()] == ["sex", "c3"]
    assert dict(found.absent).keys() == {2, 3, 4}


@pytest.mark.parametrize("name", ["out.pdf", "out"])
def test_another_format_is_refused_by_name(described, tmp_path, name):
    with pytest.raises(PredictorError, match=r"written as \.txt, \.md, \.csv, \.html or \.json"):
        write_description(described, tmp_path / name)


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left(described, tmp_path):
    with pytest.raises(PredictorError, match="cannot be written"):
        write_description(described, tmp_path / "nowhere" / "out.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(PredictorError, match="cannot be written"):
        write_description(described, tmp_path / "folder.csv")
    assert not list(tmp_path.glob(".*.part"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CohortError, match="no such file"):
        describe(tmp_path / "none.csv")


def test_the_real_children_are_described_without_follow_up(shared):
    found = describe(
        shared / "data" / "gse65391_response_index.csv",
        config="sle_low_disease_activity",
        by="lda_fu",
        tests="recommended",
        cell_size=5,
    )
    assert found.patients == 86
    assert 3 in found.absent
    assert {name: n for name, (_, n) in found.tables[-1].groups.items()} == {"0": 45, "1": 41}
    json.dumps(found.to_dict(), allow_nan=False)
