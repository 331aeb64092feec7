"""Which variables matter over a whole cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.explanation.contributions import contributions
from predictor.fitted.models import Model, Scale
from predictor.fitted.preparation import Preparation, Values

MOST_PATIENTS = 500
"""Patients that global SHAP values are averaged over at most; drawn by seed and said so."""


@dataclass(frozen=True, slots=True)
class VariableImportance:
    """One row of the importance table."""

    variable: str
    label: str
    unit: str | None
    mean_absolute_shap: float
    rank: int


@dataclass(frozen=True, slots=True)
class Importance:
    """Global explanation, most important variable first.

    Parameters
    ----------
    rows
        One per variable.
    scale
        Scale of the SHAP values.
    patients, of
        Averaged over so many patients, of so many in the cohort.
    """

    rows: tuple[VariableImportance, ...]
    scale: Scale
    patients: int
    of: int


def importance(
    model: Model,
    preparation: Preparation,
    variables: Sequence[Variable],
    values: Values,
    *,
    seed: int,
) -> Importance:
    """Mean absolute SHAP value of each variable.

    Parameters
    ----------
    model, preparation
        The fitted model.
    variables
        The predictors, in the order of the columns of ``values``.
    values
        Shape (patients, variables), NaN for missing.
    seed
        Draws the patients where there are more than ``MOST_PATIENTS``.
    """
    rows = drawn_patients(len(values), seed)
    found = contributions(model, preparation, values[rows])
    # Rounded so that two variables that are equal but for the last bit keep their order.
    size = np.round(np.abs(found.values).mean(axis=0), 12)
    order = np.argsort(-size, kind="stable")
    table = tuple(
        VariableImportance(
            variables[j].name, variables[j].label, variables[j].unit, float(size[j]), place
        )
        for place, j in enumerate(order, start=1)
    )
    return Importance(table, found.scale, len(rows), len(values))


def drawn_patients(patients: int, seed: int) -> NDArray[np.intp]:
    """Rows that global SHAP values are computed on, in order."""
    if patients <= MOST_PATIENTS:
        return np.arange(patients)
    generator = np.random.default_rng(np.random.SeedSequence([seed, 3]))
    return np.sort(generator.choice(patients, MOST_PATIENTS, replace=False))
