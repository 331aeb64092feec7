"""Folds by rule: everybody alone forms those that all would form together."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from predictor.learning.fold_rule import fold_by_rule


def test_is_the_hash_of_seed_centre_and_place() -> None:
    """As anybody can compute it who has the line of the docstring and a SHA-256."""
    found = fold_by_rule(7, "Bern", np.arange(50), 4)
    for place, fold in enumerate(found):
        first = hashlib.sha256(f"7|4|Bern|{place}".encode()).hexdigest()[:16]
        assert fold == int(first, 16) % 4


@given(st.permutations(range(30)), st.integers(2, 10), st.integers(0, 10**9))
def test_the_order_of_rows_does_not_matter(order: list[int], folds: int, seed: int) -> None:
    place = np.array(order)
    assert fold_by_rule(seed, "a", place, folds).tolist() == (
        fold_by_rule(seed, "a", np.arange(30), folds)[place].tolist()
    )


def test_further_patients_and_other_centres_change_nothing() -> None:
    alone = fold_by_rule(1, "a", np.arange(20), 5)
    assert fold_by_rule(1, "a", np.arange(90), 5)[:20].tolist() == alone.tolist()
    assert fold_by_rule(1, "b", np.arange(20), 5).tolist() != alone.tolist()
    assert fold_by_rule(2, "a", np.arange(20), 5).tolist() != alone.tolist()


def test_rows_of_a_patient_stay_together() -> None:
    place = np.repeat(np.arange(25), 4)
    found = fold_by_rule(3, "a", place, 5).reshape(25, 4)
    assert (found == found[:, :1]).all()


def test_names_and_places_that_look_alike_written_together_are_apart() -> None:
    one = fold_by_rule(0, "a1", np.arange(20, 30), 1000)
    other = fold_by_rule(0, "a", np.arange(120, 130), 1000)
    assert one.tolist() != other.tolist()


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
def test_folds_are_of_equal_size_but_for_chance(folds: int) -> None:
    counts = np.bincount(fold_by_rule(11, "c", np.arange(6000), folds), minlength=folds)
    assert len(counts) == folds
    assert stats.chisquare(counts).pvalue > 1e-3
