"""How many patients of each state may be told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from predictor.cohort.sensitivity import Sensitivity
from predictor.cohort.state_counts import shown_counts

COUNTS = st.lists(st.integers(0, 40), min_size=3, max_size=6)


def test_a_single_small_state_hides_a_second_one_so_that_it_does_not_follow_from_the_total() -> (
    None
):
    assert shown_counts([3, 14, 20], 5) == [None, None, 20]
    assert shown_counts([6, 14, 11], 5) == [6, 14, 11]
    assert shown_counts([0, 14, 11], 5) == [0, 14, 11]


@given(COUNTS, st.integers(1, 12))
def test_no_small_count_is_shown_or_follows_from_the_rest(counts: list[int], size: int) -> None:
    shown = shown_counts(counts, size)
    hidden = [count for count, told in zip(counts, shown, strict=True) if told is None]
    for count, told in zip(counts, shown, strict=True):
        assert told in (None, count)
        assert told is None or told == 0 or told >= size
    if hidden:
        several = sum(count > 0 for count in counts) > 1
        assert len(hidden) > 1 or not several
        assert sum(hidden) >= size or sum(count > 0 for count in counts) == len(hidden)


def test_what_unknown_outcomes_could_change_tells_no_small_state() -> None:
    found = Sensitivity(37, 20, 10, 0, (("bad", 3), ("soso", 14), ("good", 20)))
    rows = {row["state"]: row for row in found.to_dict(5)["states"]}
    assert rows["bad"]["patients"] is rows["soso"]["patients"] is None
    assert rows["bad"]["best_case"] is rows["soso"]["worst_case"] is None
    assert rows["good"]["worst_case"] == 20 / 47
    assert rows["good"]["best_case"] == 30 / 47
    assert found.to_dict(5)["events"] == 20
