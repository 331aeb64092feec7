"""The visit at which a patient enters: the first, the last or every one at which a rule holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.visits import Visits

if TYPE_CHECKING:
    from predictor.clinical.expression import Expression
    from predictor.clinical.variable import Range

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class IndexVisits:
    """Where patients enter.

    Parameters
    ----------
    at
        Positions of the index visits, rising, shape (index visits,).
    eligible
        Visits in the population, shape (visits,).
    unknown
        Eligible visits at which the rule could not be told and which would have counted.
    """

    at: Places
    eligible: Flags
    unknown: Places


def index_visits(
    visits: Visits,
    rule: Expression,
    which: str,
    *,
    eligible: Flags,
) -> IndexVisits:
    """Find the index visits.

    Parameters
    ----------
    visits
        In order.
    rule
        Condition at the visit.
    which
        ``first``, ``last`` or ``every``.
    eligible
        Visits at which a patient may enter, shape (visits,).
    """
    truth = rule.truth({name: visits.values[name] for name in rule.names if name in visits.values})
    at = np.flatnonzero((truth == 1) & eligible)
    patient = visits.patient[at]
    changes = patient[1:] != patient[:-1]
    if which == "first":
        at = at[np.concatenate(([True], changes))] if len(at) else at
    elif which == "last":
        at = at[np.concatenate((changes, [True]))] if len(at) else at
    doubtful = np.flatnonzero((truth == -1) & eligible)
    if which != "every":
        # Only what would have been chosen instead leaves a doubt.
        entry = np.full(visits.patients, -1, dtype=np.int64)
        entry[visits.patient[at]] = at
        chosen = entry[visits.patient[doubtful]]
        instead = doubtful < chosen if which == "first" else doubtful > chosen
        doubtful = doubtful[(chosen < 0) | instead]
    return IndexVisits(at, eligible, doubtful)


def in_population(
    visits: Visits, limits: dict[str, Range], exclude: tuple[str, ...], *, died_at_visit: bool
) -> Flags:
    """Visits at which a patient belongs to the population, as far as was known by then.

    Parameters
    ----------
    visits
        In order.
    limits
        Variable -> range; a missing value is no reason to leave somebody out.
    exclude
        Exclusion criteria: one that was recorded holds from that visit on.
    died_at_visit
        Whether a visit on the day of death only records it.
    """
    inside = np.ones(len(visits.patient), dtype=bool)
    for name, limit in limits.items():
        if name in visits.values:
            low, high = limit.bounds()
            with np.errstate(invalid="ignore"):
                inside &= ~((visits.values[name] < low) | (visits.values[name] > high))
    for name in exclude:
        inside &= ~_ever_so_far(visits, visits.values[name] == 1)
    if died_at_visit:
        with np.errstate(invalid="ignore"):
            inside &= ~(visits.day >= visits.death[visits.patient])
    return inside


def _ever_so_far(visits: Visits, mark: Flags) -> Flags:
    """Whether a mark was set at this or an earlier visit of the same patient."""
    latest = np.maximum.accumulate(np.where(mark, np.arange(len(mark)), -1))
    found: Flags = latest >= visits.start[visits.patient]
    return found
