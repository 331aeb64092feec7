"""Updating a linear model, against formulas by other routes and by what must hold."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from predictor.errors import LearningError
from predictor.fitted.models import LinearModel, expit, mean_over_draws
from predictor.learning.fit_over_draws import Gaps
from predictor.learning.newton import newton_logistic
from predictor.learning.updating import (
    Method,
    Patients,
    change_by,
    chosen,
    closed_test,
)
from predictor.performance.calibration import calibration_intercept, logistic_recalibration

OLD = LinearModel(-0.4, np.array([0.8, -0.5, 0.3]))
STEEP = LinearModel(-0.4, np.array([1.5, -0.5, 0.3]))


def new_patients(
    n: int = 400,
    seed: int = 1,
    *,
    shift: float = 0.0,
    slope: float = 1.0,
    difference: tuple[float, ...] = (0.0, 0.0, 0.0),
) -> Patients:
    rng = np.random.default_rng(seed)
    design = rng.standard_normal((n, 3))
    old = OLD.output(design)
    true = shift + slope * old + design @ np.array(difference)
    return Patients(
        design, old, (rng.random(n) < expit(true)).astype(float), np.arange(n, dtype=np.int64) % 5
    )


def test_intercept_and_slope_are_those_of_the_calibration_figures() -> None:
    patients = new_patients(shift=0.5, slope=0.6)
    p = expit(patients.log_odds)
    found = logistic_recalibration(patients.outcome, p)
    assert found is not None
    assert change_by("intercept", patients).shift == pytest.approx(
        calibration_intercept(patients.outcome, p).value, abs=1e-8
    )
    logistic = change_by("logistic", patients)
    assert logistic.slope == pytest.approx(found.slope.value, abs=1e-8)
    assert logistic.shift == pytest.approx(found.intercept.value, abs=1e-8)


def test_a_refit_maximises_the_penalised_likelihood() -> None:
    patients = new_patients(150, difference=(0.0, 0.9, 0.0))
    base = change_by("logistic", patients).log_odds(patients)

    def lost(position: np.ndarray) -> float:
        margin = base + position[0] + patients.design @ position[1:]
        signed = np.where(patients.outcome == 1, margin, -margin)
        return float(np.logaddexp(0, -signed).sum() + 0.5 * 7.0 * (position[1:] ** 2).sum())

    best = scipy.optimize.minimize(lost, np.zeros(4), method="BFGS", options={"gtol": 1e-9})
    found = change_by("refit", patients, penalties=(7.0,))
    assert found.difference == pytest.approx(best.x[1:], abs=1e-5)


def test_a_refit_lies_between_the_recalibrated_model_and_a_new_one() -> None:
    patients = new_patients(300, difference=(0.0, 0.7, -0.4))
    recalibrated = change_by("logistic", patients)
    nearly = change_by("refit", patients, penalties=(1e9,))
    assert nearly.model(OLD).coefficients == pytest.approx(
        recalibrated.model(OLD).coefficients, abs=1e-5
    )
    alone = newton_logistic(patients.design, patients.outcome)
    free = change_by("refit", patients, penalties=(1e-8,)).model(OLD)
    assert free.coefficients == pytest.approx(alone.coefficients, abs=1e-5)
    assert free.intercept == pytest.approx(alone.intercept, abs=1e-5)


@given(
    st.sampled_from(["none", "intercept", "logistic", "refit"]),
    st.integers(min_value=1, max_value=30),
)
def test_the_updated_model_answers_what_the_change_says(method: Method, seed: int) -> None:
    patients = new_patients(120, seed, shift=0.3)
    change = change_by(method, patients, penalties=(10.0,))
    assert change.model(OLD).output(patients.design) == pytest.approx(change.log_odds(patients))


@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        ("intercept", {"shift": 1.2}),
        ("logistic", {"shift": 0.2, "slope": 0.25}),
        ("refit", {"difference": (0.0, 1.5, 0.0)}),
    ],
)
def test_the_closed_test_finds_what_is_wrong(wanted: str, made: dict[str, float]) -> None:
    found = [closed_test(new_patients(1000, seed, **made))[0] for seed in range(10)]  # type: ignore[arg-type]
    assert found.count(wanted) >= 8  # type: ignore[arg-type]


def test_the_closed_test_leaves_a_right_model_alone_in_19_of_20_cohorts() -> None:
    kept = np.mean([closed_test(new_patients(400, seed))[0] == "none" for seed in range(400)])
    assert kept == pytest.approx(0.95, abs=0.033)  # three standard errors


def test_the_tests_are_done_in_order_until_one_does_not_reject() -> None:
    method, tests = closed_test(new_patients(1000, 3, shift=1.2))
    assert [test.simpler for test in tests] == ["none", "intercept"]
    assert [test.freedom for test in tests] == [4, 3]
    assert [test.rejected for test in tests] == [True, False]
    assert method == tests[-1].simpler


def test_separated_patients_are_refused_by_name() -> None:
    patients = new_patients(40)
    split = Patients(
        patients.design,
        patients.log_odds,
        (patients.design[:, 0] > 0).astype(float),
        patients.fold,
    )
    with pytest.raises(LearningError, match="separate"):
        chosen("auto", split)


def test_of_equal_penalties_the_largest_is_taken() -> None:
    patients = new_patients(60)
    flat = Patients(
        np.zeros_like(patients.design), patients.log_odds, patients.outcome, patients.fold
    )
    assert change_by("refit", flat, penalties=(1.0, 100.0)).penalty == 100.0


def patients_with_gaps(n: int, seed: int, *, shift: float = 0.0, slope: float = 1.0) -> Patients:
    """As above; the first value of two thirds is missing, and drawn 12 times."""
    rng = np.random.default_rng(seed)
    design = rng.standard_normal((n, 3))
    rows = np.flatnonzero(rng.random(n) < 2 / 3)
    place = np.full(n, -1)
    place[rows] = np.arange(len(rows))
    drawn = np.repeat(design[rows][:, None], 12, axis=1)
    drawn[:, :, 0] = 2.0 * rng.standard_normal((len(rows), 12))
    gaps = Gaps(place, drawn, STEEP.intercept + drawn @ STEEP.coefficients)
    odds = gaps.into(STEEP.output(design), mean_over_draws(gaps.log_odds)[1])
    true = gaps.into(
        shift + slope * STEEP.output(design), mean_over_draws(shift + slope * gaps.log_odds)[1]
    )
    outcome = (rng.random(n) < expit(true)).astype(float)
    filled = gaps.into(design, drawn.mean(axis=1))
    return Patients(filled, odds, outcome, np.arange(n, dtype=np.int64) % 5, gaps)


def test_a_right_model_is_kept_in_19_of_20_cohorts_with_gaps_too() -> None:
    """The first statistic is a chi-squared number on 4 degrees of freedom, whose mean is 4."""
    tests = [closed_test(patients_with_gaps(400, seed))[1][0] for seed in range(300)]
    assert {test.freedom for test in tests} == {4}
    assert np.mean([test.statistic for test in tests]) == pytest.approx(4.0, abs=0.6)
    kept = np.mean([not test.rejected for test in tests])
    assert kept == pytest.approx(0.95, abs=0.038)  # three standard errors


def test_a_moved_model_is_found_among_patients_with_gaps() -> None:
    found = [closed_test(patients_with_gaps(800, seed, shift=0.8))[0] for seed in range(20)]
    assert found.count("none") == 0
    assert found.count("intercept") >= 17


@pytest.mark.parametrize("method", ["none", "intercept", "logistic", "refit"])
def test_the_refit_of_the_closed_test_holds_the_simpler_model(method: Method) -> None:
    for seed in range(5):
        patients = patients_with_gaps(120, seed)
        for test in closed_test(patients, level=1.1)[1]:
            assert test.statistic > 0.0
        change = change_by(method, patients, penalties=(5.0,))
        gaps = patients.gaps
        assert gaps is not None
        model = change.model(STEEP)
        answered = expit(model.intercept + gaps.design @ model.coefficients).mean(axis=1)
        said = expit(change.log_odds(patients))
        assert said[gaps.place >= 0] == pytest.approx(answered, abs=1e-12)


def test_what_was_made_of_gaps_is_found_again() -> None:
    change = change_by("logistic", patients_with_gaps(40_000, 1, shift=-0.5, slope=0.5))
    assert change.slope == pytest.approx(0.5, abs=0.03)
    assert change.shift == pytest.approx(-0.5, abs=0.04)
