"""Section *Patients* of a report on a model of a time: who they are and how long they are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents.numbers_text import absent, counted, listed, percent
from predictor.report.contents.patients import counting_blocks, flow_blocks, missing_blocks
from predictor.report.contents.patients_named import named_row, noticed_blocks
from predictor.report.contents.source import Source, cell_size_of
from predictor.report.document import Block, Column, Figure, Paragraph, Section, Table

INTRO = (
    "{analysed:,} {unit} were analysed: {population}. Event: {outcome}; counted from {start} and "
    "judged at {months} months. {competing}"
)
START = "time zero"
COMPETES = "A competing event (recorded as {kinds}) ends the time in which the event could happen."
NOTHING_COMPETES = "Nothing competes with the event."
AMONG = "Asked about are only those with {rules}."
RULE = "{variable}: {states}"
INCIDENCE = "Cumulative incidence by month"
INCIDENCE_SEEN = "{series} rises to {value} at month {month}."
INCIDENCE_NOTE = (
    "Aalen-Johansen; bands: 95%, on the scale of log(-log). Told at whole months with at least "
    "{size} patients having had that event since the month before, and joined by straight lines: a "
    "step at each event would tell every patient's time."
)
EVENT = "The event"
COMPETING = "What competes"
NONE_TOLD = "Too few had the event for a curve that tells of nobody."
AT_RISK = "Still followed, by month"
AT_RISK_NOTE = (
    "Months at which at least {size} fewer are followed than at the month before, and since which "
    "no smaller number left without the event, or without any. Others, and counts below {size}, "
    "are not told."
)
AT_MARKS = "At the horizons of the model"
AT_MARKS_NOTE = (
    "An incidence is not told where fewer than {size} had that event since the horizon before, and "
    "the number still followed not where it would tell, beside the incidences, of fewer than "
    "{size} who left."
)
TABLE_ONE = "Predictors of all {unit}"
TABLE_NOTE = (
    "By how the follow-up ended nothing is shown: patients were followed for different times, so "
    "those with the event and those without are no two groups that can be compared."
)

_Row = Mapping[str, Any]


def time_patients(source: Source) -> Section:
    """Who the patients are, how long they were followed, and what happened by when.

    Parameters
    ----------
    source
        A bundle of a time, opened.
    """
    found = source.findings.get("patients") or {}
    return Section(
        "patients",
        "Patients",
        tuple(_intro(source)),
        (
            Section("patients-flow", "Who was analysed", tuple(flow_blocks(source, found))),
            Section("patients-follow-up", "Follow-up", tuple(_follow_up(source))),
            Section("patients-table-one", "Table 1", tuple(_table(source, found))),
            Section("patients-missing", "Missing values", tuple(missing_blocks(source, found))),
        ),
    )


def _intro(source: Source) -> Iterator[Block]:
    manifest = source.manifest
    outcome, unit = manifest["outcome"], counted(manifest)
    follow_up = outcome["follow_up"]
    kinds = listed([_words(kind) for kind in follow_up["competing"]])
    yield Paragraph(
        INTRO.format(
            analysed=manifest["cohort"]["patients"],
            unit=unit,
            population=outcome["population"],
            outcome=outcome["label"],
            start=outcome.get("time_zero") or START,
            months=listed([str(month) for month in follow_up["horizon_months"]]),
            competing=COMPETES.format(kinds=kinds) if kinds else NOTHING_COMPETES,
        )
    )
    rules = [
        RULE.format(variable=name, states=listed([_words(state) for state in states]))
        for name, states in follow_up["among"].items()
    ]
    if rules:
        yield Paragraph(AMONG.format(rules=listed(rules)))
    yield from counting_blocks(manifest)
    yield from noticed_blocks(source)


def _words(state: object) -> str:
    return str(state).replace("_", " ")


def _follow_up(source: Source) -> Iterator[Block]:
    manifest, found = source.manifest, source.findings.get("time_by_month")
    size = cell_size_of(manifest)
    if found is None:
        yield absent("cumulative incidences by month")
    else:
        yield _incidence(found, size)
    columns = (
        Column("month", "Month", "count"),
        Column("at_risk", "Still followed", "count"),
        Column("incidence", "Had the event (95% CI)", "interval"),
        Column("competing", "Had a competing one", "number"),
    )
    yield Table(
        "patients-follow-up-horizons",
        AT_MARKS,
        columns if manifest["outcome"]["follow_up"]["competing"] else columns[:-1],
        tuple(manifest["validation"]["followed"]),
        AT_MARKS_NOTE.format(size=size),
    )
    if found is not None:
        yield Table(
            "patients-at-risk",
            AT_RISK,
            (Column("month", "Month", "count"), Column("at_risk", "Still followed", "count")),
            tuple(found["at_risk"]),
            AT_RISK_NOTE.format(size=size),
            folded=True,
        )


def _incidence(found: Mapping[str, list[_Row]], size: int) -> Block:
    rows: list[dict[str, Any]] = []
    seen = []
    for name, series in (("event", EVENT), ("competing", COMPETING)):
        told = found.get(name) or []
        if not told:
            continue
        rows.append({"series": series, "x": 0, "y": 0.0, "low": 0.0, "high": 0.0})
        rows += [
            {
                "series": series,
                "x": row["month"],
                "y": row["value"],
                "low": row["low"],
                "high": row["high"],
            }
            for row in told
        ]
        last = told[-1]
        value = percent(last["value"])
        seen.append(INCIDENCE_SEEN.format(series=series, value=value, month=last["month"]))
    if not rows:
        return Paragraph(NONE_TOLD, "quiet")
    table = Table(
        "patients-incidence-table",
        INCIDENCE,
        (
            Column("series", "Of"),
            Column("x", "Month", "count"),
            Column("y", "Cumulative incidence", "number", 3),
            Column("low", "Low", "number", 3),
            Column("high", "High", "number", 3),
        ),
        tuple(rows),
    )
    return Figure(
        "patients-incidence-figure",
        "lines",
        INCIDENCE,
        " ".join(seen),
        (table,),
        {"x_label": "Months since time zero", "y_label": "Cumulative incidence"},
        INCIDENCE_NOTE.format(size=max(size, 2)),
    )


def _table(source: Source, found: _Row) -> Iterator[Block]:
    table = found.get("time_table")
    if table is None:
        yield absent("a table of its patients")
        return
    yield Table(
        "patients-table-one-table",
        TABLE_ONE.format(unit=counted(source.manifest)),
        (
            Column("characteristic", "Predictor"),
            Column("statistic", "Figures"),
            Column("all", "All"),
        ),
        tuple(named_row(source, row) for row in table["rows"]),
        note=TABLE_NOTE,
    )
