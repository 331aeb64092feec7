"""Training a model of when an event happens: the stages of `predictor.workflow.train` for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.cohort.time_outcome import COMPETING, EVENT
from predictor.errors import LearningError, TrackingError
from predictor.fitted.bundle import save_bundle
from predictor.fitted.hazard_model import HazardReplicates
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
from predictor.study import Study
from predictor.validation.time_size import TimeSampleSize, for_time
from predictor.validation.time_to_event import (
    Interval,
    Timed,
    TimeFigure,
    calibration_groups,
    cross_validated,
    figures,
    followed,
    loss,
)
from predictor.workflow.progress import Progress, Stopwatch
from predictor.workflow.time_manifest import describe_time, time_evidence

Floats = NDArray[np.float64]
_FEWEST = 2


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
    bundle
        Where it is.
    cohort
        Who was analysed.
    compared
        The candidates, from simple to complex.
    validation
        What the bundle says of them: figures, who is followed, calibration, sample size, notes.
    evidence
        Level and statement.
    tracking_error
        Why no record was sent.
    seconds
        Time per stage.
    """

    bundle: Path
    cohort: Cohort
    compared: tuple[ComparedTime, ...]
    validation: Mapping[str, Any]
    evidence: Mapping[str, Any]
    tracking_error: TrackingError | None
    seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "bundle": str(self.bundle),
            "report": None,
            "run_id": None,
            "chosen": next(row.candidate.name for row in self.compared if row.chosen),
            "models": self.validation["models"],
            "validation": dict(self.validation),
            "evidence": dict(self.evidence),
            "sample_size": self.validation["sample_size"],
            "flow": [{"step": s.step, "patients": s.patients} for s in self.cohort.flow],
            "warnings": [
                {"variable": w.variable, "code": w.code, "count": w.count, "message": w.message}
                for w in self.cohort.warnings
            ],
            "tracking_error": str(self.tracking_error) if self.tracking_error else None,
            "seconds": dict(self.seconds),
        }


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
    run = _Run(study, cohort, workers or study.config.compute.workers, progress)
    with watch.stage("cross-validation"):
        compared = run.compare()
        chosen = next(row for row in compared if row.chosen)
    with watch.stage("final fit"):
        final = run.final(chosen.candidate)
    with watch.stage("internal validation"):
        told = run.validate(chosen, final)
        replicates = run.replicates(chosen.candidate, final)
    with watch.stage("bundle"):
        needed = run.needed()
        validated = told[0].corrected[0] is not None
        cell_size = study.config.privacy.cell_size
        stands = time_evidence(cohort, needed, cell_size, validated=validated)
        own = list(chosen.candidate.predictors)
        last = run.who.marks[-1]
        validation = {
            "sample_size": needed.to_dict(),
            "models": [row.to_dict(last) for row in compared],
            "figures": [figure.to_dict() for figure in told],
            "followed": followed(run.who, cell_size, competing=run.how.causes > 1),
            "calibration": calibration_groups(run.who, chosen.probability.mean(axis=0), cell_size),
            "notes": list(run.notes),
        }
        described = describe_time(study, cohort, chosen.candidate, final, own, stands)
        described["validation"] |= validation
        described["timings"] = dict(watch.seconds)
        save_bundle(
            folder,
            described,
            final.preparation,
            final.model,
            {},
            moments=moments(tuple(run.plan.columns[j] for j in own), cohort.values[:, own])
            if own
            else None,
            replicates=replicates,
        )
    lost = None
    if study.config.tracking.enabled:
        lost = TrackingError(
            "tracking",
            "the record of a model of a time is not sent to MLflow so far",
            "The bundle holds everything; set tracking.enabled to false to be told no more.",
        )
    return TimeTrainingRun(folder, cohort, compared, validation, stands, lost, dict(watch.seconds))


class _Run:
    """What every stage needs."""

    def __init__(
        self, study: Study, cohort: Cohort, workers: int | None, progress: Progress
    ) -> None:
        config, asked = study.config, study.config.question.follow_up
        if asked is None or cohort.months is None:
            raise LearningError("question.follow_up", "the question is of no time")
        self.config, self.cohort, self.workers, self.progress = config, cohort, workers, progress
        self.ends = cohort.outcome.astype(np.int64)
        self.plan = Plan(
            tuple(column_of(variable) for variable in cohort.variables),
            config.preparation.imputation,
            config.preparation.missing_indicators,
            config.validation.inner_folds,
        )
        self.who = Timed(cohort.months, self.ends, cohort.group, asked.horizon_months)
        self.patients = TimedPatients(cohort.values, cohort.months, self.ends, cohort.group)
        person = np.arange(cohort.patients) if cohort.patient is None else cohort.patient
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
            cohort.outcome,
            cohort.group,
            folds=config.validation.folds,
            repeats=config.validation.repeats,
            seed=config.validation.seed,
        )
        self.notes: list[str] = [
            "The months at which the baseline is known were chosen once, on all patients.",
        ]

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
        self.notes.append("Whether there is signal was not tested by permutation.")
        return figures(self.who, self.at_marks(final, chosen.candidate), chosen.figures, refits)

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
