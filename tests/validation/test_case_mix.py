"""How new patients differ from those of a model, against arithmetic by hand and simulation."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from predictor.fitted.bundle import open_bundle
from predictor.fitted.moments import Moments
from predictor.validation.case_mix import apart, case_mix, model_based_c


def plain_moments(width: int) -> Moments:
    """Uncorrelated variables of mean 0 and standard deviation 1."""
    ends = np.full(width, np.inf)
    return Moments(
        np.zeros(width),
        np.ones(width),
        np.eye(width),
        -ends,
        ends,
        np.zeros(width, dtype=bool),
        np.linspace(0, 2, 5),
        2.0,
    )


def membership_c(values: np.ndarray, moments: Moments, development: int) -> float:
    found = apart(values, moments, development)
    assert found is not None
    return found.membership_c


def likeness_p(values: np.ndarray, moments: Moments, development: int) -> float:
    found = apart(values, moments, development)
    assert found is not None
    return found.likeness_p


@given(st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9]), min_size=2, max_size=7))
def test_the_model_based_c_is_the_mean_over_all_pairs(shares: list[float]) -> None:
    top = bottom = 0.0
    for a, b in permutations(shares, 2):  # a has the event, b has not
        weight = a * (1 - b)
        top += weight * (1.0 if a > b else 0.5 if a == b else 0.0)
        bottom += weight
    assert model_based_c(np.array(shares)) == pytest.approx(top / bottom)


def test_certain_predictions_leave_no_pair_to_compare() -> None:
    assert model_based_c(np.array([1.0, 1.0])) is None
    assert model_based_c(np.array([0.3])) is None


def test_a_right_model_has_the_model_based_c_on_average() -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(2, 3, 200_000)
    y = rng.random(p.size) < p
    assert model_based_c(p) == pytest.approx(roc_auc_score(y, p), abs=0.004)


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.5])
def test_membership_is_the_auroc_of_a_discriminant_between_the_cohorts(shift: float) -> None:
    rng = np.random.default_rng(3)
    width, new, old = 4, 4000, 4000
    here = rng.standard_normal((new, width)) + np.array([shift, 0, 0, 0])
    there = rng.standard_normal((old, width))
    found = membership_c(here, plain_moments(width), old)
    both, which = np.vstack([there, here]), np.repeat([0, 1], [old, new])
    fitted = LogisticRegression().fit(both, which)
    assert found == pytest.approx(
        roc_auc_score(which, fitted.decision_function(both)), abs=0.025 if shift == 0 else 0.01
    )


def test_few_patients_of_the_same_kind_are_not_taken_for_others() -> None:
    """Without the correction for bias the mean would lie near 0.7."""
    rng = np.random.default_rng(5)
    found = [membership_c(rng.standard_normal((30, 10)), plain_moments(10), 60) for _ in range(60)]
    assert np.median(found) < 0.56


def test_gaps_do_not_make_the_same_kind_of_patients_look_like_others() -> None:
    """Counted as zero variance, half of the values missing gave 0.58 on average."""
    rng = np.random.default_rng(5)
    mixing = np.linalg.cholesky(0.3 * np.ones((6, 6)) + 0.7 * np.eye(6))
    found, whole = [], []
    for _ in range(150):
        moments = moments_of(rng.standard_normal((200, 6)) @ mixing.T)
        new = rng.standard_normal((100, 6)) @ mixing.T
        whole.append(membership_c(new, moments, 200))
        gaps = np.where(rng.random(new.shape) < 0.5, np.nan, new)
        found.append(membership_c(gaps, moments, 200))
    assert np.mean(found) == pytest.approx(np.mean(whole), abs=0.02)


def test_too_few_patients_for_the_predictors_give_no_membership() -> None:
    assert apart(np.zeros((3, 10)), plain_moments(10), 8) is None


def test_a_variable_that_nobody_has_takes_no_part() -> None:
    rng = np.random.default_rng(2)
    values = rng.standard_normal((400, 3)) + np.array([1.0, 0.0, 0.0])
    with_gap = np.column_stack([values, np.full(400, np.nan)])
    assert membership_c(with_gap, plain_moments(4), 400) == pytest.approx(
        membership_c(values, plain_moments(3), 400), abs=0.002
    )


def moments_of(values: np.ndarray) -> Moments:
    return replace(
        plain_moments(values.shape[1]),
        centre=values.mean(axis=0),
        spread=values.std(axis=0, ddof=1),
        correlation=np.corrcoef(values.T),
    )


def test_likeness_of_independent_patients_is_uniform() -> None:
    rng = np.random.default_rng(8)
    mixing = rng.standard_normal((4, 4))
    found = [
        likeness_p(
            rng.standard_normal((60, 4)) @ mixing,
            moments_of(rng.standard_normal((80, 4)) @ mixing),
            80,
        )
        for _ in range(400)
    ]
    assert kstest(np.array(found), "uniform").pvalue > 0.01


def test_the_same_patients_without_a_few_are_closer_than_any_others() -> None:
    rng = np.random.default_rng(9)
    values = rng.standard_normal((100, 6))
    found = likeness_p(values[3:], moments_of(values), 100)
    assert found < 1e-4
    moved = likeness_p(values + 0.5, moments_of(values), 100)
    assert moved > 0.99


def test_each_predictor_is_told_in_standard_deviations_of_both_cohorts() -> None:
    bundle = open_bundle("remission")
    assert bundle.moments is not None
    values = np.tile(bundle.moments.centre, (3, 1))
    values[:, 1] = bundle.moments.centre[1] + bundle.moments.spread[1] * np.array([0.0, 1.0, 2.0])
    values[0, 2] = np.nan
    mix = case_mix(bundle.variables, values, np.array([0.2, 0.3, 0.4]), bundle.moments, 500)
    moved = mix.variables[1]
    assert moved.difference == pytest.approx(1.0)  # both standard deviations are the same
    assert mix.variables[2].missing == pytest.approx(1 / 3)
    assert moved.variable == "c3"
