"""DeLong intervals against pROC, against the definition pair by pair, and by their laws."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from predictor.performance.delong import (
    delong,
    delong_difference,
    delong_logit,
    delong_variance,
)
from predictor.performance.discrimination import auroc
from predictor.performance.estimate import Difference, Estimate, normal_quantile

Floats = NDArray[np.float64]

# Makes the numbers below; R 4.2.2 with pROC 1.18.0.
R_PROGRAM = """
y <- c(0,0,0,0,0,0,1,1,1,1,1)
a <- c(.1,.2,.2,.3,.5,.6,.2,.5,.5,.7,.9)
b <- c(.3,.1,.4,.4,.5,.2,.4,.4,.6,.3,.8)
ra <- roc(y, a, direction = "<"); rb <- roc(y, b, direction = "<")
ci.auc(ra); ci.auc(ra, conf.level = .9); var(ra, method = "delong")
ci.auc(rb); var(rb, method = "delong")
roc.test(ra, rb, method = "delong", paired = TRUE)[c("p.value", "conf.int")]
"""
TIED_OUTCOME = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
TIED_A = [0.1, 0.2, 0.2, 0.3, 0.5, 0.6, 0.2, 0.5, 0.5, 0.7, 0.9]
TIED_B = [0.3, 0.1, 0.4, 0.4, 0.5, 0.2, 0.4, 0.4, 0.6, 0.3, 0.8]

# Few different scores, so that ties are the rule.
scores = st.lists(st.integers(0, 6), min_size=6, max_size=25)


@st.composite
def patients(draw: st.DrawFn) -> tuple[NDArray[np.int_], Floats]:
    score = draw(scores)
    outcome = draw(st.lists(st.integers(0, 1), min_size=len(score), max_size=len(score)))
    assume(2 <= sum(outcome) <= len(outcome) - 2)
    return np.array(outcome), np.array(score, dtype=float)


@pytest.fixture
def predictions(shared: Path) -> Floats:
    return np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)


@pytest.fixture
def metrics(shared: Path) -> dict[str, dict[str, str]]:
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        return {row["metric"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("interval", "metric"),
    [(delong, "auroc_delong"), (delong_logit, "auroc_logit_delong"), (delong_logit, "CC_cindex")],
)
def test_interval_equals_r(
    predictions: Floats,
    metrics: dict[str, dict[str, str]],
    interval: Callable[..., Estimate],
    metric: str,
) -> None:
    found = interval(predictions[:, 0], predictions[:, 1])
    expected = metrics[metric]
    assert found.value == pytest.approx(float(expected["value"]), abs=1e-10)
    assert found.low == pytest.approx(float(expected["lower"]), abs=1e-10)
    assert found.high == pytest.approx(float(expected["upper"]), abs=1e-10)


def test_variance_equals_r(predictions: Floats, metrics: dict[str, dict[str, str]]) -> None:
    variance = delong_variance(predictions[:, 0], predictions[:, 1])
    assert variance is not None
    assert variance == pytest.approx(float(metrics["auroc_delong_var"]["value"]), abs=1e-10)
    error = float(metrics["auroc_delong_se"]["value"])
    assert math.sqrt(variance) == pytest.approx(error, abs=1e-10)


@pytest.mark.parametrize(
    ("score", "area", "variance", "low"),
    [
        (TIED_A, 0.76666666666666672, 0.023305555555555555, 0.46745548378730656),
        (TIED_B, 0.75, 0.023, 0.45275674460811588),
    ],
    ids=["a", "b"],
)
def test_tied_scores_give_the_interval_of_proc_cut_off_at_1(
    score: list[float], area: float, variance: float, low: float
) -> None:
    found = delong(TIED_OUTCOME, score)
    assert found.value == pytest.approx(area, abs=1e-12)
    assert found.low == pytest.approx(low, abs=1e-10)
    assert found.high == 1.0
    assert delong_variance(TIED_OUTCOME, score) == pytest.approx(variance, abs=1e-12)


def test_level_is_that_of_proc() -> None:
    assert delong(TIED_OUTCOME, TIED_A, level=0.9).low == pytest.approx(0.51556072631998673)


def test_difference_of_tied_scores_equals_roc_test() -> None:
    found = delong_difference(TIED_OUTCOME, TIED_A, TIED_B)
    assert found.value == pytest.approx(1 / 60, abs=1e-12)
    assert found.low == pytest.approx(-0.39562516300706702, abs=1e-10)
    assert found.high == pytest.approx(0.42895849634040023, abs=1e-10)
    assert found.p_value == pytest.approx(0.93684932663666753, abs=1e-10)


@given(patients())
def test_variance_is_that_of_the_pairs(sample: tuple[NDArray[np.int_], Floats]) -> None:
    outcome, score = sample
    with_event, without = score[outcome == 1], score[outcome == 0]
    wins = (with_event[:, None] > without) + 0.5 * (with_event[:, None] == without)
    expected = (
        wins.mean(axis=1).var(ddof=1) / with_event.size
        + wins.mean(axis=0).var(ddof=1) / without.size
    )
    variance = delong_variance(outcome, score)
    assert (variance or 0.0) == pytest.approx(expected, abs=1e-12)
    assert delong(outcome, score).value == auroc(outcome, score)


@given(patients())
def test_nothing_changes_under_an_increasing_map(
    sample: tuple[NDArray[np.int_], Floats],
) -> None:
    outcome, score = sample
    for interval in (delong, delong_logit):
        assert interval(outcome, np.exp(score)) == interval(outcome, score)


@given(patients())
def test_reversing_scores_and_classes_mirrors_the_interval(
    sample: tuple[NDArray[np.int_], Floats],
) -> None:
    outcome, score = sample
    for interval in (delong, delong_logit):
        found = interval(outcome, score)
        assert interval(1 - outcome, -score) == close_to(found)
        mirrored = interval(outcome, -score)
        assert mirrored.value == pytest.approx(1 - found.value, abs=1e-12)
        if found.low is not None and found.high is not None:
            assert mirrored.low == pytest.approx(1 - found.high, abs=1e-12)
            assert mirrored.high == pytest.approx(1 - found.low, abs=1e-12)


def close_to(estimate: Estimate) -> Estimate:
    # approx objects compare inside a dataclass, field by field.
    bounds = [
        None if v is None else pytest.approx(v, abs=1e-12) for v in (estimate.low, estimate.high)
    ]
    return Estimate(pytest.approx(estimate.value, abs=1e-12), *bounds)


@given(patients(), st.randoms(use_true_random=False))
def test_order_of_patients_does_not_matter(
    sample: tuple[NDArray[np.int_], Floats], random: object
) -> None:
    outcome, score = sample
    order = list(range(outcome.size))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert delong(outcome[order], score[order]) == close_to(delong(outcome, score))


@given(patients())
def test_logit_interval_stays_inside_and_holds_the_value(
    sample: tuple[NDArray[np.int_], Floats],
) -> None:
    found = delong_logit(*sample)
    if found.low is not None and found.high is not None:
        assert 0.0 < found.low < found.value < found.high < 1.0


@given(patients(), st.randoms(use_true_random=False))
def test_difference_is_paired_and_changes_sign_with_the_order(
    sample: tuple[NDArray[np.int_], Floats], random: object
) -> None:
    outcome, first = sample
    order = list(range(outcome.size))
    random.shuffle(order)  # type: ignore[attr-defined]
    second = first[order]
    there, back = (
        delong_difference(outcome, first, second),
        delong_difference(outcome, second, first),
    )
    assert there.value == pytest.approx(auroc(outcome, first) - auroc(outcome, second), abs=1e-12)
    assert back.value == pytest.approx(-there.value, abs=1e-12)
    if there.low is not None:
        assert there.low == pytest.approx(-float(back.high or 0.0), abs=1e-9)
        assert there.p_value == pytest.approx(back.p_value, abs=1e-9)
        # Interval and p-value tell the same story.
        reach = (float(there.high or 0.0) - there.low) / 2
        z = there.value / (reach / normal_quantile(0.95))
        assert there.p_value == pytest.approx(math.erfc(abs(z) / math.sqrt(2)), abs=1e-9)


@given(patients())
def test_variance_of_a_difference_counts_the_covariance(
    sample: tuple[NDArray[np.int_], Floats],
) -> None:
    # Against the reversed score the difference is 2 AUROC - 1, its standard error twice as large.
    outcome, score = sample
    alone, difference = delong(outcome, score), delong_difference(outcome, score, -score)
    variance = delong_variance(outcome, score)
    assert difference.value == pytest.approx(2 * alone.value - 1, abs=1e-12)
    if variance is None:
        assert difference.low is None
    else:
        reach = normal_quantile(0.95) * 2 * math.sqrt(variance)
        assert difference.low == pytest.approx(difference.value - reach, abs=1e-9)


def test_large_cohorts_do_not_need_all_pairs() -> None:
    rng = np.random.default_rng(5)
    outcome = np.arange(200_000) % 2
    score = outcome + rng.normal(0.0, 1.0, outcome.size)
    # Events are normal about 1, non-events about 0: the AUROC is that of sqrt(1/2).
    true = 0.5 * math.erfc(-0.5)
    found = delong(outcome, score)
    assert found.low is not None
    assert found.high is not None
    assert found.low < true < found.high
    assert found.high - found.low < 0.005


def test_logit_interval_covers_in_small_cohorts_where_the_plain_one_does_not() -> None:
    rng = np.random.default_rng(1)
    true, cohorts = 0.9, 600
    distance = math.sqrt(2) * NormalDist().inv_cdf(true)
    held = np.zeros(2)
    defined = 0
    for _ in range(cohorts):
        outcome = rng.permutation(np.arange(31) < 11)
        score = rng.normal(outcome * distance)
        found = [interval(outcome, score) for interval in (delong, delong_logit)]
        if found[0].low is not None:
            defined += 1
            held += [float(e.low or 0) <= true <= float(e.high or 1) for e in found]
    plain, logit = held / defined
    assert defined > 0.97 * cohorts
    # The 99.9% range of a share of 600 that is 0.95 reaches from 0.92 to 0.98.
    assert plain < 0.91
    assert 0.92 < logit < 0.985


@pytest.mark.parametrize(
    ("outcome", "score", "value"),
    [
        ([0, 0, 1, 1], [1.0, 2.0, 3.0, 4.0], 1.0),
        ([0, 0, 1, 1], [4.0, 3.0, 2.0, 1.0], 0.0),
        ([0, 0, 1, 1], [0.3, 0.3, 0.3, 0.3], 0.5),
        ([0, 0, 0, 1], [1.0, 2.0, 4.0, 3.0], 2 / 3),
        ([0, 1, 1, 1], [2.0, 1.0, 4.0, 3.0], 2 / 3),
    ],
    ids=["separated", "separated the wrong way", "all equal", "one event", "one non-event"],
)
def test_no_interval_where_none_can_be_estimated(
    outcome: list[int], score: list[float], value: float
) -> None:
    for interval in (delong, delong_logit):
        found = interval(outcome, score)
        assert (found.low, found.high) == (None, None)
        assert found.value == pytest.approx(value)
    assert delong_variance(outcome, score) is None
    assert delong_difference(outcome, score, score) == Difference(0.0, None, None, None)


@pytest.mark.parametrize("function", [delong, delong_logit, delong_variance])
@pytest.mark.parametrize(
    ("outcome", "score", "message"),
    [
        ([1, 1, 1], [0.1, 0.2, 0.3], "one class only"),
        ([0, 1, 1], [0.1, math.nan, 0.3], "score contains missing values"),
        ([0, 1], [0.1, 0.2, 0.3], "score has shape"),
        ([0, 2, 1], [0.1, 0.2, 0.3], "outcome must be 0"),
        ([0, 1, 1], ["low", "high", "high"], "score must consist of numbers"),
    ],
)
def test_bad_input_is_refused_by_name(
    function: Callable[[ArrayLike, ArrayLike], object],
    outcome: list[int],
    score: list[float],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        function(outcome, score)


def test_difference_names_the_score_that_is_wrong() -> None:
    with pytest.raises(ValueError, match="score_b contains missing values"):
        delong_difference([0, 1], [0.1, 0.2], [0.1, math.nan])
    with pytest.raises(ValueError, match="score_a has shape"):
        delong_difference([0, 1], [0.1], [0.1, 0.2])


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_impossible_level_is_refused_even_where_there_is_no_interval(level: float) -> None:
    for score in ([0.1, 0.2, 0.3, 0.4], [0.1, 0.3, 0.2, 0.4]):
        for interval in (delong, delong_logit):
            with pytest.raises(ValueError, match="level must lie strictly between"):
                interval([0, 0, 1, 1], score, level)
        with pytest.raises(ValueError, match="level must lie strictly between"):
            delong_difference([0, 0, 1, 1], score, [4, 3, 2, 1], level)


def test_infinite_scores_can_be_ordered() -> None:
    finite = delong([0, 0, 1, 1, 0, 1], [0, 1, 2, 3, 2.5, 0.5])
    assert delong([0, 0, 1, 1, 0, 1], [-math.inf, 1, 2, math.inf, 2.5, 0.5]) == finite


def test_every_small_outcome_has_a_finite_answer() -> None:
    for outcome in itertools.product((0, 1), repeat=5):
        if 0 < sum(outcome) < 5:
            for score in ([0, 0, 1, 1, 2], [1, 0, 0, 0, 0]):
                found = delong(outcome, score)
                assert math.isfinite(found.value)
                assert found.low is None or (math.isfinite(found.low) and found.high is not None)
