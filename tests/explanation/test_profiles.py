"""Synthetic profiles: like the cohort as a whole, like no patient in particular."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import spearmanr

from predictor.clinical.variable import Variable
from predictor.explanation.profiles import synthetic_profiles

Make = Callable[..., Variable]


def inside(profiles: np.ndarray, values: np.ndarray) -> bool:
    low, high = np.nanquantile(values, (0.05, 0.95), axis=0)
    return bool(((profiles >= low - 1e-9) & (profiles <= high + 1e-9)).all())


def shared_rows(profiles: np.ndarray, values: np.ndarray) -> int:
    real = {tuple(row) for row in values.tolist()}
    return sum(tuple(row) in real for row in profiles.tolist())


def test_profiles_stay_between_the_5th_and_the_95th_percentile(
    variables: tuple[Variable, ...], values: np.ndarray
) -> None:
    profiles = synthetic_profiles(variables, values, count=500, seed=1)
    assert profiles.shape == (500, 5)
    assert inside(profiles[:, [0, 1, 4]], values[:, [0, 1, 4]])
    assert set(np.unique(profiles[:, 2])) <= {0.0, 1.0}
    assert set(np.unique(profiles[:, 3])) <= {0.0, 1.0, 2.0}
    assert (profiles[:, 1] == np.round(profiles[:, 1])).all()
    assert (profiles[:, 4] == 4.5).all()


def test_medians_shares_and_rank_correlations_are_those_of_the_cohort(make_variable: Make) -> None:
    generator = np.random.default_rng(3)
    normal = generator.multivariate_normal(
        np.zeros(3), [[1, 0.8, -0.6], [0.8, 1, -0.4], [-0.6, -0.4, 1]], size=2000
    )
    values = np.column_stack([np.exp(normal[:, 0]), 50 + 10 * normal[:, 1], normal[:, 2] > 0.5])
    named = [make_variable("a"), make_variable("b"), make_variable("c", "binary")]

    profiles = synthetic_profiles(named, values, count=4000, seed=2)

    spread = values[:, :2].std(axis=0)
    apart = np.abs(np.median(profiles[:, :2], axis=0) - np.median(values[:, :2], axis=0))
    assert (apart < 0.05 * spread).all()
    assert profiles[:, 2].mean() == pytest.approx(values[:, 2].mean(), abs=0.03)
    # Shrinkage takes a tenth of each correlation.
    np.testing.assert_allclose(spearmanr(profiles)[0], spearmanr(values)[0], atol=0.09)
    for j in range(2):
        np.testing.assert_allclose(
            np.quantile(profiles[:, j], [0.25, 0.75]),
            np.quantile(values[:, j], [0.25, 0.75]),
            atol=0.12 * spread[j],
        )


@pytest.mark.parametrize("patients", [5, 21, 41, 61, 101])
def test_no_profile_equals_a_patient(patients: int, make_variable: Make) -> None:
    # In these cohorts the 5th and the 95th percentile (or the median) are patients' own values.
    values = np.random.default_rng(patients).normal(size=(patients, 1))
    profiles = synthetic_profiles([make_variable("a")], values, count=1000, seed=0)
    assert shared_rows(profiles, values) == 0


def test_a_row_of_whole_numbers_that_one_patient_has_is_drawn_again(make_variable: Make) -> None:
    values = np.random.default_rng(1).integers(0, 12, size=(60, 3)).astype(float)
    named = [make_variable(f"v{j}", integer=True) for j in range(3)]
    profiles = synthetic_profiles(named, values, count=800, seed=0)
    rows, patients = np.unique(values, axis=0, return_counts=True)
    assert shared_rows(profiles, rows[patients == 1]) == 0


def test_a_state_that_few_patients_have_is_not_drawn(make_variable: Make) -> None:
    values = np.zeros((100, 1))
    values[:4] = 2.0
    values[4:30] = 1.0
    named = [make_variable("organ", "nominal", ("skin", "kidney", "eye"))]
    profiles = synthetic_profiles(named, values, count=2000, seed=0)
    assert set(np.unique(profiles)) == {0.0, 1.0}
    assert profiles.mean() == pytest.approx(26 / 96, abs=0.03)


def test_the_same_seed_gives_the_same_profiles(
    variables: tuple[Variable, ...], values: np.ndarray
) -> None:
    first = synthetic_profiles(variables, values, count=50, seed=9)
    np.testing.assert_array_equal(first, synthetic_profiles(variables, values, count=50, seed=9))
    assert (first != synthetic_profiles(variables, values, count=50, seed=10)).any()


def test_five_patients_with_constant_empty_and_incomplete_columns_suffice(
    make_variable: Make,
) -> None:
    values = np.array(
        [
            [1.0, 7.0, 0.0, np.nan, np.nan, 1.0],
            [2.0, 7.0, 1.0, np.nan, 3.0, 1.0],
            [3.0, 7.0, 0.0, np.nan, np.nan, 1.0],
            [4.0, 7.0, 1.0, np.nan, 5.0, 1.0],
            [5.0, 7.0, 0.0, np.nan, np.nan, 1.0],
        ]
    )
    named = [
        make_variable("number"),
        make_variable("constant"),
        make_variable("fever", "binary"),
        make_variable("never measured"),
        make_variable("seldom measured"),
        make_variable("always yes", "binary"),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        profiles = synthetic_profiles(named, values, count=40, seed=0)
    assert profiles.shape == (40, 6)
    assert (profiles[:, 1] == 7).all()
    assert (profiles[:, 5] == 1).all()
    assert set(np.unique(profiles[:, 2])) == {0.0, 1.0}
    assert np.isnan(profiles[:, 3]).all()
    assert ((profiles[:, 4] >= 3) & (profiles[:, 4] <= 5)).all()


def test_one_patient_gives_profiles_without_a_warning(make_variable: Make) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        profiles = synthetic_profiles([make_variable("a")], np.array([[3.0]]), count=3, seed=0)
    assert profiles.shape == (3, 1)


CELLS = st.one_of(st.floats(-1e6, 1e6, width=32), st.just(float("nan")))


@settings(deadline=None, max_examples=60)
@given(
    values=arrays.arrays(
        np.float64, st.tuples(st.integers(1, 30), st.integers(1, 5)), elements=CELLS
    ),
    whole=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_profiles_of_any_cohort_stay_inside_it(
    make_variable: Make, values: np.ndarray, whole: bool, seed: int
) -> None:
    if whole:
        values = np.round(values)
    named = [make_variable(f"v{j}", integer=whole) for j in range(values.shape[1])]
    profiles = synthetic_profiles(named, values, count=20, seed=seed)
    assert profiles.shape == (20, values.shape[1])
    for j in range(values.shape[1]):
        known = values[~np.isnan(values[:, j]), j]
        if not known.size:
            assert np.isnan(profiles[:, j]).all()
            continue
        low, high = np.quantile(known, (0.05, 0.95))
        if whole:
            assert (profiles[:, j] == np.round(profiles[:, j])).all()
            if np.ceil(low) > np.floor(high):
                continue  # no whole number lies between the percentiles
        room = 1e-9 * (1 + abs(low) + abs(high))
        assert profiles[:, j].min() >= low - room
        assert profiles[:, j].max() <= high + room
