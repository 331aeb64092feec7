"""A table of predictions once it is evaluated: what was read, left out and found."""

from __future__ import annotations

from dataclasses import dataclass

from predictor.cohort.predictions import PredictionColumns, Predictions, distinct
from predictor.performance.decision import DecisionCurve
from predictor.performance.evaluation import Evaluation
from predictor.performance.paired import PairedComparison
from predictor.validation.subgroups import Subgroup, Subgroups

SUBGROUP_KEYS = (
    "auroc",
    "auroc_low",
    "auroc_high",
    "brier",
    "brier_low",
    "brier_high",
    "scaled_brier",
    "calibration_intercept",
    "calibration_intercept_low",
    "calibration_intercept_high",
    "calibration_slope",
    "calibration_slope_low",
    "calibration_slope_high",
    "observed_expected",
    "observed_expected_low",
    "observed_expected_high",
)
"""Figures given for subgroups; counts at thresholds would undo the masking."""

NOTE = (
    "If the model was made, tuned or chosen on these patients, these figures are optimistic and "
    "their intervals too narrow: they are meant for patients who took no part in making it."
)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Everything that is known about a table of predictions.

    Parameters
    ----------
    columns
        Where what was found.
    predictions
        The rows. Figures are drawn from them, and no table holds them.
    evaluation
        Of the model.
    at_thresholds
        Net benefit at the thresholds that were asked for.
    second, comparison
        Evaluation of the second model, and the first less the second; None without one.
    subgroups
        None where none were asked for.
    """

    columns: PredictionColumns
    predictions: Predictions
    evaluation: Evaluation
    at_thresholds: DecisionCurve
    second: Evaluation | None = None
    comparison: PairedComparison | None = None
    subgroups: Subgroups | None = None

    @property
    def patients(self) -> int | None:
        """Different patients among the rows; None where no column tells them apart."""
        patient = self.predictions.patient
        return None if patient is None else distinct(patient)

    def to_dict(self) -> dict[str, object]:
        """Return the result as JSON data; the keys of the figures are a contract."""
        found = self.predictions
        return {
            "file": found.source,
            "outcome": self.columns.outcome,
            "event": self.columns.event,
            "no_event": list(found.other_states) if self.columns.event is not None else None,
            "probability": self.columns.probability,
            "simulated": found.simulated,
            "rows": found.read,
            "left_out": [{"code": part.code, "rows": part.rows} for part in found.left_out],
            "patients": self.patients,
            **self.evaluation.to_dict(),
            "net_benefit_at": [
                {
                    "threshold": row.threshold,
                    "positive": row.true_positives + row.false_positives,
                    "model": row.model,
                    "treat_all": row.treat_all,
                    "interventions_avoided": row.interventions_avoided,
                }
                for row in self.at_thresholds.rows
            ],
            "subgroups": _subgroups(self.subgroups) if self.subgroups else None,
            "comparison": self._comparison(),
            "warnings": [
                {"code": w.code, "column": w.variable, "rows": w.count, "message": w.message}
                for w in found.warnings
            ],
            "note": NOTE,
        }

    def _comparison(self) -> dict[str, object] | None:
        if self.comparison is None or self.second is None:
            return None
        return {
            "probability": self.columns.compare,
            "differences": self.comparison.to_dict()["differences"],
            "second_model": self.second.to_dict(),
        }


def _subgroups(subgroups: Subgroups) -> dict[str, object]:
    return {
        "by": subgroups.by,
        "cell_size": subgroups.cell_size,
        "groups": [_subgroup(group) for group in subgroups.groups],
    }


def _subgroup(group: Subgroup) -> dict[str, object]:
    found = {} if group.evaluation is None else group.evaluation.to_dict()
    return {
        "subgroup": group.name,
        "masked": group.masked,
        "n": group.n,
        "events": group.events,
        **{key: found.get(key) for key in SUBGROUP_KEYS},
        "limits": found.get("limits", []),
    }
