"""From the predictions of a cohort to the list of its candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from predictor.clinic.beside import Beside, recorded_columns
from predictor.clinic.candidate_list import (
    Apart,
    Candidate,
    CandidateList,
    Chosen,
    Group,
    IntervalKind,
)
from predictor.clinic.candidates import (
    chance_range,
    cut,
    expected_events,
    per_event,
    ranks,
    undecided,
)
from predictor.clinic.prediction import Prediction, Predictions
from predictor.clinic.prices import Prices
from predictor.clinical.unchecked import Treatment
from predictor.errors import CohortError, Reason
from predictor.fitted.bundle import Bundle

_FARTHER = (
    "farther from the middle of the model's patients than {share} of them; the probability cannot "
    "be relied on."
)
_MOST_REASONS = 20
_NOT_ODD = {"not_used"}
"""Warnings that say nothing about whether a patient's values can be trusted."""


def list_candidates(
    answers: Predictions,
    beside: Mapping[int, Beside],
    bundle: Bundle,
    treatment: Treatment,
    *,
    source: str = "cohort",
    threshold: float | None = None,
    budget: float | None = None,
    prices: Prices | None = None,
    columns: Iterable[str] = (),
    after_treatment: Sequence[str] = (),
    simulated: bool = False,
    meanings: Sequence[str] = (),
    unread: Sequence[str] = (),
) -> CandidateList:
    """Rank the patients of a cohort and cut the order.

    Parameters
    ----------
    answers
        Predictions and refusals.
    beside
        By row: what else the file says of the patient.
    bundle
        The model.
    treatment
        What it does not check.
    source
        Name of the file.
    threshold, budget
        Lowest probability; most that may be spent, in the currency of the prices.
    prices
        What treating a patient costs.
    columns
        Columns of the file.
    after_treatment, simulated, meanings, unread
        As in :class:`CandidateList`.

    Raises
    ------
    CohortError
        If a cost is needed for a patient whose weight is missing without a stated default, or
        unreadable.
    """
    pairs = list(zip(answers.rows, answers.predictions, strict=True))
    inside = [pair for pair in pairs if _is_inside(pair[1])]
    found = _ranked(inside, beside, prices, source)
    kind = _interval_kind([p for _, p in inside])
    costs = [c.cost for c in found if c.cost is not None]
    side = cut(
        [c.probability for c in found],
        threshold=threshold,
        cost=costs if prices is not None else None,
        budget=budget,
    )
    found = [replace(c, selected=s) for c, s in zip(found, side.selected, strict=True)]
    chosen = None
    if threshold is not None or budget is not None:
        unsure = None
        if threshold is not None and kind is not None:
            lows, highs = [c.low for c in found], [c.high for c in found]
            unsure = undecided([c.probability for c in found], lows, highs, threshold)
        course = min(costs) / prices.courses if prices is not None and costs else None
        following = tuple(found[i] for i in side.next)
        chosen = Chosen(
            threshold, budget, side.spent, unsure, following, side.next_affordable, course
        )
    groups = [_group("ranked", found, kind)] if found else []
    if chosen is not None and any(side.selected):
        groups.insert(0, _group("selected", [c for c in found if c.selected], kind))
    return CandidateList(
        source=source,
        candidates=tuple(found),
        outside=tuple(_apart(row, p) for row, p in pairs if not _is_inside(p)),
        refused=answers.refused,
        chosen=chosen,
        groups=tuple(groups),
        interval=kind,
        columns=recorded_columns(
            [beside[c.row] for c in found], treatment, bundle.dictionary, set(columns)
        ),
        after_treatment=tuple(after_treatment),
        simulated=simulated,
        meanings=tuple(meanings),
        unread=tuple(unread),
        bundle=bundle,
        validation=next((getattr(p, "validation", None) for _, p in pairs), None),
        treatment=treatment,
        prices=prices,
    )


def _ranked(
    inside: Sequence[tuple[int, Prediction]],
    beside: Mapping[int, Beside],
    prices: Prices | None,
    source: str,
) -> list[Candidate]:
    costs = _costs([row for row, _ in inside], beside, prices, source)
    rank = ranks([p.probability for _, p in inside])
    sharing = Counter(rank)
    found = []
    for (row, p), place in zip(inside, rank, strict=True):
        low, high = _limits(p)
        cost, assumed = costs.get(row, (None, False))
        found.append(
            Candidate(
                patient=p.patient,
                row=row,
                probability=p.probability,
                low=low,
                high=high,
                rank=place,
                tied=sharing[place] > 1,
                selected=False,
                cost=cost,
                weight_assumed=assumed,
                imputed=p.imputed,
                warnings=tuple(w for w in p.warnings if w.code not in _NOT_ODD),
                on_record=beside[row].remarks,
                not_filled=beside[row].not_filled,
            )
        )
    # Equal ones by identifier, so that the order of the rows says nothing.
    return sorted(found, key=lambda c: (c.rank, c.patient is None, c.patient or "", c.row))


def _costs(
    rows: Sequence[int], beside: Mapping[int, Beside], prices: Prices | None, source: str
) -> dict[int, tuple[float, bool]]:
    """By row: the cost, and whether the weight is assumed."""
    if prices is None:
        return {}
    found: dict[int, tuple[float, bool]] = {}
    reasons: list[Reason] = []
    for row in rows:
        reading = beside[row].weight
        where = f"row {row}, {prices.weight_column}"
        if reading.problems:
            reasons += [Reason(p.code, where, p.message) for p in reading.problems]
        elif reading.value is not None:
            found[row] = (prices.cost(reading.value), False)
        elif prices.weight_default is not None:
            found[row] = (prices.cost(prices.weight_default), True)
        else:
            message = "there is no weight, and the prices state none to count with (weight.default)"
            reasons.append(Reason("no_weight", where, f"{message}."))
    if reasons:
        rule = f"what {len(reasons):,} of {len(rows):,} patients would cost cannot be said"
        raise CohortError(source, rule, "The first of them:", reasons=reasons[:_MOST_REASONS])
    return found


def _group(
    name: Literal["selected", "ranked"], members: Sequence[Candidate], kind: IntervalKind | None
) -> Group:
    p = [c.probability for c in members]
    low: list[float | None] = [None] * len(members)
    high = low
    # Ranges without a level tell of one patient each: added up, they say nothing of a group.
    if kind is not None and kind.level is not None:
        low, high = [c.low for c in members], [c.high for c in members]
    expected = expected_events(p, low, high)
    costs = [c.cost for c in members if c.cost is not None]
    cost = round(sum(costs), 2) if costs else None
    return Group(
        name,
        len(members),
        expected,
        chance_range(p),
        per_event(len(members), expected),
        cost,
        None if cost is None else per_event(cost, expected),
    )


def _is_inside(prediction: Prediction) -> bool:
    applicability = getattr(prediction, "applicability", None)
    return applicability is None or bool(applicability.inside)


def _limits(prediction: Prediction) -> tuple[float | None, float | None]:
    interval = getattr(prediction, "interval", None)
    return (None, None) if interval is None else (interval.low, interval.high)


def _interval_kind(predictions: Sequence[Prediction]) -> IntervalKind | None:
    """What all intervals have in common; None where there is none or they differ in kind."""
    kinds = {
        None if interval is None else IntervalKind(interval.level, interval.method)
        for interval in (getattr(p, "interval", None) for p in predictions)
    }
    return kinds.pop() if len(kinds) == 1 else None


def _apart(row: int, p: Prediction) -> Apart:
    applicability: Any = getattr(p, "applicability", None)
    # Cut off, not rounded, so that "all" means all.
    share = int(1000 * applicability.distance_percentile) / 10
    message = _FARTHER.format(share="any" if share >= 100 else f"{share:g}%")
    reasons = (
        Reason("outside_domain", "", message),
        *(w for w in p.warnings if w.code not in _NOT_ODD),
    )
    return Apart(p.patient, row, p.probability, *_limits(p), reasons)
