"""Where records come from besides files, and what odd laboratory values are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from predictor.config_parts import Name, OneOrMany, Part, distinct

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


def _environment_variable(value: str) -> str:
    # An address written here by mistake may hold a password, so it is not repeated.
    if not _VARIABLE.fullmatch(value):
        raise ValueError(
            "expected the name of an environment variable that holds the address; the address "
            "itself never stands in a configuration"
        )
    return value


EnvironmentVariable = Annotated[StrictStr, AfterValidator(_environment_variable)]
Query = Annotated[StrictStr, Field(min_length=1, max_length=100_000)]


class SqlSource(Part):
    """Rows of a database; read only, with one query."""

    url_env: EnvironmentVariable
    """Environment variable that holds the database's address as SQLAlchemy writes it, such as
    ``sqlite:///records.db``. The address itself never stands in a configuration."""
    query: Query | None = None
    """One statement that reads; its columns become the columns of the cohort."""
    query_file: Name | None = None
    """File with the query, relative to this configuration."""

    @model_validator(mode="after")
    def _one_query(self) -> SqlSource:
        if (self.query is None) == (self.query_file is None):
            raise ValueError("name one of query and query_file")
        return self


class RedcapSource(Part):
    """A REDCap project: its export, and the data dictionary that explains it."""

    file: Name
    """CSV export (raw or labels, with field names or labels in the first line), relative to this
    configuration; ``--data`` overrides it."""
    dictionary: Name
    """Data dictionary of the project as REDCap exports it (CSV), relative to this configuration."""
    choices: Literal["codes", "labels"] = "codes"
    """What the cells of choice fields become: the codes of the data dictionary, or its labels.
    Either kind of export gives the same cells."""
    once: Annotated[tuple[Name, ...], AfterValidator(distinct), OneOrMany()] = ()
    """Fields that are asked once for a record, such as sex; every row of the record gets them. A
    row in which nothing else is filled in is then no visit."""
    missing_codes: Mapping[StrictStr, StrictStr] = {}
    """Missing data codes of the project with their labels, such as ``{"-99": Not done}``."""


class OmopSource(Part):
    """Tables of the OMOP common data model (version 5.4), by concept."""

    url_env: EnvironmentVariable
    """Environment variable that holds the database's address; see ``sql``."""
    concepts: Name
    """YAML file with the concepts of each variable, relative to this configuration."""
    table_schema: (
        Annotated[StrictStr, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.$]{0,199}$")] | None
    ) = None
    """Schema that holds the tables, where it is not the database's default."""


LaboratoryNumber = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]


class LaboratoryRules(Part):
    """What values of one variable become that are no plain numbers; others stay problems."""

    below: Literal["limit", "half", "sqrt2", "missing"] | None = None
    """``<10``: the limit itself, half of it, the limit divided by the square root of 2, missing."""
    above: Literal["limit", "missing"] | None = None
    """``>1000``: the limit itself, or missing."""
    titre: Literal["reciprocal", "missing"] | None = None
    """``1:320``: 320, for a variable that is measured as a titre; or missing."""
    decimal_comma: Literal["point", "missing"] | None = None
    """``12,5``: 12.5, or missing. ``1,250`` stays a problem, since it may be a thousand."""
    pending: Literal["missing"] | None = None
    """``pending``, ``not done``, ``see comment``: missing."""
    day_fraction: Literal["titre", "missing"] | None = None
    """Days that a spreadsheet made of titres: the titre, for a variable measured as one; or
    missing."""
    words: Annotated[Mapping[StrictStr, LaboratoryNumber | None], Field(max_length=200)] = {}
    """Word in the file -> number in the column's unit, null for missing: ``{"(-)": 0}``."""

    @model_validator(mode="after")
    def _says_something(self) -> LaboratoryRules:
        if not self.model_fields_set:
            raise ValueError(f"name at least one of {', '.join(type(self).model_fields)}")
        return self
