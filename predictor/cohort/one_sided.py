"""Outcomes that can only come out one way, and missing values that take away only one answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.expression import AT_INDEX
from predictor.clinical.sledai import items_of
from predictor.cohort.baseline_values import BaselineValue
from predictor.cohort.finding import Finding
from predictor.cohort.follow_up import Asked, FollowUp
from predictor.cohort.index_visits import IndexVisits
from predictor.cohort.visits import Visits

Places = NDArray[np.int64]

KEY = "cohort.outcome"
_MOST = 5
NEVER = (
    "the outcome can never be {states} here: {names} {has} no value at any visit where the outcome "
    "looks for it. Map the column, change the window, or choose another outcome."
)
IN_FACT = (
    "every outcome that is known is {state}: the rule does not come out otherwise in these "
    "patients{untold}. Nothing can be learned from them; look at the rule."
)
UNTOLD = ", or what is missing decides it in those whose outcome cannot be told"
ONE_SIDED = (
    "where {names} has no value the outcome can never be told as {states}, only as the others. "
    "Those who are left out for it are no random part, and shares and models are off by them."
)
DECLARED = (
    "the latest value in the window was declared missing (`cohort.impossible`, "
    "`cohort.laboratory`), so none stands here: an older one never takes its place."
)


def in_fact_never(
    visits: Visits, asked: Asked, index: IndexVisits, followed: FollowUp
) -> Finding | None:
    """Why a state can never come out with the values that follow-up visits have.

    Parameters
    ----------
    visits, asked, index, followed
        All that was made so far.
    """
    seen = np.flatnonzero(followed.at >= 0)
    if not len(seen):
        return None
    now = _with_value(visits, asked.reads, followed.at[seen])
    before = _with_value(visits, asked.index_reads, index.at[seen])

    def has(name: str) -> bool:
        plain = name.removeprefix(AT_INDEX)
        return plain in (now if plain == name else before)

    states = _lost(asked, asked.reachable(has))
    if not states:
        return None
    empty = (
        *sorted(asked.reads - now),
        *(AT_INDEX + n for n in sorted(asked.index_reads - before)),
    )
    names = _without_items(list(empty), asked.reads | asked.index_reads)
    text = NEVER.format(
        states=" or ".join(states), names=", ".join(names), has="has" if len(names) == 1 else "have"
    )
    return Finding("undeterminable", KEY, text)


def one_sided(
    visits: Visits, asked: Asked, index: IndexVisits, followed: FollowUp
) -> Iterator[Finding]:
    """Where what is missing takes away only one answer.

    Parameters
    ----------
    visits, asked, index, followed
        All that was made so far.
    """
    seen = np.flatnonzero((followed.at >= 0) & ~followed.died & ~followed.unconfirmed)
    state = followed.state[seen]
    untold = state < 0
    known = np.unique(state[~untold])
    if len(known) == 1:
        other = UNTOLD if untold.any() else ""
        text = IN_FACT.format(state=asked.states[known[0]], untold=other)
        yield Finding("one_sided_outcome", KEY, text, fatal=False, count=int((~untold).sum()))
    if not untold.any():
        return
    groups: dict[tuple[str, ...], list[tuple[str, NDArray[np.bool_]]]] = {}
    for name, missing in _missing(visits, asked, index.at[seen], followed.at[seen]):
        left_out = missing & untold
        if not left_out.any():
            continue
        left = asked.reachable(lambda other, gone=name: other != gone)  # type: ignore[misc]
        if any(left) and not all(left):
            groups.setdefault(_lost(asked, left), []).append((name, left_out))
    for lost, found in groups.items():
        text = ONE_SIDED.format(names=_few([name for name, _ in found]), states=" or ".join(lost))
        count = int(np.logical_or.reduce([left_out for _, left_out in found]).sum())
        yield Finding("one_sided_missing", KEY, text, fatal=False, count=count)


def declared_missing(baseline: Mapping[str, BaselineValue]) -> Iterator[Finding]:
    """Index visits whose latest value was declared missing, counted by variable."""
    for name, found in baseline.items():
        count = int(found.declared.sum())
        if count:
            yield Finding(
                "declared_missing", name, DECLARED, fatal=False, variable=name, count=count
            )


def _missing(
    visits: Visits, asked: Asked, index: Places, at: Places
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Variables that are read, and where they have no value."""
    for names, places, before in ((asked.reads, at, ""), (asked.index_reads, index, AT_INDEX)):
        for name in sorted(names & set(visits.values)):
            yield before + name, np.isnan(visits.values[name][places])


def _with_value(visits: Visits, names: frozenset[str], places: Places) -> frozenset[str]:
    return frozenset(
        name
        for name in names & set(visits.values)
        if not np.isnan(visits.values[name][places]).all()
    )


def _lost(asked: Asked, left: tuple[bool, ...]) -> tuple[str, ...]:
    """States that can no longer come out."""
    return tuple(name for name, there in zip(asked.states, left, strict=True) if not there)


def _few(names: list[str]) -> str:
    return " or ".join(names[:_MOST] + ["others"] * (len(names) > _MOST))


def _without_items(missing: list[str], reads: frozenset[str]) -> list[str]:
    """Names without the items of a score among them, if anything else is left."""
    items = {item for name in reads for item in items_of(name)}
    return [name for name in missing if name.removeprefix(AT_INDEX) not in items] or missing
