"""Brier score and log loss against R and by hand."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from predictor.performance.scores import brier, log_loss, log_loss_per_patient, scaled_brier

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


@pytest.mark.parametrize("score", [brier, scaled_brier, log_loss, log_loss_per_patient])
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
