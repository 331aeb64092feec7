"""The part of a configuration that names several states of one outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, StrictStr, model_validator
from pydantic_core import core_schema

from predictor.config_parts import Code, Name, OneOrMany, Part, distinct

MOST = 10
"""More states than these are no states of a disease but a measurement."""


class NamedState(Part):
    """One of several ordered states."""

    state: Annotated[StrictStr, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,59}$")]
    """Its name: letters, digits and underscores."""
    label: Name | None = None
    """What people call it, such as "low disease activity"."""
    values: Annotated[tuple[Code, ...], AfterValidator(distinct), OneOrMany()] = ()
    """Values of the outcome that mean it; its name by default."""
    when: Mapping[StrictStr, Annotated[tuple[Code, ...], Field(min_length=1), OneOrMany()]] = {}
    """Columns of the file with the values that they all must have, such as ``lda_fu: 1``, where no
    column holds the state itself. The last state that holds is taken; the first one needs none."""

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_name(cls, data: object) -> object:
        return {"state": data} if isinstance(data, str) else data

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.label or self.state.replace("_", " ")


class _MayBeName:
    """A state of which nothing but its name is said, also for editors."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "string"}]}


State = Annotated[NamedState, _MayBeName()]
"""One of several ordered states, or its name alone."""


def check_states(states: tuple[State, ...], codes: tuple[Code, ...]) -> None:
    """Hold the states of a question against each other; ValueError says what breaks a rule.

    Parameters
    ----------
    states
        Worst first; none for a question of yes and no.
    codes
        Values of event and no event.
    """
    if not states:
        return
    if codes:
        raise ValueError("name either states, or event and non_event")
    if not 3 <= len(states) <= MOST:
        raise ValueError(
            f"states are from 3 to {MOST}, worst first; of two name the better one as event"
        )
    distinct(tuple(state.state for state in states))
    distinct(tuple(state.shown for state in states))
    derived = [bool(state.when) for state in states]
    if any(derived):
        if derived[0] or not all(derived[1:]):
            raise ValueError("where states are derived with when, all but the first one have it")
        if any(state.values for state in states):
            raise ValueError("states have either values of the outcome, or when")
    else:
        distinct(tuple(str(v).casefold() for s in states for v in (s.values or (s.state,))))
