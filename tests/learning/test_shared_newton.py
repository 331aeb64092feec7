"""Ridge by sums of centres: scikit-learn's and scipy's fits to all rows, and finite differences."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import optimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from predictor.errors import LearningError
from predictor.learning.shared_newton import (
    Climb,
    Derivatives,
    HeldOut,
    advanced,
    derivatives,
    held_out,
    start,
    summed,
)


def rows(n: int = 240, columns: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(n, columns))
    odds = -0.5 + design @ np.linspace(1.5, -0.5, columns)
    return design, (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(float)


def objective(at: np.ndarray, design: np.ndarray, outcome: np.ndarray, penalty: float) -> float:
    """Penalised log-likelihood, from its definition."""
    odds = at[0] + design @ at[1:]
    return float((outcome * odds - np.logaddexp(0, odds)).sum() - penalty / 2 * at[1:] @ at[1:])


def climbed(
    parts: list[tuple[np.ndarray, np.ndarray]], penalty: float, most: int = 40
) -> tuple[Climb, int]:
    """Every centre tells its sums until there is no step left."""
    n, events = sum(len(y) for _, y in parts), int(sum(y.sum() for _, y in parts))
    climb = start(n, events, parts[0][0].shape[1])
    for exchanges in range(1, most):
        told = summed([derivatives(x, y, climb.position) for x, y in parts])
        climb = advanced(climb, told, penalty, "test")
        if climb.converged:
            return climb, exchanges
    raise AssertionError("no convergence")


def split(design: np.ndarray, outcome: np.ndarray, *ends: int) -> list[Any]:
    return list(zip(np.split(design, ends), np.split(outcome, ends), strict=True))


@pytest.mark.parametrize("penalty", [0.01, 1.0, 30.0])
def test_the_fit_is_that_of_scikit_learn_to_all_rows(penalty: float) -> None:
    design, outcome = rows()
    climb, exchanges = climbed(split(design, outcome, 50, 130), penalty)
    fit = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-12, max_iter=200)
    fit.fit(design, outcome)
    expected = [*fit.intercept_, *fit.coef_[0]]
    assert climb.position == pytest.approx(expected, abs=1e-8)
    assert exchanges <= 7


@pytest.mark.parametrize("seed", range(3))
def test_no_optimiser_finds_more(seed: int) -> None:
    design, outcome = rows(seed=seed)
    climb, _ = climbed(split(design, outcome, 100), 0.5)

    def below(at: np.ndarray) -> float:
        return -objective(at, design, outcome, 0.5)

    found = optimize.minimize(below, np.zeros(5), method="BFGS", tol=1e-8)
    assert climb.position == pytest.approx(found.x, abs=1e-6)
    assert objective(climb.position, design, outcome, 0.5) >= -found.fun - 1e-10


def test_how_rows_are_spread_over_centres_does_not_matter() -> None:
    design, outcome = rows()
    alone, _ = climbed([(design, outcome)], 1.0)
    order = np.random.default_rng(4).permutation(len(outcome))
    for parts in (
        split(design, outcome, 3, 200),
        split(design[order], outcome[order], 20, 40, 60, 80),
    ):
        assert climbed(parts, 1.0)[0].position == pytest.approx(alone.position, abs=1e-12)


def test_gradient_and_information_are_the_derivatives_of_the_likelihood() -> None:
    design, outcome = rows(60, 3)
    at = np.array([0.3, -0.7, 0.2, 1.1])
    found = derivatives(design, outcome, at)
    assert found.log_likelihood == pytest.approx(objective(at, design, outcome, 0.0), rel=1e-12)
    h = 1e-5
    for j in range(4):
        side = h * np.eye(4)[j]
        up, down = (derivatives(design, outcome, at + sign * side) for sign in (1, -1))
        slope = (up.log_likelihood - down.log_likelihood) / (2 * h)
        assert found.gradient[j] == pytest.approx(slope, abs=1e-6)
        bend = (up.gradient - down.gradient) / (2 * h)
        assert -found.information[j] == pytest.approx(bend, abs=1e-5)


def test_the_sums_of_centres_are_the_sums_of_all_rows() -> None:
    design, outcome = rows()
    at = np.array([0.1, 1.0, -1.0, 0.5, 0.0])
    whole = derivatives(design, outcome, at)
    told = summed([derivatives(x, y, at) for x, y in split(design, outcome, 7, 90, 91)])
    assert told.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)
    assert told.gradient == pytest.approx(whole.gradient, abs=1e-11)
    assert told.information == pytest.approx(whole.information, abs=1e-11)


def test_the_start_is_the_empty_model() -> None:
    design, outcome = rows()
    n, events = len(outcome), int(outcome.sum())
    climb = start(n, events, 4)
    told = derivatives(design, outcome, climb.position)
    assert told.gradient[0] == pytest.approx(0.0, abs=1e-10)
    entropy = events * np.log(events / n) + (n - events) * np.log(1 - events / n)
    assert told.log_likelihood == pytest.approx(entropy, rel=1e-12)


@pytest.mark.parametrize("events", [0, 20])
def test_one_outcome_alone_is_no_start(events: int) -> None:
    with pytest.raises(LearningError, match="same outcome"):
        start(20, events, 3)


def test_a_step_too_far_is_halved_and_the_end_is_the_same() -> None:
    """From coefficients at which everybody is certain, a full step would leave the numbers."""
    design, outcome = rows()
    far = Climb(np.array([0.0, 6.0, 6.0, 6.0, 6.0]))
    halved = 0
    for _ in range(200):
        told = derivatives(design, outcome, far.position)
        far = advanced(far, told, 1.0, "test")
        halved += far.halvings > 0
        if far.converged:
            break
    assert far.converged
    assert halved
    assert far.position == pytest.approx(climbed([(design, outcome)], 1.0)[0].position, abs=1e-8)


def test_what_never_improves_is_told_by_name() -> None:
    design, outcome = rows(40, 2)
    told = derivatives(design, outcome, np.zeros(3))
    climb = Climb(np.zeros(3), np.zeros(3), np.ones(3), objective=0.0, halvings=30)
    with pytest.raises(LearningError, match=r"without fold 2: the fit does not converge.*penalty"):
        advanced(climb, told, 1.0, "ridge without fold 2")


def test_columns_that_repeat_each_other_need_a_penalty() -> None:
    design, outcome = rows(40, 1)
    twice = np.hstack([design, design])
    told = derivatives(twice, outcome, np.zeros(3))
    assert advanced(Climb(np.zeros(3)), told, 0.1, "test").position[1] > 0.0
    exact = Derivatives(told.log_likelihood, told.gradient, np.ones((3, 3)))
    with pytest.raises(LearningError, match="does not converge"):
        advanced(Climb(np.zeros(3)), exact, 0.0, "test")


def test_what_is_held_out_is_measured_as_scikit_learn_does() -> None:
    design, outcome = rows(80, 3)
    at = np.array([-0.2, 0.5, 0.5, -1.0])
    p = 1 / (1 + np.exp(-(at[0] + design @ at[1:])))
    parts = [held_out(x, y, at) for x, y in split(design, outcome, 30, 30, 55)]
    found = HeldOut()
    for part in parts:
        found = found.plus(part)
    assert found.log_loss == pytest.approx(log_loss(outcome, p, normalize=False), rel=1e-10)
    assert found.squares == pytest.approx(np.square(outcome - p).sum(), rel=1e-12)
    assert found.expected == pytest.approx(p.sum(), rel=1e-12)


@pytest.mark.parametrize("size", [1e3, -1e3])
def test_certain_probabilities_leave_numbers(size: float) -> None:
    told = derivatives(np.array([[1.0], [-1.0]]), np.array([1.0, 0.0]), np.array([0.0, size]))
    assert np.isfinite(told.log_likelihood)
    assert told.log_likelihood == pytest.approx(0.0 if size > 0 else -2e3)
    assert np.isfinite(told.gradient).all()


def test_files_hold_every_digit() -> None:
    design, outcome = rows(30, 3)
    told = derivatives(design, outcome, np.full(4, 0.1))
    back = Derivatives.from_dict(json.loads(json.dumps(told.to_dict())), 3)
    assert (back.log_likelihood, back.gradient.tolist()) == (
        told.log_likelihood,
        told.gradient.tolist(),
    )
    assert back.information == pytest.approx(told.information, abs=1e-12)
    assert (back.information == back.information.T).all()
    climb = advanced(start(30, int(outcome.sum()), 3), told, 1.0, "test")
    again = Climb.from_dict(json.loads(json.dumps(climb.to_dict())))
    assert again.to_dict() == climb.to_dict()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("gradient", [0.0, 0.0], "another model"),
        ("information", [0.0], "another model"),
        ("log_likelihood", float("nan"), "no number"),
        ("gradient", [0.0, float("inf"), 0.0], "no number"),
    ],
)
def test_what_cannot_be_sums_is_refused(key: str, value: Any, message: str) -> None:
    data = derivatives(*rows(20, 2), np.zeros(3)).to_dict() | {key: value}
    with pytest.raises(ValueError, match=message):
        Derivatives.from_dict(data, 2)


def test_coefficients_that_are_none_are_refused() -> None:
    data = start(9, 3, 1).to_dict()
    for broken in ({"position": None}, {"position": [0.0, float("nan")]}):
        with pytest.raises(ValueError, match="no numbers"):
            Climb.from_dict(data | broken)
