"""Section *Patients* of a report on several states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.cohort.small_cells import HIDDEN as HIDDEN_COUNT
from predictor.report.contents.numbers_text import absent, counted
from predictor.report.contents.patients import counting_blocks, flow_blocks, missing_blocks
from predictor.report.contents.patients_named import named_row, noticed_blocks
from predictor.report.contents.source import Source
from predictor.report.document import Block, Column, Paragraph, Section, Table

INTRO = (
    "{analysed:,} {unit} were analysed: {population}. Outcome: {outcome} ({horizon}), worst state "
    "first: {states}."
)
STATE = "{label} {patients}"
TABLE_ONE = "Predictors of all {unit}, and by state"
NOTE = (
    "No p-values: they depend on the number of patients more than on the difference. Percentages "
    "of states are of those with a value, of missing values of everybody. A predictor of which a "
    "figure by state would tell of few patients is shown for all of them alone."
)
SIZED = "{label} (n = {size:,})"


def state_patients(source: Source) -> Section:
    """Who the patients are, and in which state they were at follow-up.

    Parameters
    ----------
    source
        A bundle of several states, opened.
    """
    found = source.findings.get("patients") or {}
    return Section(
        "patients",
        "Patients",
        tuple(_intro(source)),
        (
            Section("patients-flow", "Who was analysed", tuple(flow_blocks(source, found))),
            Section("patients-table-one", "Table 1", tuple(_table(source, found))),
            Section("patients-missing", "Missing values", tuple(missing_blocks(source, found))),
        ),
    )


def _intro(source: Source) -> Iterator[Block]:
    manifest = source.manifest
    outcome, unit = manifest["outcome"], counted(manifest)
    states = [
        STATE.format(
            label=state["label"],
            patients=HIDDEN_COUNT if state["patients"] is None else state["patients"],
        )
        for state in outcome["states"]
    ]
    yield Paragraph(
        INTRO.format(
            analysed=manifest["cohort"]["patients"],
            unit=unit,
            population=outcome["population"],
            outcome=outcome["label"],
            horizon=outcome["horizon"],
            states=", ".join(states),
        )
    )
    yield from counting_blocks(manifest)
    yield from noticed_blocks(source)


def _table(source: Source, found: Mapping[str, Any]) -> Iterator[Block]:
    table = found.get("state_table")
    if table is None:
        yield absent("a table of its patients")
        return
    manifest, sizes = source.manifest, table["sizes"]
    columns = [
        Column("characteristic", "Predictor"),
        Column("statistic", "Figures"),
        Column("all", SIZED.format(label="All", size=sizes["all"])),
    ]
    if table["by_state"]:
        columns += [
            Column(f"in_{s['state']}", SIZED.format(label=s["label"], size=sizes[s["state"]]))
            for s in manifest["outcome"]["states"]
        ]
    rows = []
    for row in table["rows"]:
        by_state = {f"in_{s['state']}": row[s["state"]] for s in manifest["outcome"]["states"]}
        rows.append(named_row(source, row, by_state))
    yield Table(
        "patients-table-one-table",
        TABLE_ONE.format(unit=counted(manifest)),
        tuple(columns),
        tuple(rows),
        note=NOTE,
    )
