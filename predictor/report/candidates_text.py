"""An order of patients as a reader of a terminal sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from predictor.clinic.candidate_list import CandidateList
from predictor.report.candidates_layout import (
    OUTSIDE,
    REFUSED,
    LaidOutApart,
    LaidOutPatient,
    figures,
    outside,
    patients,
    refused,
    sides,
)
from predictor.report.candidates_numbers import plain_names
from predictor.report.candidates_words import (
    AFTER,
    NO_CLEARANCE,
    UNCHECKED,
    about_the_cut,
    anyway,
    assumptions,
    banner,
    cut_text,
    subtitle,
    title,
    unchecked,
)
from predictor.report.text_table import text_table

MOST_ROWS = 60
"""Patients of the order that are printed; files hold all."""

_MOST_NOTES = 20
_LONGEST_NAME = 24
_MORE = "... and {count} more; --out FILE writes all."
_NOTES = "About single patients{of}:"


def candidates_text(found: CandidateList, width: int) -> Iterator[str]:
    """The order in parts: tables, and sentences that the terminal folds.

    Parameters
    ----------
    found
        What to tell.
    width
        Columns of the terminal.
    """
    yield from banner(found)
    yield title(found)
    yield subtitle(found)
    yield anyway(found)
    yield ""
    rows = patients(found)
    if rows:
        yield from _order(found, rows)
        yield ""
    sentences = list(about_the_cut(found))
    yield from sentences
    if sentences:
        yield ""
    if found.groups:
        yield from _figures(found, width)
        yield ""
    yield UNCHECKED.format(treatment=found.treatment.name)
    yield from (f"- {item}" for item in unchecked(found))
    if rows:
        yield NO_CLEARANCE
    yield from _notes(rows, is_cut=found.chosen is not None)
    for heading, members in ((OUTSIDE, outside(found)), (REFUSED, refused(found))):
        if members:
            yield ""
            yield heading
            yield from _apart(members)
    yield ""
    if found.after_treatment:
        yield AFTER.format(names=plain_names(found.after_treatment))
    yield from assumptions(found)


def _figures(found: CandidateList, width: int) -> Iterator[str]:
    """One table, or one for each group where it would be too wide."""
    header, cells = figures(found)
    table = text_table(header, cells)
    if len(table.split("\n", 2)[1]) <= width or len(header) == 2:
        yield table
        return
    for j in range(1, len(header)):
        if j > 1:
            yield ""
        yield text_table((header[0], header[j]), [(row[0], row[j]) for row in cells])


def _order(found: CandidateList, rows: Sequence[LaidOutPatient]) -> Iterator[str]:
    interval = "Interval"
    if found.interval is not None:
        level = found.interval.level
        interval = "Range" if level is None else f"{level:.0%} interval"
    header = ["Rank", "Patient", "Probability"]
    header += [interval] if any(row.interval for row in rows) else []
    header += [f"Cost, {found.prices.currency}"] if found.prices is not None else []
    cells: list[Sequence[str]] = []
    room = MOST_ROWS
    for name, members in sides(rows, is_cut=found.chosen is not None):
        # What comes later keeps a quarter of the room, so that both sides of the cut are seen.
        shown = members[: room if members[-1] is rows[-1] else MOST_ROWS * 3 // 4]
        room -= len(shown)
        if name:
            cells.append((f"{name} ({cut_text(found)})",))
        cells += [_cells(row, len(header), found.prices is not None) for row in shown]
        if len(members) > len(shown):
            cells.append((_MORE.format(count=f"{len(members) - len(shown):,}"),))
    yield text_table(header, cells, numbers_from=2)


def _cells(row: LaidOutPatient, columns: int, priced: bool) -> tuple[str, ...]:
    name = row.name if len(row.name) <= _LONGEST_NAME else f"{row.name[: _LONGEST_NAME - 1]}…"
    cells = [row.rank, name, row.probability]
    if columns - len(cells) > int(priced):
        cells.append(row.interval)
    if priced:
        cells.append(row.cost)
    return tuple(cells)


def _notes(rows: Sequence[LaidOutPatient], *, is_cut: bool) -> Iterator[str]:
    """Notes about those selected, or about everybody where nobody is."""
    selected = [row for row in rows if row.selected]
    told = [row for row in (selected or rows) if row.notes]
    if not told:
        return
    yield ""
    yield _NOTES.format(of=" that are selected" if is_cut and selected else "")
    for row in told[:_MOST_NOTES]:
        yield f"- {row.name}: {' '.join(row.notes)}"
    if len(told) > _MOST_NOTES:
        yield _MORE.format(count=f"{len(told) - _MOST_NOTES:,}")


def _apart(members: Sequence[LaidOutApart]) -> Iterator[str]:
    for member in members[:MOST_ROWS]:
        shown = f", {member.probability}" if member.probability else ""
        yield f"- {member.name}{shown}: {' '.join(member.reasons)}"
    if len(members) > MOST_ROWS:
        yield _MORE.format(count=f"{len(members) - MOST_ROWS:,}")
