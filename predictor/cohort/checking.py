"""Every problem of a cohort, found in one pass.

A fatal problem stops the run and is listed with all the others; a warning travels with the run as
variable, code and count. Only :attr:`Problem.value`, which nothing but the output of
``predictor check`` shows, holds what a patient's cell says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.values import read_column
from predictor.clinical.variable import Variable
from predictor.cohort import suspicion
from predictor.cohort.cohort import Cohort, CohortWarning, FlowStep, codes_of
from predictor.cohort.reading import Cells, Table
from predictor.errors import CohortError, Reason

if TYPE_CHECKING:
    from predictor.config import Config
    from predictor.study import Study

# Problems of single cells that `impossible: missing` turns into counted missing values.
_IMPOSSIBLE = {"impossible_value", "infinite_value"}
_DECIMAL_HINT = " If the file writes decimals with a comma, set `cohort.decimal: ','`."


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    Parameters
    ----------
    row
        Line of the file (Parquet and data frames: number of the row from 1); None for a column.
    column
        Column of the file.
    code
        Stable name of the rule.
    message
        Rule and suggestion, without any patient's value.
    fatal
        Whether training stops.
    variable
        Dictionary variable the column is mapped to, if any.
    value
        The cell, for the output of ``predictor check`` alone.
    """

    row: int | None
    column: str
    code: str
    message: str
    fatal: bool
    variable: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of a check: the problems, and the cohort when none of them is fatal."""

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
        raise CohortError(
            "cohort",
            f"it cannot be used as it is ({len(self.fatal)} problems)",
            "`predictor check` shows each row. Mend these:",
            reasons=reasons,
        )


def check_cohort(study: Study, table: Table) -> Checked:
    """Read a table by the rules of a study and list everything that is wrong with it.

    Parameters
    ----------
    study
        Configuration and dictionary.
    table
        Cells as the file has them.

    Returns
    -------
    Checked
        All problems; the cohort if none is fatal.
    """
    return _Check(study, table).run()


class _Check:
    """One pass over one table; keeps the growing list of problems."""

    def __init__(self, study: Study, table: Table) -> None:
        self.config: Config = study.config
        self.dictionary = study.dictionary
        self.table = table
        self.problems: list[Problem] = []

    def run(self) -> Checked:
        variables = tuple(self.dictionary.variable(name) for name in self.config.predictors)
        values = np.column_stack([self._read(variable) for variable in variables])
        outcome = self._outcome()
        keep, flow = self._flow(outcome)
        group_kind, group = self._groups()
        # What needs the analysed patients is checked only when they can be told.
        if not any(p.code in ("missing_column", "unknown_state") for p in self.problems):
            self._check_analysed(variables, values[keep], outcome[keep], group, keep)
        problems = tuple(self.problems)
        if any(problem.fatal for problem in problems):
            return Checked(problems, None)
        cohort = Cohort(
            source=self.table.source,
            variables=variables,
            values=values[keep],
            outcome=outcome[keep].astype(np.int8),
            group=None if group is None else group[keep],
            group_kind=group_kind,
            flow=flow,
            warnings=_as_warnings(problems),
            simulated=self._simulated(),
        )
        return Checked(problems, cohort)

    def _add(
        self, column: str, code: str, message: str, *, fatal: bool = True, variable: str = ""
    ) -> None:
        self.problems.append(Problem(None, column, code, message, fatal, variable))

    def _column_of(self, name: str) -> str:
        return self.config.cohort.columns.get(name, name)

    def _cells(self, column: str) -> Cells:
        """Cells of a column with the declared spellings of missing removed."""
        cells = self.table.column(column)
        if isinstance(cells, np.ndarray):
            return cells  # numbers, missing ones NaN
        missing = {"", *self.config.cohort.missing}
        return [
            None if isinstance(cell, str) and cell.strip() in missing else cell for cell in cells
        ]

    def _read(self, variable: Variable) -> NDArray[np.float64]:
        """Values of one predictor; NaN where missing or not readable."""
        source, column = self.config.cohort, self._column_of(variable.name)
        if column not in self.table.columns:
            self._add(
                column,
                "missing_column",
                self.table.missing_column(column),
                variable=variable.name,
            )
            return np.full(self.table.rows, np.nan)
        cells = self._cells(column)
        reading = read_column(
            cells,
            variable,
            unit=source.units.get(variable.name),
            coding=source.values.get(variable.name),
            decimal=source.decimal,
        )
        for row, reason in reading.problems:
            fatal = not (reason.code in _IMPOSSIBLE and source.impossible == "missing")
            message = reason.message
            if reason.code == "unreadable_number" and row >= 0 and "," in str(cells[row]):
                message += _DECIMAL_HINT if source.decimal == "." else ""
            self._add_cell(row, column, replace(reason, message=message), cells, variable, fatal)
        for row, reason in reading.warnings:
            self._add_cell(row, column, reason, cells, variable, fatal=False)
        return reading.values

    def _add_cell(
        self,
        row: int,
        column: str,
        reason: Reason,
        cells: Cells,
        variable: Variable,
        fatal: bool,
    ) -> None:
        if row < 0:  # a problem of the column as a whole, such as an unknown unit
            self._add(column, reason.code, reason.message, variable=variable.name)
            return
        number = row + self.table.first_row
        shown = str(cells[row])[:80]
        self.problems.append(
            Problem(number, column, reason.code, reason.message, fatal, variable.name, shown)
        )

    def _outcome(self) -> NDArray[np.float64]:
        """1 for the event, 0 otherwise, NaN for unknown."""
        column = self.config.question.outcome
        outcome = np.full(self.table.rows, np.nan)
        if column not in self.table.columns:
            self._add(column, "missing_column", self.table.missing_column(column))
            return outcome
        states = self._outcome_states()
        if not states:
            self._add(
                column,
                "undeclared_states",
                "it is not known which values mean no event. Set `question.non_event`.",
            )
            return outcome
        for row, cell in enumerate(self._cells(column)):
            if cell is None or cell != cell:  # noqa: PLR0124 - NaN is the one value unlike itself
                continue
            state = states.get(_spelling(cell))
            if state is None:
                message = "the outcome is in none of the declared states. Add it or mend the cell."
                number = row + self.table.first_row
                self.problems.append(
                    Problem(number, column, "unknown_state", message, True, "", str(cell)[:80])
                )
            else:
                outcome[row] = state
        return outcome

    def _outcome_states(self) -> Mapping[str, int]:
        question = self.config.question
        events = {_spelling(value) for value in question.event}
        if question.non_event:
            others = {_spelling(value) for value in question.non_event}
        elif question.outcome in self.dictionary:
            known = self.dictionary.variable(question.outcome)
            others = {_spelling(state) for state in known.states} | (
                {"0", "1"} if known.kind == "binary" else set()
            )
        else:
            others = {"0", "1"} if events <= {"0", "1"} else set()
        others -= events
        return {**dict.fromkeys(others, 0), **dict.fromkeys(events, 1)} if others else {}

    def _flow(self, outcome: NDArray[np.float64]) -> tuple[NDArray[np.bool_], tuple[FlowStep, ...]]:
        """Who is analysed, and the count of everybody who is not."""
        keep = np.ones(self.table.rows, dtype=bool)
        flow = [FlowStep("read", self.table.rows)]
        for name in self.config.cohort.exclude:
            has_it = self._read(self.dictionary.variable(name)) == 1
            label = self.dictionary.variable(name).label.lower()
            flow.append(FlowStep(f"excluded: {label}", int((keep & has_it).sum())))
            keep &= ~has_it
        unknown = keep & np.isnan(outcome)
        if unknown.any():
            flow.append(FlowStep("excluded: outcome missing", int(unknown.sum())))
        keep &= ~unknown
        flow.append(FlowStep("analysed", int(keep.sum())))
        return keep, tuple(flow)

    def _groups(self) -> tuple[str, NDArray[np.int64] | None]:
        """What stays whole in a fold: the centre if named, else the patient, else nothing."""
        source, wanted = self.config.cohort, self.config.validation.group
        codes: dict[str, NDArray[np.int64]] = {}
        for kind, column in (("patient", source.patient), ("centre", source.centre)):
            if column is None:
                continue
            if column not in self.table.columns:
                self._add(column, "missing_column", self.table.missing_column(column))
                continue
            cells = self._cells(column)
            if any(cell is None or cell != cell for cell in cells):  # noqa: PLR0124 - NaN
                self._add(column, f"missing_{kind}", f"some rows have no {kind}. Fill it in.")
            codes[kind] = codes_of(cells)
        if "patient" in codes:
            self._check_patients(codes["patient"], codes.get("centre"))
        elif source.patient is None:
            self._add(
                "",
                "no_patient_column",
                "rows are taken for patients; if a patient has several, results are optimistic",
                fatal=False,
            )
        if wanted == "auto":
            wanted = next((k for k in ("centre", "patient") if k in codes), "none")
        return wanted, codes.get(wanted)

    def _check_patients(self, patient: NDArray[np.int64], centre: NDArray[np.int64] | None) -> None:
        column = str(self.config.cohort.patient)
        if not self.config.cohort.repeated_rows:
            _, first = np.unique(patient, return_index=True)
            for row in np.setdiff1d(np.arange(len(patient)), first):
                message = (
                    "a patient is there more than once. Keep one row, or set "
                    "`cohort.repeated_rows: true` to keep a patient's rows together in all folds."
                )
                number = int(row) + self.table.first_row
                self.problems.append(Problem(number, column, "duplicate_patient", message, True))
        if centre is not None:
            pairs = np.unique(np.column_stack([patient, centre]), axis=0)
            if len(pairs) > len(np.unique(patient)):
                self._add(column, "patient_in_two_centres", "a patient is in more than one centre.")

    def _check_analysed(
        self,
        variables: Sequence[Variable],
        values: NDArray[np.float64],
        outcome: NDArray[np.float64],
        group: NDArray[np.int64] | None,
        keep: NDArray[np.bool_],
    ) -> None:
        config, column = self.config, self.config.question.outcome
        events = int(outcome.sum())
        rarer = min(events, len(outcome) - events)
        if rarer == 0:
            self._add(column, "one_class", "all analysed patients have the same outcome.")
        elif rarer < config.validation.folds:
            self._add(
                column,
                "too_few_events",
                f"the rarer outcome occurs {rarer} times, fewer than the "
                f"{config.validation.folds} folds. Set `validation.folds` lower, if at all.",
            )
        units = 0 if group is None else len(np.unique(group[keep]))
        if group is not None and units < config.validation.folds:
            self._add(
                column,
                "too_few_groups",
                f"{units} groups cannot fill {config.validation.folds} folds.",
            )
        for j, variable in enumerate(variables):
            name = self._column_of(variable.name)
            for finding in suspicion.of_predictor(variable, values[:, j], outcome):
                accepted = variable.name in config.cohort.accept_suspected_leakage
                fatal = finding.fatal and not (finding.code == "suspected_leakage" and accepted)
                self._add(name, finding.code, finding.message, fatal=fatal, variable=variable.name)
        for finding in suspicion.of_rows(values, outcome):
            self._add(column, finding.code, finding.message, fatal=finding.fatal)

    def _simulated(self) -> bool:
        """Every file the package simulates says so in a column of its own."""
        cells = self.table.columns.get("simulated")
        return cells is not None and any(_spelling(cell) in ("1", "true") for cell in cells)


def _spelling(value: object) -> str:
    """One spelling for 1, 1.0, "1" and True, and for upper and lower case."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    text = str(value).strip().casefold()
    whole, dot, rest = text.partition(".")
    return whole if dot and whole.lstrip("+-").isdigit() and not rest.strip("0") else text


def _as_warnings(problems: Sequence[Problem]) -> tuple[CohortWarning, ...]:
    counted = Counter((p.variable or p.column, p.code, p.message) for p in problems)
    return tuple(CohortWarning(v, code, count, text) for (v, code, text), count in counted.items())
