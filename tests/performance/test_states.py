"""Figures of several states against definitions written out."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.performance.discrimination import auroc
from predictor.performance.states import (
    brier_of_states,
    expected_state,
    figures,
    log_loss_of_states,
    ranked_probability_score,
)

NAMES = ("worst", "middle", "best")


def made(n: int = 40, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.permutation(np.arange(n) % 3), rng.dirichlet([1, 1, 1], n)


def test_scores_by_hand() -> None:
    state, told = np.array([0, 2]), np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    np.testing.assert_allclose(log_loss_of_states(state, told), -np.log([0.5, 0.2]))
    np.testing.assert_allclose(
        brier_of_states(state, told), [0.25 + 0.09 + 0.04, 0.25 + 0.09 + 0.64]
    )
    # Over cumulative probabilities 0.5 and 0.8: (0.5^2 + 0.2^2) / 2 and (0.5^2 + 0.8^2) / 2.
    np.testing.assert_allclose(ranked_probability_score(state, told), [0.145, 0.445])


def test_a_miss_by_two_states_costs_more_than_one_by_one() -> None:
    told = np.array([[0.8, 0.1, 0.1]])
    near, far = (ranked_probability_score(np.array([k]), told)[0] for k in (1, 2))
    assert far > near


def test_orc_is_the_mean_of_pairwise_c_and_generalised_c_counts_pairs() -> None:
    state, told = made()
    score = expected_state(told)
    areas, won, pairs = [], 0.0, 0
    for worse, better in combinations(range(3), 2):
        rows = (state == worse) | (state == better)
        areas.append(auroc((state[rows] == better).astype(float), score[rows]))
    for i, j in combinations(range(len(state)), 2):
        if state[i] != state[j]:
            pairs += 1
            gap = (score[i] - score[j]) * np.sign(state[i] - state[j])
            won += 0.5 * (np.sign(gap) + 1.0)
    found = figures(state, told[None], np.ones((1, len(state))), NAMES)
    assert found["orc"][0] == pytest.approx(np.mean(areas), abs=1e-12)
    assert found["generalised_c"][0] == pytest.approx(won / pairs, abs=1e-12)


def test_a_count_is_the_patient_written_out_as_often() -> None:
    state, told = made()
    count = np.random.default_rng(2).integers(0, 3, len(state))
    rows = np.repeat(np.arange(len(state)), count)
    counted = figures(state, told[None], count[None].astype(float), NAMES)
    written = figures(state[rows], told[rows][None], np.ones((1, len(rows))), NAMES)
    for name in counted:
        np.testing.assert_allclose(counted[name], written[name], atol=1e-7, err_msg=name)


def test_the_shares_of_the_states_explain_nothing_and_order_nobody() -> None:
    state, _ = made(30)
    told = np.tile(np.bincount(state) / 30, (30, 1))
    found = figures(state, told[None], np.ones((1, 30)), NAMES)
    assert found["orc"][0] == 0.5
    for name in ("scaled_log_loss", "scaled_brier", "scaled_rps"):
        assert found[name][0] == pytest.approx(0.0, abs=1e-12)
    assert found["intercept_best"][0] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(found["slope_best"][0])


def test_a_state_without_anybody_has_no_c() -> None:
    state, told = np.array([0, 0, 1, 1]), made(4)[1]
    found = figures(state, told[None], np.ones((1, 4)), NAMES)
    assert np.isnan(found["orc"][0])
    assert 0 <= found["generalised_c"][0] <= 1


@given(st.integers(0, 2**32 - 1))
def test_figures_stay_in_their_range(seed: int) -> None:
    state, told = made(24, seed)
    found = figures(state, told[None], np.ones((1, 24)), NAMES)
    assert 0 <= found["orc"][0] <= 1
    assert 0 <= found["rps"][0] <= 1
    assert 0 <= found["brier"][0] <= 2
