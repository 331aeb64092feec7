"""What happened after the index visit: yes, no, not known, or death."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.expression_nodes import Has
from predictor.cohort.search import first_at_or_after
from predictor.cohort.visits import Visits
from predictor.errors import Reason

Places = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

YES_NO = ("yes", "no")
"""States of an outcome that holds or does not."""

UNTOLD = -1
"""State of a visit at which no state can be told."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a visit after the index visit.

    Parameters
    ----------
    states
        Names of the states; what a visit has is a position in them.
    reads
        Variables of the visit.
    index_reads
        Variables of the index visit.
    confirmed_after
        Days after which a state but the last must hold again, None where once is enough. States
        stand best first, and each is part of those behind it.
    named
        Variables that must have a column, because a rule of the configuration names them.
    judge
        Tells the state of visits from the values there and at their index visits; -1 where it
        cannot be told.
    reachable
        Tells of each state whether it could come out where only some variables have a value.
    cautions
        What a reader must know of its numbers and measurements.
    """

    states: tuple[str, ...]
    reads: frozenset[str]
    index_reads: frozenset[str]
    confirmed_after: float | None
    named: frozenset[str]
    judge: Callable[[Mapping[str, Numbers], Mapping[str, Numbers]], Places]
    reachable: Callable[[Has], tuple[bool, ...]]
    cautions: tuple[Reason, ...] = ()

    @property
    def binary(self) -> bool:
        """Whether it holds or does not."""
        return self.states == YES_NO

    def at(self, visits: Visits, places: Places, index: Places) -> Places:
        """State of visits, each seen from an index visit.

        Parameters
        ----------
        visits
            In order.
        places, index
            Visits to be judged, and the index visit of each.
        """
        known = visits.values
        now = {name: known[name][places] for name in self.reads if name in known}
        before = {name: known[name][index] for name in self.index_reads if name in known}
        return self.judge(now, before)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Outcome of each index visit.

    Parameters
    ----------
    at
        Follow-up visit, -1 where the window holds none.
    state
        Position in the states that are asked for; -1 where it is not known.
    died
        Who died up to the last day of the window.
    unconfirmed
        Who is not known because no later visit could confirm the state.
    """

    at: Places
    state: Places
    died: Flags
    unconfirmed: Flags

    @property
    def lost(self) -> Flags:
        """Index visits without a follow-up visit, and without a death."""
        return (self.at < 0) & ~self.died

    @property
    def undeterminable(self) -> Flags:
        """Index visits with a follow-up visit at which the outcome could not be told."""
        return (self.at >= 0) & (self.state < 0) & ~self.died

    def untold(self, index: Places) -> tuple[Places, Places]:
        """Visits whose state was asked for and not told, and the index visit of each.

        Parameters
        ----------
        index
            Positions of the index visits.
        """
        open_ = self.undeterminable
        return self.at[open_], index[open_]


def nearest_visit(
    visits: Visits, index: Places, nearest: float, within: tuple[float, float]
) -> Places:
    """Visit nearest to a day after the index visit, of two equally near the earlier one.

    Parameters
    ----------
    visits
        In order.
    index
        Positions of the index visits.
    nearest
        Day after the index visit.
    within
        First and last day; visits outside are not looked at.

    Returns
    -------
    Positions, -1 where no visit lies in the window.
    """
    zero = visits.day[index]
    stop = visits.start[visits.patient[index] + 1]
    after = first_at_or_after(visits, index, zero + nearest)
    last = len(visits.day) - 1
    later_day = visits.day[np.minimum(after, last)] - zero
    later = (after < stop) & (later_day <= within[1])
    earlier_day = visits.day[np.maximum(after - 1, 0)] - zero
    earlier = (after - 1 > index) & (earlier_day >= within[0])
    take_earlier = earlier & (~later | (nearest - earlier_day <= later_day - nearest))
    return np.where(take_earlier, after - 1, np.where(later, after, -1))


def follow_up(
    visits: Visits,
    index: Places,
    asked: Asked,
    nearest: float,
    within: tuple[float, float],
) -> FollowUp:
    """Find out what happened after each index visit.

    Parameters
    ----------
    visits
        In order.
    index
        Positions of the index visits.
    asked
        What is asked of the follow-up visit.
    nearest, within
        Day of the follow-up visit, and the window it must lie in.
    """
    zero, death = visits.day[index], visits.death[visits.patient[index]]
    with np.errstate(invalid="ignore"):
        died = (death >= zero) & (death <= zero + within[1])
    at = nearest_visit(visits, index, nearest, within)
    state = np.full(len(index), UNTOLD, dtype=np.int64)
    seen = np.flatnonzero((at >= 0) & ~died)
    state[seen] = asked.at(visits, at[seen], index[seen])
    unconfirmed = np.zeros(len(index), dtype=bool)
    if asked.confirmed_after is not None:
        last = len(asked.states) - 1
        reached = np.flatnonzero((state >= 0) & (state < last))
        again = _later_state(visits, at[reached], index[reached], asked.at, asked.confirmed_after)
        # States stand best first, so what was there at both visits is the later one in the order.
        state[reached] = np.where(again < 0, UNTOLD, np.maximum(state[reached], again))
        unconfirmed[reached[again < 0]] = True
    return FollowUp(at, state, died, unconfirmed)


def _later_state(
    visits: Visits,
    at: Places,
    index: Places,
    judge: Callable[[Visits, Places, Places], Places],
    days: float,
) -> Places:
    """State at the first visit at least so many days later at which it can be told."""
    found = np.full(len(at), UNTOLD, dtype=np.int64)
    place = first_at_or_after(visits, at, visits.day[at] + days)
    stop = visits.start[visits.patient[at] + 1]
    waiting = np.flatnonzero(place < stop)
    while len(waiting):
        found[waiting] = judge(visits, place[waiting], index[waiting])
        waiting = waiting[found[waiting] < 0]
        place[waiting] += 1
        waiting = waiting[place[waiting] < stop[waiting]]
    return found
