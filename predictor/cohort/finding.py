"""What is wrong, or odd, with many rows at once: one rule, one column, the rows it holds for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import CohortWarning
from predictor.cohort.problem import Problem, as_sentence
from predictor.cohort.table import Table, shown
from predictor.errors import CohortError, Reason

_MOST_ROWS = 10
_MOST_CELLS = 1_000

ROWS = "{message} ({count:,} {noun}: {rows})"
MORE = "{rows} ..."


def _no_rows() -> NDArray[np.int64]:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule.

    Parameters
    ----------
    code
        Stable name of the rule.
    column
        Column of the file, or key of the configuration.
    message
        Rule and suggestion, without any patient's value.
    rows
        Positions of the rows in the table, shape (k,); empty where the rule speaks of the whole.
    fatal
        Whether nothing can be made of the table.
    variable
        Dictionary variable the column is mapped to, if any.
    count
        What is counted where it is not the rows, such as patients.
    kind
        What the cells are, where a rule of ``cohort.laboratory`` could deal with them.
    unjudged
        Whether the work ended before it was known if the cells are used at all.
    """

    code: str
    column: str
    message: str
    rows: NDArray[np.int64] = field(default_factory=_no_rows)
    fatal: bool = True
    variable: str = ""
    count: int | None = None
    kind: str = ""
    unjudged: bool = False

    @property
    def times(self) -> int:
        """How often the rule is broken."""
        return max(1, len(self.rows)) if self.count is None else self.count

    def reason(self, numbers: Sequence[int]) -> Reason:
        """The finding as one entry of an error.

        Parameters
        ----------
        numbers
            Number of each row as a reader of the file sees it.
        """
        if not len(self.rows):
            return Reason(self.code, self.column, self.message)
        message = as_sentence(self.message.rstrip("."))
        listed = ", ".join(str(numbers[row]) for row in self.rows[:_MOST_ROWS].tolist())
        more = MORE.format(rows=listed) if len(self.rows) > _MOST_ROWS else listed
        count = len(self.rows)
        noun = "row" if count == 1 else "rows"
        text = ROWS.format(message=message, count=count, noun=noun, rows=more)
        return Reason(self.code, self.column, text)

    def problems(self, table: Table) -> Iterator[Problem]:
        """The finding row by row with its cells, for the output of ``predictor check``."""
        if not len(self.rows):
            yield Problem(None, self.column, self.code, self.message, self.fatal, self.variable)
        cells = table.columns.get(self.column)
        for row in self.rows[:_MOST_CELLS].tolist():
            cell = "" if cells is None else shown(cells[row])
            yield Problem(
                table.numbers[row],
                self.column,
                self.code,
                self.message,
                self.fatal,
                self.variable,
                cell,
                self.kind,
            )


def of_problems(
    problems: Iterable[Problem], codes: NDArray[np.integer[Any]] | None
) -> Iterator[Finding]:
    """Findings of a column whose cells were read once for each different entry.

    Parameters
    ----------
    problems
        With the position of the entry as the number of the row.
    codes
        Entry of each row, shape (rows,); None where each row was read.
    """
    groups: dict[tuple[str, str, str, bool, str, str], list[int]] = {}
    for p in problems:
        key = (p.code, p.column, p.message, p.fatal, p.variable, p.kind)
        groups.setdefault(key, []).extend(() if p.row is None else (p.row,))
    for (code, column, message, fatal, variable, kind), places in groups.items():
        rows = np.array(sorted(places), dtype=np.int64)
        if codes is not None and len(rows):
            named = np.zeros(int(codes.max()) + 1, dtype=bool)
            named[rows] = True
            rows = np.flatnonzero(named[codes])
        yield Finding(code, column, message, rows, fatal, variable, kind=kind)


def as_cohort_warnings(findings: Iterable[Finding]) -> tuple[CohortWarning, ...]:
    """Findings as they travel with the run: variable, rule and count, without rows and cells."""
    return tuple(
        CohortWarning(f.variable or f.column, f.code, f.times, f.message)
        for f in findings
        if not f.fatal
    )


def unjudged(cells: Iterable[Finding]) -> Iterator[Finding]:
    """Findings about cells as something to look at, where the work ended before they were used.

    A cell that cannot be read stops the work only where its value would be used.
    """
    for finding in cells:
        yield replace(finding, fatal=False, unjudged=True)


def refuse(findings: Iterable[Finding], table: Table) -> None:
    """Stop where a finding is fatal.

    Raises
    ------
    CohortError
        With all fatal findings at once.
    """
    every = list(findings)
    fatal = [finding for finding in every if finding.fatal]
    if fatal:
        besides = [finding.reason(table.numbers) for finding in every if finding.unjudged]
        raise CohortError(
            table.source,
            f"no cohort can be made of it ({len(fatal)} problem{'s' if len(fatal) > 1 else ''})",
            "`predictor check` shows each row. Mend these:",
            reasons=[finding.reason(table.numbers) for finding in fatal],
            besides=besides,
        )
