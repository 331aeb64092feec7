"""The answer in words: what a clinician reads, from templates, in at most 25 lines.

Room is given in this order: what must always be said (the probability, what it is and is not,
what stands behind it), what is odd about this patient's values, then the largest reasons.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from predictor.clinical.units import readable_unit

if TYPE_CHECKING:
    from predictor.clinic.results import Contribution, Interval, Prediction

WIDTH = 92
LINES = 25

_MOST_REASONS = 8
_FEWEST_REASONS = 3

NOT_FOR_CARE = "DEMONSTRATION, NOT FOR CARE: the model was trained on simulated patients."
_PATIENT = "Patient {patient}"
_HEAD = "{label}, {horizon}: {probability}"
_OUTSIDE = (
    "OUTSIDE what the model knows: this patient is farther from the typical one than {share} of "
    "the patients it has learned from. Do not rely on the number below."
)
_SHARE = "{percent}"
_EVERY = "every one"
_INTERVAL = "{level} interval ({method}): {low} to {high}"
_RANGE = (
    "Of patients of the cohort with such a score, {low} to {high} had the event (calibration "
    "range, no confidence interval)"
)
_CONTRADICTED = (
    "CONTRADICTED by its calibration range: of patients of the cohort with such a score, {low} to "
    "{high} had the event (no confidence interval). Do not rely on the number above."
)
_WIDER = "{interval}; missing values make it {points} percentage points wider"
_BESIDE = "{interval}; the number above lies outside it"
_AVERAGED = "{interval}; averaged over what was not measured"
_REFERENCE = "An average patient of the cohort: {reference}"
_REASONS = "What moves it, largest first (+ raises it, - lowers it; effect on the {scale}):"
_NO_REASONS = "Nothing moves it: no value of this patient changes what this model predicts."
_REASON = "  {sign} {label:<30} {value:<22} {typical:<18} {effect:>+7.2f}"
_REST = "  {sign} {rest:<72} {effect:>+7.2f}"
_TYPICAL = "typical {typical}"
_STANDING = "{value}, {standing}"
_FURTHER = "{count} further variables together"
_IMPUTED = "Not measured, drawn from what the cohort suggests: {names}."
_WARNING = "Warning: {where}{message}"
_MORE_WARNINGS = "Warning: {count} more; to_dict() and --format json list all."
_EVIDENCE = "Evidence: {level}. {statement}"
_PROGNOSIS = (
    "This is the prognosis of patients treated as those of the cohort were ({population}). It is "
    "not the effect of a treatment, and no answer to whether this patient needs one."
)
_MODEL = "Model {name}, version {version}, {digest}"

CONTRADICTED = "calibration"
"""Code of the warning that the range itself tells of, in the head."""

_POWER = re.compile(r"^10\*(\d+)")


def as_text(prediction: Prediction) -> str:
    """The prediction as a clinician reads it: at most 25 lines of 92 characters."""
    head, tail = _head(prediction), _tail(prediction)
    # Two empty lines, the heading of the reasons, the fewest reasons and the line of the rest.
    room = LINES - len(head) - len(tail) - 3 - (_FEWEST_REASONS + 1)
    notes = _notes(prediction, room)
    spare = room - len(notes)
    reasons = _reasons(prediction, min(_MOST_REASONS, _FEWEST_REASONS + spare))
    return "\n".join([*head, "", *reasons, "", *notes, *tail])


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


def shown_value(part: Contribution) -> str:
    """The patient's value with its unit, as people write it."""
    if part.value is None:
        return "not measured"
    if isinstance(part.value, str):
        return part.value
    number = f"{part.value:.0f}" if part.value.is_integer() else f"{part.value:.6g}"
    # "210 10*9/L" would read as two numbers.
    unit = _POWER.sub(r"x10^\1", readable_unit(part.unit))
    return f"{number} {unit}".rstrip()


def _with_standing(part: Contribution) -> str:
    value = shown_value(part)
    if part.standing is None:
        return value
    return _STANDING.format(value=value, standing=part.standing)


def _typical(part: Contribution) -> str:
    if part.typical is None:
        return ""
    typical = part.typical if isinstance(part.typical, str) else f"{part.typical:.4g}"
    return _TYPICAL.format(typical=typical)


def _interval(prediction: Prediction, interval: Interval) -> str:
    low, high = percent(interval.low), percent(interval.high)
    if interval.level is None:
        shown = round(100 * prediction.probability)
        if any(warning.code == CONTRADICTED for warning in prediction.warnings):
            return _CONTRADICTED.format(low=low, high=high)
        text = _RANGE.format(low=low, high=high)
        # As the numbers are shown: a difference that cannot be seen is none.
        if not round(100 * interval.low) <= shown <= round(100 * interval.high):
            return _BESIDE.format(interval=text)
        return _AVERAGED.format(interval=text) if prediction.imputed else text
    level = f"{interval.level:.0%}"
    text = _INTERVAL.format(level=level, method=interval.method, low=low, high=high)
    points = round(100 * interval.widening)
    return _WIDER.format(interval=text, points=points) if points else text


def _share(of_cohort: float) -> str:
    return _EVERY if of_cohort >= 0.995 else _SHARE.format(percent=f"{of_cohort:.0%}")


def _head(prediction: Prediction) -> list[str]:
    lines: list[str] = []
    found = prediction.applicability
    if found is not None and not found.inside:
        lines += _wrapped(_OUTSIDE.format(share=_share(found.distance_percentile)), 2)
    if prediction.evidence["level"] == "demonstration":
        lines.append(NOT_FOR_CARE)
    if prediction.patient is not None:
        lines += _wrapped(_PATIENT.format(patient=prediction.patient), 1)
    name = prediction.label[:1].upper() + prediction.label[1:]
    probability = percent(prediction.probability)
    headline = _HEAD.format(label=name, horizon=prediction.horizon, probability=probability)
    if len(headline) > WIDTH:  # words of the configuration give way, the number never
        short = textwrap.shorten(name, 40, placeholder="…")
        horizon = textwrap.shorten(prediction.horizon, 30, placeholder="…")
        headline = _HEAD.format(label=short, horizon=horizon, probability=probability)
    reference = _REFERENCE.format(reference=percent(prediction.reference_probability))
    if prediction.interval is not None:
        lines += [headline, *_wrapped(_interval(prediction, prediction.interval), 2)]
    else:
        lines.append(headline)
    return [*lines, reference]


def _reasons(prediction: Prediction, most: int) -> list[str]:
    parts = prediction.contributions
    if not any(part.contribution for part in parts):
        return [_NO_REASONS]
    lines = [_REASONS.format(scale=prediction.scale)]
    shown = parts if len(parts) <= most + 1 else parts[:most]
    lines += [
        _REASON.format(
            sign=_sign(part.contribution),
            label=_cut(part.label, 30),
            value=_cut(_with_standing(part), 22),
            typical=_cut(_typical(part), 18),
            effect=part.contribution,
        )
        for part in shown
    ]
    rest = parts[len(shown) :]
    if rest:
        effect = sum(part.contribution for part in rest)
        further = _FURTHER.format(count=len(rest))
        lines.append(_REST.format(sign=_sign(effect), rest=further, effect=effect))
    return lines


def _notes(prediction: Prediction, room: int) -> list[str]:
    lines: list[str] = []
    labels = {part.variable: part.label for part in prediction.contributions}
    if prediction.imputed:
        names = ", ".join(labels.get(name, name) for name in prediction.imputed)
        lines += _wrapped(_IMPUTED.format(names=names), 2)
    warnings = [w for w in prediction.warnings if w.code != CONTRADICTED]
    for i, warning in enumerate(warnings):
        where = f"{labels.get(warning.where, warning.where)} " if warning.where else ""
        found = _wrapped(_WARNING.format(where=where, message=warning.message), 2)
        left = len(warnings) - i
        # The last one may use the last line; before it one is kept to say how many there are.
        if len(lines) + len(found) > room - (left > 1):
            lines.append(_MORE_WARNINGS.format(count=left))
            break
        lines += found
    return lines


def _tail(prediction: Prediction) -> list[str]:
    evidence, model = prediction.evidence, prediction.model
    statement = _EVIDENCE.format(level=evidence["level"], statement=evidence["statement"])
    population = _cut(prediction.population, 120)
    digest = model["digest"][:19]
    validation = _wrapped(prediction.validation, 1) if prediction.validation else ()
    return [
        *_wrapped(statement, 3),
        *validation,
        *_wrapped(_PROGNOSIS.format(population=population), 4),
        *_wrapped(_MODEL.format(name=model["name"], version=model["version"], digest=digest), 2),
    ]


def _sign(effect: float) -> str:
    return "+" if effect > 0 else "-" if effect < 0 else " "


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def _wrapped(text: str, most: int) -> Sequence[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        subsequent_indent="  ",
        max_lines=most,
        placeholder=" …",
        break_on_hyphens=False,
    )
