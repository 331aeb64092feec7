"""What is told of one of several states, as data and as lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from predictor.clinic.answer import percent

if TYPE_CHECKING:
    from predictor.clinic.results import Interval

STATES = "{question}, best state first; the probabilities add up to 100%:"
"""Above the lines of the states."""

_STATE = "  {label:<{width}} {probability:>9}   {interval}"
_INTERVAL = "{level} interval ({method}) {low} to {high}"
_AVERAGE = "A patient with average values: {shares}"
_SHARE = "{label} {reference}"
_ABOUT = "The reasons below are those of {label}{against}."
_AGAINST = ", on its odds against {label}"
_LONGEST = 34
_WIDTH = 92


@dataclass(frozen=True, slots=True)
class StateAnswer:
    """One of several states of one patient.

    Parameters
    ----------
    state, label
        Its name, and what people call it.
    probability
        With those of the other states it adds up to one.
    reference_probability
        Of a patient whose predictors are the cohort's average.
    low, high
        Bounds of the interval; None where the bundle supports none.
    base_value, contributions
        Of the log-odds against the first state, in a multinomial model; None for the first state
        and for proportional odds, where one sum stands for all states.
    """

    state: str
    label: str
    probability: float
    reference_probability: float
    low: float | None
    high: float | None
    base_value: float | None = None
    contributions: Mapping[str, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found: dict[str, Any] = {
            "state": self.state,
            "label": self.label,
            "probability": self.probability,
            "low": self.low,
            "high": self.high,
            "reference_probability": self.reference_probability,
        }
        if self.contributions is not None:
            found |= {"base_value": self.base_value, "contributions": dict(self.contributions)}
        return found


def state_lines(states: Sequence[StateAnswer], interval_of_best: Interval | None) -> list[str]:
    """A line for each state, the best one first.

    Parameters
    ----------
    states
        Worst first.
    interval_of_best
        Says how all of them were made.
    """
    level = interval_of_best.level if interval_of_best else None
    method = interval_of_best.method if interval_of_best else ""
    width = min(_LONGEST, max(len(state.label) for state in states))
    lines = []
    for state in reversed(states):
        label = state.label if len(state.label) <= width else f"{state.label[: width - 1]}…"
        interval = ""
        if state.low is not None and state.high is not None and level is not None:
            interval = _INTERVAL.format(
                level=f"{level:.0%}",
                method=method,
                low=percent(state.low),
                high=percent(state.high),
            )
        told = _STATE.format(
            label=label, width=width, probability=percent(state.probability), interval=interval
        )
        lines.append(told.rstrip())
    return lines


def shares(states: Sequence[StateAnswer]) -> str:
    """Each state with its probability, best first; empty where there are none."""
    return ", ".join(
        _SHARE.format(label=state.label, reference=percent(state.probability))
        for state in reversed(states)
    )


def state_average(states: Sequence[StateAnswer], *, reasons: bool) -> list[str]:
    """What the patient is compared with and, if there are reasons, which state's they are."""
    if not states:
        return []
    shares = ", ".join(
        _SHARE.format(label=state.label, reference=percent(state.reference_probability))
        for state in reversed(states)
    )
    against = ""
    if states[-1].contributions is not None:
        against = _AGAINST.format(label=states[0].label)
    told = [_AVERAGE.format(shares=shares)]
    if reasons:
        told.append(_ABOUT.format(label=states[-1].label, against=against))
    return [
        line
        for text in told
        for line in textwrap.wrap(text, _WIDTH, subsequent_indent="  ", max_lines=2)
    ]
