"""Cells of a table of predictions: which rows have the event, and what was predicted for them.

Every function returns what could be read and the reasons why the rest could not, with the rows and
without any value in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import PLAIN_NUMBER, Unreadable, is_missing, number_of
from predictor.clinical.names import nearest
from predictor.cohort.table import Cells, Table, spelling
from predictor.errors import Reason

Floats = NDArray[np.float64]

MOST_STATES = 10
"""Values an outcome may have besides the event; a column of more is no outcome."""

_FEW = 5
_SHARE_OF_ANOTHER_SCALE = 0.2
_WORDS_FOR_MISSING = frozenset(("nan", "null", "none", "nil", "missing", "unknown", "?", ".", "-"))
_LONGEST_LABEL = 40


def binary_outcome(table: Table, name: str, cells: Cells) -> tuple[Floats, list[Reason]]:
    """Read an outcome that is 1 for the event and 0 for none.

    Returns
    -------
    1, 0, or NaN where missing, shape (rows,), and what is wrong with it.
    """
    states = _states(cells)
    wrong = [row for row, state in enumerate(states) if state not in (None, "0", "1")]
    reasons = []
    if wrong:
        text = (
            f"{rows_text(table, wrong)}: the outcome is neither 0 nor 1. Name the value that is "
            "the event with --event."
        )
        reasons.append(Reason("unknown_state", printable(name), text))
    outcome = [float(state) if state in ("0", "1") else np.nan for state in states]
    return np.array(outcome, dtype=np.float64), reasons


def named_outcome(
    name: str, cells: Cells, event: str
) -> tuple[Floats, tuple[str, ...], list[Reason]]:
    """Read an outcome of which one value is the event and every other value is none.

    Returns
    -------
    1, 0, or NaN where missing, shape (rows,); the other values; what is wrong with it.
    """
    states, wanted = _states(cells), spelling(event)
    known = dict.fromkeys(state for state in states if state is not None)
    others = tuple(state for state in known if state != wanted)
    reasons = []
    if len(others) > MOST_STATES:
        text = f"it has {len(known):,} different values; an outcome has few."
        reasons.append(Reason("too_many_states", printable(name), text))
    elif wanted not in known:
        guess = nearest(wanted, known)
        hint = f" Did you mean {printable(guess)}?" if guess else ""
        text = f"no row has the value that --event names.{hint}"
        reasons.append(Reason("unknown_event", printable(name), text))
    outcome = [np.nan if state is None else float(state == wanted) for state in states]
    return np.array(outcome, dtype=np.float64), others, reasons


def probabilities(
    table: Table, name: str, cells: Cells, decimal: str
) -> tuple[Floats, list[Reason]]:
    """Read probabilities from 0 to 1.

    Returns
    -------
    Numbers, NaN where missing or unreadable, shape (rows,), and what is wrong with them.
    """
    unreadable: list[int] = []
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf":
        numbers = cells.astype(np.float64)
    else:
        numbers = np.full(len(cells), np.nan)
        for row, cell in enumerate(cells):
            if is_missing(cell):
                continue
            number = _plain_number(cell, decimal)
            if number is None:
                unreadable.append(row)
            else:
                numbers[row] = number
    reasons = []
    if unreadable:
        advice = _how_written([cells[row] for row in unreadable], decimal)
        text = f"{rows_text(table, unreadable)}: not a number.{advice}"
        reasons.append(Reason("unreadable_number", printable(name), text))
    outside = np.flatnonzero((numbers < 0.0) | (numbers > 1.0)).tolist()
    if outside:
        text = f"{rows_text(table, outside)}: outside 0 to 1.{_which_scale(numbers)}"
        reasons.append(Reason("probability_out_of_range", printable(name), text))
    return numbers, reasons


def absent(cells: Cells) -> NDArray[np.bool_]:
    """Which cells of a column are missing, shape (rows,)."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf":
        return np.asarray(np.isnan(cells.astype(np.float64)))
    return np.fromiter(map(is_missing, cells), dtype=np.bool_, count=len(cells))


def rows_text(table: Table, rows: Sequence[int]) -> str:
    """How many rows, and the numbers of the first as a reader of the file sees them."""
    numbers = ", ".join(f"{table.numbers[row]}" for row in rows[:_FEW])
    if len(rows) == 1:
        return f"row {numbers}"
    return f"{len(rows):,} rows ({numbers}{', ...' if len(rows) > _FEW else ''})"


def printable(text: str, longest: int = _LONGEST_LABEL) -> str:
    r"""Text of a file that cannot disturb what it is printed in, shortened where it is too long.

    >>> printable("a\x1b[31m\nb")
    'a?[31m?b'
    """
    plain = "".join(sign if sign.isprintable() else "?" for sign in text)
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def _states(cells: Cells) -> list[str | None]:
    return [None if is_missing(cell) else spelling(cell) for cell in cells]


def _plain_number(cell: object, decimal: str) -> float | None:
    try:
        number, unit = number_of(cell, decimal)
    except Unreadable:
        return None
    return number if unit is None else None


def _how_written(cells: Iterable[object], decimal: str) -> str:
    """Advice where all the unreadable cells are of one known kind."""
    texts = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
    other = {".": ",", ",": "."}[decimal]
    if all(text.endswith("%") for text in texts):
        return " A probability is written as 0.25, not as 25%."
    if all(PLAIN_NUMBER[other].fullmatch(text) for text in texts):
        return f" If its decimal sign is {other!r}, add --decimal {other}."
    if all(text.casefold() in _WORDS_FOR_MISSING for text in texts):
        return " If that stands for a missing value, name it with --missing."
    return ""


def _which_scale(numbers: Floats) -> str:
    """Advice where the numbers as a whole look like another scale."""
    known = numbers[~np.isnan(numbers)]
    if float(((known < 0.0) | (known > 1.0)).mean()) < _SHARE_OF_ANOTHER_SCALE:
        return ""
    if known.min() < 0.0:
        return " If these are log-odds, the probability is 1 / (1 + exp(-log-odds))."
    if 1.5 < known.max() <= 100.0:
        return " All lie between 0 and 100: if they are percentages, divide by 100."
    return ""
