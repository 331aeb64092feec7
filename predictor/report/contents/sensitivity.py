"""What unknown outcomes could change, beside the flow of patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents.numbers_text import percent
from predictor.report.document import Block, Paragraph

UNKNOWN = (
    "{unknown:,} outcomes are not known: {no_follow_up:,} for want of a follow-up visit, "
    "{undeterminable:,} because the outcome could not be told at it. They are left out and not "
    "taken for failures. The share of events among the others is {share}; it would be {worst} if "
    "none of the unknown were the event and {best} if all of them were."
)
UNKNOWN_STATES = (
    "{unknown:,} outcomes are not known: {no_follow_up:,} for want of a follow-up visit, "
    "{undeterminable:,} because the state could not be told at it. They are left out and not "
    "taken for the worst state. How often each state would be there if none of the unknown, or all "
    "of them, were in it: {states}."
)
OF_STATE = "{state} {worst} to {best} ({share} of the known)"
OF_HIDDEN = "{state} not told, as it is a small number"
HIDDEN = (
    "Some outcomes are not known and left out, not taken for failures. They are too few for what "
    "they could change to be told without telling their number."
)


def unknown_outcomes(found: Mapping[str, Any] | None) -> Iterator[Block]:
    """Tell of outcomes that are not known, where it is known how many they are.

    Parameters
    ----------
    found
        Shares of events as ``findings.json`` has them; None of a cohort that came as a table.
    """
    if found is None:
        return
    if found["no_follow_up"] is None:
        yield Paragraph(HIDDEN)
        return
    unknown = found["no_follow_up"] + found["undeterminable"]
    if unknown and found.get("states"):
        yield Paragraph(
            UNKNOWN_STATES.format(
                unknown=unknown,
                no_follow_up=found["no_follow_up"],
                undeterminable=found["undeterminable"],
                states="; ".join(map(_state, found["states"])),
            )
        )
    elif unknown:
        text = UNKNOWN.format(
            unknown=unknown,
            no_follow_up=found["no_follow_up"],
            undeterminable=found["undeterminable"],
            share=percent(found["share"]),
            worst=percent(found["worst_case"]),
            best=percent(found["best_case"]),
        )
        yield Paragraph(text)


def _state(row: Mapping[str, Any]) -> str:
    state = str(row["state"]).replace("_", " ")
    if row["best_case"] is None:
        return OF_HIDDEN.format(state=state)
    return OF_STATE.format(
        state=state,
        worst=percent(row["worst_case"]),
        best=percent(row["best_case"]),
        share=percent(row["share"]),
    )
