"""``predictor cohort``: visits to one checked row per patient, as a file and for training."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import predictor
from predictor.cohort.checking import Checked, check_cohort
from predictor.cohort.coded import coded
from predictor.cohort.cohort import Cohort, CohortWarning, FlowStep
from predictor.cohort.finding import as_cohort_warnings, refuse
from predictor.cohort.outcome import read_outcome
from predictor.cohort.problem import MADE, Problem
from predictor.cohort.reading import table_from_frame
from predictor.cohort.record_table import RecordTable, is_made, made_source, record_table
from predictor.cohort.records import Records, make_records
from predictor.cohort.rules import columns_of, rules_of
from predictor.cohort.sensitivity import Sensitivity
from predictor.cohort.sources.source import read_source
from predictor.cohort.state_outcome import read_states
from predictor.cohort.table import Table
from predictor.cohort.time_columns import TimeEnds, time_ends
from predictor.cohort.time_outcome import EVENT, read_ends
from predictor.config_records import FOLLOW_UP_DAYS
from predictor.config_visit_times import INDEX_TIME
from predictor.errors import Reason
from predictor.study import Study, load_study
from predictor.workflow.cohort_file import check_suffix, dictionary_path, write_table
from predictor.workflow.files import check_targets, replacing
from predictor.workflow.told_outcome import TOLD, by_configuration

if TYPE_CHECKING:
    import pandas as pd

    from predictor.config import CohortSource


@dataclass(frozen=True, slots=True)
class MadeCohort:
    """A cohort that was made from visits.

    Parameters
    ----------
    source
        Name of what was read.
    made
        The rows, and the data dictionary of their columns.
    flow
        Read, left out and why, analysed.
    unit
        What the flow counts: ``patients``, or ``visits`` where every one may be an index visit.
    events
        With the event, or in the best of several states.
    sensitivity
        Share of events, and what the unknown outcomes could change; None of a time.
    ends
        How often a follow-up ended in what, where the question is of a time; None elsewhere.
    warnings
        What did not stop the work.
    cautions
        What a reader must know of the rules: numbers that look like another unit, measurements
        that a treatment disturbs.
    """

    source: str
    made: RecordTable
    flow: tuple[FlowStep, ...]
    unit: str
    events: int
    sensitivity: Sensitivity | None
    ends: TimeEnds | None
    warnings: tuple[CohortWarning, ...]
    cautions: tuple[Reason, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data: counts alone, no row of anybody."""
        found = self.sensitivity
        return {
            "flow": [{"step": step.step, "patients": step.patients} for step in self.flow],
            "counted": self.unit,
            "rows": self.made.table.rows,
            "events": None if found is not None and found.states else self.events,
            "sensitivity": found.to_dict() if found else None,
            **({"ends": self.ends.to_dict()} if self.ends else {}),
            "warnings": [
                {"variable": w.variable, "code": w.code, "count": w.count, "message": w.message}
                for w in self.warnings
            ],
            "cautions": [
                {"code": c.code, "where": c.where, "message": c.message} for c in self.cautions
            ],
        }


@dataclass(frozen=True, slots=True)
class CohortFile:
    """A cohort on disk, and its data dictionary."""

    path: Path
    dictionary: Path
    cohort: MadeCohort

    def to_dict(self) -> dict[str, Any]:
        """The JSON of design section 4, and what explains it."""
        files = {"file": str(self.path), "dictionary": str(self.dictionary)}
        return {**files, **self.cohort.to_dict()}


def write_cohort_file(
    config: str | Path, data: str | Path | None = None, *, out: Path
) -> CohortFile:
    """Make a cohort from visits and write it with its data dictionary.

    Parameters
    ----------
    config
        Path of a YAML file with ``cohort.visits``, or name of a shipped one.
    data
        File with the visits; overrides the source of the configuration.
    out
        Ends in ``.csv`` or ``.parquet``; the dictionary is written beside it.

    Raises
    ------
    ConfigError, CohortError, ExpressionError, OutcomeError
        All problems at once; nothing is written then.
    """
    suffix = check_suffix(out)
    study = load_study(config)
    beside = dictionary_path(out)
    check_targets([out, beside], read=[data, config])
    cohort = make_cohort(study, None if data is None else Path(data))
    described = _described(study, cohort)
    # The table takes its place last: who finds it finds its dictionary.
    with replacing(out) as table, replacing(beside) as dictionary:
        write_table(cohort.made.table, table, suffix)
        dictionary.write(json.dumps(described, indent=1, ensure_ascii=False).encode())
        dictionary.write(b"\n")
    return CohortFile(out, beside, cohort)


def make_cohort(study: Study, data: str | Path | pd.DataFrame | None = None) -> MadeCohort:
    """Make a cohort from visits.

    Parameters
    ----------
    study
        With ``cohort.visits``.
    data
        File or data frame with the visits; overrides the source of the configuration.

    Raises
    ------
    CohortError
        Listing every problem of the visits.
    """
    rules = rules_of(study)
    table = read_visits_table(study, data, columns_of(study, rules))
    made = make_records(study, rules, table)
    refuse(made.findings, table)
    assert made.records is not None, "without a fatal finding there are records"  # noqa: S101
    return _cohort_of(study, made.records, table)


def _cohort_of(study: Study, records: Records, table: Table) -> MadeCohort:
    made = record_table(study, records, table)
    events, states = _events(_made_study(study), made.table)
    unknown = records.sensitivity(events)
    every = records.rules.plan.index.which == "every"
    return MadeCohort(
        table.source,
        made,
        records.flow,
        "visits" if every else "patients",
        events,
        None if unknown is None else replace(unknown, states=states),
        time_ends(records, study),
        as_cohort_warnings(records.findings),
        records.rules.cautions,
    )


def _events(study: Study, table: Table) -> tuple[int, tuple[tuple[str, int], ...]]:
    """Events, or patients in the best of several states, and those in each state."""
    states = study.config.question.states
    if states:
        outcome, _ = read_states(study, table)
        counts = [int((outcome == place).sum()) for place in range(len(states))]
        return counts[-1], tuple(
            (state.state, count) for state, count in zip(states, counts, strict=True)
        )
    if study.config.question.follow_up is not None:
        ends, _ = read_ends(study, table)
        return int((ends == EVENT).sum()), ()
    cells = coded(table.columns[study.config.question.outcome])
    entries = {study.config.question.outcome: cells.entries}
    outcome, _ = read_outcome(study, Table(table.source, entries, range(len(cells.entries))))
    return int((outcome == 1)[cells.codes].sum()), ()


def cohort_rows(study: Study, data: str | Path) -> tuple[Table, CohortSource]:
    """One row for each index visit, and how these rows are read.

    Parameters
    ----------
    study
        With ``cohort.visits``.
    data
        Visits, or a cohort that was made of them before.
    """
    source = made_source(study.config.cohort)
    needed = {*columns_of(study, rules_of(study)), *_made_columns(study)}
    table = read_visits_table(study, data, needed)
    if not is_made(study, table.columns):
        table = make_cohort(study, data).made.table
    return table, source


def read_visits_table(
    study: Study, data: str | Path | pd.DataFrame | None, columns: Collection[str] | None
) -> Table:
    """Read the visits of a study, only the columns that are needed.

    Parameters
    ----------
    study
        With ``cohort.visits``.
    data
        File or data frame; overrides the source of the configuration.
    columns
        What is needed; None for all.
    """
    visits, how = study.config.cohort.visits, study.config.cohort
    if data is not None and not isinstance(data, str | Path):
        return table_from_frame(data)
    given = None if data is None else Path(data)
    return read_source(visits or how, study.folder, columns, how=how, data=given)


def check_visits(study: Study, data: str | Path | pd.DataFrame | None) -> Checked:
    """Make the cohort of a study with visits as training needs it, or tell every problem.

    Parameters
    ----------
    study
        With ``cohort.visits``.
    data
        Visits, or a cohort that was made of them before; overrides the source of the
        configuration.
    """
    needed = {*columns_of(study, rules_of(study)), *_made_columns(study)}
    return check_visits_table(study, read_visits_table(study, data, needed))


def check_visits_table(study: Study, table: Table) -> Checked:
    """Check visits that were read already; as :func:`check_visits`."""
    rules = rules_of(study)
    if is_made(study, table.columns):
        return check_cohort(_made_study(study), table)
    made = make_records(study, rules, table)
    told = [problem for finding in made.findings for problem in finding.problems(table)]
    if made.records is None:
        return Checked(table.source, tuple(told), None)
    cohort = _cohort_of(study, made.records, table)
    checked = check_cohort(_made_study(study), cohort.made.table)
    problems = (*told, *_beyond(told, checked.problems))
    if checked.cohort is None:
        return Checked(table.source, problems, None)
    return Checked(table.source, problems, _joined(checked.cohort, cohort))


def _beyond(told: Iterable[Problem], found: Iterable[Problem]) -> Iterator[Problem]:
    """What the made cohort has beyond its visits; its rows are others than those of the visits."""
    known = {(problem.variable, problem.code) for problem in told if problem.row is not None}
    for problem in found:
        if problem.row is None or (problem.variable, problem.code) not in known:
            yield replace(problem, table="" if problem.row is None else MADE)


def _joined(checked: Cohort, made: MadeCohort) -> Cohort:
    """The checked cohort with what is known of the visits it was made from."""
    left = [step for step in checked.flow[1:-1] if step.patients]
    told = {(warning.variable, warning.code) for warning in made.warnings}
    return replace(
        checked,
        source=made.source,
        flow=(*made.flow[:-1], *left, checked.flow[-1]),
        warnings=(
            *made.warnings,
            *(w for w in checked.warnings if (w.variable, w.code) not in told),
        ),
        sensitivity=made.sensitivity,
    )


def _made_columns(study: Study) -> frozenset[str]:
    config = study.config
    named = (*config.predictors, *config.question.limits, *config.cohort.exclude)
    asked = config.question.follow_up
    followed = FOLLOW_UP_DAYS if asked is None else asked.time
    return frozenset((INDEX_TIME, followed, config.question.outcome, *named))


def _made_study(study: Study) -> Study:
    source = made_source(study.config.cohort)
    return replace(study, config=study.config.model_copy(update={"cohort": source}))


def _described(study: Study, cohort: MadeCohort) -> Mapping[str, Any]:
    return {
        "study": study.config.name,
        "made_by": f"sle-ivig-predictor {predictor.__version__}",
        "source": cohort.source,
        TOLD: by_configuration(study),
        "variables": [entry.to_dict() for entry in cohort.made.entries],
        **cohort.to_dict(),
    }
