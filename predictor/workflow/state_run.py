"""What a training of several states hands back: the candidates side by side, and all the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.errors import TrackingError
from predictor.learning.state_candidates import StateCandidate
from predictor.tracking.sent import SentRun
from predictor.validation.permutation import Signal
from predictor.validation.state_size import StateSampleSize
from predictor.validation.state_tests import Assumption
from predictor.validation.states import StateFigure
from predictor.workflow.run_told import course, flow_told, places, warnings_told

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ComparedStates:
    """One candidate by its out-of-fold probabilities.

    Parameters
    ----------
    candidate
        The model.
    probability : shape (repeats, n, states)
        Out of fold.
    figures
        Cross-validated, with intervals.
    difference, error
        Of its log loss to the best one, with the standard error over patients.
    penalties
        How often tuning chose which.
    chosen
        Whether it is bundled.
    """

    candidate: StateCandidate
    probability: Floats
    figures: Mapping[str, tuple[float | None, float | None, float | None]]
    difference: float
    error: float
    penalties: Mapping[str, int]
    chosen: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found: dict[str, Any] = {
            "name": self.candidate.name,
            "label": self.candidate.label,
            "chosen": self.chosen,
        }
        for name in ("orc", "generalised_c", "log_loss", "rps", "brier", "scaled_rps"):
            value, low, high = self.figures[name]
            found |= {name: value, f"{name}_low": low, f"{name}_high": high}
        return found | {
            "log_loss_difference": self.difference,
            "log_loss_difference_se": self.error,
            "settings": dict(self.penalties),
        }


@dataclass(frozen=True, slots=True)
class StateTrainingRun:
    """A finished training of several states.

    Parameters
    ----------
    bundle, report
        Where they are.
    cohort
        Who was analysed.
    compared
        The candidates, from simple to complex.
    figures
        Of the chosen one: apparent, cross-validated, corrected.
    signal, assumption
        The two tests; None where they could not be made.
    notes
        What was left out, and why.
    needed
        Patients that the sample-size criteria ask for.
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
    compared: tuple[ComparedStates, ...]
    figures: tuple[StateFigure, ...]
    signal: Signal | None
    assumption: Assumption | None
    notes: tuple[str, ...]
    needed: StateSampleSize
    evidence: Mapping[str, Any]
    sent: SentRun | None
    tracking_error: TrackingError | None
    seconds: Mapping[str, float]

    @property
    def chosen(self) -> ComparedStates:
        """The candidate that was bundled."""
        return next(row for row in self.compared if row.chosen)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        counts = np.bincount(self.cohort.outcome, minlength=len(self.cohort.states))
        return {
            **places(self.bundle, self.report, self.sent),
            "chosen": self.chosen.candidate.name,
            "states": [
                {"state": name, "patients": int(count)}
                for name, count in zip(self.cohort.states, counts, strict=True)
            ],
            "models": [row.to_dict() for row in self.compared],
            "validation": {
                "figures": [figure.to_dict() for figure in self.figures],
                "signal": self.signal.to_dict() if self.signal else None,
                "proportional_odds": self.assumption.to_dict() if self.assumption else None,
                "notes": list(self.notes),
            },
            "evidence": dict(self.evidence),
            "sample_size": self.needed.to_dict(),
            "flow": flow_told(self.cohort),
            "sensitivity": self.cohort.sensitivity.to_dict() if self.cohort.sensitivity else None,
            "warnings": warnings_told(self.cohort),
            **course(self.tracking_error, self.seconds),
        }
