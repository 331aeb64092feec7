"""The mapping file of a cohort that took no part in making a model, as frozen models.

A second hospital names its columns otherwise, codes the outcome otherwise and measures in other
units. What the model predicts, for whom and by which definition is the model's own and cannot be
changed here; what may be said of it is only held against it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictStr, model_validator

from predictor.config import CohortSource
from predictor.config_parts import Code, Name, OneOrMany, Part, distinct


class Setting(Part):
    """How these patients differ from those that the model was made from."""

    differs_by: Annotated[
        tuple[Literal["centre", "period"], ...], AfterValidator(distinct), OneOrMany()
    ] = ()
    """Another centre, another period, or both; nothing for patients of the same source, whose
    figures are shown and lift no level of evidence."""
    description: Name | None = None
    """Where and when, in a few words, such as "University hospital of Izmir, 2024-2026"."""


class NewOutcome(Part):
    """How the outcome stands in the file, and what is held against the model's own."""

    column: Name | None = None
    """Column of the outcome; by default it is called as the model's outcome is."""
    event: Annotated[
        tuple[Code, ...], AfterValidator(distinct), Field(min_length=1), OneOrMany()
    ] = ()
    """Values that are the event here; by default those of the model."""
    non_event: Annotated[tuple[Code, ...], AfterValidator(distinct), OneOrMany()] = ()
    """Values that are no event here; by default those of the model."""
    horizon: Name | None = None
    """Time from index visit to outcome, as in the model's question; another one is refused."""
    definition: Name | None = None
    """Definition or rule by which the outcome was told; another one than the model's is
    refused."""

    @model_validator(mode="after")
    def _both_or_none(self) -> NewOutcome:
        if self.non_event and not self.event:
            raise ValueError("name the event as well")
        return self


class NewCohort(Part):
    """A cohort that a model is validated on, monitored on or updated by."""

    name: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] | None = None
    """Short name of these patients: letters, digits, dot, hyphen, underscore."""
    setting: Setting = Setting()
    outcome: NewOutcome = NewOutcome()
    cohort: CohortSource = CohortSource()
    """Columns, units, values and so on, as under ``cohort`` in a configuration. A predictor that is
    read from a column of another name needs its unit under ``units``."""
    absent: Annotated[tuple[Name, ...], AfterValidator(distinct), OneOrMany()] = ()
    """Predictors that are not measured here at all; the model fills them in for everybody, as
    it does for one patient, and the result says so."""

    @model_validator(mode="after")
    def _rows_of_patients(self) -> NewCohort:
        if self.cohort.visits is not None:
            raise ValueError(
                "visits become one row per patient by `predictor cohort`; give its file here"
            )
        if self.cohort.published is not None:
            raise ValueError("`predictor simulate` writes simulated patients to a file; give that")
        return self
