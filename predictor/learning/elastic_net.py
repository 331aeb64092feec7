"""Elastic-net logistic regression by proximal Newton steps.

scikit-learn's only solver for this penalty (saga) needs thousands of passes over correlated
laboratory values; a Newton step turns the problem into weighted least squares, which its
coordinate descent solves in a few sweeps (Friedman, Hastie, Tibshirani, J Stat Softw 2010;33:1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import enet_path

from predictor.errors import LearningError
from predictor.learning.estimators import LinearClassifier, one_class_error

Floats = NDArray[np.float64]

_STEPS = 100
_HALVINGS = 30
_TOLERANCE = 1e-8


class ElasticNetLogistic(LinearClassifier):
    """Logistic regression, penalised by squares and absolute values of the coefficients.

    Maximises the log-likelihood less
    ``penalty * (l1_share * sum(|b|) + (1 - l1_share) / 2 * sum(b**2))`` over standardised columns;
    the intercept is free. With ``l1_share=0`` it is the ridge of this package.

    Parameters
    ----------
    penalty : float
        Lambda, positive.
    l1_share : float
        Share of the penalty on absolute values, above 0 and at most 1.
    """

    def __init__(self, penalty: float = 1.0, l1_share: float = 0.5) -> None:
        self.penalty = penalty
        self.l1_share = l1_share

    def _solve(self, X: Floats, y: Floats, weights: Floats | None) -> tuple[float, Floats, int]:
        w = np.ones(len(y)) if weights is None else weights
        share = float(w @ y / w.sum())
        if not 0 < share < 1:
            raise one_class_error()
        intercept = float(np.log(share / (1 - share)))
        coefficients = np.zeros(X.shape[1])
        objective = self._objective(X, y, w, intercept, coefficients)
        for step in range(1, _STEPS + 1):
            aim = self._quadratic_step(X, y, w, intercept, coefficients)
            move = (aim[0] - intercept, aim[1] - coefficients)
            for halving in range(_HALVINGS):
                trial = (
                    intercept + move[0] * 0.5**halving,
                    coefficients + move[1] * 0.5**halving,
                )
                reached = self._objective(X, y, w, *trial)
                if reached <= objective + 1e-12 * abs(objective):
                    break
            gain = objective - reached
            intercept, coefficients = trial
            objective = reached
            if gain <= _TOLERANCE * 1e-4 * max(1.0, abs(objective)):
                return intercept, coefficients, step
        raise LearningError(
            "elastic_net", f"no convergence in {_STEPS} steps", "Raise its smallest penalty."
        )

    def _quadratic_step(
        self, X: Floats, y: Floats, w: Floats, intercept: float, coefficients: Floats
    ) -> tuple[float, Floats]:
        """Minimum of the penalised quadratic approximation at the current coefficients."""
        log_odds = X @ coefficients + intercept
        probability = 0.5 * (1 + np.tanh(0.5 * log_odds))
        # Floor of glmnet: a weight of zero would leave the working outcome undefined.
        curvature = np.maximum(probability * (1 - probability), 1e-5)
        working = log_odds + (y - probability) / curvature
        omega = w * curvature
        total = omega.sum()
        centre, level = omega @ X / total, float(omega @ working / total)
        root = np.sqrt(omega)
        columns = np.asfortranarray((X - centre) * root[:, None])
        rest = (working - level) * root
        _, path, _ = enet_path(
            columns,
            rest,
            alphas=[self.penalty / len(y)],
            l1_ratio=self.l1_share,
            precompute=columns.T @ columns,
            Xy=columns.T @ rest,
            coef_init=coefficients,
            tol=_TOLERANCE,
            max_iter=100_000,
            check_input=False,
        )
        aim: Floats = path[:, 0]
        return level - float(centre @ aim), aim

    def _objective(
        self, X: Floats, y: Floats, w: Floats, intercept: float, coefficients: Floats
    ) -> float:
        log_odds = X @ coefficients + intercept
        loss = float(w @ (np.logaddexp(0, log_odds) - y * log_odds))
        squares = (1 - self.l1_share) / 2 * float(coefficients @ coefficients)
        return loss + self.penalty * (self.l1_share * float(np.abs(coefficients).sum()) + squares)
