"""Which correction a figure is reported with: by hand, from figures as bundles hold them."""

from __future__ import annotations

from typing import Any

import pytest

from predictor.validation.reported import (
    reported,
    slope_is_readable,
    with_reported,
)

# A forest in 120 simulated patients, as its bundle holds it.
FOREST: dict[str, dict[str, Any]] = {
    "auroc": {"corrected": 0.456, "corrected_by": "b632plus", "b632plus": 0.456,
              "corrected_low": 0.339, "corrected_high": 0.596, "cross_validated": 0.45},
    "brier": {"corrected": 0.199, "corrected_by": "harrell", "b632plus": 0.243,
              "corrected_low": 0.143, "corrected_high": 0.199, "cross_validated": 0.228},
    "calibration_slope": {"corrected": 1.491, "corrected_by": "harrell", "b632plus": None,
                          "corrected_low": -2.3, "corrected_high": 3.57,
                          "cross_validated": -0.675, "cross_validated_low": -1.605,
                          "cross_validated_high": 0.254},
    "net_benefit_0.25": {"corrected": 0.103, "corrected_by": "harrell", "b632plus": None,
                         "corrected_low": 0.08, "corrected_high": 0.217, "cross_validated": 0.044,
                         "cross_validated_low": -0.049, "cross_validated_high": 0.138},
}  # fmt: skip


def bounds(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[f"corrected{end}"] for end in ("", "_by", "_low", "_high"))


def test_no_figure_of_a_flexible_model_is_reported_by_harrell() -> None:
    found = {name: reported({"name": name, **row}, flexible=True) for name, row in FOREST.items()}
    assert bounds(found["auroc"]) == (0.456, "b632plus", 0.339, 0.596)
    assert bounds(found["brier"]) == (0.243, "b632plus", None, None)
    assert bounds(found["calibration_slope"]) == (-0.675, "cross_validated", -1.605, 0.254)
    assert bounds(found["net_benefit_0.25"]) == (0.044, "cross_validated", -0.049, 0.138)


def test_a_linear_model_keeps_harrell_where_the_slopes_agree() -> None:
    row = {"name": "calibration_slope", "corrected": 0.98, "corrected_by": "harrell",
           "corrected_low": 0.8, "corrected_high": 1.19, "cross_validated": 0.97}  # fmt: skip
    assert reported(row, flexible=False) == row


def test_a_slope_far_from_the_cross_validated_one_gives_way_to_it() -> None:
    row = {"name": "calibration_slope", "corrected": 0.97, "corrected_by": "harrell",
           "corrected_low": -0.65, "corrected_high": 2.17, "cross_validated": 0.10,
           "cross_validated_low": -1.46, "cross_validated_high": 1.65}  # fmt: skip
    assert bounds(reported(row, flexible=False)) == (0.10, "cross_validated", -1.46, 1.65)


@pytest.mark.parametrize(
    ("value", "low", "high", "kept"),
    [
        (-0.058, -0.058, 0.298, False),
        (-0.116, -0.119, 0.689, False),
        (0.199, 0.143, 0.199, False),
        (0.148, 0.127, 0.164, True),
    ],
)
def test_an_interval_that_ends_at_its_estimate_is_not_reported(
    value: float, low: float, high: float, kept: bool
) -> None:
    row = {"name": "net_benefit_0.5", "corrected": value, "corrected_by": "harrell",
           "corrected_low": low, "corrected_high": high}  # fmt: skip
    assert (reported(row, flexible=False)["corrected_low"] is not None) is kept


def test_an_auroc_of_1_may_end_its_interval() -> None:
    row = {"name": "auroc", "corrected": 1.0, "corrected_low": 0.98, "corrected_high": 1.0}
    assert reported(row, flexible=False)["corrected_high"] == 1.0


def test_a_manifest_is_left_as_it_is_and_doing_it_twice_changes_nothing() -> None:
    rows = [{"name": name, **row} for name, row in FOREST.items()]
    manifest = {"model": {"kind": "estimator"}, "validation": {"bootstrap": {"figures": rows}}}
    once = with_reported(manifest)
    assert manifest["validation"]["bootstrap"]["figures"][1]["corrected"] == 0.199  # type: ignore[index]
    assert with_reported(once) == once
    assert with_reported({"validation": {}}) == {"validation": {}}


def test_a_slope_with_an_interval_over_5_says_nothing() -> None:
    assert not slope_is_readable(-21.2, 0.3)
    assert slope_is_readable(-1.77, 2.35)
