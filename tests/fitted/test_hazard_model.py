"""A model of a time as data: its arithmetic, and what a damaged one is told."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.errors import BundleError
from predictor.fitted.hazard_model import (
    HazardModel,
    HazardReplicates,
    hazard_part,
    incidence,
    monthly,
)

MODEL = HazardModel(
    np.array([[0.5, -0.2], [0.1, 0.0]]),
    ((1, 3, 6), (6,)),
    (np.array([0.05, 0.1, 0.3]), np.array([0.12])),
)
REPLICATES = HazardReplicates(
    np.stack([MODEL.coefficients, MODEL.coefficients * 2]),
    np.array([[0.05, 0.1, 0.3, 0.12], [0.1, 0.1, 0.3, 0.06]]),
)
MANIFEST = {"outcome": {"follow_up": {"horizon_months": [3, 6]}}}

hazards = st.lists(st.floats(0, 3), min_size=3, max_size=3)


def test_two_months_of_one_cause_are_as_by_hand() -> None:
    # Hazard 0.2 a month: 1 - exp(-0.2) by the first, 1 - exp(-0.4) by the second.
    found = incidence(np.zeros(1), np.array([[0.2, 0.2]]))
    assert found.ravel() == pytest.approx([1 - np.exp(-0.2), 1 - np.exp(-0.4)])


def test_causes_share_what_happens_as_their_hazards() -> None:
    found = incidence(np.log([2.0, 1.0]), np.array([[0.1], [0.2]]))
    assert found.ravel() == pytest.approx([(1 - np.exp(-0.4)) / 2] * 2)


@given(hazards, hazards, st.floats(-5, 5), st.floats(-5, 5))
def test_causes_and_no_event_add_up_to_one_and_never_fall(
    one: list[float], other: list[float], first: float, second: float
) -> None:
    each = np.array([one, other])
    ratio = np.array([first, second])
    found = incidence(ratio, each)
    left = np.exp(-np.cumsum((np.exp(ratio)[:, None] * each).sum(axis=0)))
    assert found.sum(axis=0) + left == pytest.approx(1.0)
    assert (np.diff(found, axis=1) >= -1e-12).all()


def test_hazards_are_spread_evenly_between_known_months() -> None:
    each = monthly(MODEL.months, MODEL.hazards)
    assert each[0] == pytest.approx([0.05, 0.05, 0.05, 0.1, 0.1, 0.1])
    assert each[1] == pytest.approx([0.02] * 6)


def test_what_is_written_is_what_is_read() -> None:
    again = HazardModel.from_dict(MODEL.to_dict(), 2)
    assert again.to_dict() == MODEL.to_dict()
    both = HazardReplicates.from_bytes(REPLICATES.to_bytes(), MODEL, "bundle")
    assert both.coefficients.tolist() == REPLICATES.coefficients.tolist()
    part = hazard_part(
        MANIFEST, MODEL.to_dict(), {"replicates.npz": REPLICATES.to_bytes()}, 2, "bundle"
    )
    assert part.marks == (3, 6)
    assert part.replicates is not None


def test_a_replicate_answers_as_the_model_it_is() -> None:
    design = np.array([[1.0, -1.0], [0.3, 0.4]])
    found = REPLICATES.of_event(design[:, None], MODEL)
    assert found[:, 0] == pytest.approx(MODEL.incidence(MODEL.log_ratio(design))[:, 0])


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("months", [3, 1, 6]),
        ("months", [1, 3, 7]),
        ("months", [0, 3, 6]),
        ("months", [1.5, 3, 6]),
        ("months", [1, 3, 10**9]),
        ("hazard", [0.1, -0.1, 0.1]),
        ("hazard", [0.1, 0.1]),
        ("hazard", [0.1, None, 0.1]),
        ("hazard", [0.1, 1e300, 0.1]),
    ],
)
def test_a_baseline_that_cannot_be_is_refused(where: str, value: object) -> None:
    data = deepcopy(MODEL.to_dict())
    data["baseline"][0][where] = value
    with pytest.raises(BundleError, match="in the hazards"):
        HazardModel.from_dict(data, 2)


@pytest.mark.parametrize("data", [None, [], {}, {"coefficients": [[1.0, 2.0]]}])
def test_an_incomplete_model_is_refused(data: object) -> None:
    with pytest.raises(BundleError, match="incomplete"):
        HazardModel.from_dict(data, 2)


def test_parts_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(BundleError, match="in the hazards"):
        HazardModel.from_dict(MODEL.to_dict(), 3)
    with pytest.raises(BundleError, match="end at different months"):
        hazard_part(
            {"outcome": {"follow_up": {"horizon_months": [3, 12]}}}, MODEL.to_dict(), {}, 2, "b"
        )
    with pytest.raises(BundleError, match="names no months"):
        hazard_part({"outcome": {}}, MODEL.to_dict(), {}, 2, "b")
    short = HazardReplicates(REPLICATES.coefficients, REPLICATES.hazards[:, :3])
    with pytest.raises(BundleError, match="replicates are damaged"):
        HazardReplicates.from_bytes(short.to_bytes(), MODEL, "b")
    with pytest.raises(BundleError, match="replicates are damaged"):
        HazardReplicates.from_bytes(b"PK nothing", MODEL, "b")
