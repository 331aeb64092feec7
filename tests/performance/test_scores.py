"""Brier score and log loss against R and by hand."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from predictor.performance.estimate import Estimate
from predictor.performance.scores import (
    brier,
    brier_estimate,
    log_loss,
    log_loss_per_patient,
    scaled_brier,
    spiegelhalter,
)

Score = Callable[[object, object], float]


@pytest.mark.parametrize(
    ("score", "metric"),
    [
        (brier, "brier"),
        (brier, "valprob_Brier"),
        (scaled_brier, "brier_scaled"),
        (scaled_brier, "CC_Brier scaled"),
        (log_loss, "log_loss"),
    ],
)
def test_equals_r(shared: Path, score: Score, metric: str) -> None:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        expected = {row["metric"]: row["value"] for row in csv.DictReader(file)}[metric]
    assert score(table[:, 0], table[:, 1]) == pytest.approx(float(expected), abs=1e-10)


def test_brier_of_the_prevalence_equals_r(shared: Path) -> None:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    prevalence = np.full(len(table), table[:, 0].mean())
    assert brier(table[:, 0], prevalence) == pytest.approx(0.22052366090869502, abs=1e-10)
    assert scaled_brier(table[:, 0], prevalence) == pytest.approx(0.0, abs=1e-10)


def test_by_hand() -> None:
    # (0.2^2 + 0.5^2 + 0.1^2) / 3 = 0.1; prevalence 2/3 alone gives 2/9
    assert brier([0, 1, 1], [0.2, 0.5, 0.9]) == pytest.approx(0.1)
    assert scaled_brier([0, 1, 1], [0.2, 0.5, 0.9]) == pytest.approx(0.55)
    assert log_loss_per_patient([0, 1, 1], [0.2, 0.5, 0.9]).tolist() == pytest.approx(
        [-math.log(0.8), -math.log(0.5), -math.log(0.9)]
    )


def test_log_loss_of_a_certain_error_is_large_but_finite() -> None:
    losses = log_loss_per_patient([1, 0, 1, 0], [0.0, 1.0, 1.0, 0.0])
    assert losses.tolist() == pytest.approx([34.538776, 34.538776, 0.0, 0.0])


def test_one_class_is_enough_for_an_average() -> None:
    assert brier([1, 1], [1.0, 0.0]) == 0.5
    assert log_loss([0, 0], [0.5, 0.5]) == pytest.approx(math.log(2))


def test_scaled_brier_refuses_one_class() -> None:
    with pytest.raises(ValueError, match="one class only"):
        scaled_brier([1, 1], [0.4, 0.6])


@pytest.mark.parametrize(
    "score", [brier, brier_estimate, scaled_brier, log_loss, log_loss_per_patient, spiegelhalter]
)
@pytest.mark.parametrize(
    ("probability", "message"),
    [
        ([0.5, 1.0 + 1e-9], "between 0 and 1"),
        ([-1e-9, 0.5], "between 0 and 1"),
        ([0.5, math.nan], "missing values"),
        ([0.5, math.inf], "between 0 and 1"),
        ([0.5], "shape"),
    ],
)
def test_refuses(score: Score, probability: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score([0, 1], probability)


@pytest.mark.parametrize(
    ("metric", "place"),
    [("spiegelhalter_z", 0), ("valprob_S:z", 0), ("spiegelhalter_p", 1), ("valprob_S:p", 1)],
)
def test_spiegelhalter_equals_r(shared: Path, metric: str, place: int) -> None:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        expected = {row["metric"]: row["value"] for row in csv.DictReader(file)}[metric]
    found = spiegelhalter(table[:, 0], table[:, 1])
    assert found is not None
    assert found[place] == pytest.approx(float(expected), rel=1e-9)


def test_spiegelhalter_is_the_brier_score_in_its_own_standard_errors() -> None:
    # Over all outcomes of three patients, weighted as the predictions say: mean 0, variance 1.
    p = [0.1, 0.4, 0.7]
    outcomes = [[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    weights = [math.prod(q if y else 1 - q for y, q in zip(o, p, strict=True)) for o in outcomes]
    found = [spiegelhalter(o, p) for o in outcomes]
    z = [pair[0] for pair in found if pair is not None]
    assert math.fsum(w * v for w, v in zip(weights, z, strict=True)) == pytest.approx(0, abs=1e-12)
    assert math.fsum(w * v * v for w, v in zip(weights, z, strict=True)) == pytest.approx(1)
    # And it rises with the Brier score, in proportion.
    scores = [brier(o, p) for o in outcomes]
    slope = np.diff(z) / np.diff(scores)
    assert slope == pytest.approx(np.full(7, slope[0]))


@pytest.mark.parametrize("probability", [[0.0, 1.0], [0.5, 0.5], [0.0, 0.5], [1e-30, 1 - 1e-17]])
def test_spiegelhalter_is_none_where_it_has_no_variance(probability: list[float]) -> None:
    assert spiegelhalter([0, 1], probability) is None


def test_brier_interval_by_hand_and_cut_off() -> None:
    # Squared differences 0.01, 0.04 and 0.09: mean 0.14 / 3, standard deviation 0.04041452.
    found = brier_estimate([0, 0, 0], [0.1, 0.2, 0.3])
    reach = 1.959964 * 0.04041452 / math.sqrt(3)
    assert found.high == pytest.approx(0.14 / 3 + reach, abs=1e-7)
    assert found.low == pytest.approx(0.14 / 3 - reach, abs=1e-7)
    assert brier_estimate([0, 0, 0, 1], [0.0, 0.0, 0.0, 0.2]).low == 0.0
    assert brier_estimate([1, 1, 1, 0], [0.0, 0.0, 0.0, 0.2]).high == 1.0


@pytest.mark.parametrize(
    ("outcome", "probability"),
    [([1], [0.3]), ([0, 1], [0.5, 0.5]), ([0, 0], [0.0, 0.0]), ([0, 1, 1], [0.1, 0.9, 0.9])],
)
def test_brier_score_without_variation_has_no_interval(
    outcome: list[int], probability: list[float]
) -> None:
    value = brier(outcome, probability)
    assert brier_estimate(outcome, probability) == Estimate(value, None, None)
