"""Section *Patients*: who was read, left out and analysed, Table 1, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.cohort.cohort import FlowStep
from predictor.cohort.small_cells import EXCLUDED, masked_flow
from predictor.cohort.small_cells import HIDDEN as HIDDEN_COUNT
from predictor.report.contents.clinical_text import named
from predictor.report.contents.numbers_text import absent, counted, listed, percent, two
from predictor.report.contents.sensitivity import unknown_outcomes
from predictor.report.contents.source import Source, cell_size_of
from predictor.report.contents.table_rows import by_name, with_one_word
from predictor.report.document import Block, Column, Figure, Listing, Paragraph, Section, Table

_Row = Mapping[str, Any]

INTRO = (
    "{analysed:,} {unit} were analysed: {population}. {events:,} of them ({share}) had the event, "
    "{outcome} ({horizon})."
)
SIMULATED = "All of them are simulated; nobody here is a real patient."
ROWS = (
    "Rows were counted, not people: one patient may have several rows, and small counts are hidden "
    "by the number of people wherever that is known."
)
HIDDEN = (
    "Counts of 1 to {largest} are hidden, and with them whatever would give them away by "
    "subtraction; a 0 is hidden where it would tell the outcome of everybody in its row. The word "
    "is the same for all of them, whatever their size."
)
NOTICED = "{variable}: {code}"
NOTICED_OFTEN = "{variable}: {code} ({count:,} rows)"

FLOW = "From the {unit} that were read to those that were analysed"
FLOW_SEEN = "{read}, {left}; {analysed}."
FLOW_READ = "{shown} read"
FLOW_LEFT = "{shown} left out ({reason})"
FLOW_NOBODY = "nobody left out"
ALREADY_SELECTED = (
    "Nobody was left out of the file that was read, so whoever made it may have selected the "
    "patients already. How many were looked at, and why the others are not in it, is not known "
    "here and belongs into the flow."
)
FLOW_ANALYSED = "{shown} analysed"

TABLE_ONE = "Predictors of all {unit}, and by outcome"
TABLE_ONE_ALL = "Predictors of all {unit}"
NO_P_VALUES = (
    "No p-values: they say whether a difference can be chance, which depends on the number of "
    "patients more than on the difference. The standardised mean difference is in the same unit "
    "for every variable: mean difference over the pooled standard deviation. For states it is the "
    "difference of their shares over its standard deviation: of two, positive where the one it "
    "stands beside is more frequent with the event; of more, a distance without direction that "
    "stands beside the first. Beyond 0.1 either way is commonly taken as a difference. It "
    "describes each predictor alone. Of states it is left out where a count is hidden by outcome."
)
ONE_COLUMN = (
    "Not shown by outcome: fewer than {size} people have the event, or have not, and would be "
    "recognisable."
)
COUNTS = (
    "Percentages of states are of those with a value, of missing values of everybody. Quartiles as "
    "in R and NumPy (type 7). Variables without a row of missing values are complete."
)

MISSING = "How much of each predictor is missing"
PATTERNS = "Which predictors are missing together"
COMPLETE = "No value of any predictor is missing."
MISSING_SEEN = "Most often missing: {worst}. Complete: {complete} of {variables} predictors."
MISSING_OF = "{label} ({share})"
MISSING_HIDDEN = (
    "All counts of missing values are small, and hidden. Complete: {complete} of {variables} "
    "predictors."
)
PATTERNS_SEEN = "Combinations shown: {count}. The most frequent: {first} ({share})."
PATTERNS_HIDDEN = "Which of them are missing together is too rare, or too various, to be shown."
FILLED = {
    "median": (
        "Missing values are filled in by the median, or the most frequent state, of the training "
        "patients, learned anew inside every resample."
    ),
    "mean": (
        "Missing values are filled in by the mean of a number, or the most frequent state, of the "
        "training patients, learned anew inside every resample."
    ),
    "iterative": (
        "Missing values are filled in by chained regressions on the other predictors, learned anew "
        "inside every resample."
    ),
}
INDICATORS = "For {names} the model is also told that the value is missing."

_MOST_NAMED = 3


def patients(source: Source) -> Section:
    """Who the patients are.

    Parameters
    ----------
    source
        The bundle, opened. Without findings the flow comes from its manifest, and the rest is said
        to be missing.
    """
    found = source.findings.get("patients") or {}
    return Section(
        "patients",
        "Patients",
        tuple(_intro(source)),
        (
            Section("patients-flow", "Who was analysed", tuple(flow_blocks(source, found))),
            Section("patients-table-one", "Table 1", tuple(_table_one(source, found))),
            Section("patients-missing", "Missing values", tuple(missing_blocks(source, found))),
        ),
    )


def _intro(source: Source) -> Iterator[Block]:
    manifest = source.manifest
    cohort, outcome, unit = manifest.get("cohort"), manifest["outcome"], counted(manifest)
    if not cohort:
        yield absent("who was analysed")
        return
    analysed, events = cohort["patients"], cohort["events"]
    yield Paragraph(
        INTRO.format(
            analysed=analysed,
            unit=unit,
            population=outcome["population"],
            events=events,
            share=percent(events / analysed if analysed else None),
            outcome=outcome["label"],
            horizon=outcome["horizon"],
        )
    )
    yield from counting_blocks(manifest)
    noticed = tuple(_noticed(source))
    if noticed:
        yield Listing(noticed, "Noticed while reading, without stopping the training")


def counting_blocks(manifest: _Row) -> Iterator[Block]:
    """Whether the patients are real, whether they were counted, and which counts are hidden."""
    if manifest["evidence"].get("simulated_patients"):
        yield Paragraph(SIMULATED, "warning")
    if counted(manifest) == "rows":
        yield Paragraph(ROWS, "warning")
    size = cell_size_of(manifest)
    if size > 1:
        yield Paragraph(HIDDEN.format(largest=size - 1), "quiet")


def _size(source: Source) -> int:
    return cell_size_of(source.manifest)


def _noticed(source: Source) -> Iterator[str]:
    for warning in source.manifest["cohort"].get("warnings", ()):
        count, name = warning["count"], warning["variable"]
        code = warning["code"].replace("_", " ")
        known = source.bundle.dictionary.variables
        label = known[name].label if name in known else name
        # Some are findings about a column, counted once; and a small count is not shown.
        template = NOTICED_OFTEN if count >= max(_size(source), 2) else NOTICED
        if name:
            yield template.format(variable=label, code=code, count=count)
        else:
            yield _capital(code)


def flow_blocks(source: Source, found: _Row) -> Iterator[Block]:
    """Who was read, left out and analysed."""
    rows = found.get("flow")
    if rows is None:
        steps = source.manifest.get("cohort", {}).get("flow", ())
        if all("shown" in step for step in steps):  # hidden already where it must be
            rows = steps
        else:
            told = [FlowStep(step["step"], step["patients"]) for step in steps]
            rows = masked_flow(told, _size(source))
    if not rows:
        yield absent("the flow of its patients")
        return
    unit = counted(source.manifest)
    rows = [with_one_word(row, "patients") for row in rows]
    shown = [{**row, "step": _capital(str(row["step"]))} for row in rows]
    table = Table(
        "patients-flow-table",
        FLOW.format(unit=unit),
        (Column("step", "Step"), Column("shown", _capital(unit), "count")),
        tuple(shown),
    )
    yield Figure(
        "patients-flow-figure",
        "flow",
        FLOW.format(unit=unit),
        _flow_seen(rows),
        (table,),
        {"masked": HIDDEN_COUNT},
    )
    yield from unknown_outcomes(found.get("sensitivity"))
    if nobody_left_out(source):
        yield Paragraph(ALREADY_SELECTED, "warning")


def nobody_left_out(source: Source) -> bool:
    """Whether a file of real patients was analysed as it is, so that it may be selected already."""
    manifest = source.manifest
    steps = manifest.get("cohort", {}).get("flow", ())
    left = any(step["patients"] != 0 for step in steps if step["step"].startswith(EXCLUDED))
    return bool(steps) and not left and not manifest["evidence"].get("simulated_patients")


def _flow_seen(rows: Sequence[_Row]) -> str:
    left = [
        FLOW_LEFT.format(shown=row["shown"], reason=row["excluded"])
        for row in rows
        if row["excluded"] and row["patients"] != 0
    ]
    return FLOW_SEEN.format(
        read=FLOW_READ.format(shown=rows[0]["shown"]),
        left=listed(left) or FLOW_NOBODY,
        analysed=FLOW_ANALYSED.format(shown=rows[-1]["shown"]),
    )


def _table_one(source: Source, found: _Row) -> Iterator[Block]:
    table = found.get("table_one")
    if table is None:
        yield absent("a table of its patients")
        return
    unit, sizes = counted(source.manifest), table["sizes"]
    columns = [
        Column("characteristic", "Predictor"),
        Column("statistic", "Figures"),
        Column("all", f"All (n = {sizes['all']:,})"),
    ]
    note = [COUNTS]
    if table["by_outcome"]:
        label = _capital(source.manifest["outcome"]["label"])
        columns += [
            Column("event", f"{label} (n = {sizes['event']:,})"),
            Column("others", f"Without it (n = {sizes['others']:,})"),
            Column("smd_text", "Standardised difference", "number"),
        ]
        note.append(NO_P_VALUES)
    else:
        note.append(ONE_COLUMN.format(size=_size(source)))
    rows = []
    for row in by_name(table["rows"]):
        if _says_nothing(source, row):
            continue
        name = _name(source, row)
        state = row["state"]
        text = f"{name}: {state.replace('_', ' ')}" if state else name
        difference = "" if row["smd"] is None else two(row["smd"])
        rows.append({**row, "characteristic": text, "smd_text": difference})
    yield Table(
        "patients-table-one-table",
        (TABLE_ONE if table["by_outcome"] else TABLE_ONE_ALL).format(unit=unit),
        tuple(columns),
        tuple(rows),
        note=" ".join(note),
    )


def _says_nothing(source: Source, row: _Row) -> bool:
    """Whether a row repeats another one: no value missing, or the other one of no and yes."""
    known = source.bundle.dictionary.variables
    variable = known.get(row["variable"])
    binary = variable is not None and variable.kind == "binary"
    if row["state"] is not None:
        return binary and variable is not None and row["state"] == variable.states[0]
    return row.get("all_count") == 0


def _name(source: Source, row: _Row) -> str:
    """Label of a variable with its unit."""
    known = source.bundle.dictionary.variables
    return named(known[row["variable"]]) if row["variable"] in known else str(row["label"])


def missing_blocks(source: Source, found: _Row) -> Iterator[Block]:
    """What is missing, and how it is filled in."""
    missing = found.get("missing")
    if missing is None:
        yield absent("what is missing in its patients")
        return
    yield from _filled(source)
    unit = counted(source.manifest)
    variables = [with_one_word(row, "missing") for row in missing["variables"]]
    rows = [
        {**row, "missing_text": row["shown"], "share_text": _share_text(row)} for row in variables
    ]
    table = Table(
        "patients-missing-table",
        MISSING,
        (
            Column("label", "Predictor"),
            Column("missing_text", "Missing", "count"),
            Column("share_text", "Share", "percent"),
        ),
        tuple(rows),
    )
    if all(row["missing"] == 0 for row in rows):
        yield Paragraph(COMPLETE)
        return
    yield Figure(
        "patients-missing-figure",
        "missing",
        MISSING,
        _missing_seen(rows),
        (table,),
        {"axis": f"Share of {unit} without a value"},
    )
    found_patterns = [with_one_word(row, "patients") for row in missing["patterns"]]
    patterns = [{**row, "patients_text": row["shown"]} for row in found_patterns]
    if len(patterns) == 1:
        yield Paragraph(PATTERNS_HIDDEN, "quiet")
        return
    yield Figure(
        "patients-patterns-figure",
        "patterns",
        PATTERNS,
        PATTERNS_SEEN.format(
            count=len(patterns),
            first=patterns[0]["pattern"],
            share=percent(patterns[0]["share"]),
        ),
        (
            Table(
                "patients-patterns-table",
                PATTERNS,
                (
                    Column("pattern", "Missing together"),
                    Column("patients_text", _capital(unit), "count"),
                    Column("share", "Share", "percent"),
                ),
                tuple(patterns),
            ),
        ),
        {"axis": f"Share of {unit}"},
    )


def _filled(source: Source) -> Iterator[Block]:
    """How gaps are filled in."""
    plan = source.manifest.get("config", {}).get("preparation", {})
    if plan.get("imputation") in FILLED:
        yield Paragraph(FILLED[plan["imputation"]])
    indicated = plan.get("missing_indicators") or ()
    if indicated:
        known = source.bundle.dictionary.variables
        labels = [known[name].label if name in known else name for name in indicated]
        yield Paragraph(INDICATORS.format(names=listed(labels)))


def _missing_seen(rows: Sequence[_Row]) -> str:
    complete = sum(row["missing"] == 0 for row in rows)
    counts = {"complete": complete, "variables": len(rows)}
    known = sorted((row for row in rows if row["missing"]), key=lambda row: -row["missing"])
    if not known:
        return MISSING_HIDDEN.format(**counts)
    worst = [
        MISSING_OF.format(label=row["label"], share=percent(row["share"]))
        for row in known[:_MOST_NAMED]
    ]
    return MISSING_SEEN.format(worst=listed(worst), **counts)


def _share_text(row: _Row) -> str:
    return row["shown"] if row["share"] is None else f"{100 * row['share']:.1f}%"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
