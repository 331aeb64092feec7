"""Order, cut and numbers per event: by hand, and the laws that any order keeps."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.clinic.candidates import (
    TIE,
    chance_range,
    cut,
    expected_events,
    hundredths,
    per_event,
    ranks,
    tied_groups,
    undecided,
)
from predictor.performance.estimate import Estimate

# Few different values, so that ties are common, and some a rounding error apart.
PROBABILITIES = st.lists(
    st.one_of(
        st.sampled_from([0.1, 0.25, 0.5, 0.1 + 0.2, 0.3, 0.75]),
        st.floats(0.001, 0.999),
    ),
    min_size=1,
    max_size=12,
)
THRESHOLDS = st.floats(0.01, 0.99)
AMOUNTS = st.integers(0, 2_000_000).map(lambda cents: cents / 100)


@st.composite
def priced(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    probability = draw(PROBABILITIES)
    n = len(probability)
    return probability, draw(st.lists(AMOUNTS, min_size=n, max_size=n))


def test_ranks_by_hand() -> None:
    assert ranks([0.2, 0.9, 0.5, 0.5, 0.1]) == (4, 1, 2, 2, 5)
    assert ranks([0.7]) == (1,)
    assert ranks([]) == ()


def test_a_rounding_error_makes_no_order() -> None:
    assert 0.1 + 0.2 != 0.3
    assert ranks([0.3, 0.1 + 0.2]) == (1, 1)
    assert ranks([0.3, 0.3 + 3 * TIE]) == (2, 1)


def test_a_threshold_selects_from_itself_on() -> None:
    assert cut([0.5, 0.49, 0.9], threshold=0.5).selected == (True, False, True)
    assert cut([0.5, 0.49], threshold=0.6).selected == (False, False)


def test_a_threshold_does_not_part_equal_patients() -> None:
    # 0.1 + 0.2 is above the threshold in its last digit, and 0.3 is not.
    found = cut([0.3, 0.1 + 0.2], threshold=0.30000000000000001 + 4e-17)
    assert found.selected in ((True, True), (False, False))


def test_without_a_cut_nobody_is_selected() -> None:
    assert cut([0.9, 0.1]).selected == (False, False)
    assert cut([0.9, 0.1], cost=[1.0, 1.0]).spent == 0.0


def test_a_budget_by_hand() -> None:
    # 50 + 30 = 80 of 100; the next one costs 40, and the last, who costs 20, is not taken instead.
    found = cut([0.9, 0.8, 0.7, 0.6], cost=[50.0, 30.0, 40.0, 20.0], budget=100.0)
    assert found.selected == (True, True, False, False)
    assert (found.spent, found.next, found.next_affordable) == (80.0, (2,), 0)


def test_a_budget_that_is_spent_to_the_last_cent_suffices() -> None:
    found = cut([0.9, 0.8, 0.7], cost=[0.1, 0.1, 0.1], budget=0.3)
    assert found.selected == (True, True, True)
    assert (found.spent, found.next) == (0.3, ())


def test_a_budget_does_not_part_equal_patients_and_says_how_many_it_would_pay() -> None:
    found = cut([0.9, 0.5, 0.5, 0.5], cost=[10.0, 10.0, 10.0, 30.0], budget=35.0)
    assert found.selected == (True, False, False, False)
    assert (found.next, found.next_affordable) == ((1, 2, 3), 2)


def test_threshold_and_budget_hold_together() -> None:
    cost = [10.0] * 4
    assert sum(cut([0.9, 0.8, 0.7, 0.2], threshold=0.5, cost=cost, budget=25.0).selected) == 2
    found = cut([0.9, 0.8, 0.7, 0.2], threshold=0.5, cost=cost, budget=90.0)
    assert sum(found.selected) == 3
    assert found.next == ()


def test_a_budget_needs_costs() -> None:
    with pytest.raises(ValueError, match="a budget needs the cost of each patient"):
        cut([0.5], budget=10.0)


@given(PROBABILITIES)
def test_a_higher_probability_never_has_a_larger_rank(probability: list[float]) -> None:
    found = ranks(probability)
    for p, r in zip(probability, found, strict=True):
        assert r == 1 + sum(other < r for other in found)
        for q, other in zip(probability, found, strict=True):
            if p > q + TIE * len(probability):
                assert r < other
            if p > q:
                assert r <= other


@given(PROBABILITIES, THRESHOLDS, THRESHOLDS)
def test_a_higher_threshold_selects_no_one_else(p: list[float], a: float, b: float) -> None:
    high, low = cut(p, threshold=max(a, b)).selected, cut(p, threshold=min(a, b)).selected
    assert all(low[i] for i in range(len(p)) if high[i])


@given(priced(), AMOUNTS, AMOUNTS)
def test_a_larger_budget_selects_everybody_a_smaller_one_does(
    patients: tuple[list[float], list[float]], a: float, b: float
) -> None:
    p, cost = patients
    low = cut(p, cost=cost, budget=min(a, b)).selected
    high = cut(p, cost=cost, budget=max(a, b)).selected
    assert all(high[i] for i in range(len(p)) if low[i])


@given(priced(), AMOUNTS, st.none() | THRESHOLDS)
def test_the_budget_is_never_exceeded_and_the_cut_follows_the_order(
    patients: tuple[list[float], list[float]], budget: float, threshold: float | None
) -> None:
    p, cost = patients
    found = cut(p, threshold=threshold, cost=cost, budget=budget)
    paid = sum(hundredths(c) for c, s in zip(cost, found.selected, strict=True) if s)
    assert paid <= hundredths(budget)
    assert hundredths(found.spent or 0.0) == paid
    place = ranks(p)
    inside = [r for r, s in zip(place, found.selected, strict=True) if s]
    outside = [r for r, s in zip(place, found.selected, strict=True) if not s]
    assert not inside or not outside or max(inside) < min(outside)
    if found.next:
        assert paid + sum(hundredths(cost[i]) for i in found.next) > hundredths(budget)
        assert found.next_affordable < len(found.next)


@given(priced(), AMOUNTS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(
    patients: tuple[list[float], list[float]], budget: float, random: object
) -> None:
    p, cost = patients
    order = list(range(len(p)))
    random.shuffle(order)  # type: ignore[attr-defined]
    first = cut(p, cost=cost, budget=budget)
    second = cut([p[i] for i in order], cost=[cost[i] for i in order], budget=budget)
    assert [first.selected[i] for i in order] == list(second.selected)
    assert first.spent == second.spent
    assert [ranks(p)[i] for i in order] == list(ranks([p[i] for i in order]))


def test_expected_events_by_hand() -> None:
    found = expected_events([0.5, 0.3], [0.2, 0.1], [0.8, 0.6])
    assert found.value == pytest.approx(0.8)
    assert found.low == pytest.approx(0.3)
    assert found.high == pytest.approx(1.4)


def test_a_group_has_no_interval_where_a_patient_has_none() -> None:
    assert expected_events([0.5, 0.3], [0.2, None], [0.8, None]).low is None
    assert expected_events([], [], []) == Estimate(0.0, None, None)


def test_treated_and_cost_per_event_by_hand() -> None:
    # 4 patients, 1.6 events expected (0.8 to 2.0): 4/1.6 = 2.5; 4/2 = 2; 4/0.8 = 5.
    treated = per_event(4, Estimate(1.6, 0.8, 2.0))
    assert treated == Estimate(2.5, 2.0, 5.0)
    cost = per_event(200_000.0, Estimate(1.6, 0.8, 2.0))
    assert cost == Estimate(125_000.0, 100_000.0, 250_000.0)


def test_per_event_where_there_may_be_none() -> None:
    assert per_event(3, Estimate(0.0, 0.0, 0.0)) is None
    assert per_event(3, Estimate(1.5, 0.0, 3.0)) == Estimate(2.0, 1.0, None)
    assert per_event(3, Estimate(1.5, None, None)) == Estimate(2.0, None, None)


def quantile(mass: list[float], share: float) -> int:
    total = 0.0
    for k, m in enumerate(mass):
        total += m
        if total >= share - 1e-12:
            return k
    return len(mass) - 1


@given(st.lists(st.sampled_from([0.05, 0.2, 0.5, 0.9, 1.0]), max_size=8))
def test_the_range_of_chance_is_that_of_all_outcomes_counted_one_by_one(p: list[float]) -> None:
    mass = [0.0] * (len(p) + 1)
    for outcome in product((0, 1), repeat=len(p)):
        mass[sum(outcome)] += math.prod(x if y else 1 - x for x, y in zip(p, outcome, strict=True))
    assert chance_range(p) == (quantile(mass, 0.025), quantile(mass, 0.975))


@pytest.mark.parametrize(
    ("n", "p", "expected"),
    [
        # R 4.2.2: qbinom(c(0.025, 0.975), n, p)
        (1, 0.5, (0, 1)),
        (11, 0.355, (1, 7)),
        (31, 0.355, (6, 16)),
        (500, 0.1, (37, 64)),
    ],
)
def test_equal_probabilities_give_the_binomial_range(
    n: int, p: float, expected: tuple[int, int]
) -> None:
    assert chance_range([p] * n) == expected


def test_many_patients_have_nearly_the_exact_range() -> None:
    exact = chance_range([0.3] * 2000)
    rough = chance_range([0.3] * 2001)
    assert abs(exact[0] - rough[0]) <= 2
    assert abs(exact[1] - rough[1]) <= 2


def test_the_interval_tells_who_could_be_on_either_side() -> None:
    low, high = [0.1, 0.5, 0.6, None], [0.5, 0.8, 0.9, None]
    assert undecided([0.3, 0.6, 0.7, 0.9], low, high, 0.5) == 1


@given(st.lists(st.tuples(*3 * [st.floats(0, 1)]).map(sorted), max_size=20), st.floats(0.01, 1))
def test_an_interval_around_the_probability_leaves_open_what_it_holds(
    made: list[list[float]], threshold: float
) -> None:
    low, probability, high = ([m[i] for m in made] for i in range(3))
    holds = sum(a < threshold <= b for a, b in zip(low, high, strict=True))
    assert undecided(probability, low, high, threshold) == holds


def test_a_range_on_the_other_side_leaves_the_side_open() -> None:
    assert undecided([0.9, 0.1], [0.2, 0.6], [0.4, 0.8], 0.5) == 2
    assert undecided([0.9, 0.1], [0.6, 0.2], [0.8, 0.4], 0.5) == 0, "off, but on the same side"


@given(PROBABILITIES)
def test_every_patient_is_in_one_group(p: list[float]) -> None:
    assert sorted(i for group in tied_groups(p) for i in group) == list(range(len(p)))
