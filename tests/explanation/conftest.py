"""One small cohort with every kind of column, and each candidate fitted to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from predictor.clinical.variable import Kind, Range, Variable
from predictor.learning.candidates import Candidate, Setting
from predictor.learning.preparer import column_of
from predictor.learning.procedure import Fitted, Patients, Plan, fit

LINEAR = ("prevalence", "one_predictor", "firth", "ridge", "elastic_net")

_SETTINGS: dict[str, Setting] = {
    "prevalence": {},
    "one_predictor": {},
    "firth": {},
    "ridge": {"penalty": 1.0},
    "elastic_net": {"penalty": 2.0, "l1_share": 0.5},
    "random_forest": {"n_estimators": 25, "min_samples_leaf": 2},
    "hist_gradient_boosting": {"max_iter": 25, "min_samples_leaf": 8},
    "ebm": {"interactions": 3, "max_bins": 16},
}


def a_variable(
    name: str,
    kind: Kind = "continuous",
    states: tuple[str, ...] = (),
    *,
    integer: bool = False,
    label: str | None = None,
    unit: str | None = "mg/dL",
) -> Variable:
    """A dictionary entry with what the explanation reads of it."""
    number = kind == "continuous"
    return Variable(
        name=name,
        label=name.upper() if label is None else label,
        kind=kind,
        unit=unit if number else None,
        units={unit: 1.0} if number and unit else {},
        refused_units={},
        states=("no", "yes") if kind == "binary" else states,
        reference=None,
        plausible=Range(-1e9, 1e9) if number else None,
        suspicious=None,
        unit_slips=(),
        integer=integer,
        time="baseline",
        exclusion=False,
        loinc=(),
        source="made for tests",
        note="",
    )


VARIABLES = (
    a_variable("c3"),
    a_variable("activity", integer=True, unit="1"),
    a_variable("fever", "binary"),
    a_variable("organ", "nominal", ("skin", "kidney", "joints")),
    a_variable("constant"),
)


def cohort(patients: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Values with gaps and an outcome that depends on them, also through an interaction."""
    generator = np.random.default_rng(seed)
    values = np.column_stack(
        [
            generator.normal(80, 25, patients),
            generator.poisson(6, patients),
            generator.integers(0, 2, patients),
            generator.choice(3, patients, p=[0.5, 0.3, 0.2]),
            np.full(patients, 4.5),
        ]
    ).astype(np.float64)
    log_odds = (values[:, 0] - 80) / 25 * (1 - values[:, 2]) + 0.3 * (values[:, 1] - 6)
    outcome = (generator.random(patients) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)
    outcome[:2] = 0, 1
    gaps = generator.random(values.shape) < 0.12
    gaps[:, 4] = False
    values[gaps] = np.nan
    return values, outcome


@cache
def fitted(name: str, imputation: str = "median", patients: int = 90) -> Fitted:
    """One candidate, fitted to the cohort by the procedure that training uses."""
    values, outcome = cohort(patients)
    plan = Plan(
        columns=tuple(column_of(variable) for variable in VARIABLES),
        imputation=imputation,
        missing_indicators=("c3",),
        inner_folds=3,
    )
    predictors = (0,) if name == "one_predictor" else tuple(range(len(VARIABLES)))
    candidate = Candidate(name, name, predictors, grid=(_SETTINGS[name],))
    return fit(candidate, plan, Patients(values, outcome, None), seed=3)


@pytest.fixture(scope="session")
def fit_to_cohort() -> Callable[..., Fitted]:
    return fitted


@pytest.fixture(scope="session")
def make_variable() -> Callable[..., Variable]:
    return a_variable


@pytest.fixture(scope="session")
def draw_cohort() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    return cohort


@pytest.fixture(scope="session")
def variables() -> tuple[Variable, ...]:
    return VARIABLES


@pytest.fixture(scope="session")
def values() -> np.ndarray:
    return cohort(90)[0]
