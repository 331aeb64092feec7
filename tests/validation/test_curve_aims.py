"""The smallest number of patients for an aim, read off curves that are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from made_plans import BEST, model

from predictor.errors import ConfigError
from predictor.validation.curve_aims import Aim, reached, read_aim
from predictor.validation.curve_rows import SizeRow, Useful, size_row

SIZES = (30, 100, 300, 1000)


def rows_of(name: str, values: Sequence[float | None], error: float = 0.0) -> list[SizeRow]:
    """A curve of one figure."""
    row = size_row(30, [model(0.6)] * 10, Useful(), BEST)
    return [
        replace(row, patients=size, **{name: value, f"{name}_error": error})
        for size, value in zip(SIZES, values, strict=True)
    ]


def test_between_two_sizes_the_number_lies_where_the_line_over_log_n_does() -> None:
    found = reached(rows_of("auroc", [0.5, 0.6, 0.7, 0.8]), Aim("auroc", 0.65))
    assert found.patients == math.ceil(math.sqrt(100 * 300))
    assert (found.above, found.upto) == (100, 300)


def test_exactly_at_a_size_it_is_that_size() -> None:
    found = reached(rows_of("auroc", [0.5, 0.6, 0.7, 0.8]), Aim("auroc", 0.7))
    assert found.patients == 300


def test_a_width_is_to_be_small_and_a_loss_too() -> None:
    found = reached(rows_of("interval_width", [0.8, 0.5, 0.3, 0.1]), Aim("width", 0.3))
    assert found.patients == 300
    found = reached(rows_of("auroc_loss", [0.1, 0.05, 0.03, 0.01]), Aim("loss", 0.02))
    assert 300 < found.patients < 1000


def test_what_the_largest_size_does_not_reach_has_no_number() -> None:
    found = reached(rows_of("auroc", [0.5, 0.6, 0.7, 0.8]), Aim("auroc", 0.9))
    assert (found.patients, found.above, found.upto) == (None, 1000, None)


def test_what_the_smallest_size_reaches_is_not_extrapolated() -> None:
    found = reached(rows_of("auroc", [0.5, 0.6, 0.7, 0.8]), Aim("auroc", 0.501))
    assert found.patients == 31
    found = reached(rows_of("auroc", [0.6, 0.6, 0.7, 0.8]), Aim("auroc", 0.55))
    assert (found.patients, found.above, found.upto) == (30, None, 30)


def test_a_dip_after_the_aim_was_reached_counts() -> None:
    found = reached(rows_of("useful", [0.9, 0.5, 0.7, 0.9]), Aim("useful", 0.8))
    assert (found.above, found.upto) == (300, 1000)


def test_the_monte_carlo_error_widens_the_answer_to_both_sides() -> None:
    found = reached(rows_of("auroc", [0.5, 0.6, 0.7, 0.8], error=0.02), Aim("auroc", 0.65))
    assert found.low < found.patients < found.high
    found = reached(rows_of("auroc", [0.5, 0.6, 0.7, 0.8], error=0.02), Aim("auroc", 0.79))
    assert (found.patients is not None, found.high) == (True, None)


def test_a_size_without_a_figure_is_not_interpolated_from() -> None:
    found = reached(rows_of("auroc", [None, 0.8, 0.8, 0.8]), Aim("auroc", 0.65))
    assert (found.patients, found.above) == (100, 30)


@pytest.mark.parametrize("text", ["auroc", "auroc=", "c=0.7", "auroc=much", "auroc=nan", ""])
def test_an_aim_that_cannot_be_understood_says_how_it_reads(text: str) -> None:
    with pytest.raises(ConfigError, match=r"it reads MEASURE=VALUE\. MEASURE is one of useful, "):
        read_aim(text)


@pytest.mark.parametrize(
    ("text", "range_"),
    [("auroc=0.5", "0.5 and 1"), ("auroc=1.2", "0.5 and 1"), ("width=0", "0 and 1"),
     ("useful=80", "0 and 1"), ("loss=0.5", "0 and 0.5")],
)  # fmt: skip
def test_an_aim_out_of_range_is_refused_with_the_range(text: str, range_: str) -> None:
    with pytest.raises(ConfigError, match=f"must lie between {range_}"):
        read_aim(text).check()
