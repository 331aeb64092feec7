"""Models after fitting: a linear one is data, any other wraps a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from predictor.errors import BundleError
from predictor.fitted.preparation import Values, finite

Scale = Literal["log-odds", "probability"]
EstimatorKind = Literal["forest", "boosting", "additive"]

_SCALES: Mapping[str, Scale] = {
    "forest": "probability",
    "boosting": "log-odds",
    "additive": "log-odds",
}


def expit(log_odds: Values) -> Values:
    """Probability of log-odds, without overflow.

    >>> expit(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    positive = 1.0 / (1.0 + np.exp(-np.abs(log_odds)))
    return np.where(log_odds >= 0, positive, 1.0 - positive)


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Logistic regression, however its coefficients were found.

    Parameters
    ----------
    intercept
        Log-odds of a patient whose design columns are all zero, that is at the cohort's mean.
    coefficients
        Log-odds per unit of each design column, shape (columns,).
    """

    intercept: float
    coefficients: Values

    @property
    def scale(self) -> Scale:
        """Scale on which contributions add up."""
        return "log-odds"

    def output(self, design: Values) -> Values:
        """Log-odds, shape (patients,)."""
        # One patient after the other, whoever else is asked about: a product of matrices adds in
        # an order that depends on the number of rows and their layout, and the last digit with it.
        rows = np.ascontiguousarray(design)
        return np.asarray(np.einsum("ij,j->i", rows, self.coefficients) + self.intercept)

    def probability(self, design: Values) -> Values:
        """Probability of the event, shape (patients,)."""
        return expit(self.output(design))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; numbers keep every digit."""
        return {"intercept": self.intercept, "coefficients": self.coefficients.tolist()}

    @classmethod
    def from_dict(cls, data: object, where: str = "model") -> LinearModel:
        """Rebuild from :meth:`to_dict`; BundleError if a number is missing or not finite."""
        if not isinstance(data, dict) or not {"intercept", "coefficients"} <= data.keys():
            raise BundleError(where, "the data of the linear model are incomplete")
        try:
            (intercept,) = finite([data["intercept"]])
            return cls(float(intercept), finite(data["coefficients"]))
        except ValueError as error:
            raise BundleError(where, f"in the linear model {error}") from None


@dataclass(frozen=True, slots=True)
class EstimatorModel:
    """A fitted scikit-learn classifier with outcome classes 0 and 1.

    Parameters
    ----------
    estimator
        The classifier.
    kind
        Decides the scale on which its explanation is exact: a forest averages probabilities,
        boosting and additive models sum log-odds.
    """

    estimator: Any
    kind: EstimatorKind

    @property
    def scale(self) -> Scale:
        """Scale on which contributions add up."""
        return _SCALES[self.kind]

    def output(self, design: Values) -> Values:
        """Probability for a forest, log-odds otherwise, shape (patients,)."""
        if self.kind == "forest" or not len(design):
            return self.probability(design)
        raw: NDArray[np.float64] = self.estimator.decision_function(design)
        return np.asarray(raw, dtype=np.float64).reshape(len(design))

    def probability(self, design: Values) -> Values:
        """Probability of the event, shape (patients,)."""
        if not len(design):  # which scikit-learn refuses
            return np.empty(0)
        both: NDArray[np.float64] = self.estimator.predict_proba(design)
        return np.asarray(both[:, 1], dtype=np.float64)


Model = LinearModel | EstimatorModel
