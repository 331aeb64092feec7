"""``predictor plan``: what studies of several sizes would find, from simulated cohorts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import predictor
from predictor.cohort.published_figures import published_figures
from predictor.cohort.published_odds import scenario_odds
from predictor.cohort.published_scenario import Scenario, load_scenario
from predictor.documents import Document
from predictor.errors import ConfigError
from predictor.learning.candidates import Candidate, candidates
from predictor.learning.linear_family import BATCHED, is_batched
from predictor.learning.preparer import column_of
from predictor.learning.procedure import Patients, Plan
from predictor.learning.splits import derived_seed
from predictor.learning.spread import spread
from predictor.study import Study, load_study, study_from
from predictor.validation.curve_aims import reached
from predictor.validation.curve_rows import size_row
from predictor.validation.learning_curve import (
    CohortFigures,
    Procedure,
    figures_of_cohort,
    unlimited,
)
from predictor.validation.plan_asked import Asked
from predictor.validation.planned import Planned
from predictor.workflow.files import check_suffix, write_file
from predictor.workflow.interrupts import guarded_workers
from predictor.workflow.machines import machines
from predictor.workflow.plan_population import Population
from predictor.workflow.progress import Progress, Silent, Stopwatch

FIGURE_SUFFIX = ".png"
SUFFIXES = (".json", ".csv")

# Which patients are drawn: cohorts, those whom models are tried on, those of the unlimited fit.
_COHORTS, _NEW, _MANY, _OF_COHORT = 21, 22, 23, 24
# What the procedure reaches with many patients is looked for with so many.
_UNLIMITED = 20_000
# A cohort costs about as much as this many patients besides its own.
_FIXED_COST = 150


def plan(
    config: str | Path | Mapping[str, Any],
    asked: Asked | None = None,
    *,
    scenario: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Planned:
    """Simulate studies of several sizes.

    Parameters
    ----------
    config
        Path of a YAML file, name of a shipped configuration, or the configuration as a mapping.
    asked
        Sizes, repetitions and aims.
    scenario
        Shipped scenario, or path of one; by default that of the configuration's published cohort.
    workers
        Parallel processes; every core by default. Results do not depend on it.
    progress
        Told where the run is.

    Raises
    ------
    ConfigError, DocumentError, LearningError
        With place, rule and next step, before anything is simulated where possible.
    """
    asked = asked or Asked()
    asked.check()
    study = _study(config)
    population = Population.of(study, _scenario(study, scenario))
    candidate, prepared = candidate_of(study, asked.model)
    with machines(study.config.compute.address, workers), guarded_workers("plan"):
        return _plan(study, population, candidate, prepared, asked, workers, progress or Silent())


def _plan(
    study: Study,
    population: Population,
    candidate: Candidate,
    prepared: Plan,
    asked: Asked,
    workers: int | None,
    progress: Progress,
) -> Planned:
    watch = Stopwatch(progress)
    with watch.stage("new patients"), threadpool_limits(1):
        new = population.draw(asked.new, [asked.seed, _NEW])
        procedure = Procedure(candidate, prepared, asked.resamples, study.config.validation.folds)
        many = population.draw(_UNLIMITED, [asked.seed, _MANY])
        best = unlimited(procedure, many, new, derived_seed(asked.seed, _MANY))
        ceiling = population.ceiling(scenario_odds(population.scenario))
    sizes = tuple(sorted(asked.sizes))
    with watch.stage("cohorts"):
        found = _simulated(
            _Task(population, procedure, new, asked.seed),
            sizes,
            asked.cohorts,
            workers or study.config.compute.workers,
            progress,
        )
    rows = tuple(size_row(size, found[size], asked.useful, best) for size in sizes)
    return Planned(
        study=study.config.name,
        event=study.config.question.label or study.config.question.outcome,
        predictors=tuple(study.dictionary.variable(n).label for n in study.config.predictors),
        scenario=population.scenario.name,
        description=population.scenario.description,
        patients_from=published_figures().citation,
        effects_from=population.scenario.sources,
        version=predictor.__version__,
        model=candidate.label,
        population=study.config.question.population,
        fewest=procedure.fewest,
        prevalence=float(np.mean(new.outcome)),
        asked=asked,
        rows=rows,
        unlimited=best,
        ceiling=None if ceiling is None else ceiling[0],
        ceiling_error=None if ceiling is None else ceiling[1],
        reached=tuple(reached(rows, aim) for aim in asked.aims),
        seconds=dict(watch.seconds),
    )


@dataclass(frozen=True, slots=True)
class _Task:
    """What a worker must know to do any of the cohorts."""

    population: Population
    procedure: Procedure
    new: Patients
    seed: int


def cohort_of(population: Population, seed: int, size: int, number: int) -> tuple[Patients, int]:
    """One simulated cohort, and the ``validation.seed`` that its study has.

    Parameters
    ----------
    population
        Where its patients come from.
    seed
        Of the plan.
    size, number
        Patients in it, and which of the cohorts of this size it is, from 0.
    """
    drawn = population.draw(size, [seed, _COHORTS, size, number])
    return drawn, derived_seed(seed, _OF_COHORT, size, number)


def _one_cohort(task: _Task, size: int, number: int) -> CohortFigures:
    cohort, seed = cohort_of(task.population, task.seed, size, number)
    return figures_of_cohort(task.procedure, cohort, task.new, seed)


def _simulated(
    task: _Task, sizes: tuple[int, ...], cohorts: int, workers: int | None, progress: Progress
) -> dict[int, list[CohortFigures]]:
    # The largest first: what is left at the end, when a worker may wait for another, is short.
    work = [(size, number) for size in reversed(sizes) for number in range(cohorts)]
    whole = sum(size + _FIXED_COST for size, _ in work)
    found: dict[int, list[CohortFigures]] = {size: [] for size in sizes}
    done = 0
    simulated = spread(_one_cohort, (task,), work, len(work), workers=workers)
    for (size, number), one in zip(work, simulated, strict=True):
        found[size].append(one)
        done += size + _FIXED_COST
        progress.advance(done / whole, f"{number + 1} of {cohorts} with {size:,}")
    return found


def _study(config: str | Path | Mapping[str, Any]) -> Study:
    if isinstance(config, Mapping):
        return study_from(Document("configuration", dict(config)), Path.cwd())
    return load_study(config)


def _scenario(study: Study, given: str | Path | None) -> Scenario:
    if given is not None:
        return load_scenario(given)
    published = study.config.cohort.published
    if published is None:
        raise ConfigError(
            "--scenario",
            "the configuration's patients are real, and how their outcome depends on the "
            "predictors is not known",
            "Name what is to be assumed: --scenario literature.",
        )
    beside = study.folder / published.scenario
    return load_scenario(beside if beside.is_file() else published.scenario)


def candidate_of(study: Study, name: str) -> tuple[Candidate, Plan]:
    """The candidate that is planned for, and how it is prepared and tuned.

    Raises
    ------
    ConfigError
        If it is none of the study, or too slow.
    """
    config = study.config
    named = {
        c.name: c for c in candidates(config, study.dictionary.variable(config.baseline).label)
    }
    fast = [known for known in named if known in BATCHED and known != "prevalence"]
    if name not in fast:
        rule = (
            "it is too slow to be fitted hundreds of thousands of times, or learns nothing"
            if name in named
            else f"{name[:40]} is no candidate of this study"
        )
        raise ConfigError("--model", rule, f"Name one of {', '.join(fast)}.")
    preparation = config.preparation
    prepared = Plan(
        tuple(column_of(study.dictionary.variable(variable)) for variable in config.predictors),
        preparation.imputation,
        preparation.missing_indicators,
        config.validation.inner_folds,
    )
    if not is_batched(named[name], prepared):
        raise ConfigError(
            "preparation.imputation",
            f"{preparation.imputation} is too slow to be learned hundreds of thousands of times",
            "Plan with median: simulated patients lack no value.",
        )
    return named[name], prepared


def write_plan(planned: Planned, path: Path) -> None:
    """Write every figure.

    Raises
    ------
    PredictorError
        If the suffix is another one or the place cannot be written.
    """
    from predictor.report.plan_text import plan_csv

    if check_suffix(path, *SUFFIXES) == ".csv":
        write_file(path, plan_csv(planned.rows))
        return
    text = json.dumps(planned.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_file(path, f"{text}\n".encode())


def write_plan_figure(planned: Planned, path: Path) -> None:
    """Draw the learning curves and write them as a PNG.

    Raises
    ------
    PredictorError
        If the suffix is another one or the place cannot be written.
    """
    from predictor.report.plan_figure import plan_figure

    check_suffix(path, FIGURE_SUFFIX)
    write_file(path, plan_figure(planned))
