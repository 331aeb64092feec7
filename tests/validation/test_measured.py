"""Figures of bootstrap refits, per resample against R and by their laws."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
import pytest
from births import Births, logistic_refits
from numpy.typing import NDArray

from predictor.performance.calibration import calibration_intercept, calibration_slope
from predictor.performance.discrimination import auroc
from predictor.performance.scores import brier, scaled_brier
from predictor.performance.smooth import calibration_curve
from predictor.validation.measured import Measured, figures, joined, measure, net_benefit_name

Floats = NDArray[np.float64]
THRESHOLDS = (0.25, 0.5)


@pytest.fixture(scope="module")
def births(shared: Path) -> Births:
    return Births.load(shared)


@pytest.fixture(scope="module")
def measured_births(births: Births) -> Measured:
    probability, converged, separated = logistic_refits(births.design, births.outcome, births.count)
    return measure(
        births.outcome, probability, births.count, converged, THRESHOLDS, [0, 5], separated
    )


@pytest.mark.parametrize(
    ("column", "sample", "name"),
    [
        ("boot_auc", "boot", "auroc"),
        ("test_auc", "test", "auroc"),
        ("oob_auc", "oob", "auroc"),
        ("boot_brier", "boot", "brier"),
        ("test_brier", "test", "brier"),
        ("oob_brier", "oob", "brier"),
        ("test_citl", "test", "calibration_intercept"),
        ("test_slope", "test", "calibration_slope"),
        ("oob_slope", "oob", "calibration_slope"),
        ("test_intercept_joint", "test", "calibration_intercept_joint"),
    ],
)
def test_every_resample_equals_r(
    measured_births: Measured, shared: Path, column: str, sample: str, name: str
) -> None:
    with (shared / "reference" / "birthwt_per_resample.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    sound = np.array([row["ok"] == "1" for row in rows])
    expected = np.array([float(row[column]) for row in rows if row["ok"] == "1"])
    values = getattr(measured_births, sample)[name]
    np.testing.assert_allclose(values[sound], expected, rtol=0, atol=1e-6)
    assert np.isnan(values[~sound]).all()


def test_the_resample_that_r_flags_is_the_separated_one(
    measured_births: Measured, births: Births, shared: Path
) -> None:
    with (shared / "reference" / "birthwt_per_resample.csv").open(newline="") as file:
        flagged = [int(row["b"]) for row in csv.DictReader(file) if row["ok"] != "1"]
    assert np.flatnonzero(~measured_births.usable).tolist() == flagged
    assert np.flatnonzero(measured_births.separated).tolist() == flagged
    # what flags it can be read off the patients: all with hypertension have the event there
    drawn = np.repeat(np.arange(births.outcome.size), births.count[flagged[0]])
    hypertension = births.design[drawn, 6] == 1
    assert births.outcome[drawn][hypertension].all()
    assert not births.outcome[drawn][~hypertension].all()


def cohort(seed: int = 0, b: int = 6, n: int = 30) -> tuple[Floats, Floats, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    outcome = (rng.random(n) < 0.4).astype(float)
    probability = 1 / (1 + np.exp(-rng.normal(size=(b, n)) - outcome + 0.5))
    count = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(b)])
    return outcome, probability, count


@pytest.mark.parametrize("sample", ["boot", "test", "oob"])
def test_each_sample_is_measured_as_if_written_out(sample: str) -> None:
    outcome, probability, count = cohort(n=60)
    measured = measure(outcome, probability, count, [True] * 6, [0.25])
    values = getattr(measured, sample)
    for b, times in enumerate(count):
        copies = {"boot": times, "test": np.ones(60, int), "oob": (times == 0).astype(int)}[sample]
        y, p = np.repeat(outcome, copies), np.repeat(probability[b], copies)
        slope = calibration_slope(y, p)
        assert slope is not None
        positive = p >= 0.25
        expected = {
            "auroc": auroc(y, p),
            "brier": brier(y, p),
            "scaled_brier": scaled_brier(y, p),
            "calibration_intercept": calibration_intercept(y, p).value,
            "calibration_slope": slope.value,
            "observed_expected": y.sum() / p.sum(),
            "eavg": calibration_curve(y, p).smooth_errors.eavg,
            "net_benefit_0.25": (y[positive].sum() - (1 - y[positive]).sum() / 3) / y.size,
        }
        for name, figure in expected.items():
            assert values[name][b] == pytest.approx(figure, abs=1e-8), name


def test_the_error_of_patients_left_out_is_summed_by_patient() -> None:
    outcome, probability, count = cohort()
    usable = np.array([True, True, False, True, True, True])
    measured = measure(outcome, probability, count, usable, [])
    for i in range(outcome.size):
        without = [b for b in range(6) if usable[b] and count[b, i] == 0]
        assert measured.left_out[i] == len(without)
        by_hand = sum((probability[b, i] - outcome[i]) ** 2 for b in without)
        assert measured.loss[i] == pytest.approx(by_hand, abs=1e-12)


def test_batches_join_to_what_one_batch_gives() -> None:
    outcome, probability, count = cohort(b=7)
    usable = np.array([True, False, True, True, True, True, False])
    whole = measure(outcome, probability, count, usable, THRESHOLDS, [3, 1])
    parts = [
        measure(outcome, probability[s], count[s], usable[s], THRESHOLDS, [3, 1])
        for s in (slice(0, 3), slice(3, 4), slice(4, 7))
    ]
    together = joined(parts)
    for sample in ("boot", "test", "oob"):
        for name, values in getattr(whole, sample).items():
            np.testing.assert_allclose(getattr(together, sample)[name], values, atol=1e-9)
    for field in ("usable", "separated", "one_class", "left_out", "tracked", "probability"):
        np.testing.assert_array_equal(getattr(together, field), getattr(whole, field))
    np.testing.assert_allclose(together.loss, whole.loss, atol=1e-12)


def test_the_size_of_blocks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, probability, count = cohort(b=7)
    whole = measure(outcome, probability, count, [True] * 7, THRESHOLDS)
    monkeypatch.setattr("predictor.validation.measured._MOST_ENTRIES", 60)
    blocks = measure(outcome, probability, count, [True] * 7, THRESHOLDS)
    np.testing.assert_allclose(blocks.boot["calibration_slope"], whole.boot["calibration_slope"])
    np.testing.assert_array_equal(blocks.probability, whole.probability)


def test_unusable_refits_may_hold_nothing() -> None:
    outcome, probability, count = cohort()
    probability[1] = np.nan
    usable = np.arange(6) != 1
    measured = measure(outcome, probability, count, usable, [])
    assert np.isnan(measured.test["auroc"]).tolist() == (~usable).tolist()
    assert np.isnan(measured.probability[1]).all()
    assert np.isfinite(measured.probability[usable]).all()


def test_no_usable_refit_leaves_counts_only() -> None:
    outcome, probability, count = cohort()
    measured = measure(outcome, np.full_like(probability, np.nan), count, [False] * 6, [0.5])
    assert all(np.isnan(values).all() for values in measured.boot.values())
    assert not measured.left_out.any()


def test_a_resample_of_one_class_is_named() -> None:
    outcome = np.array([0.0, 0.0, 1.0, 1.0])
    probability = np.array([[0.1, 0.4, 0.3, 0.8]] * 3)
    count = [[2, 2, 0, 0], [0, 0, 3, 1], [1, 1, 1, 1]]
    measured = measure(outcome, probability, count, [False, True, True], [])
    assert measured.one_class.tolist() == [True, True, False]
    assert np.isnan(measured.boot["auroc"]).tolist() == [True, True, False]
    # out of bag there are two non-events in the second and nobody in the third
    assert np.isnan(measured.oob["auroc"]).all()
    assert np.isnan(measured.oob["brier"]).tolist() == [True, False, True]


def test_equal_predictions_have_no_slope_but_all_other_figures() -> None:
    outcome, probability, count = cohort()
    values = figures(outcome, np.full_like(probability, 0.4), count, [0.5])
    assert (values["auroc"] == 0.5).all()
    assert np.isnan(values["calibration_slope"]).all()
    assert np.isfinite(values["calibration_intercept"]).all()
    assert np.isfinite(values["eavg"]).all()


def test_one_event_is_enough() -> None:
    outcome = np.r_[1.0, np.zeros(9)]
    _, probability, count = cohort(n=10)
    count[0, 0], count[1, 0] = 0, 2
    measured = measure(outcome, probability, count, [True] * 6, [0.5])
    assert np.isnan(measured.boot["auroc"][0])
    assert np.isfinite(measured.boot["auroc"][1])
    assert np.isfinite(measured.test["auroc"]).all()


def test_thresholds_name_their_net_benefit() -> None:
    assert [net_benefit_name(t) for t in (0.1, 0.25, 1 / 3)] == [
        "net_benefit_0.1",
        "net_benefit_0.25",
        "net_benefit_0.333333",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"usable": [True] * 5}, "must have shape"),
        ({"count": np.ones((6, 29))}, "must have shape"),
        ({"separated": [True]}, "must have shape"),
        ({"probability": np.full((6, 30), 1.2)}, "between 0 and 1, none missing"),
        ({"probability": np.full((6, 30), np.nan)}, "between 0 and 1, none missing"),
        ({"thresholds": [0.0]}, "strictly between 0 and 1"),
    ],
)
def test_refuses_what_does_not_fit_together(change: dict[str, object], message: str) -> None:
    outcome, probability, count = cohort()
    arguments = {
        "outcome": outcome,
        "probability": probability,
        "count": count,
        "usable": [True] * 6,
        "thresholds": [0.5],
    }
    with pytest.raises(ValueError, match=message):
        measure(**(arguments | change))  # type: ignore[arg-type]


def test_refuses_to_join_what_does_not_belong_together() -> None:
    outcome, probability, count = cohort()
    one = measure(outcome, probability, count, [True] * 6, [0.5], [1])
    other = measure(outcome, probability, count, [True] * 6, [0.5], [2])
    with pytest.raises(ValueError, match="tracked patients"):
        joined([one, other])
    with pytest.raises(ValueError, match="no batch"):
        joined([])


@pytest.mark.slow
def test_a_thousand_refits_are_measured_in_two_seconds() -> None:
    outcome, probability, count = cohort(b=1000, n=86)
    started = time.process_time()
    measure(outcome, probability, count, np.ones(1000, bool), (0.1, 0.25, 0.5))
    assert time.process_time() - started < 2.0
