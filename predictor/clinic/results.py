"""The answer for one patient or many, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from predictor.clinic.answer import shown_value
from predictor.clinic.answer_table import as_text as table_text
from predictor.clinic.answer_text import as_text
from predictor.clinic.state_answer import StateAnswer
from predictor.clinic.time_answer import MonthAnswer
from predictor.errors import Reason

_SHORT = "<Predictions: {answered} answered, {refused} refused; print() shows them>"


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much one variable moves the prediction away from the reference.

    Parameters
    ----------
    variable, label, unit
        From the dictionary.
    value
        The patient's number or state; None where it was missing and had to be filled in.
    contribution
        SHAP value on the prediction's scale.
    typical
        Median of the cohort, or its most frequent state.
    standing
        ``"low"`` or ``"high"`` where the value lies outside the reference range.
    comparator
        ``"<"`` or the like where ``value`` is a limit beyond which the true one lies.
    """

    variable: str
    label: str
    value: float | str | None
    unit: str | None
    contribution: float
    typical: float | str | None = None
    standing: str | None = None
    comparator: str = ""

    @property
    def shown(self) -> str:
        """The value with its unit as people write it: ``12 years``, ``not measured``."""
        return shown_value(self)


@dataclass(frozen=True, slots=True)
class Interval:
    """Range around the probability.

    Parameters
    ----------
    level
        Confidence level; None where the range is not a confidence interval.
    low, high
        Bounds, as probabilities.
    method
        How it was made.
    widening
        By how much missing values make it wider, in probability.
    """

    level: float | None
    low: float
    high: float
    method: str
    widening: float = 0.0


@dataclass(frozen=True, slots=True)
class Applicability:
    """Whether the patient is like those the model has learned from.

    Parameters
    ----------
    inside
        Whether the distance is one that patients of the cohort have from each other.
    distance_percentile
        Share of the cohort that lies less far away, from 0 to 1: 0.62 for 62%.
    """

    inside: bool
    distance_percentile: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one patient.

    Parameters
    ----------
    patient
        Identifier, if one was given.
    outcome, label, horizon, population
        What is predicted, what the event is called, over which time, and for whom the model is.
    probability
        Of the event.
    reference_probability
        What a patient has whose predictors are, on the scale of the model, the cohort's average:
        where contributions start. It is not the share of the cohort that had the event.
    scale
        ``"log-odds"`` or ``"probability"``; ``base_value`` and contributions are on it.
    base_value
        Output for the reference; with the contributions it adds up to the model's output.
    contributions
        Largest first.
    imputed
        Variables that were missing and had to be filled in.
    warnings
        What a reader must know about this patient's values.
    evidence
        Level, patients and events behind the model, and a statement.
    model
        Name, version and digest.
    interval
        Around the probability; None where the bundle supports none.
    applicability
        Whether the patient is like those of the cohort; None where the bundle cannot tell.
    validation
        How good the model is, in one line; None where it was not validated.
    cohort_share
        Share of the model's cohort that had the event; None where the bundle does not tell.
    states
        Every state, worst first, of a model of several; ``probability``, ``interval`` and the
        contributions are then those of the last. Empty for an event.
    by_month
        Every month of a model of a time; ``probability`` and ``interval`` are then those of the
        last, and contributions add up to the log hazard ratio. Empty otherwise.
    """

    patient: str | None
    outcome: str
    label: str
    horizon: str
    population: str
    probability: float
    reference_probability: float
    scale: str
    base_value: float
    contributions: tuple[Contribution, ...]
    imputed: tuple[str, ...]
    warnings: tuple[Reason, ...]
    evidence: Mapping[str, Any]
    model: Mapping[str, Any]
    interval: Interval | None = None
    applicability: Applicability | None = None
    validation: str | None = None
    cohort_share: float | None = None
    states: tuple[StateAnswer, ...] = ()
    by_month: tuple[MonthAnswer, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The prediction as the JSON of design section 4; ``states`` where there are several."""
        several = {"states": [s.to_dict() for s in self.states]} if self.states else {}
        if self.by_month:
            several = {"by_month": [answer.to_dict() for answer in self.by_month]}
        return {
            "patient": self.patient,
            "outcome": self.outcome,
            "horizon": self.horizon,
            "probability": self.probability,
            "interval": asdict(self.interval) if self.interval else None,
            "reference_probability": self.reference_probability,
            "scale": self.scale,
            "base_value": self.base_value,
            "contributions": [
                {
                    "variable": c.variable,
                    "label": c.label,
                    "value": c.value,
                    "unit": c.unit,
                    "contribution": c.contribution,
                    "typical": c.typical,
                    "standing": c.standing,
                }
                for c in self.contributions
            ],
            "imputed": list(self.imputed),
            "warnings": [
                {"code": w.code, "variable": w.where or None, "message": w.message}
                for w in self.warnings
            ],
            "applicability": asdict(self.applicability) if self.applicability else None,
            "evidence": dict(self.evidence),
            "validation": self.validation,
            "model": dict(self.model),
            **several,
        }

    def __str__(self) -> str:
        return as_text(self)


@dataclass(frozen=True, slots=True)
class RefusedPatient:
    """A patient of a table who was given no prediction, and every reason."""

    patient: str | None
    row: int
    reasons: tuple[Reason, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "patient": self.patient,
            "row": self.row,
            "reasons": [
                {"code": r.code, "variable": r.where or None, "message": r.message}
                for r in self.reasons
            ],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Predictions:
    """Answers for a table of patients; ``print()`` shows the first of them.

    Parameters
    ----------
    predictions
        In the order of the rows.
    rows
        Row of each prediction, counted as in ``refused``.
    refused
        Patients without one, with their row and reasons.
    """

    predictions: tuple[Prediction, ...]
    rows: tuple[int, ...]
    refused: tuple[RefusedPatient, ...]

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.predictions)

    def __len__(self) -> int:
        return len(self.predictions)

    def to_dict(self) -> dict[str, Any]:
        """``{"predictions": [...], "refused": [...]}`` as in design section 4."""
        return {
            "predictions": [prediction.to_dict() for prediction in self.predictions],
            "refused": [refused.to_dict() for refused in self.refused],
        }

    def __str__(self) -> str:
        return table_text(self)

    def __repr__(self) -> str:
        # Without any patient's value: what a program logs is often a repr.
        return _SHORT.format(answered=len(self.predictions), refused=len(self.refused))
