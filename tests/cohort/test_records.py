"""From visits to a cohort, held against a plain loop over patients, and never using the future."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_visits import fatal, made, records_study, told, visits_table

from predictor.cohort.record_table import record_table
from predictor.cohort.records import Records
from predictor.cohort.rules import rules_of
from predictor.errors import ConfigError, OutcomeError

RIGHT = [
    # patient, day, SLEDAI-2K, C3, sex
    ("a", 0, 8, 80, "female"),
    ("a", 100, 6, 85, "female"),
    ("a", 170, 2, 90, "female"),
    ("a", 200, 10, 95, "female"),
    ("b", 0, 2, 70, "male"),
    ("b", 20, None, 75, "male"),
    ("b", 40, 7, None, "male"),
    ("b", 220, 4, 100, "male"),
    ("c", 5, 12, 60, "female"),
    ("c", 60, 3, 65, "female"),
    ("d", 0, 1, 110, "female"),
]


def rows_of(records: Records | None, study: Any = None) -> list[dict[str, Any]]:
    assert records is not None
    study = study or records_study()
    table = record_table(study, records, visits_table(RIGHT)).table
    return [
        {name: cells[row] for name, cells in table.columns.items()} for row in range(table.rows)
    ]


def test_a_cohort_by_hand() -> None:
    found = made(visits_table(RIGHT))
    assert rows_of(found.records) == [
        # Of days 170 and 200 the first is nearer to 180.
        {
            "id": "a",
            "index_time": 0,
            "sledai_2k": 8,
            "c3": 80,
            "sex": "female",
            "follow_up_days": 170,
            "low": 1,
        },
        # C3 of the index visit is missing; the one of 20 days before counts.
        {
            "id": "b",
            "index_time": 40,
            "sledai_2k": 7,
            "c3": 75,
            "sex": "male",
            "follow_up_days": 180,
            "low": 1,
        },
    ]
    assert found.records is not None
    flow = {step.step: step.patients for step in found.records.flow}
    assert flow == {
        "read": 4,
        "eligible": 4,
        "excluded: no visit with sledai_2k >= 6": 1,
        "indexed": 3,
        "excluded: no follow-up visit within 90 to 365 days": 1,
        "with follow-up": 2,
        "excluded: outcome cannot be told at follow-up": 0,
        "analysed": 2,
    }
    assert "index_doubtful" in told(found)  # SLEDAI-2K of b is missing on day 20


def test_of_two_visits_equally_near_the_earlier_one_counts() -> None:
    rows = [("a", 0, 8, 80, "male"), ("a", 170, 2, 80, "male"), ("a", 190, 9, 80, "male")]
    assert rows_of(made(visits_table(rows)).records)[0]["follow_up_days"] == 170


@pytest.mark.parametrize("day", [90, 365])
def test_both_ends_of_the_window_belong_to_it(day: int) -> None:
    rows = [("a", 0, 8, 80, "male"), ("a", day, 2, 80, "male")]
    assert rows_of(made(visits_table(rows)).records)[0]["follow_up_days"] == day


@pytest.mark.parametrize("day", [89.5, 365.5])
def test_a_visit_outside_the_window_is_no_follow_up(day: float) -> None:
    rows = [("a", 0, 8, 80, "male"), ("a", day, 2, 80, "male")]
    assert "no_follow_up" in fatal(made(visits_table(rows)))


def test_without_follow_up_the_outcome_is_unknown_and_the_cases_are_told() -> None:
    found = made(visits_table(RIGHT)).records
    assert found is not None
    cases = found.sensitivity(2)
    assert (cases.known, cases.unknown) == (2, 1)
    assert cases.best_case == 1.0
    assert cases.worst_case == pytest.approx(2 / 3)


def test_a_follow_up_that_cannot_be_told_is_counted_apart() -> None:
    rows = [*RIGHT, ("e", 0, 9, 80, "male"), ("e", 180, None, 80, "male")]
    found = made(visits_table(rows)).records
    assert found is not None
    assert found.sensitivity(2).undeterminable == 1
    assert found.sensitivity(2).no_follow_up == 1
    assert found.flow[-2].patients == 1


def test_one_variable_may_have_a_window_of_its_own() -> None:
    wide = {"latest_within": [-30, 0], "variables": {"c3": {"latest_within": [-90, -35]}}}
    study = records_study(baseline=wide)
    rows = rows_of(made(visits_table(RIGHT), study).records)
    assert [row["c3"] for row in rows][1] == 70  # day 0, 40 days before
    assert math.isnan(rows[0]["c3"])


def test_the_last_visit_may_be_the_index_visit() -> None:
    study = records_study(index={"last": "sledai_2k >= 6"})
    rows = [*RIGHT[:4], ("a", 380, 2, 99, "female")]
    assert [row["index_time"] for row in rows_of(made(visits_table(rows), study).records)] == [200]


def test_every_index_visit_is_a_row_and_a_patient_stays_together() -> None:
    study = records_study(index={"every": "sledai_2k >= 6"})
    found = made(visits_table(RIGHT), study).records
    assert [(r["id"], r["index_time"]) for r in rows_of(found, study)] == [
        ("a", 0),
        ("a", 100),
        ("b", 40),
    ]
    assert study.config.cohort.repeated_rows
    assert found is not None
    assert found.flow[0].patients == len(RIGHT)


def test_states_are_asked_in_their_order_and_confirmed_later() -> None:
    outcome = {
        "rule": "sledai_2k <= 4",
        "confirmed_after": 7,
        "at": {"nearest": 180, "within": [90, 365]},
    }
    study = records_study(outcome=outcome)
    index = ("a", 0, 8, 80, "male")
    for later, low in (((190, 2), 1), ((190, 9), 0)):
        rows: list[tuple[Any, ...]] = [index, ("a", 180, 2, 80, "male"), ("a", *later, 80, "male")]
        assert rows_of(made(visits_table(rows), study).records, study)[0]["low"] == low
    # Seen too soon, or without an answer, it is not confirmed; the next visit that tells decides.
    rows = [index, ("a", 180, 2, 80, "male"), ("a", 186, 2, 80, "male")]
    rows += [("a", 188, None, 80, "male"), ("a", 200, 9, 80, "male")]
    assert rows_of(made(visits_table(rows), study).records, study)[0]["low"] == 0
    two = [("b", *row[1:]) for row in rows]
    alone = made(visits_table([*two, index, ("a", 180, 2, 80, "male")]), study).records
    assert alone is not None
    assert alone.sensitivity(0).undeterminable == 1
    assert alone.follow_up.unconfirmed.sum() == 1


@pytest.mark.parametrize(
    ("first", "again", "state"),
    [
        ((150, "no"), (160, "no"), "complete"),
        ((150, "no"), (80, "no"), "response"),
        ((80, "no"), (150, "no"), "response"),
        ((150, "no"), (150, "yes"), "none"),
        ((20, "no"), (150, "no"), "none"),
        ((150, "no"), None, None),
    ],
)
def test_of_several_states_the_one_that_both_visits_reach_is_confirmed(
    first: tuple[int, str], again: tuple[int, str] | None, state: str | None
) -> None:
    at = {"nearest": 180, "within": [90, 365]}
    study = records_study(
        question={"event": ["complete", "response"], "non_event": ["none"]},
        index={"first": "platelets < 30"},
        outcome={"definition": "thrombocytopenia_response", "at": at},
    )
    rows: list[tuple[Any, ...]] = [("a", 0, 8, 80, "male", 10, "yes")]
    rows.append(("a", 180, 8, 80, "male", *first))
    if again is not None:
        rows.append(("a", 187, 8, 80, "male", *again))
    rows += [("b", *row[1:]) for row in rows[:1]] + [("b", 180, 8, 80, "male", 5, "yes")]
    names = "id day sledai_2k c3 sex platelets bleeding"
    found = rows_of(made(visits_table(rows, names), study).records, study)
    assert [row["low"] for row in found] == [*([] if state is None else [state]), "none"]


def test_a_rule_may_compare_with_the_index_visit() -> None:
    at = {"nearest": 180, "within": [90, 365]}
    study = records_study(outcome={"rule": "sledai_2k <= index.sledai_2k - 4", "at": at})
    assert [row["low"] for row in rows_of(made(visits_table(RIGHT), study).records, study)] == [
        1,
        0,
    ]


def test_a_shipped_definition_is_refused_by_name_where_the_data_never_tell_it() -> None:
    at = {"nearest": 180, "within": [90, 365]}
    study = records_study(outcome={"definition": "lldas", "at": at})
    found = fatal(made(visits_table(RIGHT), study))
    assert "lldas can never be determined here" in found["undeterminable"].message
    assert "pga" in found["undeterminable"].message


def test_an_unknown_definition_is_named() -> None:
    at = {"nearest": 180, "within": [90, 365]}
    study = records_study(outcome={"definition": "lldass", "at": at})
    with pytest.raises(OutcomeError, match="Did you mean 'lldas'"):
        rules_of(study)


def test_an_outcome_of_the_index_visit_alone_is_refused() -> None:
    at = {"nearest": 180, "within": [90, 365]}
    study = records_study(outcome={"rule": "index.sledai_2k <= 4", "at": at})
    assert (
        "the index visit alone"
        in fatal(made(visits_table(RIGHT), study))["outcome_at_index"].message
    )


def test_an_outcome_measured_at_the_index_visit_alone_is_refused_by_name() -> None:
    at = {"nearest": 180, "within": [90, 365]}
    study = records_study(outcome={"rule": "c3 >= 90", "at": at})
    rows = [row if row[2] and row[2] >= 6 else (*row[:3], None, row[4]) for row in RIGHT]
    rows = [row for row in rows if row[1:3] not in ((100, 6), (200, 10))]
    found = fatal(made(visits_table(rows), study))["undeterminable"]
    assert "Without a value at any of them: c3" in found.message


def test_an_index_rule_cannot_speak_of_its_own_index_visit() -> None:
    with pytest.raises(ConfigError, match=r"its own `index\.` values"):
        rules_of(records_study(index={"first": "sledai_2k > index.sledai_2k"}))


def test_nobody_with_an_index_visit_is_told() -> None:
    found = fatal(made(visits_table(RIGHT), records_study(index={"first": "sledai_2k >= 60"})))
    assert "sledai_2k >= 60" in found["no_index"].message


def test_limits_and_exclusions_hold_at_the_visit_and_never_later() -> None:
    study = records_study(question={"limits": {"age": [18, None]}}, exclude=["overlap_syndrome"])
    names = "id day sledai_2k c3 sex age overlap_syndrome"
    rows = [
        ("a", 0, 8, 80, "male", 17.9, "no"),  # too young; the next visit is the first eligible one
        ("a", 50, 8, 80, "male", 18.1, "no"),
        ("a", 230, 2, 80, "male", 18.6, "yes"),  # found out later, which nobody knew at day 50
        ("b", 0, 2, 80, "male", 30, "yes"),
        ("b", 30, 9, 80, "male", 30, None),
        ("b", 200, 2, 80, "male", 30, None),
    ]
    found = made(visits_table(rows, names), study).records
    assert [(row["id"], row["index_time"]) for row in rows_of(found, study)] == [("a", 50)]
    assert found is not None
    flow = {step.step: step.patients for step in found.flow}
    (step,) = (step for step in flow if "population" in step)
    assert "age at least 18" in step
    assert "without overlap syndrome" in step
    assert (flow[step], flow["eligible"]) == (1, 1)


# ---- death


DEATH = {"rule": "sledai_2k <= 4", "at": {"nearest": 180, "within": [90, 365]}}


@pytest.mark.parametrize(
    ("died", "low"),
    [(None, 1), (30, 0), (300, 0), (366, 1)],
    ids=["alive", "before the window", "after the follow-up visit", "after the window"],
)
def test_a_death_up_to_the_end_of_the_window_is_an_outcome(died: float | None, low: int) -> None:
    study = records_study(outcome={**DEATH, "death": {"time": "death_day"}})
    rows = [("a", 0, 8, 80, "male", died)]
    if died != 30:
        rows.append(("a", 180, 2, 80, "male", died))
    found = made(visits_table(rows, "id day sledai_2k c3 sex death_day"), study).records
    (row,) = rows_of(found, study)
    assert row["low"] == low
    assert row["follow_up_days"] == (180 if low else died)


def test_a_death_may_be_recorded_at_a_visit_and_counts_as_declared() -> None:
    death = {"visit": "dead", "state": 1}
    study = records_study(outcome={**DEATH, "death": death})
    rows = [
        ("a", 0, 8, 80, "male", "no"),
        ("a", 200, None, None, None, "yes"),
        ("b", 0, 9, 80, "male", None),
        ("b", 100, 9, 80, "male", "no"),
    ]
    found = made(visits_table(rows, "id day sledai_2k c3 sex dead"), study).records
    assert [row["low"] for row in rows_of(found, study)] == [1, 0]


def test_visits_after_death_and_two_deaths_are_refused() -> None:
    study = records_study(outcome={**DEATH, "death": {"time": "death_day"}})
    names = "id day sledai_2k c3 sex death_day"
    rows = [("a", 0, 8, 80, "male", 100), ("a", 180, 2, 80, "male", 100)]
    assert list(fatal(made(visits_table(rows, names), study))["visit_after_death"].rows) == [1]
    rows = [("a", 0, 8, 80, "male", 500), ("a", 180, 2, 80, "male", 600)]
    assert "two_deaths" in fatal(made(visits_table(rows, names), study))


# ---- laws


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Visits of up to five patients on distinct days, in any order."""
    value = st.one_of(st.none(), st.integers(0, 12))
    rows = []
    for patient in range(draw(st.integers(1, 5))):
        days = draw(st.lists(st.integers(0, 700), min_size=1, max_size=12, unique=True))
        for day in days:
            low = draw(st.one_of(st.none(), st.integers(40, 160)))
            rows.append((f"p{patient}", day, draw(value), low, "female"))
    return list(draw(st.permutations(rows)))


def by_hand(rows: list[tuple[Any, ...]]) -> tuple[dict[Any, tuple[Any, ...]], dict[str, int]]:
    """The rules as a loop over patients: id -> index day, SLEDAI-2K, C3, follow-up day, outcome."""
    found = {}
    counts = {"indexed": 0, "lost": 0, "untold": 0}
    for patient in {row[0] for row in rows}:
        own = sorted((row for row in rows if row[0] == patient), key=lambda row: row[1])
        active = [row for row in own if row[2] is not None and row[2] >= 6]
        if not active:
            continue
        counts["indexed"] += 1
        zero = active[0][1]
        known = [row[3] for row in own if -30 <= row[1] - zero <= 0 and row[3] is not None]
        later = [row for row in own if 90 <= row[1] - zero <= 365]
        if not later:
            counts["lost"] += 1
            continue
        after = min(later, key=lambda row: (abs(row[1] - zero - 180), row[1]))
        if after[2] is None:
            counts["untold"] += 1
            continue
        c3 = known[-1] if known else None
        found[patient] = (zero, active[0][2], c3, after[1] - zero, int(after[2] <= 4))
    return found, counts


def found_by_us(rows: list[tuple[Any, ...]]) -> tuple[dict[Any, tuple[Any, ...]], Records] | None:
    records = made(visits_table(rows)).records
    if records is None:
        return None
    return {
        row["id"]: (
            row["index_time"],
            row["sledai_2k"],
            None if math.isnan(row["c3"]) else row["c3"],
            row["follow_up_days"],
            row["low"],
        )
        for row in rows_of(records)
    }, records


@given(tables())
@settings(max_examples=150)
def test_the_cohort_is_that_of_a_plain_loop(rows: list[tuple[Any, ...]]) -> None:
    expected, counts = by_hand(rows)
    found = found_by_us(rows)
    if found is None:
        assert not expected
        return
    assert found[0] == expected
    cases = found[1].sensitivity(0)
    assert len(found[1].index.at) == counts["indexed"]
    assert (cases.no_follow_up, cases.undeterminable) == (counts["lost"], counts["untold"])


@given(tables(), st.data())
@settings(max_examples=150)
def test_no_value_after_the_index_visit_ever_changes_a_predictor(
    rows: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    for which in ("first", "every"):
        study = records_study(index={which: "sledai_2k >= 6"})
        before = made(visits_table(rows), study).records
        if before is None:
            continue
        index = before.index.at
        row = data.draw(st.integers(0, len(rows) - 1))
        changed = list(rows)
        patient, day, _, _, sex = rows[row]
        changed[row] = (
            patient,
            day,
            data.draw(st.one_of(st.none(), st.integers(0, 12))),
            data.draw(st.one_of(st.none(), st.integers(40, 160))),
            sex,
        )
        after = made(visits_table(changed), study).records
        kept = {
            place: (before.visits.ids[before.visits.patient[at]], before.visits.day[at])
            for place, at in enumerate(index.tolist())
        }
        if after is None:  # the outcome of the last one became unknown; nothing to compare
            continue
        again = {
            (after.visits.ids[after.visits.patient[at]], after.visits.day[at]): place
            for place, at in enumerate(after.index.at.tolist())
        }
        for place, (owner, zero) in kept.items():
            if owner == patient and day <= zero:
                continue  # the change is not after this index visit
            now = again[owner, zero]
            for name, column in before.baseline.items():
                same = after.baseline[name].values[now]
                assert np.array_equal(column.values[place], same, equal_nan=True), name
