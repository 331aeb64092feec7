"""Every problem of a cohort, found in one pass.

A fatal problem stops the run and is listed with all the others; a warning travels with the run as
variable, code and count. Only :attr:`Problem.value`, which nothing but the output of
``predictor check`` shows, holds what a patient's cell says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.units import readable_unit
from predictor.cohort import suspicion
from predictor.cohort.cohort import Cohort, FlowStep
from predictor.cohort.columns import ReadColumn, read_variable, slip_problems
from predictor.cohort.groups import Groups, read_groups
from predictor.cohort.outcome import outcome_column, read_outcome
from predictor.cohort.problem import Problem, as_warnings
from predictor.cohort.small_cells import people
from predictor.cohort.state_outcome import read_states, too_few_states
from predictor.cohort.table import Table, is_simulated
from predictor.cohort.time_outcome import EVENT, not_among, read_ends, read_months, too_few_times
from predictor.errors import CohortError, Reason

if TYPE_CHECKING:
    from predictor.config import Config
    from predictor.study import Study

Asks = Literal["fit", "part", "outcome", "values"]

_ELSEWHERE = frozenset({"constant", "all_missing"})
"""What is wrong with a predictor unless other patients of the same fit differ in it."""

__all__ = ["Asks", "Checked", "Problem", "check_cohort"]


_FEWER_THAN_CELL = (
    "fewer than {cell_size} patients (privacy.cell_size) have the rarer outcome. Every answer and "
    "report would tell their number. Collect more; where nothing is ever shared, set "
    "`privacy.cell_size` lower."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of a check: the file, its problems, and the cohort when none of them is fatal."""

    source: str
    problems: tuple[Problem, ...]
    cohort: Cohort | None

    @property
    def fatal(self) -> tuple[Problem, ...]:
        """The problems that stop training."""
        return tuple(problem for problem in self.problems if problem.fatal)

    def usable(self) -> Cohort:
        """The cohort.

        Raises
        ------
        CohortError
            Listing every fatal problem, cells of one column and rule counted together.
        """
        if self.cohort is not None:
            return self.cohort
        counted = Counter((p.column, p.code, p.message) for p in self.fatal)
        reasons = [
            Reason(code, column, message + (f" ({count} rows)" if count > 1 else ""))
            for (column, code, message), count in counted.items()
        ]
        noun = "problem" if len(self.fatal) == 1 else "problems"
        raise CohortError(
            self.source,
            f"it cannot be used as it is ({len(self.fatal)} {noun})",
            "`predictor check` shows each row. Mend these:",
            reasons=reasons,
        )


def check_cohort(study: Study, table: Table, *, asks: Asks = "fit") -> Checked:
    """Read a table by the rules of a study and list everything that is wrong with it.

    Parameters
    ----------
    study
        Configuration and dictionary.
    table
        Cells as the file has them.
    asks
        What the patients are for. Only where a model is to be fitted are events for the folds asked
        for and predictors that tell the outcome suspected; where they are a part of those it is
        fitted to, predictors may be the same in all of them. For values alone nobody needs an
        outcome, and all are 0.

    Returns
    -------
    Checked
        All problems; the cohort if none is fatal.
    """
    config = study.config
    named = dict.fromkeys((*config.predictors, *config.question.limits, *config.cohort.exclude))
    columns = {
        name: read_variable(table, study.dictionary.variable(name), config.cohort) for name in named
    }
    for name in config.question.limits:
        if name not in config.predictors:
            columns[name] = _may_be_absent(columns[name])
    timed = config.question.follow_up is not None
    read = read_states if config.question.states else read_ends if timed else read_outcome
    outcome, outcome_problems = read(study, table) if asks != "values" else _no_outcome(table)
    groups = read_groups(config, table)
    keep, flow, unknown = _flow(study, table, columns, outcome)
    problems = [
        *(problem for column in columns.values() for problem in column.problems),
        *(
            problem
            for name, column in columns.items()
            for problem in slip_problems(
                column, table, study.dictionary.variable(name), config.cohort
            )
        ),
        *outcome_problems,
        *groups.problems,
        *unknown,
    ]
    known = not any(p.code in ("missing_column", "undeclared_states") for p in outcome_problems)
    months = read_months(study, table)
    if known and asks in ("fit", "part"):  # otherwise nobody can be called analysed
        harmless = _ELSEWHERE if asks == "part" else frozenset[str]()
        for problem in _of_analysed(study, columns, outcome, groups, keep, months):
            fatal = problem.fatal and problem.code not in harmless
            problems.append(replace(problem, fatal=fatal))
    if any(problem.fatal for problem in problems):
        return Checked(table.source, tuple(problems), None)
    cohort = Cohort(
        source=table.source,
        variables=tuple(study.dictionary.variable(name) for name in config.predictors),
        values=np.column_stack([columns[name].values for name in config.predictors])[keep],
        outcome=outcome[keep].astype(np.int8),
        group=None if groups.codes is None else groups.codes[keep],
        group_kind=groups.kind,
        patient=None if groups.patient is None else groups.patient[keep],
        flow=flow,
        warnings=as_warnings(problems),
        simulated=is_simulated(table),
        states=tuple(state.state for state in config.question.states),
        months=None if months is None else months[keep],
    )
    return Checked(table.source, tuple(problems), cohort)


def _no_outcome(table: Table) -> tuple[NDArray[np.float64], tuple[Problem, ...]]:
    return np.zeros(table.rows), ()


def _may_be_absent(column: ReadColumn) -> ReadColumn:
    """A limit of the population holds for new patients even where the file is silent on it."""
    if column.there:
        return column
    (missing,) = column.problems
    message = "without this column nobody can be left out for it. New patients still are."
    told = replace(missing, code="limit_not_checked", message=message, fatal=False)
    return replace(column, problems=(told,))


def _flow(
    study: Study,
    table: Table,
    columns: Mapping[str, ReadColumn],
    outcome: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], tuple[FlowStep, ...], list[Problem]]:
    """Who is analysed, the count of everybody who is not, and who could not be judged."""
    keep = np.ones(table.rows, dtype=bool)
    flow = [FlowStep("read", table.rows)]
    unknown: list[Problem] = []
    for step, out in not_among(study, table):
        flow.append(FlowStep(step, int((keep & out).sum())))
        keep &= ~out
    for name, limit in study.config.question.ranges.items():
        variable, values = study.dictionary.variable(name), columns[name].values
        low, high = limit.bounds()
        outside = (values < low) | (values > high)
        step = f"excluded: {variable.label.lower()} not {limit} {readable_unit(variable.unit)}"
        flow.append(FlowStep(step.rstrip(), int((keep & outside).sum())))
        keep &= ~outside
    for name in study.config.cohort.exclude:
        variable, read = study.dictionary.variable(name), columns[name]
        flow.append(
            FlowStep(f"excluded: {variable.label.lower()}", int((keep & (read.values == 1)).sum()))
        )
        keep &= read.values != 1
        if read.there and np.isnan(read.values).any():
            column = study.config.cohort.columns.get(name, name)
            message = "whether the criterion is met is not known; the patient is kept."
            unknown += [
                Problem(table.numbers[row], column, "exclusion_unknown", message, False, name)
                for row in np.flatnonzero(np.isnan(read.values)).tolist()
            ]
    missing = keep & np.isnan(outcome)
    if missing.any():
        flow.append(FlowStep("excluded: outcome missing", int(missing.sum())))
    keep &= ~missing
    flow.append(FlowStep("analysed", int(keep.sum())))
    return keep, tuple(flow), unknown


def _of_analysed(
    study: Study,
    columns: Mapping[str, ReadColumn],
    outcome: NDArray[np.float64],
    groups: Groups,
    keep: NDArray[np.bool_],
    months: NDArray[np.float64] | None,
) -> Iterator[Problem]:
    """What is wrong with the analysed patients as a whole, and with each predictor among them."""
    config, column = study.config, outcome_column(study)
    analysed = outcome[keep]
    group, patient = (None if c is None else c[keep] for c in (groups.codes, groups.patient))
    if not len(analysed):
        message = "nobody is left to analyse: every outcome is missing or every patient excluded."
        yield Problem(None, column, "no_patients", message)
        return
    states = config.question.states
    if months is not None:
        yield from too_few_times(config, column, analysed, months[keep], group, patient)
        analysed = (analysed == EVENT).astype(np.float64)
    else:
        judged = too_few_states if states else _too_few
        yield from judged(config, column, analysed, group, patient)
    # Each state against all others; of an event this is the event itself.
    questions = [analysed == k for k in range(len(states))] if states else [analysed]
    present = [name for name in config.predictors if columns[name].there]
    for name in present:
        variable, values = study.dictionary.variable(name), columns[name].values[keep]
        accepted = name in config.cohort.accept_suspected_leakage
        for finding in dict.fromkeys(
            finding
            for asked in questions
            for finding in suspicion.of_predictor(variable, values, asked.astype(np.float64))
        ):
            fatal = finding.fatal and not (finding.code == "suspected_leakage" and accepted)
            source = config.cohort.columns.get(name, name)
            yield Problem(None, source, finding.code, finding.message, fatal, name)
    if present:
        values = np.column_stack([columns[name].values[keep] for name in present])
        for finding in suspicion.of_rows(values, questions[-1].astype(np.float64), patient):
            yield Problem(None, column, finding.code, finding.message, finding.fatal)


def _too_few(
    config: Config,
    column: str,
    outcome: NDArray[np.float64],
    group: NDArray[np.int64] | None,
    patient: NDArray[np.int64] | None,
) -> Iterator[Problem]:
    """Whether events and groups can fill the folds, and whether a number may be told at all."""
    folds, least = config.validation.folds, config.privacy.cell_size
    rarer = int(min(outcome.sum(), (1 - outcome).sum()))
    if rarer == 0:
        yield Problem(None, column, "one_class", "all analysed patients have the same outcome.")
    elif rarer < folds:
        message = (
            f"the rarer outcome occurs {rarer} times, fewer than the {folds} folds. "
            "Set `validation.folds` lower, if at all."
        )
        yield Problem(None, column, "too_few_events", message)
    elif min(people(outcome == side, patient) for side in (0, 1)) < least:
        yield Problem(None, column, "too_few_events", _FEWER_THAN_CELL.format(cell_size=least))
    if group is None:
        return
    units = len(np.unique(group))
    if units < folds:
        message = (
            f"{units} groups cannot fill {folds} folds. Set `validation.folds` lower, or "
            "`validation.group: patient`."
        )
        yield Problem(None, column, "too_few_groups", message)
    elif rarer:
        alone = [state for state in (0, 1) if len(np.unique(group[outcome == state])) < 2]
        if alone:
            message = (
                "one group holds all patients with or all without the event, so that models "
                "without this group cannot be fitted. Set `validation.group: patient`."
            )
            yield Problem(None, column, "too_few_groups", message)
