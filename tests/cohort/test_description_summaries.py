"""What a cell says: rounding half up, skewness, masks."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.cohort.masking import mask_cells
from predictor.cohort.summaries import (
    Summary,
    count_state,
    is_skewed,
    number_text,
    p_text,
    percent_text,
    summarise,
)


@pytest.mark.parametrize(
    ("count", "n", "printed"),
    [(16, 31, "51.6"), (2, 31, "6.5"), (11, 31, "35.5"), (6, 31, "19.4"), (1, 16, "6.3"),
     (1, 80, "1.3"), (0, 31, "0.0"), (31, 31, "100.0")],
)  # fmt: skip
def test_percentages_are_rounded_half_up(count, n, printed):
    assert percent_text(count, n) == printed


@given(st.integers(0, 2000), st.integers(1, 2000))
def test_a_printed_percentage_is_within_half_a_digit(count, n):
    count = min(count, n)
    error = Decimal(percent_text(count, n)) - Decimal(100 * count) / n
    assert -Decimal("0.05") < error <= Decimal("0.05")


@pytest.mark.parametrize(
    ("value", "digits", "printed"),
    [(30.25, 1, "30.3"), (30.249999999999996, 1, "30.3"), (0.15, 1, "0.2"), (-0.04, 1, "0.0"),
     (-0.25, 1, "-0.3"), (1e9, 1, "1000000000.0"), (5.0, 0, "5")],
)  # fmt: skip
def test_numbers_are_rounded_half_up_in_decimals(value, digits, printed):
    assert number_text(value, digits) == printed


def test_p_values_print_as_in_the_study():
    assert [p_text(p) for p in (0.0009766, 0.00195, 0.0039, 0.0625, 0.34375)] == [
        "<0.001", "0.002", "0.004", "0.063", "0.344",
    ]  # fmt: skip


def test_mean_sd_median_and_quartiles_are_those_by_hand():
    values = np.array([1.0, 2.0, 3.0, 4.0, 10.0, np.nan])
    mean = summarise(values, "mean_sd", 1)
    assert mean.text == "4.0 (3.5)"  # squares 9 + 4 + 1 + 0 + 36 = 50, / 4 = 12.5
    assert (mean.n, mean.missing) == (5, 1)
    assert summarise(values, "median_iqr", 1).text == "3.0 (2.0)"
    assert summarise(values, "median_quartiles", 1).text == "3.0 (2.0 to 4.0)"


@pytest.mark.parametrize("statistic", ["mean_sd", "median_iqr", "median_quartiles"])
def test_no_value_at_all_prints_a_dash_and_one_value_has_no_spread(statistic):
    assert summarise(np.array([np.nan]), statistic, 1).text == "-"
    one = summarise(np.array([4.0]), statistic, 1)
    assert one.sd is None
    assert one.text.startswith("4.0 (")


def test_without_stated_digits_two_figures_of_the_spread_are_shown():
    assert summarise(np.array([0.010, 0.020, 0.034]), "mean_sd", None).text == "0.021 (0.012)"
    assert summarise(np.array([100.0, 200.0, 340.0]), "mean_sd", None).text == "213.3 (120.6)"


def test_a_state_is_counted_among_those_with_a_value():
    cell = count_state(np.array([1.0, 0.0, 1.0, np.nan]), 1)
    assert (cell.count, cell.n, cell.missing, cell.text) == (2, 3, 1, "2 (66.7%)")
    assert count_state(np.array([np.nan]), 1).text == "-"


def test_skewness_decides_by_the_adjusted_coefficient():
    assert not is_skewed(np.arange(1.0, 41.0))
    assert is_skewed(np.exp(np.arange(1.0, 9.0)))
    assert is_skewed(np.arange(7.0))  # too few to tell
    assert not is_skewed(np.full(20, 0.1))  # constant, and its mean is not exactly 0.1
    from scipy.stats import skew

    for last in range(8, 30):
        values = np.array([1, 2, 3, 4, 5, 6, 7, float(last)])
        assert is_skewed(values) == (skew(values, bias=False) > 1)


def cells(*counts: int, n: int = 40) -> list[Summary]:
    return [Summary("count", n, 0, count, 100 * count / n) for count in counts]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(2, 8))
def test_no_small_count_is_shown_and_none_is_hidden_alone(counts, cell_size):
    masked = mask_cells(cells(*counts), cell_size)
    for count, cell in zip(counts, masked, strict=True):
        if 0 < count < cell_size:
            assert cell.hidden
            assert str(count) not in cell.text.replace(str(cell_size), "")
        if cell.hidden:
            assert cell.to_dict()["count"] is None
            assert cell.to_dict()["percent"] is None
    hidden = [cell for cell in masked if cell.hidden]
    others = [count for count, cell in zip(counts, masked, strict=True) if not cell.hidden]
    assert len(hidden) != 1 or not any(others)


def test_all_but_a_few_is_as_telling_as_a_few():
    (cell,) = mask_cells(cells(38), 5)
    assert cell.text == ">35"
