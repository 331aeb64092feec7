"""The part of a configuration that asks when an event happens, not whether."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictInt, StrictStr, model_validator

from predictor.config_parts import Code, Grid, Name, OneOrMany, Part, Positive, distinct

KINDS: Mapping[str, str] = {"proportional_odds": "states", "multinomial": "states", "cox": "time"}
"""Models that are not for one event at one time, and what they are for."""

_OTHER_MODEL = {
    "event": "the model {} is for an event; for states name proportional_odds or multinomial, "
    "with question.follow_up name cox",
    "states": "the model {} is for several states; name it with question.states",
    "time": "the model {} is for the time to an event; name it with question.follow_up",
}


class FollowUp(Part):
    """When the event happens, among patients who are followed for different times."""

    time: Name
    """Column with the time from time zero to what the outcome says: the event, a competing event,
    or the day on which the patient was last seen without any."""
    unit: Literal["days", "months", "years"] = "days"
    """Unit of that column."""
    competing: Annotated[tuple[Code, ...], AfterValidator(distinct), OneOrMany()] = ()
    """Values of the outcome after which the event can no longer happen, such as death."""
    horizon_months: Annotated[
        tuple[Annotated[StrictInt, Field(ge=1, le=600)], ...],
        Field(min_length=1, max_length=10),
        OneOrMany(),
    ]
    """Months after time zero, rising, at which the model is judged; answers end with the last."""
    among: Mapping[StrictStr, Annotated[tuple[Code, ...], Field(min_length=1), OneOrMany()]] = {}
    """Columns of the file with the values that a patient must have to be asked about, such as
    ``response: [remission, low_disease_activity]``; others are left out and counted."""

    @model_validator(mode="after")
    def _rising(self) -> FollowUp:
        if any(later <= earlier for earlier, later in pairwise(self.horizon_months)):
            raise ValueError("the months of horizon_months rise, each named once")
        return self


class CoxPlan(Part):
    """Proportional hazards of the event and of what competes, coefficients shrunk by squares."""

    penalty: Grid[Positive] = (0.01, 0.1, 1.0, 10.0, 100.0)
    """Lambda: half of it times the sum of squared standardised coefficients."""


def check_follow_up(
    asked: FollowUp | None,
    several: bool,
    event: tuple[Code, ...],
    non_event: tuple[Code, ...],
) -> None:
    """Hold a question about time against the rest of the question; ValueError says what is wrong.

    Parameters
    ----------
    asked
        None for a question of another kind.
    several
        Whether states are named.
    event, non_event
        Values of the outcome.
    """
    if asked is None:
        return
    if several:
        raise ValueError("name either states, or follow_up for the time to an event")
    if event and not non_event:
        raise ValueError(
            "with follow_up name as non_event what the outcome is of patients who were last seen "
            "without any event"
        )
    distinct(tuple(str(code).casefold() for code in (*event, *non_event, *asked.competing)))


def check_models(names: tuple[str, ...], *, several: bool, timed: bool) -> None:
    """Hold the models of a study against its question; ValueError names one that does not fit.

    Parameters
    ----------
    names
        Of the models.
    several, timed
        Whether the question has states, or a follow-up.
    """
    kind = "states" if several else "time" if timed else "event"
    for name in names:
        own = KINDS.get(name, "event")
        if own != kind:
            raise ValueError(_OTHER_MODEL[own].format(name))
