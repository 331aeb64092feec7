"""Odd identifiers, ages and dates of visits, open windows, and names that clash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_visits import fatal, made, records_config, records_study, told, visits_table

from predictor.clinical.laboratory import classify
from predictor.cohort.finding import refuse
from predictor.cohort.record_table import record_table
from predictor.cohort.visit_times import read_times
from predictor.documents import Document
from predictor.errors import CohortError, ConfigError
from predictor.study import study_from
from predictor.workflow.cohort import check_visits_table

OUTCOME: dict[str, Any] = {"rule": "sledai_2k <= 4"}


def both(patient: str, other: str) -> Any:
    """Two identifiers, each with an index visit and a follow-up visit."""
    return [
        (patient, 0, 8, 80, "female"),
        (patient, 180, 2, 80, "female"),
        (other, 1, 8, 80, "female"),
        (other, 181, 7, 80, "female"),
    ]


def test_identifiers_that_differ_in_case_alone_are_told() -> None:
    finding = told(made(visits_table(both("P1", "p1"))))["ids_alike"]
    assert (finding.times, len(finding.rows)) == (2, 4)
    assert "ids_alike" not in told(made(visits_table(both("P1", "p2"))))


def test_identifiers_with_spaces_around_are_one_patient_and_told() -> None:
    found = made(visits_table(both("P1", " P1")))
    assert found.records is not None
    assert found.records.visits.patients == 1
    assert told(found)["ids_joined"].times == 1


@pytest.mark.parametrize(
    ("ages", "jumps"),
    [
        ((31, 70, 31), 2),
        ((31, 31, 32), 0),
        ((31.5, 31.6, 31.4), 0),
        ((31, 36, 36), 1),  # five years within three months
        ((31, None, 31), 0),
    ],
)
def test_an_age_that_jumps_is_told(ages: tuple[float | None, ...], jumps: int) -> None:
    config = records_config()
    config["predictors"] = ["sledai_2k", "c3", "age"]
    rows = [
        ("a", day, points, 80, age)
        for day, points, age in zip((0, 90, 180), (8, 5, 2), ages, strict=True)
    ]
    found = made(
        visits_table(rows, "id day sledai_2k c3 age"), study_from(Document("test", config), Path())
    )
    finding = told(found).get("time_jumps")
    assert (finding.times if finding else 0) == jumps


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("9999-12-31", "far_date"),
        ("1800-01-01", "far_date"),
        ("2300-01-01", "far_date"),
        ("1900-01-01", None),
        ("2299-12-31", None),
    ],
)
def test_a_date_that_nobody_meant_is_a_finding(day: str, code: str | None) -> None:
    problems = {name for name, _ in read_times(["2024-01-01", day], "date").problems}
    assert problems == ({code} if code else set())


def test_a_placeholder_may_be_named_as_missing() -> None:
    found = read_times(["2024-01-01", "9999-12-31"], "date", missing=["9999-12-31"])
    assert {name for name, _ in found.problems} == {"missing_time"}


# ---- open windows


def test_an_open_baseline_window_takes_whatever_was_known_before() -> None:
    rows = [
        ("a", -5000, 4, 66, "female"),
        ("a", 0, 8, None, "female"),
        ("a", 180, 2, 90, "female"),
    ]
    study = records_study(baseline={"latest_within": [None, 0]})
    found = made(visits_table(rows), study)
    assert found.records is not None
    assert found.records.baseline["c3"].values.tolist() == [66]
    entries = {
        e.variable: e.to_dict()
        for e in record_table(study, found.records, visits_table(rows)).entries
    }
    assert entries["c3"]["window"] == [None, 0]
    assert "all days up to 0" in entries["c3"]["made"]


def test_an_open_outcome_window_has_no_end() -> None:
    outcome = {**OUTCOME, "at": {"nearest": 180, "within": [90, None]}, "death": {"time": "died"}}
    rows = [
        ("a", 0, 8, 80, "female", None),
        ("a", 4000, 2, 80, "female", None),
        ("b", 0, 8, 80, "female", 9000),
        ("b", 20, 7, 80, "female", 9000),
    ]
    study = records_study(outcome=outcome)
    found = made(visits_table(rows, "id day sledai_2k c3 sex died"), study)
    assert found.records is not None
    assert found.records.follow_up.at.tolist() == [1, -1]
    assert found.records.follow_up.died.tolist() == [False, True]
    assert any("within day 90 or later" in step.step for step in found.records.flow)
    text = record_table(study, found.records, visits_table(rows)).entries[-1].made
    assert "inf" not in text


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"baseline": {"latest_within": [-30, None]}}, "end at 0 at the latest"),
        ({"baseline": {"latest_within": [None, None]}}, "end at 0 at the latest"),
        ({"outcome": {**OUTCOME, "at": {"nearest": 9, "within": [None, 99]}}}, "begin after day 0"),
        ({"outcome": {**OUTCOME, "at": {"nearest": 9, "within": [90, None]}}}, "day 90 or later"),
    ],
)
def test_a_window_is_open_at_its_far_end_only(part: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match="breaks rules") as refused:
        records_study(**part)
    assert message in str(refused.value)


# ---- names that clash


@pytest.mark.parametrize(
    ("changes", "question", "key"),
    [
        ({}, "id", "outcome"),
        ({}, "index_time", "outcome"),
        ({}, "follow_up_days", "outcome"),
        ({}, "c3", "predictors"),
        ({"centre": "place"}, "place", "outcome"),
        ({"centre": "sex"}, "low", "centre"),
        ({"visits": {"patient": "index_time", "time": "day"}}, "low", "patient"),
        ({"visits": {"patient": "id", "time": "index_time"}}, "low", "time"),
    ],
)
def test_no_column_of_the_cohort_takes_the_place_of_another(
    changes: dict[str, Any], question: str, key: str
) -> None:
    with pytest.raises(ConfigError, match="breaks rules") as refused:
        records_study(question={"outcome": question}, **changes)
    assert any(key in reason.where for reason in refused.value.reasons)


# ---- laboratory


def test_a_titre_with_a_stroke_or_a_unit_is_one() -> None:
    assert classify("1/80").number == 80
    mixed = classify("1:320 IU/mL")
    assert (mixed.kind, mixed.number) == ("titre", None)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1/80", "not a number but a titre"),
        ("1:320 IU/mL", "cannot be both"),
        ("1/80 IU/mL", "cannot be both"),
    ],
)
def test_what_a_titre_is_read_as_says_so(cell: str, said: str) -> None:
    config = records_config()
    config["predictors"] = ["c3", "anti_dsdna"]
    rows = [("a", 0, 8, 80, cell), ("a", 180, 2, 80, 5)]
    found = made(
        visits_table(rows, "id day sledai_2k c3 anti_dsdna"),
        study_from(Document("test", config), Path()),
    )
    (finding,) = (f for f in found.findings if f.variable == "anti_dsdna" and f.fatal)
    assert said in finding.message


# ---- what must be mended, and whose row it is


def test_cells_that_may_not_matter_are_no_reason_to_stop() -> None:
    rows = [("a", 0, 8, "<10", "female"), ("a", 0, 9, 80, "female")]
    found = made(visits_table(rows))
    assert set(fatal(found)) == {"same_day"}
    (cell,) = (f for f in found.findings if f.variable == "c3")
    assert cell.unjudged
    with pytest.raises(CohortError, match="1 problem") as refused:
        refuse(found.findings, visits_table(rows))
    mend, _, look = str(refused.value).partition("Look at these as well")
    assert "different values" in mend
    assert "below a limit" in look


def test_a_row_of_the_made_cohort_is_not_taken_for_one_of_the_visits() -> None:
    config = records_config(exclude=["overlap_syndrome"])
    rows = []
    for place in range(12):
        rows += [
            (place, 0, 8, 0.9 if place == 11 else 80 + place, "female", None),
            (place, 180, 2 + 5 * (place % 2), 80, "female", None),
        ]
    table = visits_table(rows, "id day sledai_2k c3 sex overlap_syndrome")
    checked = check_visits_table(study_from(Document("test", config), Path()), table)
    at = {(p.code, p.row, p.table) for p in checked.problems if p.row is not None}
    assert ("suspicious_unit", 24, "") in at  # the file's row, once
    assert sum(code == "suspicious_unit" for code, _, _ in at) == 1
    assert ("exclusion_unknown", 1, "cohort") in at
