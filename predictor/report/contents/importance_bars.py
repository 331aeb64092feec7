"""How much each variable moves a model that is a sum: bars, and the table behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from predictor.report.contents.clinical_text import named
from predictor.report.contents.source import Source
from predictor.report.document import Block, Column, Figure, Paragraph, Table

SEEN = "Longest bar: {first} ({value:.2f})."


def importance_bars(
    source: Source, found: list[dict[str, Any]], title: str, nothing: str
) -> Iterator[Block]:
    """Mean absolute contributions, the largest first.

    Parameters
    ----------
    source
        The bundle, opened.
    found
        Rows of ``variable`` and ``mean_absolute_shap``, in order.
    title
        What the bars show.
    nothing
        What is said where no variable moves the model.
    """
    known = source.bundle.dictionary.variables
    rows: list[dict[str, Any]] = [
        {
            "label": named(known[row["variable"]]),
            "variable": row["variable"],
            "value": row["mean_absolute_shap"],
        }
        for row in found
    ]
    if not any(row["value"] for row in rows):
        yield Paragraph(nothing)
        return
    table = Table(
        "explanation-importance-table",
        title,
        (Column("label", "Variable"), Column("value", title, "number", 3)),
        tuple(rows),
    )
    yield Figure(
        "explanation-importance-figure",
        "bars",
        title,
        SEEN.format(first=rows[0]["label"], value=rows[0]["value"]),
        (table,),
        {"axis": title},
    )
