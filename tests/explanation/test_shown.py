"""What a report shows of effects: profiles that predict() agrees with, and no row of a patient."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from made_bundles import PREDICTORS, preparation
from scipy.stats import spearmanr

from predictor.clinic.patient import shown_value
from predictor.clinic.prediction import predict
from predictor.clinical.variable import Variable
from predictor.explanation.shown import (
    COUNT,
    Profiles,
    profile_findings,
    read_profiles,
    readable,
)
from predictor.fitted.bundle import load_bundle
from predictor.fitted.models import LinearModel
from predictor.learning.procedure import Fitted
from predictor.workflow.findings import plain

Fit = Callable[..., Fitted]
Cohort = Callable[..., tuple[np.ndarray, np.ndarray]]


def findings(
    name: str, fit: Fit, draw: Cohort, variables: tuple[Variable, ...], *, real: bool = False
) -> tuple[Fitted, dict[str, object]]:
    fitted = fit(name)
    values, outcome = draw(90)
    part = profile_findings(
        fitted.model, fitted.preparation, variables, values, outcome, seed=1, real=real
    )
    data: dict[str, object] = json.loads(json.dumps(plain(part), allow_nan=False))
    return fitted, data


@pytest.mark.parametrize("name", ["ridge", "random_forest", "hist_gradient_boosting", "ebm"])
def test_profiles_survive_json_and_add_up_to_the_model(
    name: str, fit_to_cohort: Fit, draw_cohort: Cohort, variables: tuple[Variable, ...]
) -> None:
    fitted, data = findings(name, fit_to_cohort, draw_cohort, variables)
    profiles = read_profiles(data, fitted.model, fitted.preparation, variables, None)
    assert profiles is not None
    assert profiles.values.shape == profiles.contributions.shape == (COUNT, len(variables))
    exact = fitted.model.probability(fitted.preparation.apply(profiles.values))
    np.testing.assert_allclose(profiles.probability, exact, atol=1e-6)
    assert not profiles.from_moments
    assert not profiles.patients


def test_no_profile_is_a_patient_that_is_alone_with_its_values(
    fit_to_cohort: Fit, draw_cohort: Cohort, variables: tuple[Variable, ...]
) -> None:
    fitted, data = findings("ridge", fit_to_cohort, draw_cohort, variables)
    profiles = read_profiles(data, fitted.model, fitted.preparation, variables, None)
    assert profiles is not None
    real = {tuple(row) for row in draw_cohort(90)[0].tolist()}
    assert not [row for row in profiles.values.tolist() if tuple(row) in real]


def test_real_patients_are_kept_only_where_allowed_and_never_as_rows(
    fit_to_cohort: Fit, draw_cohort: Cohort, variables: tuple[Variable, ...]
) -> None:
    _, closed = findings("ridge", fit_to_cohort, draw_cohort, variables)
    assert closed["patients"] is None
    fitted, data = findings("ridge", fit_to_cohort, draw_cohort, variables, real=True)
    profiles = read_profiles(data, fitted.model, fitted.preparation, variables, None)
    assert profiles is not None
    effects = profiles.effects()
    assert [e.variable for e in effects] == [v.name for v in variables]
    values = draw_cohort(90)[0]
    for j, effect in enumerate(effects):
        known = effect.values[~np.isnan(effect.values)]
        assert (np.diff(known) >= 0).all()
        assert known.size == (~np.isnan(values[:, j])).sum()
        # The gaps come last, so that a row has nothing in common across variables.
        assert np.isnan(effect.values[known.size :]).all()


def test_figures_of_the_points_chart_are_told_of_linear_models_only(
    fit_to_cohort: Fit, draw_cohort: Cohort, variables: tuple[Variable, ...]
) -> None:
    _, forest = findings("random_forest", fit_to_cohort, draw_cohort, variables)
    assert forest["points"] is None
    _, ridge = findings("ridge", fit_to_cohort, draw_cohort, variables)
    points = ridge["points"]
    assert isinstance(points, dict)
    assert 0.5 < points["auroc"] <= 1.0
    assert points["auroc_points"] == pytest.approx(points["auroc"], abs=0.02)
    assert points["brier_points"] == pytest.approx(points["brier"], abs=0.01)


def test_a_model_without_effect_has_profiles_but_no_points(
    fit_to_cohort: Fit, draw_cohort: Cohort, variables: tuple[Variable, ...]
) -> None:
    fitted, data = findings("prevalence", fit_to_cohort, draw_cohort, variables)
    assert data["points"] is None
    profiles = read_profiles(data, fitted.model, fitted.preparation, variables, None)
    assert profiles is not None
    assert not profiles.contributions.any()


def test_a_model_without_predictors_has_nothing_to_show() -> None:
    model = LinearModel(-0.3, np.zeros(0))
    nothing = np.empty((20, 0))
    outcome = np.arange(20) % 2
    assert profile_findings(model, preparation(), (), nothing, outcome, seed=1) == {}


def test_a_bundle_without_profiles_is_shown_by_its_moments() -> None:
    bundle = load_bundle("remission")
    profiles = read_profiles(
        None, bundle.model, bundle.preparation, bundle.variables, bundle.moments
    )
    assert profiles is not None
    assert profiles.from_moments
    assert bundle.moments is not None
    apart = np.abs(profiles.values.mean(axis=0) - bundle.moments.centre) / bundle.moments.spread
    assert (apart < 0.2).all()
    for variable, column in zip(bundle.variables, profiles.values.T, strict=True):
        assert variable.plausible is None or all(map(variable.plausible.contains, column))
    row = profiles.at(0.9)
    patient = {
        v.name: shown_value(v, float(x))
        for v, x in zip(bundle.variables, profiles.values[row], strict=True)
    }
    assert predict(patient, bundle).probability == pytest.approx(profiles.probability[row])
    assert profiles.probability[profiles.at(0.1)] < profiles.probability[profiles.at(0.5)]


def test_without_profiles_and_moments_there_is_nothing() -> None:
    model = LinearModel(0.0, np.zeros(6))
    assert read_profiles(None, model, preparation(), PREDICTORS, None) is None
    assert read_profiles({}, model, preparation(), PREDICTORS, None) is None


def test_profiles_of_other_predictors_are_not_shown() -> None:
    part = {"synthetic": {"variables": ["another"], "values": [[1.0]], "contributions": [[1.0]]}}
    model = LinearModel(0.0, np.zeros(6))
    assert read_profiles(part, model, preparation(), PREDICTORS, None) is None


def test_rounding_keeps_what_matters(variables: tuple[Variable, ...], draw_cohort: Cohort) -> None:
    values = draw_cohort(500)[0]
    rounded = readable(variables, values)
    np.testing.assert_array_equal(np.isnan(rounded), np.isnan(values))
    known = ~np.isnan(values[:, 0])
    assert spearmanr(rounded[known, 0], values[known, 0])[0] > 0.999
    assert (rounded[known, 0] == np.round(rounded[known, 0])).all()
    np.testing.assert_array_equal(rounded[:, 1:], values[:, 1:])


def test_the_reference_is_a_probability() -> None:
    empty = np.zeros((1, 1))
    assert Profiles(("a",), empty, empty, 0.3, "probability").reference_probability == 0.3
    assert Profiles(("a",), empty, empty, 0.0, "log-odds").reference_probability == 0.5
