"""Figures that are handed out: coarse enough to hide one patient, fine enough to be of use."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.validation.centre_figures import FIGURES, Figure, figures_of
from predictor.validation.pooled import as_row, figures_from
from predictor.validation.told_figures import coarse, coarse_figure, coarse_mix, step


@given(st.floats(1e-12, 1e12))
def test_a_step_is_1_2_or_5_times_a_power_of_ten(size: float) -> None:
    found = step(size)
    assert size * (1.0 - 1e-6) <= found <= 2.5 * size * (1.0 + 1e-6)
    assert f"{found:e}"[0] in "125"
    assert float(f"{found:.0e}") == found


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e3), st.integers(10, 10**6))
def test_nothing_is_changed_by_more_than_half_a_step(value: float, spread: float, n: int) -> None:
    width = step(3.0 * spread / n)
    found = coarse(value, spread, n)
    assert abs(found - value) <= 0.5 * width * (1.0 + 1e-6) + 1e-9 * abs(value)
    assert found / width == pytest.approx(round(found / width), abs=1e-4, rel=1e-9)


def test_by_hand() -> None:
    assert coarse(203.271, 60.0, 200) == 203.0  # 0.9, and the next step is 1
    assert coarse(0.61234, 0.5, 200) == 0.61  # 0.0075, and 0.01
    assert coarse(1203.271, 60.0, 9) == 1200.0  # 20
    assert coarse(7.0, 0.0, 200) == 7.0  # everybody has it


def test_one_more_patient_moves_a_mean_by_one_step_at_most() -> None:
    rng = np.random.default_rng(3)
    for n in (20, 200, 2000):
        values = rng.normal(80.0, 20.0, n)
        for further in rng.normal(80.0, 20.0, 50):
            more = np.append(values, further)
            before = coarse(values.mean(), values.std(ddof=1), n)
            after = coarse(more.mean(), more.std(ddof=1), n + 1)
            # The step itself may be another one of 1, 2 and 5 where the deviation has changed.
            assert abs(after - before) <= 2.5 * step(3.0 * 20.0 / n)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([100, 250, 1000]))
def test_figures_stay_what_they_are_by_half_a_standard_error(seed: int, n: int) -> None:
    """And are read again as figures that a centre may tell."""
    rng = np.random.default_rng(seed)
    p = 1.0 / (1.0 + np.exp(-rng.normal(-0.5, 1.0, n)))
    outcome = (rng.random(n) < p).astype(np.int8)
    exact = figures_of(outcome, p, 0.95)
    told = figures_from([as_row(coarse_figure(one, n, 0.95)) for one in exact])
    for one, other in zip(exact, told, strict=True):
        assert one.value is not None
        assert other.value is not None
        assert one.error is not None
        assert other.error is not None
        assert abs(_on(one.scale, other.value) - _on(one.scale, one.value)) < 0.5 * one.error
        assert other.error == pytest.approx(one.error, rel=0.05)
        if n < 1000:
            assert one.value != other.value


def _on(scale: str, value: float) -> float:
    if scale == "log-odds":
        return math.log(value / (1.0 - value))
    return math.log(value) if scale == "logarithm" else value


def test_a_figure_without_an_interval_is_rounded_too() -> None:
    scale = FIGURES["observed_expected"][0]
    alone = Figure("observed_expected", scale, 1.23456, None, None, None, "one class")
    assert coarse_figure(alone, 200, 0.95).value == 1.23
    assert coarse_figure(
        Figure("auroc", "log-odds", None, None, None, None, ""), 9, 0.95
    ) == Figure("auroc", "log-odds", None, None, None, None, "")


def test_who_the_patients_are() -> None:
    row = {
        "variable": "c3",
        "development_mean": 80.123456,
        "mean": 83.123456,
        "sd": 20.123456,
        "difference": 0.149,
        "missing": 0.1234,
    }
    empty = {**row, "mean": None, "sd": None, "difference": None, "missing": None}
    mix = {
        "membership_c": 0.61234,
        "model_based_c": None,
        "outside": 0.0,
        "likeness_p": 0.01234,
        "variables": [row, empty],
    }
    found = coarse_mix(mix, 200)
    first, second = found["variables"]
    # 3 * 20.1 / 175.3 = 0.34; 3 / 175.3 = 0.017; 3 * 0.329 / 175.3 = 0.0056
    assert (first["mean"], first["sd"]) == (83.0, 20.0)
    assert (first["difference"], first["missing"]) == (0.14, 0.12)
    assert first["development_mean"] == 80.123456
    assert second == empty
    assert (found["membership_c"], found["likeness_p"]) == (0.61, 0.01)
    assert (found["model_based_c"], found["outside"]) == (None, 0.0)
