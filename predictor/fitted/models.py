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


# Log-odds, per standard deviation of a column. One in a million has 14; beyond this the
# contributions could not add up to six digits.
_LARGEST = 1e6
# Below it a double has fewer digits than elsewhere, or none.
_TINY = 1e-290


def expit(log_odds: Values) -> Values:
    """Probability of log-odds, with all its digits near 0 too, and without overflow.

    It is 0 below log-odds of -745 and 1 above 36.7, where a double has nothing between.

    >>> expit(np.array([-1000.0, -40.0, 0.0, 1000.0])).tolist()
    [0.0, 4.248354255291589e-18, 0.5, 1.0]
    """
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, small) / (1.0 + small)


def mean_over_draws(log_odds: Values) -> tuple[Values, Values]:
    """Mean probability over draws, and its log-odds.

    Both come from the means of the probability and of its complement, neither of which is got by
    subtracting: so the log-odds have all their digits where the probability is next to 0 or 1.

    Parameters
    ----------
    log_odds : shape (patients, draws)

    Returns
    -------
    Probability and log-odds, shape (patients,) each.

    Examples
    --------
    >>> probability, output = mean_over_draws(np.array([[-40.0, -41.0], [900.0, 900.0]]))
    >>> (1e18 * probability[0]).round(4), probability[1], output.round(6).tolist()
    (np.float64(2.9056), np.float64(1.0), [-40.379885, 900.0])
    """
    above = log_odds >= 0
    small = np.exp(-np.abs(log_odds))
    large = 1.0 / (1.0 + small)
    small *= large
    probability = np.where(above, large, small).mean(axis=1)
    complement = np.where(above, small, large).mean(axis=1)
    far = np.minimum(probability, complement) < _TINY
    if not far.any():
        return probability, np.log(probability) - np.log(complement)
    output = np.empty_like(probability)
    output[~far] = np.log(probability[~far]) - np.log(complement[~far])
    output[far] = _log_mean_expit(log_odds[far]) - _log_mean_expit(-log_odds[far])
    return probability, output


def _log_mean_expit(log_odds: Values) -> Values:
    """Logarithm of the mean probability over draws, shape (patients,), however small it is."""
    each = np.minimum(log_odds, 0.0) - np.log1p(np.exp(-np.abs(log_odds)))
    most = each.max(axis=1)
    return np.asarray(most + np.log(np.exp(each - most[:, None]).mean(axis=1)))


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
        """Rebuild from :meth:`to_dict`; BundleError if a number is missing or cannot be meant."""
        if not isinstance(data, dict) or not {"intercept", "coefficients"} <= data.keys():
            raise BundleError(where, "the data of the linear model are incomplete")
        try:
            (intercept,) = finite([data["intercept"]], most=_LARGEST)
            return cls(float(intercept), finite(data["coefficients"], most=_LARGEST))
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
