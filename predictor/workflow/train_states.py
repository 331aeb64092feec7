"""Training a model of several ordered states: the stages of `predictor.workflow.train` for it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.cohort.state_counts import shown_states
from predictor.errors import LearningError
from predictor.fitted.bundle import save_bundle
from predictor.fitted.seal import json_bytes
from predictor.learning.candidates import Candidate
from predictor.learning.choice import choose, differences
from predictor.learning.crossvalidation import cross_validate
from predictor.learning.moments import moments
from predictor.learning.preparer import column_of, parameters
from predictor.learning.procedure import Patients, Plan
from predictor.learning.resampling import Resamples, bootstrap, summed_by_unit, training_parts
from predictor.learning.resampling import units_of as units
from predictor.learning.splits import RepeatedFolds, derived_seed, repeated_folds
from predictor.learning.state_candidates import StateCandidate, state_candidates
from predictor.learning.state_refits import StateRefits, refit_states
from predictor.learning.state_replication import state_replicates
from predictor.performance.states import log_loss_of_states
from predictor.report.contents.source import FINDINGS
from predictor.study import Study
from predictor.validation.permutation import FEWEST, Signal
from predictor.validation.state_size import StateSampleSize, for_states
from predictor.validation.state_tests import Assumption, proportionality, state_signal
from predictor.validation.states import StateFigure, corrected_figures, cross_validated_figures
from predictor.workflow.handing_over import hand_over, reached_store
from predictor.workflow.progress import Progress, Stopwatch
from predictor.workflow.state_findings import state_findings
from predictor.workflow.state_manifest import describe_states, state_evidence
from predictor.workflow.state_run import ComparedStates, StateTrainingRun

Floats = NDArray[np.float64]

ASSUMPTION_COHORTS = 200
"""Simulated cohorts for the test of proportional odds."""


def train_states(
    study: Study,
    cohort: Cohort,
    folder: Path,
    workers: int | None,
    progress: Progress,
    watch: Stopwatch,
) -> StateTrainingRun:
    """Compare, validate, explain and bundle models of several states.

    Parameters
    ----------
    study, cohort
        The question and its patients.
    folder
        Of the bundle.
    workers, progress, watch
        As in :func:`predictor.workflow.train.train`.
    """
    settings = reached_store(study, watch)
    run = _Run(study, cohort, workers or study.config.compute.workers, progress)
    with watch.stage("cross-validation"):
        compared = run.compare()
        chosen = next(row for row in compared if row.chosen)
    with watch.stage("final fit"):
        whole = Resamples(np.ones((1, cohort.patients), dtype=np.int32), run.seed(5))
        final = run.refits(chosen.candidate, whole)
        preparation, model = final.one(chosen.candidate)
    with watch.stage("internal validation"):
        figures, signal, assumption, unstable = run.validate(chosen, final)
    with watch.stage("bundle"):
        needed = run.needed(chosen.candidate)
        stands = state_evidence(
            cohort,
            needed,
            signal,
            validated=figures[0].corrected is not None,
            cell_size=study.config.privacy.cell_size,
        )
        own = list(chosen.candidate.predictors or range(len(cohort.variables)))
        described = describe_states(
            study, cohort, chosen.candidate, float(final.penalty[0]), own, stands, watch.seconds
        )
        described["validation"] |= {
            "models": [row.to_dict() for row in compared],
            "figures": [figure.to_dict() for figure in figures],
            "signal": signal.to_dict() if signal else None,
            "proportional_odds": assumption.to_dict() if assumption else None,
            "notes": list(run.notes),
            "resamples": run.resamples,
            "sample_size": needed.to_dict(
                hidden=None in shown_states(cohort, study.config.privacy.cell_size)
            ),
        }
        findings = state_findings(
            study,
            cohort,
            [cohort.variables[j] for j in own],
            cohort.values[:, own],
            preparation,
            model,
            chosen,
            run.folds,
            run.binary(),
            unstable,
        )
        save_bundle(
            folder,
            described,
            preparation,
            model,
            {FINDINGS: json_bytes(findings)},
            moments=moments(tuple(run.plan.columns[j] for j in own), cohort.values[:, own]),
            replicates=run.replicates(chosen.candidate),
        )
    handed = hand_over(folder, settings, watch)
    return StateTrainingRun(
        folder,
        handed.report,
        cohort,
        compared,
        tuple(figures),
        signal,
        assumption,
        tuple(run.notes),
        needed,
        stands,
        handed.sent,
        handed.lost,
        dict(watch.seconds),
    )


class _Run:
    """What every stage needs."""

    def __init__(
        self, study: Study, cohort: Cohort, workers: int | None, progress: Progress
    ) -> None:
        config = study.config
        self.config, self.cohort, self.workers, self.progress = config, cohort, workers, progress
        self.state = cohort.outcome.astype(np.int64)
        self.plan = Plan(
            tuple(column_of(variable) for variable in cohort.variables),
            config.preparation.imputation,
            config.preparation.missing_indicators,
            config.validation.inner_folds,
        )
        self.patients = Patients(cohort.values, cohort.outcome, cohort.group)
        label = study.dictionary.variable(config.baseline).label
        self.candidates = state_candidates(config, label)
        self.folds: RepeatedFolds = repeated_folds(
            cohort.outcome,
            cohort.group,
            folds=config.validation.folds,
            repeats=config.validation.repeats,
            seed=config.validation.seed,
        )
        self.notes: list[str] = []
        self.resamples = {"drawn": 0, "used": 0}

    def seed(self, number: int) -> NDArray[np.int64]:
        """One seed, for a single fit."""
        return np.array([derived_seed(self.config.validation.seed, number)], dtype=np.int64)

    def refits(
        self, candidate: StateCandidate, resamples: Resamples, label: str = "", until: float = 0.0
    ) -> StateRefits:
        """Fit a candidate in some resamples; where time is up, in the first of them."""

        def told(share: float) -> bool:
            self.progress.advance(share, label or candidate.label)
            return not until or time.monotonic() < until

        return refit_states(
            candidate,
            self.plan,
            self.patients,
            len(self.cohort.states),
            resamples,
            workers=self.workers,
            progress=told,
        )

    def compare(self) -> tuple[ComparedStates, ...]:
        """Every candidate by the same folds; the simplest within one standard error is taken."""
        n, names = self.cohort.patients, self.cohort.states
        parts = training_parts(self.folds)
        found, losses = [], []
        for candidate in self.candidates:
            fits = self.refits(candidate, parts)
            probability = np.full((*self.folds.fold.shape, len(names)), np.nan)
            for (r, k), row in zip(self.folds.tasks, fits.probability, strict=True):
                test = self.folds.fold[r] == k
                probability[r, test] = row[test]
            if not fits.usable.all():
                self.notes.append(f"{candidate.label}: a fit did not converge, so it is left out.")
                continue
            found.append((candidate, probability, fits.penalty))
            losses.append(np.mean([log_loss_of_states(self.state, p) for p in probability], axis=0))
        unit = units(self.cohort.group, n)
        difference, error = differences(
            summed_by_unit(np.stack(losses), unit), summed_by_unit(np.ones(n), unit)
        )
        by_rule = found[int(choose(difference, error))][0].name
        taken = by_rule if self.config.choose == "rule" else self.config.choose
        if taken not in {candidate.name for candidate, _, _ in found}:
            raise LearningError(taken, "the fit does not converge", "Raise its smallest penalty.")
        rows = []
        for i, (candidate, probability, penalty) in enumerate(found):
            figures = cross_validated_figures(
                self.state,
                probability,
                self.folds,
                names,
                self.cohort.group,
                derived_seed(self.config.validation.seed, 15),
            )
            if not candidate.predictors:
                # Out of fold it differs by the size of the folds only, which no slope explains.
                slopes = [name for name in figures if name.startswith("slope_")]
                figures |= dict.fromkeys(slopes, (None, None, None))
            values, times = np.unique(penalty, return_counts=True)
            tuned = {f"{v:g}": int(t) for v, t in zip(values, times, strict=True)}
            rows.append(
                ComparedStates(
                    candidate,
                    probability,
                    figures,
                    float(difference[i]),
                    float(error[i]),
                    tuned,
                    candidate.name == taken,
                )
            )
        return tuple(rows)

    def validate(
        self, chosen: ComparedStates, final: StateRefits
    ) -> tuple[list[StateFigure], Signal | None, Assumption | None, Floats]:
        """Optimism by bootstrap, signal by permutation, and the assumption of proportional odds."""
        plan, n = self.config.validation, self.cohort.patients
        states = len(self.cohort.states)
        refits, count = np.empty((0, n, states)), np.empty((0, n))
        if plan.bootstrap:
            drawn = bootstrap(
                n, self.cohort.group, resamples=plan.bootstrap, seed=derived_seed(plan.seed, 11)
            )
            fits = self.refits(chosen.candidate, drawn, "bootstrap", self._until())
            made = len(fits.usable)
            self._fewer("bootstrap resamples", made, plan.bootstrap)
            if not fits.usable.all():
                lost = int((~fits.usable).sum())
                self.notes.append(
                    f"{lost} of {made} bootstrap resamples could not be fitted, most often because "
                    "nobody of a state was drawn; they are left out."
                )
            self.resamples = {"drawn": made, "used": int(fits.usable.sum())}
            refits = fits.probability[fits.usable]
            count = drawn.count[:made][fits.usable].astype(np.float64)
            self.notes.append("The choice among the candidates was not repeated in the resamples.")
        figures = corrected_figures(
            self.state, final.probability[0], refits, count, self.cohort.states, chosen.figures
        )
        assumption = proportionality(
            self.plan,
            self.patients,
            states,
            cohorts=ASSUMPTION_COHORTS,
            seed=derived_seed(plan.seed, 16),
            workers=self.workers,
        )
        return figures, self._signal(chosen), assumption, refits

    def _signal(self, chosen: ComparedStates) -> Signal | None:
        plan = self.config.validation
        tested = next((c for c in self.candidates if len(c.penalties) > 1), None)
        tested = tested or chosen.candidate
        if plan.permutations < FEWEST:
            self.notes.append(f"No test for signal: it needs {FEWEST} permutations at least.")
            return None
        group = self.cohort.group
        if group is not None and len(np.unique(group)) < len(group):
            self.notes.append(
                "No test for signal: permuting states among groups of rows is not made so far."
            )
            return None
        label = tested.label
        found = state_signal(
            tested,
            self.plan,
            self.patients,
            len(self.cohort.states),
            self.folds,
            permutations=plan.permutations,
            seed=derived_seed(plan.seed, 13),
            not_repeated=tuple(
                c.label for c in self.candidates if c != tested and c.name != "prevalence"
            ),
            workers=self.workers,
            progress=self._while(self._until(), f"permutation test, {label}"),
        )
        self._fewer("permutations", found.permutations, plan.permutations)
        return found

    def _while(self, until: float, label: str) -> Any:
        def told(share: float) -> bool:
            self.progress.advance(share, label)
            return time.monotonic() < until

        return told

    def _until(self) -> float:
        return time.monotonic() + 60.0 * self.config.validation.minutes

    def _fewer(self, what: str, made: int, wanted: int) -> None:
        if made < wanted:
            minutes = self.config.validation.minutes
            self.notes.append(
                f"{made} {what} instead of {wanted}, because validation.minutes is {minutes:g}."
            )

    def binary(self) -> Floats:
        """Out-of-fold probability of each state by a ridge model of it against all others.

        Returns
        -------
        shape (states, repeats, n)
        """
        grid = tuple({"penalty": value} for value in (100.0, 10.0, 1.0, 0.1, 0.01))
        everything = tuple(range(len(self.cohort.variables)))
        ridge = Candidate("ridge", "Ridge logistic", everything, grid)
        found = []
        for k in range(len(self.cohort.states)):
            outcome = (self.state == k).astype(np.int8)
            patients = Patients(self.cohort.values, outcome, self.cohort.group)
            (row,) = cross_validate([ridge], self.plan, patients, self.folds, workers=self.workers)
            found.append(row.probability)
        return np.stack(found)

    def replicates(self, candidate: StateCandidate) -> Any:
        """For the interval of one patient."""
        plan = self.config.validation
        if not plan.bootstrap:
            return None
        drawn = bootstrap(
            self.cohort.patients,
            self.cohort.group,
            resamples=plan.bootstrap,
            seed=derived_seed(plan.seed, 11),
        )
        states = len(self.cohort.states)
        return state_replicates(candidate, self.plan, self.patients, states, drawn, self.workers)

    def needed(self, candidate: StateCandidate) -> StateSampleSize:
        """Patients that the criteria ask for."""
        counts = tuple(np.bincount(self.state, minlength=len(self.cohort.states)).tolist())
        offered = parameters(self.cohort.variables, self.config.preparation.missing_indicators)
        return for_states(candidate.kind, counts, self.cohort.states, offered)
