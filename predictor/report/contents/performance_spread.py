"""Performance where it may differ: subgroups, centres, and other samples of the same size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.report.contents import performance_words as words
from predictor.report.contents.centre_forests import centre_forests
from predictor.report.contents.numbers_text import absent, counted, percent, two
from predictor.report.contents.performance_tables import (
    bootstrap_of,
    chosen_of,
    is_prevalence,
    validation_of,
)
from predictor.report.contents.source import Source
from predictor.report.document import Block, Column, Figure, Listing, Paragraph, Table
from predictor.report.validation_text import stability_lines

_Row = Mapping[str, Any]


def subgroups(source: Source) -> Iterator[Block]:
    """Out-of-fold performance in subgroups."""
    found = source.findings.get("subgroups")
    if found is None:
        yield absent("figures of subgroups")
        return
    if not found["rows"]:
        yield Paragraph(words.NO_SUBGROUPS)
        return
    rows = [_subgroup(row) for row in found["rows"]]
    overall = chosen_of(source).get("auroc")
    table = Table(
        "performance-subgroups-table",
        words.SUBGROUPS_TABLE,
        (
            Column("group", "Variable"),
            Column("label", "Subgroup"),
            Column("n_text", _capital(counted(source.manifest)), "count"),
            Column("events_text", "Events", "count"),
            Column("auroc", "AUROC (95% interval)", "interval"),
            Column("observed_expected", "Observed over expected (95% interval)", "interval"),
            Column("brier", "Brier score (95% interval)", "interval"),
        ),
        tuple(rows),
        note=words.SUBGROUPS_NOTE.format(size=found["cell_size"]),
    )
    if is_prevalence(source):
        yield Paragraph(words.SUBGROUPS_OF_THE_PREVALENCE)
        yield table
        return
    yield Figure(
        "performance-subgroups-figure",
        "forest",
        words.SUBGROUPS,
        _subgroups_seen(rows, overall),
        (table,),
        {"axis": "AUROC", "reference": overall, "percent": False},
    )


def _subgroup(row: _Row) -> _Row:
    """One row for figure and table."""
    hidden = row["n"] is None
    return {
        **row,
        "label": row["group"],
        "group": row["label"],
        "value": row["auroc"],
        "low": row["auroc_low"],
        "high": row["auroc_high"],
        "n_text": words.HIDDEN if hidden else row["n"],
        "events_text": words.HIDDEN if hidden else row["events"],
    }


def _subgroups_seen(rows: Sequence[_Row], overall: float | None) -> str:
    known = [row for row in rows if row["value"] is not None]
    without = len(rows) - len(known)
    hidden = words.SUBGROUPS_HIDDEN.format(count=without) if without else ""
    if not known:
        return words.SUBGROUPS_SEEN_NONE.format(hidden=hidden)
    worst, best = (pick(known, key=lambda row: float(row["value"])) for pick in (min, max))
    return words.SUBGROUPS_SEEN.format(
        shown=len(known),
        least=two(worst["value"]),
        worst=_named(worst),
        most=two(best["value"]),
        best=_named(best),
        all=two(overall),
        hidden=hidden,
    )


def _named(row: _Row) -> str:
    return words.SUBGROUP.format(label=row["group"], group=row["label"])


def centres(source: Source) -> Iterator[Block]:
    """Every centre predicted by a model from the others."""
    found = validation_of(source).get("centres")
    if found is None:
        grouped = source.manifest.get("cohort", {}).get("group") == "centre"
        yield Paragraph(words.NOT_BY_CENTRE if grouped else words.ONE_CENTRE)
        return
    rows = [_centre(number, row) for number, row in enumerate(found["centres"], 1)]
    shown = sum(row["n"] is not None for row in rows)
    seen = words.CENTRES_SEEN.format(count=len(rows), shown=shown, sentence=found["sentence"])
    yield Paragraph(words.CENTRES_INTRO)
    yield from centre_forests(
        rows,
        found["summaries"],
        "performance-centres",
        counted=_capital(counted(source.manifest)),
        alternative=seen,
        note=" ".join(found.get("notes") or ()),
    )


def _centre(number: int, row: _Row) -> dict[str, Any]:
    """One centre; its name is not in the bundle."""
    hidden = row["n"] is None
    return {
        **row,
        "label": words.CENTRE.format(number=number),
        "n_text": words.HIDDEN if hidden else row["n"],
        "events_text": words.HIDDEN if hidden else row["events"],
    }


def instability(source: Source) -> Iterator[Block]:
    """How far refits move the predictions."""
    bootstrap, found = bootstrap_of(source), source.findings.get("instability")
    moved = bootstrap.get("instability")
    if moved is None:
        yield absent("refits of the model")
        return
    unit = counted(source.manifest)
    lines = tuple(stability_lines({**bootstrap, "explanation": ()}))
    if found is None:
        yield absent("the instability by bins of its patients")
    elif not found["bins"]:
        yield Paragraph(words.TOO_FEW_FOR_BINS.format(unit=unit))
    else:
        yield from _bins(found["bins"], moved, unit)
    if lines:
        yield Listing(lines)
    yield Table(
        "performance-changed-table",
        words.CHANGED.format(one=unit.removesuffix("s")),
        (
            Column("threshold", "Threshold", "percent"),
            Column("mean", "Share of the refits, mean", "percent"),
        ),
        tuple(moved["classification"]),
    )


def _bins(bins: Sequence[_Row], moved: _Row, unit: str) -> Iterator[Block]:
    rows = [{key: row[key] for key in _KEYS} for row in bins]
    table = Table(
        "performance-instability-table",
        words.INSTABILITY,
        (
            Column("predicted", "Probability by the model", "percent"),
            Column("low", "Refits from", "percent"),
            Column("high", "to", "percent"),
            Column("error", "Mean absolute error", "number", digits=3),
            Column("patients", _capital(unit), "count"),
        ),
        tuple(rows),
        folded=True,
    )
    if any(row["low"] is None for row in rows):
        yield Paragraph(words.NO_RANGE)
        yield table
        return
    template = words.INSTABILITY_SEEN_ONE if len(rows) == 1 else words.INSTABILITY_SEEN
    widest = max(rows, key=lambda row: row["high"] - row["low"])
    yield Figure(
        "performance-instability-figure",
        "instability",
        words.INSTABILITY,
        template.format(
            count=len(rows),
            unit=unit,
            refits=moved["refits"],
            at=percent(widest["predicted"]),
            low=percent(widest["low"]),
            high=percent(widest["high"]),
            width=100 * (moved["mean_width_of_range"] or 0.0),
        ),
        (table,),
        {"band": "middle 95% of the refits"},
        note=words.INSTABILITY_NOTE.format(unit=unit),
    )


_KEYS = ("predicted", "low", "high", "error", "patients")


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
