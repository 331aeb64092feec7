"""Training a model of when an event happens: the stages of `predictor.workflow.train` for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.cohort.time_outcome import CENSORED, COMPETING, EVENT
from predictor.errors import LearningError
from predictor.fitted.bundle import save_bundle
from predictor.fitted.hazard_model import HazardReplicates
from predictor.fitted.seal import json_bytes
from predictor.learning.choice import choose, differences
from predictor.learning.hazard_refits import refit_hazards, replicate
from predictor.learning.hazards import (
    FittedHazards,
    HazardCandidate,
    HazardPlan,
    TimedPatients,
    fit_hazards,
    hazard_candidates,
    knots_of,
)
from predictor.learning.moments import moments
from predictor.learning.preparer import column_of, parameters
from predictor.learning.procedure import Plan
from predictor.learning.resampling import (
    BootstrapPlan,
    Resamples,
    summed_by_unit,
    training_parts,
    units_of,
)
from predictor.learning.splits import derived_seed, repeated_folds
from predictor.report.contents.source import FINDINGS
from predictor.study import Study
from predictor.validation.permutation import FEWEST, Signal
from predictor.validation.time_size import TimeSampleSize, for_time
from predictor.validation.time_tests import time_signal
from predictor.validation.time_to_event import (
    Timed,
    TimeFigure,
    calibration_groups,
    cross_validated,
    figures,
    followed,
    loss,
)
from predictor.workflow.handing_over import hand_over, reached_store
from predictor.workflow.progress import Progress, Stopwatch
from predictor.workflow.time_findings import time_findings
from predictor.workflow.time_manifest import describe_time, time_evidence
from predictor.workflow.time_run import ComparedTime, TimeTrainingRun

Floats = NDArray[np.float64]
_FEWEST = 2
_RARE = (
    "Fewer than {cell_size} patients had a competing event by the last horizon, so that no hazard "
    "of it is told: all with one count as last seen then."
)


def train_time(
    study: Study,
    cohort: Cohort,
    folder: Path,
    workers: int | None,
    progress: Progress,
    watch: Stopwatch,
) -> TimeTrainingRun:
    """Compare, validate and bundle models of a time.

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
        final = run.final(chosen.candidate)
    with watch.stage("internal validation"):
        told = run.validate(chosen, final)
        signal = run.signal()
        replicates = run.replicates(chosen.candidate, final)
    with watch.stage("bundle"):
        needed = run.needed()
        validated = told[0].corrected[0] is not None
        cell_size = study.config.privacy.cell_size
        stands = time_evidence(cohort, needed, cell_size, signal, validated=validated)
        own = list(chosen.candidate.predictors)
        last = run.who.marks[-1]
        validation = {
            "sample_size": needed.to_dict(),
            "models": [row.to_dict(last) for row in compared],
            "figures": [figure.to_dict() for figure in told],
            "followed": followed(run.who, cell_size, competing=run.how.causes > 1),
            "calibration": calibration_groups(run.who, _out_of_fold(chosen), cell_size),
            "signal": signal.to_dict() if signal else None,
            "notes": list(run.notes),
        }
        described = describe_time(study, cohort, chosen.candidate, final, own, stands)
        described["validation"] |= validation
        findings = time_findings(study, cohort, run.who, own, final)
        described["timings"] = dict(watch.seconds)
        save_bundle(
            folder,
            described,
            final.preparation,
            final.model,
            {FINDINGS: json_bytes(findings)},
            moments=moments(tuple(run.plan.columns[j] for j in own), cohort.values[:, own])
            if own
            else None,
            replicates=replicates,
        )
    handed = hand_over(folder, settings, watch)
    return TimeTrainingRun(
        folder,
        handed.report,
        cohort,
        compared,
        validation,
        stands,
        handed.sent,
        handed.lost,
        dict(watch.seconds),
    )


def _strata(ends: NDArray[np.int64], folds: int) -> NDArray[np.int8]:
    """Ends by which folds are made alike; what cannot stand in every fold counts as censored.

    >>> _strata(np.array([1, 1, 1, 0, 0, 0, 2]), 3).tolist()
    [1, 1, 1, 0, 0, 0, 0]
    """
    counts = np.bincount(ends, minlength=COMPETING + 1)
    rare = counts[[CENSORED, COMPETING]].min() < folds
    return np.where(rare & (ends == COMPETING), CENSORED, ends).astype(np.int8)


def _out_of_fold(chosen: ComparedTime) -> Floats:
    """Predictions out of fold; one for everybody where nothing tells patients apart.

    Without predictors they differ by who was left out alone, against whose own outcome they go.
    """
    mean = chosen.probability.mean(axis=0)
    if chosen.candidate.predictors:
        return np.asarray(mean)
    return np.broadcast_to(mean.mean(axis=0), mean.shape)


class _Run:
    """What every stage needs."""

    def __init__(
        self, study: Study, cohort: Cohort, workers: int | None, progress: Progress
    ) -> None:
        config, asked = study.config, study.config.question.follow_up
        if asked is None or cohort.months is None:
            raise LearningError("question.follow_up", "the question is of no time")
        self.config, self.cohort, self.workers, self.progress = config, cohort, workers, progress
        person = np.arange(cohort.patients) if cohort.patient is None else cohort.patient
        self.notes: list[str] = [
            "The months at which the baseline is known were chosen once, on all patients.",
        ]
        self.ends = cohort.outcome.astype(np.int64)
        competing = (self.ends == COMPETING) & (cohort.months <= asked.horizon_months[-1])
        rare = len(np.unique(person[competing])) < config.privacy.cell_size
        if rare and (self.ends == COMPETING).any():
            # Their hazard would be known between two months that tell of these few.
            self.ends[self.ends == COMPETING] = CENSORED
            self.notes.append(_RARE.format(cell_size=config.privacy.cell_size))
        self.plan = Plan(
            tuple(column_of(variable) for variable in cohort.variables),
            config.preparation.imputation,
            config.preparation.missing_indicators,
            config.validation.inner_folds,
        )
        self.who = Timed(cohort.months, self.ends, cohort.group, asked.horizon_months)
        self.patients = TimedPatients(cohort.values, cohort.months, self.ends, cohort.group)
        causes = 2 if (self.ends == COMPETING).any() else 1
        knots = tuple(
            knots_of(
                cohort.months,
                self.ends == cause,
                person,
                asked.horizon_months[-1],
                config.privacy.cell_size,
            )
            for cause in (EVENT, COMPETING)[:causes]
        )
        self.how = HazardPlan(self.plan, causes, knots)
        label = study.dictionary.variable(config.baseline).label
        self.candidates = hazard_candidates(config, label)
        self.folds = repeated_folds(
            _strata(self.ends, config.validation.folds),
            cohort.group,
            folds=config.validation.folds,
            repeats=config.validation.repeats,
            seed=config.validation.seed,
        )

    def at_marks(self, fitted: FittedHazards, candidate: HazardCandidate) -> Floats:
        """Predictions for everybody, shape (n, horizons)."""
        values = self.cohort.values[:, list(candidate.predictors)]
        columns = [month - 1 for month in self.who.marks]
        return np.asarray(fitted.incidence(values)[:, columns])

    def compare(self) -> tuple[ComparedTime, ...]:
        """Every candidate by the same folds; the simplest within one standard error is taken."""
        n, marks = self.cohort.patients, len(self.who.marks)
        parts, found, losses = training_parts(self.folds), [], []
        for candidate in self.candidates:
            fits = refit_hazards(
                candidate,
                self.how,
                self.patients,
                parts,
                workers=self.workers,
                progress=self._told(candidate.label),
            )
            if any(fit is None for fit in fits):
                self.notes.append(f"{candidate.label}: a fit did not settle, so it is left out.")
                continue
            probability = np.full((len(self.folds.fold), n, marks), np.nan)
            for (r, k), fit in zip(self.folds.tasks, fits, strict=True):
                test = self.folds.fold[r] == k
                if fit is not None:
                    probability[r, test] = self.at_marks(fit, candidate)[test]
            found.append((candidate, probability))
            losses.append(loss(self.who, probability.mean(axis=0)))
        unit = units_of(self.cohort.group, n)
        difference, error = differences(
            summed_by_unit(np.stack(losses), unit), summed_by_unit(np.ones(n), unit)
        )
        by_rule = found[int(choose(difference, error))][0].name
        taken = by_rule if self.config.choose == "rule" else self.config.choose
        if taken not in {candidate.name for candidate, _ in found}:
            raise LearningError(
                "choose", f"{taken} could not be fitted", "Give a larger penalty, or choose: rule."
            )
        seed = derived_seed(self.config.validation.seed, 15)
        rows = []
        for i, (candidate, probability) in enumerate(found):
            told = cross_validated(self.who, probability, self.folds, seed)
            if not candidate.predictors:
                # Out of fold it differs by the size of the folds only, which no slope explains.
                slopes = [name for name in told if name.startswith("slope_")]
                told |= dict.fromkeys(slopes, (None, None, None))
            taken_one = candidate.name == taken
            row = (candidate, probability, told, float(difference[i]), float(error[i]), taken_one)
            rows.append(ComparedTime(*row))
        return tuple(rows)

    def final(self, candidate: HazardCandidate) -> FittedHazards:
        """The fit to everybody."""
        once = np.ones(self.cohort.patients, dtype=np.int64)
        seed = derived_seed(self.config.validation.seed, 5)
        return fit_hazards(candidate, self.how, self.patients, once, seed, final=True)

    def _resamples(self) -> BootstrapPlan:
        plan = self.config.validation
        seed = derived_seed(plan.seed, 11)
        return BootstrapPlan(self.cohort.patients, self.cohort.group, plan.bootstrap, seed)

    def validate(self, chosen: ComparedTime, final: FittedHazards) -> tuple[TimeFigure, ...]:
        """Optimism by bootstrap, as far as time allows."""
        plan, refits = self.config.validation, []
        if plan.bootstrap:
            drawn = self._resamples()
            fits = refit_hazards(
                chosen.candidate,
                self.how,
                self.patients,
                drawn,
                workers=self.workers,
                progress=self._told("bootstrap", 60.0 * plan.minutes),
            )
            if len(fits) < plan.bootstrap:
                self.notes.append(
                    f"{len(fits)} bootstrap resamples instead of {plan.bootstrap}, because "
                    f"validation.minutes is {plan.minutes:g}."
                )
            lost = sum(fit is None for fit in fits)
            if lost:
                self.notes.append(f"{lost} of {len(fits)} bootstrap fits did not settle.")
            counts = drawn.part(0, len(fits)).count
            refits = [
                (self.at_marks(fit, chosen.candidate), counts[i])
                for i, fit in enumerate(fits)
                if fit is not None
            ]
        self.notes.append("The choice among the candidates was not repeated in the resamples.")
        return figures(self.who, self.at_marks(final, chosen.candidate), chosen.figures, refits)

    def signal(self) -> Signal | None:
        """Whether values exchanged among patients do as well."""
        plan, group = self.config.validation, self.cohort.group
        tested = self.candidates[-1]
        if plan.permutations < FEWEST:
            self.notes.append(f"No test for signal: it needs {FEWEST} permutations at least.")
            return None
        if group is not None and len(np.unique(group)) < len(group):
            self.notes.append("No test for signal: groups of rows are not permuted so far.")
            return None
        found = time_signal(
            tested,
            self.how,
            self.patients,
            self.folds,
            permutations=plan.permutations,
            seed=derived_seed(plan.seed, 13),
            minutes=plan.minutes,
            not_repeated=tuple(c.label for c in self.candidates[1:-1]),
            workers=self.workers,
            progress=self._told(f"permutation test, {tested.label}"),
        )
        if found is not None and found.permutations < plan.permutations:
            self.notes.append(
                f"{found.permutations} permutations instead of {plan.permutations}, because "
                f"validation.minutes is {plan.minutes:g}."
            )
        return found

    def replicates(
        self, candidate: HazardCandidate, final: FittedHazards
    ) -> HazardReplicates | None:
        """For the interval of one patient."""
        values = self.cohort.values[:, list(candidate.predictors)]
        drawn: Resamples = self._resamples().part(0, self.config.validation.bootstrap)
        found = [
            one
            for count in drawn.count
            if (one := replicate(final, self.how, values, self.patients, count)) is not None
        ]
        if len(found) < _FEWEST:
            return None
        return HazardReplicates(
            np.stack([slopes for slopes, _ in found]), np.stack([hazard for _, hazard in found])
        )

    def _told(self, label: str, seconds: float = 0.0) -> Callable[[float], bool]:
        until = time.monotonic() + seconds

        def told(share: float) -> bool:
            self.progress.advance(share, label)
            return not seconds or time.monotonic() < until

        return told

    def needed(self) -> TimeSampleSize:
        """Patients that the criteria ask for."""
        offered = parameters(self.cohort.variables, self.config.preparation.missing_indicators)
        return for_time(
            self.cohort.patients,
            self.cohort.events,
            float(self.who.months.sum()),
            float(self.who.marks[-1]),
            offered,
        )
