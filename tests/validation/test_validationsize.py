"""Sample sizes of an external validation against the tests of pmvalsampsize, and laws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from predictor.errors import LearningError
from predictor.validation.linear_predictor import Binormal
from predictor.validation.validationsize import for_validation, slope_patients

# The tests of pmvalsampsize (R and Python, default 1,000,000 simulated patients):
#   pmvalsampsize(type = "b", prevalence = 0.018, cstatistic = 0.8, lpnormal = c(-5, 2.5),
#                 oeciwidth = 1)  ->  O/E 905, calibration slope 4544, C statistic 4252
# It finds the standard error of O/E in steps of 0.0001 and overshoots, hence 905 for 906.


def by_name(prevalence, c, **widths):
    return {row.name: row.n for row in for_validation(prevalence, c, **widths).criteria}


def test_the_worked_example_of_pmvalsampsize_comes_out():
    found = by_name(0.018, 0.8, ratio_width=1)
    assert found["auroc"] == 4252
    assert found["observed_expected"] == pytest.approx(905, abs=1)
    assert slope_patients(-5, 2.5) == pytest.approx(4544, rel=0.005)


def test_a_hundred_events_and_non_events_are_asked_for_whichever_is_rarer():
    assert by_name(0.2, 0.7)["hundred_events"] == 500
    assert by_name(0.9, 0.7)["hundred_events"] == 1000


def test_the_standard_error_of_the_slope_is_that_of_simulated_refits():
    prevalence, c, n = 0.4, 0.75, 4000
    predictor = Binormal.of(c, prevalence)
    rng = np.random.default_rng(3)
    slopes = []
    for _ in range(150):
        event = (rng.random(n) < prevalence).astype(float)
        lp = predictor.logit(rng.standard_normal(n) + predictor.distance * event)
        design = np.column_stack([np.ones(n), lp])
        beta = np.array([0.0, 1.0])
        for _ in range(6):
            p = 1 / (1 + np.exp(-design @ beta))
            information = design.T @ (design * (p * (1 - p))[:, None])
            beta = beta + np.linalg.solve(information, design.T @ (event - p))
        slopes.append(beta[1])
    width = 2 * 1.96 * np.std(slopes, ddof=1)
    assert by_name(prevalence, c, slope_width=width)["calibration_slope"] == pytest.approx(
        n, rel=0.25
    )


def test_the_interval_of_the_ratio_is_as_wide_as_asked_and_not_one_patient_below():
    n = by_name(0.3, 0.7)["observed_expected"]
    widths = [2 * math.sinh(1.96 * math.sqrt(0.7 / (0.3 * patients))) for patients in (n, n - 1)]
    assert widths[0] <= 0.2 < widths[1]


def test_all_criteria_are_met_at_the_largest_of_them():
    found = for_validation(0.35, 0.75)
    assert found.n == max(row.n for row in found.criteria)
    assert found.events == pytest.approx(0.35 * found.n)
    assert found.to_dict()["n"] == found.n


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"prevalence": 0.0}, "prevalence"),
        ({"c": 0.5}, "C statistic"),
        ({"c_width": 0.0}, "width of an interval"),
        ({"slope_width": float("inf")}, "width of an interval"),
    ],
)
def test_a_number_out_of_its_range_is_refused_by_name(given, message):
    with pytest.raises(LearningError, match=message):
        for_validation(**{"prevalence": 0.3, "c": 0.7, **given})
