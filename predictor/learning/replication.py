"""Bootstrap replicates of a linear model for the interval of one patient.

A penalty pulls every fit towards the share of events, and with it the whole cloud of refits: its
quantiles, or its spread around the model, then miss the true probability of just those patients
who are far from the average. So the interval comes from fits that have no such pull, to the same
predictors in the same resamples. `docs/validation.md` compares both by simulation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.replicates import FEWEST, Replicates
from predictor.learning.candidates import Candidate
from predictor.learning.linear_family import is_batched
from predictor.learning.procedure import Patients, Plan
from predictor.learning.refitting import Refit, refit
from predictor.learning.resampling import BootstrapPlan, Resamples

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

KEPT = 0.75
"""Share of the refits that the spread is measured on."""

# Those without a penalty that is tuned.
_UNPENALISED = frozenset({"prevalence", "one_predictor", "firth"})
_STEPS = 30
# Of the largest, below which nothing varies.
_NONE = 1e-10


def replicates(
    candidate: Candidate,
    plan: Plan,
    patients: Patients,
    resamples: Resamples | BootstrapPlan,
    *,
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Replicates | None:
    """Refit the predictors of a linear model without a tuned penalty, and keep what agrees.

    Parameters
    ----------
    candidate
        The chosen one. A ridge or elastic net is stood in for by Firth's logistic regression on
        the same predictors (Heinze and Schemper, Stat Med 2002;21:2409), which has a finite fit
        where the predictors separate the outcome; the others stand for themselves.
    plan, patients, resamples
        How is fitted, on whom, in which training sets.
    workers, progress
        As in :func:`predictor.learning.refitting.refit`.

    Returns
    -------
    Replicates
        Formulas in all columns, 0 for those of other predictors; see :func:`core`.
    None
        If the candidate is no linear model that is fitted in all resamples at once, or fewer than
        two resamples could be fitted.
    """
    if not is_batched(candidate, plan):
        return None
    chunks = refit(
        [without_pull(candidate)],
        plan,
        patients,
        resamples,
        _formula,
        workers=workers,
        progress=progress,
    )
    found = [chunk[0] for chunk in chunks if chunk[0] is not None]
    usable = np.concatenate([chunk[1] for chunk in chunks]) if chunks else np.zeros(0, dtype=bool)
    return agreeing(found, usable)


def without_pull(candidate: Candidate) -> Candidate:
    """What is refitted for the interval: the candidate, or Firth's regression in its place."""
    if candidate.name in _UNPENALISED:
        return candidate
    return Candidate("firth", candidate.label, candidate.predictors)


def agreeing(found: Sequence[Replicates], usable: Flags) -> Replicates | None:
    """The refits that lie closest together, of consecutive parts; None of fewer than two.

    Parameters
    ----------
    found
        Formulas of all refits, also of those that failed.
    usable : shape (refits,)
        Which of them have a fit.
    """
    if usable.sum() < FEWEST:
        return None
    every = Replicates(
        np.concatenate([formula.intercept for formula in found])[usable],
        np.concatenate([formula.slope for formula in found])[usable],
        found[0].variable,
        found[0].state,
        found[0].missing,
    )
    both = core(np.column_stack([every.intercept, every.slope]))
    return Replicates(both[:, 0], both[:, 1:], every.variable, every.state, every.missing)


def core(refits: Floats) -> Floats:
    """The refits that lie closest together, shape (kept, numbers), of (refits, numbers).

    In a small cohort some resamples nearly separate the outcome and their coefficients are many
    times those of the others; the variance over all refits is then that of these few. So the
    three quarters are looked for whose covariance has a small determinant, by concentration steps
    from all of them (Rousseeuw and Van Driessen, Technometrics 1999;41:212), and moved apart about
    their mean by what the covariance of a normal distribution loses in this way (Croux and
    Haesbroeck, J Multivar Anal 1999;71:161). All are returned as they are where they are too few.

    Parameters
    ----------
    refits : shape (refits, numbers)
        Intercept and slopes of each.
    """
    size = math.ceil(KEPT * len(refits))
    whole = _axes(refits)
    rank = whole.shape[1]
    if not rank or size < 4 * (rank + 1):
        return refits
    kept = np.ones(len(refits), dtype=bool)
    axes = whole
    for _ in range(_STEPS):
        distance = np.square((refits - refits[kept].mean(axis=0)) @ axes).sum(axis=1)
        closest = np.zeros(len(refits), dtype=bool)
        closest[np.argsort(distance, kind="stable")[:size]] = True
        next_axes = _axes(refits[closest])
        # Were a coefficient the same in all that are kept, its uncertainty would be lost.
        if next_axes.shape[1] < rank or (closest == kept).all():
            break
        kept, axes = closest, next_axes
    if kept.all():
        return refits
    centre = refits[kept].mean(axis=0)
    return np.asarray(centre + np.sqrt(widening(rank)) * (refits[kept] - centre))


def widening(rank: int) -> float:
    """Variance of a normal distribution over that of its ``KEPT`` share closest to the middle.

    >>> widening(1) > widening(7) > 1.0
    True
    """
    # Quantile of the chi-squared distribution by Wilson and Hilferty (PNAS 1931;17:684).
    part = 2.0 / (9.0 * rank)
    quantile = rank * (1.0 - part + NormalDist().inv_cdf(KEPT) * math.sqrt(part)) ** 3
    half = 0.5 * quantile
    density = math.exp(0.5 * rank * math.log(half) - half - math.lgamma(0.5 * rank + 1.0))
    return KEPT / (KEPT - density)


def _axes(rows: Floats) -> Floats:
    """What turns deviations into independent ones of variance 1, shape (numbers, rank)."""
    spread = rows.std(axis=0)
    moves = spread > _NONE * np.abs(rows).max(axis=0)
    scaled = (rows - rows.mean(axis=0))[:, moves] / spread[moves]
    variance, vectors = np.linalg.eigh(scaled.T @ scaled / len(rows))
    there = variance > _NONE * variance.max(initial=0.0)
    axes = np.zeros((rows.shape[1], int(there.sum())))
    axes[moves] = vectors[:, there] / np.sqrt(variance[there]) / spread[moves][:, None]
    return axes


def _formula(fits: Refit) -> tuple[Replicates | None, Flags]:
    return fits.formula, fits.usable
