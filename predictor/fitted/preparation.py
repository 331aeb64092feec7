"""From a patient's values to the columns a model reads: learned elsewhere, applied here.

The same object prepares the training patients and the one at the bedside, so the two cannot
drift apart. It is plain data: fill-in values, regressions, centres and scales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import BundleError

Values = NDArray[np.float64]


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
        Value that stands in for a missing one, shape (variables,): median, or most frequent state.
    regressions
        Steps of the chained imputation in the order they are applied; empty for median imputation.
    columns
        The design columns, in order.
    centre, scale
        Subtracted from and divided into each design column, shape (columns,).
    """

    names: tuple[str, ...]
    fill: Values
    regressions: tuple[Regression, ...]
    columns: tuple[DesignColumn, ...]
    centre: Values
    scale: Values

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
                filled[rows, step.variable] = np.clip(predicted, step.low, step.high)
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
        filled = self.impute(values)
        design = np.empty((len(values), len(self.columns)))
        for j, column in enumerate(self.columns):
            source = values if column.missing else filled
            part = source[:, column.variable]
            if column.missing:
                design[:, j] = np.isnan(part)
            elif column.state is not None:
                design[:, j] = part == column.state
            else:
                design[:, j] = part
        return (design - self.centre) / self.scale

    def fold(self, per_column: Values) -> Values:
        """Sum design-column quantities, shape (patients, columns), into their variables."""
        folded = np.zeros((len(per_column), len(self.names)))
        for j, column in enumerate(self.columns):
            folded[:, column.variable] += per_column[:, j]
        return folded

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
    def from_dict(cls, data: Mapping[str, Any]) -> Preparation:
        """Rebuild from :meth:`to_dict`; shapes and positions are checked.

        Raises
        ------
        BundleError
            If the parts do not fit together.
        """
        try:
            preparation = cls(
                names=tuple(data["names"]),
                fill=finite(data["fill"]),
                regressions=tuple(
                    Regression(
                        variable=step["variable"],
                        inputs=tuple(step["inputs"]),
                        intercept=float(step["intercept"]),
                        coefficients=tuple(finite(step["coefficients"]).tolist()),
                        low=step["low"],
                        high=step["high"],
                    )
                    for step in data["regressions"]
                ),
                columns=tuple(DesignColumn(**column) for column in data["columns"]),
                centre=finite(data["centre"]),
                scale=finite(data["scale"]),
            )
        except (KeyError, TypeError, ValueError):
            raise BundleError("preparation", "the data of the preparation is incomplete") from None
        sizes = (len(preparation.names), len(preparation.columns))
        positions = [column.variable for column in preparation.columns]
        positions += [i for step in preparation.regressions for i in (step.variable, *step.inputs)]
        if (
            (len(preparation.fill), len(preparation.centre)) != sizes
            or len(preparation.scale) != sizes[1]
            or any(not 0 <= position < sizes[0] for position in positions)
            or any(len(s.inputs) != len(s.coefficients) for s in preparation.regressions)
        ):
            raise BundleError("preparation", "the parts of the preparation do not fit together")
        return preparation


def finite(numbers: Sequence[float]) -> Values:
    """Array of finite numbers; ValueError for anything else."""
    array = np.asarray(numbers, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError("a list of finite numbers was expected")
    return array
