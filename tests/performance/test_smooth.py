"""Smooth calibration curves against R's lowess, slowly by definition, and by their laws."""

from __future__ import annotations

import csv
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.performance import lowess as module
from predictor.performance.calibration import calibration_slope
from predictor.performance.smooth import (
    CalibrationErrors,
    calibration_curve,
    calibration_errors,
    lowess,
    lowess_batch,
)

Floats = NDArray[np.float64]

# Makes the numbers below; R 4.2.2.
R_PROGRAM = """
smooth <- function(x, y, f) lowess(x, y, f = f, iter = 0, delta = 0)$y
x <- c(.1,.1,.2,.2,.2,.3,.35,.5,.5,.5,.5,.9); y <- c(0,0,1,0,0,0,1,1,0,1,1,1)
smooth(x, y, 2/3); smooth(x, y, 0.3)
# more ties than nearest rows, so that the bandwidth is 0
smooth(c(rep(.3, 9), .31, .8, .9), c(0,1,0,0,1,0,0,0,1,1,0,1), 2/3)
# positions that hardly differ, where a constant is fitted
smooth(c(0,1e-4,2e-4,3e-4,4e-4,5e-4,.9,1), c(0,1,0,0,1,0,1,1), 0.5)
# fewer rows than a line needs
smooth(c(.2,.7), c(0,1), 2/3); smooth(.2, 1, 2/3); smooth(c(.2,.2,.2), c(0,1,1), 2/3)
"""
TIED_X = [0.1, 0.1, 0.2, 0.2, 0.2, 0.3, 0.35, 0.5, 0.5, 0.5, 0.5, 0.9]
TIED_Y = [0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1]
OF_R = {
    "ties": (
        TIED_X,
        TIED_Y,
        2 / 3,
        [0.031989332817822513] * 2
        + [0.258920280877783737] * 3
        + [0.511281571179655225, 1.000000000000000666]
        + [0.766262904736159434] * 4
        + [0.999016286096534922],
    ),
    "few rows to a line": (
        TIED_X,
        TIED_Y,
        0.3,
        [0.0] * 2 + [1 / 3] * 3 + [8.9077543262322499e-17, 1.0] + [0.75] * 4 + [1.0],
    ),
    "bandwidth 0": (
        [0.3] * 9 + [0.31, 0.8, 0.9],
        [0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1],
        2 / 3,
        [1 / 3] * 9 + [1.0, 0.0069951588216578438, 0.9965870367040384759],
    ),
    "hardly any spread": (
        [0, 1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 0.9, 1],
        [0, 1, 0, 0, 1, 0, 1, 1],
        0.5,
        [
            0.39838614624416330,
            0.42737896494156946,
            0.28631051752921532,
            0.28631051752921516,
            0.42737896494156935,
            0.39838614624416346,
            1.0,
            1.0,
        ],
    ),
    "two rows": ([0.2, 0.7], [0, 1], 2 / 3, [0.0, 1.0]),
    "one row": ([0.2], [1], 2 / 3, [1.0]),
    "one position": ([0.2, 0.2, 0.2], [0, 1, 1], 2 / 3, [2 / 3] * 3),
}


@pytest.fixture(params=["pairs", "sums of powers"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with either of the two ways of computing, whatever the number of rows."""
    longest = 10**9 if request.param == "pairs" else 0
    monkeypatch.setattr(module, "LONGEST_DIRECT", longest)


def translated(x: Floats, y: Floats, fraction: float) -> Floats:
    """R's ``clowess`` with ``iter = 0`` and ``delta = 0``, statement by statement, distinct x."""
    order = np.argsort(x, kind="stable")
    xs, ys, n = x[order], y[order], x.size
    smooth = np.empty(n)
    ns = max(2, min(n, int(fraction * n + 1e-7)))
    left, right = 0, ns - 1
    for i in range(n):
        while right < n - 1 and xs[i] - xs[left] > xs[right + 1] - xs[i]:
            left, right = left + 1, right + 1
        h = max(xs[i] - xs[left], xs[right] - xs[i])
        r = np.abs(xs[left:] - xs[i])
        w = np.where(
            r <= 0.999 * h, np.where(r <= 0.001 * h, 1.0, (1 - (r / (h or 1)) ** 3) ** 3), 0
        )
        w = w / w.sum()
        if h > 0:
            a = w @ xs[left:]
            c = w @ (xs[left:] - a) ** 2
            if np.sqrt(c) > 0.001 * (xs[-1] - xs[0]):
                w = w * ((xs[i] - a) / c * (xs[left:] - a) + 1)
        smooth[i] = w @ ys[left:]
    result = np.empty(n)
    result[order] = smooth
    return result


@st.composite
def samples(draw: st.DrawFn) -> tuple[Floats, Floats, NDArray[np.int_]]:
    """Positions of one of five shapes, outcomes and counts."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, 60))
    x = {
        "even": lambda: rng.random(n),
        "tied": lambda: rng.integers(0, max(2, n // 4), n) / 7,
        "rounded": lambda: np.round(rng.beta(0.5, 0.5, n), 2),
        "skewed": lambda: rng.beta(0.2, 4.0, n),
        "log-odds": lambda: 1 / (1 + np.exp(-rng.normal(-4, 3, n))),
    }[draw(st.sampled_from(["even", "tied", "rounded", "skewed", "log-odds"]))]()
    y = (rng.random(n) < draw(st.floats(0, 1))).astype(float)
    count = rng.multinomial(n, np.full(n, 1 / n))
    return x, y, count


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("case", OF_R)
def test_lowess_equals_r(case: str) -> None:
    x, y, fraction, expected = OF_R[case]
    assert lowess(x, y, fraction=fraction) == pytest.approx(expected, abs=1e-12)


@pytest.mark.usefixtures("both_ways")
def test_errors_of_the_smooth_curve_equal_r(shared: Path) -> None:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    errors = calibration_curve(table[:, 0], table[:, 1]).smooth_errors
    for figure, value in reference_errors(shared, "lowess_delta0").items():
        assert getattr(errors, figure) == pytest.approx(value, abs=1e-9)


def test_errors_of_the_logistic_curve_equal_r(shared: Path) -> None:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    errors = calibration_curve(table[:, 0], table[:, 1]).logistic_errors
    for figure, value in reference_errors(shared, "logistic").items():
        assert getattr(errors, figure) == pytest.approx(value, abs=1e-6)


def reference_errors(shared: Path, curve: str) -> dict[str, float]:
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        rows = {row["metric"]: float(row["value"] or "nan") for row in csv.DictReader(file)}
    names = {"eavg": "ICI", "e50": "E50", "e90": "E90", "emax": "Emax"}
    return {figure: rows[f"{name}_{curve}"] for figure, name in names.items()}


@pytest.mark.usefixtures("both_ways")
@given(samples(), st.sampled_from([0.2, 0.5, 2 / 3, 1.0]))
def test_lowess_does_what_the_program_of_r_does(
    sample: tuple[Floats, Floats, NDArray[np.int_]], fraction: float
) -> None:
    x, y, _ = sample
    assert lowess(x, y, fraction=fraction) == pytest.approx(translated(x, y, fraction), abs=1e-9)


AWKWARD: dict[str, Callable[[np.random.Generator], Floats]] = {
    "even": lambda rng: rng.random(1000),
    "skewed": lambda rng: rng.beta(0.05, 8.0, 1000),
    "narrow cluster": lambda rng: np.r_[rng.random(700) * 1e-12, rng.random(300)],
    "two clusters": lambda rng: np.r_[rng.random(500) * 1e-9, 0.7 + rng.random(500) * 1e-9],
    "fifteen decades": lambda rng: np.exp(-35.0 * rng.random(1000)),
    "certain": lambda rng: 1 / (1 + np.exp(-rng.normal(0.0, 12.0, 1000))),
    "mostly tied": lambda rng: np.where(rng.random(1000) < 0.7, 0.3, rng.random(1000)),
}


@pytest.mark.parametrize("shape", AWKWARD)
def test_both_ways_agree_for_awkward_positions(monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    rng = np.random.default_rng(8)
    x = AWKWARD[shape](rng)
    y = (rng.random(x.size) < 0.3).astype(float)
    fast = lowess(x, y)
    monkeypatch.setattr(module, "LONGEST_DIRECT", 10**9)
    assert fast == pytest.approx(lowess(x, y), abs=1e-8)


@pytest.mark.usefixtures("both_ways")
@given(samples())
def test_batch_equals_the_expanded_sample(
    sample: tuple[Floats, Floats, NDArray[np.int_]],
) -> None:
    x, y, count = sample
    other = x[::-1].copy()
    ones = np.ones_like(count)
    found = lowess_batch([x, other, x], y, [count, count, ones])
    for row, position, times in zip(found, (x, other, x), (count, count, ones), strict=True):
        expanded = lowess(np.repeat(position, times), np.repeat(y, times))
        assert np.repeat(row, times) == pytest.approx(expanded, abs=1e-9)
        assert np.isnan(row[times == 0]).all()


@pytest.mark.usefixtures("both_ways")
def test_batch_takes_an_outcome_for_each_sample() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.random((4, 30)), (rng.random((4, 30)) < 0.5).astype(float)
    found = lowess_batch(x, y, np.ones((4, 30), dtype=int))
    for row, position, outcome in zip(found, x, y, strict=True):
        assert row == pytest.approx(lowess(position, outcome), abs=1e-12)


@pytest.mark.usefixtures("both_ways")
def test_batch_leaves_out_failed_refits_and_empty_samples() -> None:
    x = np.array([[0.1, 0.2, 0.3], [0.1, np.nan, 0.3], [0.1, 0.2, 0.3], [0.1, 0.2, np.inf]])
    count = np.array([[1, 1, 1], [1, 1, 1], [0, 0, 0], [1, 1, 1]])
    found = lowess_batch(x, [0, 1, 1], count)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()


@pytest.mark.usefixtures("both_ways")
@given(samples(), st.floats(-3, 3), st.floats(0.1, 4))
def test_lowess_moves_with_its_axes(
    sample: tuple[Floats, Floats, NDArray[np.int_]], shift: float, factor: float
) -> None:
    x, y, _ = sample
    before = lowess(x, y)
    assert lowess(x, shift + factor * y) == pytest.approx(shift + factor * before, abs=1e-8)
    assert lowess(2.0 * x, y) == pytest.approx(before, abs=1e-9)
    assert lowess(x[::-1], y[::-1]) == pytest.approx(before[::-1], abs=1e-9)


@pytest.mark.usefixtures("both_ways")
@given(samples(), st.floats(-2, 2))
def test_a_straight_line_is_its_own_curve(
    sample: tuple[Floats, Floats, NDArray[np.int_]], slope: float
) -> None:
    # Where positions hardly differ a constant is fitted instead; then the error is that spread.
    x, _, _ = sample
    fitted = lowess(x, 0.3 + slope * x)
    assert fitted == pytest.approx(0.3 + slope * x, abs=1e-8 + 0.003 * abs(slope) * np.ptp(x))


@pytest.mark.usefixtures("both_ways")
@given(samples())
def test_outcomes_that_agree_give_a_flat_curve(
    sample: tuple[Floats, Floats, NDArray[np.int_]],
) -> None:
    x, _, _ = sample
    assert lowess(x, np.ones(x.size)) == pytest.approx(np.ones(x.size), abs=1e-9)


@pytest.mark.usefixtures("both_ways")
@given(samples())
def test_tied_positions_share_their_value(
    sample: tuple[Floats, Floats, NDArray[np.int_]],
) -> None:
    x, y, _ = sample
    fitted = lowess(x, y)
    for value in np.unique(x):
        assert np.ptp(fitted[x == value]) < 1e-12


def test_positions_between_are_joined_by_straight_lines() -> None:
    fitted = lowess(TIED_X, TIED_Y)
    assert lowess(TIED_X, TIED_Y, at=[0.1, 0.25, 0.9]) == pytest.approx(
        [fitted[0], (fitted[4] + fitted[5]) / 2, fitted[-1]]
    )


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("gap", [1e-18, 1e-300, 5e-324])
def test_positions_a_hair_apart_raise_no_warning(gap: float) -> None:
    x = np.array([0.0, gap, 2 * gap, 3 * gap, 4 * gap, 5 * gap, 0.5, 1.0])
    fitted = lowess(x, [0, 1, 0, 1, 0, 1, 1, 1])
    assert np.isfinite(fitted).all()
    assert np.isfinite(lowess(0.5 + x, [0, 1, 0, 1, 0, 1, 1, 1])).all()


def test_60_000_patients_take_seconds_and_little_memory() -> None:
    rng = np.random.default_rng(1)
    x = rng.beta(0.3, 3.0, 60_000)
    y = (rng.random(x.size) < x).astype(float)
    start = time.process_time()
    fitted = lowess(x, y)
    assert time.process_time() - start < 5.0  # about 0.15 s; comparing all pairs takes minutes
    tracemalloc.start()
    lowess(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
    # The predictions are right, so the curve is near the diagonal where most patients are.
    assert np.abs(fitted - x).mean() < 0.02


def test_a_thousand_resamples_use_bounded_memory() -> None:
    rng = np.random.default_rng(1)
    x = rng.random((1000, 86))
    count = rng.multinomial(86, np.full(86, 1 / 86), size=1000)
    tracemalloc.start()
    lowess_batch(x, np.arange(86) % 2, count)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # all pairs of all samples at once would be 59 MB an array


def test_quantiles_are_those_of_r_and_the_mean_is_the_mean() -> None:
    # By hand: type 7 puts the 90th of four percentiles 0.7 of the way from the third to the last.
    errors = calibration_errors(np.zeros(4), np.array([0.4, 0.0, -0.1, 0.2]))
    assert errors == CalibrationErrors(
        pytest.approx(0.175), pytest.approx(0.15), pytest.approx(0.34), pytest.approx(0.4)
    )


@given(samples())
def test_errors_are_ordered_and_curve_lies_on_the_distinct_predictions(
    sample: tuple[Floats, Floats, NDArray[np.int_]],
) -> None:
    x, y, _ = sample
    p = x / max(1.0, x.max())
    y[:2] = [0.0, 1.0]
    curve = calibration_curve(y, p)
    errors = curve.smooth_errors
    assert 0.0 <= errors.e50 <= errors.e90 <= errors.emax
    assert 0.0 <= errors.eavg <= errors.emax
    assert (curve.predicted == np.unique(p)).all()
    assert curve.smooth.shape == curve.predicted.shape
    assert (curve.logistic is None) == (curve.logistic_errors is None)
    assert (curve.logistic is None) == (calibration_slope(y, p) is None)
    if curve.logistic is not None:
        assert ((curve.logistic >= 0.0) & (curve.logistic <= 1.0)).all()


def test_a_recalibrated_prediction_lies_on_its_logistic_curve() -> None:
    rng = np.random.default_rng(4)
    p = rng.uniform(0.05, 0.95, 200)
    y = (rng.random(200) < p**2).astype(float)
    curve = calibration_curve(y, p)
    assert curve.logistic is not None
    recalibrated = np.interp(p, curve.predicted, curve.logistic)
    again = calibration_curve(y, recalibrated)
    assert again.logistic_errors is not None
    assert again.logistic_errors.emax < 1e-7


def test_points_for_a_plot_are_evenly_spaced_and_on_the_curve() -> None:
    rng = np.random.default_rng(6)
    p = rng.beta(0.5, 3.0, 500)
    curve = calibration_curve(rng.random(500) < p, p)
    points = curve.points()
    at = np.array([point["predicted"] for point in points])
    assert len(points) == 101
    assert np.diff(at) == pytest.approx(np.full(100, np.ptp(p) / 100))
    smooth = np.array([point["smooth"] for point in points])
    assert smooth == pytest.approx(np.interp(at, curve.predicted, curve.smooth))
    assert points[0]["logistic"] == pytest.approx(curve.logistic[0])


def test_equal_predictions_are_one_point_at_the_prevalence() -> None:
    curve = calibration_curve([0, 0, 0, 1], [0.4] * 4)
    assert curve.points() == [{"predicted": 0.4, "smooth": 0.25, "logistic": None}]
    assert curve.smooth_errors.emax == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        ([0.1, np.nan], [0, 1], {}, "x contains missing values"),
        ([0.1, np.inf], [0, 1], {}, "x must be finite"),
        ([0.1, 0.2], [0, np.inf], {}, "y must be finite"),
        ([0.1, 0.2], [0, 1, 1], {}, "y has shape"),
        ([], [], {}, "x must be one column"),
        ([[0.1]], [[1]], {}, "x must be one column"),
        ([0.1, 0.2], [0, 1], {"fraction": 0.0}, "fraction must lie above 0"),
        ([0.1, 0.2], [0, 1], {"fraction": 1.5}, "fraction must lie above 0"),
        ([0.1, 0.2], [0, 1], {"at": [0.3]}, "does not extrapolate"),
    ],
)
def test_lowess_refuses_bad_input_by_name(
    x: list[float], y: list[float], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        lowess(x, y, **options)


@pytest.mark.parametrize(
    ("x", "y", "count", "message"),
    [
        ([0.1, 0.2], [0, 1], [1, 1], "x must have shape"),
        ([[0.1, 0.2]], [0, 1, 1], [[1, 1]], "y has shape"),
        ([[0.1, 0.2]], [0, np.nan], [[1, 1]], "y contains missing"),
        ([[0.1, 0.2]], [0, 1], [1, 1], "count has shape"),
        ([[0.1, 0.2]], [0, 1], [[1, -1]], "none negative"),
        ([[0.1, 0.2]], [0, 1], [[1, 0.5]], "whole numbers"),
        ([[0.1, 0.2]], [0, 1], [[1, np.inf]], "whole numbers"),
        ([[0.1, 0.2]], [0, 1], [[1, np.nan]], "count contains missing"),
    ],
)
def test_batch_refuses_bad_input_by_name(
    x: list[object], y: list[float], count: list[object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        lowess_batch(x, y, count)


@pytest.mark.parametrize(
    ("outcome", "probability", "message"),
    [
        ([1, 1], [0.1, 0.2], "one class only"),
        ([0, 1], [0.1, 1.2], "between 0 and 1"),
        ([0, 1], [0.1, np.nan], "missing values"),
        ([0, 1], [0.1], "has shape"),
    ],
)
def test_curve_refuses_bad_input_by_name(
    outcome: list[int], probability: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        calibration_curve(outcome, probability)
