"""What unknown outcomes could change, and what may be told of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.cohort.cohort import FlowStep
from predictor.cohort.sensitivity import Sensitivity
from predictor.cohort.small_cells import masked_flow
from predictor.report.contents.sensitivity import unknown_outcomes
from predictor.report.document import Paragraph


def test_the_cases_by_hand() -> None:
    found = Sensitivity(known=8, events=4, no_follow_up=1, undeterminable=1)
    assert (found.worst_case, found.share, found.best_case) == (0.4, 0.5, 0.6)


@given(st.integers(1, 50), st.data())
def test_the_share_of_the_known_lies_between_the_cases(known: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, known))
    unknown = data.draw(st.integers(0, 50))
    found = Sensitivity(known, events, unknown, 0)
    assert found.worst_case is not None
    assert found.share is not None
    assert found.best_case is not None
    assert found.worst_case <= found.share <= found.best_case


def test_nobody_has_no_share() -> None:
    assert Sensitivity(0, 0, 0, 0).to_dict()["share"] is None


@pytest.mark.parametrize(
    ("lost", "untold", "beside", "shown"),
    [
        (31, 0, False, True),
        (31, 2, False, False),
        (3, 0, False, False),
        (0, 0, True, True),
        (31, 0, True, False),
    ],
)
def test_small_counts_do_not_follow_from_the_cases(
    lost: int, untold: int, beside: bool, shown: bool
) -> None:
    told = Sensitivity(86, 41, lost, untold).to_dict(5, hidden=beside)
    assert (told["best_case"] is not None) == shown
    assert (told["no_follow_up"] is not None) == shown


def test_what_remains_after_a_step_is_hidden_with_a_small_exclusion() -> None:
    flow = [
        FlowStep("read", 100),
        FlowStep("excluded: no index visit", 20),
        FlowStep("indexed", 80),
        FlowStep("excluded: no follow-up visit", 3),
        FlowStep("with follow-up", 77),
        FlowStep("analysed", 77),
    ]
    shown = {row["step"]: row["patients"] for row in masked_flow(flow, 5)}
    assert shown["indexed"] is None
    assert shown["with follow-up"] is None
    assert shown["analysed"] == 77
    kept = [step for step in flow if "follow-up visit" not in step.step]
    assert [row["patients"] for row in masked_flow(kept, 5)] == [100, 20, 80, 77, 77]


def texts(found: dict[str, float | None] | None) -> list[str]:
    return [block.text for block in unknown_outcomes(found) if isinstance(block, Paragraph)]


def test_the_report_tells_the_cases_or_that_they_are_hidden() -> None:
    (text,) = texts(Sensitivity(86, 41, 31, 0).to_dict(5))
    for part in ("31 outcomes are not known", "48%", "35%", "62%", "not taken for failures"):
        assert part in text
    (text,) = texts(Sensitivity(86, 41, 3, 0).to_dict(5))
    assert "3" not in text
    assert texts(Sensitivity(86, 41, 0, 0).to_dict(5)) == []
    assert texts(None) == []
