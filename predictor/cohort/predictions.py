"""Predictions made elsewhere, read from a table: outcome, probability, and what goes with them.

Nothing is guessed: a cell that is no number, a probability outside 0 to 1 or an outcome that is
neither event nor no event is refused with its row, and no message holds a patient's value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import is_missing
from predictor.clinical.names import nearest
from predictor.cohort.cohort import CohortWarning
from predictor.cohort.prediction_cells import (
    absent,
    binary_outcome,
    named_outcome,
    printable,
    probabilities,
    rows_text,
)
from predictor.cohort.table import Cells, Table, identity, is_simulated, without_missing
from predictor.errors import CohortError, Reason

Floats = NDArray[np.float64]

MOST_GROUPS = 20
"""Subgroups at most; a column of more values is a measurement or an identifier."""
NOT_RECORDED = "not recorded"
"""Subgroup of the rows that name none."""

UNNAMED = -1
"""Stands for the patient of a row that names none."""

_MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class PredictionColumns:
    """Columns of a table of predictions.

    Parameters
    ----------
    outcome
        What happened.
    probability
        What was predicted, 0 to 1.
    event
        Value of the outcome that is the event, every other value being none; without it the
        outcome is 1 for the event and 0 for none.
    compare
        Probabilities of a second model for the same rows.
    by
        Column whose values are subgroups.
    patient
        Column that identifies the patient.
    """

    outcome: str
    probability: str
    event: str | None = None
    compare: str | None = None
    by: str | None = None
    patient: str | None = None

    def names(self) -> tuple[str, ...]:
        """Names of all columns that are read."""
        wanted = (self.outcome, self.probability, self.compare, self.by, self.patient)
        return tuple(dict.fromkeys(name for name in wanted if name is not None))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows left out for one reason; a row that has several counts for the first."""

    code: str
    rows: int


@dataclass(frozen=True, slots=True)
class Predictions:
    """Rows that can be evaluated, with both classes among them.

    Parameters
    ----------
    source
        Name of the file.
    read
        Rows of the file.
    outcome, probability
        1 = event, 0 = none; probability of the event. Shape (n,).
    compared
        Probabilities of the second model, shape (n,).
    group
        Subgroup of each row, n names as the file has them.
    patient
        Whole numbers that stand for the patients, -1 for a row that names none, shape (n,).
    other_states
        Values besides the event that count as no event, where the event was named.
    left_out
        Rows without outcome or probability.
    warnings
        What a reader should know.
    simulated
        Whether the file says that its patients are simulated.
    """

    source: str
    read: int
    outcome: Floats
    probability: Floats
    compared: Floats | None
    group: tuple[str, ...] | None
    patient: NDArray[np.int64] | None
    other_states: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[CohortWarning, ...]
    simulated: bool


def distinct(patient: NDArray[np.int64]) -> int:
    """Number of different patients; rows that name none are not counted.

    >>> distinct(np.array([0, 1, 1, UNNAMED]))
    2
    """
    return len(set(patient.tolist()) - {UNNAMED})


def read_predictions(
    table: Table,
    columns: PredictionColumns,
    *,
    missing: Sequence[str] = ("NA", "NaN"),
    decimal: str = ".",
    drop_missing: bool = False,
) -> Predictions:
    """Read outcome and probabilities of every row.

    Parameters
    ----------
    table
        Cells as the file has them.
    columns
        Where to find what.
    missing
        Further spellings of a missing value.
    decimal
        Decimal sign of numbers in text.
    drop_missing
        Whether rows without outcome or probability are left out and counted; otherwise they are
        refused.

    Raises
    ------
    CohortError
        With every reason at once: columns that are not there, cells that cannot be read,
        probabilities outside 0 to 1, missing values; or one class only.
    """
    _require_columns(table, columns)
    cells = {
        name: without_missing(table.columns[name], missing, decimal) for name in columns.names()
    }
    others: tuple[str, ...] = ()
    if columns.event is None:
        outcome, reasons = binary_outcome(table, columns.outcome, cells[columns.outcome])
    else:
        outcome, others, reasons = named_outcome(
            columns.outcome, cells[columns.outcome], columns.event
        )
    gone = [_Gone("missing_outcome", columns.outcome, absent(cells[columns.outcome]))]
    read: dict[str, Floats] = {}
    for name in filter(None, (columns.probability, columns.compare)):
        read[name], found = probabilities(table, name, cells[name], decimal)
        reasons += found
        gone.append(_Gone("missing_probability", name, absent(cells[name])))
    if not drop_missing:
        reasons += [part.reason(table) for part in gone if part.rows.any()]
    group = None
    if columns.by is not None:
        group, found = _groups(columns.by, cells[columns.by])
        reasons += found
    if reasons:
        raise CohortError(
            table.source, "these predictions cannot be evaluated as they are:", reasons=reasons
        )
    keep, left_out = _kept(gone)
    _require_both_classes(table, columns, outcome[keep])
    patient = None
    if columns.patient is not None:
        patient = _codes(compress(cells[columns.patient], keep))
    return Predictions(
        table.source,
        table.rows,
        outcome[keep],
        read[columns.probability][keep],
        read[columns.compare][keep] if columns.compare is not None else None,
        None if group is None else tuple(compress(group, keep)),
        patient,
        others,
        left_out,
        () if patient is None else tuple(_repeated(str(columns.patient), patient)),
        is_simulated(table),
    )


@dataclass(frozen=True, slots=True)
class _Gone:
    """Rows in which a column has no value, shape (rows,)."""

    code: str
    column: str
    rows: NDArray[np.bool_]

    def reason(self, table: Table) -> Reason:
        what = self.code.removeprefix("missing_")
        text = (
            f"{rows_text(table, np.flatnonzero(self.rows).tolist())}: no {what}. --drop-missing "
            "leaves such rows out and counts them."
        )
        return Reason(self.code, printable(self.column), text)


def _require_columns(table: Table, columns: PredictionColumns) -> None:
    reasons = []
    for name in columns.names():
        if name not in table.columns:
            guess = nearest(name, table.columns)
            hint = (
                f"Did you mean {printable(guess)}?"
                if guess
                else f"There are: {_listed(map(printable, table.columns))}."
            )
            text = f"the file has no such column. {hint}"
            reasons.append(Reason("missing_column", printable(name), text))
    if columns.outcome in (columns.probability, columns.compare):
        text = "one column cannot be both the outcome and its probability."
        reasons.append(Reason("column_twice", printable(columns.outcome), text))
    if columns.probability == columns.compare:
        text = "a model is not compared with itself. --compare names the other one's column."
        reasons.append(Reason("column_twice", printable(columns.probability), text))
    if columns.by is not None and columns.by == columns.outcome:
        text = "the outcome makes no subgroups: each would have one class only."
        reasons.append(Reason("column_twice", printable(columns.by), text))
    if columns.by is not None and columns.by == columns.patient:
        text = "a patient is no subgroup."
        reasons.append(Reason("column_twice", printable(columns.by), text))
    if reasons:
        raise CohortError(table.source, "the columns are not as named:", reasons=reasons)


def _require_both_classes(table: Table, columns: PredictionColumns, outcome: Floats) -> None:
    if outcome.size == 0:
        raise CohortError(
            table.source,
            "no row has both an outcome and a probability",
            "Check that these are the right columns.",
        )
    if 0.0 < outcome.sum() < outcome.size:
        return
    having = "every row has the event" if outcome.any() else "no row has the event"
    raise CohortError(
        f"{table.source}, column {printable(columns.outcome)}",
        f"{having} ({outcome.size:,} rows)",
        "Performance needs rows with the event and rows without it. Is the coding as meant?",
    )


def _kept(gone: Sequence[_Gone]) -> tuple[NDArray[np.bool_], tuple[LeftOut, ...]]:
    keep = np.ones(len(gone[0].rows), dtype=np.bool_)
    counts: dict[str, int] = {}
    for part in gone:
        counts[part.code] = counts.get(part.code, 0) + int((part.rows & keep).sum())
        keep &= ~part.rows
    return keep, tuple(LeftOut(code, rows) for code, rows in counts.items() if rows)


def _groups(name: str, cells: Cells) -> tuple[list[str], list[Reason]]:
    groups = [NOT_RECORDED if is_missing(cell) else identity(cell) for cell in cells]
    different = len(set(groups))
    if different <= MOST_GROUPS:
        return groups, []
    text = (
        f"it has {different:,} different values; there can be {MOST_GROUPS} subgroups. Make a "
        "column of fewer groups first."
    )
    return groups, [Reason("too_many_groups", printable(name), text)]


def _codes(cells: Iterable[object]) -> NDArray[np.int64]:
    known: dict[str, int] = {}
    return np.array(
        [
            UNNAMED if is_missing(cell) else known.setdefault(identity(cell), len(known))
            for cell in cells
        ],
        dtype=np.int64,
    )


def _repeated(name: str, patient: NDArray[np.int64]) -> Iterator[CohortWarning]:
    patients, unnamed = distinct(patient), int((patient == UNNAMED).sum())
    named = patient.size - unnamed
    if patients < named:
        text = (
            f"{named:,} rows come from {patients:,} patients. Intervals and p-values take rows for "
            "independent: they are too narrow and too small."
        )
        yield CohortWarning(name, "repeated_patients", named - patients, text)
    if unnamed:
        text = "rows name no patient; whether some are of one patient is not known for them."
        yield CohortWarning(name, "missing_patient", unnamed, text)


def _listed(names: Iterable[str]) -> str:
    known = list(names)
    more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    return ", ".join(known[:_MOST_NAMES]) + more
