"""Newton's method against R and by the laws of likelihood."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize

from predictor.errors import LearningError
from predictor.learning import newton
from predictor.learning.newton import LogisticFit, OneClassError, newton_logistic

Floats = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
METHODS = [{}, {"penalty": 0.5}, {"firth": True}]


def birthwt(shared: Path) -> tuple[Floats, Floats, list[str]]:
    path = shared / "reference" / "birthwt.csv"
    with path.open(newline="") as file:
        names = next(csv.reader(file))
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    return table[:, 1:], table[:, 0], ["(Intercept)", *names[1:]]


def r_estimates(shared: Path, tool: str, names: list[str], model: str = "") -> Floats:
    """Coefficients that R printed, in the order of names."""
    with (shared / "reference" / "birthwt_fits.csv").open(newline="") as file:
        found = {
            row["term"].replace("Intercept", "(Intercept)").replace("((", "(").replace("))", ")"): (
                float(row["estimate"])
            )
            for row in csv.DictReader(file)
            if row["tool"].startswith(tool) and row["model"].endswith(model)
        }
    return np.array([found[name] for name in names])


def estimates(fit: LogisticFit) -> Floats:
    return np.r_[fit.intercept, fit.coefficients]


def cohort(seed: int, *, n: int = 60, q: int = 3) -> tuple[Floats, NDArray[np.int_]]:
    """Weak signal, so that separation is out of the question at n = 60."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, q))
    y = (rng.random(n) < 1 / (1 + np.exp(-0.5 * x[:, 0]))).astype(int)
    y[:2] = [0, 1]
    return x, y


class TestAgainstR:
    @pytest.mark.parametrize("tool", ["glm(epsilon=1e-14)", "rms::lrm 6.5-0 eps=1e-10"])
    def test_maximum_likelihood(self, shared: Path, tool: str) -> None:
        x, y, names = birthwt(shared)
        fit = newton_logistic(x, y)
        assert fit.converged
        assert not fit.separated
        assert estimates(fit) == pytest.approx(r_estimates(shared, tool, names), abs=1e-6)

    @pytest.mark.parametrize("penalty", [1, 5, 20])
    def test_ridge_on_columns_over_their_sd_with_n_minus_1(
        self, shared: Path, penalty: int
    ) -> None:
        x, y, names = birthwt(shared)
        sd = x.std(axis=0, ddof=1)
        fit = newton_logistic(x / sd, y, penalty=penalty)
        expected = r_estimates(shared, "rms::lrm penalty", names, f"penalty={penalty}")
        assert np.r_[fit.intercept, fit.coefficients / sd] == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("tool", ["logistf 1.26.1 tight", "brglm2"])
    def test_firth(self, shared: Path, tool: str) -> None:
        x, y, names = birthwt(shared)
        fit = newton_logistic(x, y, firth=True)
        assert estimates(fit) == pytest.approx(r_estimates(shared, tool, names), abs=1e-6)


class TestByHand:
    def test_two_by_two_table_is_its_odds_ratio(self) -> None:
        x = np.repeat([0.0, 1.0], [10, 10])[:, None]
        y = np.r_[np.ones(2), np.zeros(8), np.ones(6), np.zeros(4)]
        assert estimates(newton_logistic(x, y)) == pytest.approx(
            [math.log(2 / 8), math.log(6 / 4) - math.log(2 / 8)]
        )

    def test_firth_of_a_two_by_two_table_adds_one_half_to_each_cell(self) -> None:
        x = np.repeat([0.0, 1.0], [10, 10])[:, None]
        y = np.r_[np.zeros(10), np.ones(6), np.zeros(4)]  # an empty cell
        assert estimates(newton_logistic(x, y, firth=True)) == pytest.approx(
            [math.log(0.5 / 10.5), math.log(6.5 / 4.5) - math.log(0.5 / 10.5)]
        )

    def test_without_columns_the_intercept_is_the_log_odds(self) -> None:
        fit = newton_logistic(np.empty((4, 0)), [0, 1, 1, 1])
        assert (fit.intercept, fit.rank) == (pytest.approx(math.log(3)), 0)
        assert fit.log_likelihood == pytest.approx(3 * math.log(3 / 4) + math.log(1 / 4))

    def test_offset_is_taken_off_the_intercept(self) -> None:
        fit = newton_logistic(np.empty((4, 0)), [0, 1, 1, 1], offset=np.full(4, 50.0))
        assert fit.intercept == pytest.approx(math.log(3) - 50)

    def test_saturated_firth_gives_three_quarters(self) -> None:
        # As many parameters as patients: every leverage is 1, so p = (y + 1/2) / 2.
        x, y = cohort(3, n=5, q=4)
        fit = newton_logistic(x, y, firth=True)
        assert fit.converged
        assert (2 * y - 1) * (fit.intercept + x @ fit.coefficients) == pytest.approx(math.log(3))


class TestLaws:
    @pytest.mark.parametrize("method", [{"penalty": 0.1}, {"penalty": 20.0}, {}])
    def test_equals_a_general_optimiser(self, method: dict[str, float]) -> None:
        x, y = cohort(1)
        weights = np.random.default_rng(1).uniform(0.2, 3, y.size)

        def loss(b: Floats) -> float:
            margin = (2 * y - 1) * (b[0] + x @ b[1:])
            ridge = 0.5 * method.get("penalty", 0.0) * float(b[1:] @ b[1:])
            return float(weights @ np.logaddexp(0, -margin)) + ridge

        expected = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-8}).x
        fit = newton_logistic(x, y, weights=weights, **method)
        assert estimates(fit) == pytest.approx(expected, abs=1e-5)

    @settings(max_examples=25)
    @given(SEEDS)
    def test_firth_maximises_the_penalised_likelihood(self, seed: int) -> None:
        x, y = cohort(seed, n=15, q=2)
        design = np.c_[np.ones(15), x]

        def objective(b: Floats) -> float:
            eta = design @ b
            p = 1 / (1 + np.exp(-eta))
            information = design.T @ (design * (p * (1 - p))[:, None])
            return float(y @ eta - np.logaddexp(0, eta).sum()) + 0.5 * float(
                np.linalg.slogdet(information)[1]
            )

        best = estimates(newton_logistic(x, y, firth=True))
        slope = [
            (objective(best + 1e-5 * unit) - objective(best - 1e-5 * unit)) / 2e-5
            for unit in np.eye(3)
        ]
        assert slope == pytest.approx([0, 0, 0], abs=1e-6)

    @given(SEEDS, st.floats(0.01, 50))
    def test_more_penalty_means_smaller_coefficients(self, seed: int, penalty: float) -> None:
        x, y = cohort(seed, n=20, q=5)
        norms = [
            np.linalg.norm(newton_logistic(x, y, penalty=penalty * factor).coefficients)
            for factor in (1.0, 1.5, 10.0)
        ]
        assert norms[0] > norms[1] > norms[2]

    @given(SEEDS, st.sampled_from(METHODS))
    def test_a_weight_counts_patients(self, seed: int, method: dict[str, float]) -> None:
        x, y = cohort(seed)
        times = np.random.default_rng(seed).integers(0, 4, y.size)
        times[:2] = 1
        assume(not newton_logistic(x, y, weights=times).separated)
        weighted = newton_logistic(x, y, weights=times, **method)
        repeated = newton_logistic(x.repeat(times, axis=0), y.repeat(times), **method)
        dropped = newton_logistic(x[times > 0], y[times > 0], weights=times[times > 0], **method)
        assert estimates(weighted) == pytest.approx(estimates(repeated), abs=1e-7)
        assert estimates(weighted).tolist() == estimates(dropped).tolist()

    @given(
        SEEDS,
        st.sampled_from([{}, {"firth": True}]),
        st.floats(-1e4, 1e4),
        st.floats(1e-4, 1e4),
    )
    def test_units_do_not_matter_without_ridge(
        self, seed: int, method: dict[str, bool], shift: float, factor: float
    ) -> None:
        x, y = cohort(seed)
        mixing = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -0.3], [0.0, 0.0, factor]])
        before = newton_logistic(x, y, **method)
        after = newton_logistic(x @ mixing + [shift, 0.0, shift], y, **method)
        assume(before.converged)
        assert mixing @ after.coefficients == pytest.approx(before.coefficients, abs=1e-5)
        log_odds = after.intercept + (x @ mixing + [shift, 0.0, shift]) @ after.coefficients
        assert log_odds == pytest.approx(before.intercept + x @ before.coefficients, abs=1e-5)

    @given(SEEDS, st.sampled_from(METHODS))
    def test_swapping_the_classes_swaps_the_signs(
        self, seed: int, method: dict[str, float]
    ) -> None:
        x, y = cohort(seed)
        fit = newton_logistic(x, y, **method)
        assume(fit.converged)
        swapped = newton_logistic(x, 1 - y, **method)
        assert estimates(swapped) == pytest.approx(-estimates(fit), abs=1e-8)

    @given(SEEDS)
    def test_rotation_does_not_matter_to_ridge(self, seed: int) -> None:
        x, y = cohort(seed)
        rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
        before = newton_logistic(x, y, penalty=0.7)
        after = newton_logistic(x @ rotation, y, penalty=0.7)
        assert rotation @ after.coefficients == pytest.approx(before.coefficients, abs=1e-8)


class TestSeparation:
    @settings(max_examples=300)
    @given(
        SEEDS,
        st.integers(4, 14),
        st.integers(1, 3),
        st.sampled_from(["normal", "ties", "outliers"]),
    )
    def test_is_reported_exactly_when_it_is_there(
        self, seed: int, n: int, q: int, kind: str
    ) -> None:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, q))
        if kind == "ties":  # they bring quasi-complete separation
            x = np.round(x)
        elif kind == "outliers":
            x = np.sign(x) * np.exp(3 * np.abs(x))
        y = np.r_[0, 1, rng.integers(0, 2, n - 2)]
        fit = newton_logistic(x, y)
        assert fit.separated == separated(x, y)
        assert fit.converged != fit.separated

    @given(SEEDS, st.floats(1e-6, 10))
    def test_penalised_estimates_stay_finite(self, seed: int, penalty: float) -> None:
        x, y = cohort(seed, n=12)
        x[:, 1] += 100 * y
        for fit in (
            newton_logistic(x, y, penalty=penalty),
            newton_logistic(x, y, firth=True),
        ):
            assert fit.converged
            assert not fit.separated
            assert np.isfinite(estimates(fit)).all()

    def test_far_outlier_is_not_taken_for_separation(self) -> None:
        x, y = cohort(4)
        x[0] = 1e6
        fit = newton_logistic(x, y)
        assert not separated(x, y)
        assert fit.converged

    def test_message_names_the_way_out(self) -> None:
        fit = newton_logistic([[0], [1], [2], [3]], [0, 0, 1, 1])
        assert fit.separated
        with pytest.raises(LearningError, match=r"separate events from non-events.*Use ridge"):
            fit.require_convergence()


def separated(x: Floats, y: NDArray[np.int_]) -> bool:
    """Konis 2007, by linear programming: a direction without losers and with a winner."""
    signed = (2 * y - 1)[:, None] * np.c_[np.ones(len(y)), x]
    # maximise the sum of signed margins with each >= 0 and the direction in a box
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(y)), bounds=(-1, 1))
    return bool(found.fun < -1e-7)


class TestDegenerateColumns:
    @pytest.mark.parametrize("method", METHODS)
    def test_constant_column_gets_exactly_zero(self, method: dict[str, float]) -> None:
        x, y = cohort(5)
        alone = newton_logistic(x, y, **method)
        padded = newton_logistic(np.c_[x, np.full(60, 0.1)], y, **method)
        assert padded.coefficients[3] == 0.0
        assert padded.rank == 3
        assert padded.coefficients[:3] == pytest.approx(alone.coefficients)
        assert padded.intercept == pytest.approx(alone.intercept)

    def test_twin_columns_share_their_effect(self) -> None:
        x, y = cohort(6)
        alone = newton_logistic(x, y)
        doubled = newton_logistic(np.c_[x, x[:, :1]], y)
        assert doubled.rank == 3
        assert doubled.coefficients[[0, 3]] == pytest.approx([alone.coefficients[0] / 2] * 2)

    def test_more_columns_than_patients(self) -> None:
        x, y = cohort(7, n=10, q=30)
        ridge = newton_logistic(x, y, penalty=1.0)
        firth = newton_logistic(x, y, firth=True)
        assert ridge.converged
        assert firth.converged
        assert (ridge.rank, firth.rank) == (9, 9)
        assert newton_logistic(x, y).separated

    def test_units_do_not_decide_the_rank(self) -> None:
        x, y = cohort(8)
        assert newton_logistic(x * [1e-9, 1.0, 1e9], y).rank == 3


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"design": [1.0, 2.0]}, "design must have shape"),
            ({"outcome": [0, 1]}, "outcome shape"),
            ({"outcome": [0, 1, 2]}, "outcome must be 0 or 1"),
            ({"outcome": [0, 1, math.nan]}, "outcome must be 0 or 1"),
            ({"design": [[0], [math.nan], [1]]}, "must be finite"),
            ({"weights": [1, math.inf, 1]}, "must be finite"),
            ({"weights": [1, -1, 1]}, "must not be negative"),
            ({"weights": [1, 1]}, "one entry for each row"),
            ({"offset": [1, 1]}, "one entry for each row"),
            ({"penalty": -1.0}, "from 0 upwards"),
            ({"penalty": math.nan}, "from 0 upwards"),
            ({"penalty": 1.0, "firth": True}, "cannot be combined"),
        ],
    )
    def test_of_bad_input(self, change: dict[str, object], message: str) -> None:
        arguments = {"design": [[0], [1], [0]], "outcome": [0, 1, 1]} | change
        with pytest.raises(ValueError, match=message):
            newton_logistic(**arguments)  # type: ignore[arg-type]

    @pytest.mark.parametrize("method", METHODS)
    def test_of_one_class(self, method: dict[str, float]) -> None:
        with pytest.raises(OneClassError, match="one class only"):
            newton_logistic([[0], [1]], [1, 1], **method)
        with pytest.raises(LearningError, match="one class only"):
            newton_logistic([[0], [1]], [0, 1], weights=[0, 1], **method)
        with pytest.raises(ValueError, match="one class only"):
            newton_logistic([[0], [1]], [0, 1], weights=[0, 0], **method)

    def test_of_a_fit_that_ran_out_of_steps(self) -> None:
        fit = LogisticFit(0.0, np.zeros(1), False, False, 200, 1, -1.0)
        with pytest.raises(LearningError, match="no convergence in 200 steps"):
            fit.require_convergence()


class TestFarFromTheSolution:
    def test_extreme_offsets_leave_a_way_back(self) -> None:
        offset = np.array([-3000.0, -5.0, 0.0, 2.0, 4000.0])
        fit = newton_logistic(np.empty((5, 0)), [0, 0, 1, 0, 1], offset=offset)
        assert fit.converged
        p = 1 / (1 + np.exp(-np.clip(offset + fit.intercept, -500, 500)))
        assert p.sum() == pytest.approx(2)

    @given(SEEDS)
    def test_firth_without_its_exact_curvature_ends_in_the_same_place(self, seed: int) -> None:
        x, y = cohort(seed)
        exact = newton_logistic(x, y, firth=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(newton, "_MOST_PAIRS", 0)
            approximate = newton_logistic(x, y, firth=True)
        assert exact.converged
        assert approximate.converged
        assert estimates(approximate) == pytest.approx(estimates(exact), abs=1e-8)

    @given(SEEDS, st.integers(2, 30), st.integers(1, 8))
    def test_wild_values_and_few_patients_converge_with_firth_and_ridge(
        self, seed: int, n: int, q: int
    ) -> None:
        rng = np.random.default_rng(seed)
        x = np.round(np.exp(rng.normal(scale=3, size=(n, q))), int(rng.integers(0, 6)))
        y = np.r_[0, 1, rng.integers(0, 2, n - 2)]
        assert newton_logistic(x, y, firth=True).converged
        assert newton_logistic(x, y, penalty=0.01).converged
