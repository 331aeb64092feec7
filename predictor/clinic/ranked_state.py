"""The answers of a model of several states as those of one state, for an order by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from predictor.clinic.results import Prediction, Predictions
from predictor.errors import BundleError
from predictor.fitted.bundle import Bundle

NOT_THERE = "{state!r} is none of its states"
NAME_ONE = "Name one of {states}."
WORST = "{label} is the worst state: the order would begin with those who fare worst"
NO_STATES = "it tells one event and no states"
LEAVE_OUT = "Leave --state out."
MIDDLE = (
    "The order is by the probability of {label} alone: whoever is more likely to be in a better "
    "state stands further down."
)


def place_of(bundle: Bundle, state: str | None) -> int | None:
    """Position of the state that patients are ordered by.

    Parameters
    ----------
    bundle
        Of any outcome.
    state
        Its name; None for the best one.

    Returns
    -------
    None where the model is of one event.

    Raises
    ------
    BundleError
        If there is no such state, or it is the worst one.
    """
    where, part = str(bundle.path), bundle.states
    if part is None:
        if state is not None:
            raise BundleError(where, NO_STATES, LEAVE_OUT)
        return None
    others = NAME_ONE.format(states=", ".join(part.names[1:]))
    if state is not None and state not in part.names:
        raise BundleError(where, NOT_THERE.format(state=state[:60]), others)
    place = len(part.names) - 1 if state is None else part.names.index(state)
    if place == 0:
        raise BundleError(where, WORST.format(label=part.labels[0]), others)
    return place


def bundle_of_state(bundle: Bundle, place: int) -> Bundle:
    """A bundle whose outcome is called as one of its states."""
    part = bundle.states
    assert part is not None, "a place is that of a state"  # noqa: S101
    outcome: dict[str, Any] = {**bundle.manifest["outcome"]}
    outcome |= {"label": part.labels[place], "event": [part.names[place]]}
    return replace(bundle, manifest={**bundle.manifest, "outcome": outcome})


def answers_of_state(answers: Predictions, place: int) -> Predictions:
    """The same answers with probability and interval of one state."""
    return replace(answers, predictions=tuple(_of(p, place) for p in answers.predictions))


def notes_of_state(bundle: Bundle, place: int) -> tuple[str, ...]:
    """What must be said of an order by a state that is not the best one."""
    part = bundle.states
    if part is None or place == len(part.names) - 1:
        return ()
    return (MIDDLE.format(label=part.labels[place]),)


def _of(prediction: Prediction, place: int) -> Prediction:
    state, interval = prediction.states[place], prediction.interval
    if interval is not None and state.low is not None and state.high is not None:
        interval = replace(interval, low=state.low, high=state.high)
    return replace(
        prediction,
        label=state.label,
        probability=state.probability,
        reference_probability=state.reference_probability,
        interval=interval,
    )
