"""The page of a monitoring run: alarms first, then every comparison, then calibration over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.cohort.summaries import p_text
from predictor.report.document import (
    Block,
    Column,
    Figure,
    Listing,
    Paragraph,
    Report,
    Section,
    Table,
    Verdict,
)

TITLE = "{name}: are the patients still those the model was made for?"
SUBTITLE = "{n:,} new patients ({new}) against {reference_patients:,} ({reference}), {day}"
QUIET = "No alarm."
ALARMS = "{count} {noun}: look before the model is used on."
FALSE_ALARMS = (
    "Patients like those of the reference, of whom the model is right, raise any alarm in at most "
    "{alpha:.3g}% of such files."
)
SMALL_COUNTS = (
    "Counts and shares of the new file stand here as they are, small ones too: this is for those "
    "who may see its patients."
)
NOTICED = "Noticed in the new file"
NOTICED_LINE = "{label} ({count:,} {noun}): {message}"
LEFT_OUT = "Left out of the new file"
LEFT_OUT_LINE = "{reason}: {patients:,}"
SHIFTS, COMPARED = "Shift of the inputs", "Every comparison"
SHIFTS_NOTE = (
    "Reference and new: medians of numbers, shares of the rest. Distance: largest difference of "
    "the two distributions, or of the shares. An alarm needs an adjusted p (Holm, over all rows "
    "together) below {alpha:.3g} and a distance of at least {smallest:g}."
)
NO_OUTCOMES = "The new file has no outcomes, so nothing is said of calibration."
BATCHES = "Events of consecutive patients, observed and expected"
BATCHES_NOTE = (
    "Limits: what a calibrated model leaves in any batch in {batches:.3g}% of such files. Those of "
    "the CUSUM it crosses in {cusum:.3g}%."
)
CUSUM_LINE = (
    "CUSUM for {direction} events than expected: highest {highest:.2f}, limit {limit:.2f}{crossed}."
)
CROSSED = ", crossed at patient {at:,}"

CHART = "Control chart"
EXPECTED, OBSERVED = "expected, with its limits", "observed"
ALTERNATIVE = (
    "Share with the event in {batches} batches of patients, observed and expected; {beyond} lie "
    "beyond the limits."
)
FROM_TO = "{first} to {last}"
YES = "yes"

WHAT: Mapping[str, str] = {
    "input_shift": "values",
    "missingness_shift": "missing",
    "prediction_shift": "values",
    "outside_domain": "share",
}
ALARMING: Mapping[str, str] = {
    "input_shift": "other values than before",
    "missingness_shift": "missing more or less often than before",
    "prediction_shift": "another distribution than before",
    "outside_domain": "another share than before",
    "calibration_batch": "a batch of patients with more or fewer events than chance allows",
    "more_events_than_expected": "more events than expected",
    "fewer_events_than_expected": "fewer events than expected",
}
ALARM = "{label}: {what}"


def alarm_lines(found: Mapping[str, Any]) -> list[str]:
    """One line for each alarm, in words."""
    labels = {(row["variable"] or None, row["code"]): row["label"] for row in found["shifts"]}
    outcome = str(found["outcome"]["label"])
    lines = []
    for alarm in found["alarms"]:
        what = ALARMING[alarm["code"]]
        label = labels.get((alarm["variable"], alarm["code"]), outcome)
        lines.append(ALARM.format(label=f"{label[:1].upper()}{label[1:]}", what=what))
    return lines


def monitor_report(found: Mapping[str, Any]) -> Report:
    """The contents of the page.

    Parameters
    ----------
    found
        What :meth:`predictor.workflow.monitor.Monitored.to_dict` gives.
    """
    lines = alarm_lines(found)
    headline = headline_of(lines)
    told = {key: found[key] for key in ("n", "new", "reference_patients", "reference")}
    return Report(
        TITLE.format(name=found["model"]["name"]),
        SUBTITLE.format(day=found["made"][:10], **told),
        Verdict("alarm" if lines else "no alarm", headline, tuple(lines), ()),
        {"model": found["model"], "alarms": found["alarms"], "made": found["made"]},
        (
            Section("alarms", "Alarms", tuple(_alarms(found, headline, lines))),
            Section("shifts", SHIFTS, (_shifts(found),)),
            Section("calibration", "Calibration over time", tuple(_calibration(found))),
        ),
    )


def headline_of(lines: list[str]) -> str:
    """How many alarms there are, as a sentence."""
    if not lines:
        return QUIET
    return ALARMS.format(count=len(lines), noun="alarm" if len(lines) == 1 else "alarms")


def notes(found: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What else is to be known of the new file: headings with their lines, none without lines."""
    labels = {row["variable"]: row["label"] for row in found["shifts"]}
    if warnings := found["warnings"]:
        yield (
            NOTICED,
            tuple(
                NOTICED_LINE.format(
                    label=labels.get(row["variable"], row["variable"]),
                    message=row["message"].rstrip("."),
                    count=row["count"],
                    noun="row" if row["count"] == 1 else "rows",
                )
                for row in warnings
            ),
        )
    if excluded := found["excluded"]:
        yield LEFT_OUT, tuple(LEFT_OUT_LINE.format(**row) for row in excluded)


def false_alarms(found: Mapping[str, Any]) -> str:
    """How often nothing is behind an alarm, as a sentence."""
    return FALSE_ALARMS.format(alpha=100 * found["alpha"])


def _alarms(found: Mapping[str, Any], headline: str, lines: list[str]) -> Iterator[Block]:
    yield Paragraph(headline, "alert" if lines else "plain")
    if lines:
        yield Listing(tuple(lines))
    yield Paragraph(false_alarms(found), "quiet")
    for heading, told in notes(found):
        yield Listing(told, heading)
    yield Paragraph(SMALL_COUNTS, "quiet")


def shown(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The comparisons without those of gaps that nobody has, before or now."""
    return [
        row
        for row in found["shifts"]
        if row["code"] != "missingness_shift" or row["reference"] or row["new"]
    ]


def _shifts(found: Mapping[str, Any]) -> Table:
    return Table(
        "shifts-table",
        COMPARED,
        (
            Column("label", "Compared"),
            Column("what", "What of it"),
            Column("reference", "Reference", "number"),
            Column("new", "New", "number"),
            Column("distance", "Distance", "number"),
            Column("p", "Adjusted p"),
            Column("said", "Alarm"),
        ),
        tuple(
            {
                **row,
                "what": WHAT[row["code"]],
                "p": None if row["adjusted"] is None else p_text(row["adjusted"]),
                "said": YES if row["alarm"] else "",
            }
            for row in shown(found)
        ),
        note=SHIFTS_NOTE.format(alpha=found["alpha_of"]["shifts"], smallest=found["smallest"]),
    )


def _calibration(found: Mapping[str, Any]) -> Iterator[Block]:
    if not found["batches"]:
        yield Paragraph(NO_OUTCOMES)
        return
    if len(found["batches"]) > 1:
        yield _chart(found["batches"])
    yield Table(
        "batches-table",
        BATCHES,
        (
            Column("place", "Patients"),
            Column("patients", "How many", "count"),
            Column("observed", "Observed", "count"),
            Column("expected", "Expected", "number", digits=1),
            Column("limits", "Limits"),
            Column("said", "Alarm"),
        ),
        tuple(
            {
                **row,
                "place": FROM_TO.format(**row),
                "limits": FROM_TO.format(first=row["low"], last=row["high"]),
                "said": YES if row["alarm"] else "",
            }
            for row in found["batches"]
        ),
        note=BATCHES_NOTE.format(
            batches=100 * found["alpha_of"]["batches"], cusum=100 * found["alpha_of"]["cusum"]
        ),
    )
    yield Listing(tuple(cusum_line(chart) for chart in found["cusum"]))


def _chart(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Observed events within their limits, batch after batch."""
    points: list[dict[str, str | float]] = []
    for row in rows:
        at, n = float(row["last"]), row["patients"]
        ends = {"low": row["low"] / n, "high": row["high"] / n}
        points.append({"series": EXPECTED, "x": at, "y": row["expected"] / n, **ends})
        points.append({"series": OBSERVED, "x": at, "y": row["observed"] / n})
    beyond = sum(bool(row["alarm"]) for row in rows)
    alternative = ALTERNATIVE.format(batches=len(rows), beyond=beyond)
    columns = (
        Column("series", "What"),
        Column("x", "Up to patient", "count"),
        Column("y", "Share with the event", "number"),
        Column("low", "Limit from", "number"),
        Column("high", "Limit to", "number"),
    )
    table = Table("chart-table", CHART, columns, tuple(points), folded=True)
    options = {"x_label": "Patients up to the end of the batch", "y_label": "Share with the event"}
    return Figure("chart", "lines", CHART, alternative, (table,), options)


def cusum_line(chart: Mapping[str, Any]) -> str:
    """One chart in a sentence."""
    crossed = "" if chart["at"] is None else CROSSED.format(at=chart["at"])
    return CUSUM_LINE.format(
        direction=chart["direction"],
        highest=chart["highest"],
        limit=chart["limit"],
        crossed=crossed,
    )
