"""``predictor check``: every problem of a cohort, by a configuration, a model, or names alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.checking import Checked, check_cohort
from predictor.cohort.cohort import FlowStep
from predictor.cohort.columns import read_variable, slip_problems
from predictor.cohort.elsewhere import Mapped, check_elsewhere
from predictor.cohort.laboratory import Proposal, proposals
from predictor.cohort.outcome import outcome_column
from predictor.cohort.problem import Problem
from predictor.cohort.reading import read_table
from predictor.cohort.rules import columns_of, rules_of
from predictor.cohort.sources.source import read_source
from predictor.cohort.state_outcome import outcome_columns
from predictor.cohort.table import Table
from predictor.config import CohortSource
from predictor.errors import CohortError
from predictor.fitted.bundle import load_bundle
from predictor.new_cohort import load_new_cohort
from predictor.study import Study, load_study
from predictor.workflow.cohort import check_visits_table, read_visits_table
from predictor.workflow.other_patients import open_elsewhere
from predictor.workflow.told_outcome import outcome_told

NO_OUTCOME = (
    "there is no such column. `predictor monitor` needs none, `validate` and `update` do: name it "
    "in the mapping, under `outcome.column`."
)


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
    return _of_rows(study, table, found, _read_columns(study) | set(outcome_columns(study)))


def check_for(model: str | Path, data: Path, mapping: Path | None = None) -> CohortCheck:
    """Check patients who took no part in making a model, by the model's own rules.

    Parameters
    ----------
    model
        Bundle, by path or shipped name.
    data
        The file, with or without outcomes.
    mapping
        How the file writes what the model needs, as for ``predictor validate``.

    Raises
    ------
    BundleError
        If the bundle cannot be loaded.
    CohortError, ConfigError
        If file or mapping contradict the model.
    """
    bundle = load_bundle(model)
    mapped = None if mapping is None else Mapped(*load_new_cohort(mapping))
    absent = () if mapped is None else mapped.new.absent
    study, table = open_elsewhere(bundle, data, mapped)
    outcome = outcome_column(study)
    known = outcome in table.columns
    found = check_elsewhere(study, table, absent, asks="outcome" if known else "values")
    told = () if known else (Problem(None, outcome, "no_outcome", NO_OUTCOME, fatal=False),)
    used = _read_columns(study) | {outcome}
    return _of_rows(study, table, replace(found, problems=(*found.problems, *told)), used)


def _read_columns(study: Study) -> set[str]:
    """Columns of a file with one row per patient that are held against the dictionary."""
    source = study.config.cohort
    named = (*study.config.predictors, *study.config.question.limits, *source.exclude)
    used = {source.columns.get(name, name) for name in named}
    return used | {column for column in (source.patient, source.centre) if column}


def _of_rows(study: Study, table: Table, found: Checked, used: set[str]) -> CohortCheck:
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
