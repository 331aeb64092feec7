"""Curves: areas of independent libraries, bands by hand, and nothing that counts few patients."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from predictor.performance.discrimination import cross_validated_auroc
from predictor.performance.lowess import lowess
from predictor.validation.curves import (
    DRAWS,
    ROC_POINTS,
    apparent_roc,
    calibration_band,
    curves,
    decision_band,
    histogram,
    roc_over_folds,
)

EVERYBODY = np.ones((1, 6), dtype=np.int32)


def made(n: int = 80, repeats: int = 3, seed: int = 0) -> tuple[Any, Any, Any]:
    """Outcome, out-of-fold probabilities and folds with both outcomes in every one."""
    generator = np.random.default_rng(seed)
    outcome = np.tile([0, 1, 0, 1, 0], n // 5).astype(np.int8)
    latent = outcome + generator.normal(size=(repeats, n))
    fold = np.stack([np.arange(n) // (n // 4)] * repeats).astype(np.int64)
    return outcome, 1 / (1 + np.exp(0.5 - latent)), fold


def area(points: list[dict[str, float]]) -> float:
    x = np.array([point["false_positive_rate"] for point in points])
    y = np.array([point["true_positive_rate"] for point in points])
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= -1e-12).all()
    assert (x[0], y[0]) == (0.0, 0.0)
    assert (x[-1], y[-1]) == pytest.approx((1.0, 1.0))
    return float(np.trapezoid(y, x))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40))
def test_apparent_curve_is_that_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    outcome = np.array([event for event, _ in rows], dtype=np.int8)
    score = np.array([score / 6 for _, score in rows])
    if len(set(outcome.tolist())) < 2:
        return
    points = apparent_roc(outcome, score)
    assert area(points) == pytest.approx(roc_auc_score(outcome, score))
    false, true, _ = roc_curve(outcome, score, drop_intermediate=False)
    corners = set(zip(false.round(9).tolist(), true.round(9).tolist(), strict=True))
    for point in points:
        assert (
            round(point["false_positive_rate"], 9),
            round(point["true_positive_rate"], 9),
        ) in corners


def test_no_curve_tells_the_apparent_scores() -> None:
    outcome, _, _ = made()
    score = np.linspace(0.0123456, 0.9123456, 80)
    told = str(apparent_roc(outcome, score))
    assert not [s for s in score.tolist() if repr(s) in told]
    assert "threshold" not in told


def test_a_large_cohort_has_a_short_curve_of_the_same_area() -> None:
    generator = np.random.default_rng(4)
    outcome = generator.integers(0, 2, 20_000).astype(np.int8)
    score = generator.normal(outcome, 1.5)
    points = apparent_roc(outcome, score)
    assert len(points) <= ROC_POINTS
    assert area(points) == pytest.approx(roc_auc_score(outcome, score), abs=5e-4)


@pytest.mark.parametrize("n", [20, 40, 80])
def test_the_area_below_the_mean_curve_is_the_cross_validated_auroc(n: int) -> None:
    outcome, probability, fold = made(n)
    expected = cross_validated_auroc(outcome, probability, fold).value
    assert area(roc_over_folds(outcome, probability, fold)) == pytest.approx(expected, abs=1e-12)


def test_the_area_of_a_large_cohort_is_close() -> None:
    outcome, probability, fold = made(4000)
    points = roc_over_folds(outcome, probability, fold)
    expected = cross_validated_auroc(outcome, probability, fold).value
    assert len(points) <= ROC_POINTS
    assert area(points) == pytest.approx(expected, abs=1e-3)


def test_folds_of_one_outcome_have_no_curve() -> None:
    outcome = np.array([0, 0, 1, 1], dtype=np.int8)
    probability = np.array([[0.1, 0.2, 0.3, 0.4]])
    assert roc_over_folds(outcome, probability, np.array([[0, 0, 1, 1]])) == []
    assert area(roc_over_folds(outcome, probability, np.array([[0, 1, 0, 1]]))) == 1.0


def test_equal_predictions_give_the_diagonal() -> None:
    outcome = np.tile([0, 1], 10).astype(np.int8)
    points = roc_over_folds(outcome, np.full((2, 20), 0.4), np.stack([np.arange(20) // 10] * 2))
    assert [tuple(point.values()) for point in points] == [(0.0, 0.0), (1.0, 1.0)]


def test_calibration_curve_is_the_lowess_cut_to_probabilities() -> None:
    outcome, probability, _ = made()
    p = probability.mean(axis=0)
    count = np.random.default_rng(1).multinomial(80, np.full(80, 1 / 80), 200).astype(np.int32)
    rows = calibration_band(outcome, p, count)
    at = np.array([row["predicted"] for row in rows])
    assert (at[0], at[-1]) == (p.min(), p.max())
    smooth = np.clip(lowess(p, outcome, np.clip(at, p.min(), p.max())), 0, 1)
    assert [row["observed"] for row in rows] == pytest.approx(smooth.tolist())
    middle: Any = rows[25]
    assert middle["low"] < middle["observed"] < middle["high"]
    # about the width of a share of two thirds of the patients
    assert 0.05 < middle["high"] - middle["low"] < 0.45


def test_the_band_of_one_prediction_is_that_of_a_share() -> None:
    outcome = np.r_[np.ones(30), np.zeros(70)].astype(np.int8)
    count = np.random.default_rng(1).multinomial(100, np.full(100, 0.01), 1000).astype(np.int32)
    (row,) = calibration_band(outcome, np.full(100, 0.3), count)
    assert row["observed"] == pytest.approx(0.3)
    # 2.5% and 97.5% quantiles of a binomial of 100 and 0.3, divided by 100
    assert (row["low"], row["high"]) == pytest.approx((0.21, 0.39), abs=0.021)


def test_a_large_cohort_is_fitted_by_groups_with_nearly_the_same_band() -> None:
    generator = np.random.default_rng(5)
    p = generator.uniform(0.1, 0.9, 120)
    outcome = (generator.random(120) < p).astype(np.int8)
    count = generator.multinomial(120, np.full(120, 1 / 120), 60).astype(np.int32)
    direct = calibration_band(outcome, p, count)
    # The same patients twice at a hair's distance are too many positions for the direct way.
    twice = np.repeat(p, 2) + np.tile([0.0, 1e-7], 120)
    grouped = calibration_band(np.repeat(outcome, 2), twice, np.repeat(count, 2, axis=1))
    for one, other in zip(direct[3:-3], grouped[3:-3], strict=True):
        for key in ("low", "high"):
            assert one[key] == pytest.approx(other[key], abs=0.03)


def test_net_benefit_by_hand() -> None:
    outcome = np.array([1, 1, 0, 0, 0, 0], dtype=np.int8)
    p = np.array([0.9, 0.4, 0.6, 0.1, 0.1, 0.1])
    rows = {row["threshold"]: row for row in decision_band(outcome, p, EVERYBODY, [0.255])}
    assert len(rows) == 100
    assert rows[0.5]["model"] == pytest.approx(1 / 6 - 1 / 6 * 1)
    assert rows[0.255]["model"] == pytest.approx(2 / 6 - 1 / 6 * 0.255 / 0.745)
    assert rows[0.5]["treat_all"] == pytest.approx(2 / 6 - 4 / 6)
    assert rows[0.95]["model"] == 0.0
    for row in rows.values():
        assert row["model_low"] == row["model_high"] == pytest.approx(row["model"])


def test_net_benefit_is_held_against_the_better_default_in_every_sample() -> None:
    outcome = np.array([1, 1, 0, 0], dtype=np.int8)
    p = np.array([0.9, 0.4, 0.6, 0.1])
    count = np.array([[1, 1, 1, 1], [2, 1, 1, 0], [0, 1, 2, 1]], dtype=np.int32)
    rows = {row["threshold"]: row for row in decision_band(outcome, p, count, [])}
    # At 20% acting in everybody is better than in nobody: 2/4 less 2/4 of a quarter. The model
    # spares the last patient.
    assert rows[0.2]["difference"] == pytest.approx(0.25 / 4)
    assert rows[0.2]["difference_low"] == pytest.approx(
        np.quantile([0.25 / 4, 0.0, 0.25 / 4], 0.025)
    )
    # At 60% in nobody is: the model finds one event for one false positive at odds of 1.5.
    assert rows[0.6]["difference"] == rows[0.6]["model"] == pytest.approx(0.25 - 0.25 * 1.5)
    assert rows[0.6]["difference_high"] == pytest.approx(
        np.quantile([(1 - 1.5) / 4, (2 - 1.5) / 4, (0 - 3.0) / 4], 0.975)
    )


def test_patients_are_drawn_and_not_their_rows() -> None:
    outcome, probability, fold = made(40, repeats=1)
    plan: Any = {"constant": False, "thresholds": [0.5], "cell_size": 5, "seed": 3}
    alone: Any = curves(outcome, probability[0], probability, fold, None, **plan)
    twice: Any = curves(
        np.repeat(outcome, 2),
        np.repeat(probability[0], 2),
        np.repeat(probability, 2, axis=1),
        np.repeat(fold, 2, axis=1),
        np.repeat(np.arange(40), 2),
        **plan,
    )
    assert alone["draws"] == DRAWS
    for one, other in zip(alone["decision"], twice["decision"], strict=True):
        assert one == pytest.approx(other)


def test_a_constant_model_has_one_prediction_whatever_its_folds_say() -> None:
    outcome, _, fold = made(40)
    probability = 0.4 - 0.01 * fold  # of the prevalence in the other folds
    found: Any = curves(
        outcome, np.full(40, 0.4), probability, fold, None, constant=True, thresholds=[0.5],
        cell_size=5, seed=3,
    )  # fmt: skip
    assert len(found["calibration"]["curve"]) == 1
    assert len(found["calibration"]["histogram"]) == 1
    assert area(found["roc"]["cross_validated"]["points"]) == 0.5


@pytest.mark.parametrize("seed", range(20))
def test_no_bin_of_the_histogram_holds_few(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n = int(generator.integers(12, 200))
    p = generator.beta(2, 3, n)
    outcome = (generator.random(n) < p).astype(np.int8)
    bins = histogram(outcome, p, None, 5)
    if min(outcome.sum(), n - outcome.sum()) < 5:
        assert len(bins) == 1
        return
    assert sum(row["events"] + row["others"] for row in bins) == n  # type: ignore[operator]
    for row in bins:
        assert all(row[name] == 0 or row[name] >= 5 for name in ("events", "others"))  # type: ignore[operator]
    for left, right in pairwise(bins):
        assert left["high"] == right["low"]


def test_few_events_are_not_counted_in_the_histogram() -> None:
    (row,) = histogram(
        np.array([1, 1, *[0] * 20], dtype=np.int8), np.linspace(0.1, 0.9, 22), None, 5
    )
    assert (row["events"], row["others"]) == (None, 20)
