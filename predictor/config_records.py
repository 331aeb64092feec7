"""The parts of a configuration that lead from visits to one row per patient."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictInt, StrictStr, ValidationError, model_validator

from predictor.config_parts import Name, Number, OneOrMany, Part, distinct
from predictor.config_sources import OmopSource, RedcapSource, SqlSource
from predictor.config_visit_times import INDEX_TIME

Rule = Annotated[StrictStr, Field(min_length=1, max_length=4000)]
"""A condition over dictionary variables, such as ``sledai_2k >= 6``."""

Days = Annotated[Number, Field(ge=-40_000, le=40_000, allow_inf_nan=False)]
"""Days from the index visit; more than a century is a slip of the pen."""

Window = Annotated[tuple[Days | None, Days | None], Field(min_length=2, max_length=2)]
"""First and last day; null leaves the far end open."""

Span = tuple[float, float]
"""First and last day, infinite where a window is open."""

Unit = Literal["days", "weeks", "months", "years", "date"]

INDEX_CHOICES = ("first", "last", "every")

FOLLOW_UP_DAYS = "follow_up_days"
"""Column of its own that a cohort made from visits has, beside the time of the index visit."""

OWN = "{name} is a column that every cohort made from visits has of its own. Take another name."
TWICE = "the cohort would have two columns {name}: this one and that of {other}. Take another name."


Ends = tuple[float | None, float | None]


def _in_order(window: Ends) -> Ends:
    low, high = span(window)
    if low > high:
        raise ValueError("the window ends before it starts; write the earlier day first")
    return window


def _before_index(window: Ends) -> Ends:
    if span(window)[1] > 0:
        raise ValueError(
            "nothing after the index visit is a baseline value; end at 0 at the latest"
        )
    return _in_order(window)


def _after_index(window: Ends) -> Ends:
    if span(window)[0] <= 0:
        raise ValueError("the outcome window reaches the index visit; begin after day 0")
    return _in_order(window)


def span(window: Ends) -> Span:
    """A window as numbers.

    >>> span((None, 0.0)), span((90.0, None))
    ((-inf, 0.0), (90.0, inf))
    """
    low, high = window
    return -math.inf if low is None else low, math.inf if high is None else high


def days_of(window: Span) -> str:
    """A window in words.

    >>> days_of((-30.0, 0.0)), days_of((-math.inf, 0.0)), days_of((90.0, math.inf))
    ('days -30 to 0', 'all days up to 0', 'day 90 or later')
    """
    low, high = window
    if math.isinf(low):
        return f"all days up to {high:g}"
    return f"day {low:g} or later" if math.isinf(high) else f"days {low:g} to {high:g}"


BaselineWindow = Annotated[Window, AfterValidator(_before_index)]
OutcomeWindow = Annotated[Window, AfterValidator(_after_index)]


class VisitSource(Part):
    """A table of visits: one row for each time a patient was seen."""

    file: Name | None = None
    """CSV, Excel or Parquet, relative to this configuration; ``--data`` overrides it."""
    sql: SqlSource | None = None
    """Rows of a database instead of a file."""
    redcap: RedcapSource | None = None
    """The export of a REDCap project instead of a file."""
    omop: OmopSource | None = None
    """Tables of the OMOP common data model instead of a file."""
    patient: Name
    """Column that identifies the patient; never leaves this machine."""
    time: Name
    """Column with the time of the visit."""
    unit: Unit = "days"
    """What the times are: numbers since any start, or dates (ISO 8601). Months have 30.4375 days,
    years 365.25."""
    same_day: Literal["refuse", "first", "last"] = "refuse"
    """Which of several visits on one day counts where they differ, by time and then by place in the
    file. Identical ones are merged in any case."""
    fixed: Annotated[tuple[Name, ...], AfterValidator(distinct), OneOrMany()] = ("sex",)
    """Variables that cannot change; where they do, two patients have one identifier. Those that the
    table or the dictionary has not are passed over."""

    @model_validator(mode="after")
    def _one_place(self) -> VisitSource:
        places = ("file", "sql", "redcap", "omop")
        named = [name for name in places if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"name one of {', '.join(places)}, not {' and '.join(named)}")
        return self


class StopSource(Part):
    """From when on a patient may enter, such as the end of a treatment: one of the two."""

    time: Name | None = None
    """Column with that time, in the unit of the visits; a patient without it never enters."""
    rule: Rule | None = None
    """A condition; the visits from the first one on at which it held count, whatever came later."""

    @model_validator(mode="after")
    def _one_source(self) -> StopSource:
        if (self.time is None) == (self.rule is None):
            raise ValueError("name exactly one of time and rule")
        return self


class IndexRule(Part):
    """At which visit a patient enters: one of first, last and every."""

    first: Rule | None = None
    """The first visit at which this holds."""
    last: Rule | None = None
    """The last visit at which this holds."""
    every: Rule | None = None
    """Every visit at which this holds; a patient's rows stay together in all folds."""
    after: StopSource | None = None
    """Only visits from then on count, such as those after a treatment stopped."""

    @model_validator(mode="after")
    def _one_rule(self) -> IndexRule:
        if sum(getattr(self, name) is not None for name in INDEX_CHOICES) != 1:
            raise ValueError("name exactly one of first, last and every")
        return self

    @property
    def which(self) -> str:
        """``first``, ``last`` or ``every``."""
        return next(name for name in INDEX_CHOICES if getattr(self, name) is not None)

    @property
    def rule(self) -> str:
        """The condition as it is written."""
        return str(getattr(self, self.which))


class VariableWindow(Part):
    """Another window for one variable."""

    latest_within: BaselineWindow
    """First and last day before the index visit; null for everything that was known before."""


class BaselinePlan(Part):
    """Which values count as known at the index visit: the latest in a window, never a later one."""

    latest_within: BaselineWindow = (-30.0, 0.0)
    """First and last day, counted from the index visit; null first for everything before it."""
    variables: Mapping[StrictStr, VariableWindow] = {}
    """Dictionary variable -> its own window, such as ``c3: {latest_within: [-90, 0]}``."""

    def window(self, name: str) -> Span:
        """Window of a variable."""
        own = self.variables.get(name)
        return span(own.latest_within if own else self.latest_within)


class FollowUpVisit(Part):
    """The visit at which the outcome is read."""

    nearest: Days
    """Day after the index visit; of two visits equally near the earlier one counts."""
    within: OutcomeWindow
    """First and last day; null last for no end. Without a visit in it the outcome is unknown, never
    "no response"."""

    @model_validator(mode="after")
    def _inside(self) -> FollowUpVisit:
        low, high = self.window
        if not low <= self.nearest <= high:
            raise ValueError(f"nearest lies outside within, {days_of(self.window)}")
        return self

    @property
    def window(self) -> Span:
        """First and last day."""
        return span(self.within)


class DeathSource(Part):
    """Where a death is recorded: one of the two columns."""

    time: Name | None = None
    """Column with the time of death, in the unit of the visits; empty for those alive."""
    visit: Name | None = None
    """Column that is 1 or yes at the visit at which a death was recorded."""
    state: StrictInt | StrictStr | None = None
    """What the outcome of the dead is: by default that the rule does not hold (0), or ``death``
    where the definition has several states. Say 1 where death is part of the event, such as a
    flare. With ``question.follow_up`` the word of ``competing``, or of ``event``."""

    @model_validator(mode="after")
    def _one_column(self) -> DeathSource:
        if (self.time is None) == (self.visit is None):
            raise ValueError("name exactly one of time and visit")
        return self


class OutcomePlan(Part):
    """What is looked for after the index visit, by a definition or a rule of your own."""

    definition: Name | None = None
    """A shipped outcome definition (``predictor outcomes`` lists them), or a file of your own."""
    rule: Rule | None = None
    """A condition at the follow-up visit; ``index.NAME`` is a value at the index visit."""
    at: FollowUpVisit | None = None
    """The visit that is looked at. With ``question.follow_up`` all visits after the index visit
    are, and there is none to be named."""
    death: DeathSource | None = None
    """A death up to the last day of the window is an outcome, never a missing one."""
    confirmed_after: Annotated[Number, Field(gt=0, le=40_000)] | None = None
    """With ``rule``: it must hold again at the first visit at least so many days later."""

    @model_validator(mode="after")
    def _one_definition(self) -> OutcomePlan:
        if (self.definition is None) == (self.rule is None):
            raise ValueError("name exactly one of definition and rule")
        if self.definition is not None and self.confirmed_after is not None:
            raise ValueError("a definition says itself whether it must be confirmed")
        return self

    @property
    def looked_at(self) -> FollowUpVisit:
        """The visit that is looked at, where the question is of no time."""
        if self.at is None:
            raise ValueError("the question is of a time, and of no single visit")
        return self.at


def outcome_plan(told: Mapping[str, object]) -> OutcomePlan | None:
    """What a file says of its outcome; None where that is none that a configuration can name."""
    try:
        return OutcomePlan.model_validate(told)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class RecordsPlan:
    """How visits become one row per patient: the four parts, all of them there."""

    visits: VisitSource
    index: IndexRule
    baseline: BaselinePlan
    outcome: OutcomePlan


def column_clashes(
    plan: RecordsPlan, outcome: str, variables: Iterable[str], centre: str | None
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Names that would give a cohort two columns of one name, as key and message.

    Parameters
    ----------
    plan, outcome, variables, centre
        What becomes columns: the patient and the centre, predictors and conditions, the outcome.
    """
    if plan.visits.time == INDEX_TIME:
        yield ("cohort", "visits", "time"), OWN.format(name=INDEX_TIME)
    taken = {INDEX_TIME: "", FOLLOW_UP_DAYS: "", **{name: name for name in variables}}
    columns: list[tuple[tuple[str, ...], str, str]] = [
        (("cohort", "visits", "patient"), plan.visits.patient, "the patient")
    ]
    if centre is not None:
        columns.append((("cohort", "centre"), centre, "the centre"))
    columns.append((("question", "outcome"), outcome, "the outcome"))
    for keys, name, said in columns:
        if name in taken:
            other = taken[name]
            yield keys, TWICE.format(name=name, other=other) if other else OWN.format(name=name)
        taken.setdefault(name, said)


def with_patients_of_visits(data: object) -> object:
    """The source with what its visits imply: who the patient is, and whether rows repeat.

    Parameters
    ----------
    data
        What stands under ``cohort``, before it is checked.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("visits"), Mapping):
        return data
    implied: dict[str, object] = {}
    if isinstance(patient := data["visits"].get("patient"), str):
        implied["patient"] = patient
    index = data.get("index")
    if isinstance(index, Mapping) and index.get("every") is not None:
        implied["repeated_rows"] = True
    return {**data, **{key: value for key, value in implied.items() if data.get(key) is None}}


def check_records(
    visits: VisitSource | None,
    index: IndexRule | None,
    baseline: BaselinePlan | None,
    outcome: OutcomePlan | None,
) -> None:
    """Hold the four parts against each other.

    Raises
    ------
    ValueError
        If one is there without those it needs.
    """
    if visits is None:
        there = {"index": index, "baseline": baseline, "outcome": outcome}
        alone = [name for name, part in there.items() if part is not None]
        if alone:
            raise ValueError(f"{', '.join(alone)} can only stand beside visits")
        return
    if index is None or outcome is None:
        raise ValueError("visits need index and outcome beside them")
