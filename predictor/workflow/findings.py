"""What a training run found beside the manifest: the tables of the report, without a patient."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor.clinical.variable import Range
from predictor.cohort.cohort import Cohort
from predictor.cohort.missingness import missingness
from predictor.cohort.small_cells import masked_flow
from predictor.cohort.table_one import table_one
from predictor.explanation.importance import Importance
from predictor.explanation.shown import profile_findings
from predictor.learning.candidates import Candidate
from predictor.learning.crossvalidation import OutOfFold
from predictor.learning.procedure import Fitted, Patients, Plan
from predictor.learning.splits import RepeatedFolds, derived_seed
from predictor.study import Study
from predictor.validation.comparison import Comparison
from predictor.validation.curves import curves
from predictor.validation.instability_bins import binned
from predictor.validation.own_subgroups import own_subgroups
from predictor.validation.pitfalls import pitfalls
from predictor.validation.samplesize import SampleSize
from predictor.workflow.figures import smallest_bin
from predictor.workflow.internal import InternalResults


@dataclass(frozen=True, slots=True)
class Trained:
    """Everything that a finished run knows, while its patients are still there.

    Parameters
    ----------
    study, cohort
        The question and who was analysed.
    plan, patients
        How was fitted, and on whom.
    candidate, fitted
        The chosen model, and its fit to all patients.
    predicted, folds
        Out-of-fold predictions of all candidates, and by which folds.
    comparison, internal, ranked, needed
        What was found.
    """

    study: Study
    cohort: Cohort
    plan: Plan
    patients: Patients
    candidate: Candidate
    fitted: Fitted
    predicted: Sequence[OutOfFold]
    folds: RepeatedFolds
    comparison: Comparison
    internal: InternalResults
    ranked: Importance
    needed: SampleSize


def collect(run: Trained) -> dict[str, Any]:
    """Make every part of ``findings.json``.

    Parameters
    ----------
    run
        What the parts are made from; each part is a function of the room that knows how, and
        takes from here only what it needs.

    Returns
    -------
    Part -> plain data. Counts below ``privacy.cell_size`` are masked in it, what is not defined is
    None, and no row of a patient is in it.
    """
    parts: dict[str, Any] = {
        "patients": _patients(run),
        **_performance(run),
    }
    parts["profiles"] = _profiles(run)
    parts["pitfalls"] = _pitfalls(run)
    return {name: plain(part) for name, part in parts.items()}


def _profiles(run: Trained) -> dict[str, Any]:
    """Synthetic profiles of the chosen model's predictors; real effects only where allowed."""
    predictors = list(run.candidate.predictors)
    return profile_findings(
        run.fitted.model,
        run.fitted.preparation,
        [run.cohort.variables[j] for j in predictors],
        run.cohort.values[:, predictors],
        run.cohort.outcome,
        seed=run.study.config.validation.seed,
        real=run.study.config.explanation.patients,
        limits={name: Range(*ends) for name, ends in run.study.config.question.limits.items()},
    )


def _pitfalls(run: Trained) -> dict[str, Any]:
    config = run.study.config
    return pitfalls(
        run.cohort,
        run.candidate,
        run.fitted,
        run.predicted,
        run.folds,
        cell_size=config.privacy.cell_size,
        seed=config.validation.seed,
    )


def _patients(run: Trained) -> dict[str, Any]:
    cohort, cell_size = run.cohort, run.study.config.privacy.cell_size
    flow = masked_flow(cohort.flow, cell_size)
    hidden = any(row["patients"] is None for row in flow)
    unknown = cohort.sensitivity
    return {
        "flow": flow,
        "sensitivity": unknown.to_dict(cell_size, hidden=hidden) if unknown else None,
        "table_one": table_one(cohort, cell_size),
        "missing": missingness(cohort, cell_size),
    }


def _performance(run: Trained) -> dict[str, Any]:
    """Curves, subgroups, instability and places of the chosen model."""
    cohort, config, candidate = run.cohort, run.study.config, run.candidate
    cell_size = config.privacy.cell_size
    (beyond,) = (p.probability for p in run.predicted if p.candidate.name == candidate.name)
    found = run.internal.bootstrap
    unstable = found.instability if found else None
    own = {cohort.names[j] for j in candidate.predictors}
    return {
        "curves": curves(
            cohort.outcome,
            run.fitted.probability(run.patients.values[:, candidate.predictors]),
            beyond,
            run.folds.fold,
            cohort.patient,
            constant=candidate.name == "prevalence",
            thresholds=config.validation.thresholds,
            cell_size=cell_size,
            seed=derived_seed(config.validation.seed, 14),
        ),
        "subgroups": {
            "cell_size": cell_size,
            "rows": [
                row.to_dict() for row in own_subgroups(cohort, beyond, run.folds.fold, cell_size)
            ],
        },
        "instability": {
            "bins": binned(unstable, smallest_bin(cohort, cell_size)) if unstable else [],
        },
        "ranks": [row.to_dict() for row in found.ranks if row.variable in own] if found else [],
    }


def plain(data: Any) -> Any:
    """Data as strict JSON has it: numbers of Python, and None for what is not defined.

    >>> plain({"a": np.float64("nan"), "b": (np.int64(1), np.array([0.5, np.inf]))})
    {'a': None, 'b': [1, [0.5, None]]}
    """
    if isinstance(data, Mapping):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, np.ndarray | np.generic):
        return plain(data.tolist())
    if isinstance(data, list | tuple):
        return [plain(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data
