"""Random-effects summary: metafor's numbers, closed forms, the likelihood itself, few centres."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from predictor.errors import LearningError
from predictor.validation import random_effects as module
from predictor.validation.random_effects import RandomEffects, dersimonian_laird, random_effects

# Thirteen trials of BCG vaccine: tuberculosis yes, no among vaccinated; yes, no among controls
# (Colditz et al., JAMA 1994;271:698; dat.bcg of R's metafor), with their year.
BCG = np.array(
    [
        [4, 119, 11, 128, 1948],
        [6, 300, 29, 274, 1949],
        [3, 228, 11, 209, 1960],
        [62, 13536, 248, 12619, 1977],
        [33, 5036, 47, 5761, 1973],
        [180, 1361, 372, 1079, 1953],
        [8, 2537, 10, 619, 1973],
        [505, 87886, 499, 87892, 1980],
        [29, 7470, 45, 7232, 1968],
        [17, 1699, 65, 1600, 1961],
        [186, 50448, 141, 27197, 1974],
        [5, 2493, 3, 2338, 1969],
        [27, 16886, 29, 17825, 1976],
    ],
    dtype=float,
)


def log_risk_ratios() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d, _ = BCG.T
    estimate = np.log(a / (a + b)) - np.log(c / (c + d))
    return estimate, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def restricted_likelihood(tau2: float, y: np.ndarray, v: np.ndarray) -> float:
    """Straight from the density: normal likelihood with the mean integrated out."""
    covariance = np.diag(v + tau2)
    ones = np.ones((y.size, 1))
    inverse = np.linalg.inv(covariance)
    mean = np.linalg.solve(ones.T @ inverse @ ones, ones.T @ inverse @ y)
    residual = y - (ones @ mean)
    return float(
        -0.5
        * (
            np.linalg.slogdet(covariance)[1]
            + np.linalg.slogdet(ones.T @ inverse @ ones)[1]
            + residual @ inverse @ residual
        )
    )


# ---- metafor


def test_the_bcg_trials_as_metafor_prints_them() -> None:
    # rma(yi, vi, data = escalc(measure = "RR", ...dat.bcg)): tau^2 = 0.3132, I^2 = 92.22%,
    # Q(df = 12) = 152.2330, estimate -0.7145, se 0.1798; method = "DL": tau^2 = 0.3088
    y, v = log_risk_ratios()
    found = random_effects(y, v)
    assert found.method == "REML"
    assert found.tau2 is not None
    assert round(found.tau2, 4) == 0.3132
    assert found.i2 is not None
    assert round(100 * found.i2, 2) == 92.22
    assert found.q is not None
    assert round(found.q, 4) == 152.2330
    assert round(found.mean, 4) == -0.7145
    assert round(1 / math.sqrt((1 / (v + found.tau2)).sum()), 4) == 0.1798
    assert round(dersimonian_laird(y, v), 4) == 0.3088
    assert found.note == ""


@pytest.mark.parametrize(
    ("trials", "mean", "low", "high", "tau2"),
    [
        (1, -0.889311333920205, -2.00766747907616, 0.229044811235751, None),
        (7, -0.901251100272772, -1.40314344022821, -0.399358760317336, 0.120459721860583),
        (13, -0.714532342158211, -1.10844371368566, -0.320620970630764, 0.313243258137274),
    ],
)
def test_the_interval_of_hartung_and_knapp_is_that_of_metafor(
    trials: int, mean: float, low: float, high: float, tau2: float | None
) -> None:
    # The trials in the order of their years, the first few of them: the function cumul() of
    # metafor on the REML fit with the test "knha".
    order = np.argsort(BCG[:, 4], kind="stable")[:trials]
    y, v = log_risk_ratios()
    found = random_effects(y[order], v[order])
    assert (found.mean, found.low, found.high) == pytest.approx((mean, low, high), abs=1e-6)
    assert found.tau2 == (None if tau2 is None else pytest.approx(tau2, abs=1e-6))


def test_an_interval_that_metafor_would_narrow_is_not_narrowed() -> None:
    # The first three trials agree a little better than chance; metafor, from the same source:
    mean, low, tau2 = -0.972079931812824, -1.95119919485508, 0.087206792838218
    order = np.argsort(BCG[:, 4], kind="stable")[:3]
    y, v = (column[order] for column in log_risk_ratios())
    narrowing = ((y - mean) ** 2 / (v + tau2)).sum() / 2
    assert 0.8 < narrowing < 1
    found = random_effects(y, v)
    assert found.mean == pytest.approx(mean, abs=1e-6)
    assert found.mean - found.low == pytest.approx((mean - low) / math.sqrt(narrowing), abs=1e-5)


# ---- closed forms and laws


def test_equal_variances_have_a_closed_form() -> None:
    y, v = np.array([0.1, 0.9, 1.3, -0.4, 0.6]), 0.09
    found = random_effects(y, np.full(5, v))
    spread = y.var(ddof=1)
    assert found.mean == pytest.approx(y.mean())
    assert found.tau2 == pytest.approx(spread - v, rel=1e-9)
    assert dersimonian_laird(y, np.full(5, v)) == pytest.approx(spread - v, rel=1e-9)
    assert found.i2 == pytest.approx((spread - v) / spread, rel=1e-9)
    error = math.sqrt(spread / 5)  # that of a mean of five values
    assert found.standard_error == pytest.approx(error)
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 4) * error)
    assert (found.low, found.high) == pytest.approx(
        stats.t.interval(0.95, 4, loc=y.mean(), scale=stats.sem(y))
    )
    far = stats.t.ppf(0.975, 3) * math.sqrt(spread - v + error**2)
    assert found.prediction_low == pytest.approx(y.mean() - far)
    assert found.prediction_high == pytest.approx(y.mean() + far)


@pytest.mark.parametrize("values", [[0.5, 0.5, 0.5, 0.5], [0.5, 0.51, 0.49, 0.5]])
def test_centres_that_agree_are_not_taken_for_certain(values: list[float]) -> None:
    found = random_effects(values, [0.04] * 4)
    assert found.tau2 == 0
    assert found.i2 == 0
    # the interval of a known common value, 0.2 / sqrt(4), at three degrees of freedom
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 3) * 0.1)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-3, 3), st.floats(0.01, 2.0)),
        min_size=2,
        max_size=12,
    )
)
def test_no_tau_squared_has_a_higher_restricted_likelihood(
    pairs: list[tuple[float, float]],
) -> None:
    y, v = np.array(pairs).T
    found = random_effects(y, v)
    assert found.tau2 is not None
    best = restricted_likelihood(found.tau2, y, v)
    others = [0.0, *np.geomspace(1e-3, 30, 20)]
    assert best >= max(restricted_likelihood(t, y, v) for t in others) - 1e-9
    assert found.method == "REML"


@pytest.mark.parametrize("seed", range(5))
def test_tau_squared_is_where_an_optimiser_finds_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.02, 0.5, 9)
    y = rng.normal(0.6, np.sqrt(0.3 + v))
    found = random_effects(y, v)
    best = optimize.minimize_scalar(
        lambda t: -restricted_likelihood(t, y, v),
        bounds=(0, 10),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert found.tau2 == pytest.approx(best.x, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2.0)), min_size=2, max_size=8),
    st.floats(-5, 5),
    st.floats(0.01, 100),
)
def test_units_and_origin_and_order_do_not_matter(
    pairs: list[tuple[float, float]], shift: float, factor: float
) -> None:
    y, v = np.array(pairs).T
    plain = random_effects(y, v)
    moved = random_effects((y * factor + shift)[::-1], (v * factor**2)[::-1])
    assert moved.mean == pytest.approx(plain.mean * factor + shift, abs=1e-6 * (1 + factor))
    assert moved.high - moved.low == pytest.approx((plain.high - plain.low) * factor, rel=1e-5)
    assert moved.i2 == pytest.approx(plain.i2, abs=1e-6)


def test_one_centre_that_knows_nearly_everything_is_no_obstacle() -> None:
    found = random_effects([0.2, 0.9, 0.4], [1e-18, 0.3, 0.2])
    assert math.isfinite(found.low)
    assert found.method == "REML"


def test_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(12)
    held, predicted = 0, 0
    for _ in range(600):
        v = rng.uniform(0.02, 0.2, 10)
        truth = rng.normal(0.7, 0.4, 11)
        found = random_effects(rng.normal(truth[:10], np.sqrt(v)), v)
        held += found.low <= 0.7 <= found.high
        assert found.prediction_low is not None
        assert found.prediction_high is not None
        predicted += found.prediction_low <= truth[10] <= found.prediction_high
    assert stats.binomtest(held, 600, 0.95).pvalue > 0.001
    assert 0.86 < predicted / 600 < 0.96  # it takes tau-squared for known


# ---- few centres


def test_one_centre_keeps_its_own_interval() -> None:
    found = random_effects([0.4], [0.25])
    assert (found.mean, found.standard_error) == (0.4, 0.5)
    assert (found.low, found.high) == pytest.approx(stats.norm.interval(0.95, 0.4, 0.5))
    assert found.prediction_low is None
    assert found.tau2 is None
    assert found.i2 is None
    assert found.method == "one centre"
    assert "nothing can be said about differences" in found.note


def test_two_centres_have_a_wide_interval_and_no_prediction() -> None:
    found = random_effects([0.2, 1.2], [0.1, 0.1])
    assert found.tau2 == pytest.approx(0.5 - 0.1)  # half the squared distance less the variance
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 1) * math.sqrt(0.5 / 2))
    assert found.prediction_high is None
    assert "one degree of freedom" in found.note


def test_three_or_four_centres_are_said_to_be_few() -> None:
    assert "Fewer than five centres" in random_effects([0.1, 0.2, 0.4], [0.1] * 3).note
    assert random_effects([0.1, 0.2, 0.4, 0.5, 0.3], [0.1] * 5).note == ""


def test_where_the_likelihood_is_not_maximised_the_moment_estimate_stands_in_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    y, v = log_risk_ratios()
    monkeypatch.setattr(module, "_ITERATIONS", 0)
    found = random_effects(y, v)
    assert found.method == "DerSimonian-Laird"
    assert found.tau2 == dersimonian_laird(y, v)
    assert "that of DerSimonian and Laird" in found.note
    # metafor, method = "DL": estimate -0.7141
    assert round(found.mean, 4) == -0.7141


# ---- other scales, JSON, refusals


def test_bounds_on_another_scale_keep_their_order_and_coverage() -> None:
    plain = random_effects([0.1, 0.5, 0.2], [0.04, 0.02, 0.05])
    ratio = plain.through(math.exp)
    assert ratio.mean == math.exp(plain.mean)
    assert ratio.prediction_high == math.exp(plain.prediction_high or 0)
    assert (ratio.tau2, ratio.standard_error) == (plain.tau2, plain.standard_error)
    assert ratio.low < ratio.mean < ratio.high
    two = random_effects([0.1, 0.5], [0.04, 0.02]).through(math.exp)
    assert two.prediction_low is None


@pytest.mark.parametrize("centres", [1, 2, 3])
def test_the_json_has_null_and_no_nan(centres: int) -> None:
    found: RandomEffects = random_effects([0.1, 0.5, 0.2][:centres], [0.04, 0.02, 0.05][:centres])
    data = found.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data


@pytest.mark.parametrize(
    ("estimate", "variance", "message"),
    [
        ([], [], "there is no centre to summarise"),
        ([0.1, 0.2], [0.1], "one value and one variance for each centre"),
        ([[0.1]], [[0.1]], "one value and one variance for each centre"),
        ([0.1, float("nan")], [0.1, 0.1], "values must be finite"),
        ([0.1, 0.2], [0.1, 0.0], "variances finite and above 0"),
        ([0.1, 0.2], [0.1, float("inf")], "variances finite and above 0"),
    ],
)
def test_what_is_no_centre_is_refused(estimate: Any, variance: Any, message: str) -> None:
    with pytest.raises(LearningError, match=message):
        random_effects(estimate, variance)
