"""Reading times of follow-up: who is asked about, and what cannot be answered from them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_times import DICTIONARY, made_times, time_config

from predictor.cohort.checking import Checked, check_cohort
from predictor.cohort.table import Table
from predictor.documents import Document
from predictor.errors import ConfigError
from predictor.study import study_from

Check = Callable[..., Checked]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    (tmp_path / "made.yaml").write_text(DICTIONARY)

    def checked(cells: dict[str, Any] | None = None, **follow_up: Any) -> Checked:
        config = deepcopy(time_config())
        config["question"]["follow_up"] |= follow_up
        columns = {name: list(column) for name, column in made_times().items()} | (cells or {})
        study = study_from(Document("c.yaml", config), tmp_path)
        rows = range(1, len(columns["months"]) + 1)
        return check_cohort(study, Table("made.csv", columns, rows))

    return checked


def codes(found: Checked) -> set[str]:
    return {problem.code for problem in found.fatal}


def test_ends_and_months_are_read(check: Check) -> None:
    cohort = check().usable()
    made = made_times()
    assert cohort.months is not None
    assert cohort.months == pytest.approx(made["months"])
    expected = [{"seen": 0, "relapse": 1, "death": 2}[end] for end in made["end"]]
    assert cohort.outcome.tolist() == expected
    assert cohort.events == expected.count(1)


def test_days_and_years_become_months(check: Check) -> None:
    days = check({"months": list(made_times()["months"] * 365.25 / 12)}, unit="days").usable()
    years = check({"months": list(made_times()["months"] / 12)}, unit="years").usable()
    assert days.months == pytest.approx(made_times()["months"])
    assert years.months == pytest.approx(made_times()["months"])


def test_only_those_are_asked_about_who_reached_it_first(check: Check) -> None:
    reached = check(among={"response": ["remission", "low_disease_activity"]}).usable()
    flares = int((made_times()["response"] == "flare").sum())
    assert reached.patients == 240 - flares
    (step,) = [s for s in reached.flow if s.step.startswith("excluded: response")]
    assert step.step == "excluded: response not remission, low disease activity"
    assert step.patients == flares


def test_when_everybody_is_censored_nothing_can_be_learned(check: Check) -> None:
    found = check({"end": ["seen"] * 240})
    assert "all_censored" in codes(found)


def test_a_horizon_beyond_the_follow_up_is_refused(check: Check) -> None:
    found = check(horizon_months=[12, 200])
    assert "horizon_beyond_follow_up" in codes(found)
    (problem,) = [p for p in found.fatal if p.code == "horizon_beyond_follow_up"]
    last = int(np.sort(made_times()["months"])[-5])
    assert f"At {last} months at least 5 patients" in problem.message


def test_a_horizon_that_few_reach_is_a_warning(check: Check) -> None:
    month = int(np.sort(made_times()["months"])[-4])
    found = check(horizon_months=[12, month])
    assert not found.fatal
    assert "few_at_risk" in {problem.code for problem in found.problems}


@pytest.mark.parametrize(
    ("cell", "code"),
    [(0, "time_not_positive"), (-3.0, "time_not_positive"), ("soon", "unreadable_number")],
)
def test_a_time_that_is_none_is_named(check: Check, cell: object, code: str) -> None:
    found = check({"months": [cell, *made_times()["months"][1:]]})
    (problem,) = [p for p in found.fatal if p.code == code]
    assert problem.row == 1
    assert "soon" not in problem.message


def test_an_unknown_time_or_end_is_counted_and_not_taken_for_a_censoring(check: Check) -> None:
    made = made_times()
    months = [None, *made["months"][1:]]
    end = [made["end"][0], "", *made["end"][2:]]
    cohort = check({"months": months, "end": end}).usable()
    assert cohort.patients == 238
    assert [s.patients for s in cohort.flow if s.step == "excluded: outcome missing"] == [2]


def test_an_end_that_nobody_declared_is_a_problem(check: Check) -> None:
    found = check({"end": ["moved", *made_times()["end"][1:]]})
    assert codes(found) == {"unknown_state"}


def test_columns_that_are_not_there_are_named_together(check: Check) -> None:
    found = check(time="follow_up_time", among={"answer": ["remission"]})
    missing = [p.column for p in found.fatal if p.code == "missing_column"]
    assert missing == ["follow_up_time", "answer"]


def test_a_competing_event_that_nobody_had_is_a_warning(check: Check) -> None:
    found = check({"end": [e if e != "death" else "seen" for e in made_times()["end"]]})
    assert not found.fatal
    assert "no_competing" in {problem.code for problem in found.problems}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            {"states": ["a", "b", "c"], "event": None, "non_event": None},
            "either states, or follow_up",
        ),
        ({"non_event": None}, "last seen without any event"),
        ({"non_event": ["death"]}, "named twice"),
    ],
)
def test_a_question_that_mixes_kinds_is_refused(
    tmp_path: Path, change: dict[str, Any], match: str
) -> None:
    (tmp_path / "made.yaml").write_text(DICTIONARY)
    config = deepcopy(time_config())
    asked = config["question"] | change
    config["question"] = {key: value for key, value in asked.items() if value is not None}
    with pytest.raises(ConfigError, match=match):
        study_from(Document("c.yaml", config), tmp_path)


def test_months_rise_and_models_fit_the_question(tmp_path: Path) -> None:
    (tmp_path / "made.yaml").write_text(DICTIONARY)
    config = deepcopy(time_config())
    config["question"]["follow_up"]["horizon_months"] = [24, 12]
    with pytest.raises(ConfigError, match="rise"):
        study_from(Document("c.yaml", config), tmp_path)
    config = deepcopy(time_config(models={"ridge": {}}))
    with pytest.raises(ConfigError, match=r"with question\.follow_up name cox"):
        study_from(Document("c.yaml", config), tmp_path)
    config = deepcopy(time_config())
    del config["question"]["follow_up"]
    with pytest.raises(ConfigError, match=r"name it with question\.follow_up"):
        study_from(Document("c.yaml", config), tmp_path)
    visits = {
        "visits": {"file": "v.csv", "patient": "p", "time": "t", "unit": "days"},
        "index": {"first": "marker > 0"},
        "outcome": {"rule": "marker < 0", "at": {"nearest": 180, "within": [90, 365]}},
    }
    with pytest.raises(ConfigError, match="leave `at` out"):
        study_from(Document("c.yaml", time_config(cohort=visits)), tmp_path)


def test_fewer_events_than_the_cell_size_are_refused(check: Check) -> None:
    end = np.array(made_times()["end"])
    early = np.flatnonzero((end == "relapse") & (made_times()["months"] <= 24))
    end[np.setdiff1d(np.flatnonzero(end == "relapse"), early[:4])] = "seen"
    (problem,) = [p for p in check({"end": end.tolist()}).fatal if p.code == "too_few_events"]
    assert "fewer than 5 patients" in problem.message
    assert "cell_size" in problem.message


def test_the_events_of_few_patients_with_many_rows_are_those_of_few(check: Check) -> None:
    found = check({"patient": [number % 4 for number in range(240)]})
    assert "fewer than 5 patients" in " ".join(problem.message for problem in found.fatal)
