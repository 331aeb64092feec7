"""``predictor check``: every problem of a cohort, with or without a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.checking import check_cohort
from predictor.cohort.cohort import FlowStep
from predictor.cohort.columns import read_variable, slip_problems
from predictor.cohort.laboratory import Proposal, proposals
from predictor.cohort.problem import Problem
from predictor.cohort.reading import read_table
from predictor.cohort.rules import columns_of, rules_of
from predictor.cohort.sources.source import read_source
from predictor.cohort.state_outcome import outcome_columns
from predictor.cohort.table import Table
from predictor.config import CohortSource
from predictor.errors import CohortError
from predictor.study import Study, load_study
from predictor.workflow.cohort import check_visits_table, read_visits_table
from predictor.workflow.told_outcome import outcome_told


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
    proposals
        Rules for values that are no plain numbers, which ``cohort.laboratory`` could hold.
    """

    problems: tuple[Problem, ...]
    flow: tuple[FlowStep, ...]
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]
    proposals: tuple[Proposal, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether no problem is fatal."""
        return not any(problem.fatal for problem in self.problems)


def check(data: str | Path | None, config: str | Path | None = None) -> CohortCheck:
    """Check a cohort.

    Parameters
    ----------
    data
        The file; None for what the configuration names.
    config
        A configuration, whose columns, units and rules are then used. Without one, columns named
        like a variable of the shipped dictionary are checked against it.

    Raises
    ------
    CohortError
        If there is nothing to check, or the file's own dictionary tells of another outcome than
        the configuration does.
    """
    if config is None:
        if data is None:
            raise CohortError("check", "there is nothing to check", "Name a file or --config.")
        return _check_by_name(Path(data))
    study = load_study(config)
    given = None if data is None else Path(data)
    outcome_told(study, given)  # which refuses a file that was made by another rule
    if study.config.cohort.visits is not None:
        return _check_visits(study, given)
    table = read_source(study.config.cohort, study.folder, how=study.config.cohort, data=given)
    found = check_cohort(study, table)
    source = study.config.cohort
    used = {source.columns.get(name, name) for name in (*study.config.predictors, *source.exclude)}
    used |= set(outcome_columns(study)) | {c for c in (source.patient, source.centre) if c}
    return CohortCheck(
        found.problems,
        found.cohort.flow if found.cohort else (),
        tuple(name for name in table.columns if name in used),
        tuple(name for name in table.columns if name not in used),
        proposals(found.problems, study.dictionary),
    )


def _check_visits(study: Study, data: Path | None) -> CohortCheck:
    table = read_visits_table(study, data, None)
    found = check_visits_table(study, table)
    rules = rules_of(study)
    used = columns_of(study, rules)
    return CohortCheck(
        (*found.problems, *_slips(study, table, rules.reads)),
        found.cohort.flow if found.cohort else (),
        tuple(name for name in table.columns if name in used),
        tuple(name for name in table.columns if name not in used),
        proposals(found.problems, study.dictionary),
    )


def _slips(study: Study, table: Table, names: Iterable[str]) -> Iterator[Problem]:
    """What the columns of all visits give away, index visit or not."""
    source = study.config.cohort
    for name in sorted(names):
        if source.columns.get(name, name) in table.columns:
            variable = study.dictionary.variable(name)
            read = read_variable(table, variable, source)
            # What is wrong with a column as a whole was found where the cohort was made.
            found = slip_problems(read, table, variable, source)
            yield from (problem for problem in found if problem.row is not None)


def _check_by_name(path: Path) -> CohortCheck:
    dictionary, source = load_dictionary(), CohortSource()
    table = read_table(path, source)
    known = tuple(name for name in table.columns if name in dictionary)
    problems: list[Problem] = []
    for name in known:
        variable = dictionary.variable(name)
        read = read_variable(table, variable, source)
        problems += [*read.problems, *slip_problems(read, table, variable, source)]
    unknown = tuple(name for name in table.columns if name not in dictionary)
    proposed = proposals(problems, dictionary)
    return CohortCheck(tuple(problems), (), known, unknown, proposed)
