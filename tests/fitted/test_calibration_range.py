"""The calibration range as data: what is kept, what is read off it, what is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.errors import BundleError
from predictor.fitted.venn_abers import VennAbers, outside

MADE = VennAbers(np.array([0.0, 0.1, 0.2, 0.4, 0.7]), np.array([0.3, 0.3, 0.5, 0.9, 1.0]))
"""At 0, 0.25, 0.5, 0.75 and 1."""


def rising(n: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(0, 1), min_size=n, max_size=n).map(sorted)


@st.composite
def ranges(draw: st.DrawFn) -> VennAbers:
    n = draw(st.integers(2, 40))
    one, other = np.array(draw(rising(n))), np.array(draw(rising(n)))
    return VennAbers(np.minimum(one, other), np.maximum(one, other))


@pytest.mark.parametrize(
    ("score", "low", "high"),
    [
        (0.0, 0.0, 0.3),
        (0.25, 0.1, 0.3),  # on a point: of this point
        (0.3, 0.1, 0.5),  # between two: lower of the one below, upper of the one above
        (0.5, 0.2, 0.5),
        (0.99, 0.4, 1.0),
        (1.0, 0.7, 1.0),
    ],
)
def test_between_two_points_the_range_is_the_widest_of_both(
    score: float, low: float, high: float
) -> None:
    found = MADE.at(np.array([score]))
    assert (found[0][0], found[1][0]) == (low, high)


@given(ranges(), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_higher_score_never_has_a_lower_range(made: VennAbers, scores: list[float]) -> None:
    low, high = made.at(np.sort(scores))
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) >= 0).all()
    assert (low <= high).all()


@given(ranges())
def test_what_is_written_is_read_again(made: VennAbers) -> None:
    again = VennAbers.from_dict(json.loads(json.dumps(made.to_dict())))
    assert again.low.tolist() == made.low.tolist()
    assert again.high.tolist() == made.high.tolist()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"method": "platt"}, "an unknown method"),
        ({"low": [0.0]}, "an impossible number of points"),
        ({"low": [0.0] * 10_002}, "an impossible number of points"),
        ({"high": [1.0, 1.0]}, "differ in length"),
        ({"low": [0.0, 0.2, 0.1, 0.4, 0.7]}, "must rise"),
        ({"high": [0.3, 0.3, 0.5, 0.9, 1.1]}, "outside 0 and 1"),
        ({"low": [-0.1, 0.1, 0.2, 0.4, 0.7]}, "outside 0 and 1"),
        ({"low": [0.0, 0.1, 0.2, 0.4, float("nan")]}, "not finite"),
        ({"low": [0.0, 0.1, 0.2, 0.4, "0.7"]}, "a list of numbers"),
        ({"low": [0.0, 0.1, 0.2, 0.4, True]}, "a list of numbers"),
        ({"low": None}, "a list of numbers"),
        ({"low": [0.0, 0.1, 0.6, 0.6, 0.7]}, "on the wrong side"),
    ],
)
def test_what_no_training_writes_is_refused(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(BundleError, match=rule) as found:
        VennAbers.from_dict(MADE.to_dict() | changes, "b/calibration_range.json")
    assert "b/calibration_range.json" in str(found.value)
    assert "Get the bundle again." in str(found.value)


@pytest.mark.parametrize("missing", ["method", "low", "high"])
def test_a_missing_entry_is_refused(missing: str) -> None:
    data = MADE.to_dict()
    del data[missing]
    with pytest.raises(BundleError, match=r"incomplete|unknown method"):
        VennAbers.from_dict(data)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(anything)
def test_anything_else_is_refused_as_a_whole(data: object) -> None:
    with pytest.raises(BundleError, match=r"calibration|mapping"):
        VennAbers.from_dict(data)


@given(anything, st.sampled_from(["low", "high"]), st.integers(0, 4) | st.none())
def test_a_damaged_entry_is_refused_or_makes_a_range(
    damage: object, name: str, place: int | None
) -> None:
    data = copy.deepcopy(MADE.to_dict())
    if place is None:
        data[name] = damage
    else:
        data[name][place] = damage
    try:
        found = VennAbers.from_dict(data)
    except BundleError:
        return
    low, high = found.at(np.linspace(0, 1, 11))
    assert (low >= 0).all()
    assert (low <= high).all()
    assert (high <= 1).all()


def test_a_contradiction_smaller_than_five_percentage_points_is_none() -> None:
    low, high = np.full(5, 0.2), np.full(5, 0.4)
    found = outside(np.array([0.14, 0.16, 0.3, 0.44, 0.46]), low, high)
    assert found.tolist() == [True, False, False, False, True]
