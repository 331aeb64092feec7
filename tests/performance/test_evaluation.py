"""The whole evaluation: R's numbers under the keys of the contract, and what it owns up to."""

from __future__ import annotations

import csv
import json
import math
import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.performance.evaluation import evaluate

Floats = NDArray[np.float64]

CONTRACT = {
    "n",
    "events",
    "auroc",
    "auroc_low",
    "auroc_high",
    "brier",
    "scaled_brier",
    "calibration_intercept",
    "calibration_slope",
    "observed_expected",
    "eavg",
    "e50",
    "e90",
    "emax",
    "net_benefit",
}

# Key of ours, metric and column of R, tolerance of the reference.
OF_R = [
    ("n", "n", "value", 0),
    ("events", "events", "value", 0),
    ("prevalence", "prevalence", "value", 1e-10),
    ("auroc", "auroc_delong", "value", 1e-10),
    ("auroc", "mannwhitney_auc", "value", 1e-10),
    ("auroc_low", "auroc_delong", "lower", 1e-10),
    ("auroc_high", "auroc_delong", "upper", 1e-10),
    ("auroc_logit_low", "auroc_logit_delong", "lower", 1e-10),
    ("auroc_logit_high", "auroc_logit_delong", "upper", 1e-10),
    ("brier", "brier", "value", 1e-10),
    ("scaled_brier", "brier_scaled", "value", 1e-10),
    ("log_loss", "log_loss", "value", 1e-10),
    ("calibration_intercept", "cal_intercept_offset", "value", 1e-6),
    ("calibration_intercept_low", "cal_intercept_offset", "lower", 1e-6),
    ("calibration_intercept_high", "cal_intercept_offset", "upper", 1e-6),
    ("calibration_slope", "cal_slope", "value", 1e-6),
    ("calibration_slope_low", "cal_slope", "lower", 1e-6),
    ("calibration_slope_high", "cal_slope", "upper", 1e-6),
    ("joint_intercept", "cal_intercept_joint", "value", 1e-6),
    ("joint_intercept_low", "cal_intercept_joint", "lower", 1e-6),
    ("joint_intercept_high", "cal_intercept_joint", "upper", 1e-6),
    ("observed_expected", "OE", "value", 1e-10),
    ("observed_expected_low", "OE", "lower", 1e-10),
    ("observed_expected_high", "OE", "upper", 1e-10),
    ("spiegelhalter_z", "spiegelhalter_z", "value", 1e-10),
    ("spiegelhalter_p", "spiegelhalter_p", "value", 1e-10),
    ("eavg", "ICI_lowess_delta0", "value", 1e-6),
    ("e50", "E50_lowess_delta0", "value", 1e-6),
    ("e90", "E90_lowess_delta0", "value", 1e-6),
    ("emax", "Emax_lowess_delta0", "value", 1e-6),
    ("logistic_eavg", "ICI_logistic", "value", 1e-6),
    ("logistic_e50", "E50_logistic", "value", 1e-6),
    ("logistic_e90", "E90_logistic", "value", 1e-6),
    ("logistic_emax", "Emax_logistic", "value", 1e-6),
]


@pytest.fixture
def predictions(shared: Path) -> Floats:
    return np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)


@pytest.mark.parametrize(("key", "metric", "column", "tolerance"), OF_R)
def test_figure_equals_r(
    shared: Path, predictions: Floats, key: str, metric: str, column: str, tolerance: float
) -> None:
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        expected = {row["metric"]: row for row in csv.DictReader(file)}[metric][column]
    found = evaluate(predictions[:, 0], predictions[:, 1]).to_dict()[key]
    assert found == pytest.approx(float(expected), abs=tolerance, rel=0)


def test_interval_of_the_brier_score_has_the_standard_error_of_r(
    shared: Path, predictions: Floats
) -> None:
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    brier = evaluate(predictions[:, 0], predictions[:, 1]).brier
    assert brier.low is not None
    error = (brier.value - brier.low) / 1.959963984540054
    assert error == pytest.approx(float(rows["brier_se"]["value"]), abs=1e-10)


def test_figures_of_the_report_stand_under_the_keys_of_the_contract() -> None:
    found = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], thresholds=[0.3]).to_dict()
    assert set(found) >= CONTRACT
    rows = found["net_benefit"]
    assert isinstance(rows, list)
    assert [row["threshold"] for row in rows] == [k / 100 for k in range(1, 100)]
    assert set(rows[0]) >= {"threshold", "model", "treat_all"}
    (row,) = classified(found)
    assert row["sensitivity"] == 1.0
    assert row["specificity"] == 0.5
    assert row["true_positives"] == 2


def classified(found: dict[str, object]) -> list[dict[str, Any]]:
    rows = found["classification"]
    assert isinstance(rows, list)
    return rows


def test_thresholds_and_level_are_those_asked_for() -> None:
    y, p = [0, 1, 0, 1, 0, 1], [0.1, 0.9, 0.4, 0.35, 0.2, 0.6]
    found = evaluate(y, p, thresholds=[], decision_thresholds=[0.2, 0.3], level=0.8)
    assert found.classification == ()
    assert [row.threshold for row in found.decision.rows] == [0.2, 0.3]
    wide = evaluate(y, p)
    for narrow, usual in (
        (found.auroc_logit, wide.auroc_logit),
        (found.brier, wide.brier),
        (found.calibration_intercept, wide.calibration_intercept),
        (found.observed_expected, wide.observed_expected),
    ):
        assert narrow is not None
        assert usual is not None
        assert narrow.value == usual.value
        assert usual.low < narrow.low < narrow.high < usual.high


def test_single_predictions_are_not_printed_in_a_large_cohort() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(1000)
    found = evaluate(rng.random(1000) < p, p).to_dict()
    inner = {repr(float(value)) for value in np.sort(p)[1:-1]}
    assert not inner & set(re.findall(r"[\d.e-]+", json.dumps(found)))
    assert len(found["curve"]) == 101


# Degenerate input: a result that says what it lacks.


def sound(rng: np.random.Generator, n: int, events: int) -> tuple[NDArray[np.int_], Floats]:
    """Overlapping predictions with an exact number of events."""
    p = rng.uniform(0.05, 0.95, n)
    y = np.zeros(n, dtype=int)
    y[rng.choice(n, events, replace=False)] = 1
    return y, p


DEGENERATE = {
    "ten patients": ([0, 0, 0, 1, 0, 1, 0, 1, 1, 0], [k / 11 for k in range(1, 11)]),
    "one patient": ([1], [0.3]),
    "no event": ([0, 0, 0], [0.1, 0.2, 0.3]),
    "only events": ([1, 1, 1], [0.1, 0.2, 0.3]),
    "one event": ([0, 0, 1, 0, 0], [0.1, 0.2, 0.3, 0.4, 0.5]),
    "one non-event": ([1, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5]),
    "all equal": ([0, 1, 0, 1, 0], [0.3] * 5),
    "all equal to the prevalence": ([0, 1], [0.5, 0.5]),
    "separated": ([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
    "separated the wrong way": ([1, 1, 1, 0, 0, 0], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
    "nearly separated": ([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.3, 0.5, 0.6]),
    "all zero": ([0, 1, 0, 1], [0.0] * 4),
    "all one": ([0, 1, 0, 1], [1.0] * 4),
    "certain and right": ([0, 1, 0, 1], [0.0, 1.0, 0.0, 1.0]),
    "certain and wrong": ([0, 1, 0, 1], [1.0, 0.0, 1.0, 0.0]),
    "certain and wrong once": ([0, 1, 0, 1, 1, 0], [0.0, 0.0, 0.3, 0.7, 1.0, 0.6]),
    "0, 0.5 and 1": ([0, 1, 0, 1], [0.0, 0.5, 0.5, 1.0]),
    "two values": ([0, 1, 0, 1, 0, 1], [0.2, 0.2, 0.2, 0.8, 0.8, 0.8]),
    "a hair apart": ([0, 1, 0, 1], [0.3, 0.3 + 1e-15, 0.3 + 2e-15, 0.3]),
    "tiny": ([0, 1, 0, 1], [5e-324, 1e-300, 1e-200, 1e-310]),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_cohorts_get_a_result_whose_gaps_are_explained(case: str) -> None:
    check_honest(*DEGENERATE[case])


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0, 1e-9, 5e-324]), st.floats(0.0, 1.0)),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_any_small_cohort_gets_a_result_whose_gaps_are_explained(
    patients: list[tuple[int, float]],
) -> None:
    check_honest([y for y, _ in patients], [p for _, p in patients])


def check_honest(outcome: list[int], probability: list[float]) -> None:
    """Valid JSON without NaN, no warning, and a limit for every figure that is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(outcome, probability).to_dict()
    json.dumps(found, allow_nan=False)
    limits = found["limits"]
    assert isinstance(limits, list)
    explained = {figure for limit in limits for figure in limit["figures"]}
    codes = [limit["code"] for limit in limits]
    assert len(set(codes)) == len(codes)
    for key in missing(found):
        bare = re.sub(r"(_exact)?_(low|high)$", "", key)
        assert key in explained or bare in explained, key
    # And no limit for figures that do not exist.
    keys = set(found) | set(classified(found)[0]) | {"auroc_logit", "standardised"}
    assert explained <= keys
    for limit in limits:
        assert limit["message"].endswith(".")
        # Counts, thresholds and our own constants may be said, predictions not.
        secret = {repr(p) for p in probability} - {"0.0", "1.0", "0.25", "0.5", "0.75", "1e-08"}
        assert not (secret - {"1e-15"}) & set(re.findall(r"[\d.e-]*\d", limit["message"]))


def missing(data: dict[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, list):
            # Points of a logistic curve that does not exist are explained by its errors.
            for row in value if key in {"net_benefit", "classification"} else ():
                yield from missing(row)
        elif value is None:
            yield key


def codes_of(outcome: list[int], probability: list[float]) -> list[str]:
    return [limit.code for limit in evaluate(outcome, probability, thresholds=()).limits]


@pytest.mark.parametrize(
    ("case", "codes"),
    [
        ("ten patients", ["very_few_events", "uncertain_curve"]),
        ("one patient", ["one_class", "no_brier_interval"]),
        ("no event", ["one_class"]),
        ("only events", ["one_class"]),
        (
            "one event",
            ["very_few_events", "uncertain_curve", "one_event", "few_distinct_predictions"],
        ),
        (
            "all equal",
            [
                "very_few_events",
                "uncertain_curve",
                "equal_predictions",
                "few_distinct_predictions",
            ],
        ),
        (
            "separated",
            ["very_few_events", "uncertain_curve", "separation", "few_distinct_predictions"],
        ),
        (
            "nearly separated",
            ["very_few_events", "uncertain_curve", "separation", "few_distinct_predictions"],
        ),
        (
            "all zero",
            [
                "very_few_events",
                "uncertain_curve",
                "equal_predictions",
                "few_distinct_predictions",
                "extreme_predictions",
                "certainty_failed",
                "no_spiegelhalter",
                "no_expected_events",
            ],
        ),
        (
            "a hair apart",
            [
                "very_few_events",
                "uncertain_curve",
                "slope_not_found",
                "few_distinct_predictions",
            ],
        ),
    ],
)
def test_limits_name_the_cause(case: str, codes: list[str]) -> None:
    assert codes_of(*DEGENERATE[case]) == codes


@pytest.mark.parametrize(
    ("events", "codes"),
    [
        (9, ["very_few_events", "uncertain_curve"]),
        (10, ["few_events", "uncertain_curve"]),
        (99, ["few_events", "uncertain_curve"]),
        (100, ["uncertain_curve"]),
        (199, ["uncertain_curve"]),
        (200, []),
        (300, []),
        (301, ["uncertain_curve"]),
        (401, ["few_events", "uncertain_curve"]),
        (492, ["very_few_events", "uncertain_curve"]),
    ],
)
def test_few_events_or_few_non_events_are_said(events: int, codes: list[str]) -> None:
    y, p = sound(np.random.default_rng(events), 500, events)
    assert codes_of(y.tolist(), p.tolist()) == codes


def test_figures_of_separated_predictions_are_the_perfect_ones_without_interval() -> None:
    found = evaluate(*DEGENERATE["separated"]).to_dict()
    assert (found["auroc"], found["auroc_low"], found["auroc_high"]) == (1.0, None, None)
    assert found["calibration_slope"] is None
    assert found["calibration_intercept"] is not None
    assert found["logistic_eavg"] is None


def test_figures_without_any_event_are_those_that_need_none() -> None:
    found = evaluate([0, 0, 0], [0.1, 0.2, 0.3], thresholds=[0.2]).to_dict()
    assert found["auroc"] is None
    assert found["brier"] == pytest.approx(0.14 / 3)
    (row,) = classified(found)
    assert row["sensitivity"] is None
    assert row["specificity"] == pytest.approx(1 / 3)
    assert found["curve"] == []


def test_equal_predictions_are_off_by_the_difference_to_the_prevalence() -> None:
    found = evaluate([0, 1, 0, 1, 0], [0.3] * 5).to_dict()
    assert found["auroc"] == 0.5
    assert found["eavg"] == pytest.approx(0.1)
    assert found["observed_expected"] == pytest.approx(4 / 3)
    assert found["curve"] == [{"predicted": 0.3, "smooth": pytest.approx(0.4), "logistic": None}]


def test_nobody_above_a_threshold_is_said_with_the_threshold() -> None:
    result = evaluate([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], thresholds=[0.05, 0.25, 0.5, 0.75])
    said = {limit.code: limit.message for limit in result.limits}
    assert "0.5, 0.75: the positive predictive value" in said["nobody_positive"]
    assert "threshold 0.05: the negative predictive value" in said["nobody_negative"]


# Laws.


@given(st.integers(0, 2**32 - 1))
def test_order_of_patients_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, p = sound(rng, 60, 20)
    order = rng.permutation(60)
    first, second = flat(evaluate(y, p).to_dict()), flat(evaluate(y[order], p[order]).to_dict())
    assert first.keys() == second.keys()
    for key, value in first.items():
        assert second[key] == pytest.approx(value, abs=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_counting_non_events_instead_mirrors_every_figure(seed: int) -> None:
    y, p = sound(np.random.default_rng(seed), 60, 20)
    found, mirrored = evaluate(y, p).to_dict(), evaluate(1 - y, 1 - p).to_dict()
    for key in ("auroc", "brier", "scaled_brier", "log_loss", "calibration_slope", "eavg", "emax"):
        assert mirrored[key] == pytest.approx(found[key], abs=1e-8)
    assert mirrored["spiegelhalter_z"] == pytest.approx(found["spiegelhalter_z"], abs=1e-8)
    for key in ("calibration_intercept", "joint_intercept"):
        assert mirrored[key] == pytest.approx(-number(found[key]), abs=1e-6)
        assert mirrored[f"{key}_low"] == pytest.approx(-number(found[f"{key}_high"]), abs=1e-6)


def number(value: object) -> float:
    assert isinstance(value, float)
    return value


def flat(data: object, name: str = "") -> dict[str, object]:
    if isinstance(data, dict):
        return {k: v for key in data for k, v in flat(data[key], f"{name}.{key}").items()}
    if isinstance(data, list):
        return {k: v for i, d in enumerate(data) for k, v in flat(d, f"{name}.{i}").items()}
    return {name: data}


def test_right_predictions_look_right_in_a_large_cohort() -> None:
    rng = np.random.default_rng(12)
    p = rng.beta(2, 4, 50_000)
    start = time.process_time()
    found = evaluate((rng.random(p.size) < p).astype(int), p)
    assert time.process_time() - start < 10.0  # about 0.5 s
    assert found.limits == ()
    assert found.calibration_intercept is not None
    assert found.calibration_intercept.value == pytest.approx(0.0, abs=0.05)
    assert found.recalibration is not None
    assert found.recalibration.slope.value == pytest.approx(1.0, abs=0.05)
    assert found.observed_expected is not None
    assert found.observed_expected.value == pytest.approx(1.0, abs=0.03)
    assert found.curve is not None
    assert found.curve.smooth_errors.eavg < 0.01
    assert found.spiegelhalter is not None
    assert abs(found.spiegelhalter[0]) < 4.0


# Refusals.


@pytest.mark.parametrize(
    ("outcome", "probability", "message"),
    [
        ([0, 1], [0.1, 1.2], "probability must lie between 0 and 1"),
        ([0, 1], [-0.1, 0.2], "probability must lie between 0 and 1"),
        ([0, 1], [10.0, 80.0], "was a score or a percentage given"),
        ([0, 1], [0.1, math.nan], "probability contains missing values"),
        ([0, math.nan], [0.1, 0.2], "none missing"),
        ([0, 1], [0.1, math.inf], "probability must lie between 0 and 1"),
        ([0, 1, 1], [0.1, 0.2], "probability has shape"),
        ([0, 2], [0.1, 0.2], "outcome must be 0"),
        ([], [], "at least one patient"),
        (["no", "yes"], [0.1, 0.2], "outcome must consist of numbers"),
        ([0, 1], ["low", "high"], "probability must consist of numbers"),
        ([[0, 1]], [[0.1, 0.2]], "outcome must be one column"),
    ],
)
def test_bad_input_is_refused_by_name(
    outcome: list[int], probability: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(outcome, probability)


@pytest.mark.parametrize("outcome", [[0, 1], [0, 0]])
def test_impossible_level_and_thresholds_are_refused(outcome: list[int]) -> None:
    with pytest.raises(ValueError, match="level must lie strictly between"):
        evaluate(outcome, [0.1, 0.2], level=95)
    with pytest.raises(ValueError, match="thresholds must lie strictly between"):
        evaluate(outcome, [0.1, 0.2], thresholds=[25])
    with pytest.raises(ValueError, match="thresholds must lie strictly between"):
        evaluate(outcome, [0.1, 0.2], decision_thresholds=[0.0])
