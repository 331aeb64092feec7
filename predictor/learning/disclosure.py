"""When a centre does not answer, because its sums would say too much of few patients.

Sums of everybody less sums without a fold are sums of the fold, so that the fold itself has to be
large enough. A coordinator who asks at made-up coefficients could push all patients but one to
certain probabilities, so that a gradient is that one patient: a centre counts how many patients
its sums really rest on, and does not answer where they are too few (the dominance rule of official
statistics: Hundepool et al., Statistical Disclosure Control, Wiley 2012).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.errors import Reason
from predictor.learning.preparer import Column
from predictor.learning.tally import Tally, together

Floats = NDArray[np.float64]

EVERYBODY = "all patients"
_FOLD = "fold {number}"
_FEWER = (
    "{count} {what}, fewer than the cell size of {cell_size}. Ask for fewer folds "
    "(`validation.inner_folds`), or for whole centres as folds (`--folds centres`)."
)
_FEWER_AT_ALL = "{count} {what}, fewer than the cell size of {cell_size}."
_KNOWN = "few patients have a value of it, but not nobody. Leave it out of `predictors`."
_STATE = (
    "a state occurs in few patients, but not in nobody. Leave it out of `predictors`, or join the "
    "state to another one."
)
_COLUMNS = "{patients} patients and {columns} columns of the model: too few to hide anybody."


def too_small(
    parts: Sequence[Tally], columns: Sequence[Column], parameters: int, cell_size: int
) -> list[Reason]:
    """Why the sums of a centre are not told; empty if they can be.

    Parameters
    ----------
    parts
        Sums of each fold of the centre's patients; one where they stay together.
    columns
        The variables.
    parameters
        Most columns that a design has.
    cell_size
        Smallest count that is told.
    """
    found = list(_of_set(together(parts), EVERYBODY, columns, parameters, cell_size, whole=True))
    if len(parts) > 1:
        for number, part in enumerate(parts):
            where = _FOLD.format(number=number)
            found += _of_set(part, where, columns, parameters, cell_size, whole=False)
            rest = together([other for other in parts if other is not part])
            found += _rare_states(rest, columns, cell_size)
    return list(dict.fromkeys(found))


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
    sums: Tally,
    where: str,
    columns: Sequence[Column],
    parameters: int,
    cell_size: int,
    *,
    whole: bool,
) -> Iterator[Reason]:
    counts = {
        "patients": sums.patients,
        "events": sums.events,
        "patients without the event": sums.patients - sums.events,
    }
    template = _FEWER_AT_ALL if whole else _FEWER
    for what, count in counts.items():
        if count < cell_size:
            # A count below the cell size is not told, not even in a message that may be mailed.
            told = template.format(count="too few", what=what, cell_size=cell_size)
            yield Reason("small_cell", where, told)
    if cell_size <= sums.patients <= parameters:
        told = _COLUMNS.format(patients=sums.patients, columns=parameters)
        yield Reason("more_columns_than_patients", where, told)
    for j, column in enumerate(columns):
        if 0 < sums.known[j] < cell_size:
            yield Reason("small_cell", column.name, _KNOWN)
    if whole:
        yield from _rare_states(sums, columns, cell_size)


def _rare_states(sums: Tally, columns: Sequence[Column], cell_size: int) -> Iterator[Reason]:
    for column, counts in zip(columns, sums.states, strict=True):
        if any(0 < count < cell_size for count in counts.tolist()):
            yield Reason("small_cell", column.name, _STATE)
