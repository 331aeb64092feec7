"""Learning when an event happens: cause-specific Cox models with a ridge penalty.

The hazard of the event and that of what competes with it are two Cox models of the same
predictors, each with its own penalty; together they give cumulative incidences (Putter, Fiocco,
Geskus, Stat Med 2007;26:2389). The bundled coefficients are fitted by scikit-survival, those of
tuning and resampling by `predictor.learning.cox_newton`, which finds the same (a test holds it).
Ties by Breslow's method, because with it observed and expected events are equal in any stretch of
time; the baseline is Breslow's, summed up to months between which several patients had the event.
The penalty is lambda/2 times the sum of squared coefficients of standardised columns, taken off
the log partial likelihood (R: ``ridge(theta = lambda, scale = FALSE)``); it is chosen by
cross-validated partial likelihood (Verweij, Van Houwelingen, Stat Med 1993;12:2305).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.config import Config
from predictor.errors import LearningError, MissingExtraError
from predictor.fitted.hazard_model import HazardModel
from predictor.fitted.preparation import Preparation, Values
from predictor.learning.cox_newton import cox_newton
from predictor.learning.preparer import Preparer
from predictor.learning.procedure import Plan
from predictor.learning.resampling import inner_folds

Ends = NDArray[np.integer]

WEAK = 1.0
"""Penalty of replicates, which are meant to have none: hardly a pull, but a finite fit."""
_MOST = 50.0


@dataclass(frozen=True, slots=True)
class TimedPatients:
    """What a fit may see.

    Parameters
    ----------
    values : shape (patients, variables)
        NaN for missing.
    months, ends : shape (patients,)
        Follow-up, and how it ended: 0 censored, 1 event, 2 competing event.
    group : shape (patients,), optional
        What stays whole.
    """

    values: Values
    months: Values
    ends: Ends
    group: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class HazardCandidate:
    """One model to be compared.

    Parameters
    ----------
    name, label
        As in a configuration, and for people.
    predictors
        Positions of the predictors that it uses; none for the cumulative incidence of everybody.
    penalties
        To choose from.
    """

    name: str
    label: str
    predictors: tuple[int, ...]
    penalties: tuple[float, ...] = (WEAK,)


def hazard_candidates(config: Config, baseline_label: str) -> tuple[HazardCandidate, ...]:
    """Both baselines, then the Cox model of all predictors.

    Parameters
    ----------
    config
        A question of a time.
    baseline_label
        What people call the one predictor that stands alone.
    """
    alone = (config.predictors.index(config.baseline),)
    found = [
        HazardCandidate("prevalence", "Cumulative incidence of everybody", ()),
        HazardCandidate("one_predictor", f"{baseline_label} alone", alone),
    ]
    if plan := config.models.cox:
        everything = tuple(range(len(config.predictors)))
        penalties = tuple(sorted(plan.penalty, reverse=True))
        found.append(HazardCandidate("cox", "Cox, ridge", everything, penalties))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class HazardPlan:
    """How every candidate is fitted.

    Parameters
    ----------
    plan
        Preparation and inner folds.
    causes
        1 or 2.
    knots
        For each cause, months at which the baseline is known; see :func:`knots_of`.
    """

    plan: Plan
    causes: int
    knots: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class FittedHazards:
    """A fitted candidate: what was learned, and the penalty of each cause."""

    preparation: Preparation
    model: HazardModel
    penalties: tuple[float, ...]

    def incidence(self, values: Values) -> Values:
        """Cumulative incidence of the event by each month, shape (patients, horizon)."""
        log_ratio = self.model.log_ratio(self.preparation.apply(values))
        return self.model.incidence(log_ratio)[:, 0]


def knots_of(
    months: Values, had: NDArray[np.bool_], person: NDArray[np.int64], horizon: int, least: int
) -> tuple[int, ...]:
    """Whole months with at least so many patients with the event since the one before.

    Parameters
    ----------
    months, had, person : shape (rows,)
        Follow-up, whether it ended with the event, and whose it is.
    horizon
        The last of them, to which events after the last but one are joined.
    least
        Cell size.

    Examples
    --------
    >>> months = np.array([0.5, 0.7, 2.5, 5.0, 5.5, 9.0])
    >>> knots_of(months, np.ones(6, dtype=bool), np.arange(6), 12, 2)
    (1, 5, 12)
    """
    found: list[int] = []
    start = 0.0
    for month in range(1, horizon + 1):
        inside = had & (months > start) & (months <= month)
        if len(np.unique(person[inside])) >= least:
            found.append(month)
            start = float(month)
    if found and found[-1] != horizon:
        rest = had & (months > start) & (months <= horizon)
        if len(np.unique(person[rest])) < least:
            found.pop()
    return (*(month for month in found if month != horizon), horizon)


def cox(design: Values, months: Values, had: NDArray[np.bool_], penalty: float) -> Values:
    """Coefficients of a Cox model, shape (columns,).

    Parameters
    ----------
    design : shape (patients, columns)
        Standardised.
    months, had : shape (patients,)
        Follow-up, and whether it ended with the event; any other end is a censoring.
    penalty
        Lambda.

    Raises
    ------
    LearningError
        If the fit does not settle.
    MissingExtraError
        Without scikit-survival.
    """
    if not design.shape[1] or not had.any():
        return np.zeros(design.shape[1])
    try:
        from sksurv.linear_model import CoxPHSurvivalAnalysis
    except ImportError:
        raise MissingExtraError(
            "models.cox",
            "models of the time to an event need scikit-survival",
            'Install it: pip install "sle-ivig-predictor[survival]".',
        ) from None
    told = np.empty(len(had), dtype=[("event", bool), ("months", float)])
    told["event"], told["months"] = had, months
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fitted = CoxPHSurvivalAnalysis(alpha=penalty, ties="breslow").fit(design, told)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            fitted = None
    return _settled(None if fitted is None else np.asarray(fitted.coef_, dtype=np.float64))


def quick_cox(design: Values, months: Values, had: NDArray[np.bool_], penalty: float) -> Values:
    """The same by `cox_newton`: parameters, returns and LearningError as for :func:`cox`."""
    return _settled(cox_newton(design, months, had, penalty))


def _settled(found: Values | None) -> Values:
    if found is None or not (np.abs(found) < _MOST).all():
        raise LearningError(
            "models.cox", "a fit does not settle", "Give a larger penalty under models.cox."
        )
    return found


def log_likelihood(log_ratio: Values, months: Values, had: NDArray[np.bool_]) -> float:
    """Log partial likelihood by Breslow.

    Parameters
    ----------
    log_ratio, months, had : shape (patients,)
    """
    total, place = _risk(log_ratio, months)
    return float(log_ratio[had].sum() - np.log(total[place[had]]).sum())


def baseline(
    log_ratio: Values, months: Values, had: NDArray[np.bool_], knots: Sequence[int]
) -> Values:
    """Growth of Breslow's cumulative baseline hazard up to each knot, shape (knots,).

    Parameters
    ----------
    log_ratio, months, had : shape (patients,)
    knots
        Rising months; events after the last are left out.
    """
    total, place = _risk(log_ratio, months)
    inside = had & (months <= knots[-1])
    piece = np.searchsorted(np.asarray(knots, dtype=np.float64), months[inside], side="left")
    each = 1.0 / total[place[inside]]
    return np.bincount(piece, each, minlength=len(knots)).astype(np.float64)


def _risk(log_ratio: Values, months: Values) -> tuple[Values, NDArray[np.intp]]:
    """Sum of hazard ratios of who is still followed, by time, and the place of each patient."""
    order = np.argsort(months, kind="stable")
    ratio = np.exp(log_ratio[order])
    behind = np.cumsum(ratio[::-1])[::-1]
    return behind, np.searchsorted(months[order], months, side="left")


def fit_hazards(
    candidate: HazardCandidate,
    how: HazardPlan,
    patients: TimedPatients,
    count: NDArray[np.integer],
    seed: int,
    *,
    final: bool = False,
) -> FittedHazards:
    """Prepare, tune and fit one candidate in one resample.

    Parameters
    ----------
    candidate, how, patients
        What is fitted to whom.
    count : shape (patients,)
        How often each patient stands in the resample.
    seed
        Of the inner folds.
    final
        Whether the coefficients are those that are bundled.
    """
    who = np.repeat(np.arange(len(count)), count)
    own = patients.values[:, list(candidate.predictors)]
    preparation = _prepared(candidate, how.plan, own[who])
    design, months = preparation.apply(own), patients.months
    coefficients, hazards, chosen = [], [], []
    for cause in range(how.causes):
        had = patients.ends == cause + 1
        penalty = candidate.penalties[0]
        if len(candidate.penalties) > 1 and design.shape[1] and had[who].any():
            folds, number = inner_folds(
                had,
                patients.group,
                count[None, :],
                folds=how.plan.inner_folds,
                seed=np.array([seed], dtype=np.int64),
            )
            if number[0] > 1:
                penalty = _tuned(candidate, design, months, had, who, folds[0])
        slopes = (cox if final else quick_cox)(design[who], months[who], had[who], penalty)
        log_ratio = design @ slopes
        coefficients.append(slopes)
        hazards.append(baseline(log_ratio[who], months[who], had[who], how.knots[cause]))
        chosen.append(penalty)
    model = HazardModel(np.stack(coefficients), how.knots, tuple(hazards))
    return FittedHazards(preparation, model, tuple(chosen))


def _prepared(candidate: HazardCandidate, plan: Plan, values: Values) -> Preparation:
    columns = tuple(plan.columns[j] for j in candidate.predictors)
    if not columns:
        return Preparation((), np.empty(0), (), (), np.empty(0), np.empty(0))
    named = {column.name for column in columns}
    flags = tuple(name for name in plan.missing_indicators if name in named)
    return Preparer(columns, plan.imputation, flags).fit(values).preparation_


def _tuned(
    candidate: HazardCandidate,
    design: Values,
    months: Values,
    had: NDArray[np.bool_],
    who: NDArray[np.intp],
    fold: NDArray[np.int64],
) -> float:
    """The penalty with the largest cross-validated partial likelihood."""
    scores = []
    for penalty in candidate.penalties:
        score = 0.0
        for k in np.unique(fold[who]):
            train = who[fold[who] != k]
            slopes = quick_cox(design[train], months[train], had[train], penalty)
            ratio = design @ slopes
            score += log_likelihood(ratio[who], months[who], had[who])
            score -= log_likelihood(ratio[train], months[train], had[train])
        scores.append(score)
    return candidate.penalties[int(np.argmax(scores))]
