"""Who each visit belongs to, and which identifiers look like one patient written in two ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import MISSING_TEXTS
from predictor.cohort.coded import coded
from predictor.cohort.finding import Finding
from predictor.cohort.table import Table, identity, without_missing

Places = NDArray[np.int64]

NO_PATIENT = "the patient is not named."
JOINED = (
    "the same identifier is written in several ways here (with spaces around it, or as 7 and 7.0) "
    "and was taken for one patient."
)
ALIKE = (
    "identifiers differ in capital and small letters alone. They were taken for different "
    "patients; if two are one patient, write both alike."
)


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients of a table of visits.

    Parameters
    ----------
    ids
        Identifier of each patient, in order of first appearance.
    codes
        Position in ``ids`` of each row, -1 where nobody is named, shape (rows,); None where the
        table has no such column.
    findings
        What is wrong or odd.
    """

    ids: Sequence[object]
    codes: Places | None
    findings: tuple[Finding, ...]


def read_patients(table: Table, column: str, missing: Sequence[str]) -> Patients:
    """Tell patients apart.

    Parameters
    ----------
    table
        Cells as the source has them.
    column
        Column that identifies the patient.
    missing
        Spellings of a missing cell.
    """
    if column not in table.columns:
        lost = Finding("missing_column", column, table.missing_column(column))
        return Patients((), None, (lost,))
    cells = coded(table.columns[column])
    found = _identities(cells.entries, missing)
    if None not in (distinct := set(found)) and len(distinct) == len(found):
        pairs = zip(cells.entries, found, strict=True)
        whole = [entry if type(entry) is int else name for entry, name in pairs]
        return Patients(whole, cells.codes.astype(np.int64), _alike(column, whole, cells.codes))
    known: dict[str, int] = {}
    ids: list[object] = []
    names, spellings = [], []
    for entry, name in zip(cells.entries, found, strict=True):
        # Written as 7 and as 7.0 a patient is the same one.
        code = -1 if name is None else known.setdefault(name, len(known))
        if code == len(ids):
            ids.append(entry if type(entry) is int else name)
            spellings.append(0)
        if code >= 0:
            spellings[code] += 1
        names.append(code)
    codes = np.array(names, dtype=np.int64)[cells.codes]
    findings = list(_alike(column, ids, codes))
    nobody = np.flatnonzero(codes < 0)
    if len(nobody):
        findings.append(Finding("missing_patient", column, NO_PATIENT, nobody))
    joined = np.array([number > 1 for number in spellings], dtype=bool)
    if joined.any():
        rows = np.flatnonzero((codes >= 0) & joined[codes])
        count = int(joined.sum())
        findings.append(Finding("ids_joined", column, JOINED, rows, fatal=False, count=count))
    return Patients(ids, codes, tuple(findings))


def _alike(column: str, ids: Sequence[object], codes: NDArray[np.integer]) -> tuple[Finding, ...]:
    """Patients whose identifiers differ in their case alone, as a warning with their number."""
    texts = [name.casefold() if isinstance(name, str) else None for name in ids]
    words = [text for text in texts if text is not None]
    if len(set(words)) == len(words):
        return ()
    first: dict[str, int] = {}
    alike = np.zeros(len(ids), dtype=bool)
    for place, text in enumerate(texts):
        if text is not None and (other := first.setdefault(text, place)) != place:
            alike[[other, place]] = True
    rows = np.flatnonzero((codes >= 0) & alike[codes])
    return (Finding("ids_alike", column, ALIKE, rows, fatal=False, count=int(alike.sum())),)


def _identities(entries: Sequence[object], missing: Sequence[str]) -> list[str | None]:
    """What tells patients apart, None where there is nothing."""
    numbers = any(any(sign.isdigit() for sign in text) for text in missing)
    if numbers or not all(type(entry) is str for entry in entries):
        read = without_missing(entries, missing)
        return [None if entry is None else identity(entry) for entry in read]
    none = {*MISSING_TEXTS, *(text.strip() for text in missing)}
    stripped = [entry.strip() for entry in entries if isinstance(entry, str)]
    return [None if text in none else text for text in stripped]
