"""What is told by month tells of no few patients."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.performance.incidence import cumulative_incidence
from predictor.validation.time_months import by_month, happened, risk_marks, spaced, told_marks


@pytest.mark.parametrize("size", [2, 5, 12])
def test_between_two_months_that_are_told_enough_happened(size: int) -> None:
    rng = np.random.default_rng(4)
    months, ends = rng.exponential(20, 150) + 0.01, rng.integers(0, 3, 150)
    marks = (6, 12, 24, 36)
    found = by_month(months, ends, marks, size, competing=True)
    for name, kind in (("event", 1), ("competing", 2)):
        edges = [0, *(row["month"] for row in found[name])]
        who = np.sort(months[ends == kind])
        assert np.diff(np.searchsorted(who, edges, side="right")).min() >= size
        curve = cumulative_incidence(months, ends, kind)
        assert [row["value"] for row in found[name]] == [curve.at(m)[0] for m in edges[1:]]
    assert found["at_risk"][0] == {"month": 0, "at_risk": 150}


def test_a_month_just_before_a_horizon_is_not_told() -> None:
    counts = np.array([0, 4, 8, 9, 9])
    assert spaced(counts, (3,), 4) == (1, 3)
    assert spaced(counts, (), 4) == (1, 2)


def test_a_horizon_soon_after_another_is_not_told() -> None:
    counts = happened(np.array([0.5, 1.0, 1.5, 2.5]), np.ones(4, dtype=bool), 4)
    assert told_marks(counts, (1, 2, 3), 2) == (1, 3)


def test_without_competing_events_none_are_told() -> None:
    months = np.arange(1.0, 31.0)
    found = by_month(months, np.ones(30, dtype=int), (12, 24), 5, competing=False)
    assert found["competing"] == []
    assert found["event"][-1]["month"] == 24


@pytest.mark.parametrize("size", [2, 5, 8])
@pytest.mark.parametrize("seed", range(6))
def test_no_few_who_left_follow_from_numbers_at_risk_and_incidences(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    months, ends = rng.exponential(25, 120) + 0.01, rng.choice(3, 120, p=[0.3, 0.6, 0.1])
    marks = (3, 6, 12, 24)
    found = by_month(months, ends, marks, size, competing=True)["at_risk"]
    told = {row["month"]: row["at_risk"] for row in found}
    for kinds in ((0, 1, 2), (0, 2), (0, 1), (0,)):
        who = np.sort(months[np.isin(ends, kinds)])
        steps = np.diff(np.searchsorted(who, list(told), side="left"))
        assert all(step == 0 or step >= size for step in steps.tolist())
    assert all(count == int((months >= month).sum()) for month, count in told.items())
    assert risk_marks(months, ends, marks, size) == tuple(m for m in marks if m in told)


def test_two_transplants_do_not_follow_from_the_number_still_followed() -> None:
    # 20 with the event and 2 with a competing one before month 12: 78 still followed would tell.
    months = np.concatenate((np.full(22, 6.0), np.full(78, 40.0)))
    ends = np.concatenate((np.ones(20, int), np.full(2, 2), np.zeros(78, int)))
    assert risk_marks(months, ends, (12, 36), 5) == ()
    assert risk_marks(months, ends, (12, 36), 2) == (12, 36)
    ends[20:22] = 1
    assert risk_marks(months, ends, (12, 36), 5) == (12, 36)
