"""SHAP values against shap's own explainers, against all coalitions, and against their laws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shap
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.errors import PredictorError
from predictor.explanation.contributions import contributions
from predictor.fitted.models import EstimatorModel, LinearModel
from predictor.fitted.preparation import DesignColumn, Preparation
from predictor.learning.procedure import Fitted

LINEAR = ("prevalence", "one_predictor", "firth", "ridge", "elastic_net")
TREES = ("random_forest", "hist_gradient_boosting")

Fit = Callable[..., Fitted]


def own_values(fitted: Fitted, values: np.ndarray) -> np.ndarray:
    """Columns of the variables that the model uses; they come first in the test cohort."""
    return values[:, : len(fitted.preparation.names)]


def shapley(players: int, worth: Callable[[frozenset[int]], float]) -> np.ndarray:
    """Shapley values by their definition, over all coalitions."""
    found = np.zeros(players)
    for i in range(players):
        others = [j for j in range(players) if j != i]
        for size in range(players):
            weight = math.factorial(size) * math.factorial(players - size - 1)
            for chosen in itertools.combinations(others, size):
                gain = worth(frozenset((*chosen, i))) - worth(frozenset(chosen))
                found[i] += weight / math.factorial(players) * gain
    return found


@pytest.mark.parametrize("imputation", ["median", "iterative"])
@pytest.mark.parametrize("name", LINEAR)
def test_linear_contributions_equal_interventional_linear_shap(
    name: str, imputation: str, fit_to_cohort: Fit, values: np.ndarray
) -> None:
    fitted = fit_to_cohort(name, imputation)
    own = own_values(fitted, values)
    design = fitted.preparation.apply(own)
    assert isinstance(fitted.model, LinearModel)
    explainer = shap.LinearExplainer(
        (fitted.model.coefficients, fitted.model.intercept),
        shap.maskers.Independent(design, max_samples=len(design)),
    )
    expected = fitted.preparation.fold(explainer.shap_values(design))

    found = contributions(fitted.model, fitted.preparation, own)

    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-9)
    assert found.base_value == pytest.approx(float(explainer.expected_value), abs=1e-9)
    assert found.scale == "log-odds"


@pytest.mark.parametrize("name", ["ridge", "elastic_net", "firth"])
def test_linear_contributions_equal_the_sum_over_all_coalitions_of_variables(
    name: str, fit_to_cohort: Fit, values: np.ndarray
) -> None:
    # Players are whole variables: the dummies of a state and the missingness indicator of C3
    # join and leave with their variable. The background are all training patients.
    fitted = fit_to_cohort(name)
    found = contributions(fitted.model, fitted.preparation, values)
    for patient in (0, 1, 17):

        def worth(known: frozenset[int], row: np.ndarray = values[patient]) -> float:
            mixed = values.copy()
            mixed[:, sorted(known)] = row[sorted(known)]
            return float(fitted.model.output(fitted.preparation.apply(mixed)).mean())

        np.testing.assert_allclose(found.values[patient], shapley(5, worth), rtol=0, atol=1e-9)


def test_forest_contributions_equal_the_sum_over_all_coalitions(
    fit_to_cohort: Fit, values: np.ndarray
) -> None:
    # TreeSHAP's definition (Lundberg et al. 2020, algorithm 1): an unknown column goes down both
    # ways, weighted by the training patients that went there.
    fitted = fit_to_cohort("random_forest")
    design = fitted.preparation.apply(values)

    def reached(tree: Any, row: np.ndarray, known: frozenset[int], node: int = 0) -> float:
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            return float(tree.value[node, 0, 1] / tree.value[node, 0].sum())
        column = tree.feature[node]
        if column in known:
            down = left if np.float32(row[column]) <= tree.threshold[node] else right
            return reached(tree, row, known, down)
        weight = tree.weighted_n_node_samples
        return float(
            weight[left] * reached(tree, row, known, left)
            + weight[right] * reached(tree, row, known, right)
        ) / float(weight[node])

    trees = [one.tree_ for one in fitted.model.estimator.estimators_]
    found = contributions(fitted.model, fitted.preparation, values[:2])
    for patient in range(2):

        def worth(known: frozenset[int], row: np.ndarray = design[patient]) -> float:
            return float(np.mean([reached(tree, row, known) for tree in trees]))

        per_column = shapley(design.shape[1], worth)
        expected = fitted.preparation.fold(per_column[None, :])[0]
        np.testing.assert_allclose(found.values[patient], expected, rtol=0, atol=1e-9)
        assert found.base_value == pytest.approx(worth(frozenset()), abs=1e-9)


@pytest.mark.parametrize("imputation", ["median", "iterative"])
@pytest.mark.parametrize(
    ("name", "scale"), [("random_forest", "probability"), ("hist_gradient_boosting", "log-odds")]
)
def test_tree_contributions_add_up_to_the_output_on_their_scale(
    name: str, scale: str, imputation: str, fit_to_cohort: Fit, values: np.ndarray
) -> None:
    fitted = fit_to_cohort(name, imputation)
    probability = fitted.model.estimator.predict_proba(fitted.preparation.apply(values))[:, 1]

    found = contributions(fitted.model, fitted.preparation, values)

    total = found.base_value + found.values.sum(axis=1)
    if scale == "log-odds":
        total = 1 / (1 + np.exp(-total))
    np.testing.assert_allclose(total, probability, rtol=0, atol=1e-6)
    assert found.scale == scale
    assert np.abs(found.values).max() > 0.01, "a test on a model without effects shows nothing"


def test_additive_contributions_add_up_with_interactions_shared_equally(
    fit_to_cohort: Fit, values: np.ndarray
) -> None:
    pytest.importorskip("interpret", reason="needs the extra ebm")
    fitted = fit_to_cohort("ebm")
    estimator = fitted.model.estimator
    design = fitted.preparation.apply(values)
    pairs = [features for features in estimator.term_features_ if len(features) == 2]
    assert pairs, "the cohort has an interaction, so the machine must have found one"

    found = contributions(fitted.model, fitted.preparation, values)

    total = found.base_value + found.values.sum(axis=1)
    np.testing.assert_allclose(total, estimator.decision_function(design), rtol=0, atol=1e-6)
    # By hand for the first patient: every term, halved where it has two columns.
    terms = estimator.eval_terms(design[:1])[0]
    expected = np.zeros(5)
    for term, columns in zip(terms, estimator.term_features_, strict=True):
        for column in columns:
            variable = fitted.preparation.columns[column].variable
            expected[variable] += term / len(columns)
    np.testing.assert_allclose(found.values[0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["ridge", "hist_gradient_boosting", "ebm"])
def test_the_reference_is_the_mean_output_of_the_training_patients(
    name: str, fit_to_cohort: Fit, values: np.ndarray
) -> None:
    if name == "ebm":
        pytest.importorskip("interpret", reason="needs the extra ebm")
    fitted = fit_to_cohort(name)
    found = contributions(fitted.model, fitted.preparation, values)
    assert found.base_value == pytest.approx(found.output.mean(), abs=1e-9)


@pytest.mark.parametrize("name", ["random_forest", "hist_gradient_boosting"])
def test_trees_that_never_split_explain_nothing_and_still_add_up(
    name: str, fit_to_cohort: Fit, draw_cohort: Callable[..., Any]
) -> None:
    # Boosting with leaves of at least 8 cannot split 12 patients; the forest is made of stumps.
    fitted = fit_to_cohort(name, "median", 12)
    values, _ = draw_cohort(12)
    found = contributions(fitted.model, fitted.preparation, values)
    np.testing.assert_allclose(found.base_value + found.values.sum(axis=1), found.output)
    if name == "hist_gradient_boosting":
        assert not found.values.any()


@pytest.mark.parametrize("name", [*LINEAR, *TREES])
def test_a_variable_that_does_not_vary_contributes_nothing(
    name: str, fit_to_cohort: Fit, values: np.ndarray
) -> None:
    fitted = fit_to_cohort(name)
    found = contributions(fitted.model, fitted.preparation, own_values(fitted, values))
    if "constant" in found.names:
        assert not found.values[:, found.names.index("constant")].any()


def test_a_patient_is_explained_alone_as_among_others(
    fit_to_cohort: Fit, values: np.ndarray
) -> None:
    for name in ("ridge", *TREES):
        fitted = fit_to_cohort(name)
        together = contributions(fitted.model, fitted.preparation, values)
        alone = contributions(fitted.model, fitted.preparation, values[4:5])
        np.testing.assert_allclose(alone.values[0], together.values[4], rtol=0, atol=1e-12)
        assert alone.base_value == together.base_value


@pytest.mark.parametrize("name", [*LINEAR, *TREES, "ebm"])
def test_nobody_has_no_contributions_and_the_same_reference(
    name: str, fit_to_cohort: Fit, values: np.ndarray
) -> None:
    # Where everybody has gaps, no patient is left whose values are known.
    fitted = fit_to_cohort(name)
    own = own_values(fitted, values)
    nobody = contributions(fitted.model, fitted.preparation, own[:0])
    everybody = contributions(fitted.model, fitted.preparation, own)
    assert nobody.values.shape == (0, own.shape[1])
    assert nobody.output.shape == (0,)
    assert nobody.base_value == everybody.base_value


@pytest.mark.parametrize("name", TREES)
def test_an_estimator_read_from_its_archive_is_explained_as_the_one_that_was_fitted(
    name: str, fit_to_cohort: Fit, values: np.ndarray
) -> None:
    # shap reads private arrays of the trees, which the archive must bring back.
    fitted = fit_to_cohort(name)
    archive = skops.io.dumps(fitted.model.estimator)
    trusted = skops.io.get_untrusted_types(data=archive)
    read = EstimatorModel(skops.io.loads(archive, trusted=trusted), fitted.model.kind)

    before = contributions(fitted.model, fitted.preparation, values)
    after = contributions(read, fitted.preparation, values)

    np.testing.assert_array_equal(after.values, before.values)
    assert after.base_value == before.base_value


def test_dummies_and_indicators_are_summed_into_their_variable() -> None:
    # Two variables; the first has three dummies, the second a number and an indicator.
    preparation = Preparation(
        names=("organ", "c3"),
        fill=np.array([0.0, 80.0]),
        regressions=(),
        columns=(
            DesignColumn("organ=kidney", 0, state=1),
            DesignColumn("c3", 1),
            DesignColumn("organ=joints", 0, state=2),
            DesignColumn("c3 missing", 1, missing=True),
        ),
        centre=np.array([0.25, 80.0, 0.25, 0.5]),
        scale=np.array([0.5, 10.0, 0.5, 0.5]),
    )
    model = LinearModel(-1.0, np.array([1.0, -2.0, 3.0, 0.5]))
    values = np.array([[1.0, 95.0], [2.0, np.nan]])

    found = contributions(model, preparation, values)

    # By hand. First patient: kidney (1 - .25)/.5 = 1.5, joints -.5; C3 1.5, measured -1.
    # Second: kidney -.5, joints 1.5; C3 imputed at 80 = 0, missing +1.
    expected = [[1.5 * 1 - 0.5 * 3, -2 * 1.5 - 0.5], [-0.5 * 1 + 1.5 * 3, 0.0 + 0.5]]
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-12)
    assert found.names == ("organ", "c3")
    assert found.reference_probability == pytest.approx(1 / (1 + math.e))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_patient_of_any_linear_model_adds_up(data: st.DataObject) -> None:
    p = data.draw(st.integers(1, 6))
    finite = st.floats(-50, 50)
    numbers = st.lists(finite, min_size=p, max_size=p).map(np.array)
    preparation = Preparation(
        names=tuple(f"v{j}" for j in range(p)),
        fill=data.draw(numbers),
        regressions=(),
        columns=tuple(DesignColumn(f"v{j}", j) for j in range(p)),
        centre=data.draw(numbers),
        scale=np.abs(data.draw(numbers)) + 1.0,
    )
    model = LinearModel(data.draw(finite), data.draw(numbers))
    cell = st.one_of(finite, st.just(math.nan))
    row = data.draw(st.lists(cell, min_size=p, max_size=p).map(np.array))

    found = contributions(model, preparation, row[None, :])

    np.testing.assert_allclose(
        found.base_value + found.values.sum(axis=1), found.output, rtol=0, atol=1e-6
    )
    np.testing.assert_allclose(found.output, model.output(preparation.apply(row[None, :])))


def test_contributions_that_do_not_add_up_are_not_shown(
    fit_to_cohort: Fit, values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = fit_to_cohort("random_forest")
    true = shap.TreeExplainer.shap_values
    monkeypatch.setattr(
        shap.TreeExplainer, "shap_values", lambda *a, **k: true(*a, **k) + 1e-5, raising=True
    )
    with pytest.raises(PredictorError, match="do not add up to the prediction"):
        contributions(fitted.model, fitted.preparation, values)


@pytest.mark.parametrize("name", ["ridge", "random_forest", "hist_gradient_boosting"])
def test_gaps_that_were_filled_before_have_the_same_contributions(
    name: str, fit_to_cohort: Fit, values: np.ndarray
) -> None:
    fitted = fit_to_cohort(name)
    own = own_values(fitted, values)
    filled, absent = fitted.preparation.impute(own), np.isnan(own)
    found = contributions(fitted.model, fitted.preparation, filled, absent)
    expected = contributions(fitted.model, fitted.preparation, own)
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_array_equal(found.output, expected.output)


def test_that_a_value_was_missing_counts_for_its_variable(
    fit_to_cohort: Fit, values: np.ndarray
) -> None:
    fitted = fit_to_cohort("ridge")
    assert isinstance(fitted.model, LinearModel)
    filled = fitted.preparation.impute(own_values(fitted, values))
    known = np.zeros(filled.shape, dtype=bool)
    absent = known.copy()
    absent[:, 0] = True
    told = [
        contributions(fitted.model, fitted.preparation, filled, flags).values
        for flags in (known, absent)
    ]
    names = [column.name for column in fitted.preparation.columns]
    place = names.index("c3 missing")
    step = fitted.model.coefficients[place] / fitted.preparation.scale[place]
    expected = np.zeros(told[0].shape)
    expected[:, 0] = step
    np.testing.assert_allclose(told[1] - told[0], expected, atol=1e-12)
