"""Pitfalls that fits and folds show fire where they must, and stay silent where they should."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from predictor.learning.candidates import Candidate
from predictor.learning.crossvalidation import cross_validate
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan
from predictor.learning.splits import repeated_folds
from predictor.validation import fold_pitfalls
from predictor.validation.fold_pitfalls import calibration_drift, separation, tuning_edge

Floats = NDArray[np.float64]
FLIC = {"intercept_correction": "flic"}


def clean(n: int, seed: int, predictors: int = 6) -> tuple[Floats, NDArray[np.int8], Floats]:
    """Predictors, outcome and its true probability."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, predictors))
    p = 1.0 / (1.0 + np.exp(0.7 - values[:, 0]))
    return values, (generator.random(n) < p).astype(np.int8), p


def test_predictors_that_separate_together_are_found() -> None:
    values, _, _ = clean(60, 1)
    outcome = (values[:, 0] + values[:, 1] > 0).astype(np.int8)
    found = separation(values, outcome)
    assert found.status == "warning"
    assert found.figures["separated"] is True


def test_a_state_without_an_event_is_noted() -> None:
    values, outcome, _ = clean(200, 2)
    rare = np.zeros(200)
    rare[np.flatnonzero(outcome == 0)[:30]] = 1.0
    # quasi-complete separation along this column alone
    found = separation(np.column_stack([values, rare]), outcome)
    assert found.status == "warning"
    assert found.figures["uniform_states"] == 1


def test_cohorts_with_enough_patients_are_not_separated() -> None:
    found = [separation(*clean(200, seed)[:2]).status for seed in range(50)]
    assert set(found) == {"passed"}
    assert separation(np.zeros((10, 0)), np.zeros(10, dtype=np.int8)).status == "not assessed"


def drift_of(
    outcome: NDArray[np.int8], probability: Floats, folds: NDArray[np.int64]
) -> tuple[str, float]:
    found = calibration_drift(outcome, probability, folds, None, 1)
    return found.status, float(found.figures["drift"] or 0.0)


def test_folds_whose_models_predict_on_other_levels_are_found() -> None:
    _, outcome, p = clean(500, 3)
    folds = repeated_folds(outcome, None, folds=5, repeats=2, seed=1).fold
    logit = np.log(p / (1 - p)) + np.array([-1.5, -0.7, 0.0, 0.7, 1.5])[folds]
    status, drift = drift_of(outcome, 1 / (1 + np.exp(-logit)), folds)
    assert status == "warning"
    assert drift > 0.15
    logit = np.log(p / (1 - p)) + np.array([-0.6, -0.3, 0.0, 0.3, 0.6])[folds]
    assert drift_of(outcome, 1 / (1 + np.exp(-logit)), folds)[0] == "note"


def test_the_drift_is_the_spread_between_folds_that_were_shifted() -> None:
    """Residuals that differ by fold alone: the spread is theirs, by hand."""
    outcome = np.tile([1, 0], 500).astype(np.int8)
    folds = np.repeat([0, 1], 500)[None]
    p = np.where(folds == 0, 0.4, 0.6)
    found = calibration_drift(outcome, p, folds, None, 1)
    assert found.figures["spread"] == pytest.approx(0.1, abs=1e-12)
    assert float(found.figures["drift"] or 0) == pytest.approx(0.1, abs=0.01)


def test_a_miscalibration_that_all_folds_share_is_no_drift() -> None:
    _, outcome, p = clean(500, 3)
    folds = repeated_folds(outcome, None, folds=5, repeats=2, seed=1).fold
    assert drift_of(outcome, np.tile(p**2, (2, 1)), folds)[0] == "passed"


def test_rows_of_one_patient_move_together() -> None:
    _, outcome, p = clean(100, 5)
    folds = repeated_folds(outcome, None, folds=5, repeats=1, seed=1).fold
    person = np.arange(100)
    alone = calibration_drift(outcome, p[None], folds, person, 1)
    several = calibration_drift(
        np.repeat(outcome, 3),
        np.repeat(p, 3)[None],
        np.repeat(folds, 3, axis=1),
        person.repeat(3),
        1,
    )
    assert several.figures["p_value"] == alone.figures["p_value"]
    assert several.figures["drift"] == pytest.approx(alone.figures["drift"])


def test_certain_predictions_cannot_drift() -> None:
    outcome = np.array([0, 1] * 5, dtype=np.int8)
    found = calibration_drift(
        outcome, outcome[None].astype(float), np.arange(10)[None] % 2, None, 1
    )
    assert found.status == "not assessed"


def fitted_alarms(n: int, cohorts: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(fold_pitfalls, "PERMUTATIONS", 499)
    candidate = Candidate("firth", "Firth", tuple(range(6)), fixed=FLIC)
    plan = Plan(tuple(Column(f"x{j}") for j in range(6)), "median", (), 5)
    found = []
    for seed in range(cohorts):
        values, outcome, _ = clean(n, seed)
        if min(outcome.sum(), n - outcome.sum()) < 5:
            continue  # cannot fill the folds, and is refused before
        folds = repeated_folds(outcome, None, folds=5, repeats=3, seed=seed)
        patients = Patients(values, outcome, None)
        (result,) = cross_validate([candidate], plan, patients, folds, workers=1)
        found.append(drift_of(outcome, result.probability, folds.fold)[0])
    return found


@pytest.mark.slow
def test_clean_cohorts_of_200_are_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    # In 100 cohorts there was no note; with 31 patients about a fifth get one, because the folds
    # of so small a cohort do lie on other levels.
    found = fitted_alarms(200, 60, monkeypatch)
    assert found.count("passed") >= 58
    assert "warning" not in found


@pytest.mark.slow
def test_small_clean_cohorts_are_hardly_ever_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    found = fitted_alarms(31, 60, monkeypatch)
    assert found.count("warning") <= 4
    assert found.count("passed") >= 0.6 * len(found)


def test_tuning_that_stays_inside_its_grid_is_let_pass() -> None:
    grid = [{"penalty": value} for value in (0.1, 1.0, 10.0)]
    assert tuning_edge(grid, [grid[1]] * 9 + [grid[0]]).status == "passed"


def test_tuning_at_the_edge_of_its_grid_is_noted_with_the_setting() -> None:
    grid = [
        {"penalty": penalty, "l1_share": share}
        for penalty in (1.0, 10.0, 30.0)
        for share in (0.5, 0.9)
    ]
    found = tuning_edge(grid, [grid[0], grid[1], grid[2], grid[0]])
    assert found.status == "note"
    # two values of the share are no grid that has an inside
    assert found.rows == ({"setting": "penalty", "end": "lowest", "value": 1.0, "share": 0.75},)


@pytest.mark.parametrize("grid", [[{}], [{"penalty": 1.0}], [{"penalty": 1.0}, {"penalty": 2.0}]])
def test_where_little_is_tuned_there_is_no_edge(grid: list[dict[str, float]]) -> None:
    assert tuning_edge(grid, grid).status == "not assessed"
