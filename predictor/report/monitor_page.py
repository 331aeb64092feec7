"""The page of a monitoring run: alarms first, then every comparison, then calibration over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.document import (
    Block,
    Column,
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
SHIFTS = "Shift of the inputs"
SHIFTS_NOTE = (
    "Distance: largest difference of the two distributions, or of the shares. An alarm needs an "
    "adjusted p (Holm, over all rows together) below {alpha:g} and a distance of at least "
    "{smallest:g}."
)
NO_OUTCOMES = "The new file has no outcomes, so nothing is said of calibration."
BATCHES = "Events of consecutive patients, observed and expected"
BATCHES_NOTE = "Limits: what a calibrated model leaves in all but 1 of 370 batches."
CUSUM = "CUSUM: {direction} events than expected"
CUSUM_LINE = "{direction} events than expected: highest {highest:.2f}, limit {limit:.2f}{crossed}."
CROSSED = ", crossed at patient {at:,}"

WHAT: Mapping[str, str] = {
    "input_shift": "values",
    "missingness_shift": "missing",
    "prediction_shift": "predictions",
    "outside_domain": "outside the model's patients",
    "calibration_batch": "a batch of patients with more or fewer events than chance allows",
    "more_events_than_expected": "more events than expected",
    "fewer_events_than_expected": "fewer events than expected",
}
ALARM = "{label}: {what}"


def alarm_lines(found: Mapping[str, Any]) -> list[str]:
    """One line for each alarm, in words."""
    labels = {row["variable"]: row["label"] for row in found["shifts"] if row["variable"]}
    lines = []
    for alarm in found["alarms"]:
        name, what = alarm["variable"], WHAT[alarm["code"]]
        if name is None:
            lines.append(f"{what[:1].upper()}{what[1:]}")
        else:
            lines.append(ALARM.format(label=labels.get(name, name), what=what))
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
            Section("alarms", "Alarms", tuple(_alarms(headline, lines))),
            Section("shifts", SHIFTS, (_shifts(found),)),
            Section("calibration", "Calibration over time", tuple(_calibration(found))),
        ),
    )


def headline_of(lines: list[str]) -> str:
    """How many alarms there are, as a sentence."""
    if not lines:
        return QUIET
    return ALARMS.format(count=len(lines), noun="alarm" if len(lines) == 1 else "alarms")


def _alarms(headline: str, lines: list[str]) -> Iterator[Block]:
    yield Paragraph(headline, "alert" if lines else "plain")
    if lines:
        yield Listing(tuple(lines))


def _shifts(found: Mapping[str, Any]) -> Table:
    return Table(
        "shifts-table",
        SHIFTS,
        (
            Column("label", "Compared"),
            Column("what", "What of it"),
            Column("reference", "Reference", "number"),
            Column("new", "New", "number"),
            Column("distance", "Distance", "number"),
            Column("adjusted", "Adjusted p", "number", digits=3),
            Column("said", "Alarm"),
        ),
        tuple(
            {**row, "what": WHAT[row["code"]], "said": "yes" if row["alarm"] else ""}
            for row in found["shifts"]
        ),
        note=SHIFTS_NOTE.format(alpha=found["alpha"], smallest=found["smallest"]),
    )


def _calibration(found: Mapping[str, Any]) -> Iterator[Block]:
    if not found["batches"]:
        yield Paragraph(NO_OUTCOMES)
        return
    yield Table(
        "batches-table",
        BATCHES,
        (
            Column("place", "Patients"),
            Column("patients", "How many", "count"),
            Column("observed", "Observed", "count"),
            Column("expected", "Expected", "number", digits=1),
            Column("low", "Limit from", "count"),
            Column("high", "to", "count"),
            Column("said", "Alarm"),
        ),
        tuple(
            {
                **row,
                "place": f"{row['first']} to {row['last']}",
                "said": "yes" if row["alarm"] else "",
            }
            for row in found["batches"]
        ),
        note=BATCHES_NOTE,
    )
    yield Listing(tuple(cusum_line(chart) for chart in found["cusum"]), "CUSUM")


def cusum_line(chart: Mapping[str, Any]) -> str:
    """One chart in a sentence."""
    crossed = "" if chart["at"] is None else CROSSED.format(at=chart["at"])
    return CUSUM_LINE.format(
        direction=chart["direction"].capitalize(),
        highest=chart["highest"],
        limit=chart["limit"],
        crossed=crossed,
    )
