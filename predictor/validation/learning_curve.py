"""What a study of one size would find, and what its model would be worth: one simulated cohort.

A cohort drawn from a known population goes through the whole procedure (prepare, tune, fit,
bootstrap) as `predictor.validation.procedure_bootstrap` does it, held to what a plan asks for; then
the model is tried on a large sample of the same population, which no study has.
`predictor.validation.planned` puts many cohorts together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.uncertainty import interval_around
from predictor.errors import LearningError
from predictor.fitted.models import expit
from predictor.fitted.replicates import Replicates
from predictor.learning.candidates import Candidate
from predictor.learning.linear_family import LinearRefits, fit_resamples
from predictor.learning.procedure import Patients, Plan
from predictor.learning.refitting import as_formulas
from predictor.learning.replication import agreeing, without_pull
from predictor.learning.resampling import Resamples, bootstrap
from predictor.learning.splits import derived_seed
from predictor.performance.calibration import calibration_slope
from predictor.performance.delong import delong
from predictor.performance.discrimination import auroc
from predictor.performance.estimate import Estimate, normal_quantile
from predictor.performance.weighted import weighted_auroc
from predictor.validation.corrected import CorrectedFigure, corrected_figure
from predictor.validation.measured import Measured, joined

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Failure = Literal["few_events", "no_fit"]

SHOWN = 2000
"""Patients of the large sample whose intervals are measured."""

# What a training derives the seeds of its final fit and of its bootstrap from.
_FINAL_FIT, _BOOTSTRAP = 5, 11
# Predictions that are kept at once; more would leave the processor's caches.
_MOST_PREDICTIONS = 250_000
_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Procedure:
    """What every simulated study does.

    Parameters
    ----------
    candidate, plan
        The model, of the linear family, and how it is prepared and tuned.
    resamples
        Bootstrap resamples of each cohort.
    fewest
        Patients with the rarer outcome that a study needs to begin; a training asks for one in
        each fold.
    """

    candidate: Candidate
    plan: Plan
    resamples: int
    fewest: int


@dataclass(frozen=True, slots=True)
class CohortFigures:
    """What one cohort led to; what is not defined is None.

    Parameters
    ----------
    events
        Patients with the event.
    failed
        Why there is no model; None where there is one.
    apparent, corrected, corrected_low, corrected_high
        The AUROC that the study would report, before and after correction, and its interval.
    auroc
        The AUROC in new patients.
    slope, slope_error
        Calibration slope in new patients, and its standard error in the sample of them.
    width
        Mean width of the 95% interval of a new patient's probability.
    """

    events: int
    failed: Failure | None = None
    apparent: float | None = None
    corrected: float | None = None
    corrected_low: float | None = None
    corrected_high: float | None = None
    auroc: float | None = None
    slope: float | None = None
    slope_error: float | None = None
    width: float | None = None


@dataclass(frozen=True, slots=True)
class Unlimited:
    """The same procedure with as many patients as anybody could wish for.

    Parameters
    ----------
    patients
        How many it was fitted to.
    auroc, auroc_error
        In other patients, with the standard error by DeLong.
    slope
        Calibration slope there.
    """

    patients: int
    auroc: float
    auroc_error: float
    slope: float | None


def figures_of_cohort(
    procedure: Procedure,
    cohort: Patients,
    new: Patients,
    seed: int,
) -> CohortFigures:
    """Do the study with one cohort and try its model on new patients.

    Parameters
    ----------
    procedure
        What the study does.
    cohort
        Its patients.
    new
        A large sample of the same population.
    seed
        Decides tuning and resamples, as ``validation.seed`` of a training does.
    """
    n = len(cohort.outcome)
    events = int(cohort.outcome.sum())
    if min(events, n - events) < procedure.fewest:
        return CohortFigures(events, "few_events")
    final = _final_fit(procedure, cohort, seed)
    if not final.usable[0]:
        return CohortFigures(events, "no_fit")
    reported, replicates = _bootstrapped(procedure, cohort, final.probability[0], seed)
    filled = np.where(np.isnan(new.values), final.fill[0], new.values)
    absent = np.isnan(new.values)
    probability = _probability(as_formulas(final), filled, absent)
    slope = _slope(new.outcome, probability)
    return CohortFigures(
        events=events,
        apparent=reported.apparent,
        corrected=reported.corrected,
        corrected_low=reported.corrected_low,
        corrected_high=reported.corrected_high,
        auroc=auroc(new.outcome, probability),
        slope=None if slope is None else slope.value,
        slope_error=_standard_error(slope),
        width=_width(replicates, filled[:SHOWN], absent[:SHOWN], probability[:SHOWN]),
    )


def unlimited(procedure: Procedure, many: Patients, new: Patients, seed: int) -> Unlimited:
    """What the procedure reaches with very many patients.

    Raises
    ------
    LearningError
        If there is no fit even of so many.
    """
    events = int(many.outcome.sum())
    if (
        not 0 < events < len(many.outcome)
        or not ((fit := _final_fit(procedure, many, seed)).usable[0])
    ):
        raise LearningError(
            procedure.candidate.label,
            f"it cannot be fitted even to {len(many.outcome):,} simulated patients",
            "Look at the outcome's event and at the penalties.",
        )
    absent = np.isnan(new.values)
    filled = np.where(absent, fit.fill[0], new.values)
    probability = _probability(as_formulas(fit), filled, absent)
    area = delong(new.outcome, probability, _LEVEL)
    slope = _slope(new.outcome, probability)
    return Unlimited(
        len(many.outcome),
        area.value,
        _standard_error(area) or 0.0,
        None if slope is None else slope.value,
    )


def _final_fit(procedure: Procedure, cohort: Patients, seed: int) -> LinearRefits:
    """The procedure on the cohort itself: a resample in which everybody stands once."""
    everybody = Resamples(
        np.ones((1, len(cohort.outcome)), dtype=np.int32),
        np.array([derived_seed(seed, _FINAL_FIT)], dtype=np.int64),
    )
    return fit_resamples([procedure.candidate], procedure.plan, cohort, everybody)


def _bootstrapped(
    procedure: Procedure,
    cohort: Patients,
    apparent: Floats,
    seed: int,
) -> tuple[CorrectedFigure, Replicates | None]:
    """The AUROC as the study would report it, and the replicates of its bundle."""
    n, plan, candidate = len(cohort.outcome), procedure.plan, procedure.candidate
    size = max(1, _MOST_PREDICTIONS // n)
    parts, formulas, usable = [], [], []
    for first in range(0, procedure.resamples, size):
        drawn = bootstrap(
            n,
            None,
            resamples=min(size, procedure.resamples - first),
            seed=derived_seed(seed, _BOOTSTRAP),
            first=first,
        )
        parts.append(
            _measured(cohort.outcome, drawn, fit_resamples([candidate], plan, cohort, drawn))
        )
        free = fit_resamples([without_pull(candidate)], plan, cohort, drawn)
        formulas.append(as_formulas(free))
        usable.append(free.usable)
    y = cohort.outcome.astype(np.float64)
    value = float(weighted_auroc(y, apparent[None], np.ones((1, n)))[0])
    reported = corrected_figure("auroc", y, apparent, value, joined(parts), level=_LEVEL)
    return reported, agreeing(formulas, np.concatenate(usable))


def _measured(outcome: NDArray[np.int8], drawn: Resamples, fits: LinearRefits) -> Measured:
    """The AUROC alone of each refit in its resample, in the cohort and out of bag."""
    y = outcome.astype(np.float64)
    count = drawn.count.astype(np.float64)
    events = count @ y
    p = fits.probability
    return Measured(
        usable=fits.usable,
        separated=fits.separated,
        one_class=(events == 0.0) | (events == count.sum(axis=1)),
        boot={"auroc": weighted_auroc(y, p, count)},
        test={"auroc": weighted_auroc(y, p, np.ones_like(count))},
        oob={"auroc": weighted_auroc(y, p, (count == 0.0).astype(np.float64))},
        loss=np.zeros(y.size),
        left_out=np.zeros(y.size, dtype=np.int64),
        tracked=np.zeros(0, dtype=np.intp),
        probability=np.zeros((len(count), 0)),
    )


def _probability(formula: Replicates, filled: Floats, absent: Flags) -> Floats:
    return expit(formula.log_odds(filled, absent)[:, 0])


def _slope(outcome: NDArray[np.int8], probability: Floats) -> Estimate | None:
    return calibration_slope(outcome, probability, _LEVEL)


def _standard_error(estimate: Estimate | None) -> float | None:
    """Of a Wald interval."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return None
    return (estimate.high - estimate.low) / (2.0 * normal_quantile(_LEVEL))


def _width(
    replicates: Replicates | None, filled: Floats, absent: Flags, probability: Floats
) -> float | None:
    """Mean width of the interval that an answer for a patient has."""
    if replicates is None:
        return None
    centre, variance = replicates.mean_and_variance(filled, absent)
    low, high = interval_around(centre, variance, probability)
    return float((high - low).mean())
