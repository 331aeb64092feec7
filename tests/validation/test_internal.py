"""Corrected performance against R, by hand and at the limits."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from births import Births, fits_as_in_rms, logistic_refits
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.errors import LearningError
from predictor.performance.estimate import Estimate
from predictor.validation.corrected import (
    OF_OPTIMISM,
    OUT_OF_BAG,
    SHIFTED,
    Spread,
    leave_one_out_brier,
    no_information_brier,
    weighted_632,
    weighted_632plus,
)
from predictor.validation.internal import InternalValidation, internal_validation
from predictor.validation.measured import Measured, joined, measure

Floats = NDArray[np.float64]
THRESHOLDS = (0.25, 0.5)


@pytest.fixture(scope="module")
def births(shared: Path) -> Births:
    return Births.load(shared)


@pytest.fixture(scope="module")
def measured(births: Births) -> Measured:
    probability, converged, separated = logistic_refits(births.design, births.outcome, births.count)
    return measure(
        births.outcome, probability, births.count, converged, THRESHOLDS, separated=separated
    )


@pytest.fixture(scope="module")
def validation(births: Births, measured: Measured) -> InternalValidation:
    return internal_validation(births.outcome, births.fitted, measured, thresholds=THRESHOLDS)


@pytest.fixture(scope="module")
def reference(shared: Path) -> dict[str, Any]:
    text = (shared / "reference" / "birthwt_bootstrap.json").read_text()
    return json.loads(text)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("block", "key", "figure", "version"),
    [
        ("apparent", "auc", "auroc", "apparent"),
        ("apparent", "brier", "brier", "apparent"),
        ("apparent", "slope", "calibration_slope", "apparent"),
        ("apparent", "intercept_joint", "calibration_intercept_joint", "apparent"),
        ("apparent", "citl_offset", "calibration_intercept", "apparent"),
        ("harrell", "auc_optimism", "auroc", "optimism"),
        ("harrell", "auc_corrected", "auroc", "harrell"),
        ("harrell", "brier_optimism", "brier", "optimism"),
        ("harrell", "brier_corrected", "brier", "harrell"),
        ("harrell", "slope_corrected", "calibration_slope", "harrell"),
        ("harrell", "intercept_corrected", "calibration_intercept_joint", "harrell"),
        ("harrell", "citl_corrected", "calibration_intercept", "harrell"),
        ("b632", "auc_oob_mean", "auroc", "oob"),
        ("b632", "auc_632", "auroc", "b632"),
        ("b632", "brier_loo_bootstrap", "brier", "oob"),
        ("b632", "brier_632_loo", "brier", "b632"),
        ("b632plus", "brier_gamma_noinfo", "brier", "no_information"),
        ("b632plus", "brier_R", "brier", "relative_overfitting"),
        ("b632plus", "brier_632plus", "brier", "b632plus"),
        ("b632plus", "auc_gamma", "auroc", "no_information"),
        ("b632plus", "auc_R", "auroc", "relative_overfitting"),
        ("b632plus", "auc_632plus", "auroc", "b632plus"),
    ],
)
def test_equals_r_on_the_same_resamples(
    validation: InternalValidation,
    reference: dict[str, Any],
    block: str,
    key: str,
    figure: str,
    version: str,
) -> None:
    value = getattr(validation.figure(figure), version)
    assert value == pytest.approx(reference[block][key], abs=1e-6)


def test_the_mean_over_resamples_of_the_brier_score_equals_r(
    measured: Measured, births: Births, reference: dict[str, Any]
) -> None:
    mean = float(np.nanmean(measured.oob["brier"]))
    assert mean == pytest.approx(reference["b632"]["brier_oob_mean_over_resamples"], abs=1e-6)
    apparent = float(np.square(births.fitted - births.outcome).mean())
    expected = reference["b632"]["brier_632_resample_mean"]
    assert weighted_632(apparent, mean) == pytest.approx(expected, abs=1e-6)


def test_counts_equal_r(validation: InternalValidation, reference: dict[str, Any]) -> None:
    counts = validation.resamples
    assert (counts.drawn, counts.used) == (reference["B"], reference["n_ok"])
    assert counts.separated == reference["n_flagged"]
    assert (counts.one_class, counts.not_fitted) == (0, 0)
    assert {row.resamples for row in validation.figures} == {reference["n_ok"]}
    assert "separate events from non-events" in validation.rule


def test_location_shifted_intervals_by_hand(
    monkeypatch: pytest.MonkeyPatch, births: Births, measured: Measured
) -> None:
    monkeypatch.setattr("predictor.validation.corrected.CORRECTED_BY", {})
    validation = internal_validation(
        births.outcome, births.fitted, measured, thresholds=THRESHOLDS, spread="refits"
    )
    area = validation.figure("auroc")
    quantiles = np.nanquantile(measured.boot["auroc"], [0.025, 0.975])
    assert area.interval == SHIFTED
    assert area.optimism is not None
    assert [area.corrected_low, area.corrected_high] == pytest.approx(quantiles - area.optimism)
    # an unpenalised slope is 1 in its own resample, whatever the resample
    slope = validation.figure("calibration_slope")
    assert slope.interval == OF_OPTIMISM
    assert [slope.corrected_low, slope.corrected_high] == pytest.approx(
        np.nanquantile(measured.test["calibration_slope"], [0.025, 0.975]), abs=1e-8
    )


def test_intervals_out_of_bag_by_hand(births: Births, measured: Measured) -> None:
    found = internal_validation(births.outcome, births.fitted, measured, thresholds=THRESHOLDS)
    area = found.figure("auroc")
    values = measured.oob["auroc"][measured.usable]
    assert area.interval == OUT_OF_BAG
    assert area.corrected is not None
    expected = area.corrected + 0.632**0.5 * (np.quantile(values, [0.025, 0.975]) - values.mean())
    assert [area.corrected_low, area.corrected_high] == pytest.approx(expected)
    assert found.figure("calibration_slope").interval == OF_OPTIMISM


def test_a_figure_that_fitting_makes_perfect_has_the_interval_of_its_optimism() -> None:
    outcome = np.r_[np.zeros(20), np.ones(20)]
    _, measured = random_refits(outcome, 150)
    boot = dict(measured.boot) | {"auroc": np.ones(150)}
    row = internal_validation(
        outcome,
        0.1 + 0.8 * outcome,
        replace(measured, boot=boot),
        thresholds=THRESHOLDS,
        spread="refits",
    ).figure("auroc")
    assert row.interval == OF_OPTIMISM
    quantiles = np.quantile(measured.test["auroc"], [0.025, 0.975])
    assert row.corrected is not None
    shift = row.corrected - measured.test["auroc"].mean()
    assert [row.corrected_low, row.corrected_high] == pytest.approx(quantiles + shift)


def test_632plus_is_what_is_reported_where_there_is_one(births: Births, measured: Measured) -> None:
    found = internal_validation(
        births.outcome, births.fitted, measured, thresholds=THRESHOLDS, spread="refits"
    )
    area, slope = found.figure("auroc"), found.figure("calibration_slope")
    assert (area.corrected, area.corrected_by) == (area.b632plus, "b632plus")
    assert (slope.corrected, slope.corrected_by) == (slope.harrell, "harrell")
    # the location shift is the correction that was made
    assert area.apparent is not None
    assert area.corrected is not None
    shift = area.apparent - area.corrected
    expected = np.nanquantile(measured.boot["auroc"], [0.025, 0.975]) - shift
    assert [area.corrected_low, area.corrected_high] == pytest.approx(expected)


def test_another_level_gives_a_narrower_interval(births: Births, measured: Measured) -> None:
    narrow = internal_validation(
        births.outcome, births.fitted, measured, thresholds=THRESHOLDS, level=0.5
    ).figure("auroc")
    wide = internal_validation(
        births.outcome, births.fitted, measured, thresholds=THRESHOLDS
    ).figure("auroc")
    assert narrow.corrected == wide.corrected
    assert wide.corrected_low < narrow.corrected_low < narrow.corrected_high < wide.corrected_high  # type: ignore[operator]


def test_cross_validated_estimates_stand_beside(births: Births, measured: Measured) -> None:
    beside = {"auroc": Estimate(0.7, 0.6, 0.8), "brier": Estimate(0.2, None, None)}
    found = internal_validation(
        births.outcome, births.fitted, measured, thresholds=THRESHOLDS, cross_validated=beside
    )
    area = found.figure("auroc")
    assert (area.cross_validated, area.cross_validated_low) == (0.7, 0.6)
    assert area.cross_validated_high == 0.8
    assert found.figure("brier").cross_validated == 0.2
    assert found.figure("calibration_slope").cross_validated is None


def test_net_benefit_names_its_threshold(validation: InternalValidation) -> None:
    assert validation.figure("net_benefit_0.25").threshold == 0.25
    assert validation.figure("auroc").threshold is None


def test_corrected_is_what_it_says(validation: InternalValidation) -> None:
    for row in validation.figures:
        area = row.name == "auroc"
        assert row.corrected_by == ("b632plus" if area else "harrell")
        assert row.corrected == (row.b632plus if area else row.harrell)


def test_each_figure_has_the_interval_that_held_its_level(
    births: Births, measured: Measured
) -> None:
    found = internal_validation(births.outcome, births.fitted, measured, thresholds=THRESHOLDS)
    assert found.figure("auroc").interval == OUT_OF_BAG
    assert found.figure("brier").interval == SHIFTED
    assert found.figure("calibration_slope").interval == OF_OPTIMISM


def test_the_scaled_brier_score_follows_from_the_brier_score(
    validation: InternalValidation, births: Births
) -> None:
    prevalence = float(np.mean(births.outcome))
    plain, scaled = validation.figure("brier"), validation.figure("scaled_brier")
    assert plain.b632plus is not None
    expected = 1 - plain.b632plus / (prevalence * (1 - prevalence))
    assert scaled.b632plus == pytest.approx(expected, abs=1e-12)
    assert scaled.relative_overfitting == pytest.approx(plain.relative_overfitting)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=12))
def test_no_information_is_the_mean_over_all_pairs(patients: list[tuple[bool, float]]) -> None:
    pairs = [(float(y) - p) ** 2 for y, _ in patients for _, p in patients]
    outcome, probability = zip(*patients, strict=True)
    assert no_information_brier(outcome, probability) == pytest.approx(np.mean(pairs), abs=1e-12)


@pytest.mark.parametrize("higher", [True, False])
@given(st.floats(0.01, 0.99), st.floats(0, 1), st.floats(0.3, 0.6))
def test_632plus_lies_between_632_and_out_of_bag(
    higher: bool, apparent: float, oob: float, no_information: float
) -> None:
    value, overfitting = weighted_632plus(apparent, oob, no_information, higher_is_better=higher)
    assert 0.0 <= overfitting <= 1.0
    plain = weighted_632(apparent, oob)
    assert min(plain, oob) - 1e-12 <= value <= max(plain, oob) + 1e-12


@pytest.mark.parametrize(
    ("apparent", "oob", "no_information", "higher", "overfitting"),
    [
        (0.9, 0.7, 0.5, True, 0.5),
        (0.9, 0.4, 0.5, True, 1.0),
        (0.9, 0.95, 0.5, True, 0.0),
        (0.5, 0.4, 0.5, True, 0.0),
        (0.4, 0.3, 0.5, True, 0.0),
        (0.1, 0.2, 0.3, False, 0.5),
        (0.1, 0.4, 0.3, False, 1.0),
        (0.1, 0.05, 0.3, False, 0.0),
        (0.3, 0.4, 0.3, False, 0.0),
    ],
)
def test_relative_overfitting_by_hand(
    apparent: float, oob: float, no_information: float, higher: bool, overfitting: float
) -> None:
    found = weighted_632plus(apparent, oob, no_information, higher_is_better=higher)
    assert found[1] == pytest.approx(overfitting)
    weight = 0.632 / (1 - 0.368 * overfitting)
    assert found[0] == pytest.approx((1 - weight) * apparent + weight * oob)


def random_refits(
    outcome: Floats, b: int, seed: int = 0, usable: bool = True
) -> tuple[Floats, Measured]:
    """Predictions of a final model and measured refits that have nothing to do with each other."""
    rng = np.random.default_rng(seed)
    n = outcome.size
    count = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(b)])
    sound = np.full(b, usable) & (count @ outcome > 0) & (count @ (1 - outcome) > 0)
    return rng.random(n), measure(outcome, rng.random((b, n)), count, sound, THRESHOLDS)


def limits(found: InternalValidation) -> dict[str, tuple[str, ...]]:
    # everything that is reported can be written as JSON without NaN
    json.dumps(found.to_dict(), allow_nan=False)
    return {limit.code: limit.figures for limit in found.limits}


def test_no_usable_refit_gives_apparent_values_and_says_so() -> None:
    outcome = np.r_[np.zeros(8), np.ones(4)]
    p, measured = random_refits(outcome, 150, usable=False)
    found = internal_validation(outcome, p, measured, thresholds=THRESHOLDS)
    assert limits(found).keys() == {"no_resample"}
    assert found.resamples.used == 0
    for row in found.figures:
        assert row.apparent is not None
        assert row.corrected is row.oob is row.b632 is row.b632plus is row.interval is None


def test_few_resamples_give_no_interval_and_say_so() -> None:
    outcome = np.r_[np.zeros(18), np.ones(12)]
    p, measured = random_refits(outcome, 99)
    found = internal_validation(outcome, p, measured, thresholds=THRESHOLDS)
    assert limits(found).keys() == {"few_resamples"}
    assert found.figure("auroc").corrected is not None
    assert found.figure("auroc").corrected_low is None
    _, enough = random_refits(outcome, 100)
    assert not limits(internal_validation(outcome, p, enough, thresholds=THRESHOLDS))


def test_one_event_is_measured_in_the_resamples_that_have_it() -> None:
    outcome = np.r_[np.zeros(9), 1.0]
    p, measured = random_refits(outcome, 400)
    found = internal_validation(outcome, p, measured, thresholds=THRESHOLDS)
    # the event is either in the resample or out of bag
    assert found.resamples.one_class == found.resamples.drawn - found.resamples.used
    assert found.resamples.one_class == pytest.approx(400 * 0.9**10, abs=60)
    assert set(limits(found)) >= {"many_left_out"}
    area = found.figure("auroc")
    assert area.corrected is not None
    assert area.oob is area.b632 is area.b632plus is None
    assert area.oob_resamples == 0
    assert found.figure("brier").oob is not None


def test_the_prevalence_has_neither_slope_nor_interval_of_its_auroc() -> None:
    rng = np.random.default_rng(2)
    outcome = np.r_[np.zeros(20), np.ones(10)]
    count = np.stack([np.bincount(rng.integers(30, size=30), minlength=30) for _ in range(200)])
    prevalence = count @ outcome / 30
    measured = measure(
        outcome, np.repeat(prevalence[:, None], 30, axis=1), count, prevalence > 0, THRESHOLDS
    )
    found = internal_validation(outcome, np.full(30, 1 / 3), measured, thresholds=THRESHOLDS)
    named = limits(found)
    assert named["undefined"] == ("calibration_slope", "calibration_intercept_joint")
    assert named["no_variation"] == ("auroc",)
    area = found.figure("auroc")
    assert (area.apparent, area.corrected, area.oob, area.b632plus) == (0.5, 0.5, 0.5, 0.5)
    assert area.relative_overfitting == 0.0
    assert found.figure("calibration_slope").corrected is None


def test_a_figure_that_no_refit_has_is_not_corrected() -> None:
    outcome = np.r_[np.zeros(6), np.ones(6)]
    p, measured = random_refits(outcome, 120)
    nothing = {name: np.full_like(values, np.nan) for name, values in measured.test.items()}
    found = internal_validation(outcome, p, replace(measured, test=nothing), thresholds=THRESHOLDS)
    assert "eavg" in limits(found)["uncorrected"]
    assert found.figure("eavg").oob is not None


def test_resamples_without_both_samples_are_left_out_of_the_pair() -> None:
    outcome = np.r_[np.zeros(10), np.ones(10)]
    p, measured = random_refits(outcome, 150)
    boot = dict(measured.boot)
    boot["auroc"] = boot["auroc"].copy()
    boot["auroc"][:20] = np.nan
    found = internal_validation(
        outcome, p, replace(measured, boot=boot), thresholds=THRESHOLDS
    ).figure("auroc")
    assert found.resamples == 130
    expected = (boot["auroc"] - measured.test["auroc"])[20:].mean()
    assert found.optimism == pytest.approx(expected)


def test_a_patient_in_every_resample_is_left_out_of_leave_one_out() -> None:
    outcome = np.array([0.0, 1.0, 1.0, 0.0])
    refits = np.array([[0.2, 0.5, 0.6, 0.1], [0.4, 0.5, 0.8, 0.1]])
    measured = measure(outcome, refits, [[1, 1, 2, 0], [2, 2, 0, 0]], [True, True], [])
    # third patient 0.2 squared; fourth 0.1 squared in both
    assert leave_one_out_brier(measured) == pytest.approx((0.04 + 0.01) / 2)
    always = measure(outcome, refits, np.ones((2, 4)), [True, True], [])
    assert leave_one_out_brier(always) is None


def test_bounds_stay_within_the_range_of_the_figure() -> None:
    outcome = np.r_[np.zeros(15), np.ones(15)]
    p = np.r_[np.linspace(0, 0.4, 15), np.linspace(0.6, 1, 15)]
    _, measured = random_refits(outcome, 150)
    found = internal_validation(outcome, p, measured, thresholds=THRESHOLDS)
    for name in ("auroc", "brier", "eavg"):
        row = found.figure(name)
        assert row.corrected is not None
        assert 0.0 <= row.corrected <= 1.0
        for value in (row.corrected_low, row.corrected_high):
            assert value is None or 0.0 <= value <= 1.0


def test_an_interval_that_the_shift_carries_past_its_estimate_is_left_out() -> None:
    # A perfect model and refits that are noise: Harrell's Brier score lies outside of its interval.
    outcome = np.r_[np.zeros(15), np.ones(15)]
    _, measured = random_refits(outcome, 150)
    found = internal_validation(outcome, outcome * 0.98 + 0.01, measured, thresholds=THRESHOLDS)
    for row in found.figures:
        if row.corrected is not None and row.corrected_low is not None:
            assert row.corrected_high is not None
            assert row.corrected_low <= row.corrected <= row.corrected_high
            assert row.interval is not None


def test_the_order_of_resamples_does_not_matter(births: Births) -> None:
    probability, converged, separated = logistic_refits(
        births.design, births.outcome, births.count[:30]
    )
    parts = [
        measure(
            births.outcome,
            probability[s],
            births.count[:30][s],
            converged[s],
            THRESHOLDS,
            separated=separated[s],
        )
        for s in (slice(20, 30), slice(0, 20))
    ]
    one, other = (
        internal_validation(births.outcome, births.fitted, joined(p), thresholds=THRESHOLDS)
        for p in (parts, parts[::-1])
    )
    for left, right in zip(one.figures, other.figures, strict=True):
        assert left.corrected == pytest.approx(right.corrected, abs=1e-12)
        assert left.b632plus == pytest.approx(right.b632plus, abs=1e-12)


@pytest.mark.filterwarnings("error")
@given(
    st.integers(2, 12),
    st.sampled_from([0, 1, 7, 101]),
    st.sampled_from([(0.0, 1.0), (0.0, 0.5, 1.0), (0.3,), tuple(np.linspace(0, 1, 21))]),
    st.integers(0, 2**32 - 1),
)
def test_tiny_cohorts_give_numbers_or_none(
    n: int, b: int, values: tuple[float, ...], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    outcome = np.r_[1.0, 0.0, rng.integers(0, 2, n - 2)]
    count = rng.multinomial(n, np.full(n, 1 / n), size=b)
    refits = rng.choice(values, (b, n))
    usable = rng.random(b) < 0.8
    refits[~usable] = np.nan
    measured = measure(outcome, refits, count, usable, THRESHOLDS)
    p = rng.choice(values, n)
    for spread in get_args(Spread):
        found = internal_validation(outcome, p, measured, thresholds=THRESHOLDS, spread=spread)
        json.dumps(found.to_dict(), allow_nan=False)
        for row in found.figures:
            assert row.resamples <= found.resamples.used == usable.sum()
            assert (row.corrected_low is None) == (row.corrected_high is None)
            if row.corrected_low is not None and row.corrected_high is not None:
                assert row.corrected_low <= row.corrected_high


def test_one_class_is_refused() -> None:
    outcome = np.r_[np.zeros(6), np.ones(6)]
    p, measured = random_refits(outcome, 5)
    with pytest.raises(LearningError, match="one class only"):
        internal_validation(np.zeros(12), p, measured, thresholds=THRESHOLDS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"apparent_probability": np.full(12, 1.5)}, "between 0 and 1"),
        ({"apparent_probability": np.full(12, np.nan)}, "missing values"),
        ({"apparent_probability": np.full(11, 0.5)}, "was expected"),
        ({"thresholds": (0.3,)}, "other thresholds"),
        ({"level": 1.0}, "level must lie"),
    ],
)
def test_refuses_what_does_not_fit_together(change: dict[str, Any], message: str) -> None:
    outcome = np.r_[np.zeros(6), np.ones(6)]
    p, measured = random_refits(outcome, 5)
    arguments: dict[str, Any] = {
        "outcome": outcome,
        "apparent_probability": p,
        "measured": measured,
        "thresholds": THRESHOLDS,
    }
    with pytest.raises(ValueError, match=message):
        internal_validation(**(arguments | change))


def test_an_unknown_figure_has_no_row(validation: InternalValidation) -> None:
    with pytest.raises(KeyError, match="accuracy"):
        validation.figure("accuracy")


RMS = {
    "C": ("auroc", 0.002),
    "B": ("brier", 0.002),
    "Slope": ("calibration_slope", 0.005),
    "Intercept": ("calibration_intercept_joint", 0.005),
}


def test_equals_rms_validate_on_the_same_resamples(
    births: Births, reference: dict[str, Any]
) -> None:
    # rms keeps the separated resample, with the coefficients at which its search stopped
    probability = fits_as_in_rms(births.design, births.outcome, births.count)
    measured = measure(births.outcome, probability, births.count, np.ones(200, bool), ())
    found = internal_validation(births.outcome, births.fitted, measured, thresholds=())
    expected = reference["rms_validate_same_resamples"]
    for key, (name, _) in zip(
        ("C_corrected", "brier_corrected", "slope_corrected", "intercept_corrected"),
        RMS.values(),
        strict=True,
    ):
        assert found.figure(name).harrell == pytest.approx(expected[key], abs=1e-5)


@pytest.mark.slow
def test_equals_rms_validate(births: Births, shared: Path) -> None:
    # 15 times 2,000 resamples of its own there, 10,000 others here: the means agree
    rng = np.random.default_rng(20240601)
    n = births.outcome.size
    batches = []
    for _ in range(20):
        count = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(500)])
        probability = fits_as_in_rms(births.design, births.outcome, count)
        batches.append(measure(births.outcome, probability, count, np.ones(500, bool), (), []))
    found = internal_validation(births.outcome, births.fitted, joined(batches), thresholds=())
    with (shared / "reference" / "birthwt_rms_validate.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["index"] in RMS]
    assert len(rows) == 8
    for row in rows:
        name, tolerance = RMS[row["index"]]
        figure = found.figure(name)
        corrected = figure.harrell if row["method"] == "boot" else figure.b632
        assert corrected == pytest.approx(float(row["index.corrected"]), abs=tolerance), row
        assert figure.apparent == pytest.approx(float(row["index.orig"]), abs=1e-6)
