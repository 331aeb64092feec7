"""The page of a comparison: headline, cautions, the runs in a table, their figures as forests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from predictor.report import comparison_words as words
from predictor.report.comparison import Comparison
from predictor.report.contents.numbers_text import with_interval
from predictor.report.document import (
    Block,
    Cell,
    Column,
    Figure,
    Listing,
    Paragraph,
    Report,
    Section,
    Table,
    Verdict,
)

_REFERENCES = {"auroc": 0.5, "calibration_slope": 1.0, "orc": 0.5, "scaled_rps": 0.0}

_Row = Mapping[str, Cell]


def comparison_report(found: Comparison) -> Report:
    """The contents of the page.

    Parameters
    ----------
    found
        The runs.

    Returns
    -------
    Report
        Three sections: what may be compared, the figures, what each run says of itself.
    """
    cautions = tuple(caution.message for caution in found.cautions)
    names = ", ".join(run.name for run in found.runs)
    return Report(
        words.TITLE.format(count=len(found.runs)),
        words.SUBTITLE.format(names=names),
        Verdict("comparison", found.headline, cautions, ()),
        {"models": [run.digest for run in found.runs], "comparable": found.comparable},
        (
            Section("comparison", "What can be compared", tuple(_first(found, cautions))),
            Section("figures", "Figures", tuple(_figure(found, name) for name in found.figures)),
            Section("verdicts", words.WHAT_EACH_SAYS, (_verdicts(found),)),
        ),
    )


def _first(found: Comparison, cautions: tuple[str, ...]) -> Iterator[Block]:
    yield Paragraph(found.headline, "plain" if found.comparable else "warning")
    if cautions:
        yield Listing(cautions)
    yield Table(
        "comparison-table",
        words.TABLE,
        (
            Column("name", "Run"),
            Column("group", "Group"),
            Column("label", "Outcome"),
            Column("horizon", "Horizon"),
            Column("cohort", "Cohort"),
            Column("patients", "Patients", "count"),
            *(() if found.runs[0].several else (Column("events", "Events", "count"),)),
            Column("model", "Model"),
        ),
        tuple(found.rows()),
    )
    yield Table(
        "comparison-figures-table",
        words.FIGURES_TABLE,
        (
            Column("name", "Run"),
            Column("group", "Group"),
            Column("figures", "Figures"),
            *(Column(name, words.FIGURE_TITLES[name], "interval") for name in found.figures),
        ),
        tuple(found.rows()),
        note=words.TABLE_NOTE,
    )


def _figure(found: Comparison, name: str) -> Figure:
    title = words.FIGURE_TITLES[name]
    rows = sorted(found.rows(), key=lambda row: found.groups.index(row["group"]))
    values = ", ".join(
        words.ONE_VALUE.format(name=row["name"], value=with_interval(row, name)) for row in rows
    )
    drawn: tuple[_Row, ...] = tuple(
        {
            "label": row["name"],
            "value": row[name],
            "low": row[f"{name}_low"],
            "high": row[f"{name}_high"],
            "n": row["patients"],
            "events": row["events"],
            "figures": row["figures"],
            "group": None
            if found.comparable
            else words.GROUP.format(letter=row["group"], label=row["label"], cohort=row["cohort"]),
        }
        for row in rows
    )
    table = Table(
        f"comparison-{name}-table",
        title,
        (
            Column("label", "Run"),
            Column("value", title, "number", 3),
            Column("low", "Low", "number", 3),
            Column("high", "High", "number", 3),
            Column("figures", "Figures"),
        ),
        drawn,
    )
    return Figure(
        f"comparison-{name}",
        "forest",
        title,
        words.FIGURE_SEEN.format(figure=title, values=values),
        (table,),
        {"axis": title, "reference": _REFERENCES.get(name)},
        note=words.FIGURE_NOTES[name],
    )


def _verdicts(found: Comparison) -> Table:
    return Table(
        "comparison-verdicts-table",
        words.WHAT_EACH_SAYS,
        (
            Column("name", "Run"),
            Column("verdict", "Verdict"),
            Column("evidence", "Evidence"),
            Column("headline", "In a sentence"),
        ),
        tuple(found.rows()),
    )
