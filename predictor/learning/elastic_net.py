"""Elastic-net logistic regression by proximal Newton steps.

scikit-learn's only solver for this penalty (saga) needs thousands of passes over correlated
laboratory values; a Newton step turns the problem into weighted least squares, which its
coordinate descent solves in a few sweeps (Friedman, Hastie, Tibshirani, J Stat Softw 2010;33:1).
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from predictor.errors import LearningError
from predictor.learning.estimators import LinearClassifier, one_class_error

Floats = NDArray[np.float64]

_STEPS = 100
_HALVINGS = 30
# Changes of the pattern of signs within a Newton step.
_SIGNS = 200
# Breach of the optimality conditions per patient: aimed at, and accepted where rounding stops.
_AIM = 1e-10
_ACCEPTED = 1e-6


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
        Share of the penalty on absolute values, 0 to 1.
    """

    def __init__(self, penalty: float = 1.0, l1_share: float = 0.5) -> None:
        self.penalty = penalty
        self.l1_share = l1_share

    def _solve(self, X: Floats, y: Floats, weights: Floats | None) -> tuple[float, Floats, int]:
        if not (np.isfinite(self.penalty) and self.penalty > 0):
            raise ValueError("penalty must be a positive number")
        if not 0 <= self.l1_share <= 1:
            raise ValueError("l1_share must lie between 0 and 1")
        w = np.ones(len(y)) if weights is None else weights
        share = float(w @ y / w.sum())
        if not 0 < share < 1:
            raise one_class_error()
        intercept = float(np.log(share / (1 - share)))
        coefficients = np.zeros(X.shape[1])
        objective = self._objective(X, y, w, intercept, coefficients)
        breach, step = np.inf, 0
        for step in range(1, _STEPS + 1):  # noqa: B007 - the count is told afterwards
            aim = self._quadratic_step(X, y, w, intercept, coefficients)
            move = (aim[0] - intercept, aim[1] - coefficients)
            for halving in range(_HALVINGS):
                trial = (
                    intercept + move[0] * 0.5**halving,
                    coefficients + move[1] * 0.5**halving,
                )
                reached = self._objective(X, y, w, *trial)
                if reached <= objective + 1e-14 * abs(objective):
                    break
            else:
                break  # no step helps: either this is the optimum or none will be found
            intercept, coefficients = trial
            objective = reached
            breach = self._breach(X, y, w, intercept, coefficients)
            if breach <= _AIM:
                break
        if breach > _ACCEPTED:
            raise LearningError(
                "elastic_net", f"no convergence in {step} steps", "Raise its smallest penalty."
            )
        return intercept, coefficients, step

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
        gram, score = columns.T @ columns, columns.T @ rest
        with warnings.catch_warnings():
            # Whether the result is good enough is decided by the optimality conditions.
            warnings.simplefilter("ignore", ConvergenceWarning)
            _, path, _ = enet_path(
                columns,
                rest,
                alphas=[self.penalty / len(y)],
                l1_ratio=self.l1_share,
                precompute=gram,
                Xy=score,
                coef_init=coefficients.copy(),  # it is written to
                tol=1e-8,
                max_iter=10_000,
                check_input=False,
            )
        aim = self._exact(gram, score, path[:, 0])
        return level - float(centre @ aim), aim

    def _exact(self, gram: Floats, score: Floats, rough: Floats) -> Floats:
        """Solution of the quadratic problem to rounding error, from a rough one.

        Coordinate descent finds the signs soon and the last digits late; with the signs known
        they are the solution of linear equations. Where that solution has another sign, the
        coefficient that reaches zero first on the way there becomes zero; where a zero should not
        be one, it moves (feature-sign search, Lee et al., NIPS 2006). The objective falls each
        time, so that no pattern of signs comes twice.
        """
        absolute = self.penalty * self.l1_share
        square = self.penalty - absolute
        found = rough.copy()
        for _ in range(_SIGNS):
            active = found != 0
            here, signs = found[active], np.sign(found[active])
            equations = gram[np.ix_(active, active)] + square * np.eye(len(here))
            try:
                solution = np.linalg.solve(equations, score[active] - absolute * signs)
            except np.linalg.LinAlgError:
                break
            crossing = np.sign(solution) != signs
            if absolute > 0 and crossing.any():
                share = np.where(crossing, here / np.where(crossing, here - solution, 1), np.inf)
                reached = here + share.min() * (solution - here)
                reached[share == share.min()] = 0
                found[active] = reached
                continue
            found[active] = solution
            slope = score - gram @ found
            excess = np.where(active, 0, np.abs(slope) - absolute * (1 + 1e-9))
            j = int(excess.argmax())
            if excess[j] <= 0:
                break
            found[j] = np.sign(slope[j]) * (abs(slope[j]) - absolute) / (gram[j, j] + square)
        return found

    def _breach(
        self, X: Floats, y: Floats, w: Floats, intercept: float, coefficients: Floats
    ) -> float:
        """Largest breach of the Karush-Kuhn-Tucker conditions, per patient and unit of a column."""
        residual = w * (y - 0.5 * (1 + np.tanh(0.5 * (X @ coefficients + intercept))))
        absolute = self.penalty * self.l1_share
        slope = residual @ X - (self.penalty - absolute) * coefficients
        of_column = np.where(
            coefficients == 0,
            np.maximum(np.abs(slope) - absolute, 0),
            np.abs(slope - absolute * np.sign(coefficients)),
        ) / np.maximum(1.0, np.abs(X).max(axis=0))
        return float(max(np.abs(residual.sum()), of_column.max(initial=0)) / w.sum())

    def _objective(
        self, X: Floats, y: Floats, w: Floats, intercept: float, coefficients: Floats
    ) -> float:
        log_odds = X @ coefficients + intercept
        loss = float(w @ (np.logaddexp(0, log_odds) - y * log_odds))
        squares = (1 - self.l1_share) / 2 * float(coefficients @ coefficients)
        return loss + self.penalty * (self.l1_share * float(np.abs(coefficients).sum()) + squares)
