"""When a centre does not answer, because its sums would say too much of few patients.

What is told of folds can be subtracted: everybody less those without a fold is the fold. So every
fold has to be large enough by itself, and then every union of folds is. The first gradient is taken
where everybody has the same probability, and tells how many patients of a state have the event, so
that these are counted, too. So are those without a value: fits that leave out different folds put
them at different means or states, so that the difference tells how many of them have the event. A
coordinator who asks at made-up coefficients could push all patients
but one to certain probabilities, so that a gradient is that one patient: a centre counts how many
patients the sums of each fold really rest on, and does not answer where they are too few (the
dominance rule of official statistics: Hundepool et al., Statistical Disclosure Control, Wiley
2012).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from predictor.errors import Reason
from predictor.learning.preparer import Column
from predictor.learning.tally import Tally, tally, together

Floats = NDArray[np.float64]

EVERYBODY = "all patients"
_FOLD = "fold {number}"
_FEWER = "too few {what}, fewer than the cell size of {cell_size}."
_COLUMNS = "{patients} patients and {columns} columns of the model: too few to hide anybody."
_KNOWN = (
    "few patients have a value of it, or few of those with the event or without it, but not "
    "nobody. Leave it out of `predictors`."
)
_STATE = (
    "a state occurs in few patients, or in few of those with the event or without it, but not in "
    "nobody. Leave it out of `predictors`, or join the state to another one."
)
_MISSING = (
    "a value is missing in few patients, or in few of those with the event or without it, but not "
    "in nobody. Leave these patients out of the file, or the predictor out of `predictors`."
)
_IN_FOLDS = (
    "{message} Folds hold more patients where there are fewer of them (`validation.inner_folds`), "
    "or where they are whole centres (`--folds centres`)."
)


@dataclass(frozen=True, slots=True)
class ByOutcome:
    """Sums over the patients of a fold, apart by what happened to them.

    Parameters
    ----------
    without, events
        Over those without the event, and over those with it.
    """

    without: Tally
    events: Tally

    @classmethod
    def of(cls, columns: Sequence[Column], values: Floats, outcome: NDArray[np.int8]) -> Self:
        """Sums over some patients; as for :func:`predictor.learning.tally.tally`."""
        parts = (tally(columns, values[outcome == y], outcome[outcome == y]) for y in (0, 1))
        return cls(*parts)


def too_small(
    folds: Sequence[ByOutcome],
    columns: Sequence[Column],
    parameters: int,
    cell_size: int,
) -> list[Reason]:
    """Why the sums of a centre are not told; empty if they can be.

    Parameters
    ----------
    folds
        Sums over each fold of the centre's patients; one where they stay together.
    columns
        The variables.
    parameters
        Most columns that a design has.
    cell_size
        Smallest count that is told.
    """
    whole = ByOutcome(
        together([one.without for one in folds]), together([one.events for one in folds])
    )
    found = list(_of_set(whole, EVERYBODY, columns, parameters, cell_size))
    if found or len(folds) == 1:
        return list(dict.fromkeys(found))
    for number, part in enumerate(folds):
        where = _FOLD.format(number=number)
        found += _of_set(part, where, columns, parameters, cell_size)
    in_folds = (Reason(one.code, one.where, _IN_FOLDS.format(message=one.message)) for one in found)
    return list(dict.fromkeys(in_folds))


def rests_on(outcome: Floats, probability: Floats) -> float:
    """Number of patients that a gradient and an information matrix rest on.

    The effective number ``(sum w)^2 / sum w^2`` of the weights p (1 - p) and of the residuals, the
    smaller of both.

    >>> rests_on(np.array([0.0, 1.0, 0.0, 1.0]), np.full(4, 0.5))
    4.0
    """
    weights = (probability * (1.0 - probability), np.abs(outcome - probability))
    return float(min(_effective(one) for one in weights))


def _effective(weight: Floats) -> float:
    largest = float(weight.max(initial=0.0))
    if largest == 0.0:
        return 0.0
    share = weight / largest
    return float(share.sum() ** 2 / np.square(share).sum())


def _of_set(
    sums: ByOutcome,
    where: str,
    columns: Sequence[Column],
    parameters: int,
    cell_size: int,
) -> Iterator[Reason]:
    patients = sums.without.patients + sums.events.patients
    counts = {
        "patients": patients,
        "events": sums.events.patients,
        "patients without the event": sums.without.patients,
    }
    for what, count in counts.items():
        if count < cell_size:
            # A count below the cell size is not told, not even in a message that may be mailed.
            yield Reason("small_cell", where, _FEWER.format(what=what, cell_size=cell_size))
    if cell_size <= patients <= parameters:
        told = _COLUMNS.format(patients=patients, columns=parameters)
        yield Reason("more_columns_than_patients", where, told)
    for j, column in enumerate(columns):
        for message, pair in _counted(sums, j):
            # Patients of a state who all have the same outcome tell it of each other.
            if max(pair) > 0 and min(pair) < cell_size:
                yield Reason("small_cell", column.name, message)


def _counted(sums: ByOutcome, j: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Who is counted of a variable: how many without the event, and how many with it."""
    parts = (sums.without, sums.events)
    states = len(sums.events.states[j])
    if not states:
        yield _KNOWN, _pair(part.known[j] for part in parts)
    for state in range(states):
        yield _STATE, _pair(part.states[j][state] for part in parts)
    yield _MISSING, _pair(part.patients - part.known[j] for part in parts)


def _pair(counts: Iterable[int]) -> tuple[int, int]:
    without, events = counts
    return int(without), int(events)
