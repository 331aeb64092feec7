"""Whether a preparation that somebody sends could have been learned from patients of this study.

A centre sums over columns that the coordinator describes. Columns of the coordinator's own making
could be one patient each: the state "425" of a number, an indicator nobody agreed on, a value far
away where one is missing. So a centre takes only columns that the study makes, imputation by the
mean or a state, and means and standard deviations that patients can have: within the plausible
range, and of patients whom its own are part of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from predictor.fitted.preparation import DesignColumn, Preparation
from predictor.learning.preparer import Column
from predictor.learning.tally import Tally, offered

_ROUNDING = 1e-9

NAMES = "it is of other predictors than the study, or in another order."
REGRESSIONS = "it fills in by regressions, and imputation is by the mean."
STATE = "what stands in for a missing `{name}` is none of its states."
COLUMNS = (
    "its columns are not those of the study: each predictor by its kind, a nominal one by its "
    "states without the one that stands in, indicators of `preparation.missing_indicators` alone, "
    "in that order."
)
FILL = "what stands in for a missing `{name}` is not the mean of the column."
RANGE = "the mean of `{name}` is not plausible, or its standard deviation is wider than the range."
SPREAD = "mean and standard deviation of `{name}` are not of patients whom those here belong to."
SHARE = "share and standard deviation of `{name}` are not those of zeros and ones."


def not_learned(
    preparation: Preparation,
    columns: Sequence[Column],
    missing_indicators: Sequence[str],
    own: Tally,
    patients: int,
) -> Iterator[str]:
    """Which rules a preparation breaks; nothing where patients of all centres can have taught it.

    Parameters
    ----------
    preparation
        What was sent.
    columns
        The variables of the study.
    missing_indicators
        Variables whose missingness is a column.
    own
        Sums over those of the centre's own patients whom it was learned from.
    patients
        How many there are in all centres.
    """
    if preparation.names != tuple(column.name for column in columns):
        yield NAMES
        return
    if preparation.regressions:
        yield REGRESSIONS
    for column, fill in zip(columns, preparation.fill.tolist(), strict=True):
        states = len(column.states) or 2
        if (column.states or column.binary) and fill not in range(states):
            yield STATE.format(name=column.name)
            return
    known = list(offered(columns, preparation.fill, missing_indicators))
    places = [known.index(part) if part in known else -1 for part in preparation.columns]
    if any(place < 0 for place in places) or any(np.diff(places) <= 0):
        yield COLUMNS
        return
    for k, part in enumerate(preparation.columns):
        mean, spread = float(preparation.centre[k]), float(preparation.scale[k])
        column = columns[part.variable]
        if column.states or column.binary or part.missing:
            # n / (n - 1) times the variance of zeros and ones, of two patients at least.
            variance = mean * (1.0 - mean)
            if not _at_most(variance, spread**2) or not _at_most(spread**2, 2.0 * variance):
                yield SHARE.format(name=part.name)
        else:
            yield from _number(part, column, mean, spread, preparation, own, patients)


def _number(
    part: DesignColumn,
    column: Column,
    mean: float,
    spread: float,
    preparation: Preparation,
    own: Tally,
    patients: int,
) -> Iterator[str]:
    j = part.variable
    if float(preparation.fill[j]) != mean:
        yield FILL.format(name=part.name)
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    allowance = _ROUNDING * max(abs(low), abs(high)) if np.isfinite(high - low) else 0.0
    if not (low - allowance <= mean <= high + allowance and spread <= high - low + allowance):
        yield RANGE.format(name=part.name)
    # The distances of all from their mean hold those of the patients here from it.
    here = float(own.squares[j]) + int(own.known[j]) * (float(own.mean[j]) - mean) ** 2
    if not _at_most(here, spread**2 * max(patients - 1, 1)):
        yield SPREAD.format(name=part.name)


def _at_most(one: float, other: float) -> bool:
    return one <= other * (1.0 + _ROUNDING)
