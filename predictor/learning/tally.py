"""What a preparation is learned from when rows cannot be shared: counts, means, sums of squares.

Means and centred sums of squares of parts are put together without loss of digits (Chan, Golub and
LeVeque, Am Stat 1983;37:242). What comes out is the preparation that
:class:`~predictor.learning.preparer.Preparer` with mean imputation learns from all rows, up to
rounding; a median cannot be had this way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.preparation import DesignColumn, Preparation
from predictor.learning.preparer import Column

Floats = NDArray[np.float64]

_SMALLEST_SPREAD = 1e-10


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over some patients.

    Parameters
    ----------
    patients, events
        How many there are, and have the event.
    known : shape (variables,)
        How many have a value.
    mean, squares : shape (variables,)
        Mean of the known values, and the sum of their squared distances from it.
    states
        For a yes or no and a nominal variable, how many are in each state; empty for a number.
    """

    patients: int
    events: int
    known: NDArray[np.int64]
    mean: Floats
    squares: Floats
    states: tuple[NDArray[np.int64], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "patients": self.patients,
            "events": self.events,
            "known": self.known.tolist(),
            "mean": self.mean.tolist(),
            "squares": self.squares.tolist(),
            "states": [counts.tolist() for counts in self.states],
        }

    @classmethod
    def from_dict(cls, data: Any, columns: Sequence[Column]) -> Tally:
        """Rebuild from :meth:`to_dict`; ValueError, KeyError or TypeError where it is none."""
        known = _counts(data["known"])
        mean, squares = (np.array(data[k], dtype=np.float64) for k in ("mean", "squares"))
        states = tuple(_counts(counts) for counts in data["states"])
        sizes = [len(counts) for counts in states]
        if any(array.shape != (len(columns),) for array in (known, mean, squares)):
            raise ValueError("the sums are of other predictors")
        if sizes != [_states(column) for column in columns]:
            raise ValueError("the sums are of other states")
        if not (np.isfinite(mean).all() and np.isfinite(squares).all() and (squares >= 0).all()):
            raise ValueError("a sum is no number")
        patients, events = _counts([data["patients"], data["events"]]).tolist()
        if not (0 <= events <= patients and (known >= 0).all() and (known <= patients).all()):
            raise ValueError("counts contradict each other")
        for counts, of in zip(states, known, strict=True):
            if counts.size and not ((counts >= 0).all() and counts.sum() == of):
                raise ValueError("counts contradict each other")
        return cls(patients, events, known, mean, squares, states)


def tally(columns: Sequence[Column], values: Floats, outcome: NDArray[np.int8]) -> Tally:
    """Sums over some patients.

    Parameters
    ----------
    columns
        The variables.
    values : shape (patients, variables)
        NaN for missing.
    outcome : shape (patients,)
        1 = event.
    """
    there = ~np.isnan(values)
    known = there.sum(axis=0)
    mean = np.where(there, values, 0.0).sum(axis=0) / np.maximum(known, 1)
    squares = np.square(np.where(there, values - mean, 0.0)).sum(axis=0)
    states = tuple(
        np.array(
            [(values[:, j] == state).sum() for state in range(_states(column))], dtype=np.int64
        )
        for j, column in enumerate(columns)
    )
    return Tally(len(outcome), int(outcome.sum()), known, mean, squares, states)


def together(parts: Sequence[Tally]) -> Tally:
    """Sums over the patients of all parts; one at least."""
    total = parts[0]
    for part in parts[1:]:
        known = total.known + part.known
        share = part.known / np.maximum(known, 1)
        apart = part.mean - total.mean
        total = Tally(
            total.patients + part.patients,
            total.events + part.events,
            known,
            total.mean + apart * share,
            total.squares + part.squares + np.square(apart) * total.known * share,
            tuple(a + b for a, b in zip(total.states, part.states, strict=True)),
        )
    return total


def preparation_of(
    columns: Sequence[Column], sums: Tally, missing_indicators: Sequence[str]
) -> Preparation:
    """What mean imputation and standardising learn from the patients of a tally.

    Parameters
    ----------
    columns
        The variables.
    sums
        Of the training patients.
    missing_indicators
        Variables whose missingness is a column.
    """
    design: list[DesignColumn] = []
    centre: list[float] = []
    scale: list[float] = []
    fill = np.array([_fill(sums, j, column) for j, column in enumerate(columns)])
    for part in offered(columns, fill, missing_indicators):
        mean, squares = _moments(sums, part, columns[part.variable], fill)
        spread = np.sqrt(squares / max(sums.patients - 1, 1))
        if spread > _SMALLEST_SPREAD * np.hypot(mean, spread):
            design.append(part)
            centre.append(mean)
            scale.append(float(spread))
    return Preparation(
        tuple(column.name for column in columns),
        fill,
        (),
        tuple(design),
        np.array(centre),
        np.array(scale),
    )


def offered(
    columns: Sequence[Column], fill: Floats, missing_indicators: Sequence[str]
) -> Iterator[DesignColumn]:
    """Columns of a design, in order, before those that do not vary are left out.

    Parameters
    ----------
    columns
        The variables.
    fill : shape (variables,)
        What stands in for a missing value; a nominal variable has no column of that state.
    missing_indicators
        Variables whose missingness is a column.
    """
    for j, column in enumerate(columns):
        if column.states:
            for state, name in enumerate(column.states):
                if state != fill[j]:
                    yield DesignColumn(f"{column.name}={name}", j, state)
        else:
            yield DesignColumn(column.name, j)
        if column.name in missing_indicators:
            yield DesignColumn(f"{column.name} missing", j, missing=True)


def _moments(sums: Tally, part: DesignColumn, column: Column, fill: Floats) -> tuple[float, float]:
    """Mean and centred sum of squares of a column of the design."""
    j = part.variable
    missing = sums.patients - int(sums.known[j])
    if part.missing:
        return _of_flags(missing, sums.patients)
    if part.state is not None:
        return _of_flags(int(sums.states[j][part.state]), sums.patients)
    if column.binary:
        return _of_flags(int(sums.states[j][1]) + missing * int(fill[j]), sums.patients)
    # The gaps stand at the mean, so that neither it nor the squares change.
    return float(sums.mean[j]), float(sums.squares[j])


def _counts(given: Any) -> NDArray[np.int64]:
    found = np.array(given)
    if found.size and found.dtype.kind != "i":
        raise ValueError("a count is no whole number")
    return found.astype(np.int64)


def _states(column: Column) -> int:
    return len(column.states) if column.states else 2 if column.binary else 0


def _fill(sums: Tally, j: int, column: Column) -> float:
    if _states(column):
        return float(sums.states[j].argmax())
    return float(sums.mean[j])


def _of_flags(ones: int, of: int) -> tuple[float, float]:
    """Mean and centred sum of squares of zeros and ones."""
    return ones / of, ones * (of - ones) / of
