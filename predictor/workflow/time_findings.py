"""What a training of a time found beside the manifest, without a row of any patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from predictor.cohort.cohort import Cohort
from predictor.cohort.missingness import missingness
from predictor.cohort.small_cells import masked_flow
from predictor.cohort.state_table import state_table
from predictor.learning.hazards import FittedHazards
from predictor.study import Study
from predictor.validation.time_months import by_month
from predictor.validation.time_to_event import Timed
from predictor.workflow.findings import plain


def time_findings(
    study: Study, cohort: Cohort, who: Timed, own: Sequence[int], final: FittedHazards
) -> dict[str, Any]:
    """Make every part of ``findings.json``.

    Parameters
    ----------
    study, cohort
        The question and its patients.
    who
        Their follow-up and the horizons.
    own
        Positions of the predictors of the chosen model.
    final
        The model itself.
    """
    cell_size = study.config.privacy.cell_size
    found = {
        "patients": {
            "flow": masked_flow(cohort.flow, cell_size),
            # Without a state there is a column of all patients, and no other.
            "time_table": state_table(cohort, cell_size),
            "missing": missingness(cohort, cell_size),
        },
        "time_by_month": by_month(
            who.months, who.ends, who.marks, cell_size, competing=final.model.causes > 1
        ),
        "time_importance": _importance(cohort, own, final),
    }
    told: dict[str, Any] = plain(found)
    return told


def _importance(cohort: Cohort, own: Sequence[int], final: FittedHazards) -> list[dict[str, Any]]:
    """Mean absolute contribution of each variable to the log hazard ratio of the event."""
    design = final.preparation.apply(cohort.values[:, list(own)])
    each = np.abs(final.preparation.fold(design * final.model.coefficients[0])).mean(axis=0)
    rows = [
        {
            "variable": cohort.variables[j].name,
            "label": cohort.variables[j].label,
            "mean_absolute_shap": float(size),
        }
        for j, size in zip(own, each, strict=True)
    ]
    return sorted(rows, key=lambda row: -row["mean_absolute_shap"])
