"""Folds: balanced, whole groups, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.learning.splits import derived_seed, fold_numbers, repeated_folds


def outcome_of(n: int, events: int, seed: int = 0) -> np.ndarray:
    y = np.zeros(n, dtype=np.int8)
    y[np.random.default_rng(seed).choice(n, events, replace=False)] = 1
    return y


@given(st.integers(2, 8), st.integers(0, 1000), st.data())
def test_folds_are_stratified_to_within_one_patient(
    folds: int, seed: int, data: st.DataObject
) -> None:
    n = data.draw(st.integers(2 * folds, 80))
    events = data.draw(st.integers(folds, n - folds))
    y = outcome_of(n, events, seed)
    fold = fold_numbers(y, None, folds=folds, seed=seed)
    for state in (0, 1):
        counts = np.bincount(fold[y == state], minlength=folds)
        assert counts.max() - counts.min() <= 1
    assert set(fold) == set(range(folds))


@given(st.integers(2, 6), st.integers(0, 1000), st.integers(6, 20))
def test_a_group_is_never_split(folds: int, seed: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), rng.integers(1, 6, groups))
    y = (rng.random(len(group)) < 0.5).astype(np.int8)
    y[: 2 * folds] = [0, 1] * folds if len(y) >= 2 * folds else y[: 2 * folds]
    if min(y.sum(), len(y) - y.sum()) < folds:
        return
    fold = fold_numbers(y, group, folds=folds, seed=seed)
    assert all(len(set(fold[group == g])) == 1 for g in range(groups))


def test_groups_spread_the_events() -> None:
    group = np.repeat(np.arange(20), 3)
    y = np.repeat(np.arange(20) % 2, 3).astype(np.int8)
    fold = fold_numbers(y, group, folds=5, seed=3)
    assert [y[fold == k].mean() for k in range(5)] == [0.5] * 5


def test_groups_of_one_are_split_like_patients_without_groups() -> None:
    y = outcome_of(40, 13)
    alone = fold_numbers(y, None, folds=5, seed=1)
    assert (fold_numbers(y, np.arange(40)[::-1], folds=5, seed=1) == alone).all()


def test_the_seed_decides_everything_and_repeats_differ() -> None:
    y = outcome_of(40, 13)
    plan = repeated_folds(y, None, folds=5, repeats=4, seed=7)
    again = repeated_folds(y, None, folds=5, repeats=4, seed=7)
    assert (plan.fold == again.fold).all()
    assert len({tuple(row) for row in plan.fold}) == 4
    other = repeated_folds(y, None, folds=5, repeats=4, seed=8)
    assert (plan.fold != other.fold).any()
    # more repeats leave the first ones as they were
    longer = repeated_folds(y, None, folds=5, repeats=6, seed=7)
    assert (longer.fold[:4] == plan.fold).all()


def test_every_fold_has_its_own_seed() -> None:
    plan = repeated_folds(outcome_of(40, 13), None, folds=5, repeats=4, seed=7)
    seeds = {plan.seed_of(r, k) for r, k in plan.tasks}
    assert len(plan.tasks) == len(seeds) == 20
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_derived_seeds_are_those_of_numpy() -> None:
    expected = np.random.SeedSequence((20241120, 1, 2, 3)).generate_state(1)[0]
    assert derived_seed(20241120, 1, 2, 3) == expected
    assert derived_seed(1, 2) != derived_seed(2, 1)


def test_global_random_state_is_neither_used_nor_changed() -> None:
    y = outcome_of(40, 13)
    np.random.seed(1)  # noqa: NPY002 - the global state is what is tested
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first = fold_numbers(y, None, folds=5, seed=1)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert (fold_numbers(y, None, folds=5, seed=1) == first).all()


def test_more_folds_than_patients_of_a_class_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="n_splits=5 cannot be greater"):
        fold_numbers(np.array([0, 1] * 4, dtype=np.int8), None, folds=5, seed=0)
