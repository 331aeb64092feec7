"""``train()``: from a configuration and a cohort to a compared, explained, tracked bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from predictor.cohort.cohort import Cohort
from predictor.documents import Document
from predictor.errors import ConfigError, TrackingError
from predictor.explanation.importance import Importance, importance
from predictor.fitted.bundle import check_destination, save_bundle
from predictor.fitted.folder import sole_writer
from predictor.fitted.models import LinearModel
from predictor.fitted.replicates import Replicates
from predictor.fitted.seal import json_bytes
from predictor.fitted.venn_abers import VennAbers
from predictor.learning.candidates import Candidate, candidates
from predictor.learning.crossvalidation import OutOfFold, cross_validate
from predictor.learning.moments import moments
from predictor.learning.preparer import column_of, parameters
from predictor.learning.procedure import Fitted, Patients, Plan, fit
from predictor.learning.splits import derived_seed, repeated_folds
from predictor.learning.venn_abers import venn_abers
from predictor.report.contents.source import FINDINGS
from predictor.study import Study, load_study, study_from
from predictor.tracking.sent import SentRun
from predictor.validation.comparison import Comparison, compare
from predictor.validation.evidence import evidence
from predictor.validation.samplesize import SampleSize, for_training
from predictor.workflow import manifest, tables
from predictor.workflow.figures import figures
from predictor.workflow.findings import Trained, collect
from predictor.workflow.handing_over import hand_over, reached_store
from predictor.workflow.internal import InternalResults, validate_internally
from predictor.workflow.interrupts import guarded_workers
from predictor.workflow.machines import machines
from predictor.workflow.progress import Progress, Silent, Stopwatch
from predictor.workflow.run_told import course, flow_told, places, warnings_told
from predictor.workflow.state_run import StateTrainingRun
from predictor.workflow.study_cohort import study_cohort
from predictor.workflow.time_run import TimeTrainingRun
from predictor.workflow.train_states import train_states
from predictor.workflow.train_time import train_time

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A finished training.

    Parameters
    ----------
    bundle
        Folder of the bundle.
    report
        The page that explains the model, inside the bundle.
    cohort
        Who was analysed, with flow and warnings.
    comparison
        All candidates side by side.
    internal
        The chosen model validated by resampling: corrected figures, instability, signal.
    chosen
        The fitted model that was bundled.
    importance
        Global explanation of the chosen model.
    needed
        Patients that the sample-size criteria ask for.
    evidence
        Level, patients and events, and a statement.
    sent
        Where the record went; None if tracking is off or the store was lost.
    tracking_error
        What to do about a store that was lost during the run.
    seconds
        Time per stage.
    cell_size
        Smallest count that is shown.
    """

    bundle: Path
    report: Path
    cohort: Cohort
    comparison: Comparison
    internal: InternalResults
    chosen: Fitted
    importance: Importance
    needed: SampleSize
    evidence: Mapping[str, Any]
    sent: SentRun | None
    tracking_error: TrackingError | None
    seconds: Mapping[str, float]
    cell_size: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON of design section 4, and what explains it."""
        return {
            **places(self.bundle, self.report, self.sent),
            "chosen": self.comparison.chosen.name,
            "chosen_by_rule": self.comparison.by_rule,
            "models": [model.to_dict() for model in self.comparison.models],
            "validation": self.internal.to_dict(self.cell_size),
            "evidence": dict(self.evidence),
            "sample_size": manifest.sample_size(self.needed, self.cohort),
            "flow": flow_told(self.cohort),
            "sensitivity": self.cohort.sensitivity.to_dict() if self.cohort.sensitivity else None,
            "warnings": warnings_told(self.cohort),
            **course(self.tracking_error, self.seconds),
        }


def train(
    config: str | Path | Mapping[str, Any],
    data: str | Path | pd.DataFrame | None = None,
    *,
    out: str | Path | None = None,
    choose: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> TrainingRun | StateTrainingRun | TimeTrainingRun:
    """Compare the candidates of a configuration, explain the chosen one and bundle it.

    Parameters
    ----------
    config
        Path of a YAML file, name of a shipped configuration, or the configuration as a mapping.
    data
        Cohort file or data frame; overrides ``cohort.file``.
    out
        Folder of the bundle; overrides ``output``. An earlier bundle there is replaced as a whole
        at the very end.
    choose
        Candidate that is bundled whatever the rule says; overrides ``choose``.
    workers
        Parallel processes; overrides ``compute.workers``. Results do not depend on it.
    progress
        Told where the run is.

    Returns
    -------
    TrainingRun
        Of an event.
    StateTrainingRun
        Of several states.
    TimeTrainingRun
        Of a time.

    Raises
    ------
    ConfigError, CohortError, BundleError, TrackingError, LearningError
        With place, rule and next step; all but the last before anything is fitted.
    """
    study = _study(config, choose)
    folder = Path(out or study.config.output or Path("runs") / study.config.name)
    watch = Stopwatch(progress or Silent())
    check_destination(folder)
    with sole_writer(folder), machines(study.config.compute.address, workers):
        question = study.config.question
        if question.follow_up is not None:
            with watch.stage("cohort"):
                timed = study_cohort(study, data)
            with guarded_workers("training"):
                return train_time(study, timed, folder, workers, progress or Silent(), watch)
        if question.states:
            with watch.stage("cohort"):
                several = study_cohort(study, data)
            with guarded_workers("training"):
                return train_states(study, several, folder, workers, progress or Silent(), watch)
        return _train(study, data, folder, workers, progress or Silent(), watch)


def _train(
    study: Study,
    data: str | Path | pd.DataFrame | None,
    folder: Path,
    workers: int | None,
    progress: Progress,
    watch: Stopwatch,
) -> TrainingRun:
    config = study.config
    settings = reached_store(study, watch)
    with watch.stage("cohort"):
        cohort = study_cohort(study, data)

    plan = Plan(
        tuple(column_of(variable) for variable in cohort.variables),
        config.preparation.imputation,
        config.preparation.missing_indicators,
        config.validation.inner_folds,
    )
    patients = Patients(cohort.values, cohort.outcome, cohort.group)
    named = candidates(config, study.dictionary.variable(config.baseline).label)
    seed = config.validation.seed
    with watch.stage("cross-validation"):
        folds = repeated_folds(
            cohort.outcome,
            cohort.group,
            folds=config.validation.folds,
            repeats=config.validation.repeats,
            seed=seed,
        )
        workers = workers or config.compute.workers
        with guarded_workers("training"):
            predicted = cross_validate(
                named, plan, patients, folds, workers=workers, progress=progress.advance
            )
        comparison = compare(predicted, cohort.outcome, folds, cohort.group, config.choose)
    with watch.stage("final fit"):
        candidate = next(c for c in named if c.name == comparison.chosen.name)
        # One thread, as in the folds: sums keep their order, so the bundle is the same everywhere.
        with threadpool_limits(1):
            fitted = fit(candidate, plan, patients, derived_seed(seed, 5))
    with watch.stage("internal validation"), guarded_workers("training"):
        internal = validate_internally(
            config,
            cohort,
            named,
            plan,
            patients,
            candidate,
            fitted,
            predicted,
            folds,
            workers=workers,
            progress=progress,
        )
    with watch.stage("explanation"):
        ranked = _importance(cohort, candidate, fitted, seed)
        drawn = figures(study, cohort, candidate, fitted, comparison, internal, ranked)
    with watch.stage("bundle"):
        needed = for_training(
            cohort.events / cohort.patients,
            parameters(cohort.variables, config.preparation.missing_indicators),
            config.question.anticipated_auroc,
        )
        stands = evidence(cohort, needed, internal.signal, internal.validated)
        described = manifest.describe(
            study,
            cohort,
            candidate,
            fitted,
            comparison,
            internal,
            ranked,
            needed,
            stands,
            watch.seconds,
        )
        found = Trained(
            study,
            cohort,
            plan,
            patients,
            candidate,
            fitted,
            predicted,
            folds,
            comparison,
            internal,
            ranked,
            needed,
        )
        files = {
            FINDINGS: json_bytes(collect(found)),
            "comparison.csv": tables.comparison_csv(comparison),
            "importance.csv": tables.importance_csv(ranked),
            **tables.validation_csv(internal),
            **drawn,
        }
        save_bundle(
            folder,
            described,
            fitted.preparation,
            fitted.model,
            files,
            moments=moments(
                tuple(plan.columns[j] for j in candidate.predictors),
                cohort.values[:, candidate.predictors],
            ),
            replicates=_replicates(internal, candidate),
            calibration=_calibration(predicted, patients, candidate, fitted),
        )
    handed = hand_over(folder, settings, watch)
    return TrainingRun(
        folder,
        handed.report,
        cohort,
        comparison,
        internal,
        fitted,
        ranked,
        needed,
        stands,
        handed.sent,
        handed.lost,
        dict(watch.seconds),
        config.privacy.cell_size,
    )


def _replicates(internal: InternalResults, candidate: Candidate) -> Replicates | None:
    found = internal.bootstrap.replicates if internal.bootstrap else None
    return None if found is None else found.of(candidate.predictors)


def _calibration(
    predicted: Sequence[OutOfFold], patients: Patients, candidate: Candidate, fitted: Fitted
) -> VennAbers | None:
    """What stands in for replicates where the model is too large to be kept hundreds of times."""
    if isinstance(fitted.model, LinearModel):
        return None
    (score,) = (p.probability for p in predicted if p.candidate.name == candidate.name)
    return venn_abers(score, patients.outcome, patients.group)


def _study(config: str | Path | Mapping[str, Any], choose: str | None) -> Study:
    if isinstance(config, Mapping):
        study = study_from(Document("configuration", dict(config)), Path.cwd())
    else:
        study = load_study(config)
    if choose is None:
        return study
    if choose not in study.config.choices:
        raise ConfigError(
            "choose",
            f"{choose} is no candidate of this study",
            f"Name one of {', '.join(study.config.choices)}.",
        )
    return replace(study, config=study.config.model_copy(update={"choose": choose}))


def _importance(cohort: Cohort, candidate: Candidate, fitted: Fitted, seed: int) -> Importance:
    return importance(
        fitted.model,
        fitted.preparation,
        [cohort.variables[j] for j in candidate.predictors],
        cohort.values[:, candidate.predictors],
        seed=seed,
    )
