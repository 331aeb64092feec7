"""What a training of a time leaves: the comparison, and the finished run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.errors import TrackingError
from predictor.learning.hazards import HazardCandidate
from predictor.tracking.sent import SentRun
from predictor.validation.time_to_event import Interval
from predictor.workflow.run_told import course, flow_told, places, warnings_told

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ComparedTime:
    """One candidate by its out-of-fold predictions.

    Parameters
    ----------
    candidate
        The model.
    probability : shape (repeats, n, horizons)
        Of the event by each horizon, out of fold.
    figures
        Cross-validated, with intervals.
    difference, error
        Of its Brier score at the last horizon to the best one, with the standard error.
    chosen
        Whether it is bundled.
    """

    candidate: HazardCandidate
    probability: Floats
    figures: Mapping[str, Interval]
    difference: float
    error: float
    chosen: bool

    def to_dict(self, last: int) -> dict[str, Any]:
        """Plain data for JSON, with the figures at the last horizon."""
        found: dict[str, Any] = {
            "name": self.candidate.name,
            "label": self.candidate.label,
            "chosen": self.chosen,
        }
        for name in ("c_index", "c_harrell", "brier", "scaled_brier", "intercept", "slope"):
            key = name if name.startswith("c_") else f"{name}_{last}"
            value, low, high = self.figures[key]
            found |= {name: value, f"{name}_low": low, f"{name}_high": high}
        return found | {
            "brier_difference": self.difference,
            "brier_difference_se": self.error,
        }


@dataclass(frozen=True, slots=True)
class TimeTrainingRun:
    """A finished training of a time.

    Parameters
    ----------
    bundle, report
        Where they are.
    cohort
        Who was analysed.
    compared
        The candidates, from simple to complex.
    validation
        What the bundle says of them: figures, who is followed, calibration, sample size, notes.
    evidence
        Level and statement.
    sent
        Where the record went; None if tracking is off or the store was lost.
    tracking_error
        What to do about a store that was lost during the run.
    seconds
        Time per stage.
    """

    bundle: Path
    report: Path
    cohort: Cohort
    compared: tuple[ComparedTime, ...]
    validation: Mapping[str, Any]
    evidence: Mapping[str, Any]
    sent: SentRun | None
    tracking_error: TrackingError | None
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **places(self.bundle, self.report, self.sent),
            "chosen": next(row.candidate.name for row in self.compared if row.chosen),
            "models": self.validation["models"],
            "validation": dict(self.validation),
            "evidence": dict(self.evidence),
            "sample_size": self.validation["sample_size"],
            "flow": flow_told(self.cohort),
            "warnings": warnings_told(self.cohort),
            **course(self.tracking_error, self.seconds),
        }
