"""SHAP values in clinical variables, exact for every model of this package.

Linear models have a closed form, trees have TreeSHAP, additive models are their own explanation;
nothing is sampled. Dummy columns and missingness indicators are summed into the variable they
come from, so that a reader sees C3 once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import PredictorError
from predictor.fitted.models import EstimatorModel, LinearModel, Model, Scale, expit
from predictor.fitted.preparation import Preparation, Values

_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Contributions:
    """What moves each patient away from the reference.

    Parameters
    ----------
    names
        Variables, in the order of the columns of ``values``.
    values
        SHAP values on ``scale``, shape (patients, variables).
    base_value
        Output for the reference, an average patient of the cohort.
    output
        Model output on ``scale``, shape (patients,); equals ``base_value`` plus the row sums.
    scale
        ``"log-odds"`` or ``"probability"``.
    """

    names: tuple[str, ...]
    values: Values
    base_value: float
    output: Values
    scale: Scale

    @property
    def reference_probability(self) -> float:
        """Probability of the reference."""
        if self.scale == "probability":
            return self.base_value
        return float(expit(np.array([self.base_value]))[0])


def contributions(
    model: Model,
    preparation: Preparation,
    values: Values,
    absent: NDArray[np.bool_] | None = None,
) -> Contributions:
    """Exact SHAP values of some patients.

    For a linear model the value of a column is its coefficient times the distance from the mean
    of the training patients (interventional SHAP with independent columns; Lundberg and Lee 2017).
    For trees it is path-dependent TreeSHAP (Lundberg et al., Nat Mach Intell 2020;2:56), whose
    reference is the training patients as they fell into the leaves. For an additive model it is
    the term itself.

    Parameters
    ----------
    model, preparation
        The fitted model.
    values
        Shape (patients, variables), NaN for missing.
    absent
        Which values had been missing, where the gaps have been filled in before.

    Raises
    ------
    PredictorError
        If the values do not add up to the model's output to 1e-6; this must not happen, and a
        wrong explanation must not be shown.
    """
    design = preparation.apply(values) if absent is None else preparation.design(values, absent)
    output = model.output(design)
    if isinstance(model, LinearModel):
        # Standardised columns have mean zero among the training patients.
        per_column, base_value = design * model.coefficients, model.intercept
    else:
        base_value = _base_value(model)
        # Estimators take no empty table.
        per_column = _per_column(model, design) if len(design) else design
    folded = preparation.fold(per_column)
    gap = np.abs(base_value + folded.sum(axis=1) - output)
    if gap.size and not gap.max() <= _TOLERANCE:
        raise PredictorError(
            "explanation",
            "the contributions do not add up to the prediction, so none is shown",
            "Please report this with the versions that `predictor inspect` prints.",
        )
    return Contributions(preparation.names, folded, base_value, output, model.scale)


def _base_value(model: EstimatorModel) -> float:
    if model.kind == "additive":
        return float(np.ravel(model.estimator.intercept_)[0])
    # A forest has one for each class, boosting that of the event alone.
    return float(np.atleast_1d(_explainer(model.estimator).expected_value)[-1])


def _per_column(model: EstimatorModel, design: Values) -> Values:
    if model.kind == "additive":
        return _additive_terms(model, design)
    found: Any = _explainer(model.estimator).shap_values(design, check_additivity=False)
    return np.asarray(found[..., 1] if np.ndim(found) == 3 else found, dtype=np.float64)


@lru_cache(maxsize=4)
def _explainer(estimator: Any) -> Any:
    """Copying the trees takes longer than explaining one patient, so it is done once."""
    import shap

    return shap.TreeExplainer(estimator, feature_perturbation="tree_path_dependent")


def _additive_terms(model: EstimatorModel, design: Values) -> Values:
    terms: Values = np.asarray(model.estimator.eval_terms(design), dtype=np.float64)
    per_column = np.zeros(design.shape)
    for t, features in enumerate(model.estimator.term_features_):
        for j in features:  # Shapley: an interaction is shared equally
            per_column[:, j] += terms[:, t] / len(features)
    return per_column
