"""Stacked fits against the single fits on written-out rows, R and scikit-learn."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hostile_designs import KINDS, Stack, stack_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from predictor.learning import stacked_columns
from predictor.learning.batch_newton import BatchFit, firth, intercepts, maximum_likelihood, ridge
from predictor.learning.estimators import FirthLogistic, RidgeLogistic
from predictor.learning.newton import LogisticFit, newton_logistic

Floats = NDArray[np.float64]
PENALTIES = np.array([[300.0, 10.0, 1.0, 0.1, 0.01]])


def assert_same(
    batch: BatchFit, place: tuple[int, int], one: LogisticFit, columns: Floats, tolerance: float
) -> None:
    """The same verdict, and the same log-odds of the patients of the fit."""
    assert batch.converged[place] == one.converged
    assert batch.separated[place] == one.separated
    if one.converged:
        found = columns @ batch.coefficients[place] + batch.intercept[place]
        expected = columns @ one.coefficients + one.intercept
        assert found == pytest.approx(expected, rel=tolerance, abs=tolerance)


class TestAgainstTheSingleFit:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("seed", range(4))
    def test_ridge_for_all_penalties(self, kind: str, seed: int) -> None:
        stack = stack_of(seed, kind)
        fit = ridge(stack.standardised, stack.outcome, stack.weights, PENALTIES)
        assert fit.converged.all()
        for g in range(len(stack.weights)):
            x, y = stack.written_out(g, standardised=True)
            for p, penalty in enumerate(PENALTIES[0]):
                one = newton_logistic(x, y, penalty=penalty)
                assert_same(fit, (g, p), one, x, 1e-7)
                assert fit.coefficients[g, p] == pytest.approx(one.coefficients, abs=1e-6)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("seed", range(4))
    def test_maximum_likelihood_and_its_separation(self, kind: str, seed: int) -> None:
        stack = stack_of(seed, kind)
        fit = maximum_likelihood(stack.design, stack.outcome, stack.weights)
        for g in range(len(stack.weights)):
            x, y = stack.written_out(g)
            assert_same(fit, (g, 0), newton_logistic(x, y), x, 1e-6)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("seed", range(4))
    def test_firth_and_flic(self, kind: str, seed: int) -> None:
        stack = stack_of(seed, kind)
        plain = firth(stack.design, stack.outcome, stack.weights, flic=False)
        corrected = firth(stack.design, stack.outcome, stack.weights, flic=True)
        assert (corrected.coefficients == plain.coefficients).all()
        for g in range(len(stack.weights)):
            x, y = stack.written_out(g)
            one = newton_logistic(x, y, firth=True)
            assert_same(plain, (g, 0), one, x, 1e-6)
            if one.converged:
                expected = FirthLogistic().fit(x, y).decision_function(x)
                found = x @ corrected.coefficients[g, 0] + corrected.intercept[g, 0]
                assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)
                mean = (1 / (1 + np.exp(-found))).mean()
                assert mean == pytest.approx(y.mean(), abs=1e-7)

    def test_firth_of_many_columns_converges_where_the_usual_steps_would_not(self) -> None:
        """86 patients and 16 predictors in the inner folds of bootstrap resamples."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(86, 16))
        y = (rng.random(86) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
        w = np.array([np.bincount(rng.integers(0, 86, 86), minlength=86) for _ in range(60)])
        stack = Stack(x, y, w * (rng.random(w.shape) < 0.8).astype(float))
        fit = firth(stack.design, y, stack.weights, flic=False)
        assert fit.converged.all()
        for g in range(0, 60, 6):
            rows, outcome = stack.written_out(g)
            assert_same(fit, (g, 0), newton_logistic(rows, outcome, firth=True), rows, 1e-7)

    @pytest.mark.parametrize("limit", [0, 500])
    def test_without_the_memory_for_pairs(
        self, monkeypatch: pytest.MonkeyPatch, limit: int
    ) -> None:
        monkeypatch.setattr(stacked_columns, "MOST_PAIRS", limit)
        monkeypatch.setattr("predictor.learning.stacked_newton.MOST_PAIRS", limit)
        stack = stack_of(3)
        with_ridge = ridge(stack.standardised, stack.outcome, stack.weights, PENALTIES)
        with_firth = firth(stack.design, stack.outcome, stack.weights, flic=False)
        for g in range(len(stack.weights)):
            x, y = stack.written_out(g, standardised=True)
            assert_same(with_ridge, (g, 2), newton_logistic(x, y, penalty=1.0), x, 1e-7)
            x, y = stack.written_out(g)
            assert_same(with_firth, (g, 0), newton_logistic(x, y, firth=True), x, 1e-7)

    def test_fractional_weights(self) -> None:
        stack = stack_of(4)
        w = np.random.default_rng(1).random(stack.weights.shape) + 0.1
        w[:, 0] = 0.0
        fits = {
            "ml": maximum_likelihood(stack.design, stack.outcome, w),
            "firth": firth(stack.design, stack.outcome, w, flic=False),
            "ridge": ridge(stack.design, stack.outcome, w, np.array([[2.0]])),
        }
        options = {"ml": {}, "firth": {"firth": True}, "ridge": {"penalty": 2.0}}
        for name, fit in fits.items():
            for g in range(len(w)):
                one = newton_logistic(stack.columns, stack.outcome, weights=w[g], **options[name])
                assert_same(fit, (g, 0), one, stack.columns, 1e-7)


class TestSeparation:
    @pytest.mark.parametrize(
        ("x", "y"),
        [
            ([-2, -1, 1, 2], [0, 0, 1, 1]),  # complete
            ([-1, 0, 0, 1], [0, 0, 1, 1]),  # quasi
            ([0, 0, 0, 1], [0, 1, 0, 1]),  # a state that only events have
        ],
    )
    def test_is_told_and_penalised_fits_are_finite(self, x: list[float], y: list[int]) -> None:
        columns, outcome = np.array([x], dtype=float)[..., None], np.array(y, dtype=float)
        weights = np.ones((1, 4))
        fit = maximum_likelihood(columns, outcome, weights)
        assert (fit.separated.item(), fit.converged.item()) == (True, False)
        for finite in (
            ridge(columns, outcome, weights, np.array([[0.1]])),
            firth(columns, outcome, weights, flic=True),
        ):
            assert finite.converged.item()
            assert not finite.separated.item()
            assert np.isfinite(finite.coefficients).all()

    def test_of_one_group_does_not_touch_the_others(self) -> None:
        rng = np.random.default_rng(0)
        x = rng.normal(size=(30, 2))
        y = (x[:, 0] + rng.normal(size=30) > 0).astype(float)
        split = np.where((x[:, 0] > 0) == (y == 1), 1.0, 0.0)
        fit = maximum_likelihood(np.stack([x, x]), y, np.stack([split, np.ones(30)]))
        assert fit.separated[:, 0].tolist() == [True, False]
        one = newton_logistic(x, y)
        assert fit.coefficients[1, 0] == pytest.approx(one.coefficients, abs=1e-8)


class TestPatientsOutsideTheGroup:
    @pytest.mark.parametrize("extreme", [1e6, 1e12, 1e300])
    def test_their_values_and_outcomes_have_no_influence(self, extreme: float) -> None:
        stack = stack_of(7)
        w = stack.weights.copy()
        w[:, :3] = 0.0
        w[:, -1] = w[:, -2] = 1.0
        y = stack.outcome.copy()
        y[-2:] = 0.0, 1.0
        other = stack.design.copy()
        other[:, :3] = extreme
        flipped = np.r_[1 - y[:3], y[3:]]
        for solve in (
            lambda x, y: maximum_likelihood(x, y, w),
            lambda x, y: firth(x, y, w, flic=False),
            lambda x, y: ridge(x, y, w, PENALTIES),
        ):
            one, two = solve(stack.design, y), solve(other, flipped)
            assert (one.coefficients == two.coefficients).all()
            assert (one.intercept == two.intercept).all()


class TestAgainstR:
    @staticmethod
    def cohort(shared: Path) -> tuple[Floats, Floats, list[str]]:
        path = shared / "reference" / "birthwt.csv"
        table = np.loadtxt(path, delimiter=",", skiprows=1)
        with path.open(newline="") as file:
            names = next(csv.reader(file))
        return table[:, 1:], table[:, 0], ["Intercept", *names[1:]]

    @staticmethod
    def expected(shared: Path, tool: str, names: list[str], model: str = "") -> Floats:
        with (shared / "reference" / "birthwt_fits.csv").open(newline="") as file:
            found = {
                row["term"].strip("()"): float(row["estimate"])
                for row in csv.DictReader(file)
                if row["tool"].startswith(tool) and row["model"].endswith(model)
            }
        return np.array([found[name] for name in names])

    def test_maximum_likelihood(self, shared: Path) -> None:
        x, y, names = self.cohort(shared)
        fit = maximum_likelihood(x[None], y, np.ones((1, len(y))))
        found = np.r_[fit.intercept[0], fit.coefficients[0, 0]]
        expected = self.expected(shared, "glm(epsilon=1e-14)", names)
        assert found == pytest.approx(expected, abs=1e-6)

    def test_ridge_with_all_penalties_at_once(self, shared: Path) -> None:
        x, y, names = self.cohort(shared)
        sd = x.std(axis=0, ddof=1)
        fit = ridge((x / sd)[None], y, np.ones((1, len(y))), np.array([[1.0, 5.0, 20.0]]))
        for p, penalty in enumerate((1, 5, 20)):
            found = np.r_[fit.intercept[0, p], fit.coefficients[0, p] / sd]
            expected = self.expected(shared, "rms::lrm penalty", names, f"penalty={penalty}")
            assert found == pytest.approx(expected, abs=1e-6)

    def test_firth(self, shared: Path) -> None:
        x, y, names = self.cohort(shared)
        fit = firth(x[None], y, np.ones((1, len(y))), flic=False)
        found = np.r_[fit.intercept[0], fit.coefficients[0, 0]]
        expected = self.expected(shared, "logistf 1.26.1 tight", names)
        assert found == pytest.approx(expected, abs=1e-6)

    def test_flic(self, shared: Path) -> None:
        x, y, names = self.cohort(shared)
        fit = firth(x[None], y, np.ones((1, len(y))), flic=True)
        found = np.r_[fit.intercept[0], fit.coefficients[0, 0]]
        expected = self.expected(shared, "logistf::flic", names)
        assert found == pytest.approx(expected, abs=1e-6)


def test_ridge_is_scikit_learns_with_the_inverse_penalty() -> None:
    stack = stack_of(11)
    fit = ridge(stack.standardised, stack.outcome, stack.weights, PENALTIES)
    for g in range(len(stack.weights)):
        x = stack.standardised[g]
        for p, penalty in enumerate(PENALTIES[0]):
            model = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=10_000)
            model.fit(x, stack.outcome, sample_weight=stack.weights[g])
            assert fit.coefficients[g, p] == pytest.approx(model.coef_[0], abs=1e-5)
            assert fit.intercept[g, p] == pytest.approx(model.intercept_[0], abs=1e-5)


class TestIntercepts:
    @given(seed=st.integers(0, 2**32 - 1), spread=st.sampled_from([0.0, 0.1, 5.0, 100.0, 1e6]))
    @settings(max_examples=50)
    def test_predictions_average_to_the_share_of_events(self, seed: int, spread: float) -> None:
        rng = np.random.default_rng(seed)
        offset = spread * rng.normal(size=(5, 12))
        weights = rng.integers(0, 4, (5, 12)).astype(float)
        weights[:, :2] += 1
        outcome = (rng.random((5, 12)) < 0.3).astype(float)
        outcome[:, :2] = [0, 1]
        found = intercepts(offset, outcome, weights)
        p = 0.5 + 0.5 * np.tanh(0.5 * (offset + found[:, None]))
        share = (weights * outcome).sum(axis=1)
        assert (weights * p).sum(axis=1) == pytest.approx(share, abs=1e-6 * max(1.0, spread))


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 8),
    q=st.integers(0, 5),
    exponent=st.sampled_from([-12, -3, 0, 3, 12]),
)
@settings(max_examples=150)
def test_tiny_and_huge_problems_give_finite_numbers_or_say_no(
    seed: int, n: int, q: int, exponent: int
) -> None:
    """Without a warning: numpy is told to raise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, n, q)) * 10.0**exponent
    if q > 1:
        x[..., 1] = rng.integers(0, 2, (3, n))
    y = np.zeros(n)
    y[: max(1, n // 2)] = 1
    w = rng.integers(0, 3, (3, n)).astype(float)
    w[:, 0] = w[:, -1] = 1
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        for fit in (
            maximum_likelihood(x, y, w),
            firth(x, y, w, flic=True),
            ridge(Stack(x[0], y, w).standardised, y, w, PENALTIES),
        ):
            assert np.isfinite(fit.coefficients).all()
            assert np.isfinite(fit.intercept).all()
            assert not (fit.converged & fit.separated).any()


def test_a_stack_is_as_good_as_its_parts() -> None:
    """Groups that converge at different times do not disturb each other."""
    stack = stack_of(2, groups=20)
    fit = ridge(stack.standardised, stack.outcome, stack.weights, PENALTIES)
    for g in range(20):
        part = slice(g, g + 1)
        alone = ridge(stack.standardised[part], stack.outcome, stack.weights[part], PENALTIES)
        assert fit.coefficients[g] == pytest.approx(alone.coefficients[0], abs=1e-9)


def test_each_group_may_have_its_own_penalty_and_outcome() -> None:
    stack = stack_of(9)
    own = np.array([[0.1], [1.0], [10.0], [100.0]])
    y = np.stack([stack.outcome, 1 - stack.outcome] * 2)
    fit = ridge(stack.standardised, y, stack.weights, own)
    for g in range(4):
        x, times = stack.standardised[g], stack.weights[g].astype(int)
        model = RidgeLogistic(own[g, 0]).fit(np.repeat(x, times, axis=0), np.repeat(y[g], times))
        assert fit.coefficients[g, 0] == pytest.approx(model.coef_[0], abs=1e-7)
