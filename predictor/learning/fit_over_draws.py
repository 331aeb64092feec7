"""Logistic regression of patients whose gaps are filled in several times.

The probability of such a patient is the mean over the draws of what is missing, as in every answer
that is given: p = mean of expit(a + b'x) over the draws x. That is the likelihood which is
maximised here, so that a model fitted by it answers as it was fitted; a fit to the log-odds of the
mean would be another one, as the log-odds of a mean are not the mean of the log-odds. Patients
without gaps have one x, and where nobody has any this is ordinary logistic regression.

The steps are Fisher scoring: the derivative of a patient's log-odds by the parameters is the mean
of (1, x) over the draws, weighted by their variances p (1 - p), and takes the place of the row of a
design.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from predictor.errors import LearningError
from predictor.fitted.models import expit, mean_over_draws
from predictor.learning.newton import newton_logistic

Floats = NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest change of any patient's log-odds, relative to 1 + its size, that counts as none."""
_MAX_ITERATIONS = 200
_MAX_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Gaps:
    """Draws of the patients who have gaps.

    Parameters
    ----------
    place : shape (n,)
        Of each patient among those with gaps; -1 for one without.
    design : shape (patients with gaps, draws, columns)
        Standardised as the model was made.
    log_odds : shape (patients with gaps, draws)
        Of the model as it is.
    """

    place: NDArray[np.intp]
    design: Floats
    log_odds: Floats

    def rows(self, which: NDArray[np.intp]) -> Gaps:
        """Of some patients, each as often as it is named; the draws are shared."""
        return replace(self, place=self.place[which])

    def into(self, everybody: Floats, drawn: Floats) -> Floats:
        """Put what was found for those with gaps, shape (patients with gaps, ...), in its rows."""
        found = np.array(everybody)
        rows = self.place >= 0
        found[rows] = drawn[self.place[rows]]
        return found


@dataclass(frozen=True, slots=True)
class Formula:
    """Log-odds as a known part and columns whose coefficients are looked for.

    Parameters
    ----------
    columns : shape (n, q)
    known : shape (n,)
        Both of patients without gaps; the rows of the others are not looked at.
    gaps
        Who has gaps; None where nobody has any.
    drawn_columns : shape (patients with gaps, draws, q)
    drawn_known : shape (patients with gaps, draws)
        The same of each draw.
    """

    columns: Floats
    known: Floats
    gaps: Gaps | None = None
    drawn_columns: Floats | None = None
    drawn_known: Floats | None = None

    def log_odds(self, position: Floats) -> Floats:
        """Of the mean probability, shape (n,); ``position`` is the intercept and coefficients."""
        plain = self.known + position[0] + self.columns @ position[1:]
        if self.gaps is None:
            return np.asarray(plain)
        return self.gaps.into(plain, mean_over_draws(self._drawn(position))[1])

    def slopes(self, position: Floats) -> Floats:
        """Derivative of :meth:`log_odds` by the position, shape (n, 1 + q)."""
        plain = np.column_stack((np.ones(len(self.columns)), self.columns))
        if self.gaps is None or self.drawn_columns is None:
            return plain
        drawn = self._drawn(position)
        # Relative to the largest of a patient, so that no weight is lost far from 0.
        size = -np.abs(drawn) - 2.0 * np.log1p(np.exp(-np.abs(drawn)))
        weight = np.exp(size - size.max(axis=1, keepdims=True))
        probability, output = mean_over_draws(drawn)
        scale = np.exp(size.max(axis=1)) / np.maximum(probability * expit(-output), 1e-300)
        both = np.column_stack(
            (weight.mean(axis=1), (weight[:, None, :] @ self.drawn_columns)[:, 0] / drawn.shape[1])
        )
        return self.gaps.into(plain, both * scale[:, None])

    def _drawn(self, position: Floats) -> Floats:
        assert self.drawn_columns is not None  # noqa: S101 - comes with the gaps
        assert self.drawn_known is not None  # noqa: S101 - comes with the gaps
        return np.asarray(self.drawn_known + position[0] + self.drawn_columns @ position[1:])


def fit_over_draws(
    formula: Formula,
    outcome: Floats,
    where: str,
    *,
    penalty: float = 0.0,
    start: Floats | None = None,
    tolerance: float = TOLERANCE,
) -> Floats:
    """Fit the formula.

    Parameters
    ----------
    formula
        What is known, and whose coefficients are not.
    outcome : shape (n,)
        1 = event, 0 = no event.
    where
        Begins the message of an error.
    penalty
        lambda >= 0 of a ridge penalty; the intercept is free.
    start : shape (1 + q,), optional
        From where to look; not needed.
    tolerance
        When to end.

    Returns
    -------
    Intercept and coefficients, shape (1 + q,).

    Raises
    ------
    LearningError
        If there is no finite estimate.

    Examples
    --------
    A quarter of the patients has the event, and each has two draws with log-odds of 2 and -2:

    >>> gaps = Gaps(np.arange(4), np.zeros((4, 2, 0)), np.array([[2.0, -2.0]] * 4))
    >>> formula = Formula(np.zeros((4, 0)), np.zeros(4), gaps, gaps.design, gaps.log_odds)
    >>> position = fit_over_draws(formula, np.array([1.0, 0, 0, 0]), "here")
    >>> expit(position + np.array([2.0, -2.0])).mean().round(9)
    np.float64(0.25)
    """
    if formula.gaps is None or start is None:
        start = np.zeros(1 + formula.columns.shape[1])
        # Exact without gaps; with them, a start that finds separated outcomes.
        fit = newton_logistic(
            formula.slopes(start)[:, 1:], outcome, offset=formula.log_odds(start), penalty=penalty
        ).require_convergence(where)
        start = np.r_[fit.intercept, fit.coefficients]
    if formula.gaps is None:
        return start
    position = start
    pull = np.r_[0.0, np.full(formula.columns.shape[1], penalty)]
    log_odds = formula.log_odds(position)
    reached = _objective(log_odds, outcome, pull, position)
    for _ in range(_MAX_ITERATIONS):
        slopes = formula.slopes(position)
        p, rest = expit(log_odds), expit(-log_odds)
        score = slopes.T @ np.where(outcome == 1.0, rest, -p) - pull * position
        information = (slopes * (p * rest)[:, None]).T @ slopes + np.diag(pull)
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            break
        change = np.abs(slopes @ step) / (1.0 + np.abs(log_odds))
        for _ in range(_MAX_HALVINGS):
            following = formula.log_odds(position + step)
            gained = _objective(following, outcome, pull, position + step)
            if gained >= reached - 1e-12 * (1.0 + abs(reached)):
                break
            step = 0.5 * step
        else:
            break
        position, log_odds, reached = position + step, following, gained
        if float(change.max()) <= tolerance:
            return position
    raise LearningError(
        where,
        "no estimate was found for these patients with gaps",
        "Name a method that changes less, or update by more patients.",
    )


def log_likelihood(log_odds: Floats, outcome: Floats) -> float:
    """Of outcomes given log-odds, both of shape (n,)."""
    margin = np.where(outcome == 1.0, log_odds, -log_odds)
    return float((np.minimum(margin, 0.0) - np.log1p(np.exp(-np.abs(margin)))).sum())


def _objective(log_odds: Floats, outcome: Floats, pull: Floats, position: Floats) -> float:
    return log_likelihood(log_odds, outcome) - 0.5 * float(pull @ np.square(position))
