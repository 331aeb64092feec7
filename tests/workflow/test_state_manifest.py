"""What a manifest says of states: small ones are not counted in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_states import STATES, cohort_of_states, configuration_of_states

from predictor.cohort.checking import check_cohort
from predictor.cohort.cohort import Cohort
from predictor.cohort.reading import table_from_frame
from predictor.documents import Document
from predictor.learning.state_candidates import StateCandidate
from predictor.study import Study, study_from
from predictor.validation.state_size import for_states
from predictor.workflow.state_manifest import describe_states, state_evidence

RIDGE = StateCandidate("proportional_odds", "Ridge", "proportional_odds", (0, 2), (1.0,))


@pytest.fixture
def small(tmp_path: Path) -> tuple[Study, Cohort]:
    """Three states, of which the worst has four patients, checked where all counts are told."""
    config = configuration_of_states()
    told = study_from(Document("study.yaml", config | {"privacy": {"cell_size": 1}}), tmp_path)
    frame = cohort_of_states()
    frame = frame.drop(frame.index[frame["state"] == "flare"][4:])
    cohort = check_cohort(told, table_from_frame(frame)).usable()
    return study_from(Document("study.yaml", config), tmp_path), cohort


def evidence(cohort: Cohort) -> dict[str, Any]:
    counts = tuple(np.bincount(cohort.outcome).tolist())
    needed = for_states("proportional_odds", counts, STATES, 5)
    return state_evidence(cohort, needed, None, validated=True, cell_size=5)


def test_a_small_state_is_not_counted(small: tuple[Study, Cohort]) -> None:
    study, cohort = small
    stands = evidence(cohort)
    assert "flare (hidden), low disease activity (hidden)" in stands["statement"]
    assert stands["level"] == "exploratory"
    described = describe_states(study, cohort, RIDGE, 1.0, [0, 2], stands, {})
    assert [state["patients"] is None for state in described["outcome"]["states"]] == [
        True,
        True,  # or the first one would follow from the total
        False,
    ]
    assert described["predictors"] == ["age", "c3"]


def test_without_a_test_for_signal_nothing_is_validated(small: tuple[Study, Cohort]) -> None:
    stands = evidence(small[1])
    assert "has not been tested" in stands["statement"]
    assert stands["patients"] == small[1].patients
