"""Linear scikit-learn classifiers for two classes: ridge, Firth and prevalence.

All three have ``coef_`` and ``intercept_``, so that a fitted one is data: a bundle needs no class
from here to apply it. The event is ``classes_[1]``, the greater of the two outcomes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from predictor.errors import LearningError
from predictor.learning.newton import OneClassError, newton_logistic

Floats = NDArray[np.float64]

__all__ = ["FirthLogistic", "Prevalence", "RidgeLogistic"]


class LinearClassifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Checks, encoding of the outcome and prediction; a subclass supplies the solution."""

    classes_: NDArray[Any]
    coef_: Floats
    intercept_: Floats
    n_iter_: int
    n_features_in_: int

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to patients.

        Parameters
        ----------
        X : shape (n, q)
            Prepared columns: complete, numeric, standardised where the penalty needs it.
        y : shape (n,)
            Outcome with two states; the greater one is the event.
        sample_weight : shape (n,), optional
            Number of patients each row stands for: 2 equals the row twice, 0 equals dropping it.

        Raises
        ------
        LearningError
            If no finite estimate exists or none was found.
        ValueError
            If the input is not numeric and complete, or does not hold two classes.
        """
        checked: tuple[Floats, NDArray[Any]] = validate_data(self, X, y, dtype=np.float64)
        columns, outcome = checked
        classes, codes = np.unique(outcome, return_inverse=True)
        _require_two_classes(outcome, classes.size)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(
                sample_weight, columns, dtype=np.float64, ensure_non_negative=True
            )
        intercept, coefficients, iterations = self._solve(
            columns, codes.astype(np.float64), weights
        )
        self.classes_ = classes
        self.coef_ = coefficients[None, :]
        self.intercept_ = np.array([intercept])
        self.n_iter_ = iterations
        return self

    @abstractmethod
    def _solve(self, X: Floats, y: Floats, weights: Floats | None) -> tuple[float, Floats, int]:
        """Intercept, coefficients (q,) and number of iterations."""

    def decision_function(self, X: ArrayLike) -> Floats:
        """Log-odds of the event, shape (n,)."""
        check_is_fitted(self)
        columns: Floats = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(columns @ self.coef_[0] + self.intercept_[0])

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probabilities of no event and of the event, shape (n, 2)."""
        # tanh cannot overflow, whatever the log-odds
        half = 0.5 * np.tanh(0.5 * self.decision_function(X))
        return np.column_stack((0.5 - half, 0.5 + half))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Class that is more probable than not, shape (n,); an exact tie is no event."""
        log_odds = self.decision_function(X)
        return np.asarray(self.classes_[(log_odds > 0.0).astype(np.intp)])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


class RidgeLogistic(LinearClassifier):
    """Logistic regression with a ridge penalty.

    Maximises the log-likelihood less ``penalty / 2`` times the sum of squared coefficients; the
    intercept is free. Columns are taken as they are. On columns divided by their standard
    deviation with denominator n - 1 this is ``rms::lrm(penalty=)`` with a simple penalty, and in
    scikit-learn's terms C = 1 / penalty.

    Parameters
    ----------
    penalty
        lambda >= 0; 0 is maximum likelihood, which fails with a ``LearningError`` when the
        predictors separate events from non-events.

    Examples
    --------
    >>> model = RidgeLogistic(penalty=1.0).fit([[-1.0], [0.0], [0.5], [1.0]], [0, 1, 0, 1])
    >>> model.coef_.shape
    (1, 1)
    """

    def __init__(self, penalty: float = 1.0) -> None:
        self.penalty = penalty

    def _solve(self, X: Floats, y: Floats, weights: Floats | None) -> tuple[float, Floats, int]:
        # newton_logistic refuses a penalty out of range
        fit = newton_logistic(X, y, weights=weights, penalty=self.penalty)
        fit.require_convergence("ridge logistic regression")
        return fit.intercept, fit.coefficients, fit.iterations


class FirthLogistic(LinearClassifier):
    """Logistic regression with Firth's penalty: finite estimates whatever the separation.

    Firth 1993; Heinze and Schemper, Statistics in Medicine 2002;21:2409-2419. The result does not
    depend on the scale of the columns.

    Parameters
    ----------
    intercept_correction
        ``"flic"`` (default): the intercept is estimated anew by maximum likelihood with the other
        coefficients held, so that the mean prediction equals the (weighted) share of events
        (Puhr et al., Statistics in Medicine 2017;36:2302-2317). Firth's own predictions are drawn
        towards one half. ``"none"``: Firth's own intercept.

    Examples
    --------
    >>> X, y = [[-2.0], [-1.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1, 1]  # separated
    >>> share = FirthLogistic().fit(X, y).predict_proba(X)[:, 1].mean()
    >>> print(f"{share:.6f}")
    0.600000
    """

    def __init__(self, intercept_correction: Literal["flic", "none"] = "flic") -> None:
        self.intercept_correction = intercept_correction

    def _solve(self, X: Floats, y: Floats, weights: Floats | None) -> tuple[float, Floats, int]:
        if self.intercept_correction not in ("flic", "none"):
            raise ValueError('intercept_correction must be "flic" or "none"')
        where = "Firth logistic regression"
        fit = newton_logistic(X, y, weights=weights, firth=True).require_convergence(where)
        if self.intercept_correction == "none":
            return fit.intercept, fit.coefficients, fit.iterations
        shift = newton_logistic(
            np.empty((len(y), 0)), y, weights=weights, offset=X @ fit.coefficients + fit.intercept
        ).require_convergence(where)
        iterations = fit.iterations + shift.iterations
        return fit.intercept + shift.intercept, fit.coefficients, iterations


class Prevalence(LinearClassifier):
    """Predicts the (weighted) share of events for everybody: the baseline without predictors.

    Examples
    --------
    >>> model = Prevalence().fit([[3.0], [1.0], [2.0], [9.0]], [0, 0, 0, 1])
    >>> print(f"{model.predict_proba([[5.0]])[0, 1]:.3f}")
    0.250
    """

    def _solve(self, X: Floats, y: Floats, weights: Floats | None) -> tuple[float, Floats, int]:
        counted = np.ones(len(y)) if weights is None else weights
        events = float(counted @ y)
        non_events = float(counted @ (1.0 - y))
        if events <= 0.0 or non_events <= 0.0:
            raise one_class_error()
        return float(np.log(events / non_events)), np.zeros(X.shape[1]), 1

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


def _require_two_classes(y: NDArray[Any], classes: int) -> None:
    if classes == 2:
        # type_of_target is slow; two distinct values can only be wrong as fractions
        if y.dtype.kind != "f":
            return
        check_classification_targets(y)
        return
    if classes == 1:
        raise one_class_error()
    check_classification_targets(y)
    raise ValueError(  # scikit-learn's wording, which its own checks look for
        f"Only binary classification is supported. The type of the target is {type_of_target(y)}."
    )


def one_class_error() -> LearningError:
    return OneClassError(
        "outcome", "there is one class only", "Patients with and without the event are needed."
    )
