"""From a patient's values to the columns a model reads: learned elsewhere, applied here.

The same object prepares the training patients and the one at the bedside, so the two cannot
drift apart. It is plain data: fill-in values, regressions, centres and scales.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import BundleError
from predictor.fitted.encoding import Encoding

Values = NDArray[np.float64]

_LARGEST = 1e100


@dataclass(frozen=True, slots=True)
class DesignColumn:
    """One column of the design matrix.

    Parameters
    ----------
    name
        ``"c3"``, ``"indication=myositis"`` or ``"c3 missing"``.
    variable
        Position of the variable it comes from.
    state
        For a dummy column, the state it stands for.
    missing
        Whether it is a missingness indicator.
    """

    name: str
    variable: int
    state: int | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Regression:
    """One step of the chained imputation: a linear prediction of one variable from others."""

    variable: int
    inputs: tuple[int, ...]
    intercept: float
    coefficients: tuple[float, ...]
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Preparation:
    """Imputation, encoding and scaling, as data.

    Parameters
    ----------
    names
        Variable names in the order of the value columns.
    fill
        Value that stands in for a missing one, shape (variables,): median, mean or most
        frequent state.
    regressions
        Steps of the chained imputation in the order they are applied; empty for a median or
        mean.
    columns
        The design columns, in order.
    centre, scale
        Subtracted from and divided into each design column, shape (columns,).

    Attributes
    ----------
    encoding
        What the columns stand for.
    """

    names: tuple[str, ...]
    fill: Values
    regressions: tuple[Regression, ...]
    columns: tuple[DesignColumn, ...]
    centre: Values
    scale: Values
    encoding: Encoding = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        encoding = Encoding(
            np.array([column.variable for column in self.columns], dtype=np.int64),
            np.array([-1 if c.state is None else c.state for c in self.columns], dtype=np.int64),
            np.array([column.missing for column in self.columns], dtype=np.bool_),
        )
        object.__setattr__(self, "encoding", encoding)

    def impute(self, values: Values) -> Values:
        """Fill in what is missing, shape (patients, variables); known values are not touched."""
        missing = np.isnan(values)
        if not missing.any():
            return values
        filled = np.where(missing, self.fill, values)
        for step in self.regressions:
            rows = missing[:, step.variable]
            if rows.any():
                predicted = filled[rows][:, step.inputs] @ np.asarray(step.coefficients)
                predicted += step.intercept
                low = -np.inf if step.low is None else step.low
                high = np.inf if step.high is None else step.high
                filled[rows, step.variable] = np.clip(predicted, low, high)
        return filled

    def apply(self, values: Values) -> Values:
        """Design matrix of some patients.

        Parameters
        ----------
        values
            Shape (patients, variables): numbers in the dictionary's unit, states as their
            position, NaN for missing.

        Returns
        -------
        Design matrix, shape (patients, columns), without missing values.
        """
        return self.design(self.impute(values), np.isnan(values))

    def design(self, filled: Values, absent: NDArray[np.bool_]) -> Values:
        """Design matrix of patients whose gaps have been filled in.

        Parameters
        ----------
        filled
            Shape (patients, variables), none missing.
        absent
            Which of them had been missing, same shape.
        """
        return (self.encoding.columns(filled, absent) - self.centre) / self.scale

    def fold(self, per_column: Values) -> Values:
        """Sum design-column quantities, shape (patients, columns), into their variables."""
        return self.encoding.folded(per_column, len(self.names))

    def scales(self, variable: int) -> list[float]:
        """Scales of the columns that hold a variable's number."""
        return [
            float(self.scale[k])
            for k, column in enumerate(self.columns)
            if column.variable == variable and not column.missing
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; numbers keep every digit."""
        return {
            "names": list(self.names),
            "fill": self.fill.tolist(),
            "regressions": [
                {
                    "variable": step.variable,
                    "inputs": list(step.inputs),
                    "intercept": step.intercept,
                    "coefficients": list(step.coefficients),
                    "low": step.low,
                    "high": step.high,
                }
                for step in self.regressions
            ],
            "columns": [
                {"name": c.name, "variable": c.variable, "state": c.state, "missing": c.missing}
                for c in self.columns
            ],
            "centre": self.centre.tolist(),
            "scale": self.scale.tolist(),
        }

    @classmethod
    def from_dict(cls, data: object, where: str = "preparation") -> Preparation:
        """Rebuild from :meth:`to_dict`; every number, shape and position is checked.

        Raises
        ------
        BundleError
            If something is missing, no finite number, or does not fit the rest.
        """
        if not isinstance(data, dict):
            raise BundleError(where, "a mapping was expected")
        try:
            names = tuple(str(name) for name in data["names"])
            variables = range(len(names))
            columns = tuple(_design_column(column, variables) for column in data["columns"])
            return cls(
                names=names,
                fill=finite(data["fill"], len(names)),
                regressions=tuple(_regression(step, variables) for step in data["regressions"]),
                columns=columns,
                centre=finite(data["centre"], len(columns)),
                scale=_positive(finite(data["scale"], len(columns))),
            )
        except (KeyError, TypeError):
            raise BundleError(where, "the data of the preparation are incomplete") from None
        except ValueError as error:
            raise BundleError(where, f"in the preparation {error}") from None


def _design_column(data: Mapping[str, Any], variables: range) -> DesignColumn:
    state = None if data["state"] is None else _position(data["state"], range(10**6))
    variable = _position(data["variable"], variables)
    return DesignColumn(str(data["name"]), variable, state, missing=data["missing"] is True)


def _regression(data: Mapping[str, Any], variables: range) -> Regression:
    inputs = tuple(_position(i, variables) for i in data["inputs"])
    low, high = (None if data[key] is None else finite([data[key]])[0] for key in ("low", "high"))
    if low is not None and high is not None and low > high:
        raise ValueError("the bounds of a regression are reversed")
    return Regression(
        variable=_position(data["variable"], variables),
        inputs=inputs,
        intercept=float(finite([data["intercept"]])[0]),
        coefficients=tuple(finite(data["coefficients"], len(inputs)).tolist()),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
    )


def _position(number: object, valid: range) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number not in valid:
        raise ValueError("a position points nowhere")
    return number


def _positive(numbers: Values) -> Values:
    if not (numbers > 0).all():
        raise ValueError("a scale is not positive")
    if not (numbers >= 1.0 / _LARGEST).all():
        raise ValueError("a scale is too small to be meant")
    return numbers


def finite(numbers: object, length: int | None = None, *, most: float = _LARGEST) -> Values:
    """Array of finite numbers; ValueError for anything else, or another length.

    A number beyond ``most`` is refused too: nothing is measured or learned that large, and
    products of such numbers are no longer finite.

    >>> finite([1, 2.5], 2)
    array([1. , 2.5])
    """
    if not isinstance(numbers, list) or not all(type(n) in (int, float) for n in numbers):
        raise ValueError("a list of numbers was expected")
    try:
        array = np.array(numbers, dtype=np.float64)
    except OverflowError:
        array = np.array([np.inf])
    if not np.isfinite(array).all():
        raise ValueError("a number is not finite")
    if not (np.abs(array) <= most).all():
        raise ValueError("a number is too large to be meant")
    if length is not None and len(array) != length:
        raise ValueError("two lists that belong together differ in length")
    return array
