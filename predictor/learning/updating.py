"""Updating a linear model by patients from elsewhere, from the least to the most that is changed.

- ``none``: the model as it is.
- ``intercept``: recalibration in the large. The log-odds of everybody move by one number.
- ``logistic``: intercept and slope. They move and are stretched.
- ``refit``: every coefficient, shrunken towards those of the recalibrated model: the log-likelihood
  less lambda/2 times the sum of squared differences of the standardised coefficients, lambda by
  cross-validated log loss. Without a penalty a few patients would overrule the many that the model
  was made from.

``auto`` takes the least change that the patients do not contradict, by the closed testing procedure
(Vergouwe, Nieboer, Oostenbrink, Debray, Murray, Kattan, Koffijberg, Moons and Steyerberg, Stat Med
2017;36:4529): the likelihood ratio of the unpenalised refit against each simpler model in turn, the
first that is not rejected at 5% stands. No correction for several tests is needed, because each is
done only if the one before rejected.

The probability of a patient with gaps is a mean over draws of what is missing, and everything here
is done to that mean (see `predictor.learning.fit_over_draws`): the changed model answers as it was
fitted. The refit that a simpler model is tested against then begins at that model's log-odds and
adds an intercept and coefficients to them, each column being the derivative of the log-odds by its
coefficient. So it holds the simpler model, which a likelihood ratio needs, and is the ordinary
refit where nothing is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from predictor.errors import LearningError
from predictor.fitted.models import LinearModel, mean_over_draws
from predictor.learning.fit_over_draws import (
    TOLERANCE,
    Formula,
    Gaps,
    fit_over_draws,
    log_likelihood,
)
from predictor.learning.newton import LogisticFit, newton_logistic

Floats = NDArray[np.float64]
Method = Literal["none", "intercept", "logistic", "refit"]

METHODS: tuple[Method, ...] = ("none", "intercept", "logistic", "refit")
LEVEL = 0.05
PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
FOLDS = 5

_WHERE = "updating"
# Enough to tell one penalty from another.
_ROUGHLY = 1e-5


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients that a model is updated by.

    Parameters
    ----------
    design : shape (n, columns)
        Standardised as the model was made.
    log_odds : shape (n,)
        Of the model as it is; of the mean probability where values are missing.
    outcome : shape (n,)
        1 = event, 0 = no event.
    fold : shape (n,)
        Part of the cross-validation that chooses the penalty.
    gaps
        Draws of those with missing values; None where nothing is missing or nothing is drawn.
    """

    design: Floats
    log_odds: Floats
    outcome: Floats
    fold: NDArray[np.int64]
    gaps: Gaps | None = None

    def rows(self, which: NDArray[np.intp]) -> Patients:
        """Some of them, each as often as it is named."""
        return Patients(
            self.design[which],
            self.log_odds[which],
            self.outcome[which],
            self.fold[which],
            None if self.gaps is None else self.gaps.rows(which),
        )

    def by_log_odds(self) -> Formula:
        """What a new slope is fitted to."""
        nothing, column = np.zeros(len(self.outcome)), self.log_odds[:, None]
        if self.gaps is None:
            return Formula(column, nothing)
        drawn = self.gaps.log_odds
        return Formula(column, nothing, self.gaps, drawn[..., None], np.zeros_like(drawn))

    def beside(self, change: Change, *, design: bool) -> Formula:
        """What is added to a change: an intercept and, if ``design``, coefficients."""
        width = self.design.shape[1] if design else 0
        columns, known = self.design[:, :width], change.shift + change.slope * self.log_odds
        if self.gaps is None:
            return Formula(columns, known)
        drawn = change.shift + change.slope * self.gaps.log_odds
        return Formula(columns, known, self.gaps, self.gaps.design[..., :width], drawn)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of the log-odds: ``shift + slope * log-odds + design @ difference``.

    Where values are missing, that is what becomes of the log-odds of each draw.

    Parameters
    ----------
    method
        How it was found.
    shift, slope
        Of the model's own log-odds.
    difference : shape (columns,)
        Added to the coefficients after that; zeros unless refitted.
    penalty
        Lambda of a refit; None otherwise.
    """

    method: Method
    shift: float
    slope: float
    difference: Floats
    penalty: float | None = None

    def log_odds(self, patients: Patients) -> Floats:
        """Of some patients after the change, shape (n,), as the changed model answers them."""
        moved = self.shift + self.slope * patients.log_odds
        moved = np.asarray(moved + patients.design @ self.difference)
        gaps = patients.gaps
        if gaps is None:
            return moved
        drawn = self.shift + self.slope * gaps.log_odds
        if self.difference.any():
            drawn = drawn + gaps.design @ self.difference
        return gaps.into(moved, mean_over_draws(drawn)[1])

    def model(self, old: LinearModel) -> LinearModel:
        """The updated model."""
        return LinearModel(
            self.shift + self.slope * old.intercept,
            self.slope * old.coefficients + self.difference,
        )


@dataclass(frozen=True, slots=True)
class ClosedTestStep:
    """One step of the closed testing procedure.

    Parameters
    ----------
    simpler
        The model held against the unpenalised refit.
    statistic, freedom, p_value
        Likelihood ratio, its degrees of freedom, and the p-value.
    rejected
        Whether the simpler model is contradicted.
    """

    simpler: Method
    statistic: float
    freedom: int
    p_value: float
    rejected: bool

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "simpler": self.simpler,
            "statistic": self.statistic,
            "freedom": self.freedom,
            "p_value": self.p_value,
            "rejected": self.rejected,
        }


def change_by(method: Method, patients: Patients, penalties: Sequence[float] = PENALTIES) -> Change:
    """Find the change that a method makes.

    Parameters
    ----------
    method
        One of ``METHODS``.
    patients
        By whom.
    penalties
        A refit chooses among these by cross-validated log loss; of equally good ones the largest.

    Raises
    ------
    LearningError
        If there is no finite estimate, as where the model separates the outcomes.

    Examples
    --------
    Half of the patients predicted at 1/3 have the event, so that their odds double:

    >>> few = Patients(np.zeros((4, 1)), np.full(4, np.log(0.5)), np.array([0, 1, 0, 1.0]),
    ...                np.arange(4))
    >>> round(float(np.exp(change_by("intercept", few).shift)), 6)
    2.0
    """
    width = patients.design.shape[1]
    nothing = np.zeros(width)
    if method == "none":
        return Change(method, 0.0, 1.0, nothing)
    if method == "intercept":
        as_it_is = Change("none", 0.0, 1.0, nothing)
        formula = patients.beside(as_it_is, design=False)
        (shift,) = fit_over_draws(formula, patients.outcome, _WHERE)
        return Change(method, float(shift), 1.0, nothing)
    shift, slope = fit_over_draws(patients.by_log_odds(), patients.outcome, _WHERE)
    recalibrated = Change("logistic", float(shift), float(slope), nothing)
    if method == "logistic":
        return recalibrated
    penalty = _penalty(patients, tuple(penalties))
    return _refitted(patients, recalibrated, penalty)


def closed_test(
    patients: Patients, level: float = LEVEL
) -> tuple[Method, tuple[ClosedTestStep, ...]]:
    """Which change the patients ask for, and the tests that say so.

    Parameters
    ----------
    patients
        By whom the model would be updated.
    level
        Of each test.

    Returns
    -------
    The method, and the tests in the order they were done: the model as it is, then with a new
    intercept, then with a new slope, each against the unpenalised refit, until one is not rejected.

    Raises
    ------
    LearningError
        If the unpenalised refit does not exist, so that there is nothing to hold the others
        against.
    """
    whole = None
    tests = []
    methods: tuple[tuple[Method, int], ...] = (("none", 0), ("intercept", 1), ("logistic", 2))
    for method, parameters in methods:
        change = change_by(method, patients)
        if whole is None or patients.gaps is not None:
            whole = _whole(patients, change)
        simpler = log_likelihood(change.log_odds(patients), patients.outcome)
        freedom = whole.rank + 1 - parameters
        statistic = max(2.0 * (whole.log_likelihood - simpler), 0.0)
        p = 1.0 if freedom <= 0 else float(chi2.sf(statistic, freedom))
        tests.append(ClosedTestStep(method, statistic, freedom, p, p < level))
        if p >= level:
            return method, tuple(tests)
    return "refit", tuple(tests)


def chosen(method: str, patients: Patients) -> tuple[Change, tuple[ClosedTestStep, ...]]:
    """The change by a method or, for ``auto``, by the one that the closed test chooses."""
    tests: tuple[ClosedTestStep, ...] = ()
    if method == "auto":
        method, tests = closed_test(patients)
    for known in METHODS:
        if method == known:
            return change_by(known, patients), tests
    raise LearningError(_WHERE, f"no method {method[:40]!r}", "auto, intercept, logistic or refit.")


def _whole(patients: Patients, simpler: Change) -> LogisticFit:
    """The unpenalised refit that holds a simpler model."""
    if patients.gaps is None:  # it holds every simpler one
        whole = newton_logistic(patients.design, patients.outcome)
    else:
        formula = patients.beside(simpler, design=True)
        here = np.zeros(1 + patients.design.shape[1])
        whole = newton_logistic(
            formula.slopes(here)[:, 1:], patients.outcome, offset=formula.log_odds(here)
        )
    if whole.separated or not whole.converged:
        raise LearningError(
            _WHERE,
            "the predictors separate events from non-events here, so that a refit, against which "
            "`auto` holds the simpler methods, does not exist",
            "Name a method: --method intercept or logistic.",
        )
    return whole


def _refitted(
    patients: Patients,
    recalibrated: Change,
    penalty: float,
    start: Floats | None = None,
    tolerance: float = TOLERANCE,
) -> Change:
    """Differences from the recalibrated model, pulled towards none; the intercept is free."""
    formula = patients.beside(recalibrated, design=True)
    found = fit_over_draws(
        formula, patients.outcome, _WHERE, penalty=penalty, start=start, tolerance=tolerance
    )
    shift = recalibrated.shift + float(found[0])
    return Change("refit", shift, recalibrated.slope, found[1:], penalty)


def _penalty(patients: Patients, penalties: tuple[float, ...]) -> float:
    """The penalty with the least log loss over the folds; folds that cannot be fitted are left."""
    loss = np.zeros(len(penalties))
    rows = np.arange(len(patients.outcome))
    for fold in np.unique(patients.fold):
        inside = patients.rows(rows[patients.fold != fold])
        beyond = patients.rows(rows[patients.fold == fold])
        try:
            recalibrated = change_by("logistic", inside)
            fits = _along(inside, recalibrated, penalties)
        except LearningError:
            continue
        loss -= [log_likelihood(fit.log_odds(beyond), beyond.outcome) for fit in fits]
    best = np.flatnonzero(loss <= loss.min() + 1e-12 * (1.0 + abs(loss.min())))
    return max(penalties[i] for i in best)


def _along(
    patients: Patients, recalibrated: Change, penalties: tuple[float, ...]
) -> Sequence[Change]:
    """A refit for each penalty, each looked for from where the one before was found."""
    fits: list[Change] = []
    start = None
    for penalty in penalties:
        fits.append(_refitted(patients, recalibrated, penalty, start, _ROUGHLY))
        start = np.r_[fits[-1].shift - recalibrated.shift, fits[-1].difference]
    return fits
