"""The answer of one patient in at most 25 lines of 92 characters.

Everything that is said has a full and a shorter form. The full ones stand where there is room;
where there is none, they become shorter in a fixed order: first the reasons, last of all what is
odd about the patient's values. Sentences are left out whole, never cut.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from predictor.clinic.answer import (
    CONTRADICTED,
    NOT_FOR_CARE,
    NOT_USED,
    average,
    by_code,
    labels_of,
    outside,
    percent,
    powers,
    question,
    shown_value,
)
from predictor.clinic.state_answer import STATES, state_average, state_lines
from predictor.clinic.time_answer import month_line

if TYPE_CHECKING:
    from predictor.clinic.results import Contribution, Interval, Prediction
    from predictor.errors import Reason

WIDTH = 92
LINES = 25

_MOST_REASONS = 8
_LONGEST_NAME = 30
_LINES_OF_CHECKS = (10, 6, 4, 2)

_PATIENT = "Patient {patient}"
_HEAD = "{question}: {probability}"
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
_REASONS = "What moves it, largest first (+ raises it, - lowers it; effect on the {scale}):"
_NO_REASONS = "Nothing moves it: no value of this patient changes what this model predicts."
_REASON = "  {sign} {label:<30} {value:<22} {typical:<18} {effect:>+7.2f}"
_REST = "  {sign} {rest:<72} {effect:>+7.2f}"
_TYPICAL = "typical {typical}"
_STANDING = "{value}, {standing}"
_FURTHER = "{count} further variables together"
_IMPUTED = "Not measured, drawn from what the cohort suggests: {names}."
_CHECKS = {
    "suspicious_unit": "Warning, check the unit: {names}.",
    "suspicious_value": "Warning, check the value: {names}.",
}
_LIMITS = {
    "beyond_limit": "Warning, reported only as beyond a limit, which stands for it: {names}.",
    "open_limit": (
        "Warning, reported only as beyond a limit that leaves the value open, taken as not "
        "measured: {names}."
    ),
}
_LABEL_AND_VALUE = "{label} {value}"
_DETAIL = "{label} {value} ({message})"
_WARNING = "Warning: {where}{message}"
_MORE_WARNINGS = "Warning, also about {names}."
_ABOUT_ALL = "all values"
_AND_MORE = "{names} and {count} more"
_OF_THEM = "{count} values"
_UNUSED = "{start}: {names}."
_EVIDENCE = "Evidence: {level}. {statement}"
_PROGNOSIS = (
    "This is the prognosis of patients treated as those of the cohort were ({population}). It is "
    "not the effect of a treatment, and no answer to whether this patient needs one."
)
_SHORT_PROGNOSIS = (
    "This is the prognosis under the treatment of the cohort. It is not the effect of a treatment, "
    "and no answer to whether this patient needs one."
)
_MODEL = "Model {name}, version {version}, {digest}"

_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")

# What becomes shorter, in this order, and how far, until everything has room.
_LADDER = (
    *(("reasons", shorter) for shorter in range(1, _MOST_REASONS - 2)),  # down to 3
    *(("evidence", shorter) for shorter in range(1, 20)),
    ("evidence", 10_000),  # the shortest form there is
    ("gaps", 1),
    ("reasons", _MOST_REASONS - 2),
    ("reasons", _MOST_REASONS - 1),
    ("prognosis", 1),
    ("others", 1),
    ("checks", 1),
    ("reasons", _MOST_REASONS),
    ("unused", 1),
    ("validation", 1),
    *(("checks", 2 + shorter) for shorter in range(len(_LINES_OF_CHECKS))),
)

Forms = Sequence[Sequence[str]]
"""Lines of one part of the answer, in its forms from the longest to the shortest."""


def as_text(prediction: Prediction) -> str:
    """The prediction as a clinician reads it: at most 25 lines of 92 characters."""
    parts: dict[str, Forms] = {
        "head": [_head(prediction)],
        "checks": _checks(prediction),
        "average": [
            state_average(prediction.states, reasons=bool(prediction.contributions))
            or [average(prediction)]
        ],
        "reasons": _reasons(prediction),
        "gaps": _gaps(prediction),
        "others": _others(prediction),
        "unused": _unused(prediction),
        "evidence": _evidence(prediction),
        "validation": [_wrapped(prediction.validation, 1) if prediction.validation else [], []],
        "prognosis": _prognosis(prediction),
        "model": [_wrapped(_model(prediction), 1)],
    }
    chosen = dict.fromkeys(parts, 0)

    def lines() -> list[str]:
        return [line for name, forms in parts.items() for line in forms[chosen[name]]]

    for name, form in _LADDER:
        if len(lines()) <= LINES:
            break
        chosen[name] = min(form, len(parts[name]) - 1)
    for name in reversed(list(dict.fromkeys(name for name, _ in _LADDER))):
        while chosen[name]:  # room that is left over goes back, to what matters most first
            chosen[name] -= 1
            if len(lines()) > LINES:
                chosen[name] += 1
                break
    return "\n".join(map(_printable, lines()))


def _head(prediction: Prediction) -> list[str]:
    lines: list[str] = []
    if (unlike := outside(prediction.applicability)) is not None:
        lines += _wrapped(unlike, 2)
    if prediction.evidence["level"] == "demonstration":
        lines.append(NOT_FOR_CARE)
    if prediction.patient is not None:
        lines += _wrapped(_PATIENT.format(patient=prediction.patient), 1)
    asked = question(prediction.label, prediction.horizon)
    if prediction.states:
        told = state_lines(prediction.states, prediction.interval)
        return [*lines, *_wrapped(STATES.format(question=asked), 1), *told]
    probability = percent(prediction.probability)
    headline = _HEAD.format(question=asked, probability=probability)
    if len(headline) > WIDTH:  # words of the configuration give way, the number never
        short = textwrap.shorten(prediction.label, 40, placeholder="…")
        horizon = textwrap.shorten(prediction.horizon, 30, placeholder="…")
        headline = _HEAD.format(question=question(short, horizon), probability=probability)
    lines.append(headline)
    if prediction.interval is not None:
        lines += _wrapped(range_sentence(prediction, prediction.interval), 2)
    lines += _wrapped(month_line(prediction.by_month), 2)
    return lines


def range_sentence(prediction: Prediction, interval: Interval) -> str:
    """The interval in words, and whether it speaks against the number."""
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


def _checks(prediction: Prediction) -> Forms:
    """Values that look like an error: with what is odd; by name; as many names as fit."""
    kinds = by_code(prediction.warnings)
    found = [(template, kinds[code]) for code, template in _CHECKS.items() if code in kinds]
    full = [line for sentence in odd_values(prediction) for line in _folded(sentence)]
    names: list[str] = []
    some: list[list[str]] = [[] for _ in _LINES_OF_CHECKS]
    for template, warnings in found:
        labels = [_label(warning, labels_of(prediction)) for warning in warnings]
        names += _folded(template.format(names=", ".join(labels)))
        for form, most in zip(some, _LINES_OF_CHECKS, strict=True):
            form.extend(_naming(template, labels, most // len(found)))
    return [full, names, *some]


def odd_values(prediction: Prediction) -> list[str]:
    """Sentences on values that look like an error, one for each kind of error."""
    kinds = by_code(prediction.warnings)
    parts = {part.variable: part for part in prediction.contributions}
    return [
        template.format(names=", ".join(_detail(w, parts.get(w.where)) for w in kinds[code]))
        for code, template in _CHECKS.items()
        if code in kinds
    ]


def _detail(warning: Reason, part: Contribution | None) -> str:
    message = powers(warning.message.removeprefix("is ").rstrip("."))
    label = warning.where if part is None else part.label
    value = "" if part is None else shown_value(part)
    return " ".join(_DETAIL.format(label=label, value=value, message=message).split())


def _label_and_value(part: Contribution) -> str:
    if part.value is None:
        return part.label
    return _LABEL_AND_VALUE.format(label=part.label, value=shown_value(part))


def _label(warning: Reason, labels: dict[str, str]) -> str:
    return _cut(labels.get(warning.where, warning.where), _LONGEST_NAME)


def _reasons(prediction: Prediction) -> Forms:
    if not any(part.contribution for part in prediction.contributions):
        return [["", _NO_REASONS, ""]] * _MOST_REASONS + [[""]]
    return [
        *(["", *_largest(prediction, most), ""] for most in range(_MOST_REASONS, 0, -1)),
        [""],
    ]


def _largest(prediction: Prediction, most: int) -> list[str]:
    parts = prediction.contributions
    lines = [_REASONS.format(scale=prediction.scale.partition(" ")[0])]
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


def _gaps(prediction: Prediction) -> Forms:
    if not prediction.imputed:
        return [[], []]
    labels = labels_of(prediction)
    names = [_cut(labels.get(name, name), _LONGEST_NAME) for name in prediction.imputed]
    return [_naming(_IMPUTED, names, 3), _naming(_IMPUTED, names, 1)]


def _others(prediction: Prediction) -> Forms:
    """Warnings of every other kind: in full, or about what they are."""
    told_elsewhere = {*_CHECKS, CONTRADICTED, NOT_USED}
    warnings = [w for w in prediction.warnings if w.code not in told_elsewhere]
    if not warnings:
        return [[], []]
    labels = labels_of(prediction)
    full: list[str] = []
    kinds, parts = by_code(warnings), {part.variable: part for part in prediction.contributions}
    for code, template in _LIMITS.items():
        found = [parts[w.where] for w in kinds.get(code, ()) if w.where in parts]
        if found:
            full += _folded(template.format(names=", ".join(_label_and_value(p) for p in found)))
    for warning in warnings:
        if warning.code in _LIMITS and warning.where in parts:
            continue
        where = f"{labels.get(warning.where, warning.where)} " if warning.where else ""
        full += _folded(_WARNING.format(where=where, message=powers(warning.message)))
    about = dict.fromkeys(_label(w, labels) if w.where else _ABOUT_ALL for w in warnings)
    return [full, _naming(_MORE_WARNINGS, list(about), 1)]


def _unused(prediction: Prediction) -> Forms:
    found = by_code(prediction.warnings).get(NOT_USED, [])
    return [[line for warning in found[:1] for line in _unused_line(warning.message)], []]


def _unused_line(message: str) -> list[str]:
    """What was given for nothing, in one line; the message lists it after a colon."""
    head, _, names = message.rstrip(".").partition(": ")
    start = _cut(f"{head[:1].upper()}{head[1:]}", WIDTH // 2)
    return _naming(_UNUSED, names.split(", "), 1, start=start)


def _evidence(prediction: Prediction) -> Forms:
    """All sentences of the statement, then without the last one, the last two, and so on."""
    evidence = prediction.evidence
    sentences = _SENTENCES.split(evidence["statement"])
    forms = [
        _folded(_EVIDENCE.format(level=evidence["level"], statement=" ".join(sentences[:count])))
        for count in range(len(sentences), 0, -1)
    ]
    # One endless sentence can only be cut.
    first = _EVIDENCE.format(level=evidence["level"], statement=sentences[0])
    return [*forms, _wrapped(first, 2)]


def _prognosis(prediction: Prediction) -> Forms:
    return [
        _folded(_PROGNOSIS.format(population=prediction.population)),
        _folded(_SHORT_PROGNOSIS),
    ]


def _model(prediction: Prediction) -> str:
    model = prediction.model
    name, version = _cut(model["name"], 40), _cut(str(model["version"]), 15)
    return _MODEL.format(name=name, version=version, digest=model["digest"][:19])


def _naming(template: str, names: Sequence[str], most: int, **words: str) -> list[str]:
    """A line or some that list names: all of them, or as many as fit and how many more."""

    def lines(count: int) -> list[str]:
        shown = ", ".join(names[:count])
        if count < len(names):
            shown = _AND_MORE.format(names=shown, count=len(names) - count)
        return _folded(template.format(names=shown, **words))

    # A name with its comma takes three characters at least.
    low, high = 0, min(len(names), most * WIDTH // 3)
    while low < high:
        middle = (low + high + 1) // 2
        if len(lines(middle)) <= most:
            low = middle
        else:
            high = middle - 1
    if low:
        return lines(low)
    return _wrapped(template.format(names=_OF_THEM.format(count=len(names)), **words), most)


def _sign(effect: float) -> str:
    return "+" if effect > 0 else "-" if effect < 0 else " "


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def _printable(line: str) -> str:
    """A line that stays one: some control characters end a line, others steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in line)


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _wrapped(text: str, most: int) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        subsequent_indent="  ",
        max_lines=most,
        placeholder=" …",
        break_on_hyphens=False,
    )
