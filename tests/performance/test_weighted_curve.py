"""E-average of many refits at once, against the one of the patients written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.performance.smooth import calibration_curve
from predictor.performance.weighted_curve import weighted_eavg

Floats = NDArray[np.float64]


def refits(seed: int, n: int, rows: int = 6) -> tuple[Floats, Floats, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    outcome = (rng.random(n) < 0.4).astype(float)
    probability = 1 / (1 + np.exp(-1.5 * rng.normal(size=(rows, n)) - outcome + 0.5))
    count = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(rows)])
    return outcome, probability, count


def written_out(outcome: Floats, probability: Floats, count: NDArray[np.int64]) -> list[float]:
    return [
        calibration_curve(np.repeat(outcome, times), np.repeat(p, times)).smooth_errors.eavg
        for p, times in zip(probability, count, strict=True)
    ]


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_equals_the_curve_of_patients_written_out(seed: int, ties: bool) -> None:
    outcome, probability, count = refits(seed, 40)
    if ties:
        probability = np.round(probability, 1)
    values = weighted_eavg(outcome, probability, count)
    assert values == pytest.approx(written_out(outcome, probability, count), abs=1e-9)


def test_as_many_groups_as_patients_change_nothing() -> None:
    sample = refits(1, 40)
    np.testing.assert_array_equal(weighted_eavg(*sample, groups=40), weighted_eavg(*sample))


@pytest.mark.parametrize("n", [120, 500])
@pytest.mark.parametrize("ties", [False, True])
def test_groups_are_as_near_as_documented(n: int, ties: bool) -> None:
    outcome, probability, count = refits(2, n, rows=60)
    if ties:
        probability = np.round(probability, 2)
    exact = weighted_eavg(outcome, probability, count)
    grouped = weighted_eavg(outcome, probability, count, groups=64)
    assert np.abs(grouped - exact).max() < 0.005
    assert np.abs(grouped - exact).mean() < 0.001
    assert abs(float((grouped - exact).mean())) < 0.0005


def test_groups_of_patients_left_out() -> None:
    outcome, probability, count = refits(3, 200, rows=40)
    absent = (count == 0).astype(float)
    exact = weighted_eavg(outcome, probability, absent)
    grouped = weighted_eavg(outcome, probability, absent, groups=64)
    assert grouped == pytest.approx(exact, abs=0.005)


@pytest.mark.parametrize("groups", [None, 3])
def test_equal_predictions_have_a_level_curve(groups: int | None) -> None:
    # 2 events, each of them 3 times, among 9 rows
    values = weighted_eavg([0, 1, 0, 1, 0], [[0.3] * 5], [[1, 3, 1, 3, 1]], groups)
    assert values == pytest.approx([2 / 3 - 0.3])


@pytest.mark.parametrize("groups", [None, 3])
def test_one_class_nobody_and_failed_refits_are_nan(groups: int | None) -> None:
    probability = [[0.1, 0.4, 0.3, 0.7]] * 3 + [[np.nan] * 4, [0.1, 0.4, 0.3, 0.7]]
    count = [[1, 1, 0, 0], [0, 0, 2, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    values = weighted_eavg([0, 0, 1, 1], probability, count, groups)
    assert np.isnan(values).tolist() == [True, True, True, True, False]
