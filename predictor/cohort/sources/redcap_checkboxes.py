"""Checkboxes of REDCap: which were ticked, and which nobody can have ticked.

An export writes 0 for every box without a tick, also where the question was never shown. A set of
boxes is read as answered if one of them is ticked, or if its branching logic does not hide it and
something else of its form was entered, or the form is marked as more than incomplete.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from predictor.cohort.sources.redcap_dictionary import RedcapField, RedcapProject
from predictor.cohort.sources.redcap_logic import is_shown

Column = list[str | None]
Columns = Mapping[str, Column]

_TICKS = {"1": "1", "0": "0", "checked": "1", "unchecked": "0"}
_BEYOND_INCOMPLETE = frozenset({"1", "2", "Unverified", "Complete"})


def with_ticks(columns: Columns, project: RedcapProject) -> dict[str, Column]:
    """Return the columns with those of checkboxes as ``"1"`` and ``"0"``."""
    boxes = {name for field in _sets(project) for name in _boxes(field, columns).values()}
    return {
        name: [_ticked(cell) for cell in cells] if name in boxes else cells
        for name, cells in columns.items()
    }


def answered(
    columns: Columns, project: RedcapProject, missing_codes: Collection[str]
) -> dict[str, Column]:
    """Return the columns with None where a set of checkboxes was not answered.

    Parameters
    ----------
    columns
        From :func:`with_ticks`, choices as codes.
    project
        The data dictionary.
    missing_codes
        Codes that mean "missing"; a ticked one makes its whole set missing, and its column goes.
    """
    found = dict(columns)
    for field in _sets(project):
        boxes = _boxes(field, columns)
        unknown = [boxes[code] for code in boxes if code in missing_codes]
        rows = range(len(next(iter(columns.values()))) if boxes else 0)
        told = [_Row(columns, row).answers(field, boxes.values(), unknown, project) for row in rows]
        for name in boxes.values():
            cells = columns[name]
            found[name] = [cell if there else None for cell, there in zip(cells, told, strict=True)]
        for name in unknown:
            del found[name]
    return found


def _sets(project: RedcapProject) -> Iterator[RedcapField]:
    return (field for field in project.fields.values() if field.kind == "checkbox")


def _boxes(field: RedcapField, columns: Columns) -> dict[str, str]:
    """Code -> column of the boxes that the export has."""
    names = {code: field.column(code) for code in field.choices}
    return {code: name for code, name in names.items() if name in columns}


def _ticked(cell: str | None) -> str | None:
    return None if cell is None else _TICKS.get(cell.casefold(), cell)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of an export."""

    columns: Columns
    row: int

    def cell(self, name: str) -> str | None:
        """A cell; an empty text where nothing was entered, None where there is no such column."""
        cells = self.columns.get(name)
        return None if cells is None else cells[self.row] or ""

    def answers(
        self,
        field: RedcapField,
        boxes: Collection[str],
        unknown: Collection[str],
        project: RedcapProject,
    ) -> bool:
        """Whether a set of boxes was there to be ticked, and not ticked as missing."""
        if any(self.cell(name) == "1" for name in unknown):
            return False
        if any(self.cell(name) == "1" for name in boxes):
            return True
        return is_shown(field.logic, self.cell) is not False and self.filled(field.form, project)

    def filled(self, form: str, project: RedcapProject) -> bool:
        """Whether anything of a form was entered: a field, a tick, or that it is complete."""
        if self.cell(f"{form}_complete") in _BEYOND_INCOMPLETE:
            return True
        return any(
            self.entered(field)
            for field in project.fields.values()
            if field.form == form and field.name != project.record
        )

    def entered(self, field: RedcapField) -> bool:
        """Whether a field holds something; of checkboxes, a tick."""
        if field.kind == "checkbox":
            return any(self.cell(name) == "1" for name in _boxes(field, self.columns).values())
        return bool(self.cell(field.name))
