"""Outcomes made from visits that would look like outcomes and be none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_visits import fatal, made, records_config, records_study, told, visits_table

from predictor.documents import Document
from predictor.errors import CohortError
from predictor.study import Study, study_from
from predictor.workflow.cohort import check_visits_table, make_cohort

NAMES = "id day sledai_2k c3 sex proteinuria"


def table(proteinuria: list[float], patients: int = 12) -> Any:
    """An index visit and a follow-up visit of each patient."""
    rows: list[tuple[Any, ...]] = []
    for place in range(patients):
        low = proteinuria[place % len(proteinuria)]
        rows += [
            (place, 0, 8, 70 + place, "female", low),
            (place, 180, 3 + place % 3, 90, "female", low),
        ]
    return visits_table(rows, NAMES)


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": {"rule": "proteinuria < 500", "at": {"nearest": 180, "within": [90, 365]}}},
        {"index": {"first": "proteinuria < 500"}},
        {
            "outcome": {
                "rule": "sledai_2k <= index.sledai_2k - 4 and index.proteinuria < 500",
                "at": {"nearest": 180, "within": [90, 365]},
            }
        },
        {
            "units": {"proteinuria": "g/d"},
            "outcome": {"rule": "proteinuria < 500", "at": {"nearest": 180, "within": [90, 365]}},
        },
    ],
)
def test_points_of_a_score_are_no_quantity_in_any_rule(changes: dict[str, Any]) -> None:
    study, points = records_study(**changes), table([0, 4])
    found = made(points, study)
    assert found.records is None
    assert fatal(found)["score_points"].variable == "proteinuria"
    with pytest.raises(CohortError) as refused:
        make_cohort(study, _frame(points))
    assert "points of a score" in str(refused.value)
    checked = check_visits_table(study, points)  # what training and `predictor check` ask
    assert "score_points" in {problem.code for problem in checked.fatal}


def test_points_of_a_score_are_no_predictor() -> None:
    config = records_config()
    config["predictors"] = ["sledai_2k", "c3", "proteinuria"]
    study = study_from(Document("test", config), Path())
    assert "score_points" in fatal(made(table([0, 4]), study))


def test_a_measurement_is_no_score() -> None:
    outcome = {"rule": "proteinuria < 300", "at": {"nearest": 180, "within": [90, 365]}}
    assert made(table([0, 4, 350]), records_study(outcome=outcome)).records is not None


def _frame(visits: Any) -> Any:
    import pandas as pd

    return pd.DataFrame({name: list(cells) for name, cells in visits.columns.items()})


# ---- what the question calls the event

STATES = {"definition": "sledai_response", "at": {"nearest": 180, "within": [90, 365]}}
RULE = {"rule": "sledai_2k <= 4", "at": {"nearest": 180, "within": [90, 365]}}
YIELDED = "sledai_response yields remission, low_activity, active"


def asked(outcome: dict[str, Any], **question: Any) -> Study:
    return records_study(question=question, outcome=outcome)


@pytest.mark.parametrize(
    ("outcome", "question", "code", "said"),
    [
        (STATES, {"event": [1]}, "not_yielded", YIELDED),
        (STATES, {"event": ["banana"], "non_event": ["active"]}, "not_yielded", YIELDED),
        (STATES, {"event": ["remission"]}, "undeclared_states", YIELDED),
        (
            STATES,
            {"event": ["remission"], "non_event": ["active"]},
            "unknown_state",
            "low_activity is declared neither",
        ),
        (RULE, {"event": ["yes"], "non_event": ["no"]}, "not_yielded", "yields 1, 0"),
        (
            {**STATES, "death": {"time": "died"}},
            {"event": ["remission"], "non_event": ["low_activity", "active"]},
            "unknown_state",
            "death is declared neither",
        ),
    ],
)
def test_an_event_that_the_outcome_never_yields_is_refused(
    outcome: dict[str, Any], question: dict[str, Any], code: str, said: str
) -> None:
    study = asked(outcome, **question)
    found = made(table([100.0, 700.0, 20.0]), study)
    assert found.records is None
    assert said in fatal(found)[code].message
    with pytest.raises(CohortError, match="question"):
        make_cohort(study, _frame(table([100.0, 700.0, 20.0])))


def test_an_event_that_the_outcome_yields_is_fine() -> None:
    assert not {"not_yielded", "unknown_state"} & set(
        fatal(made(table([1.5]), asked(RULE, event=[0])))
    )


def test_states_of_the_question_are_held_against_those_of_the_definition() -> None:
    config = records_config(outcome={**STATES, "death": {"time": "died"}})
    config["question"] = {
        "outcome": "response",
        "states": [
            {"state": "bad", "values": ["active"]},
            {"state": "low_activity"},
            {"state": "best"},
        ],
        "horizon": "6 months",
        "population": "adults",
    }
    config["models"] = {"multinomial": {}}
    found = fatal(made(table([1.5]), study_from(Document("test", config), Path())))
    assert "the state best" in found["not_yielded"].message
    assert "none of question.states" in found["unknown_state"].message


# ---- what is missing


def visits_of(*values: tuple[Any, Any]) -> Any:
    """Patients with C3 and fever at follow-up; SLEDAI-2K of 8 at the index visit."""
    rows: list[tuple[Any, ...]] = []
    for place, (c3, fever) in enumerate(values):
        rows += [(place, 0, 8, 70, "female", 1), (place, 180, None, c3, "female", fever)]
    return visits_table(rows, "id day sledai_2k c3 sex fever")


BOTH = {"rule": "c3 > 80 and not fever", "at": {"nearest": 180, "within": [90, 365]}}


def test_an_outcome_that_can_never_be_yes_with_these_visits_is_refused() -> None:
    found = made(
        visits_of((60, None), (90, None), (70, None), (95, None)), records_study(outcome=BOTH)
    )
    finding = fatal(found)["undeterminable"]
    assert "never be yes here: fever has no value" in finding.message
    outcome = {**BOTH, "rule": "c3 > 80 or not fever"}
    found = made(visits_of((60, None), (90, None)), records_study(outcome=outcome))
    assert "never be no here" in fatal(found)["undeterminable"].message


def test_missing_values_that_take_away_only_events_are_told_with_their_number() -> None:
    values = [(60, None), (90, None), (95, None), (90, 0), (70, 1), (60, 0)]
    found = made(visits_of(*values), records_study(outcome=BOTH))
    finding = told(found)["one_sided_missing"]
    assert "where fever has no value the outcome can never be told as yes" in finding.message
    assert finding.times == 2
    assert "one_sided_outcome" not in told(found)


def test_an_outcome_known_only_one_way_is_told() -> None:
    values = [(60, None), (90, None), (70, 1), (None, 0)]
    finding = told(made(visits_of(*values), records_study(outcome=BOTH)))["one_sided_outcome"]
    assert "every outcome that is known is no" in finding.message
    assert finding.times == 2


def test_missing_values_that_leave_both_answers_open_are_no_such_thing() -> None:
    outcome = {**BOTH, "rule": "c3 > 80"}
    found = made(visits_of((60, 0), (90, 0), (None, 0)), records_study(outcome=outcome))
    assert not {"one_sided_missing", "one_sided_outcome"} & set(told(found))


# ---- values that were declared missing


def baseline(study: Study, rows: list[tuple[Any, ...]], name: str = "c3") -> tuple[list[Any], Any]:
    found = made(visits_table(rows), study)
    assert found.records is not None, found.findings
    return found.records.baseline[name].values.tolist(), told(found)


@pytest.mark.parametrize(
    ("cell", "declared"),
    [
        ("99999", {"impossible": "missing"}),
        ("pending", {"laboratory": {"c3": {"pending": "missing"}}}),
        ("<10", {"laboratory": {"c3": {"below": "missing"}}}),
        ("trace", {"laboratory": {"c3": {"words": {"trace": None}}}}),
    ],
)
def test_no_older_value_takes_the_place_of_one_declared_missing(
    cell: str, declared: dict[str, Any]
) -> None:
    rows = [
        ("a", -20, 4, "80", "female"),
        ("a", 0, 8, cell, "female"),
        ("a", 180, 2, "90", "female"),
        ("b", -20, 4, "85", "female"),
        ("b", 0, 8, "", "female"),  # nothing was measured: the older value is the latest
        ("b", 180, 7, "90", "female"),
    ]
    values, warnings = baseline(records_study(**declared), rows)
    assert values[0] != values[0]
    assert values[1] == 85
    assert warnings["declared_missing"].times == 1
    assert warnings["declared_missing"].variable == "c3"


def test_a_row_with_nothing_but_a_value_declared_missing_is_a_visit() -> None:
    rows = [
        ("a", 0, 8, "80", "female"),
        ("a", -20, 4, "81", "female"),
        ("a", -5, None, "pending", None),
        ("a", 180, 2, "90", "female"),
        ("b", 0, 8, "", "female"),
        ("b", -20, 4, "81", "female"),
        ("b", -5, None, "pending", None),
        ("b", 180, 2, "90", "female"),
    ]
    values, _ = baseline(records_study(laboratory={"c3": {"pending": "missing"}}), rows)
    assert values[0] == 80
    assert values[1] != values[1]


def test_another_value_of_the_same_day_stands_for_one_declared_missing() -> None:
    rows = [
        ("a", 0, 8, "pending", "female"),
        ("a", 0, 8, "80", "female"),
        ("a", 180, 2, "90", "female"),
    ]
    values, warnings = baseline(records_study(laboratory={"c3": {"pending": "missing"}}), rows)
    assert values == [80]
    assert "declared_missing" not in warnings


def test_a_spelling_of_an_empty_cell_leaves_the_older_value() -> None:
    rows = [
        ("a", -20, 4, "80", "female"),
        ("a", 0, 8, "pending", "female"),
        ("a", 180, 2, "90", "female"),
    ]
    values, warnings = baseline(records_study(missing=["NA", "pending"]), rows)
    assert values == [80]
    assert "declared_missing" not in warnings
