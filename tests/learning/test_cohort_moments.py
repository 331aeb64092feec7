"""Moments that are learned: scikit-learn's Ledoit-Wolf, distances left out by hand, simulation."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf
from synthetic import COLUMNS, patients_of

from predictor.fitted.moments import Moments
from predictor.learning.moments import moments
from predictor.learning.preparer import Column

NAN = math.nan


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def numbers(count: int) -> tuple[Column, ...]:
    return tuple(Column(f"x{j}") for j in range(count))


def mixing(seed: int, variables: int) -> np.ndarray:
    """Root of a covariance whose variables go together."""
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(variables, variables)) / math.sqrt(variables)
    return np.linalg.cholesky(0.5 * np.eye(variables) + 0.5 * basis @ basis.T)


def population(
    rng: np.random.Generator, root: np.ndarray, count: int, missing: float = 0.0
) -> np.ndarray:
    values = 50 + 10 * rng.normal(size=(count, len(root))) @ root.T
    values[rng.random(values.shape) < missing] = NAN
    return values


def cohort(count: int = 40, seed: int = 0, variables: int = 3) -> np.ndarray:
    return population(np.random.default_rng(seed), mixing(seed, variables), count)


def test_mean_and_spread_are_those_of_the_known_values() -> None:
    values = cohort()
    values[np.random.default_rng(1).random(values.shape) < 0.2] = NAN
    found = moments(numbers(3), values)
    np.testing.assert_allclose(found.centre, np.nanmean(values, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.spread, np.nanstd(values, axis=0), rtol=1e-12)


def test_the_correlation_is_that_of_ledoit_and_wolf() -> None:
    values = cohort(variables=4)
    values[:, 1] += values[:, 0]
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    shrunken = LedoitWolf(assume_centered=True).fit(z)
    assert 0.0 < shrunken.shrinkage_ < 1.0
    scale = np.sqrt(np.diag(shrunken.covariance_))
    expected = shrunken.covariance_ / np.outer(scale, scale)
    np.testing.assert_allclose(moments(numbers(4), values).correlation, expected, atol=2e-6)


def test_a_missing_value_stands_at_its_mean_in_the_correlation() -> None:
    values = cohort()
    values[:5, 0] = NAN
    filled = np.where(np.isnan(values), np.nanmean(values, axis=0), values)
    z = (filled - filled.mean(axis=0)) / np.nanstd(values, axis=0)
    shrunken = LedoitWolf(assume_centered=True).fit(z).covariance_
    scale = np.sqrt(np.diag(shrunken))
    expected = shrunken / np.outer(scale, scale)
    np.testing.assert_allclose(moments(numbers(3), values).correlation, expected, atol=2e-6)


def left_out(values: np.ndarray) -> np.ndarray:
    """Distance of each patient from the moments of the others."""
    columns = numbers(values.shape[1])
    return np.array(
        [
            moments(columns, np.delete(values, i, axis=0)).distance(values[[i]])[0]
            for i in range(len(values))
        ]
    )


@pytest.mark.parametrize(
    ("patients", "place"),
    # The smallest k with k / (n + 1) >= 0.95, and the farthest patient where there is none.
    [(10, 10), (18, 18), (19, 19), (31, 31), (39, 38)],
)
def test_the_cut_off_is_the_conformal_quantile_of_distances_left_out(
    patients: int, place: int
) -> None:
    values = cohort(patients)
    found = moments(numbers(3), values)
    distances = np.sort(left_out(values))
    assert found.cutoff == pytest.approx(distances[place - 1], rel=1e-12)
    assert math.ceil((patients + 1) * 0.95) == place or place == patients
    np.testing.assert_allclose(
        found.distances, np.quantile(distances, np.linspace(0, 1, 21)), rtol=1e-9
    )


def test_a_large_cohort_is_left_out_in_parts() -> None:
    values = cohort(700)
    found = moments(numbers(3), values)
    expected = np.empty(700)
    for part in range(20):
        out = np.arange(700) % 20 == part
        expected[out] = moments(numbers(3), values[~out]).distance(values[out])
    assert found.cutoff == pytest.approx(np.sort(expected)[math.ceil(701 * 0.95) - 1])


def test_distances_left_out_are_farther_than_those_of_the_fitted() -> None:
    """Otherwise a new patient of the same population would be flagged too often."""
    values = cohort(31, variables=8)
    found = moments(numbers(8), values)
    assert left_out(values).mean() > 1.1 * found.distance(values).mean()


def flagged(patients: int, variables: int, missing: float, cohorts: int) -> tuple[float, float]:
    """Share of new patients beyond the cut-off: of the same population, and of a shifted one."""
    same, other = [], []
    for seed in range(cohorts):
        rng = np.random.default_rng([seed, patients, variables])
        root = mixing(seed, variables)
        found = moments(numbers(variables), population(rng, root, patients, missing))
        new = population(rng, root, 200, missing)
        same.append((found.distance(new) > found.cutoff).mean())
        other.append((found.distance(new + 20) > found.cutoff).mean())
    return float(np.mean(same)), float(np.mean(other))


@pytest.mark.parametrize(
    ("variables", "missing"), [(3, 0.0), (6, 0.0), (6, 0.2), (15, 0.1), (35, 0.0)]
)
def test_of_31_patients_at_most_one_in_ten_of_the_same_population_is_flagged(
    variables: int, missing: float
) -> None:
    same, shifted = flagged(31, variables, missing, 25)
    assert same <= 0.10
    assert shifted > max(5 * same, 0.4)


def test_patients_with_half_of_their_values_are_not_flagged_more_often() -> None:
    rng = np.random.default_rng(5)
    root = mixing(5, 20)
    found = moments(numbers(20), population(rng, root, 400))
    new = population(rng, root, 3000)
    gaps = new.copy()
    gaps[rng.permuted(np.tile(np.arange(20) < 10, (3000, 1)), axis=1)] = NAN
    complete, half = ((found.distance(x) > found.cutoff).mean() for x in (new, gaps))
    assert complete == pytest.approx(0.05, abs=0.025)
    assert half == pytest.approx(complete, abs=0.02)


class TestWhatIsOdd:
    def test_a_value_that_never_varies_has_no_say_until_it_differs(self) -> None:
        values = cohort(variables=2)
        constant = np.column_stack([values, np.full(40, 7.1)])
        found, without = moments(numbers(3), constant), moments(numbers(2), values)
        assert found.spread[2] == 1.0
        z = found.distance(constant) ** 2 * 3
        np.testing.assert_allclose(z, without.distance(values) ** 2 * 2, rtol=0.5)
        odd = constant[:1] + np.array([0, 0, 30.0])
        assert found.distance(odd)[0] > found.cutoff

    def test_nothing_varies(self) -> None:
        found = moments(numbers(2), np.ones((31, 2)))
        assert found.distance(np.ones((1, 2))).tolist() == [0.0]
        assert found.distance(np.full((1, 2), 9.0))[0] > found.cutoff

    def test_a_variable_that_nobody_has(self) -> None:
        values = np.column_stack([cohort(variables=2), np.full(40, NAN)])
        found = moments(numbers(3), values)
        assert np.isfinite(found.distance(values)).all()
        assert np.isfinite(found.draws(values, 5)).all()
        Moments.from_dict(json.loads(json.dumps(found.to_dict())), 3)

    def test_hardly_anybody(self) -> None:
        found = moments(numbers(2), cohort(3, variables=2))
        Moments.from_dict(json.loads(json.dumps(found.to_dict())), 2)

    @pytest.mark.parametrize("patients", [31, 5000])
    def test_variables_that_repeat_each_other(self, patients: int) -> None:
        values = cohort(patients, variables=2)
        both = np.column_stack([values, values.sum(axis=1), values])
        found = moments(numbers(5), both)
        Moments.from_dict(json.loads(json.dumps(found.to_dict())), 5)
        both[0, 2:4] = NAN
        drawn = found.draws(both[:1], 40)[0].mean(axis=0)
        assert np.isfinite(drawn).all()

    @pytest.mark.parametrize("factor", [1e-9, 1e9])
    def test_units_do_not_matter(self, factor: float) -> None:
        values = cohort()
        one, other = moments(numbers(3), values), moments(numbers(3), values * factor)
        assert other.cutoff == pytest.approx(one.cutoff, rel=1e-9)
        np.testing.assert_allclose(other.correlation, one.correlation, rtol=1e-6)

    @settings(max_examples=30)
    @given(data=st.data())
    def test_whatever_a_cohort_holds_its_moments_are_read_again(self, data: st.DataObject) -> None:
        entry = st.none() | st.sampled_from([0.0, 1.0, 2.0]) | st.floats(-1e6, 1e6)
        rows = data.draw(st.lists(st.tuples(entry, entry, entry), min_size=3, max_size=7))
        values = np.array([[NAN if x is None else x for x in row] for row in rows])
        found = moments(numbers(3), values)
        again = Moments.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)), 3)
        assert np.isfinite(again.distance(values)).all()
        assert np.isfinite(again.draws(values, 3)).all()


class TestBounds:
    def test_states_numbers_and_plausible_ranges(self) -> None:
        patients = patients_of(60)
        columns = (
            Column("a", (), -1.0, 2.5),
            Column("b", (), None, 3.0),
            Column("yes", (), 0.0, 1.0, binary=True),
            COLUMNS[3],
        )
        values = patients.values.copy()
        values[:, 2] = (values[:, 2] > 0.3).astype(float)
        found = moments(columns, values)
        assert found.low.tolist() == [-1.0, -math.inf, 0.0, 0.0]
        assert found.high.tolist() == [2.5, 3.0, 1.0, 3.0]
        assert found.whole.tolist() == [False, False, True, True]
        drawn = found.draws(np.full((1, 4), NAN), 200)[0]
        assert set(np.unique(drawn[:, 2])) == {0.0, 1.0}
        assert set(np.unique(drawn[:, 3])) <= {0.0, 1.0, 2.0, 3.0}
        assert drawn[:, 0].min() >= -1.0

    def test_yes_is_drawn_about_as_often_as_it_is_seen(self) -> None:
        rng = np.random.default_rng(2)
        for share in (0.15, 0.5, 0.8):
            seen = (rng.random((200, 1)) < share).astype(float)
            found = moments((Column("yes", (), 0.0, 1.0, binary=True),), seen)
            drawn = found.draws(np.full((1, 1), NAN), 400)
            assert drawn.mean() == pytest.approx(seen.mean(), abs=0.06)


def test_no_value_of_a_patient_can_be_read_from_them() -> None:
    values = cohort(31)
    text = json.dumps(moments(numbers(3), values).to_dict())
    assert not [value for value in values.ravel().tolist() if repr(value) in text]
