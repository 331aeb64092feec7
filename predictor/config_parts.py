"""What the parts of a configuration are made of: numbers, names, lists of one or many."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictFloat,
    StrictInt,
    StrictStr,
)
from pydantic_core import core_schema

Imputation = Literal["median", "mean", "iterative"]
"""How a missing value is filled in."""

Code = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)] | StrictStr
"""A cell as a person writes it in the file: ``1``, ``0.5`` or ``female``."""


def _as_list(value: object) -> object:
    """A single value where a list is meant is a list of one."""
    return value if isinstance(value, list | tuple) else [value]


class OneOrMany:
    """A list that may be written without brackets when it has one item, also for editors."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values, unless one is named twice."""
    # 1 and True are equal, so the type counts; a number may be too long to be written out.
    typed = [(type(v), v) for v in values]
    twice = sorted(
        {f"{v!s:.80}" for pair, v in zip(typed, values, strict=True) if typed.count(pair) > 1}
    )
    if twice:
        raise ValueError(f"named twice: {', '.join(twice)}")
    return values


def _number_like(value: object) -> object:
    """Whole numbers are fine where a decimal is meant; text and yes/no are not."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Number = Annotated[StrictFloat, BeforeValidator(_number_like)]
Positive = Annotated[Number, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[Number, Field(gt=0, le=1, allow_inf_nan=False)]
# More would be a slip of the pen, and the fit would not end in this life.
Count = Annotated[StrictInt, Field(ge=1, le=100_000)]
Name = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Answer = Annotated[StrictStr, Field(min_length=1, max_length=4000)]


Limits = Annotated[tuple[Number | None, Number | None], Field(min_length=2, max_length=2)]
"""Lowest and highest value; null leaves a side open."""

Item = TypeVar("Item")
Grid = Annotated[tuple[Item, ...], AfterValidator(distinct), Field(min_length=1), OneOrMany()]
"""Settings that tuning chooses from; a single one may be written without brackets."""


class Part(BaseModel):
    """A part of a configuration: fixed, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
