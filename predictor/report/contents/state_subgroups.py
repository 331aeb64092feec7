"""Performance of several states in subgroups, as it is told in a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.cohort.small_cells import HIDDEN
from predictor.report.contents.numbers_text import absent, counted, percent
from predictor.report.contents.performance_words import NO_SUBGROUPS
from predictor.report.contents.source import Source
from predictor.report.document import Block, Column, Paragraph, Table

SHARES = "{seen} seen, {expected} expected"
CAPTION = "Figures in subgroups, cross-validated"
NOTE = (
    "A figure needs at least {size} people in each state, in the subgroup and in those that are "
    "hidden with it, since the share that was seen tells how many are in a state; numbers of small "
    "subgroups are hidden. Intervals are of 95%, over patients, and take the predictions as fixed. "
    "They overlap even where a model fails a subgroup, and several are looked at: a difference "
    "here is a question for external validation, and no difference is no proof of fairness."
)
NONE_SHOWN = (
    "No subgroup has {size} people in each state, so no figure of a subgroup can be told. Whether "
    "the model fails somebody is open."
)


def state_subgroups(source: Source) -> Iterator[Block]:
    """The subgroups of a bundle of several states."""
    found = source.findings.get("subgroups")
    if found is None:
        yield absent("figures of subgroups")
        return
    if not found["rows"]:
        yield Paragraph(NO_SUBGROUPS)
        return
    if all(row["states"] is None for row in found["rows"]):
        yield Paragraph(NONE_SHOWN.format(size=found["cell_size"]), "warning")
    states = source.manifest["outcome"]["states"]
    unit = counted(source.manifest)
    yield Table(
        "performance-subgroups-table",
        CAPTION,
        (
            Column("label", "Variable"),
            Column("group", "Subgroup"),
            Column("n_text", f"{unit[:1].upper()}{unit[1:]}", "count"),
            Column("orc", "ORC (95% CI)", "interval"),
            *(Column(f"share_{state['state']}", str(state["label"])) for state in states),
        ),
        tuple(_row(row) for row in found["rows"]),
        note=NOTE.format(size=found["cell_size"]),
    )


def _row(row: Mapping[str, Any]) -> Mapping[str, Any]:
    shares = {
        f"share_{one['state']}": SHARES.format(
            seen=percent(one["observed"]), expected=percent(one["expected"])
        )
        for one in row["states"] or ()
    }
    kept = {key: value for key, value in row.items() if key != "states"}
    return {**kept, "n_text": HIDDEN if row["n"] is None else row["n"], **shares}
