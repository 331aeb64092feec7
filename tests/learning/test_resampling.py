"""Resampling plans: whole units, honest inner folds, nothing that depends on who is absent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.learning.resampling import (
    BootstrapPlan,
    bootstrap,
    inner_folds,
    summed_by_unit,
    training_parts,
    units_of,
)
from predictor.learning.splits import repeated_folds

Ints = NDArray[np.int64]


def folds_of(
    outcome: list[int], count: list[int], group: list[int] | None = None, folds: int = 5
) -> tuple[list[int], int]:
    """Inner folds of one resample: fold of each row, and their number."""
    fold, number = inner_folds(
        np.array(outcome),
        None if group is None else np.array(group),
        np.array([count]),
        folds=folds,
        seed=np.array([3]),
    )
    return fold[0].tolist(), int(number[0])


class TestBootstrap:
    def test_draws_as_many_patients_as_there_are(self) -> None:
        drawn = bootstrap(40, None, resamples=200, seed=1)
        assert drawn.count.shape == (200, 40)
        assert (drawn.count.sum(axis=1) == 40).all()
        # Each patient is left out with probability (1 - 1/40)^40.
        assert (drawn.count == 0).mean() == pytest.approx((1 - 1 / 40) ** 40, abs=0.02)

    def test_draws_groups_whole(self) -> None:
        group = np.array([5, 5, 9, 9, 9, 1, 7, 7])
        drawn = bootstrap(8, group, resamples=50, seed=1)
        for own in np.unique(group):
            of_group = drawn.count[:, group == own]
            assert (of_group == of_group[:, :1]).all()
        one_each = drawn.count[:, [0, 2, 5, 6]]
        assert (one_each.sum(axis=1) == 4).all()

    def test_a_resample_depends_on_its_number_and_the_seed_only(self) -> None:
        few, many = (bootstrap(9, None, resamples=b, seed=4) for b in (3, 10))
        assert (many.count[:3] == few.count).all()
        assert (many.seed[:3] == few.seed).all()
        assert len(np.unique(many.seed)) == 10
        assert (bootstrap(9, None, resamples=3, seed=5).count != few.count).any()

    @pytest.mark.parametrize("group", [None, np.arange(9) // 2])
    def test_a_plan_draws_the_same_when_it_is_asked(self, group: Ints | None) -> None:
        everything = bootstrap(9, group, resamples=10, seed=4)
        plan = BootstrapPlan(9, group, 10, 4)
        assert len(plan) == len(everything) == 10
        for start, stop in ((0, 4), (4, 8), (8, 12)):
            part, expected = plan.part(start, stop), everything.part(start, stop)
            assert (part.count == expected.count).all()
            assert (part.seed == expected.seed).all()


def test_training_parts_are_everybody_but_the_fold() -> None:
    outcome = np.array([0, 1] * 10, dtype=np.int8)
    folds = repeated_folds(outcome, None, folds=4, repeats=2, seed=0)
    parts = training_parts(folds)
    assert len(parts) == 8
    for (r, k), count, seed in zip(folds.tasks, parts.count, parts.seed, strict=True):
        assert (count == (folds.fold[r] != k)).all()
        assert seed == folds.seed_of(r, k)


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[Ints, Ints | None, Ints, int]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, 40))
    group = rng.integers(0, max(2, n // 3), n) if draw(st.booleans()) else None
    outcome = (rng.random(n) < draw(st.sampled_from([0.05, 0.3, 0.5, 0.9]))).astype(np.int64)
    units = units_of(group, n)
    count = rng.integers(0, 4, units.max() + 1)[units]
    return outcome, group, count, draw(st.integers(2, 10))


class TestInnerFolds:
    @given(cohorts(), st.integers(0, 2**31))
    @settings(max_examples=200)
    def test_shares_are_even_and_nobody_is_split(
        self, cohort: tuple[Ints, Ints | None, Ints, int], seed: int
    ) -> None:
        outcome, group, count, folds = cohort
        fold, number = inner_folds(outcome, group, count[None], folds=folds, seed=np.array([seed]))
        own, of = fold[0], int(number[0])
        unit = units_of(group, len(outcome))
        events = summed_by_unit(count * outcome.astype(float), unit)
        others = summed_by_unit(count * (1.0 - outcome), unit)
        assert of == min(folds, (events > 0).sum(), (others > 0).sum())
        # A copy is a count, so that a patient cannot be split; a group could.
        for u in range(unit.max() + 1):
            assert len(np.unique(own[unit == u])) == 1
        assert ((own >= 0) & (own < max(of, 1))).all()
        size = events + others
        of_unit = np.array([own[unit == u][0] for u in range(len(size))])
        for kind in (events > 0, events == 0):
            total, largest = size[kind].sum(), size[kind].max(initial=0)
            for k in range(of):
                held = size[kind & (of_unit == k)].sum()
                assert abs(held - total / of) <= largest + 1e-9

    @given(cohorts())
    @settings(max_examples=100)
    def test_do_not_depend_on_patients_who_are_not_there(
        self, cohort: tuple[Ints, Ints | None, Ints, int]
    ) -> None:
        outcome, group, count, folds = cohort
        absent = count == 0
        other = np.where(absent, 1 - outcome, outcome)
        seed = np.array([7])
        one = inner_folds(outcome, group, count[None], folds=folds, seed=seed)
        two = inner_folds(other, group, count[None], folds=folds, seed=seed)
        assert one[1] == two[1]
        assert (one[0][:, ~absent] == two[0][:, ~absent]).all()

    def test_of_a_stack_are_those_of_each_alone(self) -> None:
        rng = np.random.default_rng(0)
        outcome = rng.integers(0, 2, (6, 30))
        count, seed = rng.integers(0, 3, (6, 30)), np.arange(6)
        fold, number = inner_folds(outcome, None, count, folds=4, seed=seed)
        for b in range(6):
            own, of = inner_folds(outcome[b], None, count[[b]], folds=4, seed=seed[[b]])
            assert (fold[b] == own[0]).all()
            assert number[b] == of[0]

    def test_follow_the_seed(self) -> None:
        outcome, count = np.array([0, 1] * 15), np.ones((3, 30))
        fold, _ = inner_folds(outcome, None, count, folds=5, seed=np.array([1, 1, 2]))
        assert (fold[0] == fold[1]).all()
        assert (fold[0] != fold[2]).any()

    def test_training_parts_keep_both_classes_without_groups(self) -> None:
        rng = np.random.default_rng(1)
        outcome = (rng.random((300, 12)) < 0.25).astype(int)
        count = rng.integers(0, 9, (300, 12))
        fold, number = inner_folds(outcome, None, count, folds=5, seed=np.arange(300))
        for b in range(300):
            for k in range(number[b] if number[b] > 1 else 0):
                train = count[b] * (fold[b] != k)
                assert 0 < train @ outcome[b] < train.sum()

    def test_one_event_gives_nothing_to_compare(self) -> None:
        assert folds_of([1, 0, 0, 0, 0], [1, 1, 1, 1, 1])[1] == 1
        # also where the one patient with an event stands in the resample five times
        assert folds_of([1, 0, 0, 0, 0], [5, 1, 1, 1, 1])[1] == 1

    def test_two_events_are_in_two_folds(self) -> None:
        for count in ([1, 1, 1, 1, 1, 1], [9, 1, 1, 1, 1, 1], [1, 9, 0, 3, 1, 1]):
            fold, number = folds_of([1, 1, 0, 0, 0, 0], count)
            assert number == 2
            assert {fold[0], fold[1]} == {0, 1}

    def test_no_event_and_nobody_at_all(self) -> None:
        assert folds_of([0, 0, 0], [1, 1, 1])[1] == 0
        assert folds_of([0, 1, 0], [0, 0, 0])[1] == 0

    def test_groups_with_mixed_outcome_count_for_both_kinds(self) -> None:
        # Three groups, each with an event and a patient without.
        fold, number = folds_of([1, 0] * 3, [1] * 6, [0, 0, 1, 1, 2, 2])
        assert number == 3
        assert fold[0::2] == fold[1::2]
        assert sorted(set(fold)) == [0, 1, 2]
        # All events in one group: nothing to compare.
        assert folds_of([1, 1, 0, 0, 0, 0], [1] * 6, [0, 0, 0, 1, 2, 3])[1] == 1

    def test_there_are_not_more_than_asked_for(self) -> None:
        fold, number = folds_of([0, 1] * 20, [1] * 40, folds=3)
        assert number == 3
        assert [fold.count(k) for k in range(3)] == pytest.approx([13, 13, 13], abs=2)
