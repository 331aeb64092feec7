"""Models of several states as data: probabilities add up, and nothing odd is loaded."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.errors import BundleError
from predictor.fitted.models import expit
from predictor.fitted.state_model import StateModel, state_probabilities
from predictor.fitted.state_replicates import StateReplicates

LOG_ODDS = st.floats(-1e6, 1e6)


@given(
    st.lists(LOG_ODDS, min_size=2, max_size=9),
    st.sampled_from(["multinomial", "proportional_odds"]),
)
def test_probabilities_add_up_to_one_whatever_the_log_odds(found: list[float], kind: str) -> None:
    log_odds = np.array(found)
    if kind == "proportional_odds":
        log_odds = np.sort(log_odds)[::-1].copy()
    told = state_probabilities(kind, log_odds)  # type: ignore[arg-type]
    assert abs(told.sum() - 1.0) <= 1e-12
    assert ((told >= 0.0) & (told <= 1.0)).all()


@given(
    st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3),
)
def test_any_patient_of_a_model_has_probabilities_that_add_up(
    coefficients: list[float], values: list[float]
) -> None:
    for model in (
        StateModel("proportional_odds", np.array([1.0, -1.0]), np.array([coefficients])),
        StateModel("multinomial", np.array([1.0, -1.0]), np.array([coefficients] * 2)),
    ):
        told = model.probability(np.array([values]))[0]
        assert abs(told.sum() - 1.0) <= 1e-12
        assert ((told >= 0.0) & (told <= 1.0)).all()


def test_proportional_odds_are_differences_of_cumulative_probabilities() -> None:
    log_odds = np.array([1.2, 0.3, -2.0])
    above = expit(log_odds)
    expected = [1 - above[0], above[0] - above[1], above[1] - above[2], above[2]]
    np.testing.assert_allclose(state_probabilities("proportional_odds", log_odds), expected)


def test_a_model_comes_back_from_json() -> None:
    model = StateModel("multinomial", np.array([0.1, -0.2]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    again = StateModel.from_dict(json.loads(json.dumps(model.to_dict())))
    np.testing.assert_array_equal(again.coefficients, model.coefficients)
    assert again.kind == "multinomial"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "probit"},
        {"intercepts": [1.0]},
        {"intercepts": [-1.0, 1.0]},
        {"intercepts": [1.0, None]},
        {"coefficients": []},
        {"coefficients": [[1.0], [1.0]]},
        {"coefficients": [[1e9]]},
        {"coefficients": "x"},
    ],
)
def test_a_model_that_cannot_be_meant_is_refused(change: dict[str, object]) -> None:
    data = {"kind": "proportional_odds", "intercepts": [1.0, -1.0], "coefficients": [[0.5]]}
    with pytest.raises(BundleError):
        StateModel.from_dict(data | change)


def test_replicates_come_back_and_damaged_ones_are_refused() -> None:
    made = StateReplicates(
        np.ones((3, 2)),
        np.ones((3, 1, 2)),
        np.array([0, 1]),
        np.array([-1, -1]),
        np.array([False, False]),
    )
    data = made.to_bytes()
    again = StateReplicates.from_bytes(data, 2, 1, 3, "x")
    np.testing.assert_array_equal(again.slopes, made.slopes)
    for sizes in ((1, 1, 3), (2, 2, 3), (2, 1, 4)):
        with pytest.raises(BundleError, match="damaged"):
            StateReplicates.from_bytes(data, *sizes, "x")
    with pytest.raises(BundleError, match="damaged"):
        StateReplicates.from_bytes(data[:-20], 2, 1, 3, "x")
