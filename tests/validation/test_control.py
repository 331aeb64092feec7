"""Calibration over time, against exact chances and simulated files."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from predictor.validation.control import BATCH, batches, cusums

# Three standard deviations of a Shewhart chart.
THREE = 0.0027


def file_of(n: int, seed: int, ratio: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.1, 0.7, n)
    odds = ratio * p / (1 - p)
    return (rng.random(n) < odds / (1 + odds)).astype(float), p


def places(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def test_the_limits_of_equal_chances_are_binomial() -> None:
    (only,) = batches(np.zeros(60), np.full(60, 0.4), places(60), alpha=THREE)
    assert (only.low, only.high) == tuple(binom.ppf([0.00135, 0.99865], 60, 0.4).astype(int))
    assert only.alarm
    assert only.expected == pytest.approx(24.0)


@pytest.mark.parametrize(("n", "sizes"), [(49, [49]), (120, [50, 70]), (150, [50, 50, 50])])
def test_every_patient_is_in_one_batch(n: int, sizes: list[int]) -> None:
    rows = batches(np.ones(n), np.full(n, 0.5), places(n), alpha=THREE)
    assert [row.patients for row in rows] == sizes
    assert (rows[0].first, rows[-1].last) == ("0", str(n - 1))


def test_the_limits_of_many_batches_are_wider_as_many_have_more_chances() -> None:
    one, ten = (batches(*file_of(50 * k, 1), places(50 * k), alpha=0.01)[0] for k in (1, 10))
    y, p = file_of(500, 1)
    alone = batches(y[:50], p[:50], places(50), alpha=0.001)[0]
    assert (ten.low, ten.high) == (alone.low, alone.high)
    assert ten.high - ten.low > one.high - one.low


def test_a_calibrated_model_seldom_leaves_the_limits_anywhere_in_a_file() -> None:
    files = [file_of(BATCH * 10, seed) for seed in range(400)]
    left = [any(row.alarm for row in batches(y, p, places(y.size), alpha=0.1)) for y, p in files]
    assert np.mean(left) <= 0.1 + 3 * np.sqrt(0.09 / 400)
    # Limits that are never left would be no limits.
    assert any(left)


def test_a_calibrated_model_seldom_crosses_either_cusum() -> None:
    crossed = []
    for seed in range(150):
        charts = cusums(*file_of(200, seed), alpha=0.1, seed=3)
        crossed.append(any(chart.at is not None for chart in charts))
    assert np.mean(crossed) == pytest.approx(0.1, abs=3 * np.sqrt(0.09 / 150))


@pytest.mark.parametrize(("ratio", "which"), [(2.5, 0), (0.4, 1)])
def test_changed_odds_are_found_and_in_the_right_direction(ratio: float, which: int) -> None:
    found = [cusums(*file_of(300, seed, ratio), alpha=0.01, seed=3) for seed in range(20)]
    assert sum(charts[which].at is not None for charts in found) >= 19
    assert not any(charts[1 - which].at is not None for charts in found)


def test_the_chart_is_the_one_that_is_added_up_patient_by_patient() -> None:
    y, p = file_of(80, 9, 2.0)
    height = highest = 0.0
    for event, chance in zip(y, p, strict=True):
        height = max(0.0, height + event * np.log(2.0) - np.log1p(chance))
        highest = max(highest, height)
    assert cusums(y, p, alpha=0.05, seed=1)[0].highest == pytest.approx(highest)


def test_a_change_late_in_the_file_is_told_where_it_is_found() -> None:
    before, after = file_of(300, 1), file_of(200, 2, 4.0)
    y, p = (np.r_[a, b] for a, b in zip(before, after, strict=True))
    at = cusums(y, p, alpha=0.01, seed=1)[0].at
    assert at is not None
    assert 300 < at < 380
