"""Sums of centres: those of pandas on all rows, in any order, and what scikit-learn learns."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from predictor.learning.preparer import Column
from predictor.learning.tally import Tally, preparation_of, tally, together

STATES = ("none", "mild", "severe")
COLUMNS = (Column("a"), Column("b", (), 0.0, 1.0, binary=True), Column("s", STATES))


def patients(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A number far from 0, a yes or no, a nominal variable, gaps in all, and an outcome."""
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [rng.normal(1e6, 2.0, n), rng.random(n) < 0.4, rng.choice(3, n, p=[0.6, 0.3, 0.1])]
    ).astype(float)
    values[rng.random((n, 3)) < 0.15] = np.nan
    return values, (rng.random(n) < 0.3).astype(np.int8)


def equal(one: Tally, other: Tally) -> bool:
    return (
        (one.patients, one.events) == (other.patients, other.events)
        and one.known.tolist() == other.known.tolist()
        and np.allclose(one.mean, other.mean, rtol=1e-12, atol=0.0)
        and np.allclose(one.squares, other.squares, rtol=1e-9, atol=1e-9)
        and all(a.tolist() == b.tolist() for a, b in zip(one.states, other.states, strict=True))
    )


def test_is_what_pandas_counts() -> None:
    values, outcome = patients(80, 1)
    table, found = pd.DataFrame(values), tally(COLUMNS, values, outcome)
    assert (found.patients, found.events) == (80, outcome.sum())
    assert found.known.tolist() == table.count().tolist()
    assert found.mean == pytest.approx(table.mean().to_numpy(), rel=1e-12)
    expected = table.var().to_numpy() * (table.count().to_numpy() - 1)
    assert found.squares == pytest.approx(expected, rel=1e-9)
    assert found.states[0].tolist() == []
    assert found.states[1].tolist() == table[1].value_counts().sort_index().tolist()
    assert found.states[2].tolist() == table[2].value_counts().sort_index().tolist()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.randoms())
def test_parts_together_are_the_whole_in_any_order(sizes: list[int], order: Any) -> None:
    values, outcome = patients(sum(sizes), 2)
    ends = np.cumsum([0, *sizes])
    parts = [tally(COLUMNS, values[a:b], outcome[a:b]) for a, b in pairwise(ends)]
    order.shuffle(parts)
    assert equal(together(parts), tally(COLUMNS, values, outcome))


def test_a_small_spread_far_from_0_is_not_lost() -> None:
    """Sums of squares less squared sums would leave nothing of it."""
    values = np.array([[1e9 + k] for k in range(10)])
    outcome = np.zeros(10, np.int8)
    parts = [tally(COLUMNS[:1], values[k : k + 5], outcome[k : k + 5]) for k in (0, 5)]
    assert together(parts).squares.tolist() == [82.5]  # of 0 to 9: 9 * 10 * 19 / 6 - 10 * 4.5**2


def test_nobody_is_no_trouble() -> None:
    empty = tally(COLUMNS, np.empty((0, 3)), np.empty(0, np.int8))
    assert (empty.patients, empty.events, empty.known.tolist()) == (0, 0, [0, 0, 0])
    some = tally(COLUMNS, *patients(20, 3))
    assert equal(together([empty, some, empty]), some)


def test_goes_through_json_unchanged() -> None:
    found = tally(COLUMNS, *patients(40, 4))
    assert equal(Tally.from_dict(json.loads(json.dumps(found.to_dict())), COLUMNS), found)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("known", [1, 2], "of other predictors"),
        ("mean", [1.0], "of other predictors"),
        ("states", [[], [1, 2], [1, 2]], "of other states"),
        ("states", [[], [1, 2]], "of other states"),
        ("squares", [-1.0, 0.0, 0.0], "no number"),
        ("mean", [float("inf"), 0.0, 0.0], "no number"),
        ("events", 41, "contradict each other"),
        ("events", 3.0, "no whole number"),
        ("known", [1.5, 1, 1], "no whole number"),
        ("events", -1, "contradict each other"),
        ("known", [41, 1, 1], "contradict each other"),
        ("known", [-1, 1, 1], "contradict each other"),
        ("states", [[], [400, -365], [1, 1, 1]], "contradict each other"),
        ("states", [[], [1, 2], [1, 1, 1]], "contradict each other"),
    ],
)
def test_what_cannot_be_sums_is_refused(key: str, value: Any, message: str) -> None:
    data = tally(COLUMNS, *patients(40, 4)).to_dict() | {key: value}
    with pytest.raises(ValueError, match=message):
        Tally.from_dict(data, COLUMNS)


def test_the_preparation_is_what_scikit_learn_learns_of_all_rows() -> None:
    values, outcome = patients(300, 5)
    parts = [tally(COLUMNS, values[k::3], outcome[k::3]) for k in range(3)]
    found = preparation_of(COLUMNS, together(parts), ("a",))
    mean = SimpleImputer(strategy="mean").fit(values[:, :1])
    frequent = SimpleImputer(strategy="most_frequent").fit(values[:, 1:])
    assert found.fill == pytest.approx([*mean.statistics_, *frequent.statistics_], rel=1e-12)
    state = frequent.transform(values[:, 1:])
    design = np.column_stack(
        [
            mean.transform(values[:, :1]),
            np.isnan(values[:, 0]),
            state[:, 0],
            state[:, 1] == 1,
            state[:, 1] == 2,
        ]
    )
    names = ["a", "a missing", "b", "s=mild", "s=severe"]
    assert [column.name for column in found.columns] == names
    scaler = StandardScaler().fit(design)
    assert found.centre == pytest.approx(scaler.mean_, rel=1e-12)
    assert found.scale == pytest.approx(scaler.scale_ * np.sqrt(300 / 299), rel=1e-9)
    # A number so far from 0 has 9 digits left of its spread.
    assert found.apply(values) == pytest.approx(
        scaler.transform(design) / np.sqrt(300 / 299), abs=1e-8
    )


def test_what_does_not_vary_is_no_column() -> None:
    values = np.column_stack([np.full(8, 3.0), np.ones(8), np.repeat([0, 2], 4)])
    found = preparation_of(COLUMNS, tally(COLUMNS, values, np.zeros(8, np.int8)), ("a",))
    assert [column.name for column in found.columns] == ["s=severe"]
