"""The answer in words: what a clinician reads, from templates, in at most 25 lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from predictor.clinical.units import readable_unit

if TYPE_CHECKING:
    from predictor.clinic.prediction import Contribution, Prediction

_WIDTH = 92
_SHOWN = 8
_MOST_WARNINGS = 4

_NOT_FOR_CARE = "DEMONSTRATION, NOT FOR CARE: the model was trained on simulated patients."
_HEAD = "{label}, {horizon}: {probability}"
_REFERENCE = "An average patient of the cohort: {reference}"
_REASONS = "What moves it, largest first (effect on the {scale}):"
_REASON = "  {sign} {label:<34} {value:<22} {effect:>+7.2f}"
_REST = "  {sign} {count} further variables together {gap} {effect:>+7.2f}"
_IMPUTED = "Not measured, a typical value stands in: {names}."
_WARNING = "Warning: {where}{message}"
_MORE_WARNINGS = "Warning: {count} more; see to_dict()."
_EVIDENCE = "Evidence: {level}. {statement}"
_PROGNOSIS = (
    "This is the prognosis of patients treated as those of the cohort were ({population}). It is "
    "not the effect of a treatment, and no answer to whether this patient needs one."
)
_MODEL = "Model {name}, version {version}, {digest}"


def as_text(prediction: Prediction) -> str:
    """The prediction as a clinician reads it."""
    return "\n".join(_lines(prediction))


def percent(probability: float) -> str:
    """A probability for people: whole percents, and never 0% or 100%.

    >>> percent(0.414), percent(0.0004), percent(0.9999)
    ('41%', 'below 1%', 'above 99%')
    """
    if probability < 0.01:
        return "below 1%"
    if probability > 0.99:
        return "above 99%"
    return f"{probability:.0%}"


def _lines(prediction: Prediction) -> Iterator[str]:
    if prediction.evidence["level"] == "demonstration":
        yield _NOT_FOR_CARE
    if prediction.patient is not None:
        yield f"Patient {prediction.patient}"
    yield _HEAD.format(
        label=prediction.label[:1].upper() + prediction.label[1:],
        horizon=prediction.horizon,
        probability=percent(prediction.probability),
    )
    yield _REFERENCE.format(reference=percent(prediction.reference_probability))
    yield ""
    yield _REASONS.format(scale=prediction.scale)
    shown = prediction.contributions[:_SHOWN]
    for part in shown:
        yield _REASON.format(
            sign=_sign(part.contribution),
            label=textwrap.shorten(part.label, 34, placeholder="…"),
            value=shown_value(part),
            effect=part.contribution,
        )
    rest = prediction.contributions[_SHOWN:]
    if rest:
        effect = sum(part.contribution for part in rest)
        yield _REST.format(sign=_sign(effect), count=len(rest), gap=" " * 26, effect=effect)
    yield ""
    if prediction.imputed:
        yield from _wrapped(_IMPUTED.format(names=", ".join(prediction.imputed)))
    for warning in prediction.warnings[:_MOST_WARNINGS]:
        where = f"{warning.where} " if warning.where else ""
        yield from _wrapped(_WARNING.format(where=where, message=warning.message))
    if len(prediction.warnings) > _MOST_WARNINGS:
        yield _MORE_WARNINGS.format(count=len(prediction.warnings) - _MOST_WARNINGS)
    yield from _wrapped(
        _EVIDENCE.format(
            level=prediction.evidence["level"], statement=prediction.evidence["statement"]
        )
    )
    yield from _wrapped(_PROGNOSIS.format(population=prediction.population))
    yield _MODEL.format(
        name=prediction.model["name"],
        version=prediction.model["version"],
        digest=prediction.model["digest"][:19],
    )


def _sign(effect: float) -> str:
    return "+" if effect > 0 else "-" if effect < 0 else " "


def shown_value(part: Contribution) -> str:
    """The patient's value with its unit, as people write it."""
    if part.value is None:
        return "not measured"
    if isinstance(part.value, str):
        return part.value
    return f"{part.value:g} {readable_unit(part.unit)}".rstrip()


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent="  ")
