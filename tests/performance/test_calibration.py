"""Calibration measures against R, by hand and by their laws."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.performance.calibration import (
    calibration_intercept,
    calibration_slope,
    logistic_recalibration,
    observed_expected,
)
from predictor.performance.estimate import Estimate

Floats = NDArray[np.float64]
Measure = Callable[..., Estimate | None]


def recalibrated(probability: Floats, intercept: float, slope: float) -> Floats:
    log_odds = np.log(probability / (1 - probability))
    return np.asarray(1 / (1 + np.exp(-(intercept + slope * log_odds))))


def cohort(seed: int, n: int = 60) -> tuple[NDArray[np.int_], Floats]:
    """Outcomes and probabilities that overlap widely."""
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.05, 0.95, n)
    outcome = (rng.random(n) < probability).astype(int)
    outcome[:4], probability[:4] = [0, 1, 0, 1], [0.1, 0.1, 0.9, 0.9]
    return outcome, probability


@pytest.mark.parametrize(
    ("measure", "metric", "tolerance"),
    [
        (calibration_intercept, "cal_intercept_offset", 1e-6),
        (calibration_intercept, "CC_cal_intercept", 1e-6),
        (calibration_slope, "cal_slope", 1e-6),
        (calibration_slope, "CC_cal_slope", 1e-6),
        (observed_expected, "OE", 1e-10),
    ],
)
def test_equals_r(shared: Path, measure: Measure, metric: str, tolerance: float) -> None:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["metric"] == metric)
    estimate = measure(table[:, 0], table[:, 1])
    assert estimate is not None
    assert estimate.value == pytest.approx(float(row["value"]), abs=tolerance)
    assert estimate.low == pytest.approx(float(row["lower"]), abs=tolerance)
    assert estimate.high == pytest.approx(float(row["upper"]), abs=tolerance)


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3), st.floats(0.2, 3))
def test_slope_undoes_a_recalibration(seed: int, shift: float, factor: float) -> None:
    outcome, probability = cohort(seed)
    before = calibration_slope(outcome, probability)
    after = calibration_slope(outcome, recalibrated(probability, shift, factor))
    assert before is not None
    assert after is not None
    assert after.value * factor == pytest.approx(before.value, abs=1e-7)


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_intercept_undoes_a_shift(seed: int, shift: float) -> None:
    outcome, probability = cohort(seed)
    before = calibration_intercept(outcome, probability)
    after = calibration_intercept(outcome, recalibrated(probability, shift, 1.0))
    assert after.value + shift == pytest.approx(before.value, abs=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_shifting_by_the_intercept_makes_observed_equal_expected(seed: int) -> None:
    outcome, probability = cohort(seed)
    shift = calibration_intercept(outcome, probability).value
    ratio = observed_expected(outcome, recalibrated(probability, shift, 1.0))
    assert ratio is not None
    assert ratio.value == pytest.approx(1.0, abs=1e-9)


def test_slope_by_hand() -> None:
    # Two predictions only: the fitted log-odds are those observed at each, log(1/3) and log(3);
    # the predicted ones are -log(2) and log(2), so the slope is log(3) / log(2).
    estimate = calibration_slope([1, 0, 0, 0, 1, 1, 1, 0], [1 / 3] * 4 + [2 / 3] * 4)
    assert estimate is not None
    assert estimate.value == pytest.approx(math.log(3) / math.log(2), abs=1e-9)
    # Variance of a log odds ratio: the sum of reciprocal counts 1 + 1/3 + 1/3 + 1, over (2 log 2)^2
    reach = 1.959963984540054 * math.sqrt(8 / 3) / (2 * math.log(2))
    assert estimate.high == pytest.approx(estimate.value + reach, abs=1e-9)


@pytest.mark.parametrize(
    ("outcome", "probability"),
    [
        pytest.param([0, 1, 0, 1], [0.3] * 4, id="all predictions equal"),
        pytest.param([0, 1, 0, 1], [0.3, 0.3 + 1e-12, 0.3, 0.3 - 1e-12], id="equal but rounding"),
        pytest.param([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], id="perfect separation"),
        pytest.param([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], id="perfectly wrong"),
        pytest.param([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9], id="separation up to a tie"),
        pytest.param([0, 1], [0.4, 0.6], id="two patients"),
    ],
)
def test_slope_is_none_where_it_is_not_finite(outcome: list[int], probability: list[float]) -> None:
    assert calibration_slope(outcome, probability) is None


@pytest.mark.parametrize(
    "probability",
    [
        pytest.param([1.0] * 50, id="all certain"),
        pytest.param([0.0] * 25 + [1.0] * 25, id="certain either way"),
        pytest.param([1e-300] * 49 + [1 - 1e-16], id="next to certain"),
    ],
)
def test_certain_and_wrong_predictions_give_finite_numbers(probability: list[float]) -> None:
    outcome = [0] * 49 + [1]
    estimate = calibration_intercept(outcome, probability)
    assert estimate.low is not None
    assert estimate.high is not None
    assert np.isfinite([estimate.value, estimate.low, estimate.high]).all()
    slope = calibration_slope(outcome, probability)
    assert slope is None or np.isfinite(slope.value)


def test_intercept_of_certain_predictions_follows_the_stated_distance() -> None:
    # 1 event in 100, all predicted at 1, which counts as 1 - 1e-8
    estimate = calibration_intercept([0] * 99 + [1], [1.0] * 100)
    assert estimate.value == pytest.approx(math.log(1 / 99) - math.log(1e8), abs=1e-6)


def test_observed_expected_is_none_when_nothing_is_expected() -> None:
    assert observed_expected([0, 1], [0.0, 0.0]) is None


@pytest.mark.parametrize("measure", [calibration_intercept, calibration_slope, observed_expected])
@pytest.mark.parametrize(
    ("outcome", "probability", "message"),
    [
        ([1, 1], [0.5, 0.6], "one class only"),
        ([0, 1], [0.5, 1.5], "between 0 and 1"),
        ([0, 1], [0.5, math.nan], "missing values"),
        ([0, 1, 1], [0.5, 0.6], "shape"),
    ],
)
def test_refuses(
    measure: Measure, outcome: list[int], probability: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        measure(outcome, probability)


def test_joint_intercept_equals_r(shared: Path) -> None:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    fitted = logistic_recalibration(table[:, 0], table[:, 1])
    assert fitted is not None
    expected = rows["cal_intercept_joint"]
    for bound, column in (("value", "value"), ("low", "lower"), ("high", "upper")):
        found = getattr(fitted.intercept, bound)
        assert found == pytest.approx(float(expected[column]), abs=1e-6)
    assert fitted.slope == calibration_slope(table[:, 0], table[:, 1])


@given(st.integers(0, 2**32 - 1))
def test_logistic_curve_expects_as_many_events_as_there_are(seed: int) -> None:
    outcome, probability = cohort(seed)
    fitted = logistic_recalibration(outcome, probability)
    assert fitted is not None
    assert fitted.recalibrated(probability).sum() == pytest.approx(outcome.sum(), abs=1e-6)
    intercept = calibration_intercept(outcome, fitted.recalibrated(probability))
    assert intercept.value == pytest.approx(0.0, abs=1e-7)


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3), st.floats(0.2, 3))
def test_logistic_curve_does_not_feel_a_recalibration(
    seed: int, shift: float, factor: float
) -> None:
    outcome, probability = cohort(seed)
    moved = recalibrated(probability, shift, factor)
    before = logistic_recalibration(outcome, probability)
    after = logistic_recalibration(outcome, moved)
    assert before is not None
    assert after is not None
    assert after.recalibrated(moved) == pytest.approx(before.recalibrated(probability), abs=1e-7)


def test_intercept_among_certain_and_wrong_predictions_is_where_its_equation_holds() -> None:
    # Expected events equal observed ones: 2 e^(a - c) = e^(-a - c), so a = -log(2) / 2, although
    # the likelihood is flat to nine digits around it.
    estimate = calibration_intercept([0, 0, 1], [0.0, 1.0, 0.0])
    assert estimate.value == pytest.approx(-math.log(2) / 2, abs=1e-6)
    assert estimate.low is not None
    assert math.isfinite(estimate.low)


@pytest.mark.parametrize("probability", [[1e-300, 0.0], [5e-324, 5e-324]])
def test_observed_expected_is_none_when_the_ratio_would_be_no_number(
    probability: list[float],
) -> None:
    assert observed_expected([0, 1], probability) is None
