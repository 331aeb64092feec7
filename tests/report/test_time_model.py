"""The calculation by hand of a model of a time gives what the model gives."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.fitted.hazard_model import HazardModel
from predictor.report.contents.time_model import by_hand, stretches_of


def made(causes: int) -> HazardModel:
    months = ((3, 7, 12), (5, 12))[:causes]
    hazards = (np.array([0.05, 0.2, 0.1]), np.array([0.02, 0.3]))[:causes]
    return HazardModel(np.zeros((causes, 1)), months, hazards)


@pytest.mark.parametrize("causes", [1, 2])
def test_stretches_by_hand_give_the_incidence_of_the_model(causes: int) -> None:
    model = made(causes)
    ratio = np.array([[0.4, -0.9]])[:, :causes]
    exact = model.incidence(ratio)[0, 0]
    for step in by_hand(stretches_of(model), tuple(np.exp(ratio[0]))):
        assert step.event == pytest.approx(exact[step.stretch.last - 1], abs=1e-5)


def test_stretches_end_where_any_baseline_changes() -> None:
    found = stretches_of(made(2))
    assert [(one.first, one.last) for one in found] == [(0, 3), (3, 5), (5, 7), (7, 12)]
    total = np.array([one.growth for one in found]).sum(axis=0)
    assert total == pytest.approx([0.35, 0.32])
