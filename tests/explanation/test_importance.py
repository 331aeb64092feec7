"""Global importance: which patients it is averaged over, and in which order it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from predictor.clinical.variable import Variable
from predictor.explanation.contributions import contributions
from predictor.explanation.importance import MOST_PATIENTS, drawn_patients, importance
from predictor.fitted.models import LinearModel
from predictor.fitted.preparation import DesignColumn, Preparation
from predictor.learning.procedure import Fitted


def identity(p: int) -> Preparation:
    return Preparation(
        tuple(f"v{j}" for j in range(p)),
        np.zeros(p),
        (),
        tuple(DesignColumn(f"v{j}", j) for j in range(p)),
        np.zeros(p),
        np.ones(p),
    )


def test_a_small_cohort_is_averaged_whole(
    fit_to_cohort: Callable[..., Fitted], variables: tuple[Variable, ...], values: np.ndarray
) -> None:
    fitted = fit_to_cohort("ridge")
    found = importance(fitted.model, fitted.preparation, variables, values, seed=1)

    assert (found.patients, found.of) == (90, 90)
    assert [row.rank for row in found.rows] == [1, 2, 3, 4, 5]
    by_hand = np.abs(contributions(fitted.model, fitted.preparation, values).values).mean(axis=0)
    for row in found.rows:
        j = fitted.preparation.names.index(row.variable)
        assert row.mean_absolute_shap == pytest.approx(by_hand[j], abs=1e-11)
        assert (row.label, row.unit) == (variables[j].label, variables[j].unit)
    sizes = [row.mean_absolute_shap for row in found.rows]
    assert sizes == sorted(sizes, reverse=True)


def test_a_large_cohort_is_averaged_over_500_seeded_patients_and_says_so(
    make_variable: Callable[..., Variable],
) -> None:
    model, preparation = LinearModel(0.0, np.array([1.0])), identity(1)
    values = np.random.default_rng(0).normal(size=(1700, 1))
    named = [make_variable("v0")]

    found = importance(model, preparation, named, values, seed=5)

    assert (found.patients, found.of) == (500, 1700)
    rows = drawn_patients(1700, 5)
    assert len(rows) == len(set(rows.tolist())) == MOST_PATIENTS == 500
    assert (np.diff(rows) > 0).all()
    assert rows.min() >= 0
    assert rows.max() < 1700
    expected = np.abs(values[rows, 0]).mean()
    assert found.rows[0].mean_absolute_shap == pytest.approx(expected, abs=1e-11)
    assert found == importance(model, preparation, named, values, seed=5)
    assert found != importance(model, preparation, named, values, seed=6)


@pytest.mark.parametrize(("patients", "drawn"), [(1, 1), (499, 499), (500, 500), (501, 500)])
def test_never_more_than_500_patients_are_drawn(patients: int, drawn: int) -> None:
    assert len(drawn_patients(patients, 0)) == drawn


def test_equally_important_variables_keep_the_order_of_the_configuration(
    make_variable: Callable[..., Variable],
) -> None:
    # The second and third differ by rounding only.
    model = LinearModel(0.0, np.array([0.1, 0.3, 0.1 + 0.2]))
    values = np.array([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]])
    named: list[Any] = [make_variable(f"v{j}") for j in range(3)]
    found = importance(model, identity(3), named, values, seed=0)
    assert [row.variable for row in found.rows] == ["v1", "v2", "v0"]
