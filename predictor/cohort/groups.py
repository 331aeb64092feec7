"""Who belongs together: a patient's rows, a centre's patients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import is_missing
from predictor.cohort.problem import Problem
from predictor.cohort.table import Table, identity, without_missing

if TYPE_CHECKING:
    from predictor.config import Config

_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Groups:
    """What stays whole in a fold.

    Parameters
    ----------
    kind
        ``"patient"``, ``"centre"`` or ``"none"``.
    codes
        Whole numbers that stand for the groups, in order of first appearance, shape (rows,).
    patient
        The same for patients, whether or not they are the groups.
    problems
        Findings about the columns of patient and centre.
    """

    kind: str
    codes: NDArray[np.int64] | None
    patient: NDArray[np.int64] | None
    problems: tuple[Problem, ...]


def read_groups(config: Config, table: Table) -> Groups:
    """Read patients and centres: the centre stays whole if named, else the patient, else a row."""
    source, wanted = config.cohort, config.validation.group
    codes: dict[str, NDArray[np.int64]] = {}
    problems: list[Problem] = []
    for kind, column in (("patient", source.patient), ("centre", source.centre)):
        if column is None:
            continue
        if column not in table.columns:
            problems.append(Problem(None, column, "missing_column", table.missing_column(column)))
            continue
        codes[kind] = _codes(table, column, source.missing)
        problems += [
            Problem(table.numbers[row], column, f"missing_{kind}", f"the {kind} is not named.")
            for row in np.flatnonzero(codes[kind] == _UNKNOWN).tolist()
        ]
    if source.patient is None:
        message = "rows are taken for patients; if a patient has several, results are optimistic"
        problems.append(Problem(None, "", "no_patient_column", message, fatal=False))
    elif "patient" in codes:
        if not source.repeated_rows:
            problems += _duplicates(table, source.patient, codes["patient"])
        if "centre" in codes:
            problems += _in_two_centres(source.patient, codes["patient"], codes["centre"])
    kind = wanted
    if wanted == "auto":
        kind = "centre" if source.centre else "patient" if source.patient else "none"
    return Groups(kind, codes.get(kind), codes.get("patient"), tuple(problems))


def _codes(table: Table, column: str, missing: tuple[str, ...]) -> NDArray[np.int64]:
    known: dict[str, int] = {}
    return np.array(
        [
            _UNKNOWN if is_missing(cell) else known.setdefault(identity(cell), len(known))
            for cell in without_missing(table.columns[column], missing)
        ],
        dtype=np.int64,
    )


def _duplicates(table: Table, column: str, patient: NDArray[np.int64]) -> Iterator[Problem]:
    message = (
        "a patient is there more than once. Keep one row, or set `cohort.repeated_rows: true` to "
        "keep a patient's rows together in all folds."
    )
    _, first = np.unique(patient, return_index=True)
    again = np.setdiff1d(np.flatnonzero(patient != _UNKNOWN), first)
    for row in again.tolist():
        yield Problem(table.numbers[row], column, "duplicate_patient", message)


def _in_two_centres(
    column: str, patient: NDArray[np.int64], centre: NDArray[np.int64]
) -> Iterator[Problem]:
    known = (patient != _UNKNOWN) & (centre != _UNKNOWN)
    pairs = np.unique(np.column_stack([patient, centre])[known], axis=0)
    if len(pairs) > len(np.unique(patient[known])):
        message = "a patient is in more than one centre."
        yield Problem(None, column, "patient_in_two_centres", message)
