"""``predictor check``: every problem of a cohort, with or without a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.checking import check_cohort
from predictor.cohort.cohort import FlowStep
from predictor.cohort.columns import read_variable
from predictor.cohort.outcome import outcome_column
from predictor.cohort.problem import Problem
from predictor.cohort.reading import read_table
from predictor.config import CohortSource
from predictor.study import load_study


@dataclass(frozen=True, slots=True)
class CohortCheck:
    """What a check found.

    Parameters
    ----------
    problems
        Everything, fatal or not.
    flow
        Read, excluded, analysed; empty without a configuration or after a fatal problem.
    checked, unchecked
        Columns that were held against the dictionary, and those that were not.
    """

    problems: tuple[Problem, ...]
    flow: tuple[FlowStep, ...]
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether no problem is fatal."""
        return not any(problem.fatal for problem in self.problems)


def check(data: str | Path, config: str | Path | None = None) -> CohortCheck:
    """Check a cohort file.

    Parameters
    ----------
    data
        The file.
    config
        A configuration, whose columns, units and rules are then used. Without one, columns named
        like a variable of the shipped dictionary are checked against it.
    """
    if config is None:
        return _check_by_name(Path(data))
    study = load_study(config)
    table = read_table(Path(data), study.config.cohort)
    found = check_cohort(study, table)
    source = study.config.cohort
    used = {source.columns.get(name, name) for name in (*study.config.predictors, *source.exclude)}
    used |= {outcome_column(study)} | {c for c in (source.patient, source.centre) if c}
    return CohortCheck(
        found.problems,
        found.cohort.flow if found.cohort else (),
        tuple(name for name in table.columns if name in used),
        tuple(name for name in table.columns if name not in used),
    )


def _check_by_name(path: Path) -> CohortCheck:
    dictionary, source = load_dictionary(), CohortSource()
    table = read_table(path, source)
    known = tuple(name for name in table.columns if name in dictionary)
    problems = [
        problem
        for name in known
        for problem in read_variable(table, dictionary.variable(name), source).problems
    ]
    unknown = tuple(name for name in table.columns if name not in dictionary)
    return CohortCheck(tuple(problems), (), known, unknown)
