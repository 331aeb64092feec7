"""Validation of several states: corrected figures, sample size, the two tests."""

from __future__ import annotations

import numpy as np
import pytest
from made_states import members

from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan
from predictor.learning.resampling import Resamples
from predictor.learning.splits import repeated_folds
from predictor.learning.state_candidates import StateCandidate
from predictor.learning.state_refits import refit_states
from predictor.validation.samplesize import for_training
from predictor.validation.state_size import for_states
from predictor.validation.state_tests import proportionality, state_signal
from predictor.validation.states import (
    corrected_figures,
    cross_validated_figures,
    out_of_fold,
)

NAMES = ("a", "b", "c")
PLAN = Plan(tuple(Column(name) for name in "xyz"), "median", (), 3)
RIDGE = StateCandidate("proportional_odds", "Ridge", "proportional_odds", (0, 1, 2), (1.0,))


def patients(n: int = 90) -> Patients:
    design, state = members(n)
    return Patients(design, state.astype(np.int8), None)


def test_optimism_is_the_mean_difference_over_the_refits() -> None:
    cohort = patients()
    state = cohort.outcome.astype(np.int64)
    rng = np.random.default_rng(1)
    count = rng.multinomial(90, [1 / 90] * 90, size=50).astype(np.int32)
    fits = refit_states(RIDGE, PLAN, cohort, 3, Resamples(count, np.arange(50)))
    whole = refit_states(
        RIDGE, PLAN, cohort, 3, Resamples(np.ones((1, 90), dtype=np.int32), np.zeros(1, dtype=int))
    )
    folds = repeated_folds(cohort.outcome, None, folds=3, repeats=2, seed=1)
    beside = cross_validated_figures(
        state, np.stack([whole.probability[0]] * 2), folds, NAMES, None, 1
    )
    rows = corrected_figures(
        state, whole.probability[0], fits.probability, count.astype(float), NAMES, beside
    )
    found = {row.name: row for row in rows}
    loss = found["log_loss"]
    own = np.take_along_axis(
        fits.probability, np.broadcast_to(state[:, None], (50, 90, 1)), axis=2
    )[..., 0]
    each = -np.log(own)
    optimism = ((each * count).sum(axis=1) / 90 - each.mean(axis=1)).mean()
    assert loss.optimism == pytest.approx(optimism, abs=1e-12)
    assert loss.corrected == pytest.approx((loss.apparent or 0.0) - optimism, abs=1e-12)
    assert loss.corrected > (loss.apparent or 0.0)
    assert all(row.corrected_low <= row.corrected_high for row in rows if row.corrected_low)


def test_pairs_are_of_the_same_fold() -> None:
    state = np.array([0, 1, 2] * 4)
    folds = repeated_folds(state.astype(np.int8), None, folds=2, repeats=1, seed=1)
    # Each fold is ordered rightly, and one lies above the other.
    told = np.full((1, 12, 3), 0.1)
    told[0, np.arange(12), state] = 0.8
    high = folds.fold[0] == 1
    told[0, high] = 0.5 * told[0, high] + 0.5 * np.array([0.0, 0.0, 1.0])
    found = out_of_fold(state, told, folds, np.ones((1, 12)), NAMES)
    assert found["orc"][0] == 1.0


def test_signal_is_found_where_there_is_some() -> None:
    cohort = patients()
    folds = repeated_folds(cohort.outcome, None, folds=3, repeats=1, seed=1)
    found = state_signal(
        RIDGE, PLAN, cohort, 3, folds, permutations=39, seed=1, not_repeated=(), workers=1
    )
    assert found.p_value == pytest.approx(1 / 40)
    random = Patients(np.random.default_rng(3).normal(size=(90, 3)), cohort.outcome, None)
    none = state_signal(
        RIDGE, PLAN, random, 3, folds, permutations=39, seed=1, not_repeated=(), workers=1
    )
    assert none.p_value > 0.05


def test_proportional_odds_are_not_blamed_where_they_hold_and_are_where_they_do_not() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(300, 3))
    latent = values @ [1.0, 0.5, 0.0] + rng.logistic(size=300)
    holds = (latent > -0.7).astype(np.int8) + (latent > 0.7).astype(np.int8)
    one = proportionality(PLAN, Patients(values, holds, None), 3, cohorts=59, seed=1, workers=1)
    # The middle state is that of large values of either sign.
    middle = np.abs(values[:, 0]) > 1.0
    departs = np.where(middle, 1, np.where(rng.random(300) < 0.5, 0, 2)).astype(np.int8)
    departs[values[:, 0] > 1.0] = 2
    two = proportionality(PLAN, Patients(values, departs, None), 3, cohorts=59, seed=1, workers=1)
    assert one is not None
    assert two is not None
    assert one.p_value > 0.05
    assert two.p_value <= 0.05


def test_multinomial_sample_size_is_that_of_each_pair() -> None:
    counts, names = (45, 35, 6), ("a", "b", "c")
    found = for_states("multinomial", counts, names, 10)
    needed = {row.name: row.n for row in found.criteria}
    pair = for_training(6 / 41, 10)
    shrinkage = next(c.n for c in pair.criteria if c.name == "shrinkage")
    assert needed["shrinkage of b against c"] == int(np.ceil(shrinkage * 86 / 41))
    assert found.n == max(needed.values())
    assert for_states("proportional_odds", counts, names, 10).n < found.n
