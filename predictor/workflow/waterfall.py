"""``predictor predict --waterfall``: one patient's answer as a figure."""

from __future__ import annotations

from pathlib import Path

from predictor.clinic.answer import NOT_FOR_CARE, outside, question
from predictor.clinic.answer_text import odd_values, range_sentence
from predictor.clinic.prediction import Prediction
from predictor.clinic.state_answer import shares
from predictor.fitted.models import Scale
from predictor.report.figures import WaterfallRow, waterfall_figure
from predictor.workflow.files import check_suffix, write_file
from predictor.workflow.state_refusal import refuse_months

SUFFIX = ".png"

_PATIENT = "Patient {patient}."
_INTERVAL = "{interval}."
_STATES = "All states: {states}."
_MODEL = "Model {name}, version {version}, {digest}; evidence: {level}."
_PROGNOSIS = "Prognosis under the treatment of the cohort, not the effect of a treatment."


def write_waterfall(prediction: Prediction, path: Path) -> None:
    """Draw what moves one prediction away from the reference.

    Raises
    ------
    PredictorError
        If the suffix is not .png or the place cannot be written.
    """
    check_suffix(path, SUFFIX)
    refuse_months(prediction, "--waterfall")
    rows = [
        WaterfallRow(
            part.label,
            "" if part.value is None else part.shown,
            part.contribution,
            imputed=part.value is None,
        )
        for part in prediction.contributions
    ]
    scale: Scale = "probability" if prediction.scale == "probability" else "log-odds"
    image = waterfall_figure(
        rows,
        base_value=prediction.base_value,
        scale=scale,
        probability=prediction.probability,
        reference_probability=prediction.reference_probability,
        title=question(prediction.label, prediction.horizon),
        **of_state(prediction),
        cautions=cautions(prediction),
        facts=facts(prediction),
    )
    write_file(path, image)


def of_state(prediction: Prediction) -> dict[str, str]:
    """The best of several states, whose reasons an answer tells, and against which one they are."""
    if not prediction.states:
        return {}
    best, worst = prediction.states[-1], prediction.states[0]
    return {"event": best.label, "against": worst.label if best.contributions is not None else ""}


def cautions(prediction: Prediction) -> list[str]:
    """What stands above the figure, as in the answer in words: the first first."""
    found = [sentence for sentence in (outside(prediction.applicability),) if sentence]
    if prediction.evidence["level"] == "demonstration":
        found.append(NOT_FOR_CARE)
    return [*found, *odd_values(prediction)]


def facts(prediction: Prediction) -> list[str]:
    """What stands below the title: interval, patient, model, and what it is not."""
    found = []
    if prediction.interval is not None:
        sentence = range_sentence(prediction, prediction.interval).rstrip(".")
        found.append(_INTERVAL.format(interval=sentence))
    if prediction.states:
        found.append(_STATES.format(states=shares(prediction.states)))
    if prediction.patient is not None:
        found.append(_PATIENT.format(patient=prediction.patient))
    model, level = prediction.model, prediction.evidence["level"]
    name, version, digest = model["name"], model["version"], model["digest"][:19]
    found.append(_MODEL.format(name=name, version=version, digest=digest, level=level))
    return [*found, _PROGNOSIS]
