"""Models of a time, fitted in many resamples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from predictor.errors import LearningError
from predictor.fitted.preparation import Values
from predictor.learning.hazards import (
    WEAK,
    FittedHazards,
    HazardCandidate,
    HazardPlan,
    TimedPatients,
    baseline,
    fit_hazards,
    quick_cox,
)
from predictor.learning.resampling import BootstrapPlan, Resamples
from predictor.learning.spread import spread

Ends = NDArray[np.integer]


def refit_hazards(
    candidate: HazardCandidate,
    how: HazardPlan,
    patients: TimedPatients,
    resamples: Resamples | BootstrapPlan,
    *,
    workers: int | None,
    progress: Callable[[float], bool],
) -> list[FittedHazards | None]:
    """Fit a candidate in each resample; None where a fit does not settle.

    Parameters
    ----------
    candidate, how, patients, resamples
        What is fitted to whom.
    workers
        Parallel processes; every available core by default. Results do not depend on it.
    progress
        Told the share that is done; where it says no, the remaining resamples are left out.
    """
    total = len(resamples)
    tasks = ((resamples.part(i, i + 1),) for i in range(total))
    found: list[FittedHazards | None] = []
    for one in spread(_one, (candidate, how, patients), tasks, total, workers=workers):
        found.append(one)
        if not progress(len(found) / total):
            break
    return found


def _one(
    candidate: HazardCandidate,
    how: HazardPlan,
    patients: TimedPatients,
    resample: Resamples,
) -> FittedHazards | None:
    try:
        return fit_hazards(candidate, how, patients, resample.count[0], int(resample.seed[0]))
    except LearningError:
        return None


def replicate(
    fitted: FittedHazards, how: HazardPlan, own: Values, patients: TimedPatients, count: Ends
) -> tuple[Values, Values] | None:
    """Coefficients and hazards of one bootstrap replicate on the design of the final fit.

    Parameters
    ----------
    fitted
        Final fit, whose preparation is kept.
    how, patients
        As for the fit.
    own : shape (patients, variables)
        Values of the model's own predictors.
    count : shape (patients,)
        How often each patient was drawn.

    Returns
    -------
    shapes (causes, columns) and (knots of all causes,); None where a fit does not settle.
    """
    design, who = fitted.preparation.apply(own), np.repeat(np.arange(len(count)), count)
    months, slopes, hazards = patients.months[who], [], []
    for cause in range(how.causes):
        had = patients.ends[who] == cause + 1
        try:
            found = quick_cox(design[who], months, had, WEAK)
        except LearningError:
            return None
        slopes.append(found)
        hazards.append(baseline(design[who] @ found, months, had, how.knots[cause]))
    return np.stack(slopes), np.concatenate(hazards)
