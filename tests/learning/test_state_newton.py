"""Ridge fits of several states against R and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from made_states import members
from sklearn.linear_model import LogisticRegression

from predictor.learning.state_newton import StateFit, baseline, fit_states

# R 4.2.2: MASS::polr for 0, rms::lrm(penalty = ) for the others, on `made_states.members`;
# two thresholds (log-odds of a state or a better one), three coefficients.
PROPORTIONAL = {
    0.0: [0.5250565885, -1.0349176530, 0.8781090118, 0.4806540373, -0.3397986125],
    1.0: [0.5202255168, -1.0245424531, 0.8437189300, 0.4619781915, -0.3261803705],
    10.0: [0.4908058941, -0.9662365971, 0.6356459434, 0.3496645857, -0.2449896296],
}
# R: nnet::multinom, without a penalty; intercept and coefficients of the second and third state.
MULTINOMIAL = [
    [-0.1396589197, 0.5841520575, 0.3283247899, 0.0315719131],
    [-0.4461327849, 1.2410886509, 0.7136971558, -0.5635110218],
]


def fitted(kind: str, penalty: float, weights: np.ndarray | None = None) -> StateFit:
    design, state = members()
    count = np.ones(len(state)) if weights is None else weights
    member = np.eye(3)[state]
    found = fit_states(
        kind,  # type: ignore[arg-type]
        design[None],
        member[None],
        count[None],
        np.array([penalty]),
    )
    assert found.converged.all()
    return found


@pytest.mark.parametrize("penalty", PROPORTIONAL)
def test_proportional_odds_are_those_of_r(penalty: float) -> None:
    found = fitted("proportional_odds", penalty)
    both = np.concatenate([found.intercepts[0], found.slopes[0, :, 0]])
    np.testing.assert_allclose(both, PROPORTIONAL[penalty], atol=1e-5 if not penalty else 1e-8)


def test_multinomial_is_that_of_r() -> None:
    found = fitted("multinomial", 0.0)
    both = np.column_stack([found.intercepts[0], found.slopes[0].T])
    np.testing.assert_allclose(both, MULTINOMIAL, atol=1e-5)


@pytest.mark.parametrize("penalty", [0.3, 3.0, 30.0])
def test_a_penalised_multinomial_is_that_of_scikit_learn(penalty: float) -> None:
    design, state = members()
    other = LogisticRegression(C=1.0 / penalty, tol=1e-12, max_iter=10_000).fit(design, state)
    found = fitted("multinomial", penalty)
    np.testing.assert_allclose(found.slopes[0].T, other.coef_[1:] - other.coef_[0], atol=1e-6)
    np.testing.assert_allclose(
        found.intercepts[0], other.intercept_[1:] - other.intercept_[0], atol=1e-6
    )


@pytest.mark.parametrize("kind", ["proportional_odds", "multinomial"])
def test_a_count_is_the_patient_written_out_as_often(kind: str) -> None:
    design, state = members()
    count = np.random.default_rng(1).integers(0, 4, len(state))
    rows = np.repeat(np.arange(len(state)), count)
    written = fit_states(
        kind,  # type: ignore[arg-type]
        design[rows][None],
        np.eye(3)[state[rows]][None],
        np.ones((1, len(rows))),
        np.array([2.0]),
    )
    counted = fitted(kind, 2.0, count.astype(np.float64))
    np.testing.assert_allclose(counted.slopes, written.slopes, atol=1e-9)
    np.testing.assert_allclose(counted.intercepts, written.intercepts, atol=1e-9)


@pytest.mark.parametrize("kind", ["proportional_odds", "multinomial"])
def test_states_that_a_predictor_separates_have_a_finite_penalised_fit(kind: str) -> None:
    state = np.repeat([0, 1, 2], 10)
    design = np.linspace(-2, 2, 30)[:, None]
    found = fit_states(
        kind,  # type: ignore[arg-type]
        design[None],
        np.eye(3)[state][None],
        np.ones((1, 30)),
        np.array([0.1]),
    )
    assert found.converged.all()
    assert np.isfinite(found.slopes).all()


@pytest.mark.parametrize("kind", ["proportional_odds", "multinomial"])
def test_a_problem_without_one_of_the_states_is_not_solved(kind: str) -> None:
    design, state = members()
    weights = np.where(state == 1, 0.0, 1.0)
    found = fit_states(
        kind,  # type: ignore[arg-type]
        np.stack([design, design]),
        np.eye(3)[np.stack([state, state])],
        np.stack([weights, np.ones(len(state))]),
        np.ones(2),
    )
    assert found.converged.tolist() == [False, True]


def test_a_huge_penalty_leaves_the_shares_of_the_states() -> None:
    _, state = members()
    member = np.eye(3)[state][None]
    alone = baseline("proportional_odds", member, np.ones((1, len(state))), 3)
    found = fitted("proportional_odds", 1e9)
    np.testing.assert_allclose(found.intercepts, alone.intercepts, atol=1e-6)
