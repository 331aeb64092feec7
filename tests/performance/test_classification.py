"""Sensitivity and the like against R, by hand, and by their laws."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.performance.classification import (
    Proportion,
    classification,
    clopper_pearson,
    proportion,
    wilson,
)
from predictor.performance.estimate import normal_quantile

SHARES = {
    "sens": "sensitivity",
    "spec": "specificity",
    "ppv": "positive_predictive_value",
    "npv": "negative_predictive_value",
}

# Makes the numbers below; R 4.2.2 with Hmisc 4.8.
R_PROGRAM = """
for (k in c(0, 3, 10)) { binconf(k, 10, method = "wilson"); binom.test(k, 10)$conf.int }
binconf(3, 10, method = "wilson", alpha = .1); binom.test(3, 10, conf.level = .9)$conf.int
"""


@pytest.mark.parametrize("threshold", [0.2, 0.5])
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("interval", ["wilson", "exact"])
def test_shares_equal_r(shared: Path, threshold: float, share: str, interval: str) -> None:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    expected = rows[f"{share}_t{threshold:.2f}_{interval}"]
    (row,) = classification(table[:, 0], table[:, 1], [threshold])
    found = getattr(row, SHARES[share])
    bounds = getattr(found, interval)
    assert bounds.value == pytest.approx(float(expected["value"]), abs=1e-10)
    assert bounds.low == pytest.approx(float(expected["lower"]), abs=1e-10)
    assert bounds.high == pytest.approx(float(expected["upper"]), abs=1e-10)
    counted = f"{found.numerator}/{found.denominator}"
    assert counted in rows[f"{share}_t{threshold:.2f}_exact"]["note"]


@pytest.mark.parametrize(
    ("numerator", "level", "low", "high", "exact_low", "exact_high"),
    [
        (0, 0.95, 0.0, 0.2775327998628892, 0.0, 0.30849710781876083),
        (
            3,
            0.95,
            0.10779126740630104,
            0.60322185253885474,
            0.066739511177734509,
            0.6524528500599972,
        ),
        (10, 0.95, 0.72246720013711085, 1.0, 0.69150289218123928, 1.0),
        (
            3,
            0.9,
            0.12687658390319789,
            0.55830020413016501,
            0.087264433914150313,
            0.60662421610541339,
        ),
    ],
)
def test_intervals_of_ten_patients_equal_r(
    numerator: int, level: float, low: float, high: float, exact_low: float, exact_high: float
) -> None:
    score, exact = wilson(numerator, 10, level), clopper_pearson(numerator, 10, level)
    assert (score.low, score.high) == (pytest.approx(low, abs=1e-12), pytest.approx(high))
    assert (exact.low, exact.high) == (
        pytest.approx(exact_low, abs=1e-10),
        pytest.approx(exact_high, abs=1e-10),
    )


@given(st.integers(0, 300), st.integers(1, 300), st.floats(0.5, 0.999))
def test_intervals_hold_the_share_and_mirror_its_complement(
    numerator: int, denominator: int, level: float
) -> None:
    numerator = min(numerator, denominator)
    for interval in (wilson, clopper_pearson):
        found = interval(numerator, denominator, level)
        mirrored = interval(denominator - numerator, denominator, level)
        assert found.low is not None
        assert found.high is not None
        assert 0.0 <= found.low <= found.value <= found.high <= 1.0
        assert found.low < found.high
        assert mirrored.low == pytest.approx(1 - found.high, abs=1e-9)
        assert mirrored.high == pytest.approx(1 - found.low, abs=1e-9)


@given(st.integers(1, 99))
def test_bounds_of_wilson_solve_its_equation(numerator: int) -> None:
    # At a bound the observed share lies z standard errors of that bound away.
    found = wilson(numerator, 100)
    for bound in (found.low, found.high):
        assert bound is not None
        error = (bound * (1 - bound) / 100) ** 0.5
        assert abs(found.value - bound) == pytest.approx(normal_quantile(0.95) * error)


@given(st.integers(0, 30))
def test_exact_interval_leaves_the_tails_it_promises(numerator: int) -> None:
    from scipy.stats import binom

    found = clopper_pearson(numerator, 30)
    if numerator:
        assert binom.sf(numerator - 1, 30, found.low) == pytest.approx(0.025, abs=1e-9)
    if numerator < 30:
        assert binom.cdf(numerator, 30, found.high) == pytest.approx(0.025, abs=1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=40),
    st.integers(1, 19),
)
def test_counts_partition_the_patients(patients: list[tuple[int, int]], step: int) -> None:
    y, k = np.array(patients).T
    (row,) = classification(y, k / 20, [step / 20])
    assert row.true_positives + row.false_negatives == y.sum()
    assert row.false_positives + row.true_negatives == (1 - y).sum()
    assert row.true_positives == ((k >= step) & (y == 1)).sum()
    assert row.false_positives == ((k >= step) & (y == 0)).sum()
    for share, of, among in (
        (row.sensitivity, row.true_positives, y.sum()),
        (row.specificity, row.true_negatives, (1 - y).sum()),
        (row.positive_predictive_value, row.true_positives, (k >= step).sum()),
        (row.negative_predictive_value, row.true_negatives, (k < step).sum()),
    ):
        if among == 0:
            assert share is None
        else:
            assert isinstance(share, Proportion)
            assert (share.numerator, share.denominator) == (of, among)


def test_raising_the_threshold_trades_sensitivity_for_specificity() -> None:
    rng = np.random.default_rng(2)
    p = rng.random(100)
    rows = classification(rng.random(100) < p, p, [k / 100 for k in range(5, 96)])
    sensitivity = [row.sensitivity.wilson.value for row in rows if row.sensitivity]
    specificity = [row.specificity.wilson.value for row in rows if row.specificity]
    assert (np.diff(sensitivity) <= 0).all()
    assert (np.diff(specificity) >= 0).all()


def test_a_share_of_nobody_is_none() -> None:
    assert proportion(0, 0) is None
    (row,) = classification([0, 0], [0.1, 0.2], [0.5])
    assert row.sensitivity is None
    assert row.positive_predictive_value is None
    assert row.specificity is not None
    assert row.specificity.exact.high == 1.0


@pytest.mark.parametrize(
    ("outcome", "probability", "thresholds", "message"),
    [
        ([0, 1], [0.1, 1.1], [0.5], "probability must lie between 0 and 1"),
        ([0, 1], [0.1, np.nan], [0.5], "probability contains missing"),
        ([0, 1, 1], [0.1, 0.2], [0.5], "probability has shape"),
        ([0, 1], [0.1, 0.2], [50], "thresholds must lie strictly between"),
    ],
)
def test_bad_input_is_refused_by_name(
    outcome: list[int], probability: list[float], thresholds: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        classification(outcome, probability, thresholds)


def test_impossible_level_is_refused() -> None:
    with pytest.raises(ValueError, match="level must lie strictly between"):
        classification([0, 1], [0.1, 0.2], [0.5], level=95)
