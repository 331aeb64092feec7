"""One finding about a cohort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from predictor.cohort.cohort import CohortWarning

MADE = "cohort"
"""Where a row of the cohort stands that was made from visits, and not of the visits."""


_OF_A_VALUE = ("is ", "stands ", "must ", "counts ")
_THE_VALUE = "the value {message}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    Parameters
    ----------
    row
        Number of the row as a reader of the file sees it; None for a column.
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
    kind
        What the cell is, where a rule of ``cohort.laboratory`` could deal with it.
    table
        Where the row stands: empty for the file that was given, or :data:`MADE`.
    """

    row: int | None
    column: str
    code: str
    message: str
    fatal: bool = True
    variable: str = ""
    value: str = ""
    kind: str = ""
    table: str = ""


def as_sentence(message: str) -> str:
    """What was said of a cell, to people who do not see the cell beside it.

    >>> as_sentence("is outside 1 to 100 mg/dL"), as_sentence("this is no date")
    ('the value is outside 1 to 100 mg/dL', 'this is no date')
    """
    return _THE_VALUE.format(message=message) if message.startswith(_OF_A_VALUE) else message


def as_warnings(problems: Iterable[Problem]) -> tuple[CohortWarning, ...]:
    """Findings as they travel with the run: variable, rule and count, without rows and cells."""
    counted = Counter((p.variable or p.column, p.code, p.message) for p in problems)
    return tuple(CohortWarning(v, code, count, text) for (v, code, text), count in counted.items())
