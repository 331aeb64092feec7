"""Logistic regression by Newton's method: maximum likelihood, ridge and Firth.

The problem is solved in orthonormal coordinates (see `predictor.learning.orthonormal`), where
units and correlation of the predictors do no harm.

Every array expression works on the last axes, so that a leading axis of resamples or penalties
can be added without changing the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.errors import LearningError
from predictor.learning.orthonormal import orthonormal_frame

Floats = NDArray[np.float64]

# Largest change of any patient's log-odds, relative to 1 + its size, that counts as no change.
_TOLERANCE = 1e-10
_MAX_ITERATIONS = 200
_MAX_HALVINGS = 30
# Patients times squared columns in Firth's exact curvature: 32 MB.
_MOST_PAIRS = 4_000_000


class OneClassError(LearningError, ValueError):
    """The outcome of the patients with positive weight has one class only.

    Also a ``ValueError``, because that is what scikit-learn expects of a classifier.
    """


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """Result of a logistic regression fit, whether it succeeded or not.

    Parameters
    ----------
    intercept
        On the log-odds scale, for the columns as they were given.
    coefficients : shape (q,)
        Log-odds per unit of each column.
    converged
        False when the numbers above are not a solution: after separation, or when the iterations
        ran out.
    separated
        A linear combination of the columns separates events from non-events completely or
        quasi-completely, so that no finite maximum likelihood estimate exists. Looked for in
        unpenalised fits only; ridge and Firth estimates stay finite.
    iterations
        Newton steps taken.
    rank
        Number of linearly independent columns besides the intercept.
    log_likelihood
        Weighted log-likelihood at the estimate, without penalty.
    """

    intercept: float
    coefficients: Floats
    converged: bool
    separated: bool
    iterations: int
    rank: int
    log_likelihood: float

    def require_convergence(self, where: str = "logistic regression") -> LogisticFit:
        """Return the fit itself.

        Raises
        ------
        LearningError
            If the fit did not converge; the message says why.
        """
        if self.separated:
            raise LearningError(
                where,
                "the predictors separate events from non-events, no finite estimate exists",
                "Use ridge or Firth regression, or fewer predictors.",
            )
        if not self.converged:
            raise LearningError(
                where,
                f"no convergence in {self.iterations} steps",
                "Standardise the predictors or use a stronger penalty.",
            )
        return self


def newton_logistic(
    design: ArrayLike,
    outcome: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    penalty: float = 0.0,
    firth: bool = False,
) -> LogisticFit:
    """Fit a logistic regression with a free intercept.

    Parameters
    ----------
    design : shape (n, q)
        Columns without the intercept; q may be 0.
    outcome : shape (n,)
        1 = event, 0 = no event.
    weights : shape (n,), optional
        Non-negative number of patients each row stands for: a weight of 2 equals the row twice
        and 0 equals dropping it, in all three methods. For ridge and Firth the scale of the
        weights therefore matters; they are not normalised.
    offset : shape (n,), optional
        Known part of the linear predictor, with coefficient 1.
    penalty
        lambda >= 0. The log-likelihood less lambda / 2 times the sum of squared coefficients is
        maximised; the intercept is free. The columns are taken as they are, so standardise first.
    firth
        Maximise the log-likelihood plus half the log determinant of the information matrix
        (Firth 1993; Heinze and Schemper, Statistics in Medicine 2002;21:2409-2419). With weights
        the information is that of the weighted rows, X' diag(w p (1 - p)) X, as in R's logistf.
        Cannot be combined with a ridge penalty.

    Returns
    -------
    LogisticFit
        Look at ``converged``, or call ``require_convergence``.

    Raises
    ------
    OneClassError
        If all patients with positive weight have the same outcome.
    ValueError
        If shapes differ, a number is missing or infinite, a weight or the penalty is negative, or
        ``firth`` is combined with a penalty.

    Examples
    --------
    >>> fit = newton_logistic([[0], [0], [0], [1], [1], [1]], [0, 0, 1, 0, 1, 1])
    >>> print(f"{fit.intercept:.4f} {fit.coefficients[0]:.4f}")  # log(1/2) and log(4)
    -0.6931 1.3863
    """
    if not 0.0 <= penalty < np.inf:
        raise ValueError("penalty must be a number from 0 upwards")
    if firth and penalty > 0.0:
        raise ValueError("firth cannot be combined with a ridge penalty; choose one")
    x, y, w, known = _checked(design, outcome, weights, offset)
    if not 0.0 < float(w @ y) < float(w.sum()):
        raise OneClassError(
            "outcome", "there is one class only", "Patients with and without the event are needed."
        )
    frame = orthonormal_frame(x, w, scaled=penalty == 0.0)
    problem = _Problem(
        columns=np.column_stack((np.ones(len(y)), frame.columns)),
        sign=2.0 * y - 1.0,
        weights=w,
        offset=known,
        penalty=np.r_[0.0, penalty / np.square(frame.singular)],
        firth=firth,
    )
    end = _maximise(problem)
    coefficients = frame.back @ end.position[1:]
    return LogisticFit(
        intercept=float(end.position[0] - frame.centre @ coefficients),
        coefficients=coefficients,
        converged=end.converged,
        separated=end.separated,
        iterations=end.iterations,
        rank=frame.singular.size,
        log_likelihood=end.log_likelihood,
    )


def _checked(
    design: ArrayLike, outcome: ArrayLike, weights: ArrayLike | None, offset: ArrayLike | None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Arrays of the right shapes; rows of zero weight are dropped."""
    x = np.asarray(design, dtype=np.float64)
    y = np.asarray(outcome, dtype=np.float64)
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError("design must have shape (n, q) and outcome shape (n,)")
    w = np.ones(y.size) if weights is None else np.asarray(weights, dtype=np.float64)
    known = np.zeros(y.size) if offset is None else np.asarray(offset, dtype=np.float64)
    if w.shape != y.shape or known.shape != y.shape:
        raise ValueError("weights and offset must have one entry for each row of design")
    if not (np.isfinite(x).all() and np.isfinite(w).all() and np.isfinite(known).all()):
        raise ValueError("design, weights and offset must be finite, none missing")
    if not ((y == 0.0) | (y == 1.0)).all():
        raise ValueError("outcome must be 0 or 1")
    if weights is not None:
        if (w < 0.0).any():
            raise ValueError("weights must not be negative")
        used = w > 0.0
        if not used.all():
            x, y, w, known = x[used], y[used], w[used], known[used]
    return x, y, w, known


@dataclass(frozen=True, slots=True)
class _Problem:
    """A penalised likelihood in orthonormal coordinates; the first column is the intercept."""

    columns: Floats
    sign: Floats  # +1 event, -1 no event
    weights: Floats
    offset: Floats
    penalty: Floats
    firth: bool


@dataclass(frozen=True, slots=True)
class _State:
    """Everything that belongs to one position: what a Newton step needs, computed once."""

    position: Floats
    margin: Floats  # sign * linear predictor, in log-odds
    log_likelihood: float
    objective: float
    information: Floats
    variance: Floats  # weights * p * (1 - p)
    residual: Floats  # weights * (outcome - p)


@dataclass(frozen=True, slots=True)
class _End:
    position: Floats
    converged: bool
    separated: bool
    iterations: int
    log_likelihood: float


def _state(problem: _Problem, position: Floats) -> _State:
    margin = problem.sign * (problem.columns @ position + problem.offset)
    # One exponential that cannot overflow; small tail probabilities keep all their digits.
    small = np.exp(-np.abs(margin))
    total = 1.0 + small
    log_likelihood = float(problem.weights @ (np.minimum(margin, 0.0) - np.log1p(small)))
    variance = problem.weights * small / np.square(total)
    residual = problem.weights * problem.sign * np.where(margin >= 0.0, small, 1.0) / total
    information = (problem.columns * variance[:, None]).T @ problem.columns
    objective = log_likelihood - 0.5 * float(problem.penalty @ np.square(position))
    if problem.firth:
        sign, log_determinant = np.linalg.slogdet(information)
        objective = objective + 0.5 * float(log_determinant) if sign > 0.0 else -np.inf
    return _State(position, margin, log_likelihood, objective, information, variance, residual)


def _step(problem: _Problem, state: _State) -> Floats:
    """Newton step."""
    if problem.firth:
        return _firth_step(problem, state)
    score = problem.columns.T @ state.residual - problem.penalty * state.position
    curvature = state.information.copy()
    curvature.flat[:: len(curvature) + 1] += problem.penalty
    return np.asarray(np.linalg.solve(curvature, score))


def _firth_step(problem: _Problem, state: _State) -> Floats:
    """Step for Firth's modified score, with its exact derivative where that is possible.

    With h the diagonal of the hat matrix H and t = 1 - 2p, the score is X' (r + h t / 2) and its
    negative derivative X' (V + diag(h (1 - 3 t^2) / 4) + diag(t) (H o H) diag(t) / 2) X, where o is
    the product by elements. H is never formed: with H = A A' the last term is a sum over pairs of
    columns of A. Where the pairs would take too much memory (many patients, hence small h), the
    information of Firth's augmented data takes its place, in which each patient appears h / 2 more
    times with either outcome. The usual Fisher information is too flat by the factor 1 + h: with
    about as many predictors as patients its steps overshoot and can go back and forth for ever.
    """
    x = problem.columns
    lower = np.linalg.cholesky(state.information)
    root = np.linalg.solve(lower, (x * np.sqrt(state.variance)[:, None]).T).T
    leverage = np.square(root).sum(axis=1)
    t = -problem.sign * np.tanh(0.5 * state.margin)
    score = x.T @ (state.residual + 0.5 * leverage * t)
    diagonal = leverage * 0.25 * (1.0 - np.square(t))
    augmented = state.information + (x * diagonal[:, None]).T @ x
    n, k = x.shape
    if n * k * k > _MOST_PAIRS:
        return np.asarray(np.linalg.solve(augmented, score))
    diagonal = leverage * (0.25 - 0.75 * np.square(t))
    pairs = (root[:, :, None] * root[:, None, :]).reshape(n, k * k)
    half = pairs.T @ (x * t[:, None])
    curvature = state.information + (x * diagonal[:, None]).T @ x + 0.5 * (half.T @ half)
    if _positive_definite(curvature):
        return np.asarray(np.linalg.solve(curvature, score))
    return _step_from_a_saddle(curvature, augmented, score)


def _step_from_a_saddle(curvature: Floats, augmented: Floats, score: Floats) -> Floats:
    """Step where the curvature is not positive definite: by its absolute values.

    Firth's likelihood is not concave everywhere, and it can have saddle points, which a step by
    the augmented information leaves by a few percent at a time. Eigenvalues are taken relative to
    that information, and not below a hundredth of it (Dauphin et al., NIPS 2014).
    """
    inverse = np.linalg.inv(np.linalg.cholesky(augmented))
    values, vectors = np.linalg.eigh(inverse @ curvature @ inverse.T)
    directions = inverse.T @ vectors
    return np.asarray(directions @ ((directions.T @ score) / np.maximum(np.abs(values), 0.01)))


def _positive_definite(matrix: Floats) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _maximise(problem: _Problem) -> _End:
    unpenalised = not problem.firth and not problem.penalty.any()
    state = _state(problem, _start(problem))
    converged = separated = False
    iterations = 0
    while not converged and iterations < _MAX_ITERATIONS:
        try:
            step = _step(problem, state)
        except np.linalg.LinAlgError:
            break
        change = problem.columns @ step
        if unpenalised and _separated(problem, state, problem.sign * change):
            separated = True
            break
        following = _improved(problem, state, step)
        if following is None:
            break
        converged = float((np.abs(change) / (1.0 + np.abs(state.margin))).max()) <= _TOLERANCE
        state = following
        iterations += 1
    return _End(state.position, converged, separated, iterations, state.log_likelihood)


def _start(problem: _Problem) -> Floats:
    """Intercept of the empty model, everything else 0.

    With an offset, the intercept that puts as many patients above 0 as there are events: some
    patient is then near 0, so that the curvature does not vanish however large the offsets are.
    """
    share = float(problem.weights @ (problem.sign > 0.0)) / float(problem.weights.sum())
    start = np.zeros(problem.columns.shape[1])
    if problem.offset.any():
        start[0] = -np.quantile(problem.offset, 1.0 - share)
    else:
        start[0] = np.log(share / (1.0 - share))
    return start


def _improved(problem: _Problem, state: _State, step: Floats) -> _State | None:
    """First of the full, half, quarter ... steps that does not lower the objective."""
    # Close to the optimum the gain is smaller than the rounding of a sum over patients.
    allowance = 1e-12 * (1.0 + abs(state.objective))
    for halving in range(_MAX_HALVINGS):
        following = _state(problem, state.position + step * 0.5**halving)
        if following.objective >= state.objective - allowance:
            return following
    return None


def _separated(problem: _Problem, state: _State, margin_change: Floats) -> bool:
    """Whether position or step prove that no finite optimum exists.

    Complete separation: the position itself is on the right side for every patient.
    Quasi-complete separation: without a finite optimum Newton's step does not shrink, it settles
    on a direction in which each patient's prediction gets better, by about one log-odds a step,
    or stays as it is. Such a direction is the proof. It is trusted once every patient who still
    gains is beyond 20 log-odds: by then the directions without separation have settled, and a
    single patient with an extreme value, who gains in the same way for a while, has come to rest.
    """
    own_margin = problem.sign * (problem.columns @ state.position)
    if float(own_margin.min()) > 1e-9 * float(own_margin.max()):
        return True
    gains = margin_change > 1e-5
    return (
        float(margin_change.max()) > 0.1
        and float(margin_change.min()) >= -1e-5
        and float(state.margin[gains].min()) > 20.0
    )
