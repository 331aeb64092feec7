"""Venn-Abers ranges against brute force, hand arithmetic and the laws they are made for."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from predictor.fitted.venn_abers import VennAbers
from predictor.learning.venn_abers import FEWEST, venn_abers

Floats = NDArray[np.float64]
Outcome = NDArray[np.int8]
GRID = np.arange(101) / 100


def learned(score: Floats, outcome: Outcome, group: NDArray[np.int64] | None = None) -> VennAbers:
    found = venn_abers(score, outcome, group)
    assert found is not None
    return found


def by_definition(score: Floats, outcome: Outcome, point: float) -> tuple[float, float]:
    """Add the patient, fit, read off: Vovk and Petej 2014, section 4."""
    found = []
    for state in (0, 1):
        fit = IsotonicRegression().fit([*score, point], [*outcome, state])
        found.append(float(fit.predict([point])[0]))
    return found[0], found[1]


def by_extremes(score: Floats, outcome: Outcome, point: float, state: int) -> float:
    """The least over all ends above, of the greatest over all ends below, of the mean between.

    The max-min formula of isotonic regression (Barlow and others 1972, theorem 1.4), which needs
    no algorithm.
    """
    scores, outcomes = np.append(score, point), np.append(outcome, state)
    starts = np.unique(scores[scores <= point])
    ends = np.unique(scores[scores >= point])
    return max(
        min(float(outcomes[(scores >= a) & (scores <= b)].mean()) for b in ends) for a in starts
    )


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[Floats, Outcome]:
    """Cohorts with and without ties, on and beside the grid, from separable to reversed."""
    n = draw(st.integers(FEWEST, 60))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    score = generator.beta(draw(st.floats(0.3, 3)), draw(st.floats(0.3, 3)), n)
    digits = draw(st.sampled_from([1, 2, 16]))
    score = score.round(digits)
    slope = draw(st.floats(-1, 3))
    outcome = (generator.random(n) < 0.5 + slope * (score - 0.5)).astype(np.int8)
    outcome[:5], outcome[5:10] = 0, 1
    return score, outcome


@given(cohorts())
def test_every_point_is_what_the_definition_gives(made: tuple[Floats, Outcome]) -> None:
    score, outcome = made
    found = learned(score, outcome)
    for i in range(0, 101, 10):
        expected = by_definition(score, outcome, GRID[i])
        assert (found.low[i], found.high[i]) == pytest.approx(expected, abs=1e-12)


@given(cohorts())
def test_every_point_is_what_the_formula_without_an_algorithm_gives(
    made: tuple[Floats, Outcome],
) -> None:
    score, outcome = made
    found = learned(score, outcome)
    for i in (0, 13, 50, 77, 100):
        assert found.low[i] == pytest.approx(by_extremes(score, outcome, GRID[i], 0), abs=1e-12)
        assert found.high[i] == pytest.approx(by_extremes(score, outcome, GRID[i], 1), abs=1e-12)


@given(cohorts())
def test_what_is_learned_can_be_bundled(made: tuple[Floats, Outcome]) -> None:
    found = learned(*made)
    again = VennAbers.from_dict(found.to_dict())
    assert again.to_dict() == found.to_dict()


@given(cohorts(), st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_the_grid_makes_a_range_wider_and_never_narrower(
    made: tuple[Floats, Outcome], points: list[float]
) -> None:
    score, outcome = made
    low, high = learned(score, outcome).at(np.array(points))
    for i, point in enumerate(points):
        exact_low, exact_high = by_definition(score, outcome, point)
        assert low[i] <= exact_low + 1e-12
        assert high[i] >= exact_high - 1e-12


@given(cohorts(), st.randoms(use_true_random=False))
def test_the_order_of_patients_says_nothing(made: tuple[Floats, Outcome], random: object) -> None:
    score, outcome = made
    order = np.random.default_rng(random.randint(0, 10**9)).permutation(len(score))  # type: ignore[attr-defined]
    shuffled = learned(score[order], outcome[order])
    assert shuffled.low == pytest.approx(learned(score, outcome).low, abs=1e-12)
    assert shuffled.high == pytest.approx(learned(score, outcome).high, abs=1e-12)


def test_a_separable_cohort_by_hand() -> None:
    """Ten without the event at 0.2, thirty with it at 0.8."""
    score = np.repeat([0.2, 0.8], [10, 30])
    found = learned(score, (score > 0.5).astype(np.int8))
    low, high = found.at(np.array([0.0, 0.2, 0.5, 0.8, 1.0]))
    assert low == pytest.approx([0, 0, 0, 30 / 31, 30 / 31])
    assert high == pytest.approx([1 / 11, 1 / 11, 1, 1, 1])


def test_scores_that_say_nothing_leave_the_prevalence() -> None:
    """Forty patients with one score and ten events: 10 / 41 and 11 / 41 there."""
    outcome = np.repeat([0, 1], [30, 10]).astype(np.int8)
    low, high = learned(np.full(40, 0.5), outcome).at(np.array([0.3, 0.5, 0.7]))
    assert low == pytest.approx([0.0, 10 / 41, 10 / 41])
    assert high == pytest.approx([11 / 41, 11 / 41, 1.0])


@pytest.mark.parametrize(
    ("patients", "events"), [(FEWEST - 1, 9), (40, 4), (40, 36), (40, 0), (40, 40), (0, 0)]
)
def test_too_few_patients_have_no_range(patients: int, events: int) -> None:
    outcome = (np.arange(patients) < events).astype(np.int8)
    assert venn_abers(np.linspace(0, 1, patients), outcome) is None


def test_rows_of_the_same_patients_do_not_make_the_range_narrower() -> None:
    """Four rows of each patient, all the same, tell no more than one."""
    generator = np.random.default_rng(3)
    score = generator.random(60)
    outcome = (generator.random(60) < score).astype(np.int8)
    once = learned(score, outcome)
    fourfold = learned(np.repeat(score, 4), np.repeat(outcome, 4), np.repeat(np.arange(60), 4))
    assert fourfold.low == pytest.approx(once.low, abs=1e-12)
    assert fourfold.high == pytest.approx(once.high, abs=1e-12)
    taken_for_others = learned(np.repeat(score, 4), np.repeat(outcome, 4))
    assert np.mean(taken_for_others.high - taken_for_others.low) < 0.6 * np.mean(
        once.high - once.low
    )


def test_repeats_that_agree_tell_no_more_than_one() -> None:
    generator = np.random.default_rng(7)
    score = generator.random(60)
    outcome = (generator.random(60) < score).astype(np.int8)
    once, thrice = learned(score, outcome), learned(np.stack([score] * 3), outcome)
    assert thrice.low == pytest.approx(once.low, abs=1e-12)
    assert thrice.high == pytest.approx(once.high, abs=1e-12)


def test_repeats_that_differ_by_hand() -> None:
    """Forty patients with 0.2 in one repeat and 0.8 in the other, ten of them with the event.

    Half of each patient stands at 0.2, so that the one more joins twenty patients there with five
    events: 5 / 21. With the event the one more pulls nothing down, but at 0.8 the share of five in
    twenty is lower, so that all are pooled: 11 / 41.
    """
    score = np.repeat([[0.2], [0.8]], 40, axis=1)
    outcome = np.repeat([0, 1], [30, 10]).astype(np.int8)
    low, high = learned(score, outcome).at(np.array([0.2, 0.8]))
    assert low == pytest.approx([5 / 21, 10 / 41])
    assert high == pytest.approx([11 / 41, 6 / 21])


def test_few_groups_have_no_range_however_many_rows() -> None:
    generator = np.random.default_rng(4)
    score = generator.random(500)
    outcome = (generator.random(500) < score).astype(np.int8)
    assert venn_abers(score, outcome, np.arange(500) % (FEWEST - 1)) is None
    assert venn_abers(score, outcome, np.arange(500) % FEWEST) is not None


def simulated(n: int, generator: np.random.Generator) -> tuple[Floats, Outcome]:
    """Scores on the grid whose true probabilities are their squares: far too high in the middle."""
    score = generator.choice(GRID, n)
    return score, (generator.random(n) < score**2).astype(np.int8)


def test_over_many_cohorts_the_mean_outcome_lies_between_the_mean_bounds() -> None:
    """The law of Vovk and Petej 2014 (theorem 1): one of the two probabilities is calibrated.

    The one of a patient's own outcome, E(Y | p_Y) = p_Y, so its mean is that of the outcome, and
    the mean outcome lies between the mean bounds: in every cohort size, although the scores are
    wrong, also among patients whose calibrated probability is high, or low.
    """
    generator = np.random.default_rng(20241120)
    found: list[tuple[float, float, float, float]] = []
    while len(found) < 2500:
        score, outcome = simulated(61, generator)
        made = venn_abers(score[1:], outcome[1:])
        if made is not None:
            low, high = made.at(score[:1])
            found.append((score[0], float(outcome[0]), low[0], high[0]))
    score, happened, low, high = np.array(found).T
    assert low.mean() + 0.02 < happened.mean() < high.mean() - 0.02, "and not by a hair"
    assert abs(score.mean() - happened.mean()) > 0.1, "the scores themselves are wrong"
    own = np.where(happened == 1.0, high, low)
    for some in (own >= 0.0, own < 0.3, own > 0.6):
        error = happened[some].std() / np.sqrt(some.sum())
        assert own[some].mean() == pytest.approx(happened[some].mean(), abs=4 * error)


def test_more_patients_make_the_range_narrower() -> None:
    generator = np.random.default_rng(5)
    width = [np.mean(made.high - made.low) for made in (
        learned(*simulated(n, generator)) for n in (50, 500, 5000)
    )]  # fmt: skip
    assert width[0] > 2 * width[1] > 4 * width[2]


def test_a_large_cohort_takes_seconds() -> None:
    generator = np.random.default_rng(6)
    score = generator.random(100_000)
    outcome = (generator.random(100_000) < score).astype(np.int8)
    start = time.perf_counter()
    found = learned(score, outcome)
    assert time.perf_counter() - start < 20
    assert np.max(found.high - found.low) < 0.1
