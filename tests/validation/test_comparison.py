"""Comparison: the rule of choice by hand, the paired error by hand, and rows without holes."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from predictor.learning.candidates import Candidate
from predictor.learning.crossvalidation import OutOfFold
from predictor.learning.splits import RepeatedFolds, repeated_folds
from predictor.validation.comparison import Comparison, compare

NAMES = ("prevalence", "one_predictor", "ridge", "random_forest")


def comparison_of(
    outcome: Any, probabilities: list[Any], folds: RepeatedFolds, group: Any = None
) -> Comparison:
    results = [
        OutOfFold(Candidate(name, name.title(), (0,)), np.asarray(p, float), ({},) * 3, 1.5)
        for name, p in zip(NAMES, probabilities, strict=False)
    ]
    return compare(results, np.asarray(outcome, dtype=np.int8), folds, group)


def simulated(n: int = 60, seed: int = 0) -> tuple[Any, list[Any], RepeatedFolds]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-2 * x))).astype(np.int8)
    outcome[:10] = [0, 1] * 5
    folds = repeated_folds(outcome, None, folds=5, repeats=2, seed=seed)
    prevalence = np.empty((2, n))
    for r in range(2):
        for k in range(5):
            test = folds.fold[r] == k
            prevalence[r, test] = outcome[~test].mean()
    noise = rng.normal(size=(2, n)) * 0.2
    good = 1 / (1 + np.exp(-(1.5 * x + noise)))
    return outcome, [prevalence, good * 0.4 + 0.3, good, good**3], folds


def test_each_figure_equals_its_definition() -> None:
    outcome, probabilities, folds = simulated(200)
    table = comparison_of(outcome, probabilities, folds)
    for row, probability in zip(table.models, probabilities, strict=True):
        averaged = probability.mean(axis=0)
        assert row.log_loss == pytest.approx(
            np.mean([log_loss(outcome, p) for p in probability]), abs=1e-12
        )
        assert row.brier == pytest.approx(brier_score_loss(outcome, averaged), abs=1e-12)
        reference = outcome.mean() * (1 - outcome.mean())
        assert row.scaled_brier == pytest.approx(1 - row.brier / reference, abs=1e-12)
        within = [
            roc_auc_score(outcome[fold == k], p[fold == k])
            for fold, p in zip(folds.fold, probability, strict=True)
            for k in range(5)
        ]
        assert row.auroc == pytest.approx(np.mean(within), abs=1e-12)
    assert sum(row.chosen for row in table.models) == 1
    assert table.chosen.name == "ridge"
    best = min(table.models, key=lambda row: row.log_loss)
    assert best.log_loss_difference == 0
    assert best.log_loss_difference_se == 0


def test_the_prevalence_has_an_auroc_of_one_half_by_definition_and_no_slope() -> None:
    outcome, probabilities, folds = simulated()
    row = comparison_of(outcome, probabilities, folds).models[0]
    assert (row.auroc, row.auroc_low, row.auroc_high) == (0.5, None, None)
    assert (row.calibration_slope, row.calibration_slope_low) == (None, None)
    assert row.calibration_intercept == pytest.approx(0.0, abs=0.05)
    assert row.settings == {}


def figures(table: Comparison) -> list[tuple[str, Any]]:
    return [
        (f"{row.name}.{field.name}", getattr(row, field.name))
        for row in table.models
        for field in fields(row)
    ]


@given(st.integers(0, 1000), st.sampled_from([0.0, 1e-300, 0.5, 1.0]), st.booleans())
def test_every_figure_is_finite_or_none_whatever_is_predicted(
    seed: int, extreme: float, right: bool
) -> None:
    rng = np.random.default_rng(seed)
    outcome = rng.permutation([0] * 6 + [1] * 6).astype(np.int8)
    folds = repeated_folds(outcome, None, folds=3, repeats=2, seed=seed)
    flat = np.full((2, 12), extreme)
    certain = np.tile(outcome if right else 1 - outcome, (2, 1)).astype(float)
    mixed = rng.choice([0.0, 1.0, 0.3, extreme], (2, 12))
    table = comparison_of(outcome, [flat, flat, certain, mixed], folds)
    for name, value in figures(table):
        assert not isinstance(value, float) or math.isfinite(value), name
    json.dumps([row.to_dict() for row in table.models], allow_nan=False)


def test_without_a_fold_of_both_outcomes_there_is_no_auroc() -> None:
    # four centres of one outcome each: every test fold is of one kind
    outcome = np.repeat([0, 1, 0, 1], 5).astype(np.int8)
    centre = np.repeat(np.arange(4), 5)
    folds = RepeatedFolds(centre[None, :], seed=1)
    probability = np.random.default_rng(0).random((1, 20))
    table = comparison_of(outcome, [probability] * 2, folds, centre)
    assert [row.auroc for row in table.models] == [None, None]
    assert all(math.isfinite(row.log_loss) for row in table.models)


def test_settings_are_counted_by_what_was_chosen() -> None:
    outcome, probabilities, folds = simulated()
    candidate = Candidate("ridge", "Ridge", (0,))
    chosen = ({"penalty": 10.0}, {"penalty": 0.1}, {"penalty": 10.0})
    result = OutOfFold(candidate, probabilities[2], chosen, 1.23456)
    (row,) = compare([result], outcome, folds, None).models
    assert row.settings == {"penalty 10": 2, "penalty 0.1": 1}
    assert row.seconds == 1.235
    assert row.chosen
