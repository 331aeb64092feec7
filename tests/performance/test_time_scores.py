"""C index, Brier score and calibration of censored patients: by hand, and by scikit-survival."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from predictor.performance.time_scores import (
    brier_at,
    calibration_at,
    harrell_c,
    risk_groups,
    weights,
    wolbers_c,
)

Floats = NDArray[np.float64]
TEN = np.arange(1.0, 11.0), np.array([1, 0, 2, 1, 0, 1, 2, 0, 1, 0])


def drawn(causes: int = 1, n: int = 300, seed: int = 1) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Months, ends and a score that is higher for who has the event early."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    event = rng.exponential(20 / np.exp(score))
    other = rng.exponential(60, n) if causes == 2 else np.full(n, np.inf)
    seen = rng.uniform(1, 60, n)
    months = np.minimum(np.minimum(event, other), seen)
    return months, np.where(months == event, 1, np.where(months == other, 2, 0)), score


def as_structured(months: Floats, ends: NDArray[np.int64]) -> NDArray[np.void]:
    found = np.empty(len(months), dtype=[("event", bool), ("time", float)])
    found["event"], found["time"] = ends == 1, months
    return found


def test_weights_of_ten_patients_are_as_by_hand() -> None:
    # Censored at 2, 5, 8, 10: G falls to 8/9 after 2 and to 8/9 * 5/6 after 5.
    late = 1 / (8 / 9 * 5 / 6)
    expected = [1, 0, 9 / 8, 9 / 8, 0, late, late, late, late, late]
    assert weights(*TEN, 7.0) == pytest.approx(expected)
    assert weights(*TEN, 7.0).sum() == pytest.approx(10)


def test_without_censoring_the_brier_score_is_the_plain_one() -> None:
    months, ends = TEN[0], np.ones(10, dtype=int)
    probability = np.linspace(0.9, 0.1, 10)
    plain = np.mean(((months <= 5) - probability) ** 2)
    assert brier_at(months, ends, probability, 5.0) == pytest.approx(plain)


def test_without_competing_events_figures_are_those_of_scikit_survival() -> None:
    metrics = pytest.importorskip("sksurv.metrics", reason="the extra survival is not installed")
    months, ends, score = drawn()
    told = as_structured(months, ends)
    harrell = metrics.concordance_index_censored(ends == 1, months, score)[0]
    assert harrell_c(months, ends, score, np.inf) == pytest.approx(harrell, abs=1e-12)
    uno = metrics.concordance_index_ipcw(told, told, score, tau=30.0)[0]
    assert wolbers_c(months, ends, score, 30.0) == pytest.approx(uno, abs=1e-12)
    probability = 1 / (1 + np.exp(-score))
    theirs = metrics.brier_score(told, told, np.column_stack([1 - probability]), [24.0])[1][0]
    assert brier_at(months, ends, probability, 24.0) == pytest.approx(theirs, abs=1e-12)


def test_who_died_first_counts_as_never_having_the_event_for_wolbers_alone() -> None:
    # One relapse at month 5, one death at month 2 with the higher score.
    months, ends = np.array([5.0, 2.0, 9.0]), np.array([1, 2, 0])
    score = np.array([1.0, 2.0, 0.0])
    assert harrell_c(months, ends, score, 10.0) == 1.0
    assert wolbers_c(months, ends, score, 10.0) == 0.5


def test_an_equal_score_is_worth_one_half() -> None:
    months, ends, score = drawn(2)
    assert wolbers_c(months, ends, 0 * score, 30.0) == 0.5
    assert harrell_c(months, ends, 0 * score, 30.0) == 0.5


def test_figures_do_not_depend_on_the_order_of_patients() -> None:
    months, ends, score = drawn(2)
    order = np.random.default_rng(5).permutation(len(months))
    probability = 1 / (1 + np.exp(-score))
    for figure in (brier_at, calibration_at, wolbers_c, harrell_c):
        one = figure(months, ends, probability, 24.0)
        other = figure(months[order], ends[order], probability[order], 24.0)
        assert one == pytest.approx(other)


def test_true_probabilities_are_calibrated_whoever_is_censored() -> None:
    rng = np.random.default_rng(8)
    n = 40_000
    rate, death = 0.03 * np.exp(rng.normal(size=n)), 0.01
    event, other = rng.exponential(1 / rate), rng.exponential(1 / death, n)
    seen = rng.uniform(6, 60, n)
    months = np.minimum(np.minimum(event, other), seen)
    ends = np.where(months == event, 1, np.where(months == other, 2, 0))
    true = rate / (rate + death) * -np.expm1(-(rate + death) * 24)
    intercept, slope = calibration_at(months, ends, true, 24.0)
    assert intercept == pytest.approx(0, abs=0.05)
    assert slope == pytest.approx(1, abs=0.05)
    for group in risk_groups(months, ends, true, 24.0, 5):
        assert group.low - 0.01 < group.predicted < group.high + 0.01


def test_groups_of_risk_are_joined_until_none_has_few_events() -> None:
    months = np.arange(1.0, 41.0)
    ends = np.array([0] * 15 + [1] * 10 + [0] * 15)
    risk = np.arange(40.0) / 40
    found = risk_groups(months, ends, risk, 40.0, 8, fewest=5)
    # Groups of 5: events in the fourth and fifth; what is left joins the group below it.
    assert [group.patients for group in found] == [20, 20]
    assert risk_groups(months, ends, risk, 40.0, 8, fewest=11) == ()


def test_equal_predictions_have_no_slope() -> None:
    months, ends, score = drawn()
    intercept, slope = calibration_at(months, ends, np.full(len(score), 0.3), 24.0)
    assert np.isfinite(intercept)
    assert np.isnan(slope)
