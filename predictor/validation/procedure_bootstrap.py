"""The optimism bootstrap of a whole modelling procedure, and everything that its refits feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.replicates import Replicates
from predictor.learning.candidates import Candidate
from predictor.learning.procedure import Patients, Plan
from predictor.learning.refitting import Refit, refit
from predictor.learning.replication import replicates
from predictor.learning.resampling import BootstrapPlan
from predictor.performance.estimate import Estimate
from predictor.validation.instability import (
    Choice,
    ExplanationStability,
    PredictionInstability,
    choices,
    explanation_stability,
    prediction_instability,
)
from predictor.validation.internal import InternalValidation, internal_validation
from predictor.validation.measured import Measured, joined, measure

Floats = NDArray[np.float64]

MOST_TRACKED = 1000
"""Patients whose predictions are followed through the refits; drawn by seed from more."""


@dataclass(frozen=True, slots=True)
class ProcedureBootstrap:
    """What refitting a procedure in bootstrap resamples says of it.

    Parameters
    ----------
    validation
        Apparent, cross-validated and corrected figures.
    instability
        How far predictions move between refits; None where no refit could be used.
    models
        How often each candidate was chosen; empty where there was nothing to choose.
    settings
        How often tuning chose which setting; empty where there was nothing to tune.
    explanation
        How stable the weight of each variable is.
    replicates
        Of a linear model, for the interval of one patient, see
        :func:`predictor.learning.replication.replicates`; None for other models and where the
        choice among several was repeated.
    """

    validation: InternalValidation
    instability: PredictionInstability | None
    models: tuple[Choice, ...]
    settings: tuple[Choice, ...]
    explanation: tuple[ExplanationStability, ...]
    replicates: Replicates | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without anything of a single patient."""
        return {
            **self.validation.to_dict(),
            "instability": self.instability.to_dict() if self.instability else None,
            "chosen_models": [choice.to_dict() for choice in self.models],
            "chosen_settings": [choice.to_dict() for choice in self.settings],
            "explanation": [row.to_dict() for row in self.explanation],
        }


def bootstrap_procedure(
    candidates: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    unit: NDArray[np.int64] | None,
    apparent: Floats,
    variables: Sequence[str],
    *,
    resamples: int,
    thresholds: Sequence[float],
    seed: int,
    cross_validated: Mapping[str, Estimate] | None = None,
    workers: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> ProcedureBootstrap:
    """Refit a procedure in bootstrap resamples and measure it.

    Parameters
    ----------
    candidates
        The chosen candidate; or several of the linear family, among which each resample chooses.
    plan, patients
        How is fitted, and on whom.
    unit : shape (patients,), optional
        What is drawn as a whole: the patient of each row. Centres are not: there are too few of
        them, and a resample without the only large one would say little.
    apparent : shape (patients,)
        Predictions of the final model for the patients it was fitted to.
    variables
        Names of the predictors, in the order of the values.
    resamples, seed
        How many, and what decides them.
    thresholds
        Probabilities at which net benefit and changes of class are told.
    cross_validated
        Figures to stand beside.
    workers, progress
        As in :func:`predictor.learning.refitting.refit`.

    Raises
    ------
    LearningError
        If the outcome has one class only.
    """
    n = len(patients.outcome)
    tracked = np.arange(n)
    if n > MOST_TRACKED:
        generator = np.random.default_rng([seed, 10])
        tracked = np.sort(generator.choice(n, MOST_TRACKED, replace=False))
    drawn = BootstrapPlan(n, unit, resamples, seed)
    chunks = refit(
        candidates,
        plan,
        patients,
        drawn,
        partial(_measured, patients.outcome, tuple(thresholds), tracked),
        explain=True,
        workers=workers,
        progress=progress,
    )
    measured = joined([chunk[0] for chunk in chunks])
    made = None
    if len(candidates) == 1:
        made = replicates(candidates[0], plan, patients, drawn, workers=workers)
    candidate, setting, shap = (np.concatenate([chunk[i] for chunk in chunks]) for i in (1, 2, 3))
    return ProcedureBootstrap(
        validation=internal_validation(
            patients.outcome,
            apparent,
            measured,
            thresholds=thresholds,
            cross_validated=cross_validated,
        ),
        instability=prediction_instability(
            apparent[tracked], measured.probability, measured.usable, thresholds
        ),
        models=choices(candidate, measured.usable, [c.label for c in candidates])
        if len(candidates) > 1
        else (),
        settings=_settings(candidates, candidate, setting, measured),
        explanation=explanation_stability(shap, measured.usable, variables),
        replicates=made,
    )


def _measured(
    outcome: NDArray[np.int8],
    thresholds: tuple[float, ...],
    tracked: NDArray[np.intp],
    fits: Refit,
) -> tuple[Measured, NDArray[np.int64], NDArray[np.int64], Floats]:
    found = measure(
        outcome,
        fits.probability,
        fits.count,
        fits.usable,
        thresholds,
        tracked,
        fits.separated,
    )
    return found, fits.candidate, fits.setting, fits.mean_absolute_shap


def _settings(
    candidates: Sequence[Candidate],
    candidate: NDArray[np.int64],
    setting: NDArray[np.int64],
    measured: Measured,
) -> tuple[Choice, ...]:
    """Settings by name; where there are several candidates, with the candidate's label."""
    names: list[str] = []
    first: list[int] = []
    for one in candidates:
        first.append(len(names))
        for values in one.grid:
            text = ", ".join(f"{name} {value:g}" for name, value in values.items())
            if len(candidates) > 1:
                text = f"{one.label}: {text}" if text else one.label
            names.append(text)
    if not any(one.grid != ({},) for one in candidates):
        return ()
    return choices(np.array(first)[candidate] + setting, measured.usable, names)
