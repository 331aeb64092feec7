"""Linear classifiers: scikit-learn's own checks, R's numbers and laws."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from predictor.errors import LearningError
from predictor.learning.estimators import FirthLogistic, Prevalence, RidgeLogistic


@parametrize_with_checks(
    [
        RidgeLogistic(),
        RidgeLogistic(penalty=0.01),
        FirthLogistic(),
        FirthLogistic(intercept_correction="none"),
        Prevalence(),
    ]
)
def test_scikit_learn_accepts_the_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


def birthwt(shared: Path) -> tuple[Any, Any, list[str]]:
    path = shared / "reference" / "birthwt.csv"
    with path.open(newline="") as file:
        names = next(csv.reader(file))
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    return table[:, 1:], table[:, 0].astype(int), ["Intercept", *names[1:]]


def r_estimates(shared: Path, tool: str, names: list[str], model: str = "") -> Any:
    """Coefficients that R printed, in the order of names."""
    with (shared / "reference" / "birthwt_fits.csv").open(newline="") as file:
        found = {
            row["term"].strip("()"): float(row["estimate"])
            for row in csv.DictReader(file)
            if row["tool"].startswith(tool) and row["model"].endswith(model)
        }
    return np.array([found[name] for name in names])


def on_original_columns(model: Any, centre: Any, sd: Any) -> Any:
    """Intercept and coefficients of a model that was fitted to (x - centre) / sd."""
    slopes = model.coef_[0] / sd
    return np.r_[model.intercept_[0] - centre @ slopes, slopes]


@pytest.mark.parametrize("penalty", [1, 5, 20])
def test_ridge_on_standardised_columns_equals_rms(shared: Path, penalty: int) -> None:
    # rms divides by the standard deviation with n - 1. With n, coefficients differ by 4e-4.
    X, y, names = birthwt(shared)
    centre, sd = X.mean(axis=0), X.std(axis=0, ddof=1)
    model = RidgeLogistic(penalty=penalty).fit((X - centre) / sd, y)
    expected = r_estimates(shared, "rms::lrm penalty", names, f"penalty={penalty}")
    assert on_original_columns(model, centre, sd) == pytest.approx(expected, abs=1e-6)


def test_ridge_without_penalty_equals_glm(shared: Path) -> None:
    X, y, names = birthwt(shared)
    model = RidgeLogistic(penalty=0.0).fit(X, y)
    expected = r_estimates(shared, "glm(epsilon=1e-14)", names)
    assert on_original_columns(model, 0 * X[0], 1) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("correction", "tool"), [("none", "logistf 1.26.1 tight"), ("flic", "logistf::flic")]
)
def test_firth_equals_logistf(shared: Path, correction: Any, tool: str) -> None:
    X, y, names = birthwt(shared)
    model = FirthLogistic(intercept_correction=correction).fit(X, y)
    expected = r_estimates(shared, tool, names)
    assert on_original_columns(model, 0 * X[0], 1) == pytest.approx(expected, abs=1e-6)


def weighted_cohort() -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(20)
    X = rng.normal(size=(40, 3))
    y = np.where(rng.random(40) < 0.3, "remission", "no remission")
    return X, y, rng.integers(0, 4, 40)


@pytest.mark.parametrize("model", [FirthLogistic(), RidgeLogistic(penalty=0.0), Prevalence()])
def test_mean_prediction_is_the_weighted_share_of_events(model: Any) -> None:
    X, y, weights = weighted_cohort()
    model.fit(X, y, sample_weight=weights)
    mean = np.average(model.predict_proba(X)[:, 1], weights=weights)
    assert mean == pytest.approx(np.average(y == "remission", weights=weights), abs=1e-9)


@pytest.mark.parametrize(
    "model", [FirthLogistic(), FirthLogistic("none"), RidgeLogistic(), Prevalence()]
)
def test_weight_counts_patients(model: Any) -> None:
    X, y, weights = weighted_cohort()
    weighted = model.fit(X, y, sample_weight=weights).decision_function(X)
    repeated = model.fit(X.repeat(weights, axis=0), y.repeat(weights)).decision_function(X)
    assert weighted == pytest.approx(repeated, abs=1e-8)


def test_the_greater_outcome_is_the_event() -> None:
    model = Prevalence().fit(np.zeros((4, 1)), ["no", "no", "no", "yes"])
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.predict_proba([[0.0]])[0] == pytest.approx([0.75, 0.25])
    assert model.predict([[0.0]]).tolist() == ["no"]


def test_prevalence_ignores_the_predictors() -> None:
    model = Prevalence().fit([[1.0], [2.0], [3.0]], [0, 1, 1])
    assert model.coef_.tolist() == [[0.0]]
    assert np.ptp(model.predict_proba([[-1e9], [0.0], [1e9]])[:, 1]) == 0


def test_extreme_patients_get_certain_predictions_without_a_warning() -> None:
    model = RidgeLogistic().fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
    assert model.predict_proba([[-1e6], [1e6]]).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_separation_is_a_named_failure_without_penalty() -> None:
    with pytest.raises(LearningError, match=r"separate events from non-events.*Use ridge"):
        RidgeLogistic(penalty=0.0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


@pytest.mark.parametrize("model", [FirthLogistic(), RidgeLogistic(), Prevalence()])
def test_one_class_is_a_named_failure(model: Any) -> None:
    with pytest.raises(LearningError, match="one class only"):
        model.fit([[0.0], [1.0]], [1, 1])
    with pytest.raises(LearningError, match="one class only"):
        model.fit([[0.0], [1.0]], [0, 1], sample_weight=[0.0, 1.0])


@pytest.mark.parametrize("model", [FirthLogistic(), RidgeLogistic(), Prevalence()])
def test_three_classes_are_refused(model: Any) -> None:
    with pytest.raises(ValueError, match="Only binary classification"):
        model.fit([[0.0], [1.0], [2.0]], [0, 1, 2])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (RidgeLogistic(penalty=-1.0), "penalty must be a number from 0 upwards"),
        (RidgeLogistic(penalty=float("nan")), "penalty must be a number from 0 upwards"),
        (FirthLogistic("flac"), 'must be "flic" or "none"'),  # type: ignore[arg-type]
    ],
)
def test_parameters_out_of_range_are_refused(model: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.fit([[0.0], [1.0], [2.0]], [0, 1, 0])
