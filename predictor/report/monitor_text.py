"""A monitoring run as a reader of a terminal or of cron's mail sees it: alarms first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.cohort.summaries import p_text
from predictor.report.monitor_page import (
    FROM_TO,
    NO_OUTCOMES,
    alarm_lines,
    cusum_line,
    false_alarms,
    headline_of,
    notes,
    shown,
)
from predictor.report.text_table import text_table

GAPS = "{label}, missing"
HEAD = "{n:,} new patients ({new}) against {reference_patients:,} ({reference})."


def monitor_text(found: Mapping[str, Any]) -> Iterator[str]:
    """Parts of the text, from the top.

    Parameters
    ----------
    found
        What :meth:`predictor.workflow.monitor.Monitored.to_dict` gives.

    Yields
    ------
    A sentence, a table of several lines, or nothing for an empty line.
    """
    told = {key: found[key] for key in ("n", "new", "reference_patients", "reference")}
    yield HEAD.format(**told)
    for heading, told_of in notes(found):
        yield f"{heading}:"
        yield from (f"  {line}" for line in told_of)
    yield ""
    lines = alarm_lines(found)
    yield headline_of(lines)
    yield from (f"  {line}" for line in lines)
    yield false_alarms(found)
    yield ""
    rows = [
        (
            GAPS.format(label=row["label"]) if row["code"] == "missingness_shift" else row["label"],
            *(_number(row[key]) for key in ("reference", "new")),
            "-" if row["distance"] is None else f"{row['distance']:.3f}",
            "-" if row["adjusted"] is None else p_text(row["adjusted"]),
            "alarm" if row["alarm"] else "",
        )
        for row in shown(found)
    ]
    yield text_table(("Compared", "Reference", "New", "Distance", "p (Holm)", ""), rows)
    yield ""
    if not found["batches"]:
        yield NO_OUTCOMES
        return
    yield _batches(found)
    yield from map(cusum_line, found["cusum"])


def _batches(found: Mapping[str, Any]) -> str:
    head = ("Patients", "Observed", "Expected", "Limits", "")
    rows = [
        (
            FROM_TO.format(**row),
            f"{row['observed']:,}",
            f"{row['expected']:,.1f}",
            FROM_TO.format(first=row["low"], last=row["high"]),
            "alarm" if row["alarm"] else "",
        )
        for row in found["batches"]
    ]
    return text_table(head, rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
