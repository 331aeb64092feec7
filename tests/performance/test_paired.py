"""Paired comparison of two models against pROC, the bootstrap, arithmetic and laws."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.performance.decision import net_benefit
from predictor.performance.delong import delong_difference
from predictor.performance.estimate import Difference
from predictor.performance.paired import compare, mean_difference, net_benefit_difference
from predictor.performance.scores import brier, log_loss

Floats = NDArray[np.float64]

# Makes the numbers of the mean difference; R 4.2.2.
R_PROGRAM = """
d <- c(-1, 0, 0, 1/3, 0, 1, 0, 0, -1/3, 1)
mean(d); sd(d) / sqrt(10); mean(d) + c(-1, 1) * qnorm(.975) * sd(d) / sqrt(10)
2 * pnorm(-abs(mean(d) / (sd(d) / sqrt(10))))
"""
DIFFERENCES = [-1, 0, 0, 1 / 3, 0, 1, 0, 0, -1 / 3, 1]


@st.composite
def models(draw: st.DrawFn) -> tuple[NDArray[np.int_], Floats, Floats]:
    n = draw(st.integers(1, 25))
    percents = st.lists(st.integers(0, 100), min_size=n, max_size=n)
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    return np.array(y), np.array(draw(percents)) / 100, np.array(draw(percents)) / 100


def two_models(seed: int, n: int) -> tuple[NDArray[np.int_], Floats, Floats]:
    """A model that is right and a noisy copy of it."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-0.5, 1.2, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    return y, 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(-z - rng.normal(0.0, 0.8, n)))


def test_mean_difference_equals_r() -> None:
    found = mean_difference(np.array(DIFFERENCES))
    assert found.value == pytest.approx(0.1)
    assert found.low == pytest.approx(-0.26505537016431968)
    assert found.high == pytest.approx(0.46505537016431975)
    assert found.p_value == pytest.approx(0.5913401534893602)


def test_net_benefit_of_the_same_ten_patients_by_hand() -> None:
    # At 0.25 a false positive costs 1/3. First less second: an event lost, a false positive
    # avoided, an event gained, a false positive added, an event gained.
    y = [1, 0, 0, 0, 1, 1, 1, 0, 0, 1]
    first = [0.1, 0.1, 0.3, 0.1, 0.3, 0.9, 0.9, 0.0, 0.25, 0.3]
    second = [0.3, 0.2, 0.3, 0.3, 0.4, 0.1, 0.9, 0.0, 0.24, 0.2]
    (row,) = net_benefit_difference(y, first, second, [0.25])
    assert row.differing == 5
    assert row.difference == mean_difference(np.array(DIFFERENCES))


@given(models())
def test_values_are_the_differences_of_the_single_figures(
    sample: tuple[NDArray[np.int_], Floats, Floats],
) -> None:
    y, a, b = sample
    found = compare(y, a, b)
    assert found.brier.value == pytest.approx(brier(y, a) - brier(y, b), abs=1e-12)
    assert found.log_loss.value == pytest.approx(log_loss(y, a) - log_loss(y, b), abs=1e-9)
    of_a, of_b = net_benefit(y, a).rows, net_benefit(y, b).rows
    for row, first, second in zip(found.net_benefit, of_a, of_b, strict=True):
        assert row.threshold == first.threshold
        assert row.difference.value == pytest.approx(first.model - second.model, abs=1e-9)
        assert row.differing == ((a >= row.threshold) != (b >= row.threshold)).sum()
    if 0 < y.sum() < y.size:
        assert found.auroc == delong_difference(y, a, b)
    else:
        assert found.auroc is None


@given(models())
def test_exchanging_the_models_changes_the_sign(
    sample: tuple[NDArray[np.int_], Floats, Floats],
) -> None:
    y, a, b = sample
    there, back = rows_of(compare(y, a, b)), rows_of(compare(y, b, a))
    for one, other in zip(there, back, strict=True):
        if one["value"] is None:
            assert other["value"] is None
        else:
            assert other["value"] == pytest.approx(-one["value"], abs=1e-9)
        if one["low"] is None:
            assert (other["low"], other["p_value"]) == (None, None)
        else:
            assert other["low"] == pytest.approx(-one["high"], abs=1e-9)
            assert other["p_value"] == pytest.approx(one["p_value"], abs=1e-9)


def rows_of(comparison: object) -> list[dict[str, float]]:
    rows = comparison.to_dict()["differences"]  # type: ignore[attr-defined]
    assert isinstance(rows, list)
    return rows


@given(models())
def test_any_two_models_give_json_without_nan_or_warning(
    sample: tuple[NDArray[np.int_], Floats, Floats],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare(*sample).to_dict()
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.6])
def test_standard_error_of_net_benefit_is_that_of_the_paired_bootstrap(threshold: float) -> None:
    y, a, b = two_models(3, 400)
    (row,) = net_benefit_difference(y, a, b, [threshold])
    assert row.difference.low is not None
    error = (row.difference.value - row.difference.low) / 1.959964
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 400, (4000, 400))
    odds = threshold / (1 - threshold)
    benefits = [
        ((p >= threshold) & (y == 1))[drawn].mean(axis=1)
        - odds * ((p >= threshold) & (y == 0))[drawn].mean(axis=1)
        for p in (a, b)
    ]
    # 4,000 resamples know a standard error to about 1.1%.
    assert np.std(benefits[0] - benefits[1]) == pytest.approx(error, rel=0.04)


def test_a_better_model_is_found_better_in_a_large_cohort() -> None:
    y, right, noisy = two_models(7, 5000)
    found = compare(y, right, noisy, decision_thresholds=[0.4])
    assert found.auroc is not None
    assert found.auroc.low is not None
    assert found.auroc.low > 0
    for lower_is_better in (found.brier, found.log_loss):
        assert lower_is_better.high is not None
        assert lower_is_better.high < 0
    (row,) = found.net_benefit
    assert row.difference.low is not None
    assert row.difference.low > 0
    assert row.difference.p_value is not None
    assert row.difference.p_value < 1e-3


def test_a_model_compared_with_itself_shows_nothing() -> None:
    y, a, _ = two_models(1, 30)
    found = compare(y, a, a)
    nothing = Difference(0.0, None, None, None)
    assert (found.auroc, found.brier, found.log_loss) == (nothing, nothing, nothing)
    assert all(row.difference == nothing and row.differing == 0 for row in found.net_benefit)


def test_one_patient_has_differences_without_intervals() -> None:
    found = compare([1], [0.9], [0.4], decision_thresholds=[0.5])
    assert found.auroc is None
    assert found.net_benefit[0].difference == Difference(1.0, None, None, None)


def test_rows_say_figure_threshold_and_how_many_patients_differ() -> None:
    rows = rows_of(compare([0, 1, 0, 1], [0.1, 0.8, 0.4, 0.3], [0.2, 0.3, 0.6, 0.7]))
    assert [row["figure"] for row in rows[:4]] == ["auroc", "brier", "log_loss", "net_benefit"]
    assert len(rows) == 3 + 99
    assert set(rows[0]) == {
        "figure",
        "threshold",
        "differing",
        "value",
        "low",
        "high",
        "p_value",
    }
    assert (rows[3]["threshold"], rows[3]["differing"]) == (0.01, 0)


@pytest.mark.parametrize(
    ("outcome", "first", "second", "message"),
    [
        ([0, 1], [0.1, 1.2], [0.1, 0.2], "probability_a must lie between 0 and 1"),
        ([0, 1], [0.1, 0.2], [0.1, -0.2], "probability_b must lie between 0 and 1"),
        ([0, 1], [0.1, 0.2], [0.1, math.nan], "probability_b contains missing values"),
        ([0, 1], [0.1, 0.2], [0.1], "probability_b has shape"),
        ([0, 3], [0.1, 0.2], [0.1, 0.2], "outcome must be 0"),
        ([], [], [], "at least one patient"),
    ],
)
def test_bad_input_is_refused_by_name(
    outcome: list[int], first: list[float], second: list[float], message: str
) -> None:
    for function in (compare, net_benefit_difference):
        with pytest.raises(ValueError, match=message):
            function(outcome, first, second)


def test_impossible_level_and_threshold_are_refused() -> None:
    with pytest.raises(ValueError, match="level must lie strictly between"):
        compare([0, 0], [0.1, 0.2], [0.1, 0.2], level=95)
    with pytest.raises(ValueError, match="thresholds must lie strictly between"):
        compare([0, 1], [0.1, 0.2], [0.1, 0.2], decision_thresholds=[1.0])
