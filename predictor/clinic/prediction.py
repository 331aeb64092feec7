"""``predict()``: one patient, or a table of them, against one bundle.

Nothing here fits anything, and for a linear model nothing here needs more than NumPy.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, overload

import numpy as np

from predictor.clinic.answer import CONTRADICTED
from predictor.clinic.patient import (
    ReadPatient,
    identifier_of,
    read_patient,
    shown_value,
    unknown_columns,
    unknown_reasons,
)
from predictor.clinic.results import (
    Applicability,
    Contribution,
    Interval,
    Prediction,
    Predictions,
    RefusedPatient,
)
from predictor.clinic.standing import cohort_share, validation_line
from predictor.clinic.state_scoring import of_best, score_states, state_answers
from predictor.clinic.time_answer import month_answers, score_times, validation_of_time
from predictor.clinic.uncertainty import Scored, score
from predictor.clinical.variable import Variable
from predictor.errors import PatientRefused, Reason
from predictor.fitted.bundle import Bundle, locate_bundle, open_bundle, stamp

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NO_DISTANCE",
    "OUTSIDE_ITS_RANGE",
    "Prediction",
    "Predictions",
    "RefusedPatient",
    "cached_bundle",
    "predict",
    "predict_rows",
]

OUTSIDE_ITS_RANGE = Reason(
    CONTRADICTED,
    "",
    "the model's own probability lies more than 5 percentage points outside its calibration range: "
    "of patients of the cohort with such a score, another share had the event. Do not rely on it.",
)
"""Warning about a probability that what became of the cohort contradicts."""

NO_DISTANCE = Reason(
    "no_distance",
    "",
    "whether this patient is like those the model was made from is not known: it was fitted to "
    "sums of several centres, and distances need rows.",
)
"""Warning that comes with every answer of a model that was fitted without rows."""

_BATCH = 10_000


class Record(Protocol):
    """A patient's record that was read, such as ``read_fhir`` returns it."""

    @property
    def patient(self) -> Mapping[str, object]:
        """Values of the patient, as ``predict()`` takes them."""

    @property
    def warnings(self) -> tuple[Reason, ...]:
        """What is to be known of the record besides."""


@overload
def predict(patient: Mapping[str, object] | Record, model: str | Path | Bundle) -> Prediction: ...
@overload
def predict(patient: pd.DataFrame, model: str | Path | Bundle) -> Predictions: ...
def predict(
    patient: Mapping[str, object] | Record | pd.DataFrame, model: str | Path | Bundle
) -> Prediction | Predictions:
    """Predict the outcome of one patient, or of each row of a data frame.

    Parameters
    ----------
    patient
        Mapping from dictionary variable to a number in the dictionary's unit, text with a unit
        (``"0.75 g/L"``) or ``{"value": 0.75, "unit": "g/L"}``; a variable that is left out or None
        is missing. With ``"comparator": "<"`` beside it the value is a limit, and a warning says
        so. Or what ``read_fhir`` returned. Or a data frame whose columns are dictionary variables.
    model
        A bundle: its path, the bare name of a shipped one, the address of a registered one
        (``models:/remission@champion``, ``models:/remission/3``), or what ``load_model`` returned.

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
    TrackingError
        If the registry of an address does not answer, or does not know the model.
    """
    bundle = model if isinstance(model, Bundle) else cached_bundle(model)
    pandas = sys.modules.get("pandas")  # without it there is no data frame, and it stays unloaded
    if pandas is not None and isinstance(patient, pandas.DataFrame):
        return _predict_frame(patient, bundle)
    if not isinstance(patient, Mapping) and isinstance(getattr(patient, "patient", None), Mapping):
        answer = predict(patient.patient, bundle)
        return replace(answer, warnings=(*patient.warnings, *answer.warnings))
    read = read_patient(patient, bundle)
    return _answers(bundle, [read])[0]


def _predict_frame(frame: pd.DataFrame, bundle: Bundle) -> Predictions:
    names = list(frame.columns)
    unknown = unknown_columns(names, bundle)
    seen = Counter(names)
    twice = {str(name) for name, count in seen.items() if name not in unknown and count > 1}
    reasons = unknown_reasons(unknown, bundle)
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
    return open_bundle(folder)


def _answers(bundle: Bundle, patients: Sequence[ReadPatient]) -> list[Prediction]:
    if not patients:
        return []
    values = np.stack([patient.values for patient in patients])
    part, several = bundle.states, None
    timed = None if bundle.hazards is None else score_times(bundle, values)
    if timed is not None:
        found = timed.last
    elif part is None:
        found = score(bundle, values)
    else:
        several = score_states(bundle, values)
        found = of_best(part, several)
    percentile = None
    if found.distance is not None and bundle.moments is not None:
        percentile = bundle.moments.percentile(found.distance)
    answers = [
        _answer(bundle, patient, found, i, None if percentile is None else float(percentile[i]))
        for i, patient in enumerate(patients)
    ]
    if bundle.hazards is not None and timed is not None:
        line = validation_of_time(bundle.manifest)
        return [
            # The share of the cohort that had the event leaves out who was censored before it.
            replace(
                answer,
                by_month=month_answers(bundle.hazards, timed, i),
                validation=line,
                cohort_share=None,
            )
            for i, answer in enumerate(answers)
        ]
    if part is None or several is None:
        return answers
    names = tuple(variable.name for variable in bundle.variables)
    return [
        replace(answer, states=state_answers(part, several, names, i))
        for i, answer in enumerate(answers)
    ]


def _answer(
    bundle: Bundle, patient: ReadPatient, found: Scored, i: int, percentile: float | None
) -> Prediction:
    manifest = bundle.manifest
    # As Python's own numbers: taking them from an array one by one costs more than all the rest.
    given, effects = patient.values.tolist(), found.values[i].tolist()
    parts = [
        Contribution(
            variable.name,
            variable.label,
            shown_value(variable, value),
            variable.unit,
            effect,
            shown_value(variable, typical),
            _standing(variable, value),
            patient.beyond.get(variable.name, ""),
        )
        for variable, value, effect, typical in zip(
            bundle.variables, given, effects, bundle.preparation.fill.tolist(), strict=True
        )
    ]
    outcome = manifest["outcome"]
    return Prediction(
        patient=patient.identifier,
        outcome=outcome["name"],
        label=outcome["label"],
        horizon=outcome["horizon"],
        population=outcome["population"],
        probability=float(found.probability[i]),
        reference_probability=found.reference_probability,
        scale=found.scale,
        base_value=found.base_value,
        contributions=tuple(sorted(parts, key=lambda part: -abs(part.contribution))),
        imputed=tuple(part.variable for part in parts if part.value is None),
        warnings=(*patient.warnings, *_about_interval(found, i), *_about_distance(bundle)),
        evidence=dict(manifest["evidence"]),
        model={
            "name": bundle.name,
            "version": manifest["model"]["version"],
            "digest": bundle.digest,
        },
        interval=_interval(found, i),
        applicability=_applicability(bundle, found, i, percentile),
        validation=validation_line(manifest),
        cohort_share=cohort_share(manifest),
    )


def _standing(variable: Variable, value: float) -> str | None:
    reference = variable.reference
    if reference is None or variable.kind != "continuous" or isnan(value):
        return None
    if reference.low is not None and value < reference.low:
        return "low"
    if reference.high is not None and value > reference.high:
        return "high"
    return None


def _interval(found: Scored, i: int) -> Interval | None:
    if found.low is None or found.high is None or found.widening is None:
        return None
    low, high, widening = found.low[i], found.high[i], found.widening[i]
    return Interval(found.level, float(low), float(high), found.method, float(widening))


def _about_interval(found: Scored, i: int) -> tuple[Reason, ...]:
    if found.low is None:
        return (Reason("no_interval", "", "this model comes without an interval."),)
    if found.contradicted is not None and found.contradicted[i]:
        return (OUTSIDE_ITS_RANGE,)
    return ()


def _about_distance(bundle: Bundle) -> tuple[Reason, ...]:
    """That nobody can say whether the patient is like the others, of a model made without rows."""
    if bundle.moments is not None or "federated" not in bundle.manifest:
        return ()
    return (NO_DISTANCE,)


def _applicability(
    bundle: Bundle, found: Scored, i: int, percentile: float | None
) -> Applicability | None:
    if found.distance is None or bundle.moments is None or percentile is None:
        return None
    return Applicability(bool(found.distance[i] <= bundle.moments.cutoff), percentile)
