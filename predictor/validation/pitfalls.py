"""The pitfalls that need the patients, collected once while they are there (`findings.json`).

Checks that need no patient are made from the manifest when a report is written, so that bundles
of an older version have them, too; see :mod:`predictor.validation.pitfall`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from predictor.cohort.cohort import Cohort
from predictor.learning.candidates import Candidate
from predictor.learning.crossvalidation import OutOfFold
from predictor.learning.procedure import Fitted
from predictor.learning.splits import RepeatedFolds
from predictor.validation import cohort_pitfalls, fold_pitfalls
from predictor.validation.cohort_pitfalls import People
from predictor.validation.pitfall import Pitfall, unassessed

_NO_PREDICTORS = "the chosen model has no predictors"


def pitfalls(
    cohort: Cohort,
    candidate: Candidate,
    fitted: Fitted,
    predicted: Sequence[OutOfFold],
    folds: RepeatedFolds,
    *,
    cell_size: int,
    seed: int,
) -> dict[str, Any]:
    """Look for pitfalls in a cohort and in the model that was made from it.

    Parameters
    ----------
    cohort
        Who was analysed.
    candidate, fitted
        The chosen model, and its fit to all patients.
    predicted, folds
        Out-of-fold predictions of all candidates, and by which folds.
    cell_size
        Smallest count that is shown.
    seed
        Decides the permutations.

    Returns
    -------
    ``checks``, each as :meth:`predictor.validation.pitfall.Pitfall.to_dict`; no patient among them.
    """
    people, variables = People.of(cohort), cohort.variables
    made = [
        cohort_pitfalls.leakage(people, variables, cell_size),
        *_of_model(cohort, candidate, fitted, predicted, folds, seed),
        cohort_pitfalls.imputation(people, variables, candidate.predictors, cell_size),
        cohort_pitfalls.centre_shift(people, variables, cell_size),
        cohort_pitfalls.row_order(people),
        cohort_pitfalls.telling_gaps(people, variables, cell_size),
        cohort_pitfalls.copied_rows(cohort, cell_size),
        cohort_pitfalls.nearly_constant(people, variables, cell_size),
        cohort_pitfalls.alike_predictors(people, variables),
    ]
    return {"checks": [check.to_dict() for check in made]}


def _of_model(
    cohort: Cohort,
    candidate: Candidate,
    fitted: Fitted,
    predicted: Sequence[OutOfFold],
    folds: RepeatedFolds,
    seed: int,
) -> list[Pitfall]:
    """What concerns the chosen model; the prevalence has nothing that could go wrong here."""
    if candidate.name == "prevalence":
        codes = ("separation", "calibration_drift", "tuning_edge")
        return [unassessed(code, _NO_PREDICTORS) for code in codes]
    own = next(result for result in predicted if result.candidate.name == candidate.name)
    values = cohort.values[:, candidate.predictors]
    return [
        fold_pitfalls.separation(fitted.preparation.apply(values), cohort.outcome),
        fold_pitfalls.calibration_drift(
            cohort.outcome, np.asarray(own.probability), folds.fold, cohort.patient, seed
        ),
        fold_pitfalls.tuning_edge(candidate.grid, own.settings),
    ]
