"""``predict()``: one patient, or a table of them, against one bundle.

Nothing here fits anything, and for a linear model nothing here needs more than NumPy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from predictor.clinic.answer import as_text
from predictor.clinic.patient import (
    ReadPatient,
    identifier_of,
    read_patient,
    shown_value,
    unknown_columns,
)
from predictor.errors import PatientRefused, Reason
from predictor.explanation.contributions import Contributions, contributions
from predictor.fitted.bundle import Bundle, load_bundle, locate_bundle, stamp

if TYPE_CHECKING:
    import pandas as pd

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much one variable moves the prediction away from the reference.

    Parameters
    ----------
    variable, label, unit
        From the dictionary.
    value
        The patient's number or state; None where it was missing and a typical value was used.
    contribution
        SHAP value on the prediction's scale.
    """

    variable: str
    label: str
    value: float | str | None
    unit: str | None
    contribution: float


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
        What an average patient of the cohort has.
    scale
        ``"log-odds"`` or ``"probability"``; ``base_value`` and contributions are on it.
    base_value
        Output for the reference; with the contributions it adds up to the model's output.
    contributions
        Largest first.
    imputed
        Variables that were missing and stand at a typical value.
    warnings
        What a reader must know about this patient's values.
    evidence
        Level, patients and events behind the model, and a statement.
    model
        Name, version and digest.
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

    def to_dict(self) -> dict[str, Any]:
        """The prediction as the JSON of design section 4."""
        return {
            "patient": self.patient,
            "outcome": self.outcome,
            "horizon": self.horizon,
            "probability": self.probability,
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
                }
                for c in self.contributions
            ],
            "imputed": list(self.imputed),
            "warnings": [
                {"code": w.code, "variable": w.where or None, "message": w.message}
                for w in self.warnings
            ],
            "evidence": dict(self.evidence),
            "model": dict(self.model),
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


@dataclass(frozen=True, slots=True)
class Predictions:
    """Answers for a table of patients.

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


@overload
def predict(patient: Mapping[str, object], model: str | Path | Bundle) -> Prediction: ...
@overload
def predict(patient: pd.DataFrame, model: str | Path | Bundle) -> Predictions: ...
def predict(
    patient: Mapping[str, object] | pd.DataFrame, model: str | Path | Bundle
) -> Prediction | Predictions:
    """Predict the outcome of one patient, or of each row of a data frame.

    Parameters
    ----------
    patient
        Mapping from dictionary variable to a number in the dictionary's unit, text with a unit
        (``"0.75 g/L"``) or ``{"value": 0.75, "unit": "g/L"}``; a variable that is left out or None
        is missing. Or a data frame whose columns are dictionary variables.
    model
        A bundle: its path, the bare name of a shipped one, or what ``load_model`` returned.

    Returns
    -------
    Prediction
        For a mapping. ``print()`` it, or take ``to_dict()``.
    Predictions
        For a data frame; refused patients are listed in it, with rows counted from 0.

    Raises
    ------
    PatientRefused
        For a mapping that can be given no prediction, lists every reason at once; for a data
        frame with unknown or repeated columns, lists these.
    BundleError
        If the bundle cannot be loaded.
    """
    bundle = model if isinstance(model, Bundle) else cached_bundle(model)
    pandas = sys.modules.get("pandas")  # without it there is no data frame, and it stays unloaded
    if pandas is not None and isinstance(patient, pandas.DataFrame):
        return _predict_frame(patient, bundle)
    read = read_patient(patient, bundle)
    return _answers(bundle, [read])[0]


def _predict_frame(frame: pd.DataFrame, bundle: Bundle) -> Predictions:
    names = list(frame.columns)
    unknown = unknown_columns(names, bundle)
    twice = {str(name) for name in names if name not in unknown and names.count(name) > 1}
    reasons = list(unknown.values())
    reasons += [Reason("repeated_column", n, "the column is there twice.") for n in sorted(twice)]
    if reasons:
        raise PatientRefused(reasons, where="data frame")
    return predict_rows(enumerate(frame.to_dict("records")), bundle)


def predict_rows(
    rows: Iterable[tuple[int, object]], bundle: Bundle, *, decimal: str = "."
) -> Predictions:
    """Predict a table of patients.

    Parameters
    ----------
    rows
        Row numbers, as the reader of the table counts them, with the patients.
    bundle
        The model.
    decimal
        Decimal sign of numbers that are text.
    """
    predictions: list[Prediction] = []
    numbers: list[int] = []
    refused: list[RefusedPatient] = []
    batch: list[ReadPatient] = []
    for number, patient in rows:
        try:
            batch.append(read_patient(patient, bundle, decimal=decimal))
            numbers.append(number)
        except PatientRefused as refusal:
            refused.append(RefusedPatient(identifier_of(patient), number, refusal.reasons))
        if len(batch) == _BATCH:
            predictions += _answers(bundle, batch)
            batch = []
    predictions += _answers(bundle, batch)
    return Predictions(tuple(predictions), tuple(numbers), tuple(refused))


def cached_bundle(model: str | Path) -> Bundle:
    """A loaded bundle; loaded anew only when it was written anew."""
    folder = locate_bundle(model)
    return _load(folder.absolute(), stamp(folder))


@lru_cache(maxsize=8)
def _load(folder: Path, written: tuple[int, ...]) -> Bundle:  # noqa: ARG001 - part of the key
    return load_bundle(folder)


def _answers(bundle: Bundle, patients: Sequence[ReadPatient]) -> list[Prediction]:
    if not patients:
        return []
    values = np.stack([patient.values for patient in patients])
    found = contributions(bundle.model, bundle.preparation, values)
    probability = bundle.model.probability(bundle.preparation.apply(values))
    return [
        _answer(bundle, patient, found, i, float(probability[i]))
        for i, patient in enumerate(patients)
    ]


def _answer(
    bundle: Bundle, patient: ReadPatient, found: Contributions, i: int, probability: float
) -> Prediction:
    manifest = bundle.manifest
    parts = [
        Contribution(
            variable.name,
            variable.label,
            shown_value(variable, float(patient.values[j])),
            variable.unit,
            float(found.values[i, j]),
        )
        for j, variable in enumerate(bundle.variables)
    ]
    outcome = manifest["outcome"]
    return Prediction(
        patient=patient.identifier,
        outcome=outcome["name"],
        label=outcome["label"],
        horizon=outcome["horizon"],
        population=outcome["population"],
        probability=probability,
        reference_probability=found.reference_probability,
        scale=found.scale,
        base_value=found.base_value,
        contributions=tuple(sorted(parts, key=lambda part: -abs(part.contribution))),
        imputed=tuple(part.variable for part in parts if part.value is None),
        warnings=patient.warnings,
        evidence=dict(manifest["evidence"]),
        model={
            "name": bundle.name,
            "version": manifest["model"]["version"],
            "digest": bundle.digest,
        },
    )
