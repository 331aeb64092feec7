"""Reading the states of an outcome, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_states import cohort_of_states, configuration_of_states

from predictor.cohort.checking import check_cohort
from predictor.cohort.reading import table_from_frame
from predictor.cohort.state_table import state_table
from predictor.documents import Document
from predictor.errors import CohortError, ConfigError
from predictor.study import Study, study_from


def study(tmp_path: Any, states: object = None, **changes: Any) -> Study:
    data = configuration_of_states(**changes)
    if states is not None:
        data["question"] = {**data["question"], "states": states}
    return study_from(Document("study.yaml", data), tmp_path)


def codes(study: Study, frame: pd.DataFrame) -> set[str]:
    return {p.code for p in check_cohort(study, table_from_frame(frame)).problems}


def test_states_are_positions_worst_first(tmp_path: Any) -> None:
    frame = cohort_of_states()
    found = check_cohort(study(tmp_path), table_from_frame(frame)).usable()
    assert found.states == ("flare", "low_disease_activity", "remission")
    assert found.events == (frame["state"] == "remission").sum()
    assert np.bincount(found.outcome).tolist() == [
        (frame["state"] == name).sum() for name in found.states
    ]


def test_other_codes_are_mapped(tmp_path: Any) -> None:
    frame = cohort_of_states()
    frame["state"] = frame["state"].map({"flare": 9, "low_disease_activity": 1, "remission": 0})
    states = [
        {"state": "flare", "values": [9, 8]},
        {"state": "low", "values": 1},
        {"state": "remission", "values": [0]},
    ]
    found = check_cohort(study(tmp_path, states), table_from_frame(frame)).usable()
    assert np.bincount(found.outcome)[0] == (frame["state"] == 9).sum()


def test_states_follow_from_columns_and_the_last_that_holds_is_taken(tmp_path: Any) -> None:
    frame = cohort_of_states()
    states = [
        "active",
        {"state": "low", "when": {"low": 1}},
        {"state": "quiet", "when": {"quiet": 1}},
    ]
    found = check_cohort(study(tmp_path, states), table_from_frame(frame)).usable()
    assert found.outcome.tolist() == (frame["low"] + frame["quiet"]).tolist()


def test_where_a_deciding_column_is_missing_the_state_is_not_known(tmp_path: Any) -> None:
    frame = cohort_of_states()
    frame["quiet"] = frame["quiet"].astype(float)
    frame.loc[3, "quiet"] = np.nan
    states = [
        "active",
        {"state": "low", "when": {"low": 1}},
        {"state": "quiet", "when": {"quiet": 1}},
    ]
    found = check_cohort(study(tmp_path, states), table_from_frame(frame)).usable()
    assert found.patients == len(frame) - 1
    assert found.flow[-2].step == "excluded: outcome missing"


def test_a_cell_in_no_state_is_a_problem(tmp_path: Any) -> None:
    frame = cohort_of_states()
    frame.loc[0, "state"] = "cured"
    assert "unknown_state" in codes(study(tmp_path), frame)


def test_an_empty_state_is_told_with_what_to_do(tmp_path: Any) -> None:
    frame = cohort_of_states()
    frame = frame[frame["state"] != "flare"]
    with pytest.raises(CohortError, match="no analysed patient is in the state flare") as error:
        check_cohort(study(tmp_path), table_from_frame(frame)).usable()
    assert "question.event" in str(error.value)


def test_a_state_that_cannot_fill_the_folds_is_told(tmp_path: Any) -> None:
    frame = cohort_of_states()
    few = frame.index[frame["state"] == "flare"][1:]
    assert "too_few_in_state" in codes(study(tmp_path), frame.drop(few))


def test_a_state_whose_number_every_answer_would_tell_is_refused(tmp_path: Any) -> None:
    frame = cohort_of_states()
    few = frame.index[frame["state"] == "flare"][4:]
    with pytest.raises(CohortError, match=r"privacy\.cell_size") as error:
        check_cohort(study(tmp_path), table_from_frame(frame.drop(few))).usable()
    assert "too_few_in_state" in {reason.code for reason in error.value.reasons}


def test_a_small_state_is_a_warning(tmp_path: Any) -> None:
    frame = cohort_of_states()
    few = frame.index[frame["state"] == "flare"][5:]
    found = check_cohort(study(tmp_path), table_from_frame(frame.drop(few))).usable()
    assert "small_state" in {warning.code for warning in found.warnings}


def test_a_predictor_that_tells_a_state_is_suspected(tmp_path: Any) -> None:
    frame = cohort_of_states()
    frame["activity"] = np.where(frame["state"] == "flare", 20, 4 + np.arange(len(frame)) % 3)
    assert "suspected_leakage" in codes(study(tmp_path), frame)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"states": ["bad", "good"]}, "of two name the better one as event"),
        ({"states": ["a", "b", "c"], "event": [1]}, "either states, or event"),
        ({"states": ["a", "b", "a"]}, "named twice"),
        ({"states": ["a", "b", {"state": "c", "when": {"x": 1}}]}, "all but the first one"),
        ({"states": ["a", "b", {"state": "c", "values": ["B"]}]}, "named twice"),
        ({}, "name the event, or several states"),
    ],
)
def test_a_question_that_makes_no_sense_is_told(
    tmp_path: Any, question: dict[str, Any], words: str
) -> None:
    data = configuration_of_states()
    plain = {k: v for k, v in data["question"].items() if k != "states"}
    data["question"] = plain | question
    with pytest.raises(ConfigError, match=words):
        study_from(Document("study.yaml", data), tmp_path)


@pytest.mark.parametrize("models", [{"ridge": {}}, {"proportional_odds": {}, "firth": {}}])
def test_models_of_an_event_are_refused_for_states(tmp_path: Any, models: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"proportional_odds|multinomial"):
        study(tmp_path, models=models)


def test_table_one_by_state_hides_what_few_have(tmp_path: Any) -> None:
    frame = cohort_of_states()
    found = check_cohort(study(tmp_path), table_from_frame(frame)).usable()
    rows = {(r["variable"], r["statistic"]): r for r in state_table(found, 5)["rows"]}  # type: ignore[attr-defined]
    c3 = next(row for (name, _), row in rows.items() if name == "c3")
    assert all(" (" in c3[name] for name in ("all", *found.states))
    gaps = rows["c4", "missing, n (%)"]
    counts = [int(np.isnan(found.values[found.outcome == k, 3]).sum()) for k in range(3)]
    assert any(0 < count < 5 for count in counts)
    assert len({gaps[name] for name in found.states}) == 1


def test_table_one_does_not_tell_the_state_of_everybody_without_a_value(tmp_path: Any) -> None:
    frame = cohort_of_states()
    frame["c4"] = 15.0 + np.arange(len(frame)) % 7
    frame.loc[frame.index[frame["state"] == "remission"][:8], "c4"] = np.nan
    found = check_cohort(study(tmp_path), table_from_frame(frame)).usable()
    rows = [r for r in state_table(found, 5)["rows"] if r["variable"] == "c4"]  # type: ignore[attr-defined]
    assert rows[-1]["all"].startswith("8 ")
    assert {rows[-1][name] for name in found.states} == {"hidden"}
