"""What a cohort made from visits is told as: the flow, and what unknown outcomes could change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.cohort.problem import as_sentence

STEP = "{patients:>9,}  {step}"
HEAD = "Read from visits, counted in {counted}:"
EVENTS = "{events:,} of {rows:,} had the event ({share:.1%})."
ENDS = (
    "Followed up to: the event {event:,}, death before it {competing:,}, the last visit without "
    "either {censored:,}. The middle one of these times is {median_days:,.0f} days."
)
UNKNOWN = (
    "{unknown:,} outcomes are not known: {no_follow_up:,} without a follow-up visit, "
    "{undeterminable:,} that cannot be told at it. If all of them were the event, its share would "
    "be {best:.1%} (best case of a good outcome); if none of them, {worst:.1%} (worst case)."
)
STATES = "In each state, worst first: {states}."
IN_STATE = "{state} {patients:,} ({share:.1%})"
UNKNOWN_STATES = (
    "{unknown:,} outcomes are not known. If none or all of them were in a state, its share would "
    "be: {states}."
)
BETWEEN = "{state} {worst:.1%} to {best:.1%}"
WRITTEN = "Wrote {file}, and what its columns are to {dictionary}."
LOOK = "To look at; none of it stopped the work (how often, what):"
WARNING = "{count:>9,}  {what}"
OF = "{variable}: {message}"
CARE = "Take care:"
CAUTION = "- {where}: {message}"


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
    if made["sensitivity"] is not None:
        yield from _outcomes(made, made["sensitivity"])
    if made["warnings"]:
        yield ""
        yield LOOK
    for warning in made["warnings"]:
        yield WARNING.format(count=warning["count"], what=_sentence(warning))
    if made["cautions"]:
        yield ""
        yield CARE
    for caution in made["cautions"]:
        yield CAUTION.format(**caution)
    yield ""
    yield WRITTEN.format(file=made["file"], dictionary=made["dictionary"])


def _outcomes(made: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """How the outcomes are spread, and what the unknown ones could change."""
    if found.get("states"):
        if found["known"]:
            rows = ({**row, "state": _label(row)} for row in found["states"])
            yield STATES.format(states=", ".join(IN_STATE.format(**row) for row in rows))
    elif found["share"] is not None:
        yield EVENTS.format(events=made["events"], rows=made["rows"], share=found["share"])
    if found["no_follow_up"] + found["undeterminable"]:
        yield unknown_outcomes(found)


def _sentence(warning: Mapping[str, Any]) -> str:
    """What was found, and of which variable, as a sentence."""
    message = as_sentence(warning["message"].rstrip("."))
    name = warning["variable"]
    return OF.format(variable=name, message=message) if name else message


def unknown_outcomes(found: Mapping[str, Any]) -> str:
    """What unknown outcomes could change, as a sentence.

    Parameters
    ----------
    found
        Shares of events with nothing hidden.
    """
    unknown = found["no_follow_up"] + found["undeterminable"]
    if found.get("states"):
        states = (
            BETWEEN.format(state=_label(row), worst=row["worst_case"], best=row["best_case"])
            for row in found["states"]
        )
        return UNKNOWN_STATES.format(unknown=unknown, states=", ".join(states))
    return UNKNOWN.format(
        unknown=unknown,
        no_follow_up=found["no_follow_up"],
        undeterminable=found["undeterminable"],
        best=found["best_case"],
        worst=found["worst_case"],
    )


def _label(row: Mapping[str, Any]) -> str:
    return str(row["state"]).replace("_", " ")
