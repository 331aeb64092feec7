"""A comparison of runs as text: a column for each run, as many as there is room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from predictor.report import comparison_words as words
from predictor.report.comparison import FIGURES, STATE_FIGURES, Comparison
from predictor.report.contents.numbers_text import UNDEFINED, with_interval
from predictor.report.text_table import text_table

_LINES = {
    "group": "Group",
    "label": "Outcome",
    "horizon": "Horizon",
    "cohort": "Cohort",
    "patients": "Patients",
    "events": "Events",
    "model": "Model",
    "figures": "Figures",
}
_LAST = {"verdict": "Verdict", "evidence": "Evidence"}
_LONGEST = 28


def comparison_text(found: Comparison, width: int) -> Iterator[str]:
    """Headline, tables and cautions; what holds a line break is set already.

    Parameters
    ----------
    found
        The runs.
    width
        Columns of the terminal.
    """
    yield found.headline
    yield ""
    rows = found.rows()
    while rows:
        count = _fitting(rows, width)
        yield _table(rows[:count])
        yield ""
        rows = rows[count:]
    for caution in found.cautions:
        yield _printable(caution.message)


def _fitting(rows: Sequence[dict[str, Any]], width: int) -> int:
    """How many runs a table has room for; one in any case."""
    for count in range(len(rows), 1, -1):
        if max(map(len, _table(rows[:count]).splitlines())) <= width:
            return count
    return 1


def _table(rows: Sequence[dict[str, Any]]) -> str:
    header = ["", *(_cut(row["name"]) for row in rows)]
    return text_table(
        header,
        [[label, *(_cell(row, key) for row in rows)] for key, label in _lines(rows[0])],
        numbers_from=len(header),
        gap=3,
    )


def _lines(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and title of each line; of several states there are no events."""
    several = STATE_FIGURES[0] in row
    yield from ((key, title) for key, title in _LINES.items() if not (several and key == "events"))
    yield from ((key, words.FIGURE_TITLES[key]) for key in (STATE_FIGURES if several else FIGURES))
    yield from _LAST.items()


def _cell(row: dict[str, Any], key: str) -> str:
    if key in (*FIGURES, *STATE_FIGURES):
        return with_interval(row, key)
    value = row[key]
    if value is None:
        return UNDEFINED
    if isinstance(value, int):
        return f"{value:,}"
    return _cut(str(value))


def _cut(text: str) -> str:
    text = _printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"


def _printable(text: str) -> str:
    """Text that stays in its line, and commands no terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
