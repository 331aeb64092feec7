"""What an update takes from its patients: log-odds by the model, draw by draw, and replicates.

Whoever has gaps is answered by a mean over draws of what is missing, so the update is given the
very draws that an answer is made of.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.draws import DRAWS
from predictor.cohort.cohort import Cohort
from predictor.errors import BundleError, CohortError, LearningError
from predictor.fitted.bundle import Bundle
from predictor.fitted.models import LinearModel, mean_over_draws
from predictor.fitted.preparation import Values
from predictor.fitted.replicates import Replicates
from predictor.learning.fit_over_draws import Gaps
from predictor.learning.resampling import BootstrapPlan
from predictor.learning.updating import FOLDS, Change, Patients, change_by


def check_one_row_each(cohort: Cohort, source: str) -> None:
    """Refuse patients with several rows: the tests of an update would count each row as one more.

    Raises
    ------
    CohortError
        Saying how many there are.
    """
    if cohort.patient is None:
        return
    times = np.unique(cohort.patient, return_counts=True)[1]
    if (times > 1).any():
        raise CohortError(
            source,
            f"{int((times > 1).sum())} of {len(times)} patients have several rows, and an update "
            "would take each row for a patient of its own and be too sure of what it finds",
            "Keep one row per patient, such as the first. `predictor validate` tells the figures "
            "of all rows.",
        )


def patients_of(bundle: Bundle, cohort: Cohort, seed: int) -> Patients:
    """The patients as the update sees them.

    Parameters
    ----------
    bundle
        A linear model.
    cohort
        One row per patient.
    seed
        Of the folds that choose a penalty.
    """
    model = bundle.model
    assert isinstance(model, LinearModel)  # noqa: S101 - asked before
    fold = np.arange(cohort.patients, dtype=np.int64) % FOLDS
    np.random.default_rng(seed).shuffle(fold)
    design = bundle.preparation.apply(cohort.values)
    alone = Patients(design, model.output(design), cohort.outcome.astype(np.float64), fold)
    found = _with_gaps(bundle, cohort, alone)
    if not np.isfinite(found.log_odds).all():
        rule = "its numbers lead to an answer that is not finite"
        raise BundleError(str(bundle.path), rule, "Get the bundle again, or train anew.")
    return found


def _with_gaps(bundle: Bundle, cohort: Cohort, alone: Patients) -> Patients:
    flat, absent = _drawn(bundle, cohort)
    if not len(flat):
        return alone
    assert isinstance(bundle.model, LinearModel)  # noqa: S101 - asked before
    place = np.full(cohort.patients, -1, dtype=np.intp)
    rows = np.isnan(cohort.values).any(axis=1)
    place[rows] = np.arange(rows.sum())
    design = bundle.preparation.design(flat, absent)
    log_odds = bundle.model.output(design).reshape(-1, DRAWS)
    gaps = Gaps(place, design.reshape(-1, DRAWS, design.shape[1]), log_odds)
    whole = gaps.into(alone.design, gaps.design.mean(axis=1))
    return replace(
        alone,
        design=whole,
        log_odds=gaps.into(alone.log_odds, mean_over_draws(log_odds)[1]),
        gaps=gaps,
    )


def _drawn(bundle: Bundle, cohort: Cohort) -> tuple[Values, NDArray[np.bool_]]:
    """Draws of all patients with gaps below one another, and what had been missing in them."""
    values = cohort.values[np.isnan(cohort.values).any(axis=1)]
    if bundle.moments is None:  # a bundle of an earlier version fills in one value
        values = values[:0]
    flat = bundle.moments.draws(values, DRAWS) if bundle.moments is not None else values
    return flat.reshape(-1, values.shape[1]), np.repeat(np.isnan(values), DRAWS, axis=0)


def updated_replicates(
    bundle: Bundle, cohort: Cohort, patients: Patients, change: Change, plan: BootstrapPlan
) -> Replicates | None:
    """Replicates of the old model, each updated by a resample of the new patients.

    So they vary by what the old patients left open, and by what the new ones do.

    Parameters
    ----------
    bundle
        The model as it was.
    cohort, patients
        Whom it is updated by, as :func:`patients_of` gives them.
    change
        What became of its log-odds.
    plan
        The resamples.

    Returns
    -------
    None where the old model has none, or too few could be updated.
    """
    old = bundle.replicates
    if old is None:
        return None
    preparation = bundle.preparation
    refits = change.method == "refit"
    if refits and not old.encoding.is_like(preparation.encoding):
        return None
    columns = old.columns(preparation.impute(cohort.values), np.isnan(cohort.values))
    drawn = old.columns(*_drawn(bundle, cohort))
    penalties = (change.penalty,) if change.penalty is not None else (1.0,)
    count = plan.part(0, len(plan)).count
    everybody = np.arange(len(patients.outcome))
    intercept, slope = [], []
    for number, times in enumerate(count):
        which = number % len(old)
        by = (old.slope[which], float(old.intercept[which]))
        mine = _of_replicate(patients, columns, drawn, by).rows(np.repeat(everybody, times))
        try:
            again = change_by(change.method, mine, penalties)
        except LearningError:  # one class only, or separated
            continue
        raw = again.difference / preparation.scale
        added = raw if refits else np.zeros(old.slope.shape[1])
        moved = float(raw @ preparation.centre) if refits else 0.0
        intercept.append(again.shift + again.slope * old.intercept[which] - moved)
        slope.append(again.slope * old.slope[which] + added)
    if len(intercept) < len(plan) // 2:
        return None
    return Replicates(np.array(intercept), np.array(slope), old.variable, old.state, old.missing)


def _of_replicate(
    patients: Patients, columns: Values, drawn: Values, by: tuple[Values, float]
) -> Patients:
    """The patients with the log-odds that one replicate, slopes and intercept, gives them."""
    slope, intercept = by
    log_odds, gaps = columns @ slope + intercept, patients.gaps
    if gaps is not None:
        gaps = replace(gaps, log_odds=(drawn @ slope + intercept).reshape(-1, DRAWS))
        log_odds = gaps.into(log_odds, mean_over_draws(gaps.log_odds)[1])
    return replace(patients, log_odds=log_odds, gaps=gaps)
