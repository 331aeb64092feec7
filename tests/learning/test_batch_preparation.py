"""Preparation by counts against the preparer on patients written out as often as they count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.fitted.preparation import Preparation
from predictor.learning.batch_preparation import Preparations, Universe, prepare, universe_of
from predictor.learning.preparer import Column, Preparer

Floats = NDArray[np.float64]
COLUMNS = (
    Column("number"),
    Column("score"),
    Column("yes", (), 0.0, 1.0, binary=True),
    Column("state", ("none", "mild", "severe", "rare")),
    Column("unknown"),
    Column("fixed"),
)
INDICATORS = ("number", "state", "unknown", "yes")


def patients(rng: np.random.Generator, n: int) -> Floats:
    """Gaps everywhere, ties in the score, one column never measured, one that does not vary."""
    values = np.column_stack(
        [
            rng.normal(50, 20, n),
            rng.integers(0, 4, n),
            rng.integers(0, 2, n),
            rng.choice(4, n, p=[0.4, 0.4, 0.15, 0.05]),
            np.full(n, np.nan),
            np.full(n, 7.1),
        ]
    )
    values[rng.random(values.shape) < rng.choice([0.0, 0.2, 0.7])] = np.nan
    return values


def written_out(
    values: Floats,
    count: Floats,
    columns: tuple[Column, ...] = COLUMNS,
    indicators: tuple[str, ...] = INDICATORS,
) -> Preparation:
    rows = np.repeat(np.arange(len(values)), count.astype(int))
    preparer = Preparer(columns=columns, missing_indicators=indicators)
    return preparer.fit(values[rows]).preparation_


def prepared(
    values: Floats,
    counts: Floats,
    columns: tuple[Column, ...] = COLUMNS,
    indicators: tuple[str, ...] = INDICATORS,
) -> tuple[Universe, Preparations]:
    universe = universe_of(columns, values, indicators)
    return universe, prepare(universe, counts)


def assert_same(
    universe: Universe, found: Preparations, group: int, expected: Preparation, values: Floats
) -> None:
    one = found.one(universe, group)
    assert one.names == expected.names
    assert one.columns == expected.columns
    assert (one.fill == expected.fill).all()
    assert one.centre == pytest.approx(expected.centre, rel=1e-12, abs=1e-12)
    assert one.scale == pytest.approx(expected.scale, rel=1e-10)
    kept = found.kept[group]
    assert found.design[group][:, kept] == pytest.approx(expected.apply(values), abs=1e-8)
    assert (found.design[group][:, ~kept] == 0).all()


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 40))
@settings(max_examples=120)
def test_equals_the_preparer_on_written_out_patients(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values = patients(rng, n)
    counts = np.array([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(6)])
    counts[0] = 1
    universe, found = prepared(values, counts.astype(float))
    for g in range(6):
        assert_same(universe, found, g, written_out(values, counts[g]), values)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 40))
@settings(max_examples=40)
def test_means_equal_those_of_the_preparer(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values = patients(rng, n)
    counts = np.array([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(3)])
    found = prepare(universe_of(COLUMNS, values, INDICATORS, mean=True), counts.astype(float))
    for g in range(3):
        rows = np.repeat(np.arange(n), counts[g])
        one = Preparer(COLUMNS, "mean", INDICATORS).fit(values[rows]).preparation_
        assert found.fill[g] == pytest.approx(one.fill, rel=1e-12)
        assert found.kept[g].sum() == len(one.columns)


class TestMedian:
    @pytest.mark.parametrize(
        ("count", "median"),
        [
            ([1, 1, 1, 1], 2.5),  # 1 2 3 9
            ([1, 1, 1, 0], 2.0),
            ([3, 1, 0, 0], 1.0),  # 1 1 1 2
            ([2, 0, 0, 2], 5.0),  # 1 1 9 9: between two different ones
            ([1, 0, 0, 2], 9.0),
            ([0, 0, 0, 2], 9.0),
            ([0, 5, 0, 0], 2.0),
        ],
    )
    def test_by_hand(self, count: list[float], median: float) -> None:
        values = np.array([[3.0], [1.0], [9.0], [2.0], [np.nan]])
        of = dict(zip([1.0, 2.0, 3.0, 9.0], count, strict=True))
        counts = np.array([[of[3.0], of[1.0], of[9.0], of[2.0], 4.0]])
        _, found = prepared(values, counts, (Column("a"),), ())
        assert found.fill.item() == median

    def test_of_equal_values(self) -> None:
        values = np.array([[2.0], [2.0], [5.0], [np.nan]])
        _, found = prepared(values, np.array([[1.0, 2.0, 2.0, 1.0]]), (Column("a"),), ())
        assert found.fill.item() == 2.0


class TestMostFrequent:
    def test_is_by_count_and_the_smaller_of_equals(self) -> None:
        values = np.array([[2.0], [0.0], [1.0], [np.nan]])
        counts = np.array([[1, 1, 1, 1], [3, 1, 1, 0], [1, 1, 2, 5], [2, 0, 2, 1]], dtype=float)
        column = (Column("s", ("a", "b", "c")),)
        _, found = prepared(values, counts, column, ())
        assert found.fill[:, 0].tolist() == [0, 2, 1, 1]

    def test_state_is_the_reference_and_leaves_the_design(self) -> None:
        values = np.array([[0.0], [1.0], [2.0], [1.0]])
        counts = np.array([[3.0, 1.0, 1.0, 1.0], [1.0, 1.0, 4.0, 1.0]])
        universe, found = prepared(values, counts, (Column("s", ("a", "b", "c")),), ())
        kept = [[universe.columns[j].name for j in np.flatnonzero(row)] for row in found.kept]
        assert kept == [["s=b", "s=c"], ["s=a", "s=b"]]


class TestWhatAResampleDoesNotShow:
    VALUES = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, 5.0], [4.0, 8.0]])
    COLUMNS = (Column("a"), Column("b"))

    def test_a_column_nobody_in_it_has_is_left_out(self) -> None:
        counts = np.array([[1.0, 2.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
        universe, found = prepared(self.VALUES, counts, self.COLUMNS, ("b",))
        assert found.fill[0].tolist() == [2.0, 0.0]
        names = [c.name for c in universe.columns]
        assert names == ["a", "b", "b missing"]
        # Everybody in the first resample lacks b, so that its indicator does not vary either.
        assert found.kept.tolist() == [[True, False, False], [True, True, True]]

    def test_a_column_constant_in_it_is_left_out(self) -> None:
        counts = np.array([[0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]])
        _, found = prepared(self.VALUES, counts, self.COLUMNS, ())
        assert not found.kept.any()
        assert (found.design == 0).all()

    def test_patients_outside_have_no_influence(self) -> None:
        rng = np.random.default_rng(0)
        values = patients(rng, 20)
        counts = rng.integers(0, 3, (5, 20)).astype(float)
        counts[:, :4] = 0
        others = values.copy()
        others[:4] = [[1e12, 3, 1, 3, 0, 0], [-1e12, 0, 0, 2, 0, 0], [np.nan] * 6, [0.0] * 6]
        # A value that only outsiders have must not become a state of the median either.
        one, two = prepared(values, counts)[1], prepared(others, counts)[1]
        for name in ("fill", "centre", "scale", "kept"):
            assert (getattr(one, name) == getattr(two, name)).all()
        assert (one.design[:, 4:] == two.design[:, 4:]).all()


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 6),
    exponent=st.sampled_from([-12, -6, 0, 6, 12]),
    offset=st.sampled_from([0.0, 1.0, 1e6]),
)
@settings(max_examples=120)
def test_hostile_values_are_prepared_without_a_warning(
    seed: int, n: int, exponent: int, offset: float
) -> None:
    rng = np.random.default_rng(seed)
    values = patients(rng, n)
    values[:, 0] = (offset + rng.normal(size=n)) * 10.0**exponent
    values[rng.integers(n), 1] = 1e12
    counts = rng.integers(0, 3, (4, n)).astype(float)
    counts[:, 0] += 2
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        universe, found = prepared(values, counts)
    assert np.isfinite(found.design).all()
    assert (found.scale > 0).all()
    for g in range(4):
        expected = written_out(values, counts[g])
        assert found.one(universe, g).columns == expected.columns
        size = counts[g].sum()
        used = found.design[g][counts[g] > 0]
        times = counts[g][counts[g] > 0]
        assert (times @ used) == pytest.approx(np.zeros(used.shape[1]), abs=1e-4)
        squares = times @ used**2
        assert squares[found.kept[g]] == pytest.approx(size - 1, rel=1e-6)


def test_no_variables_make_an_empty_design() -> None:
    universe, found = prepared(np.empty((3, 0)), np.ones((2, 3)), (), ())
    assert found.design.shape == (2, 3, 0)
    assert found.fill.shape == (2, 0)
    assert universe.columns_of([]).size == 0
