"""A REDCap export becomes a table whose columns are fields and whose cells are codes.

A raw export and one with labels give the same table, so nothing that follows needs to know which
it was. Each step takes columns and returns new ones: entered cells, codes, ticks, what is asked
once, visits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.cohort.csv_file import Rows, read_csv
from predictor.cohort.sources.redcap_checkboxes import Column, Columns, answered, with_ticks
from predictor.cohort.sources.redcap_dictionary import RedcapField, RedcapProject, read_dictionary
from predictor.cohort.sources.redcap_header import column_names
from predictor.cohort.table import Table, table_of
from predictor.errors import CohortError, Reason

if TYPE_CHECKING:
    from predictor.config import CohortSource
    from predictor.config_sources import RedcapSource

_YES_NO = ("yesno", "truefalse")


def read_redcap(
    source: RedcapSource, base: Path, how: CohortSource, data: Path | None = None
) -> Table:
    """Read the export of a REDCap project by its data dictionary.

    Parameters
    ----------
    source
        Where export and dictionary are, and how the project writes missing values.
    base
        Folder that paths are relative to.
    how
        Encoding and delimiter of the files.
    data
        Another export than the one that is named.

    Returns
    -------
    Table
        One row for each row of the export, so one for each event or repetition of a record.
        Columns are fields, and ``field___code`` for checkboxes; cells are codes or labels of
        choices, ``"1"`` and ``"0"`` of yes/no questions and checkboxes, and None where nothing was
        entered, nothing was shown, or a missing data code stands.

    Raises
    ------
    CohortError
        If the files are no export and dictionary of one project, or a field that is asked once has
        two values.
    """
    path = base / source.file if data is None else data
    project = read_dictionary(base / source.dictionary, how)
    rows = _rows(path, how)
    entered = _entered(rows, column_names(rows.header, project, path), source.missing_codes)
    ticked = with_ticks(_with_codes(entered, project, how.decimal), project)
    codes = answered(ticked, project, source.missing_codes)
    cells = _with_labels(codes, project) if source.choices == "labels" else codes
    keep: Sequence[int] = range(len(rows.numbers))
    if source.once:
        cells = _filled_once(cells, project.record, source.once, path)
        keep = _visits(cells, project, source.once) or keep
    columns = [[column[row] for row in keep] for column in cells.values()]
    return table_of(path.name, list(cells), columns, [rows.numbers[row] for row in keep])


def _rows(path: Path, how: CohortSource) -> Rows:
    if path.suffix.lower() not in (".csv", ".txt"):
        raise CohortError(str(path), "a REDCap export is a CSV file", "Export it as CSV.")
    if not path.is_file():
        raise CohortError(str(path), "no such file", "Give the path of the export with --data.")
    try:
        return read_csv(path, how)
    except OSError:
        raise CohortError(str(path), "the file cannot be read") from None


def _entered(
    rows: Rows, names: Sequence[str], missing_codes: Mapping[str, str]
) -> dict[str, Column]:
    """Cells by column, None where nothing was entered or a code says that it is missing."""
    missing = {"", *(text.strip() for pair in missing_codes.items() for text in pair)}

    def cell(text: str) -> str | None:
        return None if text.strip() in missing else text.strip()

    return {name: [cell(row[i]) for row in rows.cells] for i, name in enumerate(names)}


def _with_codes(columns: Columns, project: RedcapProject, decimal: str) -> dict[str, Column]:
    """Choices as codes, whichever kind of export it is, and all numbers with one decimal sign."""
    there = [field for name, field in project.fields.items() if name in columns]
    labelled = _has_labels((field, columns[field.name]) for field in there if field.chosen)
    found = dict(columns)
    for field in there:
        cells = columns[field.name]
        if field.with_comma:
            found[field.name] = [cell and cell.replace(",", decimal) for cell in cells]
        elif field.chosen:
            by_code = {_folded(code): code for code in field.choices}
            by_label = {_folded(label): code for code, label in field.choices.items()}
            tables = (by_label, by_code) if labelled else (by_code, by_label)
            found[field.name] = [_coded(cell, tables) for cell in cells]
    return found


def _has_labels(columns: Iterable[tuple[RedcapField, Column]]) -> bool:
    """Whether choices are exported as labels; told by cells that can be only one of the two."""
    balance = 0
    for field, cells in columns:
        codes = set(map(_folded, field.choices))
        labels = set(map(_folded, field.choices.values()))
        different = {_folded(cell) for cell in cells if cell is not None}
        balance += len(different & (labels - codes)) - len(different & (codes - labels))
    return balance > 0


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _coded(cell: str | None, tables: Sequence[Mapping[str, str]]) -> str | None:
    """The code of a cell; a cell that is no choice stays as it is, for the checks to find."""
    if cell is None:
        return None
    return next((table[_folded(cell)] for table in tables if _folded(cell) in table), cell)


def _with_labels(columns: Columns, project: RedcapProject) -> dict[str, Column]:
    """Choices as labels. A yes stays a 1, which is a yes in any language."""
    found = dict(columns)
    for name, field in project.fields.items():
        if name in columns and field.chosen and field.kind not in _YES_NO:
            found[name] = [cell and field.choices.get(cell, cell) for cell in columns[name]]
    return found


def _filled_once(
    columns: Columns, record: str, once: Collection[str], path: Path
) -> dict[str, Column]:
    """Every row of a record with the fields that are asked once."""
    unknown = [name for name in once if name not in columns]
    if unknown:
        raise CohortError(
            "cohort.redcap.once",
            f"the export has no field {', '.join(unknown)}",
            "Name fields of the data dictionary.",
        )
    if record not in columns:
        raise CohortError(
            str(path),
            f"the export has no column {record}, which names the record",
            "Export it with the field that identifies the record.",
        )
    found = dict(columns)
    two: Counter[str] = Counter()
    for name in once:
        known: dict[str | None, str] = {}
        for key, cell in zip(columns[record], columns[name], strict=True):
            if cell is not None and known.setdefault(key, cell) != cell:
                two[name] += 1
        found[name] = [known.get(key) for key in columns[record]]
    if two:
        reasons = [
            Reason("two_values", name, f"differs within a record ({count} rows).")
            for name, count in two.items()
        ]
        raise CohortError(
            str(path),
            "a field that is asked once has more than one value in a record",
            "Correct them in REDCap, or take them from `cohort.redcap.once`:",
            reasons=reasons,
        )
    return found


def _visits(columns: Columns, project: RedcapProject, once: Collection[str]) -> list[int]:
    """Rows in which something was entered besides what is asked once."""
    idle = {project.record, *once, *(f"{form}_complete" for form in project.forms)}
    boxes = {
        field.column(code)
        for field in project.fields.values()
        if field.kind == "checkbox"
        for code in field.choices
    }
    told = {
        name: cells
        for name, cells in columns.items()
        if name not in idle and not name.startswith("redcap_")
    }

    def says_something(row: int) -> bool:
        return any(
            cells[row] is not None and not (name in boxes and cells[row] == "0")
            for name, cells in told.items()
        )

    return [row for row in range(len(columns[project.record])) if says_something(row)]
