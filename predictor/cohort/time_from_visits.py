"""How long after the index visit it took until the outcome first held, from visits.

Every visit after the index visit is judged. The time ends at the first at which the outcome holds
(event), at death (competing, or part of the event), or at the last visit at which the outcome could
be told (censored): a visit at which it cannot be told is no visit without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.finding import Finding
from predictor.cohort.follow_up import UNTOLD, Asked, FollowUp
from predictor.cohort.visits import Visits

Places = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Visits judged at a time: with `every` they are more than there are in the file.
_BLOCK = 4_000_000

MISSED = (
    "the outcome cannot be told at a visit before the end of the follow-up. If it held there, it "
    "came earlier than is counted."
)
SHORTENED = (
    "the outcome cannot be told at a patient's last visits, so the patient counts as last seen at "
    "the visit before them."
)
UNKNOWN_STATE = (
    "the definition has no state {names}; its states are {states}. Name with question.event those "
    "that are the event."
)
CONFIRMED = (
    "{name} must be confirmed at a later visit, which cannot be asked of a time. Write its rule as "
    "`rule`, or name with `at` the visit that the outcome is read at."
)
NOBODY_SEEN = "nobody has a visit after the index visit. Check `cohort.index` and the times."


@dataclass(frozen=True, slots=True)
class TimedFollowUp(FollowUp):
    """When the outcome first held after each index visit.

    ``at`` is the visit of the event, else the last one at which the outcome could be told, else the
    first one after the index visit; ``state`` is what was there; ``died`` is who died first.

    Parameters
    ----------
    happened
        Who had the event, shape (index visits,).
    days
        From the index visit to the end, NaN where it is not known, shape (index visits,).
    missed
        Visits before the end at which the outcome could not be told, and the index visits they
        were seen from.
    missed_by
        Those index visits, as positions among all of them.
    shortened
        Visits at which it could not be told behind the last at which it could.
    """

    happened: Flags
    days: Numbers
    missed: Places
    missed_by: Places
    shortened: Places

    def untold(self, index: Places) -> tuple[Places, Places]:
        """Visits up to the end at which the outcome was not told, and the index visit of each."""
        return self.missed, index[self.missed_by]


def timed_follow_up(
    visits: Visits, index: Places, asked: Asked, events: Sequence[str], *, death_at_visit: bool
) -> TimedFollowUp:
    """Find out when the outcome first held.

    Parameters
    ----------
    visits
        In order.
    index
        Positions of the index visits.
    asked
        What is asked of every visit after them.
    events
        States that are the event.
    death_at_visit
        Whether a visit on the day of death only records it; else an event that was seen on that day
        came before.
    """
    zero, death = visits.day[index], visits.death[visits.patient[index]]
    first = np.full(len(index), -1, dtype=np.int64)
    last, found = first.copy(), np.full(len(index), UNTOLD, dtype=np.int64)
    last_state, after = found.copy(), first.copy()
    wanted = np.array([name in events for name in asked.states], dtype=bool)
    untold, seen_from = [], []
    for owner, place in _pairs(visits, index):
        if death_at_visit:
            with np.errstate(invalid="ignore"):
                alive = ~(visits.day[place] >= death[owner])
            owner, place = owner[alive], place[alive]  # noqa: PLW2901
        state = asked.at(visits, place, index[owner])
        happened = np.flatnonzero((state >= 0) & wanted[state])
        happened = happened[_first_of(owner[happened])]
        first[owner[happened]], found[owner[happened]] = place[happened], state[happened]
        told = np.flatnonzero(state >= 0)
        told = told[_last_of(owner[told])]
        last[owner[told]], last_state[owner[told]] = place[told], state[told]
        begins = _first_of(owner)
        after[owner[begins]] = place[begins]
        untold.append(place[state < 0])
        seen_from.append(owner[state < 0])
    with np.errstate(invalid="ignore"):
        # The visits of an index visit stand before the death; here only the same day is left.
        died = (first < 0) & (death > zero)
    at = np.where(first >= 0, first, np.where(last >= 0, last, after))
    state = np.where(first >= 0, found, last_state)
    end = np.where(died, death, visits.day[at])
    known = died | (state >= 0)
    places, owners = _joined(untold), _joined(seen_from)
    early = visits.day[places] < np.where(known, end, np.inf)[owners]
    late = ~early & ~died[owners] & (first[owners] < 0)
    return TimedFollowUp(
        at=at,
        state=state,
        died=died,
        unconfirmed=np.zeros(len(index), dtype=bool),
        happened=first >= 0,
        days=np.where(known, end - zero, np.nan),
        missed=places[early],
        missed_by=owners[early],
        shortened=places[late],
    )


def time_findings(visits: Visits, followed: TimedFollowUp) -> Iterator[Finding]:
    """What could not be told, of those whose time is known.

    Parameters
    ----------
    visits, followed
        What was made.
    """
    unknown = followed.undeterminable | followed.lost
    key = "cohort.outcome"
    # Of those without any visit that tells, the patient flow speaks.
    nowhere = unknown[followed.missed_by]
    for code, message, places in (
        ("outcome_missed", MISSED, followed.missed[~nowhere]),
        ("follow_up_shortened", SHORTENED, followed.shortened),
    ):
        rows = np.unique(visits.rows[places])
        if len(rows):
            yield Finding(code, key, message, rows, fatal=False)


def time_asked(asked: Asked, name: str, events: Sequence[str]) -> Iterator[Finding]:
    """Why what is asked cannot be asked of a time.

    Parameters
    ----------
    asked
        What is asked of visits.
    name
        Of the definition, empty for a rule.
    events
        Words of ``question.event``.
    """
    if asked.confirmed_after is not None:
        yield Finding("confirmed", "cohort.outcome", CONFIRMED.format(name=name))
    unknown = [] if asked.binary else [word for word in events if word not in asked.states]
    if unknown:
        told = UNKNOWN_STATE.format(names=", ".join(unknown), states=", ".join(asked.states))
        yield Finding("unknown_state", "question.event", told)


def _pairs(visits: Visits, index: Places) -> Iterator[tuple[Places, Places]]:
    """Number of an index visit, and a visit after it, in blocks; an index visit stays whole."""
    count = visits.start[visits.patient[index] + 1] - index - 1
    total = np.cumsum(count)
    begin = 0
    while begin < len(index):
        before = int(total[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(total, before + _BLOCK, side="right")), begin + 1)
        some = count[begin:end]
        owner = np.repeat(np.arange(begin, end), some)
        skipped = np.repeat(np.cumsum(some) - some, some)
        yield owner, index[owner] + 1 + np.arange(len(owner)) - skipped
        begin = end


def _first_of(owner: Places) -> Flags:
    """Where a run of the same number begins."""
    return np.concatenate((np.ones(min(len(owner), 1), dtype=bool), owner[1:] != owner[:-1]))


def _last_of(owner: Places) -> Flags:
    """Where a run of the same number ends."""
    return np.concatenate((owner[1:] != owner[:-1], np.ones(min(len(owner), 1), dtype=bool)))


def _joined(parts: Sequence[Places]) -> Places:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
