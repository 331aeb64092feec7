"""Marks that set the direction of writing, which nobody's label may bring into a report."""

from __future__ import annotations

DIRECTION_MARKS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def undirected(text: str) -> str:
    r"""Text without these marks.

    >>> undirected("\u202eC3")
    'C3'
    """
    return "".join(character for character in text if character not in DIRECTION_MARKS)
