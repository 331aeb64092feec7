"""Weighted measures equal the measures of the patients written out, one row at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.performance.calibration import observed_expected
from predictor.performance.discrimination import auroc
from predictor.performance.scores import brier, scaled_brier
from predictor.performance.weighted import (
    weighted_auroc,
    weighted_brier,
    weighted_net_benefit,
    weighted_observed_expected,
    weighted_scaled_brier,
)

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def resamples(seed: int, rows: int = 8, n: int = 25) -> tuple[Counts, Floats, Counts]:
    """Outcome, predictions with ties and bootstrap counts."""
    rng = np.random.default_rng(seed)
    outcome = (rng.random(n) < 0.4).astype(np.int64)
    probability = np.round(rng.random((rows, n)), 1)
    count = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(rows)])
    return outcome, probability, count


def _observed_expected(y: Counts, p: Floats) -> float:
    estimate = observed_expected(y, p)
    return np.nan if estimate is None else estimate.value


@pytest.mark.parametrize(
    ("batched", "single"),
    [
        (weighted_auroc, auroc),
        (weighted_brier, brier),
        (weighted_scaled_brier, scaled_brier),
        (weighted_observed_expected, _observed_expected),
    ],
)
@given(seed=st.integers(0, 2**32 - 1))
def test_equals_the_measure_of_patients_written_out(
    batched: Callable[..., Floats], single: Callable[..., float], seed: int
) -> None:
    outcome, probability, count = resamples(seed)
    values = batched(outcome, probability, count)
    for value, p, times in zip(values, probability, count, strict=True):
        y = np.repeat(outcome, times)
        if single is brier or 0 < y.sum() < y.size:
            assert value == pytest.approx(single(y, np.repeat(p, times)), abs=1e-12)
        else:
            assert np.isnan(value)


@given(st.integers(0, 2**32 - 1))
def test_net_benefit_equals_its_definition(seed: int) -> None:
    outcome, probability, count = resamples(seed)
    thresholds = [0.1, 0.3, 0.5, 0.95]
    values = weighted_net_benefit(outcome, probability, count, thresholds)
    assert values.shape == (8, 4)
    for row, p, times in zip(values, probability, count, strict=True):
        y, written = np.repeat(outcome, times), np.repeat(p, times)
        for value, threshold in zip(row, thresholds, strict=True):
            true = np.count_nonzero((written >= threshold) & (y == 1))
            false = np.count_nonzero((written >= threshold) & (y == 0))
            by_hand = true / y.size - false / y.size * threshold / (1 - threshold)
            assert value == pytest.approx(by_hand, abs=1e-12)


def test_auroc_by_hand_with_ties_and_counts() -> None:
    # Events at 0.5 (twice) and 0.9; non-events at 0.5 (once) and 0.1 (three times): of 12 pairs
    # the two at 0.5 draw with one and win 3 each, the one at 0.9 wins 4. (2 * 3.5 + 4) / 12
    values = weighted_auroc([1, 1, 0, 0], [[0.5, 0.9, 0.5, 0.1]], [[2, 1, 1, 3]])
    assert values == pytest.approx([11 / 12], abs=1e-15)


@given(st.integers(0, 2**32 - 1))
def test_patients_may_come_in_any_order(seed: int) -> None:
    outcome, probability, count = resamples(seed)
    order = np.random.default_rng(seed).permutation(outcome.size)
    for measure in (weighted_auroc, weighted_brier, weighted_scaled_brier):
        before = measure(outcome, probability, count)
        after = measure(outcome[order], probability[:, order], count[:, order])
        np.testing.assert_allclose(after, before, atol=1e-12)


def test_equal_predictions_do_not_discriminate() -> None:
    values = weighted_auroc([0, 1, 1], np.full((2, 3), 0.3), [[1, 1, 1], [5, 0, 2]])
    assert values.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "count", [[1, 1, 0, 0], [0, 0, 2, 1], [0, 0, 0, 0]], ids=["others", "events", "nobody"]
)
def test_one_class_is_nan(count: list[int]) -> None:
    outcome, probability = [0, 0, 1, 1], [[0.1, 0.2, 0.3, 0.4]]
    for measure in (weighted_auroc, weighted_scaled_brier, weighted_observed_expected):
        assert np.isnan(measure(outcome, probability, [count])).all()


def test_nobody_is_nan_and_one_class_is_enough_for_brier_and_net_benefit() -> None:
    outcome, probability = [0, 0], [[0.5, 0.5], [0.5, 0.5]]
    count = [[1, 1], [0, 0]]
    np.testing.assert_array_equal(weighted_brier(outcome, probability, count), [0.25, np.nan])
    benefit = weighted_net_benefit(outcome, probability, count, [0.5])
    np.testing.assert_array_equal(benefit, [[-1.0], [np.nan]])


def test_failed_refits_are_nan_and_leave_the_others_alone() -> None:
    outcome, probability, count = resamples(1)
    broken = probability.copy()
    broken[2] = np.nan
    others = np.arange(8) != 2
    for measure in (
        weighted_auroc,
        weighted_brier,
        weighted_scaled_brier,
        weighted_observed_expected,
        lambda *sample: weighted_net_benefit(*sample, [0.3])[:, 0],
    ):
        values = measure(outcome, broken, count)
        assert np.isnan(values[2])
        np.testing.assert_array_equal(values[others], measure(outcome, probability, count)[others])


def test_nothing_expected_has_no_ratio() -> None:
    assert np.isnan(weighted_observed_expected([0, 1], [[0.0, 0.0]], [[1, 1]])).all()


def test_no_resample_gives_no_figure() -> None:
    nothing = np.empty((0, 3))
    assert weighted_auroc([0, 1, 1], nothing, nothing).shape == (0,)
    assert weighted_net_benefit([0, 1, 1], nothing, nothing, [0.2]).shape == (0, 1)


@pytest.mark.parametrize(
    ("outcome", "probability", "count", "message"),
    [
        ([0, 2], [[0.1, 0.2]], [[1, 1]], "0 .no event. or 1"),
        ([0, 1, 1], [[0.1, 0.2]], [[1, 1]], r"\(B, 3\) was expected"),
        ([0, 1], [0.1, 0.2], [1, 1], r"\(B, 2\) was expected"),
        ([0, 1], [[0.1, 0.2]], [[1, 1, 1]], "count has shape"),
        ([0, 1], [[0.1, 0.2]], [[1, -1]], "0 or more"),
        ([0, 1], [[0.1, 0.2]], [[1, np.nan]], "none missing"),
    ],
)
def test_refuses_what_does_not_fit_together(
    outcome: object, probability: object, count: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        weighted_brier(outcome, probability, count)  # type: ignore[arg-type]


@pytest.mark.parametrize("thresholds", [[0.0], [1.0], [np.nan], [[0.2]]])
def test_refuses_thresholds_that_are_not_risks(thresholds: list[float]) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        weighted_net_benefit([0, 1], [[0.1, 0.2]], [[1, 1]], thresholds)
