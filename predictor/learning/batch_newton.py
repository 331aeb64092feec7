"""Many logistic regressions at once: maximum likelihood, ridge and Firth over resamples.

The same problems as in `predictor.learning.newton`, solved for a whole stack of weightings and
penalties by arrays with leading axes (group, penalty). A group is one prepared and weighted set
of patients, such as the training part of an inner fold of a bootstrap resample; its penalties
share one design. The work of a Newton step is three matrix products for each group, whatever the
number of penalties: log-odds, score, and information from the products of all pairs of columns,
which are made once.

The two modules are written independently of each other and held equal by a test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.learning.stacked_columns import training_rows, with_intercept
from predictor.learning.stacked_likelihood import Likelihood
from predictor.learning.stacked_newton import Problem, maximise

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_MAX_ITERATIONS = 200


@dataclass(frozen=True, slots=True)
class BatchFit:
    """Solutions of a stack of problems; look at ``converged`` before using one.

    Parameters
    ----------
    intercept : shape (groups, penalties)
        On the log-odds scale.
    coefficients : shape (groups, penalties, columns)
        Log-odds per unit of each column; 0 for a column that does not vary in its group.
    converged : shape (groups, penalties)
        Whether the numbers are a solution.
    separated : shape (groups, penalties)
        Whether events and non-events are separated, so that there is none; looked for in
        unpenalised fits only.
    """

    intercept: Floats
    coefficients: Floats
    converged: Flags
    separated: Flags


def ridge(design: Floats, outcome: Floats, weights: Floats, penalties: Floats) -> BatchFit:
    """Ridge logistic regression for every group and every penalty.

    Parameters
    ----------
    design : shape (groups, n, columns)
        Standardised columns, without the intercept.
    outcome : shape (n,) or (groups, n)
        1 = event, 0 = no event.
    weights : shape (groups, n)
        How many patients a row stands for; both outcomes need a positive one in each group.
    penalties : shape (1, penalties) or (groups, penalties)
        Lambda, each above 0: half of it times the sum of squared coefficients is taken off the
        log-likelihood.
    """
    x, y, w = training_rows(design, outcome, weights)
    penalty = np.zeros((len(w), penalties.shape[1], x.shape[2] + 1))
    penalty[..., 1:] = penalties[..., None]
    problem = Problem(Likelihood.of(with_intercept(x), y, w), penalty)
    end = maximise(problem)
    return BatchFit(end.position[..., 0], end.position[..., 1:], end.converged, end.separated)


def maximum_likelihood(design: Floats, outcome: Floats, weights: Floats) -> BatchFit:
    """Unpenalised logistic regression for every group; shapes as in :func:`ridge`."""
    return _orthonormal(design, outcome, weights, firth=False)


def firth(design: Floats, outcome: Floats, weights: Floats, *, flic: bool) -> BatchFit:
    """Firth's logistic regression for every group; shapes as in :func:`ridge`.

    Parameters
    ----------
    flic
        Estimate the intercept anew, so that predictions average to the share of events
        (Puhr et al., Statistics in Medicine 2017;36:2302-2317).
    """
    fit = _orthonormal(design, outcome, weights, firth=True)
    if not flic:
        return fit
    # What is sought is the shift, so that columns far from zero do not swallow its digits.
    log_odds = _product(design, fit.coefficients[:, 0]) + fit.intercept
    shift = intercepts(log_odds, outcome, weights)
    return BatchFit(fit.intercept + shift[:, None], fit.coefficients, fit.converged, fit.separated)


def intercepts(offset: Floats, outcome: Floats, weights: Floats) -> Floats:
    """Intercepts that make predictions average to the weighted share of events, shape (groups,).

    Parameters
    ----------
    offset : shape (groups, n)
        Log-odds without intercept.
    outcome, weights
        As in :func:`ridge`.
    """
    events = (weights * outcome).sum(axis=1)
    odds = np.log(events) - np.log(weights.sum(axis=1) - events)
    used = weights > 0.0
    low = odds - np.where(used, offset, -np.inf).max(axis=1)
    high = odds - np.where(used, offset, np.inf).min(axis=1)
    value = 0.5 * (low + high)
    for _ in range(_MAX_ITERATIONS):
        p = _expit(offset + value[:, None])
        excess = events - (weights * p).sum(axis=1)
        low, high = np.where(excess > 0.0, value, low), np.where(excess > 0.0, high, value)
        curvature = (weights * p * (1.0 - p)).sum(axis=1)
        newton = value + excess / np.where(curvature > 0.0, curvature, 1.0)
        inside = (newton > low) & (newton < high) & (curvature > 0.0)
        following = np.where(inside, newton, 0.5 * (low + high))
        change = np.abs(following - value)
        value = following
        if (change <= 1e-12 * (1.0 + np.abs(value))).all():
            break
    return np.asarray(value)


def _orthonormal(design: Floats, outcome: Floats, weights: Floats, *, firth: bool) -> BatchFit:
    """Fit in weighted orthonormal coordinates (see `predictor.learning.orthonormal`)."""
    x, y, w = training_rows(design, outcome, weights)
    patients = w.sum(axis=1)[:, None]
    epsilon = float(np.finfo(np.float64).eps)
    centre = (w[:, None] @ x)[:, 0] / patients
    centred = np.where(w[..., None] > 0.0, x - centre[:, None], 0.0)
    size = np.abs(x).max(axis=1, initial=0.0)
    # Rounding of the mean leaves a constant column at about this size instead of 0.
    constant = np.abs(centred).max(axis=1, initial=0.0) <= 8.0 * epsilon * size
    centred[np.broadcast_to(constant[:, None], centred.shape)] = 0.0
    spread = np.sqrt((w[:, None] @ np.square(centred))[:, 0] / patients)
    scale = np.where(spread > 0.0, spread, 1.0)
    centred /= scale[:, None]
    # A second pass takes away what rounding of the mean left in the other columns.
    rest = (w[:, None] @ centred)[:, 0] / patients
    centred -= rest[:, None]
    centre += rest * scale
    rooted = np.sqrt(w)[..., None] * centred
    small = np.linalg.qr(rooted, mode="r") if rooted.shape[1] > 2 * rooted.shape[2] else rooted
    _, singular, rotation = np.linalg.svd(small, full_matrices=False)
    longest = np.maximum((w > 0.0).sum(axis=1), x.shape[2])[:, None]
    largest = np.maximum(
        singular.max(axis=1, initial=0.0, keepdims=True),
        np.sqrt(patients) * (size / scale).max(axis=1, initial=0.0, keepdims=True),
    )
    present = singular > epsilon * longest * largest
    inverse = np.where(present, 1.0 / np.where(present, singular, 1.0), 0.0)
    back = np.swapaxes(rotation, 1, 2) * inverse[:, None]
    columns = with_intercept(centred @ back)
    # A direction that is absent gets a penalty, which holds its coordinate at 0.
    penalty = np.concatenate([np.zeros((len(present), 1)), ~present], axis=1)[:, None]
    end = maximise(Problem(Likelihood.of(columns, y, w), penalty, firth))
    position = end.position[:, 0]
    coefficients = _product(back, position[:, 1:]) / scale
    intercept = position[:, 0] - (centre * coefficients).sum(axis=1)
    return BatchFit(intercept[:, None], coefficients[:, None], end.converged, end.separated)


def _product(matrices: Floats, vectors: Floats) -> Floats:
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def _expit(log_odds: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * log_odds))
