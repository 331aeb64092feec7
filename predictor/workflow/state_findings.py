"""What a training of several states found beside the manifest, without a row of any patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.cohort.cohort import Cohort
from predictor.cohort.missingness import missingness
from predictor.cohort.small_cells import masked_flow
from predictor.cohort.state_counts import shown_states
from predictor.cohort.state_table import state_table
from predictor.fitted.preparation import Preparation
from predictor.fitted.state_model import StateModel
from predictor.learning.resampling import BootstrapPlan
from predictor.learning.splits import RepeatedFolds, derived_seed
from predictor.performance.scores import log_loss_per_patient
from predictor.study import Study
from predictor.validation.curves import DRAWS, LEVEL, calibration_band, histogram
from predictor.validation.state_pitfalls import StateChecked, state_pitfalls
from predictor.validation.state_subgroups import state_subgroups
from predictor.workflow.findings import plain
from predictor.workflow.state_run import ComparedStates

Floats = NDArray[np.float64]

_OF_BEST = ("share", "best_case", "worst_case")


def state_findings(
    study: Study,
    cohort: Cohort,
    variables: Sequence[Variable],
    values: Floats,
    preparation: Preparation,
    model: StateModel,
    chosen: ComparedStates,
    folds: RepeatedFolds,
    binary: Floats,
    refits: Floats,
) -> dict[str, Any]:
    """Make every part of ``findings.json``.

    Parameters
    ----------
    study, cohort
        The question and its patients.
    variables, values
        Of the chosen model.
    preparation, model
        The model itself.
    chosen, folds
        Its out-of-fold probabilities, and by which folds.
    binary : shape (states, repeats, n)
        Out of fold, by a model of each state against all others.
    refits : shape (resamples, n, states)
        By the bootstrap refits.
    """
    cell_size, seed = study.config.privacy.cell_size, study.config.validation.seed
    probability = chosen.probability
    own = [cohort.names.index(variable.name) for variable in variables]
    checked = StateChecked(
        cohort,
        chosen.candidate,
        own,
        preparation.apply(values),
        chosen.penalties,
        probability,
        folds.fold,
    )
    flow = masked_flow(cohort.flow, cell_size)
    hidden = any(row["patients"] is None for row in flow)
    found = {
        "patients": {
            "flow": flow,
            "sensitivity": _sensitivity(cohort, cell_size, hidden=hidden),
            "state_table": state_table(cohort, cell_size),
            "missing": missingness(cohort, cell_size),
        },
        "state_curves": _curves(cohort, probability.mean(axis=0), cell_size, seed),
        "binary": _binary(cohort, probability, binary),
        "state_instability": _instability(cohort, refits),
        "state_importance": _importance(variables, values, preparation, model),
        "subgroups": state_subgroups(cohort, probability, folds, cell_size=cell_size, seed=seed),
        "pitfalls": state_pitfalls(checked, cell_size=cell_size, seed=seed),
    }
    told: dict[str, Any] = plain(found)
    return told


def _sensitivity(cohort: Cohort, cell_size: int, *, hidden: bool) -> dict[str, Any] | None:
    """What unknown outcomes could change, without what tells of few people in a state."""
    if cohort.sensitivity is None:
        return None
    found = cohort.sensitivity.to_dict(cell_size, hidden=hidden)
    counts = shown_states(cohort, cell_size)
    rows = [
        row if count is not None else {**dict.fromkeys(row), "state": row["state"]}
        for row, count in zip(found["states"], counts, strict=True)
    ]
    best = rows[-1]
    events = {"events": best["patients"], **{k: best[k] for k in _OF_BEST}}
    return found | events | {"states": rows}


def _curves(cohort: Cohort, averaged: Floats, cell_size: int, seed: int) -> dict[str, Any]:
    """Smooth calibration of each state against all others, out of fold."""
    draws = derived_seed(seed, 14)
    count = BootstrapPlan(cohort.patients, cohort.patient, DRAWS, draws).part(0, DRAWS).count
    states = []
    for k, name in enumerate(cohort.states):
        event = (cohort.outcome == k).astype(np.int8)
        states.append(
            {
                "state": name,
                "curve": calibration_band(event, averaged[:, k], count),
                "histogram": histogram(event, averaged[:, k], cohort.patient, cell_size),
            }
        )
    return {"level": LEVEL, "draws": DRAWS, "states": states}


def _binary(cohort: Cohort, probability: Floats, binary: Floats) -> dict[str, Any]:
    """How far models of one state each are from adding up, and what that costs."""
    total = binary.sum(axis=0)
    ends = binary[0] + binary[-1]
    rows = []
    for k, name in enumerate(cohort.states):
        event = (cohort.outcome == k).astype(np.int8)
        losses = [
            float(np.mean([log_loss_per_patient(event, p) for p in each]))
            for each in (binary[k], probability[..., k])
        ]
        rows.append({"state": name, "log_loss_binary": losses[0], "log_loss_states": losses[1]})
    tails = [0.05, 0.5, 0.95]
    low, middle, high = np.quantile(total, tails)
    return {
        "rows": rows,
        "sum_low": low,
        "sum_median": middle,
        "sum_high": high,
        "share_off": float((np.abs(total - 1.0) > 0.05).mean()),
        "share_beyond": float((ends > 1.0).mean()),
        "largest_error_of_states": float(np.abs(probability.sum(axis=-1) - 1.0).max()),
    }


def _instability(cohort: Cohort, refits: Floats) -> list[dict[str, Any]]:
    """How far the refits move a patient's probability of each state, on average."""
    if len(refits) < 2:
        return []
    spread = refits.std(axis=0)
    low, high = np.quantile(refits, [0.025, 0.975], axis=0)
    return [
        {
            "state": name,
            "standard_deviation": float(spread[:, k].mean()),
            "width_of_range": float((high - low)[:, k].mean()),
        }
        for k, name in enumerate(cohort.states)
    ]


def _importance(
    variables: Sequence[Variable], values: Floats, preparation: Preparation, model: StateModel
) -> list[dict[str, Any]]:
    """Mean absolute contribution of each variable, one for each sum of the model."""
    design = preparation.apply(values)
    each = [
        np.abs(preparation.fold(design * coefficients)).mean(axis=0)
        for coefficients in model.coefficients
    ]
    rows = [
        {
            "variable": variable.name,
            "label": variable.label,
            "sums": [float(one[j]) for one in each],
            "mean_absolute_shap": float(np.mean([one[j] for one in each])),
        }
        for j, variable in enumerate(variables)
    ]
    return sorted(rows, key=lambda row: -row["mean_absolute_shap"])
