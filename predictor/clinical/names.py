"""Suggesting the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to ``name``, or None when none is similar.

    Case, spaces and hyphens do not count as differences.

    >>> nearest("Hemoglobin", ["haemoglobin", "creatinine"])
    'haemoglobin'
    >>> nearest("x", ["haemoglobin", "creatinine"]) is None
    True
    """
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(_fold(candidate), candidate)
    # A very long key is no slip of the pen, and difflib is quadratic in the length.
    wanted = _fold(name[:80])
    matches = get_close_matches(wanted, folded, n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``"Did you mean 'x'?"`` for the nearest known name, or an empty string.

    >>> suggestion("refrence", ["reference", "plausible"])
    "Did you mean 'reference'?"
    """
    match = nearest(name, known)
    return f"Did you mean {match!r}?" if match else ""


def _fold(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")
