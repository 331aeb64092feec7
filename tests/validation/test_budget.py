"""Repetitions within a stated time: all, a round number, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.validation.budget import FEWEST_BOOTSTRAPS, affordable


@pytest.mark.parametrize(
    ("wanted", "seconds", "minutes", "made"),
    [
        (1000, 0.6, 10, 1000),  # exactly ten minutes
        (1000, 0.61, 10, 500),
        (1000, 6.0, 10, 100),
        (1000, 29.9, 10, 20),
        (1000, 30.1, 10, 0),
        (777, 0.1, 10, 777),  # what was asked for need not be round
        (777, 2.0, 10, 200),
        (50_000, 0.1, 10, 1000),
        (30, 20.1, 10, 20),
        (10, 70.0, 10, 0),
        (0, 1.0, 10, 0),
        (1000, 0.0, 10, 1000),
        (1000, 1e-12, 1e-6, 1000),
    ],
)
def test_repetitions_by_hand(wanted: int, seconds: float, minutes: float, made: int) -> None:
    assert affordable(wanted, seconds, minutes) == made


@given(st.integers(0, 100_000), st.floats(0, 1e4), st.floats(1e-6, 1e4))
def test_never_more_than_wanted_or_than_the_time_allows(
    wanted: int, seconds: float, minutes: float
) -> None:
    made = affordable(wanted, seconds, minutes)
    assert 0 <= made <= wanted
    assert made * seconds <= minutes * 60 * (1 + 1e-9) + 1e-3
    assert made in (0, wanted) or made >= FEWEST_BOOTSTRAPS


@given(st.integers(20, 5000), st.floats(1e-3, 100), st.floats(1e-3, 100))
def test_a_slightly_busier_machine_rarely_changes_the_number(
    wanted: int, seconds: float, minutes: float
) -> None:
    fast, slow = (affordable(wanted, factor * seconds, minutes) for factor in (1.0, 1.1))
    # At most one step down: from what was wanted to a round number, or to the next one. Two where
    # what was wanted lies so close to a round number that there is hardly a step between them.
    steps = sorted({wanted, 1000, 500, 200, 100, 50, 20, 0})
    steps = [step for step in steps if step <= wanted]
    close = wanted <= 1.1 * steps[-2]
    assert steps.index(fast) - steps.index(slow) in ((0, 1, 2) if close else (0, 1))


def test_two_steps_that_are_close_can_be_taken_at_once() -> None:
    assert affordable(21, 63.0, 23.0) == 21
    assert affordable(21, 1.1 * 63.0, 23.0) == 0
