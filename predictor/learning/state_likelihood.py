"""The likelihood of several ordered states: value, score and information over stacks of problems.

Two models, each written for arrays with a leading axis of problems, such as bootstrap resamples:

- **proportional odds** (McCullagh, J R Stat Soc B 1980;42:109): the log-odds of being in a state
  or a better one are a threshold of that state and one sum of coefficients for all thresholds;
- **multinomial**: the log-odds of each state against the first one have coefficients of their own.

For a patient between two thresholds, whose log-odds are u above v, the probability is
F(u) F(-v) (1 - exp(v - u)), so its logarithm falls into three smooth parts; nothing is subtracted
that could cancel, and the information is the sum of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.models import expit

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Local:
    """The log-likelihood about some parameters.

    Parameters
    ----------
    value : shape (problems,)
    score : shape (problems, parameters)
        First derivatives.
    information : shape (problems, parameters, parameters)
        Second derivatives, negative.
    """

    value: Floats
    score: Floats
    information: Floats


def proportional_odds(
    intercepts: Floats, slopes: Floats, design: Floats, member: Floats, weights: Floats
) -> Local:
    """Log-likelihood of the proportional-odds model.

    Parameters
    ----------
    intercepts : shape (problems, states - 1)
        Log-odds of each state but the first, or a better one, at the mean; falling.
    slopes : shape (problems, columns, 1)
    design : shape (problems, n, columns)
    member : shape (problems, n, states)
        1 for the state of each patient, 0 for all others.
    weights : shape (problems, n)

    Returns
    -------
    Local
        Parameters in the order intercepts, slopes.
    """
    log_odds = intercepts[:, None, :] + design @ slopes
    cuts = intercepts.shape[1]
    # State s lies below threshold s + 1 and above threshold s.
    above, below = member[..., 1:], member[..., :-1]
    stays, leaves = expit(log_odds), expit(-log_odds)
    gap = intercepts[:, :-1] - intercepts[:, 1:]
    middle = member[..., 1:-1]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        value = (-above * np.logaddexp(0.0, -log_odds) - below * np.logaddexp(0.0, log_odds)).sum(
            axis=2
        )
        between = np.where(gap > 0.0, np.log(-np.expm1(-gap)), -np.inf)
        pull = 1.0 / np.expm1(gap)
        bend = pull * (1.0 + pull)
    times = np.einsum("bn,bnk->bk", weights, middle)
    total = np.einsum("bn,bn->b", weights, value)
    total += np.where(times > 0.0, times * between, 0.0).sum(axis=1)
    push = weights[..., None] * (above * leaves - below * stays)
    curve = weights[..., None] * (above + below) * stays * leaves
    score = np.concatenate([push.sum(axis=1), _columns(design, push.sum(axis=2))], axis=1)
    score[:, : cuts - 1] += times * pull
    score[:, 1:cuts] -= times * pull
    size = cuts + design.shape[2]
    information = np.zeros((len(design), size, size))
    diagonal = np.arange(cuts)
    information[:, diagonal, diagonal] = curve.sum(axis=1)
    for k in range(cuts - 1):
        held = times[:, k] * bend[:, k]
        information[:, k, k] += held
        information[:, k + 1, k + 1] += held
        information[:, k, k + 1] -= held
        information[:, k + 1, k] -= held
    crossed = np.swapaxes(curve, 1, 2) @ design
    information[:, :cuts, cuts:] = crossed
    information[:, cuts:, :cuts] = np.swapaxes(crossed, 1, 2)
    information[:, cuts:, cuts:] = np.swapaxes(design, 1, 2) @ (
        curve.sum(axis=2)[..., None] * design
    )
    return Local(total, score, information)


def multinomial(
    intercepts: Floats, slopes: Floats, design: Floats, member: Floats, weights: Floats
) -> Local:
    """Log-likelihood of the multinomial logistic model, the first state being the reference.

    Parameters
    ----------
    intercepts : shape (problems, states - 1)
        Log-odds of each state but the first against the first, at the mean.
    slopes : shape (problems, columns, states - 1)
    design, member, weights
        As for :func:`proportional_odds`.

    Returns
    -------
    Local
        Parameters in the order of the states: intercept, slopes, intercept, slopes.
    """
    log_odds = intercepts[:, None, :] + design @ slopes
    problems, n, others = log_odds.shape
    largest = np.maximum(log_odds.max(axis=2), 0.0)
    powers = np.exp(log_odds - largest[..., None])
    whole = powers.sum(axis=2) + np.exp(-largest)
    share = powers / whole[..., None]
    own = (member[..., 1:] * log_odds).sum(axis=2) - largest - np.log(whole)
    value = np.einsum("bn,bn->b", weights, own)
    extended = np.concatenate([np.ones((problems, n, 1)), design], axis=2)
    width = extended.shape[2]
    push = weights[..., None] * (member[..., 1:] - share)
    score = (np.swapaxes(push, 1, 2) @ extended).reshape(problems, others * width)
    information = np.empty((problems, others, width, others, width))
    turned = np.swapaxes(extended, 1, 2)
    for j in range(others):
        for k in range(j, others):
            held = weights * share[..., j] * (float(j == k) - share[..., k])
            block = turned @ (held[..., None] * extended)
            information[:, j, :, k, :] = block
            information[:, k, :, j, :] = block
    size = others * width
    return Local(value, score, information.reshape(problems, size, size))


def _columns(design: Floats, per_row: Floats) -> Floats:
    """Sums of rows of the design, each times a number, shape (problems, columns)."""
    return np.asarray((per_row[:, None, :] @ design)[:, 0])
