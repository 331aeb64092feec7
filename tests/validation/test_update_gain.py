"""What updating gains once its own optimism is taken off."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.fitted.models import expit
from predictor.learning.resampling import BootstrapPlan
from predictor.learning.updating import Patients, change_by
from predictor.validation.update_gain import gains


def drawn(n: int, seed: int, shift: float = 0.0) -> Patients:
    rng = np.random.default_rng(seed)
    design = rng.standard_normal((n, 4))
    old = design @ np.array([0.8, -0.6, 0.4, 0.0]) - 0.3
    outcome = (rng.random(n) < expit(old + shift)).astype(float)
    return Patients(design, old, outcome, np.arange(n, dtype=np.int64) % 5)


@pytest.mark.slow
def test_a_corrected_refit_is_no_better_than_it_is_in_new_patients() -> None:
    """Over many cohorts the corrected log loss is that among patients who come later."""
    corrected, apparent, later = [], [], []
    rng = np.random.default_rng(4)
    everybody = drawn(20_000, 999)
    truth = expit(everybody.log_odds)
    for seed in range(12):
        patients = drawn(80, int(rng.integers(1, 10_000)))
        change = change_by("refit", patients, penalties=(0.3,))
        found = gains("refit", patients, change, BootstrapPlan(80, None, 60, seed))
        row = next(row for row in found.rows if row.figure == "log_loss")
        assert row.corrected is not None
        assert row.apparent is not None
        corrected.append(row.corrected)
        apparent.append(row.apparent)
        p = np.clip(expit(change.log_odds(everybody)), 1e-12, 1 - 1e-12)
        later.append(-(truth * np.log(p) + (1 - truth) * np.log1p(-p)).mean())
    assert np.mean(apparent) < np.mean(later)
    assert abs(np.mean(corrected) - np.mean(later)) < abs(np.mean(apparent) - np.mean(later))


def test_a_moved_model_gains_and_a_right_one_does_not() -> None:
    for shift, gained in ((1.5, True), (0.0, False)):
        patients = drawn(400, 5, shift)
        change = change_by("intercept", patients)
        found = gains("intercept", patients, change, BootstrapPlan(400, None, 100, 1))
        brier = next(row for row in found.rows if row.figure == "brier")
        assert brier.before is not None
        assert brier.corrected is not None
        assert (brier.before - brier.corrected > 0.01) is gained
        loss = next(row for row in found.rows if row.figure == "log_loss")
        assert loss.before is not None
        assert loss.corrected is not None
        assert found.gained is (loss.corrected < loss.before)


def test_resamples_that_cannot_be_updated_are_counted() -> None:
    patients = drawn(12, 2)
    few = Patients(
        patients.design, patients.log_odds, np.r_[np.ones(2), np.zeros(10)], patients.fold
    )
    found = gains("intercept", few, change_by("intercept", few), BootstrapPlan(12, None, 80, 3))
    assert 0 < found.usable < found.resamples == 80
    assert found.methods == {"intercept": found.usable}


def test_the_whole_procedure_is_repeated() -> None:
    patients = drawn(200, 8, shift=0.35)
    found = gains("auto", patients, change_by("none", patients), BootstrapPlan(200, None, 60, 3))
    assert len(found.methods) > 1
    assert sum(found.methods.values()) == found.usable == pytest.approx(60)
