"""What a centre does not tell: an attacker subtracts sums, and finds no small count among them."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from predictor.learning.disclosure import ByOutcome, rests_on, too_small
from predictor.learning.preparer import Column, Preparer
from predictor.learning.shared_newton import derivatives, start

SIZE = 5
COLUMNS = (
    Column("dose"),
    Column("fever", (), 0.0, 1.0, binary=True),
    Column("organ", ("skin", "joint", "kidney")),
)


def sums(values: Any, outcome: Any, fold: Any = None) -> list[ByOutcome]:
    values, outcome = np.asarray(values, float), np.asarray(outcome, np.int8)
    fold = np.zeros(len(outcome), int) if fold is None else np.asarray(fold)
    return [
        ByOutcome.of(COLUMNS, values[fold == k], outcome[fold == k]) for k in range(fold.max() + 1)
    ]


def patients(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Every state as often as the next, with the event and without it."""
    outcome = np.arange(n) % 2
    values = np.column_stack([np.linspace(1, 9, n), np.arange(n) // 2 % 2, np.arange(n) // 4 % 3])
    return values, outcome


def refused(values: Any, outcome: Any, fold: Any = None) -> list[str]:
    found = too_small(sums(values, outcome, fold), COLUMNS, 4, SIZE)
    return [f"{reason.where}: {reason.message}" for reason in found]


def test_enough_of_everything_is_told() -> None:
    values, outcome = patients()
    assert refused(values, outcome) == []
    assert refused(values, outcome, np.arange(120) // 60) == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ([1] * 4 + [0] * 116, "all patients: too few events"),
        ([0] * 4 + [1] * 116, "all patients: too few patients without the event"),
    ],
)
def test_few_with_or_without_the_event(outcome: list[int], words: str) -> None:
    found = refused(patients()[0], outcome)
    assert words in found[0]
    assert "4" not in found[0]  # the count itself is not told either


def test_no_more_patients_than_columns() -> None:
    values, outcome = patients(24)
    assert too_small(sums(values, outcome), COLUMNS[:0], 23, SIZE) == []
    (reason,) = too_small(sums(values, outcome), COLUMNS[:0], 24, SIZE)
    assert reason.code == "more_columns_than_patients"


def test_a_state_of_few_and_a_state_of_nobody() -> None:
    values, outcome = patients()
    values[:, 2] = np.where(values[:, 2] == 2, 0, values[:, 2])
    assert refused(values, outcome) == []
    values[:9, 2] = 2  # five with the event and four without it, or the other way round
    assert "organ: a state occurs in few patients" in refused(values, outcome)[0]
    values[9, 2] = 2
    assert refused(values, outcome) == []


def test_a_state_in_which_all_have_the_event() -> None:
    values, outcome = patients()
    values[:, 1] = outcome
    assert refused(values, outcome)[0].startswith("fever: a state occurs")


def test_few_known_numbers_and_none() -> None:
    values, outcome = patients()
    values[:, 0] = np.nan
    assert refused(values, outcome) == []
    values[:4, 0] = 1.0
    assert refused(values, outcome)[0].startswith("dose: few patients have a value")


@pytest.mark.parametrize("j", range(3))
def test_few_gaps_of_any_variable(j: int) -> None:
    values, outcome = patients(240)
    values[:9, j] = np.nan  # five without the event and four with it
    assert refused(values, outcome)[0].startswith(f"{COLUMNS[j].name}: a value is missing")
    values[9, j] = np.nan
    assert refused(values, outcome) == []


def test_fits_with_other_means_and_states_tell_the_events_of_those_without_a_value() -> None:
    """Why gaps are counted by outcome: two honest fits, and what an attacker makes of them."""
    rng = np.random.default_rng(5)
    outcome = (rng.random(200) < 0.4).astype(np.int8)
    values = np.column_stack([rng.integers(0, 90, 200), rng.random(200) < 0.5]).astype(float)
    values[rng.choice(200, 7, replace=False), 0] = np.nan
    values[rng.choice(200, 4, replace=False), 1] = np.nan
    learned = Preparer(COLUMNS[:2], "mean", ()).fit(values).preparation_
    told = []
    for fill in ([40.0, 0.0], [50.0, 1.0]):
        found = replace(learned, fill=np.array(fill))
        gradient = derivatives(found.apply(values), outcome.astype(float), np.zeros(3)).gradient
        # Half of everybody is expected to have the event; scaling is undone.
        told.append(gradient[1:] * found.scale + found.centre * gradient[0])
    gaps = np.isnan(values)
    events = (told[1] - told[0]) / np.array([10.0, 1.0]) + gaps.sum(axis=0) / 2.0
    assert events == pytest.approx([(gaps[:, j] & (outcome == 1)).sum() for j in (0, 1)])
    assert {one.split(":")[0] for one in refused_of(COLUMNS[:2], values, outcome)} == {
        "dose",
        "fever",
    }


def refused_of(columns: Any, values: Any, outcome: Any) -> list[str]:
    part = ByOutcome.of(columns, values, outcome)
    return [str(reason) for reason in too_small([part], columns, 2, SIZE)]


def test_a_fold_that_is_too_small_by_itself() -> None:
    """The whole and the whole without the fold are large, and their difference is not."""
    values, outcome = patients()
    fold = np.where(np.arange(120) < 8, 1, 0)
    assert refused(values, outcome) == []
    found = refused(values, outcome, fold)
    assert any(line.startswith("fold 1: too few events") for line in found)
    assert all("--folds centres" in line for line in found)
    values[:, 1] = np.where(np.arange(120) < 60, 0, values[:, 1])
    values[:2, 1] = 1
    halves = np.arange(120) // 60
    assert refused(values, outcome) == []
    assert refused(values, outcome, halves)[0].startswith("fever: a state occurs in few")


def test_folds_are_not_blamed_for_what_the_whole_lacks() -> None:
    found = refused(patients()[0], [1] * 4 + [0] * 116, np.arange(120) % 2)
    assert all("--folds centres" not in line for line in found)


def _every_sum(of_fold: list[int]) -> set[int]:
    """All unions of folds, and all differences of two unions."""
    sets = chain.from_iterable(
        combinations(range(len(of_fold)), size) for size in range(len(of_fold) + 1)
    )
    unions = [set(one) for one in sets]
    return {
        sum(of_fold[k] for k in one) - sum(of_fold[k] for k in other)
        for one in unions
        for other in unions
        if other <= one
    }


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 3), st.floats(0.1, 0.5))
def test_nothing_that_is_told_leaves_a_small_count_by_subtraction(
    seed: int, folds: int, rare: float
) -> None:
    """From the files alone: the counts of the first answer, and states by event from gradients."""
    rng = np.random.default_rng(seed)
    n = 300
    values = np.column_stack(
        [
            rng.normal(size=n),
            rng.random(n) < rare,
            rng.choice(3, n, p=[1 - rare, 0.6 * rare, 0.4 * rare]),
        ]
    ).astype(float)
    values[rng.random(n) < 0.5 * rare, 0] = np.nan
    outcome, fold = (rng.random(n) < 0.4).astype(np.int8), rng.integers(folds, size=n)
    assume(not too_small(sums(values, outcome, fold), COLUMNS, 5, SIZE))
    preparation = Preparer(COLUMNS, "mean", ("dose",)).fit(values).preparation_
    position = start(n, int(outcome.sum()), len(preparation.columns)).position
    gradients = [
        derivatives(preparation.apply(values[fold == k]), outcome[fold == k], position).gradient
        for k in range(folds)
    ]
    p = outcome.mean()
    inside = [fold == k for k in range(folds)]
    counts = {"events": [round(g[0] + p * i.sum()) for g, i in zip(gradients, inside, strict=True)]}
    for j, column in enumerate(preparation.columns):
        if column.name == "dose":
            continue
        own = {
            "dose missing": np.isnan(values[:, 0]),
            "fever": values[:, 1] == 1,
        }.get(column.name, values[:, 2] == column.state)
        counts[column.name] = [int(own[i].sum()) for i in inside]
        # Undoing the scaling: events with the state, less the share of events times the state.
        events = [
            round(g[j + 1] * preparation.scale[j] + preparation.centre[j] * g[0] + p * of)
            for g, of in zip(gradients, counts[column.name], strict=True)
        ]
        assert events == [int((own & (outcome == 1))[i].sum()) for i in inside]
        counts[f"{column.name} and event"] = events
        counts[f"{column.name} and no event"] = [
            of - with_it for of, with_it in zip(counts[column.name], events, strict=True)
        ]
    for name, of_fold in counts.items():
        assert not {x for x in _every_sum(of_fold) if 0 < x < SIZE}, name


def test_equal_weights_rest_on_everybody() -> None:
    assert rests_on(np.tile([0.0, 1.0], 10), np.full(20, 0.5)) == pytest.approx(20.0)


def test_certain_probabilities_rest_on_the_one_that_is_not() -> None:
    probability = np.array([1e-9] * 30 + [0.5])
    outcome = np.zeros(31)
    assert rests_on(outcome, probability) == pytest.approx(1.0, abs=1e-6)
    wrong = np.array([1.0] + [0.0] * 30)  # one event that was thought impossible
    assert rests_on(wrong, np.full(31, 1e-9)) == pytest.approx(1.0, abs=1e-6)
    assert rests_on(np.zeros(4), np.zeros(4)) == 0.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=30), st.integers(1, 20))
def test_a_union_rests_on_as_many_as_its_weakest_part(p: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = np.array(p)
    second = rng.uniform(0.001, 0.999, 25)
    one, other = (np.zeros(len(q)) for q in (first, second))
    parts = min(rests_on(one, first), rests_on(other, second))
    whole = rests_on(np.concatenate([one, other]), np.concatenate([first, second]))
    assert whole >= parts - 1e-9
