"""The permutation test of a modelling procedure (see `predictor.validation.permutation`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.learning.candidates import Candidate
from predictor.learning.procedure import Patients, Plan
from predictor.learning.refitting import Refit, refit
from predictor.learning.resampling import Resamples, inner_folds
from predictor.learning.splits import derived_seed
from predictor.performance.discrimination import auroc
from predictor.validation.permutation import Signal, permuted_outcomes, signal

STATISTIC = "largest AUROC within test folds among {}"


def signal_test(
    candidates: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    kind: str,
    *,
    patient: NDArray[np.int64] | None = None,
    folds: int,
    repeats: int,
    permutations: int,
    seed: int,
    not_repeated: tuple[str, ...] = (),
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Signal:
    """Ask whether the candidates find more in the real outcomes than in permuted ones.

    The statistic is the largest AUROC that any candidate reaches in cross-validation, within test
    folds and averaged over them, with preparation and tuning repeated in each training part; so
    the choice of the best candidate is part of what is repeated. The real outcomes are handled as
    one more permutation, folds and all.

    Parameters
    ----------
    candidates
        The candidates with predictors; the prevalence cannot show signal and is left out.
    plan, patients
        How is fitted, and on whom.
    kind
        What ``patients.group`` is: ``"patient"``, ``"centre"`` or ``"none"``.
    patient
        Patient of each row where the groups are centres.
    folds, repeats
        Of the cross-validation.
    permutations, seed
        How many, and what decides them.
    not_repeated
        Parts of the whole procedure that are left out, in words.
    workers, progress
        As in :func:`predictor.learning.refitting.refit`.

    Raises
    ------
    LearningError
        If the patients cannot give a p-value of 0.05, or the folds no AUROC.
    """
    tested = [candidate for candidate in candidates if candidate.name != "prevalence"]
    permuted = permuted_outcomes(
        patients.outcome,
        patients.group,
        kind,
        permutations=permutations,
        seed=seed,
        patient=patient if kind == "centre" else None,
    )
    outcome = np.concatenate([patients.outcome[None], permuted.outcome])
    best = np.full(len(outcome), np.nan)
    for c, candidate in enumerate(tested):
        total = np.zeros(len(outcome))
        for r in range(repeats):
            if progress is not None:
                progress((c * repeats + r) / (len(tested) * repeats))
            total += _areas(candidate, plan, patients, outcome, folds, (seed, r), workers)
        best = np.fmax(best, total / repeats)
    if progress is not None:
        progress(1.0)
    label = " and ".join(", ".join(c.label for c in tested).rsplit(", ", 1))
    return signal(
        STATISTIC.format(label) if len(tested) > 1 else f"AUROC within test folds of {label}",
        float(best[0]),
        best[1:],
        permuted.rule,
        not_repeated=not_repeated,
    )


def _areas(
    candidate: Candidate,
    plan: Plan,
    patients: Patients,
    outcome: NDArray[np.int8],
    folds: int,
    seed: tuple[int, int],
    workers: int | None,
) -> NDArray[np.float64]:
    """Mean AUROC within the test folds of one repeat, for each row of outcomes; may be NaN."""
    rows = len(outcome)
    seeds = np.array([derived_seed(*seed, 9, b) for b in range(rows)], dtype=np.int64)
    fold, number = inner_folds(
        outcome,
        patients.group,
        np.ones(outcome.shape, dtype=np.int8),
        folds=folds,
        seed=seeds,
    )
    pairs = [(b, k) for b in range(rows) for k in range(number[b])]
    which = np.array([b for b, _ in pairs], dtype=np.intp)
    resamples = Resamples(
        np.stack([fold[b] != k for b, k in pairs]).astype(np.int32),
        np.array([derived_seed(int(seeds[b]), k) for b, k in pairs], dtype=np.int64),
    )
    found = refit(
        [candidate],
        plan,
        patients,
        resamples,
        areas_within_folds,
        outcome=outcome[which],
        workers=workers,
    )
    area = np.concatenate(found)
    defined = ~np.isnan(area)
    count = np.bincount(which[defined], minlength=rows)
    total = np.bincount(which[defined], weights=area[defined], minlength=rows)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def areas_within_folds(fits: Refit) -> NDArray[np.float64]:
    """AUROC of each fit among the patients it has not seen; NaN where it is not defined."""
    area = np.full(len(fits.usable), np.nan)
    for b in np.flatnonzero(fits.usable):
        test = fits.count[b] == 0
        events = int(fits.outcome[b, test].sum())
        if 0 < events < int(test.sum()):
            area[b] = auroc(fits.outcome[b, test], fits.probability[b, test])
    return area
