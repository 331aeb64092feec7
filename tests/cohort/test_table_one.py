"""Table 1 and what is missing: figures of pandas, differences by hand, nothing small shown."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.cohort import Cohort
from predictor.cohort.missingness import COMPLETE, OTHER, missingness
from predictor.cohort.table_one import standardised_difference, state_difference, table_one

NAMES = ("c3", "sex", "fever")


def cohort_of(values: np.ndarray, outcome: np.ndarray, names: Any = NAMES, **more: Any) -> Cohort:
    variables = tuple(load_dictionary().variable(name) for name in names)
    content: dict[str, Any] = {
        "source": "c.csv",
        "variables": variables,
        "values": values.astype(float),
        "outcome": outcome.astype(np.int8),
        "group": None,
        "group_kind": "none",
        "patient": None,
        "flow": (),
        "warnings": (),
        "simulated": False,
    }
    return Cohort(**(content | more))


@pytest.fixture
def cohort() -> Cohort:
    generator = np.random.default_rng(8)
    values = np.column_stack(
        [
            generator.normal(80, 20, 60).round(3),
            np.repeat([0, 1], [35, 25]),
            np.tile([0, 1, 0], 20),
        ]
    )
    values[:12, 0] = np.nan
    outcome = np.tile([1, 0], 30)
    return cohort_of(values, outcome)


def rows_of(made: dict[str, Any], variable: str) -> dict[str | None, dict[str, Any]]:
    return {
        row["state"] or row["statistic"]: row for row in made["rows"] if row["variable"] == variable
    }


def test_numbers_are_those_of_pandas_to_the_digits_that_are_shown(cohort: Cohort) -> None:
    made: Any = table_one(cohort, 5)
    c3 = pd.Series(cohort.values[:, 0])
    who = {"all": c3, "event": c3[cohort.outcome == 1], "others": c3[cohort.outcome == 0]}
    rows = rows_of(made, "c3")
    for group, values in who.items():
        quartiles, mean = rows["median (quartiles)"], rows["mean (SD)"]
        assert quartiles[f"{group}_median"] == round(values.median(), 1)
        assert quartiles[f"{group}_q1"] == round(values.quantile(0.25), 1)
        assert quartiles[f"{group}_q3"] == round(values.quantile(0.75), 1)
        assert mean[f"{group}_mean"] == round(values.mean(), 1)
        assert mean[f"{group}_sd"] == round(values.std(), 1)
        assert rows["missing, n (%)"][f"{group}_count"] == values.isna().sum()
    assert made["sizes"] == {"all": 60, "event": 30, "others": 30}


def test_no_measured_value_stands_in_the_table(cohort: Cohort) -> None:
    text = json.dumps(table_one(cohort, 5))
    measured = cohort.values[~np.isnan(cohort.values[:, 0]), 0]
    assert not [v for v in measured if f"{v:.3f}" in text]


def test_states_are_counted_with_their_share_of_those_known(cohort: Cohort) -> None:
    rows = rows_of(table_one(cohort, 5), "fever")
    assert rows["yes"]["all"] == "20 (33.3%)"
    assert rows["yes"]["event_count"] + rows["no"]["event_count"] == 30
    assert rows["missing, n (%)"]["all"] == "0 (0.0%)"


def test_no_p_value_is_given(cohort: Cohort) -> None:
    assert not any(key.startswith("p") for row in table_one(cohort, 5)["rows"] for key in row)


def test_a_rare_state_is_hidden_with_its_complement() -> None:
    values = np.column_stack(
        [np.arange(31), np.r_[np.ones(2), np.zeros(29)], np.tile([0, 1], 16)[:31]]
    )
    rows = rows_of(table_one(cohort_of(values, np.arange(31) < 11), 5), "sex")
    assert {row["all"] for state, row in rows.items() if state != "missing, n (%)"} == {
        "hidden",
    }
    for state, row in rows.items():
        if state != "missing, n (%)":
            assert row["event_count"] is row["others_count"] is row["smd"] is None


def test_missing_values_of_few_hide_a_state_too() -> None:
    values = np.column_stack([np.arange(40), np.repeat([0, 1], [15, 25]), np.zeros(40)])
    values[[0, 20], 1] = np.nan
    rows = rows_of(table_one(cohort_of(values, np.arange(40) % 2), 5), "sex")
    assert rows["missing, n (%)"]["all"] == "hidden"
    shown = [row["all"] for row in rows.values()]
    assert shown.count("hidden") == 2


def test_missing_in_one_outcome_only_does_not_tell_the_outcome_of_those_without_a_value() -> None:
    values = np.column_stack([np.arange(40), np.repeat([0, 1], 20), np.tile([0, 1], 20)])
    outcome = np.arange(40) % 2
    values = values.astype(float)
    values[np.flatnonzero(outcome)[:7], 0] = np.nan
    row = rows_of(table_one(cohort_of(values, outcome), 5), "c3")["missing, n (%)"]
    assert (row["all"], row["event"], row["others"]) == ("7 (17.5%)", "hidden", "hidden")
    assert row["event_count"] is row["others_count"] is None


def test_an_outcome_of_few_is_not_described_at_all() -> None:
    values = np.column_stack([np.arange(40), np.repeat([0, 1], 20), np.tile([0, 1], 20)])
    made: Any = table_one(cohort_of(values, np.arange(40) < 4), 5)
    assert not made["by_outcome"]
    for row in made["rows"]:
        assert row["event"] == "hidden"
        assert row["others"] == "hidden"
        assert row["smd"] is None


def test_a_number_known_of_few_in_one_group_is_hidden_in_both() -> None:
    values = np.column_stack([np.arange(40), np.repeat([0, 1], 20), np.tile([0, 1], 20)]).astype(
        float
    )
    outcome = np.arange(40) % 2
    values[np.flatnonzero(outcome)[:17], 0] = np.nan  # known of three with the event
    row = rows_of(table_one(cohort_of(values, outcome), 5), "c3")["mean (SD)"]
    assert row["event"] == row["others"] == "hidden"
    assert row["all_mean"] is not None


def test_people_are_counted_where_rows_are_visits(cohort: Cohort) -> None:
    made = replace(cohort, patient=np.arange(60) // 15)  # four people
    rows = rows_of(table_one(made, 5), "c3")
    assert rows["mean (SD)"]["all"] == "hidden"


def test_one_person_is_never_summarised() -> None:
    values = np.column_stack([np.arange(9), np.zeros(9), np.zeros(9)]).astype(float)
    values[1:, 0] = np.nan
    row = rows_of(table_one(cohort_of(values, np.arange(9) % 2), 1), "c3")["mean (SD)"]
    assert row["all"] == "hidden"


def test_difference_of_means_by_hand() -> None:
    # means 3 and 6; variances 2.5 and 2.5; 3 / sqrt(2.5)
    first, second = np.array([4.0, 5, 6, 7, 8, np.nan]), np.array([1.0, 2, 3, 4, 5])
    assert standardised_difference(first, second) == round(3 / math.sqrt(2.5), 3)
    assert standardised_difference(np.array([2.0, 2.0]), np.array([2.0, 2.0])) is None
    assert standardised_difference(np.array([2.0]), second) is None


def test_difference_of_shares_by_hand() -> None:
    first, second = np.array([1.0, 1, 1, 0]), np.array([1.0, 0, 0, 0])
    by_hand = (0.75 - 0.25) / math.sqrt((0.75 * 0.25 + 0.25 * 0.75) / 2)
    assert state_difference(first, second, 2) == round(by_hand, 3)
    assert state_difference(second, first, 2) == -round(by_hand, 3)


def test_difference_over_states_does_not_depend_on_their_order() -> None:
    generator = np.random.default_rng(2)
    first, second = generator.choice(3, 50, p=[0.2, 0.3, 0.5]), generator.choice(3, 40)
    found = state_difference(first.astype(float), second.astype(float), 3)
    turned = state_difference((2.0 - first), (2.0 - second), 3)
    assert found == turned > 0
    # a state that nobody has changes nothing
    assert state_difference(first.astype(float), second.astype(float), 4) == found


def test_missing_values_are_counted_by_variable_and_by_pattern() -> None:
    values = np.zeros((100, 3))
    values[:20, 0] = np.nan
    values[10:30, 1] = np.nan  # ten have both
    made: Any = missingness(cohort_of(values, np.arange(100) % 2), 5)
    assert [row["missing"] for row in made["variables"]] == [20, 20, 0]
    assert [row["share"] for row in made["variables"]] == [0.2, 0.2, 0.0]
    patterns = {row["pattern"]: row["patients"] for row in made["patterns"]}
    labels = [row["label"] for row in made["variables"]]
    assert patterns == {
        COMPLETE: 70,
        labels[0]: 10,
        labels[1]: 10,
        f"{labels[0]}; {labels[1]}": 10,
    }


def test_a_rare_pattern_cannot_be_had_from_the_counts_by_variable() -> None:
    values = np.zeros((100, 3))
    values[:12, 0] = np.nan
    values[10:30, 1] = np.nan  # two have both: 12 less the ten that have the first alone
    made: Any = missingness(cohort_of(values, np.arange(100) % 2), 5)
    assert [row["missing"] for row in made["variables"]] == [12, 20, 0]
    patterns = {row["pattern"]: row["patients"] for row in made["patterns"]}
    assert patterns == {COMPLETE: 70, OTHER: 30}


@pytest.mark.parametrize("seed", range(30))
def test_what_patterns_leave_over_is_never_small(seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = np.where(generator.random((60, 3)) < generator.uniform(0, 0.4, 3), np.nan, 0.0)
    made: Any = missingness(cohort_of(values, np.arange(60) % 2), 5)
    shown = {row["pattern"]: row["patients"] for row in made["patterns"]}
    assert sum(shown.values()) == 60
    assert min(shown.values()) >= 5
    for row in made["variables"]:
        if row["missing"] is not None:
            listed = sum(n for name, n in shown.items() if row["label"] in name.split("; "))
            assert row["missing"] - listed == 0 or row["missing"] - listed >= 5


def test_few_missing_values_are_not_counted_exactly() -> None:
    values = np.zeros((31, 3))
    values[:2, 0] = np.nan
    values[:28, 1] = np.nan
    first, second, third = missingness(cohort_of(values, np.arange(31) % 2), 5)["variables"]
    assert (first["shown"], first["missing"], first["share"]) == ("hidden", None, None)
    assert (second["shown"], second["missing"]) == ("hidden", None)
    assert third["missing"] == 0
