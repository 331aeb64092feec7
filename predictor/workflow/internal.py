"""The internal validation of a training run: which procedures are repeated, and how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.config import Config
from predictor.errors import LearningError
from predictor.learning.candidates import Candidate
from predictor.learning.crossvalidation import OutOfFold
from predictor.learning.linear_family import is_batched
from predictor.learning.procedure import Fitted, Patients, Plan
from predictor.learning.splits import RepeatedFolds, derived_seed
from predictor.learning.spread import at_once
from predictor.performance.estimate import Estimate
from predictor.validation.budget import affordable
from predictor.validation.corrected import FEWEST_FOR_INTERVAL
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

    @property
    def validated(self) -> bool:
        """Whether figures corrected for optimism with intervals exist."""
        found = self.bootstrap
        return found is not None and found.validation.resamples.used >= FEWEST_FOR_INTERVAL

    def to_dict(self, cell_size: int) -> dict[str, Any]:
        """Plain data for JSON and the manifest, without anything of a single patient."""
        return {
            "bootstrap": self.bootstrap.to_dict() if self.bootstrap else None,
            "with_choice": self.with_choice.to_dict() if self.with_choice else None,
            "signal": self.signal.to_dict() if self.signal else None,
            "centres": self.centres.to_dict(cell_size) if self.centres else None,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class _Run:
    """What all parts of the validation share; ``notes`` fills up while they run."""

    config: Config
    cohort: Cohort
    plan: Plan
    patients: Patients
    cost: Mapping[str, float]
    workers: int | None
    progress: Progress
    notes: list[str]

    def linear(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Those that are fitted in all resamples at once."""
        return [c for c in candidates if is_batched(c, self.plan)]

    def affordable(self, wanted: int, candidates: Sequence[Candidate], fits: int = 1) -> int:
        """Repetitions of so many fits of each candidate that the time allows."""
        seconds = fits * sum(self.cost[c.name] for c in candidates)
        return affordable(wanted, seconds, self.config.validation.minutes)

    def fewer(self, what: str, made: int, wanted: int) -> None:
        """Note that there are fewer repetitions than were asked for, if so."""
        if made < wanted:
            done = f"{made} of the {wanted}" if made else f"none of the {wanted}"
            self.notes.append(
                f"{what[:1].upper()}{what[1:]}: {done} repetitions that were asked for fit into "
                f"validation.minutes: {self.config.validation.minutes:g}."
            )


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
    cost = {o.candidate.name: _seconds(o, plan, len(folds.tasks), workers) for o in out_of_fold}
    run = _Run(config, cohort, plan, patients, cost, workers, progress, [])
    bootstrap, with_choice = None, None
    choosing = config.choose == "rule"
    if config.validation.bootstrap:
        predicted = next(o for o in out_of_fold if o.candidate.name == candidate.name)
        beside = _cross_validated(run, predicted, folds)
        apparent = fitted.probability(patients.values[:, candidate.predictors])
        bootstrap = _bootstrap(run, [candidate], apparent, beside, "bootstrap", 0)
        linear = run.linear(candidates)
        if choosing and candidate in linear and len(linear) > 1:
            with_choice = _bootstrap(run, linear, apparent, beside, "bootstrap with choice", 1)
        others = [c.label for c in candidates if c not in linear]
        if choosing and others:
            run.notes.append(
                "The choice of the model was not repeated in the resamples as far as it concerns "
                f"{', '.join(others)}."
            )
    signal = None
    if 0 < config.validation.permutations < FEWEST:
        run.notes.append(
            f"No test for signal: with fewer than {FEWEST} permutations no p-value can reach 0.05."
        )
    elif config.validation.permutations:
        signal = _signal(run, candidates if choosing else [candidate])
    centres = None
    if cohort.group_kind == "centre":
        centres = _centres(run, candidate)
    return InternalResults(bootstrap, with_choice, signal, centres, tuple(run.notes))


def _cross_validated(
    run: _Run, predicted: OutOfFold, folds: RepeatedFolds
) -> Mapping[str, Estimate]:
    cohort = run.cohort
    found = cross_validated_measures(
        cohort.outcome,
        predicted.probability,
        folds.fold,
        cohort.group,
        run.config.validation.thresholds,
    )
    if predicted.candidate.name == "prevalence":
        # Out of fold it differs by the size of the folds only, which a curve would explain.
        for name in ("calibration_slope", "calibration_intercept_joint", "eavg"):
            found.pop(name, None)
    return found


def _bootstrap(
    run: _Run,
    procedure: Sequence[Candidate],
    apparent: NDArray[np.float64],
    beside: Mapping[str, Estimate],
    label: str,
    part: int,
) -> ProcedureBootstrap | None:
    wanted = run.config.validation.bootstrap
    made = run.affordable(wanted, procedure)
    run.fewer(label, made, wanted)
    if not made:
        return None
    return bootstrap_procedure(
        procedure,
        run.plan,
        run.patients,
        run.cohort.patient,
        apparent,
        run.cohort.names,
        resamples=made,
        thresholds=run.config.validation.thresholds,
        seed=derived_seed(run.config.validation.seed, 11),
        cross_validated=beside,
        workers=run.workers,
        progress=lambda share: run.progress.advance((part + share) / _PARTS, label),
    )


def _signal(run: _Run, procedure: Sequence[Candidate]) -> Signal | None:
    """Permutation test of the procedure; of its linear candidates where there are any.

    Signal that these find is signal, and what is tested must not depend on how fast a machine is.
    """
    plan = run.config.validation
    wanted, repeats = plan.permutations, min(_REPEATS, plan.repeats)
    tested = [c for c in procedure if c.name != "prevalence"]
    if not tested:
        run.notes.append("No test for signal: the prevalence has no predictors.")
        return None
    whole, tested = tested, run.linear(tested) or tested
    made = run.affordable(wanted, tested, plan.folds * repeats)
    run.fewer("permutation test", made, wanted)
    if made < FEWEST:
        return None
    try:
        return signal_test(
            tested,
            run.plan,
            run.patients,
            run.cohort.group_kind,
            patient=run.cohort.patient,
            folds=plan.folds,
            repeats=repeats,
            permutations=made,
            seed=derived_seed(plan.seed, 13),
            not_repeated=tuple(c.label for c in whole if c not in tested),
            workers=run.workers,
            progress=lambda share: run.progress.advance((2 + share) / _PARTS, "permutation test"),
        )
    except LearningError as error:
        run.notes.append(f"No test for signal: {error.rule}.")
        return None


def _centres(run: _Run, candidate: Candidate) -> InternalExternal | None:
    if run.cohort.group is None:
        return None
    try:
        return internal_external(
            candidate,
            run.plan,
            run.patients,
            run.cohort.group,
            seed=derived_seed(run.config.validation.seed, 12),
            workers=run.workers,
            thresholds=run.config.validation.thresholds,
        )
    except LearningError as error:
        run.notes.append(f"No internal-external validation: {error.rule}.")
        return None


def _seconds(result: OutOfFold, plan: Plan, fits: int, workers: int | None) -> float:
    """Cost of one training with all workers at it."""
    at_it = 1 if is_batched(result.candidate, plan) else at_once(workers)
    return result.seconds / max(fits, 1) / at_it
