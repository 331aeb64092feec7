"""Directions of models of every kind, and how often refits have the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from predictor.clinical.variable import Variable
from predictor.explanation.direction import direction_of, share_of_refits
from predictor.explanation.shown import Effects
from predictor.fitted.replicates import Replicates

Make = Callable[..., Variable]

VALUES = np.linspace(0.0, 10.0, 50)


@pytest.mark.parametrize(
    ("contributions", "found"),
    [
        (0.2 * VALUES - 1.0, "raises"),
        (-np.exp(VALUES), "lowers"),
        (np.where(VALUES > 3.0, 0.4, -0.1), "raises"),
        (np.abs(VALUES - 5.0), "neither"),
        (np.full(50, 0.3), "neither"),
        (np.zeros(50), "nothing"),
    ],
)
def test_direction_is_that_of_the_ranks(
    contributions: np.ndarray, found: str, make_variable: Make
) -> None:
    assert direction_of(Effects("a", VALUES, contributions), make_variable("a")) == found


def test_gaps_do_not_count(make_variable: Make) -> None:
    values = np.append(VALUES, [np.nan, np.nan])
    contributions = np.append(VALUES, [-100.0, 100.0])
    assert direction_of(Effects("a", values, contributions), make_variable("a")) == "raises"
    nobody = Effects("a", np.full(3, np.nan), np.ones(3))
    assert direction_of(nobody, make_variable("a")) == "nothing"


def test_a_yes_has_a_direction_and_states_without_order_have_none(make_variable: Make) -> None:
    yes = np.tile([0.0, 1.0], 10)
    effects = Effects("a", yes, -yes)
    assert direction_of(effects, make_variable("a", "binary")) == "lowers"
    assert direction_of(effects, make_variable("a", "nominal", ("x", "y"))) is None


def test_refits_with_the_same_sign_are_counted() -> None:
    replicates = Replicates(
        np.zeros(4),
        # Of one number, its gap, and a state of another variable.
        np.array([[1.0, -5.0, -1.0], [2.0, -5.0, -1.0], [0.5, -5.0, -1.0], [-1.0, 5.0, -1.0]]),
        np.array([0, 0, 1]),
        np.array([-1, -1, 2]),
        np.array([False, True, False]),
    )
    assert share_of_refits(replicates, 0, "raises") == 0.75
    assert share_of_refits(replicates, 0, "lowers") == 0.25
    assert share_of_refits(replicates, 0, "neither") is None
    assert share_of_refits(replicates, 1, "raises") is None
    assert share_of_refits(None, 0, "raises") is None
