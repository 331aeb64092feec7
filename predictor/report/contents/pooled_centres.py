"""Figures of centres that share no rows: forest plots, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents.centre_forests import centre_forests
from predictor.report.document import Block

_Row = Mapping[str, Any]

CENTRES_SEEN = "Figures of {count} centres, each by its own patients."


def pooled_blocks(found: _Row, name: str) -> Iterator[Block]:
    """Forest plots and tables.

    Parameters
    ----------
    found
        What :func:`predictor.validation.pooled.pooled` gives.
    name
        What the identifiers begin with.
    """
    rows = [
        {**row, "label": row["centre"], "n_text": row["n"], "events_text": row["events"]}
        for row in found["centres"]
    ]
    seen = CENTRES_SEEN.format(count=len(rows))
    return centre_forests(
        rows, found["summaries"], f"{name}-centres", counted="Patients", alternative=seen
    )
