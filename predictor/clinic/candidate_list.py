"""The candidates of a cohort: who is ranked, who stands apart and why, what a cut would mean.

Plain data from predictions; the arithmetic is in :mod:`predictor.clinic.candidates`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from predictor.clinic.beside import Beside, RecordedColumn, Remark, recorded_columns
from predictor.clinic.candidates import (
    chance_range,
    cut,
    expected_events,
    on_either_side,
    per_event,
    ranks,
)
from predictor.clinic.prediction import Prediction, Predictions, RefusedPatient
from predictor.clinic.prices import Prices
from predictor.clinical.unchecked import Treatment
from predictor.errors import CohortError, Reason
from predictor.fitted.bundle import Bundle
from predictor.performance.estimate import Estimate

_NOT_ODD = {"not_used"}
"""Warnings that say nothing about whether a patient's values can be trusted."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient with a rank.

    Parameters
    ----------
    patient, row
        Identifier, if one was given, and row of the file.
    probability, low, high
        Of the event, with the model's interval where it has one.
    rank, tied
        1 for the highest probability; whether another patient shares it.
    selected
        Whether the patient is on the upper side of the cut; false where none was asked for.
    cost, weight_assumed
        Of all courses; whether the weight is the one that the prices state for want of another.
    imputed, warnings
        Predictors not measured; what is odd about the patient's values.
    on_record, not_filled
        Entries that bear on what the model does not check; columns that would and are empty.
    """

    patient: str | None
    row: int
    probability: float
    low: float | None
    high: float | None
    rank: int
    tied: bool
    selected: bool
    cost: float | None
    weight_assumed: bool
    imputed: tuple[str, ...]
    warnings: tuple[Reason, ...]
    on_record: tuple[Remark, ...]
    not_filled: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "patient": self.patient,
            "row": self.row,
            "probability": self.probability,
            "low": self.low,
            "high": self.high,
            "rank": self.rank,
            "tied": self.tied,
            "selected": self.selected,
            "cost": self.cost,
            "weight_assumed": self.weight_assumed,
            "imputed": list(self.imputed),
            "warnings": _reasons(self.warnings),
            "on_record": [{"variable": r.variable, "entry": r.entry} for r in self.on_record],
            "not_filled": list(self.not_filled),
        }


@dataclass(frozen=True, slots=True)
class Apart:
    """A patient with a prediction who is not ranked, because the model knows no such patients."""

    patient: str | None
    row: int
    probability: float
    low: float | None
    high: float | None
    reasons: tuple[Reason, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "patient": self.patient,
            "row": self.row,
            "probability": self.probability,
            "low": self.low,
            "high": self.high,
            "reasons": _reasons(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """What is expected of some patients together.

    Parameters
    ----------
    name
        ``selected`` or ``ranked`` (all with a rank).
    patients
        How many.
    expected
        Events, within the limits of the model.
    chance
        Between which numbers of events chance alone would move it.
    per_event
        Patients treated per event observed; None where no event is expected.
    cost, cost_per_event
        Of all courses; None without prices.
    """

    name: Literal["selected", "ranked"]
    patients: int
    expected: Estimate
    chance: tuple[int, int]
    per_event: Estimate | None
    cost: float | None
    cost_per_event: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "group": self.name,
            "patients": self.patients,
            **_flat("expected_events", self.expected),
            "chance_low": self.chance[0],
            "chance_high": self.chance[1],
            **_flat("treated_per_event", self.per_event),
            "cost": self.cost,
            **_flat("cost_per_event", self.cost_per_event),
        }


@dataclass(frozen=True, slots=True)
class Chosen:
    """The cut that was asked for.

    Parameters
    ----------
    threshold, budget
        As given; None where not.
    spent
        Cost of those selected; None without prices.
    undecided
        Ranked patients whose interval holds the threshold; None without a threshold or intervals.
    next, next_affordable
        Those at whose rank the budget ended, and how many of them its rest would pay for.
    cheapest_course
        Least cost of one course among those ranked; None without prices.
    """

    threshold: float | None
    budget: float | None
    spent: float | None
    undecided: int | None
    next: tuple[Candidate, ...]
    next_affordable: int
    cheapest_course: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "threshold": self.threshold,
            "treated_per_event_at_threshold": 1 / self.threshold if self.threshold else None,
            "budget": self.budget,
            "spent": self.spent,
            "undecided": self.undecided,
            "next": [{"patient": c.patient, "row": c.row, "rank": c.rank} for c in self.next],
            "next_affordable": self.next_affordable,
        }


@dataclass(frozen=True, slots=True)
class IntervalKind:
    """How the patients' intervals were made; no level where they are no confidence intervals."""

    level: float | None
    method: str


@dataclass(frozen=True, slots=True)
class CandidateList:
    """The patients of a cohort in the order of their probability, and all that goes with it.

    Parameters
    ----------
    source
        The cohort's file.
    candidates
        From rank 1 downwards; equal ones by identifier.
    outside, refused
        Patients without a rank, with reasons.
    chosen
        The cut; None where none was asked for.
    groups
        Those selected, where there is a cut, and all ranked.
    interval
        Of the patients' intervals; None where some have none.
    columns
        Columns that bear on what the model does not check.
    after_treatment
        Columns of the cohort that were measured after treatment began.
    simulated
        Whether the cohort says that its patients are simulated.
    bundle, validation, treatment, prices
        Behind it all.
    """

    source: str
    candidates: tuple[Candidate, ...]
    outside: tuple[Apart, ...]
    refused: tuple[RefusedPatient, ...]
    chosen: Chosen | None
    groups: tuple[Group, ...]
    interval: IntervalKind | None
    columns: tuple[RecordedColumn, ...]
    after_treatment: tuple[str, ...]
    simulated: bool
    bundle: Bundle
    validation: str | None
    treatment: Treatment
    prices: Prices | None

    @property
    def demonstration(self) -> bool:
        """Whether the model is of simulated patients."""
        return bool(self.bundle.manifest["evidence"]["level"] == "demonstration")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; ``candidates`` as in design section 4."""
        manifest = self.bundle.manifest
        kind = self.interval
        return {
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "outside": [apart.to_dict() for apart in self.outside],
            "refused": [refused.to_dict() for refused in self.refused],
            "cut": None if self.chosen is None else self.chosen.to_dict(),
            "groups": [group.to_dict() for group in self.groups],
            "interval": None if kind is None else {"level": kind.level, "method": kind.method},
            "unchecked": [
                {
                    "name": item.name,
                    "columns": [c.to_dict() for c in self.columns if c.item == item.name],
                }
                for item in self.treatment.unchecked
            ],
            "after_treatment": list(self.after_treatment),
            "simulated": self.simulated,
            "prices": None if self.prices is None else self.prices.to_dict(),
            **{key: manifest["outcome"][key] for key in ("label", "horizon", "population")},
            "evidence": dict(manifest["evidence"]),
            "model": {
                "name": self.bundle.name,
                "version": manifest["model"]["version"],
                "digest": self.bundle.digest,
            },
        }


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
    after_treatment, simulated
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
        undecided = None
        if threshold is not None and kind is not None:
            lows, highs = [c.low for c in found], [c.high for c in found]
            undecided = on_either_side(lows, highs, threshold)
        course = min(costs) / prices.courses if prices is not None and costs else None
        following = tuple(found[i] for i in side.next)
        chosen = Chosen(
            threshold, budget, side.spent, undecided, following, side.next_affordable, course
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
                tied=rank.count(place) > 1,
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
        rule = "what some patients would cost cannot be said"
        raise CohortError(source, rule, "Correct these:", reasons=reasons)
    return found


def _group(
    name: Literal["selected", "ranked"], members: Sequence[Candidate], kind: IntervalKind | None
) -> Group:
    p = [c.probability for c in members]
    none = [None] * len(members)
    low = none if kind is None else [c.low for c in members]
    high = none if kind is None else [c.high for c in members]
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
    # Cut off, not rounded: 100% would say more than a distance can.
    share = min(int(1000 * applicability.distance_percentile) / 10, 99.9)
    message = (
        f"farther from the patients of the model than about {share:g}% of such patients are; "
        "its probability cannot be relied on."
    )
    reasons = (
        Reason("outside_domain", "", message),
        *(w for w in p.warnings if w.code not in _NOT_ODD),
    )
    return Apart(p.patient, row, p.probability, *_limits(p), reasons)


def _flat(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    value, low, high = (
        (None, None, None) if estimate is None else (estimate.value, estimate.low, estimate.high)
    )
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, str | None]]:
    return [{"code": r.code, "variable": r.where or None, "message": r.message} for r in reasons]
