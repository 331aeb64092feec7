"""The keys that lead from visits to a cohort: defaults, limits, and what they imply."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from predictor.config import CohortSource

SOURCE: dict[str, Any] = {
    "visits": {"patient": "id", "time": "day"},
    "index": {"first": "c3 < 80"},
    "outcome": {"rule": "c3 > 90", "at": {"nearest": 180, "within": [90, 365]}},
}


def source(**changes: Any) -> CohortSource:
    return CohortSource.model_validate({**SOURCE, **changes})


def test_the_defaults() -> None:
    found = source()
    assert found.records is not None
    assert found.records.baseline.window("c3") == (-30, 0)
    assert found.records.visits.unit == "days"
    assert found.records.visits.same_day == "refuse"
    assert found.records.visits.fixed == ("sex",)
    assert (found.records.index.which, found.records.index.rule) == ("first", "c3 < 80")


def test_who_a_visit_belongs_to_is_the_patient_of_the_cohort() -> None:
    assert source().patient == "id"
    assert source(patient="other").patient == "other"
    assert not source().repeated_rows
    assert source(index={"every": "c3 < 80"}).repeated_rows


def test_a_source_of_rows_has_no_records() -> None:
    assert CohortSource(file="c.csv").records is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file": "c.csv"}, "name one of"),
        ({"index": {"first": "c3 < 80", "last": "c3 < 80"}}, "exactly one of first, last"),
        ({"baseline": {"latest_within": [0, -30]}}, "ends before it starts"),
        ({"baseline": {"variables": {"c3": {"latest_within": [0, 1]}}}}, "nothing after the index"),
        ({"outcome": {**SOURCE["outcome"], "death": {}}}, "exactly one of time and visit"),
        ({"outcome": {**SOURCE["outcome"], "definition": "lldas"}}, "exactly one of definition"),
        (
            {
                "outcome": {
                    "definition": "lldas",
                    "confirmed_after": 7,
                    "at": SOURCE["outcome"]["at"],
                }
            },
            "says itself whether",
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        source(**changes)
