"""Subgroups of the model's own cohort: figures of an independent library, hidden as in Table 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.cohort import Cohort
from predictor.cohort.predictions import NOT_RECORDED
from predictor.cohort.table_one import table_one
from predictor.validation.own_subgroups import OwnSubgroup, age_edges, own_subgroups


def cohort_of(columns: dict[str, Any], outcome: Any, **more: Any) -> Cohort:
    variables = tuple(load_dictionary().variable(name) for name in columns)
    content: dict[str, Any] = {
        "source": "c.csv",
        "variables": variables,
        "values": np.column_stack([np.asarray(c, dtype=float) for c in columns.values()]),
        "outcome": np.asarray(outcome).astype(np.int8),
        "group": None,
        "group_kind": "none",
        "patient": None,
        "flow": (),
        "warnings": (),
        "simulated": False,
    }
    return Cohort(**(content | more))


def measured(cohort: Cohort, seed: int = 0) -> tuple[dict[tuple[str, str], OwnSubgroup], Any]:
    generator = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-(cohort.outcome - 0.5 + generator.normal(size=cohort.patients))))
    rows = own_subgroups(cohort, p[None], np.zeros((1, cohort.patients), dtype=np.int64), 5)
    return {(row.by, row.group): row for row in rows}, p


def test_figures_are_those_of_scikit_learn_within_the_subgroup() -> None:
    sex = np.tile([0, 1, 1], 40)
    cohort = cohort_of({"sex": sex, "c3": np.arange(120)}, np.arange(120) % 2)
    found, p = measured(cohort)
    assert len(found) == 2
    for state, name in enumerate(cohort.variables[0].states):
        row: Any = found["sex", name]
        who = sex == state
        assert (row.n, row.events) == (who.sum(), cohort.outcome[who].sum())
        assert row.auroc == pytest.approx(roc_auc_score(cohort.outcome[who], p[who]))
        assert row.auroc_low < row.auroc < row.auroc_high
        assert row.brier == pytest.approx(brier_score_loss(cohort.outcome[who], p[who]))
        assert row.observed_expected == pytest.approx(cohort.outcome[who].sum() / p[who].sum())
        assert row.observed_expected_low < row.observed_expected < row.observed_expected_high


def test_patients_are_compared_within_their_test_fold() -> None:
    outcome = np.tile([0, 1], 20)
    cohort = cohort_of({"sex": np.repeat([0, 1], 20)}, outcome)
    fold = np.tile([0, 0, 1, 1], 10)
    p = 0.2 + 0.3 * fold + 0.1 * outcome  # perfect within a fold, and not across them
    found = own_subgroups(cohort, p[None], fold[None], 5)
    assert [row.auroc for row in found] == [1.0, 1.0]


def test_age_makes_groups_at_round_ages() -> None:
    age = np.tile([20, 25, 31, 45, 48, 52, 63, 70], 20)
    found, _ = measured(cohort_of({"age": age}, np.arange(160) % 2 == np.arange(160) // 80))
    assert [group for _, group in found] == ["under 30", "30 to under 50", "50 and over"]
    assert [row.n for row in found.values()] == [40, 60, 60]
    assert age_edges(np.array([30.0, 30.0])) == []
    assert age_edges(np.array([30.0])) == []


def test_numbers_make_no_subgroups() -> None:
    cohort = cohort_of({"c3": np.arange(40)}, np.arange(40) % 2)
    assert not measured(cohort)[0]


def test_small_subgroups_are_hidden_exactly_where_table_one_hides_them() -> None:
    fever = np.r_[np.ones(3), np.zeros(37)]
    cohort = cohort_of({"fever": fever}, np.arange(40) % 2)
    found, _ = measured(cohort)
    assert all(row.n is row.events is row.auroc is None for row in found.values())
    table: Any = table_one(cohort, 5)
    assert all(row["event_count"] is None for row in table["rows"] if row["state"])


def test_a_subgroup_of_one_outcome_is_hidden_as_its_0_would_tell_that_of_all() -> None:
    fever = np.repeat([0, 1], [30, 10])
    outcome = np.r_[np.tile([0, 1], 15), np.zeros(10)]
    found, _ = measured(cohort_of({"fever": fever}, outcome))
    row = found["fever", "yes"]
    assert (row.n, row.events, row.auroc) == (None, None, None)
    # With it the other state, from which it would follow.
    assert found["fever", "no"].n is None


def test_who_has_no_value_is_a_subgroup() -> None:
    sex = np.repeat([0.0, 1.0, np.nan], 20)
    found, _ = measured(cohort_of({"sex": sex}, np.arange(60) % 2))
    assert [group for _, group in found][-1] == NOT_RECORDED
    assert found["sex", NOT_RECORDED].n == 20


def test_rows_of_few_people_are_few() -> None:
    cohort = cohort_of(
        {"fever": np.repeat([0, 1], 40)}, np.arange(80) % 2, patient=np.arange(80) // 20
    )
    assert all(row.n is None for row in measured(cohort)[0].values())


def test_an_outcome_of_few_people_hides_all_subgroups() -> None:
    cohort = cohort_of({"fever": np.repeat([0, 1], 40)}, np.arange(80) < 4)
    assert all(row.n is None for row in measured(cohort)[0].values())
