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
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from predictor.errors import LearningError
from predictor.fitted.models import LinearModel
from predictor.learning.newton import LogisticFit, newton_logistic

Floats = NDArray[np.float64]
Method = Literal["none", "intercept", "logistic", "refit"]

METHODS: tuple[Method, ...] = ("none", "intercept", "logistic", "refit")
LEVEL = 0.05
PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
FOLDS = 5

_WHERE = "updating"


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients that a model is updated by.

    Parameters
    ----------
    design : shape (n, columns)
        Standardised as the model was made.
    log_odds : shape (n,)
        Of the model as it is.
    outcome : shape (n,)
        1 = event, 0 = no event.
    fold : shape (n,)
        Part of the cross-validation that chooses the penalty.
    """

    design: Floats
    log_odds: Floats
    outcome: Floats
    fold: NDArray[np.int64]

    def rows(self, which: NDArray[np.intp]) -> Patients:
        """Some of them, each as often as it is named."""
        return Patients(
            self.design[which], self.log_odds[which], self.outcome[which], self.fold[which]
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of the log-odds: ``shift + slope * log-odds + design @ difference``.

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
        """Of some patients after the change, shape (n,)."""
        moved = self.shift + self.slope * patients.log_odds
        return np.asarray(moved + patients.design @ self.difference)

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
        fit = newton_logistic(
            np.empty((len(patients.outcome), 0)), patients.outcome, offset=patients.log_odds
        ).require_convergence(_WHERE)
        return Change(method, fit.intercept, 1.0, nothing)
    fit = newton_logistic(patients.log_odds[:, None], patients.outcome)
    fit.require_convergence(_WHERE)
    recalibrated = Change("logistic", fit.intercept, float(fit.coefficients[0]), nothing)
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
    whole = newton_logistic(patients.design, patients.outcome)
    if whole.separated or not whole.converged:
        raise LearningError(
            _WHERE,
            "the predictors separate events from non-events here, so that a refit, against which "
            "`auto` holds the simpler methods, does not exist",
            "Name a method: --method intercept or logistic.",
        )
    tests = []
    methods: tuple[tuple[Method, int], ...] = (("none", 0), ("intercept", 1), ("logistic", 2))
    for method, parameters in methods:
        simpler = _log_likelihood(change_by(method, patients).log_odds(patients), patients.outcome)
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


def _refitted(patients: Patients, recalibrated: Change, penalty: float) -> Change:
    """Differences from the recalibrated model, pulled towards none; the intercept is free."""
    fit: LogisticFit = newton_logistic(
        patients.design,
        patients.outcome,
        offset=recalibrated.log_odds(patients),
        penalty=penalty,
    ).require_convergence(_WHERE)
    return Change(
        "refit",
        recalibrated.shift + fit.intercept,
        recalibrated.slope,
        fit.coefficients,
        penalty,
    )


def _penalty(patients: Patients, penalties: tuple[float, ...]) -> float:
    """The penalty with the least log loss over the folds; folds that cannot be fitted are left."""
    loss = np.zeros(len(penalties))
    rows = np.arange(len(patients.outcome))
    for fold in np.unique(patients.fold):
        inside = patients.rows(rows[patients.fold != fold])
        beyond = patients.rows(rows[patients.fold == fold])
        try:
            recalibrated = change_by("logistic", inside)
            fits: list[Callable[[Patients], Floats]] = [
                _refitted(inside, recalibrated, penalty).log_odds for penalty in penalties
            ]
        except LearningError:
            continue
        loss -= [_log_likelihood(log_odds(beyond), beyond.outcome) for log_odds in fits]
    best = np.flatnonzero(loss <= loss.min() + 1e-12 * (1.0 + abs(loss.min())))
    return max(penalties[i] for i in best)


def _log_likelihood(log_odds: Floats, outcome: Floats) -> float:
    margin = np.where(outcome == 1.0, log_odds, -log_odds)
    return float((np.minimum(margin, 0.0) - np.log1p(np.exp(-np.abs(margin)))).sum())
