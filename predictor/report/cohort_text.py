"""What a cohort made from visits is told as: the flow, and what unknown outcomes could change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

STEP = "{patients:>9,}  {step}"
HEAD = "Read from visits, counted in {counted}:"
EVENTS = "{events:,} of {rows:,} had the event ({share:.1%})."
ENDS = (
    "Followed up to: the event {event:,}, death before it {competing:,}, the last visit without "
    "either {censored:,}. The middle one of these times is {median_days:,.0f} days."
)
UNKNOWN = (
    "{unknown:,} outcomes are not known. If all of them were the event, its share would be "
    "{best:.1%} (best case of a good outcome); if none of them, {worst:.1%} (worst case)."
)
WRITTEN = "Wrote {file}, and what its columns are to {dictionary}."
WARNING = "{variable}: {message} ({count:,})"


def cohort_text(made: Mapping[str, Any]) -> Iterator[str]:
    """Lines for people.

    Parameters
    ----------
    made
        What ``predictor cohort --format json`` prints.
    """
    yield HEAD.format(counted=made["counted"])
    for step in made["flow"]:
        yield STEP.format(**step)
    if "ends" in made:
        yield ENDS.format(**made["ends"])
    found = made["sensitivity"]
    if found is not None and found["share"] is not None:
        yield EVENTS.format(events=made["events"], rows=made["rows"], share=found["share"])
    if found is not None and found["no_follow_up"] + found["undeterminable"]:
        yield unknown_outcomes(found)
    for warning in made["warnings"]:
        text = warning["message"].rstrip(".")
        name = warning["variable"] or "visits"
        yield WARNING.format(variable=name, message=text, count=warning["count"])
    yield WRITTEN.format(file=made["file"], dictionary=made["dictionary"])


def unknown_outcomes(found: Mapping[str, Any]) -> str:
    """What unknown outcomes could change, as a sentence.

    Parameters
    ----------
    found
        Shares of events with nothing hidden.
    """
    unknown = found["no_follow_up"] + found["undeterminable"]
    return UNKNOWN.format(unknown=unknown, best=found["best_case"], worst=found["worst_case"])
