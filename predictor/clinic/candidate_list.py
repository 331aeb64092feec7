"""The candidates of a cohort as plain data: who is ranked, who stands apart, what a cut means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from predictor.clinic.beside import RecordedColumn, Remark
from predictor.clinic.prediction import RefusedPatient
from predictor.clinic.prices import Prices
from predictor.clinical.unchecked import Treatment
from predictor.errors import Reason
from predictor.fitted.bundle import Bundle
from predictor.performance.estimate import Estimate


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
        Ranked patients whose interval is not wholly on their side of the threshold; None without
        a threshold or intervals.
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
    meanings
        What cells of the cohort would mean in the files of the model's study, where that is
        something else.
    unread
        Which columns of the cohort were left unread.
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
    meanings: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def demonstration(self) -> bool:
        """Whether the model is of simulated patients."""
        return bool(self.bundle.manifest["evidence"]["level"] == "demonstration")

    @property
    def under_treatment(self) -> bool:
        """Whether the model says that its patients had the treatment; otherwise none may be named.

        All that is said of what patients had, in any output, follows from this.
        """
        outcome = self.bundle.manifest["outcome"]
        return self.treatment.is_named_in(f"{outcome['population']} {outcome['time_zero']}")

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


def _flat(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    value, low, high = (
        (None, None, None) if estimate is None else (estimate.value, estimate.low, estimate.high)
    )
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, str | None]]:
    return [{"code": r.code, "variable": r.where or None, "message": r.message} for r in reasons]
