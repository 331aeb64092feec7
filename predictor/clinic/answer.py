"""What every way out says of a prediction, in the same words: text, tables, page and figures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from predictor.clinical.units import readable_unit

if TYPE_CHECKING:
    from predictor.clinic.results import Applicability, Contribution, Prediction
    from predictor.errors import Reason

NOT_FOR_CARE = "DEMONSTRATION, NOT FOR CARE: the model was trained on simulated patients."

CONTRADICTED = "calibration"
"""Code of the warning that the range itself tells of, in the head."""

NOT_USED = "not_used"
"""Code of the warning that tells of values the model has no use for."""

_OUTSIDE = (
    "OUTSIDE what the model knows: this patient is farther from the typical one than {share} of "
    "the patients it has learned from. Do not rely on the number below."
)
_EVERY = "every one"
_ALMOST_EVERY = "over 99%"
_QUESTION = "{event}, {horizon}"
_AVERAGE = "A patient with average values: {reference}"
_AVERAGE_AND_SHARE = (
    "A patient with average values: {reference} ({share} of the cohort had the event)"
)
_AVERAGE_AND_STATE = (
    "A patient with average values: {label} {reference} (the state of {share} of the cohort)"
)

_POWER = re.compile(r"\b10\*(\d+)")


def outside(found: Applicability | None) -> str | None:
    """What is said, before anything else, of a patient the model does not know; else None."""
    if found is None or found.inside:
        return None
    return _OUTSIDE.format(share=_share(found.distance_percentile))


def _share(of_cohort: float) -> str:
    if of_cohort > 0.99:
        return _EVERY if of_cohort >= 1 else _ALMOST_EVERY
    return f"{of_cohort:.0%}"


def question(label: str, horizon: str) -> str:
    """What is predicted, over which time; a label that holds the time needs it no second time.

    >>> question("remission", "6 months"), question("relapse (flare at 6 months)", "6 months")
    ('Remission, 6 months', 'Relapse (flare at 6 months)')
    """
    event = label[:1].upper() + label[1:]
    if horizon.casefold() in label.casefold():
        return event
    return _QUESTION.format(event=event, horizon=horizon)


def average(prediction: Prediction) -> str:
    """What the patient is compared with, and how often the event was, which is something else."""
    reference = percent(prediction.reference_probability)
    if prediction.cohort_share is None:
        return _AVERAGE.format(reference=reference)
    share = percent(prediction.cohort_share)
    if prediction.states:
        label = prediction.states[-1].label
        return _AVERAGE_AND_STATE.format(reference=reference, share=share, label=label)
    return _AVERAGE_AND_SHARE.format(reference=reference, share=share)


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


def powers(text: str) -> str:
    """Units of counts as people write them: "210 10*9/L" would read as two numbers.

    >>> powers("is outside 1 to 1500 10*9/L")
    'is outside 1 to 1500 x10^9/L'
    """
    return _POWER.sub(r"x10^\1", text)


def shown_value(part: Contribution) -> str:
    """The patient's value with its unit, as people write it."""
    if part.value is None:
        return "not measured"
    if isinstance(part.value, str):
        return part.value
    number = f"{part.value:.0f}" if part.value.is_integer() else f"{part.value:.6g}"
    unit = powers(readable_unit(part.unit))
    return " ".join(word for word in (part.comparator, number, unit) if word)


def labels_of(prediction: Prediction) -> dict[str, str]:
    """Label of each of the model's variables."""
    return {part.variable: part.label for part in prediction.contributions}


def by_code(warnings: Iterable[Reason]) -> dict[str, list[Reason]]:
    """Warnings of one kind together, kinds in the order in which they first come."""
    found: dict[str, list[Reason]] = {}
    for warning in warnings:
        found.setdefault(warning.code, []).append(warning)
    return found
