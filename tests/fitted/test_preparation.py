"""Preparation and linear model as data: applied, written and read back strictly."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from made_bundles import LINEAR, preparation

from predictor.errors import BundleError
from predictor.fitted.models import LinearModel, expit
from predictor.fitted.preparation import Preparation, finite

NAN = np.nan


def test_missing_values_are_filled_and_known_ones_stay() -> None:
    values = np.array([[NAN, NAN, NAN, NAN], [60.0, NAN, 1.0, 2.0]])
    np.testing.assert_array_equal(
        preparation().impute(values), [[90.0, 35.0, 0.0, 1.0], [60.0, 35.0, 1.0, 2.0]]
    )
    assert np.isnan(values).sum() == 5  # the input is not touched


def test_chained_imputation_by_hand() -> None:
    values = np.array([[NAN, 50.0, 0.0, 0.0], [100.0, NAN, 0.0, 0.0], [NAN, 1e6, 0.0, 0.0]])
    filled = preparation(iterative=True).impute(values)
    # c3 = 20 + 1.1 marker, kept within 1 to 500; marker = 1 + 0.4 c3, without bounds
    np.testing.assert_allclose(filled[:, 0], [75.0, 100.0, 500.0])
    np.testing.assert_allclose(filled[:, 1], [50.0, 41.0, 1e6])


def test_design_by_hand() -> None:
    found = preparation().apply(np.array([[NAN, 45.6, 1.0, 2.0]]))
    expected = [
        (90.0 - 91.3) / 20.1,
        (1.0 - 0.07) / 0.3,
        (45.6 - 33.7) / 11.9,
        (1.0 - 0.3) / 0.46,
        (0.0 - 0.4) / 0.5,
        (1.0 - 0.2) / 0.41,
    ]
    np.testing.assert_allclose(found, [expected], rtol=1e-15)
    np.testing.assert_allclose(
        preparation().fold(found), [[found[0, 0] + found[0, 1], *found[0, 2:4], found[0, 4:].sum()]]
    )


@pytest.mark.parametrize("iterative", [False, True])
def test_what_was_filled_in_before_gives_the_same_design(iterative: bool) -> None:
    prepared = preparation(iterative=iterative)
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.normal(60, 20, (50, 2)), rng.integers(0, 2, (50, 2))])
    values[rng.random(values.shape) < 0.3] = NAN
    found = prepared.design(prepared.impute(values), np.isnan(values))
    np.testing.assert_array_equal(found, prepared.apply(values))


def test_a_filled_gap_is_still_one_to_the_indicator() -> None:
    filled = np.array([[75.0, 40.0, 1.0, 0.0]])
    absent = np.array([[True, False, False, False]])
    known, gap = (preparation().design(filled, flags) for flags in (np.zeros_like(absent), absent))
    difference = (gap - known) * preparation().scale
    np.testing.assert_allclose(difference, [[0, 1, 0, 0, 0, 0]], atol=1e-15)


@pytest.mark.parametrize("iterative", [False, True])
def test_a_preparation_reads_back_bit_for_bit(iterative: bool) -> None:
    before = preparation(iterative=iterative)
    after = Preparation.from_dict(json.loads(json.dumps(before.to_dict())))
    assert after.to_dict() == before.to_dict()
    values = np.random.default_rng(1).normal(50, 20, (40, 4))
    values[:, 2:] = 1.0
    values[::3, 0] = NAN
    np.testing.assert_array_equal(after.apply(values), before.apply(values))


def test_probability_is_the_logistic_function_without_overflow() -> None:
    x = np.array([-800.0, -1.0, 0.0, 1.0, 800.0])
    np.testing.assert_allclose(expit(x)[1:4], 1 / (1 + np.exp(-x[1:4])), rtol=1e-15)
    assert expit(x)[0] == 0.0
    assert expit(x)[4] == 1.0


BROKEN: list[tuple[str, Any]] = [
    ("names", "c3"),
    ("names", 5),
    ("fill", [1.0, 2.0, 3.0]),
    ("fill", [1.0, 2.0, 3.0, None]),
    ("fill", [1.0, 2.0, 3.0, "4"]),
    ("fill", [1.0, 2.0, 3.0, True]),
    ("fill", [1.0, 2.0, 3.0, 10**400]),
    ("fill", [1.0, 2.0, 3.0, float("inf")]),
    ("fill", [[1.0, 2.0, 3.0, 4.0]]),
    ("fill", {"0": 1}),
    ("centre", [0.0] * 5),
    ("centre", [float("nan")] * 6),
    ("scale", [1.0] * 7),
    ("scale", [1.0] * 5 + [0.0]),
    ("scale", [1.0] * 5 + [-1.0]),
    ("columns", []),
    ("columns", [{"name": "c3"}]),
    ("columns", "abc"),
    ("columns", None),
    ("regressions", [{}]),
    ("regressions", {"a": 1}),
]
POSITIONS = [-1, 4, 0.0, "0", None, True, [0]]


@pytest.mark.parametrize(("key", "value"), BROKEN)
def test_a_preparation_whose_parts_do_not_fit_is_refused(key: str, value: object) -> None:
    with pytest.raises(BundleError, match=r"^here: .*preparation"):
        Preparation.from_dict(preparation().to_dict() | {key: value}, "here")


@pytest.mark.parametrize("position", POSITIONS)
def test_a_position_that_points_nowhere_is_refused(position: object) -> None:
    for part, key in (
        ("columns", "variable"),
        ("regressions", "variable"),
        ("regressions", "inputs"),
    ):
        data = copy.deepcopy(preparation(iterative=True).to_dict())
        data[part][0][key] = [position] if key == "inputs" else position
        with pytest.raises(BundleError, match=r"preparation"):
            Preparation.from_dict(data)


@pytest.mark.parametrize(
    "change",
    [{"low": 9.0, "high": 1.0}, {"low": "1"}, {"intercept": None}, {"coefficients": [1, 2]}],
)
def test_a_broken_regression_is_refused(change: dict[str, Any]) -> None:
    data = copy.deepcopy(preparation(iterative=True).to_dict())
    data["regressions"][0] |= change
    with pytest.raises(BundleError, match=r"preparation"):
        Preparation.from_dict(data)


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_something_that_is_no_mapping_is_refused(data: object) -> None:
    with pytest.raises(BundleError, match="a mapping was expected"):
        Preparation.from_dict(data)
    with pytest.raises(BundleError, match="incomplete"):
        LinearModel.from_dict(data)


@pytest.mark.parametrize(
    "change",
    [
        {"intercept": None},
        {"intercept": 1e999},
        {"intercept": "1"},
        {"coefficients": [None]},
        {"coefficients": 1},
    ],
)
def test_a_linear_model_without_finite_numbers_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match=r"^here: in the linear model"):
        LinearModel.from_dict(LINEAR.to_dict() | change, "here")


def test_numbers_keep_every_digit() -> None:
    numbers = [0.1 + 0.2, 1e-300, 123456789.123456789]
    assert finite(json.loads(json.dumps(numbers))).tolist() == numbers
