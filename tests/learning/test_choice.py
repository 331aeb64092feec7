"""The rule of choice by hand, and the paired error by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from predictor.learning.choice import choose, differences
from predictor.learning.resampling import summed_by_unit, units_of


@pytest.mark.parametrize(
    ("difference", "error", "taken"),
    [
        ([0.10, 0.05, 0.0], [0.01, 0.01, 0.0], 2),  # clearly best
        ([0.10, 0.05, 0.0], [0.01, 0.06, 0.0], 1),  # as good, and simpler
        ([0.10, 0.05, 0.0], [0.20, 0.06, 0.0], 0),  # nothing beats the prevalence
        ([0.0, 0.2, 0.3], [0.0, 0.3, 0.4], 0),  # the prevalence is the best
        ([0.05, 0.05, 0.0], [0.05, 0.04, 0.0], 0),  # exactly one error is within
        ([0.01, 0.0], [0.0, 0.0], 1),
        ([0.0], [0.0], 0),
    ],
)
def test_the_simplest_within_one_error_of_the_best_is_chosen(
    difference: list[float], error: list[float], taken: int
) -> None:
    assert int(choose(np.array(difference), np.array(error))) == taken


def test_the_error_of_a_paired_difference_by_hand() -> None:
    losses = np.array([[0.5, 0.7, 0.9, 0.3], [0.4, 0.4, 0.8, 0.4]])
    difference, error = differences(losses, np.ones(4))
    # differences 0.1, 0.3, 0.1, -0.1: mean 0.1, sum of squares about it 0.08
    assert difference == pytest.approx([0.1, 0.0])
    assert error == pytest.approx([math.sqrt(0.08 / 3 / 4), 0.0])
    assert error[0] == pytest.approx(stats.sem(losses[0] - losses[1]))


def test_rows_of_a_group_count_as_one_in_the_error() -> None:
    losses = np.array([[0.5, 0.7, 0.9, 0.3], [0.4, 0.4, 0.8, 0.4]])
    unit = units_of(np.array([7, 7, 2, 2]), 4)
    difference, error = differences(summed_by_unit(losses, unit), np.array([2.0, 2.0]))
    # sums of the groups 0.4 and 0.0 about their mean 0.2: variance of the total 2 * 0.08
    assert difference[0] == pytest.approx(0.1)
    assert error[0] == pytest.approx(math.sqrt(2 * 0.08 / 16))


def test_copies_of_patients_counted_together_change_nothing() -> None:
    losses = np.random.default_rng(0).random((3, 20))
    plain = differences(losses, np.ones(20))
    copied = differences(3 * losses, np.full(20, 3.0))
    assert copied[0] == pytest.approx(plain[0])
    assert copied[1] == pytest.approx(plain[1])


def test_units_that_are_not_in_the_resample_take_no_part() -> None:
    losses = np.random.default_rng(1).random((2, 8))
    count = np.array([1.0, 2.0, 0.0, 1.0, 3.0, 0.0, 1.0, 1.0])
    drawn = count > 0
    whole = differences(losses * count, count)
    part = differences(losses[:, drawn] * count[drawn], count[drawn])
    assert whole[0] == pytest.approx(part[0])
    assert whole[1] == pytest.approx(part[1])


def test_a_stack_of_resamples_gives_what_each_gives_alone() -> None:
    rng = np.random.default_rng(2)
    losses, count = rng.random((5, 3, 10)), rng.integers(0, 3, (5, 10)).astype(float)
    together = differences(losses * count[:, None], count)
    for b in range(5):
        alone = differences(losses[b] * count[b], count[b])
        assert together[0][b] == pytest.approx(alone[0])
        assert together[1][b] == pytest.approx(alone[1])
