"""Times from visits, held against a plain loop over patients, and never using the future."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_visits import ABSENT, fatal, made, records_config, told, visits_table

from predictor.cohort import time_from_visits
from predictor.cohort.record_table import record_table
from predictor.cohort.records import MadeRecords
from predictor.documents import Document
from predictor.errors import ConfigError
from predictor.study import Study, study_from

RULE = "sledai_2k - index.sledai_2k >= 4 or sledai_2k >= 6"
DEATH = {"time": "died"}


def time_study(
    *,
    follow_up: dict[str, Any] | None = None,
    event: tuple[Any, ...] = ("relapse",),
    non_event: tuple[Any, ...] = ("last_visit",),
    **cohort: Any,
) -> Study:
    """Days from the first visit with a SLEDAI-2K of at most 4 until RULE holds."""
    config = records_config(
        **{"index": {"first": "sledai_2k <= 4"}, "outcome": {"rule": RULE}, **cohort}
    )
    config["question"] |= {
        "outcome": "end",
        "event": list(event),
        "non_event": list(non_event),
        "follow_up": {"time": "days", "horizon_months": [6], **(follow_up or {})},
    }
    config["models"] = {"cox": {}}
    return study_from(Document("test", config), Path())


def dying(state: Any = None, **death: Any) -> Study:
    column = death or DEATH
    outcome = {"rule": RULE, "death": {**column, **({} if state is None else {"state": state})}}
    return time_study(follow_up={"competing": ["death"]}, outcome=outcome)


def ends(
    rows: list[tuple[Any, ...]], study: Study | None = None, names: str = "id day sledai_2k c3 sex"
) -> tuple[list[tuple[Any, ...]], MadeRecords]:
    """Patient, time and end of everybody analysed."""
    study, table = study or time_study(), visits_table(rows, names)
    found = made(table, study)
    assert found.records is not None, found.findings
    columns = record_table(study, found.records, table).table.columns
    asked = study.config.question.follow_up
    assert asked is not None
    return list(zip(columns["id"], columns[asked.time], columns["end"], strict=True)), found


def patient(name: str, *visits: tuple[float, float | None]) -> list[tuple[Any, ...]]:
    return [(name, day, score, 80, "female") for day, score in visits]


def steps(found: MadeRecords) -> dict[str, int]:
    assert found.records is not None
    return {step.step: step.patients for step in found.records.flow}


def test_times_by_hand() -> None:
    rows = [
        *patient("rise", (0, 8), (10, 2), (40, 5), (70, 6), (100, 0)),  # from 2: 6 at day 70
        *patient("well", (0, 3), (200, 4), (390, 3)),
        *patient("high", (5, 4), (6, 6)),  # a rise by 2 only, but 6
        *patient("once", (0, 2)),
        *patient("never", (0, 12), (90, 7)),
    ]
    told_, found = ends(rows)
    assert told_ == [("rise", 60, "relapse"), ("well", 390, "last_visit"), ("high", 1, "relapse")]
    assert steps(found) == {
        "read": 5,
        "eligible": 5,
        "excluded: no visit with sledai_2k <= 4": 1,
        "indexed": 4,
        "excluded: no visit after the index visit": 1,
        "with follow-up": 3,
        "excluded: outcome cannot be told at any visit after the index visit": 0,
        "analysed": 3,
    }


def test_a_relapse_of_everybody_is_no_rule_that_comes_out_one_way() -> None:
    """Who relapses when is still to be learned, which at one visit it would not be."""
    rows = [*patient("a", (0, 2), (40, 9)), *patient("b", (0, 3), (30, None), (90, 8))]
    told_, found = ends(rows)
    assert [end for _, _, end in told_] == ["relapse", "relapse"]
    codes = {finding.code for finding in found.findings}
    assert not {"one_sided_outcome", "one_sided_missing"} & codes


def test_the_time_has_the_unit_that_the_question_reads() -> None:
    rows = patient("a", (0, 2), (365.25, 3))
    months, _ = ends(rows, time_study(follow_up={"unit": "months"}))
    years, _ = ends(rows, time_study(follow_up={"unit": "years"}))
    assert months[0][1] == pytest.approx(12)
    assert years[0][1] == pytest.approx(1)


def test_a_visit_at_which_a_relapse_cannot_be_told_is_no_visit_without_it() -> None:
    rows = [
        *patient("gap", (0, 2), (50, None), (90, 7)),
        *patient("tail", (0, 2), (100, 3), (200, None), (300, None)),
        *patient("all", (0, 2), (100, None), (200, None)),
    ]
    told_, found = ends(rows)
    assert told_ == [("gap", 90, "relapse"), ("tail", 100, "last_visit")]
    assert steps(found)["excluded: outcome cannot be told at any visit after the index visit"] == 1
    warned = told(found)
    assert warned["outcome_missed"].rows.tolist() == [1]
    assert warned["follow_up_shortened"].rows.tolist() == [5, 6]


def test_what_is_true_whatever_is_missing_is_told() -> None:
    rows = [("a", 0, 2, None, "female"), ("a", 9, 9, None, "female")]
    told_, found = ends(rows, time_study(outcome={"rule": "sledai_2k >= 6 or c3 < 60"}))
    assert told_ == [("a", 9, "relapse")]
    assert "outcome_missed" not in told(found)


NAMES = "id day sledai_2k c3 sex died"


def with_death(rows: list[tuple[Any, ...]], day: float | None) -> list[tuple[Any, ...]]:
    return [(*row, day) for row in rows]


def test_a_death_before_a_relapse_competes_and_one_after_it_does_not() -> None:
    rows = [
        *with_death(patient("dies", (0, 2), (100, 3)), 250),
        *with_death(patient("unseen", (0, 2)), 30),
        *with_death(patient("relapsed", (0, 2), (100, 8)), 250),
        *with_death(patient("same", (0, 2), (100, 8)), 100),
        *with_death(patient("at once", (0, 2)), 0),
        *with_death(patient("alive", (0, 2), (100, 3)), None),
    ]
    told_, found = ends(rows, dying(), NAMES)
    assert told_ == [
        ("dies", 250, "death"),
        ("unseen", 30, "death"),
        ("relapsed", 100, "relapse"),
        ("same", 100, "relapse"),  # it was seen on that day, so it came first
        ("alive", 100, "last_visit"),
    ]
    assert steps(found)["excluded: no visit after the index visit"] == 1


def test_a_visit_that_records_a_death_tells_of_nothing_else() -> None:
    rows = [
        ("a", 0, 2, 80, "female", 0),
        ("a", 50, 9, 80, "female", 1),
        ("b", 0, 2, 80, "female", 0),
        ("b", 60, 3, 80, "female", 0),
    ]
    told_, _ = ends(rows, dying(visit="died"), NAMES)
    assert told_ == [("a", 50, "death"), ("b", 60, "last_visit")]


def test_death_can_be_part_of_the_event() -> None:
    rows = with_death(patient("dies", (0, 2), (100, 3)), 250)
    told_, _ = ends(rows, dying(state="relapse"), NAMES)
    assert told_ == [("dies", 250, "relapse")]


def test_untold_visits_before_a_death_may_hide_a_relapse() -> None:
    rows = with_death(patient("dies", (0, 2), (100, 3), (200, None)), 250)
    told_, found = ends(rows, dying(), NAMES)
    assert told_ == [("dies", 250, "death")]
    assert told(found)["outcome_missed"].rows.tolist() == [2]


STOPPED = "id day sledai_2k c3 sex stop"


def test_patients_enter_after_their_treatment_stopped() -> None:
    study = time_study(index={"first": "sledai_2k <= 4", "after": {"time": "stop"}})
    rows = [
        *with_death(patient("a", (0, 2), (50, 9), (80, 3), (120, 7)), 60),
        *with_death(patient("b", (0, 2), (50, 9)), None),
        *with_death(patient("c", (0, 2), (50, 9)), 50),
        *with_death(patient("d", (0, 2), (50, 3), (90, 1)), 50),
    ]
    told_, found = ends(rows, study, STOPPED)
    assert told_ == [("a", 40, "relapse"), ("d", 40, "last_visit")]
    flow = steps(found)
    assert flow["excluded: no visit on or after stop"] == 1
    assert flow["excluded: no visit with sledai_2k <= 4"] == 1


def test_a_rule_opens_the_time_once_and_for_all() -> None:
    study = time_study(index={"first": "sledai_2k <= 4", "after": {"rule": "sledai_2k >= 8"}})
    rows = [
        *patient("a", (0, 2), (50, 9), (80, 3), (120, 7)),
        *patient("b", (0, 2), (50, 5), (90, 2)),
        *patient("c", (0, 9), (10, 5), (20, 4), (30, 4)),
    ]
    told_, found = ends(rows, study)
    assert told_ == [("a", 40, "relapse"), ("c", 10, "last_visit")]
    assert steps(found)["excluded: no visit from the first with sledai_2k >= 8 on"] == 1


def test_a_visit_that_may_have_opened_the_time_leaves_a_doubt() -> None:
    study = time_study(index={"first": "sledai_2k <= 4", "after": {"rule": "c3 < 60"}})
    rows = [
        ("a", 0, 2, None, "female"),
        ("a", 10, 2, 50, "female"),
        ("a", 20, 2, 50, "female"),
        ("b", 0, 2, 90, "female"),
        ("b", 5, 2, 50, "female"),
        ("b", 15, 2, 50, "female"),
    ]
    _, found = ends(rows, study)
    assert told(found)["index_doubtful"].rows.tolist() == [0]


def test_the_time_of_a_stop_may_stand_in_a_row_of_its_own() -> None:
    study = time_study(
        index={"first": "sledai_2k <= 4", "after": {"time": "stop"}},
        visits={"patient": "id", "time": "day", "same_day": "last"},
    )
    rows = [
        *with_death(patient("a", (0, 2), (50, 9), (80, 3), (120, 7)), None),
        ("a", 60, None, None, None, 60),
        *with_death(patient("b", (0, 2), (90, 3)), None),
        *with_death(patient("b", (95, 1)), 10),
        *with_death(patient("b", (95, 2)), None),
    ]
    told_, _ = ends(rows, study, STOPPED)
    assert told_ == [("a", 40, "relapse"), ("b", 5, "last_visit")]


def test_two_times_of_one_stop_are_refused() -> None:
    study = time_study(index={"first": "sledai_2k <= 4", "after": {"time": "stop"}})
    rows = [(*patient("a", (0, 2))[0], 1), (*patient("a", (5, 2))[0], 2)]
    assert "two_times" in fatal(made(visits_table(rows, STOPPED), study))


def test_a_stop_without_its_column_is_refused_with_all_else() -> None:
    study = time_study(index={"first": "sledai_2k <= 4", "after": {"time": "stopped"}})
    found = made(visits_table(patient("a", (0, 2), (9, 2))), study)
    assert "missing_column" in fatal(found)


def test_states_of_a_definition_are_named_as_the_event() -> None:
    outcome = {"definition": "sledai_response"}
    study = time_study(event=("flare",), outcome=outcome)
    names = study.config.question.event
    assert names == ("flare",)
    wrong = time_study(event=("relapse",), outcome=outcome)
    found = made(visits_table(patient("a", (0, 2), (9, 9))), wrong)
    assert "no state relapse" in fatal(found)["unknown_state"].message


def test_a_definition_that_must_be_confirmed_is_refused_by_name() -> None:
    study = time_study(event=("complete",), outcome={"definition": "thrombocytopenia_response"})
    found = made(visits_table(patient("a", (0, 2), (9, 9))), study)
    assert "must be confirmed" in fatal(found)["confirmed"].message


def test_nobody_with_a_later_visit_is_refused() -> None:
    found = made(visits_table([*patient("a", (0, 2)), *patient("b", (3, 4))]), time_study())
    assert "nobody has a visit after the index visit" in fatal(found)["no_follow_up"].message


def test_a_cell_that_cannot_be_read_stops_the_work_where_a_relapse_is_looked_for() -> None:
    rows = patient("a", (0, 2), (9, 3))
    rows += [("a", 20, "lots", 80, "female"), ("a", 30, 8, 80, "female")]
    assert "unreadable_number" in fatal(made(visits_table(rows), time_study()))
    after = [*patient("a", (0, 2), (9, 8)), ("a", 20, "lots", 80, "female")]
    told_, _ = ends(after)  # the relapse came before it
    assert told_ == [("a", 9, "relapse")]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        (
            {"outcome": {"rule": RULE, "at": {"nearest": 180, "within": [90, 365]}}},
            "leave `at` out",
        ),
        ({"index": {"last": "sledai_2k <= 4"}}, "known only afterwards"),
        ({"outcome": {"rule": RULE, "confirmed_after": 7}}, "confirmed_after cannot be asked"),
        ({"follow_up": {"among": {"sex": ["female"]}}}, "say in cohort.index"),
        ({"event": ("relapse", "flare")}, "question.event takes one word"),
        ({"non_event": ("last_visit", "lost")}, "question.non_event takes one word"),
        ({"follow_up": {"competing": ["death"]}}, "name with cohort.outcome.death"),
        ({"outcome": {"rule": RULE, "death": DEATH}}, "what the outcome of the dead is called"),
        (
            {
                "outcome": {"rule": RULE, "death": {**DEATH, "state": "gone"}},
                "follow_up": {"competing": ["death"]},
            },
            "death.state is a word of",
        ),
        ({"follow_up": {"time": "day"}}, "day is taken"),
        ({"follow_up": {"time": "c3"}}, "c3 is taken"),
        ({"index": {"first": "sledai_2k <= 4", "after": {}}}, "exactly one of time and rule"),
    ],
)
def test_what_cannot_be_asked_of_visits_is_refused_by_name(
    changes: dict[str, Any], match: str
) -> None:
    with pytest.raises(ConfigError, match=match):
        time_study(**changes)


def test_a_single_visit_to_look_at_is_asked_for_where_there_is_no_time() -> None:
    config = records_config(outcome={"rule": "sledai_2k <= 4"})
    with pytest.raises(ConfigError, match="name with `at` the visit"):
        study_from(Document("test", config), Path())


scores = st.one_of(st.none(), st.integers(0, 12))
histories = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.tuples(
        st.dictionaries(st.integers(0, 400), st.tuples(scores, scores), min_size=1, max_size=8),
        st.one_of(st.none(), st.integers(0, 300)),
    ),
    min_size=1,
    max_size=6,
)
Histories = dict[str, tuple[dict[int, tuple[int | None, int | None]], int | None]]


def history_rows(histories: Histories) -> list[tuple[Any, ...]]:
    return [
        (
            name,
            day,
            score,
            None if c3 is None else 60 + c3,
            "female",
            None if died is None else max(visits) + died,
        )
        for name, (visits, died) in histories.items()
        for day, (score, c3) in visits.items()
    ]


def by_hand(histories: Histories) -> list[tuple[str, float, str]]:
    """The definition, one patient after the other."""
    found = []
    for name, (visits, later) in histories.items():
        days = sorted(day for day, cells in visits.items())
        death = math.inf if later is None else max(days) + later
        index = next((d for d in days if visits[d][0] is not None and visits[d][0] <= 4), None)
        if index is None:
            continue
        last = None
        for day in (d for d in days if d > index):
            score = visits[day][0]
            if score is None:
                continue
            last = day
            if score - visits[index][0] >= 4 or score >= 6:
                found.append((name, day - index, "relapse"))
                break
        else:
            if index < death < math.inf:
                found.append((name, death - index, "death"))
            elif last is not None:
                found.append((name, last - index, "last_visit"))
    return found


@given(histories)
@settings(max_examples=300, deadline=None)
def test_times_agree_with_a_loop_over_patients(histories: Histories) -> None:
    table = visits_table(history_rows(histories), NAMES)
    expected = by_hand(histories)
    study = dying()
    found = made(table, study)
    if found.records is None:
        assert not expected
        return
    columns = record_table(study, found.records, table).table.columns
    got = list(zip(columns["id"], columns["days"], columns["end"], strict=True))
    assert sorted(got) == sorted(expected)


@given(histories, st.data())
@settings(max_examples=200, deadline=None)
def test_nothing_after_the_index_visit_changes_who_enters_or_a_predictor(
    histories: Histories, data: st.DataObject
) -> None:
    study = time_study(follow_up={"competing": ["death"]}, outcome={"rule": RULE, "death": DEATH})
    before = made(visits_table(history_rows(histories), NAMES), study)
    if before.records is None:
        return
    visits, at = before.records.visits, before.records.index.at
    entered = {
        visits.ids[who]: visits.day[place]
        for who, place in zip(visits.patient[at], at, strict=True)
    }
    changed: Histories = {
        name: (
            {
                day: data.draw(st.tuples(scores, scores)) if day > entered.get(name, 1e9) else cells
                for day, cells in history.items()
            },
            died,
        )
        for name, (history, died) in histories.items()
    }
    after = made(visits_table(history_rows(changed), NAMES), study)
    if after.records is None:
        return
    for name, value in before.records.baseline.items():
        np.testing.assert_array_equal(value.values, after.records.baseline[name].values)
    assert len(after.records.index.at) == len(at)


def test_blocks_of_visits_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    rows = [
        (name, day, int(score), 80, "female")
        for name in range(30)
        for day, score in enumerate(generator.integers(0, 8, 12).tolist())
    ]
    study = time_study(index={"every": "sledai_2k <= 4"})
    whole, _ = ends(rows, study)
    monkeypatch.setattr(time_from_visits, "_BLOCK", 7)
    assert ends(rows, study)[0] == whole
    assert len(whole) > 100


def test_rows_without_an_outcome_plan_are_not_read() -> None:
    with pytest.raises(ConfigError, match="index and outcome"):
        time_study(outcome=ABSENT)


def test_visits_with_dates_give_days_of_the_calendar() -> None:
    study = time_study(
        visits={"patient": "id", "time": "day", "unit": "date"},
        index={"first": "sledai_2k <= 4", "after": {"time": "stop"}},
    )
    rows = [
        ("a", "2024-02-01", 2, 80, "female", "2024-02-10"),
        ("a", "2024-02-28", 3, 80, "female", "2024-02-10"),
        ("a", "2024-03-01", 8, 80, "female", None),
    ]
    told_, _ = ends(rows, study, STOPPED)
    assert told_ == [("a", 2, "relapse")]  # a leap year


def test_a_time_of_a_stop_in_another_unit_is_refused() -> None:
    study = time_study(index={"first": "sledai_2k <= 4", "after": {"time": "stop"}})
    rows = with_death(patient("a", (0, 2), (9, 3)), "2024-01-01")  # type: ignore[arg-type]
    assert fatal(made(visits_table(rows, STOPPED), study))
