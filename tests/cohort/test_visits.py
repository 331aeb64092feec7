"""Visits as hospitals have them: out of order, twice on a day, of two patients with one number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_visits import fatal, made, records_study, told, visits_table

from predictor.clinical.sledai import sledai_scores
from predictor.cohort.coded import Coded, coded
from predictor.cohort.finding import refuse
from predictor.cohort.reading import read_table, table_from_frame
from predictor.cohort.table import Table
from predictor.cohort.visit_times import read_times
from predictor.errors import CohortError

INDEX = ("a", 0, 8, 80, "female")
AFTER = ("a", 180, 2, 90, "female")


def days_of(found: Any) -> list[float]:
    assert found.records is not None, fatal(found)
    return found.records.visits.day.tolist()  # type: ignore[no-any-return]


def test_visits_out_of_order_are_sorted_and_counted() -> None:
    found = made(visits_table([AFTER, ("b", 0, 1, 1, "male"), INDEX]))
    assert days_of(found) == [0, 180, 0]
    assert told(found)["visits_sorted"].rows.tolist() == [2]
    assert "visits_sorted" not in told(made(visits_table([INDEX, AFTER])))


def test_patients_in_turns_are_not_out_of_order() -> None:
    found = made(visits_table([INDEX, ("b", 0, 1, 90, "male"), AFTER]))
    assert "visits_sorted" not in told(found)


def test_identical_rows_of_a_day_are_merged_and_counted() -> None:
    found = made(visits_table([INDEX, INDEX, AFTER]))
    assert days_of(found) == [0, 180]
    assert told(found)["rows_merged"].times == 1


def test_a_laboratory_row_and_a_clinic_row_of_a_day_are_one_visit() -> None:
    rows = [("a", 0, 8, None, "female"), ("a", 0, None, 80, None), AFTER]
    found = made(visits_table(rows))
    assert days_of(found) == [0, 180]
    assert found.records is not None
    assert found.records.baseline["c3"].values.tolist() == [80]


CLASH = [INDEX, ("a", 0, 9, None, "female"), ("a", 0, None, 82, "female"), AFTER]


def test_rows_of_a_day_with_different_values_are_listed() -> None:
    finding = fatal(made(visits_table(CLASH)))["same_day"]
    assert finding.rows.tolist() == [0, 1, 2]
    assert "(3 rows: 2, 3, 4)" in finding.reason(range(2, 9)).message


@pytest.mark.parametrize(("rule", "sledai"), [("first", 8), ("last", None)])
def test_a_declared_rule_takes_one_of_different_rows_of_a_day(
    rule: str, sledai: float | None
) -> None:
    visits = {"patient": "id", "time": "day", "same_day": rule}
    study = records_study(visits=visits, index={"first": "c3 >= 80"})
    found = made(visits_table(CLASH), study)
    assert days_of(found) == [0, 180]
    assert found.records is not None
    value = found.records.baseline["sledai_2k"].values[0]
    assert np.isnan(value) if sledai is None else value == sledai
    assert told(found)["same_day"].times == 3


def test_a_day_of_fractions_of_days_is_one_day() -> None:
    rows = [("a", 0.25, 8, 80, "female"), ("a", 0.75, 9, 80, "female"), AFTER]
    assert "same_day" in fatal(made(visits_table(rows)))


def test_two_patients_with_one_number_are_told() -> None:
    finding = fatal(made(visits_table([INDEX, ("a", 180, 2, 90, "male")])))["two_patients"]
    assert finding.rows.tolist() == [1]
    assert "share an identifier" in finding.message


def test_empty_visits_are_left_out_and_counted() -> None:
    found = made(visits_table([INDEX, ("a", 170, None, "", ""), ("a", 200, 2, 90, "female")]))
    assert days_of(found) == [0, 200]
    assert told(found)["empty_visits"].times == 1


def test_everything_that_is_wrong_is_told_at_once_and_without_a_value() -> None:
    rows = [
        ("a", 0, 8, 80, "female"),
        ("a", "2024-05-06", 2, 90, "female"),
        ("", 20, 2, 90, "female"),
        ("b", "soon", 4711.5, 90, "fenale"),
        ("b", None, 2, 90, "female"),
    ]
    table = visits_table(rows)
    found = made(table)
    assert found.records is None
    assert {
        "mixed_times",
        "missing_patient",
        "unreadable_time",
        "missing_time",
    } == set(fatal(found))
    # Whether these are used is not known yet; they are listed all the same.
    assert {"unreadable_state", "impossible_value"} <= set(told(found))
    with pytest.raises(CohortError, match="no cohort can be made of it") as caught:
        refuse(found.findings, table)
    text = str(caught.value)
    assert "(1 row: 3)" in text
    assert "impossible: outside" in text
    for value in ("4711", "2024-05-06", "soon", "fenale"):
        assert value not in text


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    table = visits_table([INDEX, AFTER], "id day sledai_2k c_3 sex")
    found = fatal(made(table))
    assert "did you mean c_3" in found["missing_column"].message
    table = visits_table([INDEX, AFTER], "id days sledai_2k c3 sex")
    assert "did you mean days" in fatal(made(table))["missing_column"].message


def test_an_unreadable_cell_stops_only_where_its_value_would_be_used() -> None:
    rows: list[tuple[Any, ...]] = [INDEX, ("a", 50, 3, "<10", "female"), AFTER]
    found = made(visits_table(rows))
    assert found.records is not None
    assert "not used here" in told(found)["unreadable_number"].message
    rows = [("a", -10, 3, 85, "female"), ("a", 0, 8, "<10", "female"), AFTER]
    assert fatal(made(visits_table(rows)))["unreadable_number"].rows.tolist() == [1]
    # An older value does not take its place.
    rows = [("a", -10, 3, "<10", "female"), ("a", 0, 8, None, "female"), AFTER]
    assert fatal(made(visits_table(rows)))["unreadable_number"].rows.tolist() == [0]
    rows = [INDEX, ("a", 180, "low", 85, "female"), ("b", *INDEX[1:]), ("b", *AFTER[1:])]
    assert fatal(made(visits_table(rows)))["unreadable_number"].rows.tolist() == [1]


def test_an_unreadable_item_stops_where_its_score_would_be_used() -> None:
    items = sorted(sledai_scores().points, key=lambda item: item != "sledai_seizure")
    names = f"id day c3 sex {' '.join(items)}"
    none = [0] * len(items)
    rows: list[tuple[Any, ...]] = [
        ("a", -10, 70, "female", 8, *none[1:]),
        ("a", 0, 80, "female", 8, *none[1:]),
        ("a", 180, 80, "female", *none),
    ]
    study = records_study(index={"first": "c3 >= 80"})
    found = made(visits_table(rows, names), study)
    assert found.records is not None
    assert found.records.baseline["sledai_2k"].values[0] > 0
    rows[1] = ("a", 0, 80, "female", "odd", *none[1:])
    assert "unreadable_state" in fatal(made(visits_table(rows, names), study))


def test_a_word_that_cannot_be_read_is_no_second_patient() -> None:
    found = made(visits_table([INDEX, ("a", 180, 2, 90, "fenale")]))
    assert "two_patients" not in fatal(found)
    assert "unreadable_state" in told(found)


def test_patients_written_as_7_and_as_7_0_are_one() -> None:
    found = made(visits_table([(7, *INDEX[1:]), ("7", *AFTER[1:])]))
    assert found.records is not None
    assert found.records.visits.patients == 1


# ---- times


@pytest.mark.parametrize(
    ("unit", "cells", "days"),
    [
        ("days", ["0", "1e1"], [0, 10]),
        ("weeks", [0, 2.0], [0, 14]),
        ("months", [0, 12], [0, 365.25]),
        ("years", [-1, 0.5], [-365.25, 182.625]),
        ("date", ["1970-01-01", "1970-01-31T23:59"], [0, 30]),
    ],
)
def test_times_become_days(unit: Any, cells: list[Any], days: list[float]) -> None:
    assert read_times(cells, unit).day.tolist() == days


def test_dates_of_all_kinds_of_columns_are_the_same_days() -> None:
    texts: list[Any] = ["2024-02-28", None, "2024-03-01"]
    frame = pd.DataFrame({"day": pd.to_datetime(texts)})
    expected = [19781.0, 19783.0]
    for cells in (
        texts,
        table_from_frame(frame).columns["day"],
        np.array(texts, dtype="datetime64[D]"),
        [pd.Timestamp("2024-02-28 13:00").to_pydatetime(), None, pd.Timestamp("2024-03-01").date()],
        Coded(["2024-02-28", "2024-03-01", None], np.array([0, 2, 1])),
    ):
        found = read_times(cells, "date")
        assert found.day[[0, 2]].tolist() == expected
        assert list(found.problems) == [("missing_time", "the time is missing.")]


def test_a_summer_date_in_another_order_is_not_guessed() -> None:
    ((code, message),) = read_times(["2024-04-03", "03/04/2024", "2024-02-30"], "date").problems
    assert code == "unreadable_time"
    assert "day and month" in message


@pytest.mark.parametrize(("unit", "cells"), [("days", ["2024-01-01"]), ("date", [0, 5])])
def test_times_of_the_other_kind_say_which_unit_to_declare(unit: Any, cells: list[Any]) -> None:
    ((code, message),) = read_times(cells, unit).problems
    assert code == "other_times"
    assert "cohort.visits.unit" in message


def test_no_time_lies_beyond_every_calendar() -> None:
    assert ("infinite_time", "a time lies beyond every calendar.") in read_times(
        np.array([np.inf, 1.0]), "days"
    ).problems


def test_windows_of_dates_count_calendar_days() -> None:
    visits = {"patient": "id", "time": "day", "unit": "date"}
    rows = [
        ("a", "2024-01-01T20:00", 8, 80, "female"),
        ("a", "2024-03-31T08:00", 2, 90, "female"),  # the 90th day, 89.5 times 24 hours later
    ]
    found = made(visits_table(rows), records_study(visits=visits))
    assert found.records is not None
    assert found.records.follow_up.at.tolist() == [1]


# ---- files


def test_parquet_gives_the_same_visits_as_csv(tmp_path: Any) -> None:
    rows = [AFTER, INDEX, ("b", 0, 7, None, "male"), ("b", 200, 9, 70.5, None)]
    names = ["id", "day", "sledai_2k", "c3", "sex"]
    frame = pd.DataFrame([list(row) for row in rows], columns=names)
    frame["unread"] = "x"
    frame.to_csv(tmp_path / "v.csv", index=False)
    frame.to_parquet(tmp_path / "v.parquet")
    source = records_study().config.cohort
    tables: list[Table] = [
        read_table(tmp_path / "v.csv", source),
        read_table(tmp_path / "v.parquet", source, columns=set(names)),
        table_from_frame(frame),
    ]
    assert "unread" not in tables[1].columns
    found = [made(table).records for table in tables]
    for other in found[1:]:
        assert found[0] is not None
        assert other is not None
        assert other.visits.ids == found[0].visits.ids
        assert other.visits.day.tolist() == found[0].visits.day.tolist()
        for name, column in found[0].baseline.items():
            assert np.array_equal(column.values, other.baseline[name].values, equal_nan=True)


def test_entries_are_found_once_and_in_order_of_appearance() -> None:
    for cells in (["b", "a", "b"], np.array([2.0, 1.0, 2.0])):
        found = coded(cells)
        assert found.codes.tolist() == [0, 1, 0]
        assert list(found) == list(cells)
        assert found.first().tolist() == [0, 1]
    assert coded([1, True, 1.0]).codes.tolist() == [0, 1, 2]
    assert coded([[1], [1]]).codes.tolist() == [0, 1]


def test_parquet_may_hold_codes_dates_and_the_clock_of_a_place(tmp_path: Any) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    when = pd.to_datetime(["2024-01-01 23:30", "2024-06-29 00:30"]).tz_localize("Europe/Berlin")
    columns = {
        "id": pa.array([7, 7]),
        "sledai_2k": pa.array([8, 2], pa.int8()),
        "c3": pa.array([80.5, None], pa.float32()),
        "sex": pa.array(["female", None]).dictionary_encode(),
    }
    visits = {"patient": "id", "time": "day", "unit": "date"}
    study = records_study(visits=visits)
    days = (pa.array(list(when)), pa.array(when.tz_localize(None)), pa.array(when.date))
    for day in days:  # days of the calendar there: 180 later
        parquet.write_table(pa.table({**columns, "day": day}), tmp_path / "v.parquet")
        table = read_table(tmp_path / "v.parquet", study.config.cohort, set(columns) | {"day"})
        found = made(table, study).records
        assert found is not None
        assert found.visits.day.tolist() == [19723, 19903]
        assert list(found.visits.ids) == [7]


def test_the_rows_of_a_cell_are_those_of_the_file_also_where_visits_are_sorted() -> None:
    rows: list[tuple[Any, ...]] = [
        AFTER,
        ("b", 200, 2, 90, "male"),
        ("b", 0, 9, "<10", "male"),
        INDEX,
    ]
    table = visits_table(rows)
    finding = fatal(made(table))["unreadable_number"]
    assert finding.rows.tolist() == [2]
    assert "(1 row: 4)" in finding.reason(table.numbers).message
    numbers = [(*row[:3], -5.0 if row[3] == "<10" else float(row[3]), row[4]) for row in rows]
    columns = dict(visits_table(numbers).columns)
    columns["c3"] = np.array(columns["c3"])
    found = made(Table("visits.parquet", columns, range(1, 5)))
    assert fatal(found)["impossible_value"].rows.tolist() == [2]
