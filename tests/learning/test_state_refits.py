"""The whole procedure of several states in resamples."""

from __future__ import annotations

import numpy as np
import pytest
from made_states import members

from predictor.config import Config
from predictor.errors import ConfigError
from predictor.fitted.models import expit
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan
from predictor.learning.resampling import Resamples, bootstrap
from predictor.learning.state_candidates import StateCandidate, state_candidates
from predictor.learning.state_refits import refit_states, state_folds
from predictor.learning.state_replication import state_replicates

PLAN = Plan(tuple(Column(name) for name in "abc"), "median", (), 3)
RIDGE = StateCandidate(
    "proportional_odds", "Ridge", "proportional_odds", (0, 1, 2), (100.0, 10.0, 1.0, 0.1)
)


def patients() -> Patients:
    design, state = members(60)
    values = 10.0 + 3.0 * design
    values[::7, 1] = np.nan
    return Patients(values, state.astype(np.int8), None)


def test_chunks_and_threads_change_nothing() -> None:
    drawn = bootstrap(60, None, resamples=70, seed=3)
    one = refit_states(RIDGE, PLAN, patients(), 3, drawn, workers=1)
    two = refit_states(RIDGE, PLAN, patients(), 3, drawn, workers=2)
    np.testing.assert_array_equal(one.probability, two.probability)
    last = refit_states(RIDGE, PLAN, patients(), 3, drawn.part(69, 70), workers=1)
    np.testing.assert_allclose(one.probability[69:], last.probability, atol=1e-12)
    assert set(one.penalty) <= set(RIDGE.penalties)


def test_a_bundled_fit_tells_what_the_refit_told() -> None:
    whole = Resamples(np.ones((1, 60), dtype=np.int32), np.array([4], dtype=np.int64))
    found = refit_states(RIDGE, PLAN, patients(), 3, whole)
    preparation, model = found.one(RIDGE)
    told = model.probability(preparation.apply(patients().values))
    np.testing.assert_allclose(told, found.probability[0], atol=1e-12)


def test_the_shares_of_the_states_have_no_column() -> None:
    whole = Resamples(np.ones((1, 60), dtype=np.int32), np.array([4], dtype=np.int64))
    alone = StateCandidate("prevalence", "Shares", "proportional_odds", ())
    found = refit_states(alone, PLAN, patients(), 3, whole)
    share = np.bincount(patients().outcome) / 60
    np.testing.assert_allclose(found.probability[0, 0], share, atol=1e-12)
    preparation, model = found.one(alone)
    assert preparation.columns == ()
    assert preparation.names == ("a", "b", "c")
    assert model.coefficients.shape == (1, 0)


def test_one_predictor_knows_no_other() -> None:
    whole = Resamples(np.ones((1, 60), dtype=np.int32), np.array([4], dtype=np.int64))
    alone = StateCandidate("one_predictor", "b alone", "proportional_odds", (1,))
    preparation, _ = refit_states(alone, PLAN, patients(), 3, whole).one(alone)
    assert preparation.names == ("b",)


def test_nobody_stands_in_two_inner_folds_and_each_fold_has_its_share() -> None:
    state = np.repeat([0, 1, 2], [8, 12, 4])
    count = np.ones((1, 24))
    fold, number = state_folds(
        np.eye(3)[state][None], None, count, folds=4, seed=np.array([1], dtype=np.int64)
    )
    assert number.tolist() == [4]
    for k in range(4):
        assert np.bincount(state[fold[0] == k], minlength=3).tolist() == [2, 3, 1]


def test_a_group_stays_whole_in_an_inner_fold() -> None:
    group = np.repeat(np.arange(12), 2)
    state = np.repeat(np.tile([0, 1, 2], 4), 2)
    fold, _ = state_folds(
        np.eye(3)[state][None], group, np.ones((1, 24)), folds=3, seed=np.array([1])
    )
    assert all(len(np.unique(fold[0, group == g])) == 1 for g in range(12))


def test_a_resample_in_which_a_state_was_not_drawn_is_not_usable() -> None:
    count = np.stack([np.ones(60), patients().outcome != 2]).astype(np.int32)
    found = refit_states(
        RIDGE, PLAN, patients(), 3, Resamples(count, np.array([1, 2], dtype=np.int64))
    )
    assert found.usable.tolist() == [True, False]
    assert np.isnan(found.probability[1]).all()


def test_replicates_are_formulas_in_the_variables_own_units() -> None:
    whole = Resamples(np.ones((3, 60), dtype=np.int32), np.arange(3, dtype=np.int64))
    found = state_replicates(RIDGE, PLAN, patients(), 3, whole)
    assert found is not None
    values = np.nan_to_num(patients().values, nan=10.0)
    log_odds = found.log_odds(values[:, None], np.zeros(values.shape, dtype=bool))
    assert log_odds.shape == (60, 3, 2)
    known = ~np.isnan(patients().values).any(axis=1)
    weak = StateCandidate("proportional_odds", "", "proportional_odds", (0, 1, 2))
    told = refit_states(weak, PLAN, patients(), 3, whole).probability[0]
    np.testing.assert_allclose(expit(log_odds[known, 0, 1]), told[known, 2], atol=1e-9)


def test_chained_regressions_are_refused_by_name() -> None:
    config = Config.model_validate(
        {
            "name": "x",
            "question": {
                "outcome": "o",
                "states": ["a", "b", "c"],
                "horizon": "h",
                "population": "p",
            },
            "cohort": {},
            "predictors": ["c3"],
            "baseline": "c3",
            "preparation": {"imputation": "iterative"},
            "models": {"multinomial": {}},
        }
    )
    with pytest.raises(ConfigError, match="median"):
        state_candidates(config, "C3")
