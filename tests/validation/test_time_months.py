"""What is told by month tells of no few patients."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.performance.incidence import cumulative_incidence
from predictor.validation.time_months import by_month, happened, spaced, told_marks


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
    assert {row["month"] for row in found["at_risk"]} >= {0, *marks}


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
