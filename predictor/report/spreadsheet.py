"""Tables as CSV that a spreadsheet can open without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

# Signs with which a spreadsheet begins a formula, also the wide ones of East Asian keyboards.
_FORMULA = tuple("=+-@＝＋－＠")
# Some programs skip these before they look for a formula.
_SKIPPED = ("\t", "\n")


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Rows as CSV; text that a spreadsheet would run as a formula is neutralised."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row.get(name)) for name in columns})
    return stream.getvalue().encode(errors="replace")  # half a character is no reason to stop


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    return neutral(value) if isinstance(value, str) else value


def neutral(text: str) -> str:
    """Text as a spreadsheet shows it and never runs it.

    >>> neutral("=1+1"), neutral("P07")
    ("'=1+1", 'P07')
    """
    # Python's writer quotes no lone carriage return, and a reader takes it for a new row.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    runs = text.lstrip()[:1] in _FORMULA or text[:1] in _SKIPPED
    return f"'{text}" if runs else text
