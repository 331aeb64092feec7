"""Instability of predictions, choices and explanations, by hand and by its laws."""

from __future__ import annotations

import json

import numpy as np
import pytest

from predictor.validation.instability import (
    choices,
    explanation_stability,
    prediction_instability,
)

NAN = float("nan")


def test_prediction_instability_by_hand() -> None:
    refits = [[0.2, 0.7], [0.6, 0.7], [NAN, NAN], [0.4, 0.1]]
    found = prediction_instability([0.4, 0.6], refits, [True, True, False, True], [0.5, 0.2])
    assert found is not None
    assert found.refits == 3
    assert found.mean_absolute_error == pytest.approx([0.4 / 3, 0.7 / 3])
    assert found.mean == pytest.approx(1.1 / 6)
    assert found.classification[0.5] == pytest.approx([1 / 3, 1 / 3])
    # at or above the threshold is positive, so 0.2 stays on its side and 0.1 does not
    assert found.classification[0.2] == pytest.approx([0, 1 / 3])
    assert found.low is None
    assert found.width is None


def test_the_range_is_the_middle_of_the_refits() -> None:
    refits = np.linspace(0.0, 1.0, 201)[:, None] * [1.0, 0.5]
    found = prediction_instability([0.5, 0.5], refits, np.ones(201, bool), [])
    assert found is not None
    assert found.low == pytest.approx([0.025, 0.0125])
    assert found.high == pytest.approx([0.975, 0.4875])
    assert found.width == pytest.approx((0.95 + 0.475) / 2)


def test_identical_refits_are_stable() -> None:
    found = prediction_instability([0.3, 0.9], [[0.3, 0.9]] * 100, [True] * 100, [0.3])
    assert found is not None
    assert found.mean == 0.0
    assert found.width == 0.0
    assert found.classification[0.3].tolist() == [0.0, 0.0]


def test_summaries_are_plain_and_belong_to_nobody() -> None:
    found = prediction_instability([0.4, 0.6], [[0.2, 0.7]], [True], [0.5])
    assert found is not None
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["mean_absolute_prediction_error"] == pytest.approx(0.15)
    assert plain["mean_width_of_range"] is None
    assert plain["classification"] == [{"threshold": 0.5, "mean": 0.0}]


@pytest.mark.parametrize(
    ("original", "refits", "usable"),
    [([0.4], [[NAN]], [False]), ([0.4], np.empty((0, 1)), []), ([], np.empty((2, 0)), [True] * 2)],
    ids=["no usable refit", "no refit", "nobody tracked"],
)
def test_nothing_to_compare_is_none(original: object, refits: object, usable: object) -> None:
    assert prediction_instability(original, refits, usable, [0.5]) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("original", "refits", "message"),
    [
        ([0.4, 0.5], [[0.4]], r"\(1, 2\) was expected"),
        ([0.4], [[NAN]], "missing values"),
        ([1.4], [[0.5]], "between 0 and 1"),
    ],
)
def test_refuses_predictions_that_are_none(original: object, refits: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        prediction_instability(original, refits, [True], [])  # type: ignore[arg-type]


def test_choices_are_counted_among_usable_refits() -> None:
    rows = choices([2, 0, 2, 1, 2], [True, True, True, False, True], ["ridge", "firth", "none"])
    assert [(row.name, row.refits, row.share) for row in rows] == [
        ("none", 3, 0.75),
        ("ridge", 1, 0.25),
        ("firth", 0, 0.0),
    ]


def test_choices_without_refits_are_zero() -> None:
    assert [row.to_dict() for row in choices([0, 0], [False, False], ["a"])] == [
        {"name": "a", "refits": 0, "share": 0.0}
    ]


def test_refuses_a_choice_without_a_name() -> None:
    with pytest.raises(ValueError, match="no name"):
        choices([1], [True], ["only one"])
    with pytest.raises(ValueError, match="one entry for each refit"):
        choices([1, 0], [True], ["a", "b"])


def test_explanation_by_hand() -> None:
    shap = [
        [0.5, 0.4, 0.3, 0.2],
        [0.1, 0.4, 0.3, 0.2],
        [0.9, NAN, NAN, NAN],  # the refit used one variable
        [NAN] * 4,  # no explanation
        [0.0, 9.0, 9.0, 9.0],  # not usable
    ]
    rows = explanation_stability(shap, [True, True, True, True, False], ["a", "b", "c", "d"])
    assert [row.variable for row in rows] == ["a", "b", "c", "d"]
    assert [row.top for row in rows] == pytest.approx([2 / 3, 2 / 3, 2 / 3, 1 / 3])
    assert [row.mean_absolute_shap for row in rows] == pytest.approx([0.5, 0.8 / 3, 0.2, 0.4 / 3])
    assert {row.refits for row in rows} == {3}
    assert rows[0].low is None


def test_a_tie_on_the_last_place_shares_it() -> None:
    rows = explanation_stability([[0.9, 0.5, 0.2, 0.2, 0.0]], [True], list("abcde"))
    assert [row.top for row in rows] == [1.0, 1.0, 0.5, 0.5, 0.0]


@pytest.mark.parametrize("variables", [1, 2, 3, 6])
def test_the_top_places_add_up(variables: int) -> None:
    size = np.random.default_rng(4).integers(1, 4, (50, variables)).astype(float)
    rows = explanation_stability(size, np.ones(50, bool), [f"v{i}" for i in range(variables)])
    assert sum(row.top for row in rows) == pytest.approx(min(3, variables))


def test_the_interval_is_the_middle_of_the_refits() -> None:
    shap = np.linspace(0.0, 1.0, 201)[:, None]
    (row,) = explanation_stability(shap, np.ones(201, bool), ["only"])
    assert (row.low, row.high) == (pytest.approx(0.025), pytest.approx(0.975))
    json.dumps(row.to_dict(), allow_nan=False)


def test_no_explanation_gives_no_row() -> None:
    assert explanation_stability([[NAN, NAN]], [True], ["a", "b"]) == ()
    assert explanation_stability(np.empty((0, 2)), [], ["a", "b"]) == ()


@pytest.mark.parametrize("value", [-0.1, np.inf])
def test_refuses_what_is_no_mean_of_absolute_values(value: float) -> None:
    with pytest.raises(ValueError, match="0 or more and finite"):
        explanation_stability([[value, 0.1]], [True], ["a", "b"])


def test_refuses_another_number_of_variables() -> None:
    with pytest.raises(ValueError, match=r"\(1, 3\) was expected"):
        explanation_stability([[0.1, 0.2]], [True], ["a", "b", "c"])
