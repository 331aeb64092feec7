"""Tables as text, and as files within the page."""

from __future__ import annotations

import csv
import io
import math
from itertools import pairwise
from urllib.parse import unquote_to_bytes

import made_report as made
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from predictor.report.document import Column, Section, Table
from predictor.report.page.html import page
from predictor.report.page.scale import Scale, limits, tick_texts, ticks
from predictor.report.page.tables import address, files, shown
from predictor.report.page.wording import amount, cell_text

HEAD = "data:text/csv;charset=utf-8,"


def read(file: str) -> list[dict[str, str]]:
    assert file.startswith(HEAD)
    text = unquote_to_bytes(file.removeprefix(HEAD)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_table_shows_its_columns_in_their_kind() -> None:
    cells = [[cell.text for cell in row] for row in shown(made.table(), "file").rows]
    assert cells == [
        ["prevalence", "0.50", "0.228", "0%", "374", "no"],
        ["ridge", "0.71 (0.60 to 0.80)", "0.201", "2%", "1374", "yes"],
        ["forest", "–", "–", "–", "fewer than 5", "–"],
    ]


def test_a_long_heading_is_shortened_and_shown_whole_when_pointed_at() -> None:
    label = f'{"W" * 200} "<i>" (mg/dL)'
    table = Table("t", "T", (Column("a", label), Column("b", "B")), ({"a": 1.0, "b": 2.0},))
    first, second = shown(table, "file").heads
    assert first.label.endswith("W… (mg/dL)")
    assert len(first.label) < 40
    assert (first.whole, second.whole) == (label, "")
    report = made.report(sections=(Section("s", "S", (table,)),))
    text = page(report)
    assert f'title="{"W" * 200} &#34;&lt;i&gt;&#34; (mg/dL)"' in text
    assert text.count('<th scope="col" title=') + text.count('long" title=') == 1


@pytest.mark.parametrize(
    ("column", "row", "text"),
    [
        (Column("a", "A", "percent", 3), {"a": 0.1234}, "12.3%"),
        (Column("a", "A", "number", 1), {"a": -0.04}, "0.0"),
        (Column("a", "A", "number"), {"a": -0.5}, "−0.50"),
        (Column("a", "A", "number"), {"a": math.nan}, "–"),
        (Column("a", "A", "count"), {"a": 12.0}, "12"),
        (Column("a", "A"), {"a": 0.123456}, "0.1235"),
        (Column("a", "A"), {}, "–"),
        (Column("a", "A", "number"), {"a": True}, "yes"),
        (Column("a", "A", "number"), {"a": 1e300}, "1e+300"),
        (Column("a", "A", "interval"), {"a": 1, "a_low": 0.5, "a_high": None}, "1.00"),
    ],
)
def test_cells_are_written_for_people(column: Column, row: dict[str, float], text: str) -> None:
    assert cell_text(column, row) == text


def test_the_file_holds_every_key_and_every_digit() -> None:
    row = {"a": 0.1 + 0.2, "b_low": None, "c": True, "further": "x,y\n“z”"}
    table = Table("t", "T", (Column("a", "A"), Column("b", "B", "interval")), (row,))
    assert read(address(table)) == [
        {"a": "0.30000000000000004", "b": "", "b_low": "", "b_high": "", "c": "1",
         "further": "x,y\n“z”"}
    ]  # fmt: skip


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_any_text_comes_back_from_the_file_and_runs_nowhere(texts: list[str]) -> None:
    table = Table("t", "T", (Column("a", "A"),), tuple({"a": text, "b": 1} for text in texts))
    file = address(table)
    assert not set(file) & set('"<>\n #&')
    for row, text in zip(read(file), texts, strict=True):
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        assert row["a"] in (plain, f"'{plain}")
        assert row["a"][:1] not in tuple("=+-@\t\r")


def test_half_a_character_stops_nothing() -> None:
    table = Table("t", "T", (Column("a", "A"),), ({"a": "C3\ud800"},))
    assert read(address(table)) == [{"a": "C3?"}]


def test_behind_a_figure_a_part_of_many_rows_is_shown() -> None:
    rows = tuple({"a": float(n)} for n in range(500))
    table = Table("t", "T", (Column("a", "A", "number"),), rows)
    assert len(shown(table, "file").rows) == 500
    behind = shown(table, "file", 60)
    assert (len(behind.rows), behind.left_out) == (60, 440)
    assert shown(table, "", 60).left_out == 440


def test_the_largest_files_are_left_out_when_the_page_has_no_room() -> None:
    sizes = {"small": 10, "large": 900, "middle": 300}
    made_up = [
        Table(name, name, (Column("a", "A"),), tuple({"a": 1} for _ in range(size)))
        for name, size in sizes.items()
    ]
    found = files(made_up, 2000)
    assert found["large"] == ""
    assert found["middle"].startswith(HEAD)
    assert found["small"].startswith(HEAD)


@given(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.floats(1e-6, 1e12, allow_nan=False),
    st.integers(2, 11),
)
def test_ticks_are_even_round_and_within(low: float, span: float, most: int) -> None:
    assume(span > 1e-9 * abs(low))  # below that, numbers themselves are no longer even
    high = low + span
    marks = ticks(low, high, most)
    assert len(marks) <= most + 1
    slack = 1e-6 * span
    assert all(low - slack <= mark <= high + slack for mark in marks)
    steps = [b - a for a, b in pairwise(marks)]
    assert all(step == pytest.approx(steps[0], rel=1e-3, abs=1e-3 * span) for step in steps)


def test_ticks_have_the_decimals_that_tell_them_apart() -> None:
    assert tick_texts((0.0, 0.25, 0.5)) == ["0.00", "0.25", "0.50"]
    assert tick_texts((0.0, 0.005), percent=True) == ["0.0%", "0.5%"]
    assert tick_texts((0.0, 50.0, 100.0)) == ["0", "50", "100"]


@given(st.lists(st.none() | st.floats() | st.text() | st.booleans(), max_size=6))
def test_limits_hold_every_number_whatever_else_there_is(cells: list[object]) -> None:
    known = [c for c in cells if isinstance(c, float) and abs(c) < 1e100]
    low, high = limits([c for c in cells if not isinstance(c, float) or abs(c) < 1e100])
    assert low < high
    assert all(low <= value <= high for value in known)


def test_a_scale_may_go_up() -> None:
    scale = Scale(0, 2, 100, 0)
    assert (scale(0.5), scale.held(9), scale.holds(2), scale.holds(2.1)) == (75, 0, True, False)


def test_amounts_have_a_real_minus() -> None:
    assert amount(-1.5) == "−1.50"
