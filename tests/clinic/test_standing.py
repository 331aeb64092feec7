"""The line on a model's own validation: said where it is known, and never a reason to fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_bundles import FULL, save

from predictor.clinic.prediction import predict
from predictor.clinic.standing import cohort_share, validation_line
from predictor.fitted.bundle import load_bundle


def manifest(**row: Any) -> dict[str, Any]:
    figures = [{"name": "brier", "corrected": 0.2}, {"name": "auroc", **row}]
    return {"validation": {"bootstrap": {"figures": figures}}}


def test_the_corrected_area_is_said_with_its_interval() -> None:
    row = {"apparent": 0.93, "corrected": 0.714, "corrected_low": 0.5, "corrected_high": 0.886}
    assert validation_line(manifest(**row)) == (
        "Validation by resampling its cohort: "
        "AUROC 0.71 (95% interval 0.50 to 0.89; 0.5 is chance)."
    )


@pytest.mark.parametrize(
    ("cohort", "share"),
    [
        ({"patients": 500, "events": 161}, 0.322),
        ({"patients": 31, "events": 0}, 0.0),
        ({"patients": 0, "events": 0}, None),
        ({"patients": 31, "events": 32}, None),
        ({"patients": 31, "events": None}, None),
        ({"patients": True, "events": True}, None),
        ({}, None),
        (None, None),
        ("31", None),
    ],
)
def test_the_share_with_the_event_is_said_where_the_cohort_is_known(
    cohort: object, share: float | None
) -> None:
    assert cohort_share({"cohort": cohort}) == share


@pytest.mark.parametrize("high", [None, "0.8", True])
def test_without_an_interval_the_area_stands_alone(high: object) -> None:
    row = {"corrected": 1, "corrected_low": 0.5, "corrected_high": high}
    assert validation_line(manifest(**row)) == (
        "Validation by resampling its cohort: AUROC 1.00 (0.5 is chance)."
    )


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"validation": None},
        {"validation": {}},
        {"validation": {"bootstrap": None}},
        {"validation": {"bootstrap": {"figures": None}}},
        {"validation": {"bootstrap": {"figures": []}}},
        {"validation": {"bootstrap": {"figures": [None, "auroc", {"name": "brier"}]}}},
        manifest(),
        manifest(corrected=None),
        manifest(corrected="0.7"),
        manifest(corrected=True),
    ],
)
def test_where_nothing_is_known_nothing_is_said(found: dict[str, Any]) -> None:
    assert validation_line(found) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["validation", "bootstrap", "figures", "name", "corrected"]), inner
        )
    ),
    max_leaves=20,
)


@given(validation=anything)
def test_whatever_a_manifest_holds_the_line_is_text_or_nothing(validation: Any) -> None:
    line = validation_line({"validation": validation})
    assert line is None or line.startswith("Validation by resampling")


def test_the_answer_carries_the_line(tmp_path: Path) -> None:
    row = {"corrected": 0.714, "corrected_low": 0.5, "corrected_high": 0.886}
    answer = predict(FULL, load_bundle(save(tmp_path / "b", **manifest(**row))))
    line = validation_line(manifest(**row))
    assert answer.validation == line is not None
    assert line in str(answer).splitlines()
    assert json.loads(json.dumps(answer.to_dict()))["validation"] == line
