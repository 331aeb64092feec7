"""Stacked elastic nets against the single ones, the optimality conditions and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hostile_designs import KINDS, Stack, stack_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from predictor.learning.batch_elastic_net import elastic_net
from predictor.learning.batch_newton import BatchFit, ridge
from predictor.learning.elastic_net import ElasticNetLogistic

Floats = NDArray[np.float64]
# A grid: penalties from "everything is 0" to hardly any, shares from ridge to lasso.
PENALTIES = np.array([[300.0, 10.0, 10.0, 3.0, 1.0, 0.3, 0.1]])
SHARES = np.array([[0.5, 0.9, 0.2, 0.5, 0.0, 0.5, 0.7]])


def solve(stack: Stack, penalties: Floats = PENALTIES, shares: Floats = SHARES) -> BatchFit:
    return elastic_net(stack.standardised, stack.outcome, stack.weights, penalties, shares)


def breach(
    x: Floats, y: Floats, fit: BatchFit, place: tuple[int, int], penalty: float, share: float
) -> float:
    """How far the subgradient of the objective is from holding 0, per patient."""
    b = fit.coefficients[place]
    p = 0.5 + 0.5 * np.tanh(0.5 * (x @ b + fit.intercept[place]))
    slope = (y - p) @ x - penalty * (1 - share) * b
    bound = penalty * share
    of_zero = np.maximum(np.abs(slope) - bound, 0)
    of_others = np.abs(slope - bound * np.sign(b))
    worst = max(abs((y - p).sum()), np.where(b == 0, of_zero, of_others).max(initial=0))
    return float(worst / len(y) / max(1.0, np.abs(x).max(initial=0)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_every_setting_meets_the_optimality_conditions(kind: str, seed: int) -> None:
    """Sufficient for the optimum: the objective is convex."""
    stack = stack_of(seed, kind)
    shares = np.array([[0.5, 1.0, 0.2, 1.0, 0.0, 0.5, 1.0]])
    fit = solve(stack, PENALTIES, shares)
    assert fit.converged.all()
    assert not fit.separated.any()
    for g in range(len(stack.weights)):
        x, y = stack.written_out(g, standardised=True)
        for p in range(shares.size):
            assert breach(x, y, fit, (g, p), PENALTIES[0, p], shares[0, p]) < 1e-9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_equals_the_single_fit_on_written_out_rows(kind: str, seed: int) -> None:
    stack = stack_of(seed, kind, groups=2)
    fit = solve(stack)
    for g in range(2):
        x, y = stack.written_out(g, standardised=True)
        for p, (penalty, share) in enumerate(zip(PENALTIES[0], SHARES[0], strict=True)):
            one = ElasticNetLogistic(penalty, share).fit(x, y)
            own = breach(
                x,
                y,
                BatchFit(one.intercept_[None], one.coef_[None], *[np.ones((1, 1), bool)] * 2),
                (0, 0),
                penalty,
                share,
            )
            # The single fit may stop early where coordinate descent crawls.
            tolerance = 1e-6 if own < 1e-9 else 1e-4
            found = x @ fit.coefficients[g, p] + fit.intercept[g, p]
            assert found == pytest.approx(one.decision_function(x), rel=tolerance, abs=tolerance)
            if share < 1 and own < 1e-9:
                assert fit.coefficients[g, p] == pytest.approx(one.coef_[0], rel=1e-5, abs=1e-6)


def test_without_absolute_values_it_is_the_ridge() -> None:
    stack = stack_of(8)
    penalties = np.array([[0.1, 1.0, 10.0]])
    fit = solve(stack, penalties, np.zeros((1, 3)))
    expected = ridge(stack.standardised, stack.outcome, stack.weights, penalties)
    assert fit.coefficients == pytest.approx(expected.coefficients, abs=1e-8)
    assert fit.intercept == pytest.approx(expected.intercept, abs=1e-8)


def test_agrees_with_scikit_learns_saga() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 5))
    y = (rng.random(60) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    weights = rng.integers(0, 3, (2, 60)).astype(float)
    fit = elastic_net(np.stack([x, x]), y, weights, np.array([[4.0]]), np.array([[0.5]]))
    for g in range(2):
        model = LogisticRegression(
            l1_ratio=0.5, C=0.25, solver="saga", tol=1e-10, max_iter=100_000, random_state=0
        ).fit(x, y, sample_weight=weights[g])
        assert fit.coefficients[g, 0] == pytest.approx(model.coef_[0], abs=1e-6)
        assert ((fit.coefficients[g, 0] == 0) == (model.coef_[0] == 0)).all()


def test_two_equal_columns_share_their_coefficient() -> None:
    stack = stack_of(1)
    doubled = np.concatenate([stack.standardised[..., :1]] * 2, axis=2)
    penalties, shares = np.array([[1.0, 1.0]]), np.array([[0.5, 1.0]])
    fit = elastic_net(doubled, stack.outcome, stack.weights, penalties, shares)
    assert fit.converged.all()
    assert fit.coefficients[:, 0, 0] == pytest.approx(fit.coefficients[:, 0, 1], abs=1e-9)


def test_a_large_penalty_leaves_the_prevalence() -> None:
    stack = stack_of(2)
    fit = solve(stack, np.array([[1e6]]), np.array([[0.5]]))
    assert (fit.coefficients == 0).all()
    share = (stack.weights @ stack.outcome) / stack.weights.sum(axis=1)
    assert fit.intercept[:, 0] == pytest.approx(np.log(share / (1 - share)), abs=1e-9)


def test_each_group_may_have_its_own_setting() -> None:
    stack = stack_of(9)
    penalties, shares = np.array([[0.1], [1.0], [3.0], [10.0]]), np.array([[0.9], [0.5], [0], [1]])
    own = solve(stack, penalties, shares.astype(float))
    for g in range(4):
        same = solve(stack, penalties[[g]], shares[[g]].astype(float))
        assert own.coefficients[g] == pytest.approx(same.coefficients[g], abs=1e-9)


def test_patients_outside_the_group_have_no_influence() -> None:
    stack = stack_of(7)
    w = stack.weights.copy()
    w[:, :3], w[:, -2:] = 0.0, 1.0
    y = np.r_[stack.outcome[:-2], 0.0, 1.0]
    other = stack.standardised.copy()
    other[:, :3] = 1e12
    one = elastic_net(stack.standardised, y, w, PENALTIES, SHARES)
    two = elastic_net(other, np.r_[1 - y[:3], y[3:]], w, PENALTIES, SHARES)
    assert (one.coefficients == two.coefficients).all()


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 8), q=st.integers(0, 5))
@settings(max_examples=60)
def test_tiny_problems_are_solved_without_a_warning(seed: int, n: int, q: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, q)) * 10.0 ** rng.integers(-12, 13, q)
    if q > 1:
        x[:, 1] = rng.integers(0, 2, n)
    y = np.zeros(n)
    y[: max(1, n // 2)] = 1
    w = rng.integers(0, 3, (3, n)).astype(float)
    w[:, 0] = w[:, -1] = 1
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        fit = solve(Stack(x, y, w))
    assert fit.converged.all()
    assert np.isfinite(fit.coefficients).all()
