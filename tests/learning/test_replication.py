"""Replicates for the interval of one patient: without a penalty, not ruled by a few wild refits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2
from synthetic import PLAN, candidates_of, patients_of

from predictor.fitted.replicates import Replicates
from predictor.learning.candidates import Candidate
from predictor.learning.replication import KEPT, core, replicates, widening
from predictor.learning.resampling import BootstrapPlan

Floats = NDArray[np.float64]


def normal(count: int, width: int, seed: int = 1) -> Floats:
    """Correlated numbers of very different sizes."""
    random = np.random.default_rng(seed)
    mixed = random.normal(size=(count, width)) @ random.normal(size=(width, width))
    return np.asarray(mixed * 10.0 ** np.arange(-2, width - 2) + 3.0)


def ratio(found: Floats, expected: Floats) -> Floats:
    """Standard deviations in many directions against those of other numbers, mean 1 if equal."""
    directions = np.random.default_rng(2).normal(size=(found.shape[1], 200))
    directions /= expected.std(axis=0)[:, None]
    return np.asarray((found @ directions).std(axis=0) / (expected @ directions).std(axis=0))


class TestCore:
    @pytest.mark.parametrize("width", [1, 3, 7, 20])
    def test_of_a_normal_distribution_has_its_mean_and_covariance(self, width: int) -> None:
        refits = normal(8000, width)
        found = core(refits)
        assert len(found) == KEPT * len(refits)
        assert ratio(found, refits) == pytest.approx(1.0, abs=0.05)
        off = (found.mean(axis=0) - refits.mean(axis=0)) / refits.std(axis=0)
        assert np.abs(off).max() < 0.03

    def test_is_hardly_moved_by_a_tenth_that_is_far_away(self) -> None:
        refits = normal(2000, 4)
        wild = refits.copy()
        wild[::10] += 50.0 * refits.std(axis=0)
        assert ratio(core(wild), refits).max() < 1.15
        assert ratio(wild, refits).max() > 10.0

    def test_does_not_depend_on_the_units(self) -> None:
        refits = normal(400, 3)
        units = np.array([1e3, 1e-4, 7.0])
        np.testing.assert_allclose(core(refits * units), core(refits) * units, rtol=1e-9)

    @pytest.mark.parametrize("count", [2, 5, 20])
    def test_of_few_refits_is_all_of_them(self, count: int) -> None:
        refits = normal(count, 4)
        np.testing.assert_array_equal(core(refits), refits)

    def test_of_equal_refits_is_all_of_them(self) -> None:
        same = np.tile([0.4, 1.0], (100, 1))
        np.testing.assert_array_equal(core(same), same)

    def test_does_not_lose_a_coefficient_that_is_0_in_most_refits(self) -> None:
        """A rare state is missing in many resamples, and its coefficient 0 there."""
        refits = normal(1000, 4)
        refits[np.arange(1000) % 10 > 0, 2] = 0.0
        assert core(refits)[:, 2].std() > 0.0

    def test_ignores_columns_of_other_predictors(self) -> None:
        refits = normal(300, 3)
        wider = np.column_stack([refits, np.zeros((300, 2))])
        np.testing.assert_allclose(core(wider)[:, :3], core(refits), rtol=1e-9)


@pytest.mark.parametrize("rank", [1, 2, 7, 40])
def test_the_widening_is_that_of_croux_and_haesbroeck(rank: int) -> None:
    expected = KEPT / chi2.cdf(chi2.ppf(KEPT, rank), rank + 2)
    assert widening(rank) == pytest.approx(expected, rel=2e-3)


def made(candidate: Candidate, workers: int = 1) -> Replicates:
    found = replicates(
        candidate, PLAN, patients_of(60), BootstrapPlan(60, None, 100, 5), workers=workers
    )
    assert found is not None
    return found


class TestReplicates:
    @pytest.mark.parametrize("name", ["ridge", "elastic_net"])
    def test_know_no_penalty(self, name: str) -> None:
        found, firth = made(candidates_of()[name]), made(candidates_of()["firth"])
        np.testing.assert_array_equal(found.slope, firth.slope)
        np.testing.assert_array_equal(found.intercept, firth.intercept)

    def test_of_one_predictor_know_no_other(self) -> None:
        candidate = candidates_of()["one_predictor"]
        found = made(candidate)
        moves = found.slope.std(axis=0) > 0.0
        assert set(found.variable[moves]) == set(candidate.predictors)
        assert not found.slope[:, ~moves].any()

    def test_of_the_prevalence_have_an_intercept_only(self) -> None:
        found = made(candidates_of()["prevalence"])
        assert not found.slope.any()
        assert found.intercept.std() > 0.0

    def test_do_not_depend_on_the_workers(self) -> None:
        one, two = (made(candidates_of()["ridge"], workers) for workers in (1, 2))
        np.testing.assert_array_equal(one.slope, two.slope)

    def test_of_a_forest_do_not_exist(self) -> None:
        drawn = BootstrapPlan(60, None, 10, 5)
        assert replicates(candidates_of()["random_forest"], PLAN, patients_of(60), drawn) is None

    def test_of_too_few_resamples_do_not_exist(self) -> None:
        for count in (0, 1):
            drawn = BootstrapPlan(60, None, count, 5)
            assert replicates(candidates_of()["ridge"], PLAN, patients_of(60), drawn) is None
