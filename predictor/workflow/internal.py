"""The internal validation of a training run: which procedures are repeated, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joblib import cpu_count

from predictor.cohort.cohort import Cohort
from predictor.config import Config
from predictor.errors import LearningError
from predictor.learning.candidates import Candidate
from predictor.learning.crossvalidation import OutOfFold
from predictor.learning.linear_family import is_batched
from predictor.learning.procedure import Fitted, Patients, Plan
from predictor.learning.splits import RepeatedFolds, derived_seed
from predictor.validation.budget import affordable
from predictor.validation.cross_validated import cross_validated_measures
from predictor.validation.internal_external import InternalExternal, internal_external
from predictor.validation.permutation import FEWEST, Signal
from predictor.validation.procedure_bootstrap import ProcedureBootstrap, bootstrap_procedure
from predictor.validation.signal_test import signal_test
from predictor.workflow.progress import Progress

# Repeats of the cross-validation inside the permutation test; more would cost more than they say.
_REPEATS = 2
# Bootstrap, bootstrap with choice, permutation test.
_PARTS = 3


@dataclass(frozen=True, slots=True)
class InternalResults:
    """What resampling the cohort says of the chosen model.

    Parameters
    ----------
    bootstrap
        The chosen candidate with preparation and tuning repeated; None where it was left out.
    with_choice
        The same with the choice among the linear candidates repeated too; None where there was
        nothing to choose or the choice cannot be repeated.
    signal
        The permutation test; None where it was left out or is not possible.
    centres
        Internal-external validation by centre; None without centres.
    notes
        What was not done or not repeated, and why, as sentences.
    """

    bootstrap: ProcedureBootstrap | None
    with_choice: ProcedureBootstrap | None
    signal: Signal | None
    centres: InternalExternal | None
    notes: tuple[str, ...]

    def to_dict(self, cell_size: int) -> dict[str, Any]:
        """Plain data for JSON and the manifest, without anything of a single patient."""
        return {
            "bootstrap": self.bootstrap.to_dict() if self.bootstrap else None,
            "with_choice": self.with_choice.to_dict() if self.with_choice else None,
            "signal": self.signal.to_dict() if self.signal else None,
            "centres": self.centres.to_dict(cell_size) if self.centres else None,
            "notes": list(self.notes),
        }


def validate_internally(
    config: Config,
    cohort: Cohort,
    candidates: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    candidate: Candidate,
    fitted: Fitted,
    out_of_fold: Sequence[OutOfFold],
    folds: RepeatedFolds,
    *,
    workers: int | None,
    progress: Progress,
) -> InternalResults:
    """Validate the chosen model by resampling its own cohort.

    Parameters
    ----------
    config, cohort
        The study and its patients.
    candidates, plan, patients
        As they were compared.
    candidate, fitted
        The chosen one, and its fit to all patients.
    out_of_fold, folds
        Of the comparison, for the cross-validated figures and for what a fit costs.
    workers, progress
        As everywhere.
    """
    notes: list[str] = []
    cost = {o.candidate.name: _seconds(o, plan, len(folds.tasks), workers) for o in out_of_fold}
    linear = [c for c in candidates if is_batched(c, plan)]
    others = [c for c in candidates if not is_batched(c, plan)]
    bootstrap, with_choice = None, None
    if config.validation.bootstrap:
        predicted = next(o for o in out_of_fold if o.candidate.name == candidate.name)
        beside = cross_validated_measures(
            cohort.outcome,
            predicted.probability,
            folds.fold,
            cohort.group,
            config.validation.thresholds,
        )
        if candidate.name == "prevalence":
            # Out of fold it differs by the size of the folds only, which a slope would explain.
            beside.pop("calibration_slope", None)
            beside.pop("calibration_intercept_joint", None)
        apparent = fitted.probability(patients.values[:, candidate.predictors])

        def resample(
            procedure: Sequence[Candidate], label: str, part: int
        ) -> ProcedureBootstrap | None:
            wanted = config.validation.bootstrap
            seconds = sum(cost[c.name] for c in procedure)
            made = affordable(wanted, seconds, config.validation.minutes)
            if made < wanted:
                notes.append(_fewer(label, made, wanted, config.validation.minutes))
            if not made:
                return None
            return bootstrap_procedure(
                procedure,
                plan,
                patients,
                cohort.patient,
                apparent,
                cohort.names,
                resamples=made,
                thresholds=config.validation.thresholds,
                seed=derived_seed(config.validation.seed, 11),
                cross_validated=beside,
                workers=workers,
                progress=lambda share: progress.advance((part + share) / _PARTS, label),
            )

        bootstrap = resample([candidate], "bootstrap", 0)
        if candidate in linear and len(linear) > 1:
            with_choice = resample(linear, "bootstrap with choice", 1)
        if others and len(candidates) > 1:
            names = ", ".join(c.label for c in others)
            notes.append(
                f"The choice of the model was not repeated in the resamples as far as it concerns "
                f"{names}."
            )
    signal = _signal(config, cohort, linear, others, plan, patients, cost, notes, workers, progress)
    centres = None
    if cohort.group_kind == "centre" and cohort.group is not None:
        try:
            centres = internal_external(
                candidate,
                plan,
                patients,
                cohort.group,
                seed=derived_seed(config.validation.seed, 12),
                workers=workers,
                thresholds=config.validation.thresholds,
            )
        except LearningError as error:
            notes.append(f"No internal-external validation: {error.rule}.")
    return InternalResults(bootstrap, with_choice, signal, centres, tuple(notes))


def _signal(
    config: Config,
    cohort: Cohort,
    linear: Sequence[Candidate],
    others: Sequence[Candidate],
    plan: Plan,
    patients: Patients,
    cost: dict[str, float],
    notes: list[str],
    workers: int | None,
    progress: Progress,
) -> Signal | None:
    wanted = config.validation.permutations
    if not wanted:
        return None
    tested = [c for c in linear if c.name != "prevalence"]
    if not tested:
        notes.append("No test for signal: no candidate can be fitted quickly enough to repeat it.")
        return None
    repeats = min(_REPEATS, config.validation.repeats)
    seconds = sum(cost[c.name] for c in tested) * config.validation.folds * repeats
    made = affordable(wanted, seconds, config.validation.minutes)
    if made < wanted:
        notes.append(_fewer("permutation test", made, wanted, config.validation.minutes))
    if made < FEWEST:
        return None
    try:
        return signal_test(
            linear,
            plan,
            patients,
            cohort.group_kind,
            patient=cohort.patient,
            folds=config.validation.folds,
            repeats=repeats,
            permutations=made,
            seed=derived_seed(config.validation.seed, 13),
            not_repeated=tuple(c.label for c in others),
            workers=workers,
            progress=lambda share: progress.advance((2 + share) / _PARTS, "permutation test"),
        )
    except LearningError as error:
        notes.append(f"No test for signal: {error.rule}.")
        return None


def _seconds(result: OutOfFold, plan: Plan, fits: int, workers: int | None) -> float:
    """Cost of one training with all workers at it."""
    at_it = 1 if is_batched(result.candidate, plan) else (workers or cpu_count())
    return result.seconds / max(fits, 1) / at_it


def _fewer(what: str, made: int, wanted: int, minutes: float) -> str:
    done = f"{made} of the {wanted} repetitions" if made else f"none of the {wanted} repetitions"
    return (
        f"{what[:1].upper()}{what[1:]}: {done} that were asked for fit into "
        f"validation.minutes: {minutes:g}."
    )
