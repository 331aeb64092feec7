"""Many cohorts of one size put together, by hand arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_plans import BEST, model

from predictor.validation.curve_rows import Useful, share_error, size_row
from predictor.validation.learning_curve import CohortFigures

LOST = CohortFigures(2, "few_events")


def test_means_and_errors_are_those_of_the_cohorts_with_a_model() -> None:
    row = size_row(31, [model(0.6), model(0.7), model(0.65), LOST], Useful(), BEST)
    assert row.events == pytest.approx((3 * 11 + 2) / 4)
    assert (row.few_events, row.no_fit, row.failed) == (0.25, 0.0, 0.25)
    assert row.auroc == pytest.approx(0.65)
    # SD 0.05 over three cohorts, and 0.003 of the sample that all were tried on.
    assert row.auroc_error == pytest.approx(math.hypot(0.05 / math.sqrt(3), 0.003))
    assert row.corrected_auroc_error == pytest.approx(0.05 / math.sqrt(3))
    assert row.optimism == pytest.approx(0.1)
    assert row.auroc_loss == pytest.approx(0.10)
    assert row.interval_width == pytest.approx(0.25)


def test_useful_counts_all_cohorts_and_the_others_only_those_with_a_model() -> None:
    wrong = model(0.72, slope=0.79), model(0.72, slope=None), model(0.72, width=0.31)
    row = size_row(31, [model(0.70), model(0.699), *wrong, LOST], Useful(), BEST)
    assert row.useful == pytest.approx(1 / 6)
    assert row.slope_within == pytest.approx(3 / 5)


def test_no_signal_is_an_interval_that_includes_one_half() -> None:
    found = [model(0.6, corrected_low=low) for low in (0.4, 0.5, 0.51, None)]
    assert size_row(31, found, Useful(), BEST).no_signal == pytest.approx(2 / 3)
    without = [model(0.6, corrected_low=None)] * 2
    assert size_row(31, without, Useful(), BEST).no_signal is None


def test_a_slope_far_away_does_not_move_the_median() -> None:
    found = [model(0.6, slope=slope) for slope in (*np.linspace(0.9, 1.1, 21), 500.0, -3.0)]
    row = size_row(31, found, Useful(), BEST)
    assert row.calibration_slope == pytest.approx(1.0)
    assert 0.02 < row.calibration_slope_error < 0.06


def test_a_size_without_any_model_has_no_figures_and_is_never_useful() -> None:
    row = size_row(10, [LOST] * 10, Useful(), BEST)
    assert (row.auroc, row.calibration_slope, row.interval_width) == (None, None, None)
    assert row.useful == 0.0
    assert row.failed == 1.0
    assert row.useful_error > 0.0


def test_the_error_of_a_share_is_that_of_a_binomial_away_from_its_ends() -> None:
    assert share_error(500, 1000) == pytest.approx(math.sqrt(0.25 / 1000), rel=0.01)
    assert share_error(0, 100) > 0.0
