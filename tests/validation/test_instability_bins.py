"""Bins of the instability and places of the variables."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.validation.instability import explanation_stability, prediction_instability
from predictor.validation.instability_bins import MOST_BINS, binned
from predictor.validation.rank_frequency import rank_frequencies


def test_bins_hold_means_of_neighbours_and_never_fewer_than_asked() -> None:
    generator = np.random.default_rng(1)
    original = generator.uniform(0.1, 0.9, 33)
    refits = np.clip(original + generator.normal(0, 0.05, (150, 33)), 0, 1)
    unstable = prediction_instability(original, refits, np.ones(150), [0.5])
    assert unstable is not None
    rows = binned(unstable, 5)
    assert [row["patients"] for row in rows] == [6, 6, 6, 5, 5, 5]
    first = np.sort(original)[:6]
    assert rows[0]["predicted"] == pytest.approx(first.mean())
    mean_error = sum(row["error"] * row["patients"] for row in rows) / 33
    assert mean_error == pytest.approx(unstable.mean)
    changed = sum(row["changed"]["0.5"] * row["patients"] for row in rows) / 33
    assert changed == pytest.approx(float(unstable.classification[0.5].mean()))
    assert all(row["low"] < row["predicted"] < row["high"] for row in rows)


def test_equal_predictions_are_one_bin_and_too_few_are_none() -> None:
    unstable = prediction_instability(np.full(40, 0.3), np.full((3, 40), 0.4), np.ones(3), [])
    assert unstable is not None
    (row,) = binned(unstable, 5)
    assert row["patients"] == 40
    assert row["low"] is None  # three refits are no range
    assert not binned(unstable, 41)


def test_there_are_not_more_bins_than_can_be_seen() -> None:
    original = np.linspace(0.1, 0.9, 1000)
    unstable = prediction_instability(original, original[None], [True], [])
    assert unstable is not None
    assert len(binned(unstable, 5)) == MOST_BINS


def test_places_by_hand() -> None:
    shap = [[3.0, 2.0, 1.0], [3.0, 1.0, 2.0], [1.0, 1.0, 0.0], [9.0, np.nan, np.nan]]
    rows = {(r.variable, r.rank): r.share for r in rank_frequencies(shap, [1, 1, 1, 1], "abc")}
    # a: first in three refits, and half of the first two places of the third
    assert rows["a", 1] == pytest.approx(3.5 / 4)
    assert rows["a", 2] == pytest.approx(0.5 / 4)
    assert rows["b", 1] == pytest.approx(0.5 / 4)
    assert rows["b", 2] == pytest.approx(1.5 / 4)
    assert rows["b", 3] == pytest.approx(1 / 4)
    assert rows["b", None] == pytest.approx(1 / 4)
    assert rows["c", None] == pytest.approx(2 / 4)


@pytest.mark.parametrize("seed", range(5))
def test_every_place_is_taken_once_and_the_top_agrees_with_its_share(seed: int) -> None:
    generator = np.random.default_rng(seed)
    shap = generator.choice([0.0, 1.0, 2.0, 3.0, 5.0], (40, 6))
    usable = generator.random(40) < 0.8
    rows = rank_frequencies(shap, usable, "abcdef")
    for variable in "abcdef":
        assert sum(r.share for r in rows if r.variable == variable) == pytest.approx(1)
        top = sum(r.share for r in rows if r.variable == variable and r.rank in (1, 2, 3))
        (stable,) = (
            s for s in explanation_stability(shap, usable, "abcdef") if s.variable == variable
        )
        assert top == pytest.approx(stable.top)
    unused = sum(r.share for r in rows if r.rank is None)
    assert sum(r.share for r in rows) - unused == pytest.approx((shap[usable] > 0).sum(1).mean())


def test_variables_that_are_never_used_have_no_place() -> None:
    assert not rank_frequencies(np.zeros((5, 2)), np.ones(5), "ab")
    assert not rank_frequencies(np.full((5, 2), np.nan), np.ones(5), "ab")
    assert {r.variable for r in rank_frequencies([[1.0, 0.0]], [True], "ab")} == {"a"}
    with pytest.raises(ValueError, match="shape"):
        rank_frequencies([[1.0]], [True], "ab")
    with pytest.raises(ValueError, match="finite"):
        rank_frequencies([[-1.0, 1.0]], [True], "ab")
