"""Figures of repeated cross-validation, against their definitions and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from predictor.performance.calibration import calibration_intercept, calibration_slope
from predictor.performance.discrimination import cross_validated_auroc
from predictor.performance.scores import brier, scaled_brier
from predictor.performance.smooth import calibration_curve
from predictor.validation.cross_validated import cross_validated_measures

Floats = NDArray[np.float64]
Folds = NDArray[np.int64]


def out_of_fold(seed: int = 0, n: int = 60, repeats: int = 3) -> tuple[Floats, Floats, Folds]:
    rng = np.random.default_rng(seed)
    outcome = (rng.random(n) < 0.4).astype(float)
    score = rng.normal(size=n) + outcome - 0.5 + 0.3 * rng.normal(size=(repeats, n))
    fold = np.stack([rng.permutation(n) % 5 for _ in range(repeats)])
    return outcome, 1 / (1 + np.exp(-score)), fold


def test_auroc_within_folds_and_the_rest_from_averaged_predictions() -> None:
    outcome, probability, fold = out_of_fold()
    found = cross_validated_measures(outcome, probability, fold, None, [0.25])
    averaged = probability.mean(axis=0)
    assert next(iter(found)) == "auroc"
    assert found["auroc"] == cross_validated_auroc(outcome, probability, fold)
    assert found["calibration_intercept"] == calibration_intercept(outcome, averaged)
    assert found["calibration_slope"] == calibration_slope(outcome, averaged)
    assert found["brier"].value == pytest.approx(brier(outcome, averaged))
    assert found["scaled_brier"].value == pytest.approx(scaled_brier(outcome, averaged))
    curve = calibration_curve(outcome, averaged)
    assert found["eavg"].value == pytest.approx(curve.smooth_errors.eavg, abs=1e-9)
    positive = averaged >= 0.25
    benefit = (outcome[positive].sum() - (1 - outcome[positive]).sum() / 3) / 60
    assert found["net_benefit_0.25"].value == pytest.approx(benefit)


def test_intervals_of_means_by_hand() -> None:
    outcome, probability, fold = out_of_fold()
    found = cross_validated_measures(outcome, probability, fold, None, [0.25])
    loss = np.square(probability.mean(axis=0) - outcome)
    reach = 1.959963984540054 * loss.std(ddof=1) / np.sqrt(60)
    assert found["brier"].high == pytest.approx(loss.mean() + reach)
    assert found["eavg"].low is None


def test_patients_of_a_group_count_as_one() -> None:
    outcome, probability, fold = out_of_fold()
    twice = [np.concatenate([values, values], axis=-1) for values in (probability, fold)]
    group = np.tile(np.arange(60), 2)
    alone = cross_validated_measures(outcome, probability, fold, None, [0.25])
    doubled = cross_validated_measures(np.tile(outcome, 2), *twice, group, [0.25])
    for name in ("auroc", "brier", "scaled_brier", "net_benefit_0.25"):
        for bound in ("value", "low", "high"):
            expected = getattr(alone[name], bound)
            assert getattr(doubled[name], bound) == pytest.approx(expected, abs=1e-9), name


@pytest.mark.parametrize("name", ["brier", "scaled_brier", "net_benefit_0.25"])
def test_intervals_hold_the_true_value_of_fixed_predictions(name: str) -> None:
    rng = np.random.default_rng(3)

    def draw(n: int) -> tuple[Floats, Floats]:
        score = rng.normal(size=n)
        outcome = (rng.random(n) < 1 / (1 + np.exp(0.6 - score))).astype(float)
        return outcome, 1 / (1 + np.exp(0.3 - 1.3 * score))

    fold = np.zeros((1, 150), dtype=int)
    outcome, p = draw(400_000)
    truth = {
        "brier": brier(outcome, p),
        "scaled_brier": scaled_brier(outcome, p),
        "net_benefit_0.25": float(
            np.where(p >= 0.25, np.where(outcome == 1, 1.0, -1 / 3), 0.0).mean()
        ),
    }
    held = 0
    for _ in range(400):
        outcome, p = draw(150)
        estimate = cross_validated_measures(outcome, p[None], fold, None, [0.25])[name]
        assert estimate.low is not None
        assert estimate.high is not None
        held += estimate.low <= truth[name] <= estimate.high
    # 95%, less or more than three standard errors of 400 draws
    assert 0.917 <= held / 400 <= 0.983


def test_equal_predictions_have_no_slope_and_no_varying_benefit() -> None:
    outcome, _, fold = out_of_fold()
    found = cross_validated_measures(outcome, np.full(fold.shape, 0.3), fold, None, [0.25, 0.5])
    assert found["auroc"].value == 0.5
    assert found["auroc"].low is None
    assert "calibration_slope" not in found
    assert "calibration_intercept_joint" not in found
    # nobody is above 0.5
    assert found["net_benefit_0.5"].value == 0.0
    assert found["net_benefit_0.5"].low is None


def test_no_auroc_where_every_fold_has_one_class() -> None:
    outcome = np.array([0.0, 0.0, 1.0, 1.0])
    found = cross_validated_measures(
        outcome, [[0.2, 0.3, 0.4, 0.6]], np.array([[0, 0, 1, 1]]), None, []
    )
    assert "auroc" not in found
    assert "brier" in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": np.ones(60)}, "one class only"),
        ({"probability": np.full((3, 60), 2.0)}, "between 0 and 1"),
        ({"probability": np.full(60, 0.5)}, r"shape \(repeats, 60\)"),
        ({"probability": np.empty((0, 60))}, r"shape \(repeats, 60\)"),
        ({"fold": np.zeros((2, 60), int)}, "was expected"),
        ({"thresholds": [1.0]}, "strictly between 0 and 1"),
    ],
)
def test_refuses_what_does_not_fit_together(change: dict[str, object], message: str) -> None:
    outcome, probability, fold = out_of_fold()
    arguments = {
        "outcome": outcome,
        "probability": probability,
        "fold": fold,
        "group": None,
        "thresholds": [0.25],
    }
    with pytest.raises(ValueError, match=message):
        cross_validated_measures(**(arguments | change))  # type: ignore[arg-type]
