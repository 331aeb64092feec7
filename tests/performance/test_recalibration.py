"""Batched recalibration against R, the one-at-a-time version and a logistic regression."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.learning.newton import newton_logistic
from predictor.performance.calibration import calibration_intercept, calibration_slope
from predictor.performance.recalibration import recalibrate

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def refits(seed: int, spread: float, rows: int = 12, n: int = 30) -> tuple[Counts, Floats, Counts]:
    """Outcome, predictions of refits that know something, and bootstrap counts."""
    rng = np.random.default_rng(seed)
    outcome = (rng.random(n) < 0.4).astype(np.int64)
    score = spread * (rng.normal(size=(rows, n)) + outcome - 0.5)
    count = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(rows)])
    return outcome, 1 / (1 + np.exp(-score)), count


@pytest.mark.parametrize("metric", ["cal_intercept_offset", "cal_slope"])
def test_equals_r(shared: Path, metric: str) -> None:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["metric"] == metric)
    # twice the same cohort: once as it is, once with every patient there three times
    probability = np.stack([table[:, 1]] * 2)
    count = np.ones_like(probability)
    count[1] = 3
    found = recalibrate(table[:, 0], probability, count)
    values = found.slope if metric == "cal_slope" else found.intercept
    assert values == pytest.approx([float(row["value"])] * 2, abs=1e-6)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 4.0, 12.0]))
def test_equals_one_at_a_time(seed: int, spread: float) -> None:
    outcome, probability, count = refits(seed, spread)
    found = recalibrate(outcome, probability, count)
    for b, times in enumerate(count):
        y, p = np.repeat(outcome, times), np.repeat(probability[b], times)
        if not 0 < y.sum() < y.size:
            assert np.isnan([found.intercept[b], found.slope[b], found.joint_intercept[b]]).all()
            continue
        assert found.intercept[b] == pytest.approx(calibration_intercept(y, p).value, abs=1e-8)
        slope = calibration_slope(y, p)
        if slope is None:
            assert np.isnan([found.slope[b], found.joint_intercept[b]]).all()
        else:
            assert found.slope[b] == pytest.approx(slope.value, rel=1e-8, abs=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_both_coefficients_equal_a_logistic_regression(seed: int) -> None:
    outcome, probability, count = refits(seed, 1.0)
    found = recalibrate(outcome, probability, count)
    for b, times in enumerate(count):
        if np.isnan(found.slope[b]):
            continue
        score = np.log(probability[b] / (1 - probability[b]))[:, None]
        fit = newton_logistic(score, outcome, weights=times)
        assert found.slope[b] == pytest.approx(fit.coefficients[0], abs=1e-7)
        assert found.joint_intercept[b] == pytest.approx(fit.intercept, abs=1e-7)


@given(st.integers(0, 2**32 - 1))
def test_a_row_does_not_depend_on_its_company(seed: int) -> None:
    outcome, probability, count = refits(seed, 2.0)
    together = recalibrate(outcome, probability, count)
    for b in range(len(count)):
        alone = recalibrate(outcome, probability[b : b + 1], count[b : b + 1])
        np.testing.assert_allclose(alone.intercept, together.intercept[b], atol=1e-9)
        np.testing.assert_allclose(alone.slope, together.slope[b], rtol=1e-9)


def test_slope_and_intercepts_by_hand() -> None:
    # Observed log-odds -log(3) and log(3) + log(2) at predicted -log(2) and log(2): the slope is
    # (2 log 3 + log 2) / (2 log 2), and half of log 2 is left for the intercept.
    found = recalibrate([1, 0, 1, 0], [[1 / 3, 1 / 3, 2 / 3, 2 / 3]], [[1, 3, 6, 1]])
    slope = (2 * math.log(3) + math.log(2)) / (2 * math.log(2))
    assert found.slope == pytest.approx([slope], abs=1e-9)
    assert found.joint_intercept == pytest.approx([math.log(2) / 2], abs=1e-9)


@pytest.mark.parametrize(
    ("outcome", "probability", "count"),
    [
        pytest.param([0, 1, 0, 1], [0.3] * 4, [1, 1, 1, 1], id="all equal"),
        pytest.param([0, 1, 0, 1], [0.3, 0.3 + 1e-12, 0.3, 0.3], [1] * 4, id="equal but rounding"),
        pytest.param([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [1, 2, 1, 3], id="separated"),
        pytest.param([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], [1, 2, 1, 3], id="separated wrongly"),
        pytest.param([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9], [1, 1, 1, 1], id="separated to a tie"),
        pytest.param([0, 1, 0, 1], [0.1, 0.2, 0.8, 0.9], [1, 1, 0, 1], id="separated by counts"),
        pytest.param([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.9], [1, 1, 1, 0], id="equal by counts"),
    ],
)
def test_no_slope_where_there_is_none_but_an_intercept(
    outcome: list[int], probability: list[float], count: list[int]
) -> None:
    found = recalibrate(outcome, [probability], [count])
    assert np.isnan([found.slope, found.joint_intercept]).all()
    assert np.isfinite(found.intercept).all()


@pytest.mark.parametrize("count", [[1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]])
def test_one_class_is_nan(count: list[int]) -> None:
    found = recalibrate([0, 0, 1, 1], [[0.1, 0.6, 0.5, 0.9]], [count])
    assert np.isnan([found.intercept, found.slope, found.joint_intercept]).all()


def test_failed_refits_are_nan_and_leave_the_others_alone() -> None:
    outcome, probability, count = refits(3, 1.0)
    broken = probability.copy()
    broken[4] = np.nan
    before, after = (recalibrate(outcome, p, count) for p in (probability, broken))
    others = np.arange(len(count)) != 4
    assert np.isnan([after.intercept[4], after.slope[4]]).all()
    np.testing.assert_array_equal(after.slope[others], before.slope[others])


@pytest.mark.parametrize(
    "probability", [[1.0] * 50, [0.0] * 25 + [1.0] * 25, [1e-300] * 49 + [1 - 1e-16]]
)
def test_certain_and_wrong_predictions_give_finite_intercepts(probability: list[float]) -> None:
    outcome = [0] * 49 + [1]
    found = recalibrate(outcome, [probability], np.ones((1, 50)))
    one = calibration_intercept(outcome, probability).value
    assert found.intercept == pytest.approx([one], abs=1e-8)


def test_no_resample_gives_no_figure() -> None:
    nothing = np.empty((0, 2))
    assert recalibrate([0, 1], nothing, nothing).slope.shape == (0,)


def test_refuses_counts_of_another_shape() -> None:
    with pytest.raises(ValueError, match="count has shape"):
        recalibrate([0, 1], [[0.1, 0.2]], [[1, 1, 1]])
