"""A REDCap export becomes a table whose columns are fields and whose cells are codes.

A raw export and one with labels give the same table, so nothing that follows needs to know which
one it was. What an export leaves out by itself is not taken for an answer: a checkbox that was
never shown, or whose form nobody filled in, is exported as "unchecked" and read as missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.cohort.csv_file import Rows, read_csv
from predictor.cohort.sources.redcap_dictionary import RedcapField, RedcapProject, read_dictionary
from predictor.cohort.sources.redcap_header import column_names
from predictor.cohort.sources.redcap_logic import is_shown
from predictor.cohort.table import Table, table_of
from predictor.errors import CohortError, Reason

if TYPE_CHECKING:
    from predictor.config import CohortSource
    from predictor.config_sources import RedcapSource

Column = list[str | None]

_TICKED = {"1": "1", "0": "0", "checked": "1", "unchecked": "0", "": None}


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
    if path.suffix.lower() not in (".csv", ".txt"):
        raise CohortError(str(path), "a REDCap export is a CSV file", "Export it as CSV.")
    if not path.is_file():
        raise CohortError(str(path), "no such file", "Give the path of the export with --data.")
    try:
        rows = read_csv(path, how)
    except OSError:
        raise CohortError(str(path), "the file cannot be read") from None
    export = _Export.of(path, rows, project, source)
    export.read_choices()
    export.read_checkboxes()
    export.fill_once()
    numbers = export.visits()
    columns = [[cells[i] for i in numbers] for cells in export.columns.values()]
    return table_of(
        path.name, list(export.columns), columns, [rows.numbers[row] for row in numbers]
    )


@dataclass(slots=True)
class _Export:
    """The columns of an export on their way to codes; each step changes them in place."""

    path: Path
    project: RedcapProject
    source: RedcapSource
    columns: dict[str, Column]
    codes: dict[str, Column]
    rows: int

    @classmethod
    def of(cls, path: Path, rows: Rows, project: RedcapProject, source: RedcapSource) -> _Export:
        names = column_names(rows.header, project, path)
        missing = {code.strip() for code in source.missing_codes}
        missing |= {label.strip() for label in source.missing_codes.values()}
        columns: dict[str, Column] = {
            name: [_entered(row[i], missing) for row in rows.cells] for i, name in enumerate(names)
        }
        unknown = [name for name in source.once if name not in columns]
        if unknown:
            raise CohortError(
                "cohort.redcap.once",
                f"the export has no field {', '.join(unknown)}",
                "Name fields of the data dictionary.",
            )
        return cls(path, project, source, columns, {}, len(rows.cells))

    def read_choices(self) -> None:
        """Cells of choice fields as codes, whichever kind of export it is; numbers with a point."""
        there = [f for f in self.project.fields.values() if f.name in self.columns]
        by_label = _with_labels([(f, self.columns[f.name]) for f in there if f.chosen])
        for field in there:
            cells = self.columns[field.name]
            if field.with_comma:
                cells = [None if cell is None else cell.replace(",", ".") for cell in cells]
            elif field.chosen:
                codes = {_folded(label): code for code, label in field.choices.items()}
                tables = [codes, {_folded(code): code for code in field.choices}]
                ordered = tables if by_label else tables[::-1]
                cells = [_coded(cell, ordered) for cell in cells]
            self.codes[field.name] = cells
            self.columns[field.name] = cells
        if self.source.choices == "labels":
            for field in there:
                # A yes stays a 1: that is what the dictionary of variables reads it as in any
                # language.
                if field.chosen and field.kind not in ("yesno", "truefalse"):
                    self.columns[field.name] = [
                        None if cell is None else field.choices.get(cell, cell)
                        for cell in self.codes[field.name]
                    ]

    def read_checkboxes(self) -> None:
        """Ticked or not as 1 and 0, and missing where nobody can have ticked anything."""
        boxes = {
            field.name: {
                code: field.column(code)
                for code in field.choices
                if field.column(code) in self.columns
            }
            for field in self.project.fields.values()
            if field.kind == "checkbox"
        }
        for columns in boxes.values():
            for name in columns.values():
                self.codes[name] = [
                    None if cell is None else _TICKED.get(_folded(cell), cell)
                    for cell in self.columns[name]
                ]
        for name, columns in boxes.items():
            field = self.project.fields[name]
            unanswered = [code for code in columns if code in self.source.missing_codes]
            for row in range(self.rows):
                if not self._answered(field, columns, unanswered, row):
                    for column in columns.values():
                        self.columns[column][row] = None
                else:
                    for column in columns.values():
                        self.columns[column][row] = self.codes[column][row]
            for code in unanswered:
                del self.columns[columns[code]]

    def _answered(
        self,
        field: RedcapField,
        columns: Mapping[str, str],
        unanswered: Sequence[str],
        row: int,
    ) -> bool:
        """Whether a set of checkboxes was there to be ticked, and not ticked as missing."""
        if any(self.codes[columns[code]][row] == "1" for code in unanswered):
            return False
        if any(self.codes[column][row] == "1" for column in columns.values()):
            return True
        if is_shown(field.logic, lambda name: self._cell(name, row)) is False:
            return False
        return self._form_filled(field.form, row)

    def _cell(self, name: str, row: int) -> str | None:
        cells = self.codes.get(name)
        return None if cells is None else cells[row] or ""

    def _form_filled(self, form: str, row: int) -> bool:
        """Whether anything of a form was entered: a field, a tick, or that it is complete."""
        if (self.columns.get(f"{form}_complete") or [None] * self.rows)[row] in (*"12", *_STATES):
            return True
        for field in self.project.fields.values():
            if field.form != form or field.name == self.project.record:
                continue
            if field.kind == "checkbox":
                ticks = (self.codes.get(field.column(code)) for code in field.choices)
                if any(cells is not None and cells[row] == "1" for cells in ticks):
                    return True
            elif (cells := self.columns.get(field.name)) is not None and cells[row] is not None:
                return True
        return False

    def fill_once(self) -> None:
        """Every row of a record gets the fields that are asked once."""
        record = self.columns.get(self.project.record)
        if not self.source.once:
            return
        if record is None:
            raise CohortError(
                str(self.path),
                f"the export has no column {self.project.record}, which names the record",
                "Export it with the field that identifies the record.",
            )
        two: Counter[str] = Counter()
        for name in self.source.once:
            cells, known = self.columns[name], dict[str | None, str]()
            for key, cell in zip(record, cells, strict=True):
                if cell is not None and known.setdefault(key, cell) != cell:
                    two[name] += 1
            self.columns[name] = [known.get(key) for key in record]
        if two:
            reasons = [
                Reason("two_values", name, f"differs within a record ({count} rows).")
                for name, count in two.items()
            ]
            raise CohortError(
                str(self.path),
                "a field that is asked once has more than one value in a record",
                "Correct them in REDCap, or take them from `cohort.redcap.once`:",
                reasons=reasons,
            )

    def visits(self) -> list[int]:
        """Rows in which something was entered besides what is asked once."""
        if not self.source.once:
            return list(range(self.rows))
        forms = {f"{form}_complete" for form in self.project.forms}
        idle = {self.project.record, *self.source.once, *forms}
        told = [
            cells
            for name, cells in self.columns.items()
            if name not in idle and not name.startswith("redcap_")
        ]
        boxes = {f.column(c) for f in self.project.fields.values() for c in f.choices}
        ticks = {id(self.columns[name]) for name in boxes if name in self.columns}
        full = [
            row
            for row in range(self.rows)
            if any(
                cells[row] is not None and not (id(cells) in ticks and cells[row] == "0")
                for cells in told
            )
        ]
        return full or list(range(self.rows))


_STATES = ("Unverified", "Complete")


def _entered(cell: str, missing: set[str]) -> str | None:
    text = cell.strip()
    return None if not text or text in missing else text


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _coded(cell: str | None, tables: Sequence[Mapping[str, str]]) -> str | None:
    """The code of a cell; a cell that is no choice stays as it is, for the checks to find."""
    if cell is None:
        return None
    return next((table[_folded(cell)] for table in tables if _folded(cell) in table), cell)


def _with_labels(columns: Sequence[tuple[RedcapField, Column]]) -> bool:
    """Whether choices are exported as labels; told by cells that can be only one of the two."""
    return sum(_leaning(field, cells) for field, cells in columns) > 0


def _leaning(field: RedcapField, cells: Column) -> int:
    codes = {_folded(code) for code in field.choices}
    labels = {_folded(label) for label in field.choices.values()}
    different: Iterator[str] = (_folded(cell) for cell in set(cells) if cell is not None)
    return sum((cell in labels) - (cell in codes) for cell in different)
