"""One prediction as the contents of a page: plain data, placed and rounded, for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from predictor.clinic.answer import (
    CONTRADICTED,
    average,
    outside,
    percent,
    question,
    shown_value,
)
from predictor.clinic.state_answer import shares
from predictor.clinical.units import readable_unit
from predictor.service.text import powers

if TYPE_CHECKING:
    from predictor.clinic.results import Contribution, Prediction
    from predictor.clinic.results import Interval as PredictionInterval
    from predictor.clinic.state_answer import StateAnswer

MOST_STEPS = 12
"""Reasons that are drawn; the smallest are summed up, and listed below."""

MOST_WARNINGS = 8
"""Warnings that are shown, and printed; further ones unfold."""

_INTERVAL = "{level} interval {low} to {high} ({method})"
_TOLD_WITH_FIGURES = ("no_interval", CONTRADICTED)  # the figures say so themselves


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of a probability, in percent of its width.

    Parameters
    ----------
    probability, reference
        Of this patient, and of an average one.
    low, width
        Of the interval; None where there is none.
    """

    probability: float
    reference: float
    low: float | None
    width: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """One reason: a row of the table, and a step of the waterfall beside it.

    Parameters
    ----------
    label, value, typical, standing
        Texts; empty where there is nothing to say.
    effect
        With its sign.
    raises
        Whether it raises the prediction; None if it does neither.
    start, width
        Of the step, in percent of the width of the waterfall.
    """

    label: str
    value: str
    typical: str
    standing: str
    effect: str
    raises: bool | None
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval in words.

    Parameters
    ----------
    level
        ``"95%"``; empty for a range that is no confidence interval.
    low, high, method
        Texts.
    wider
        By how many percentage points missing values make it wider; 0 for not noticeably.
    contradicted
        Whether the probability lies far outside it.
    beside
        Whether the probability lies outside it as the numbers are shown.
    """

    level: str
    low: str
    high: str
    method: str
    wider: int
    contradicted: bool
    beside: bool


@dataclass(frozen=True, slots=True)
class StateLine:
    """One of several states: its texts, and its bar."""

    label: str
    probability: str
    interval: str
    reference: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """Everything on the page of an answer.

    Parameters
    ----------
    title
        What is predicted, over which time.
    patient
        The identifier, or empty.
    demonstration
        Whether the model has seen simulated patients only.
    probability, reference, average
        Texts; the last is the reference in a sentence.
    bar, interval
        Of the probability.
    scale
        On which effects are measured.
    steps, further
        Reasons that are drawn, and those that are only listed.
    base, end
        Where the waterfall begins and ends, in percent of its width.
    imputed
        Labels of what was not measured.
    warnings, more_warnings
        Label, or empty, and message.
    outside
        What is said of a patient the model does not know, before anything else; else empty.
    inside
        Share of the cohort's patients that lie nearer, as text, of one who lies inside; empty if
        nothing is known.
    level, statement, validation
        What stands behind the model.
    population, model, version, digest
        Of the model.
    states
        Best first, where the model tells several; title and reasons are then those of the best.
    shares
        All states with their probabilities, or the probability of the event.
    """

    title: str
    patient: str
    demonstration: bool
    probability: str
    reference: str
    average: str
    bar: Bar
    interval: Interval | None
    scale: str
    steps: tuple[Step, ...]
    further: tuple[Step, ...]
    base: float
    end: float
    imputed: tuple[str, ...]
    warnings: tuple[tuple[str, str], ...]
    more_warnings: tuple[tuple[str, str], ...]
    outside: str
    inside: str
    level: str
    statement: str
    validation: str
    population: str
    model: str
    version: str
    digest: str
    states: tuple[StateLine, ...]
    shares: str


def answer_page(prediction: Prediction, labels: Mapping[str, str]) -> AnswerPage:
    """Lay out one prediction.

    Parameters
    ----------
    prediction
        The answer.
    labels
        Label of each variable.
    """
    drawn, further = _split(prediction.contributions)
    effects = [part.contribution for part in drawn]
    rest = sum(part.contribution for part in further)
    path = _path(prediction.base_value, [*effects, *([rest] if further else [])])
    place = _scaled(path)
    steps = [_step(part, place[i], place[i + 1]) for i, part in enumerate(drawn)]
    if further:
        together = Step("", str(len(further)), "", "", *_drawn(rest, place[-2], place[-1]))
        steps.append(together)
    applicability = prediction.applicability
    distance = "" if applicability is None else percent(applicability.distance_percentile)
    warnings = tuple(
        (labels.get(w.where, w.where), powers(w.message))
        for w in prediction.warnings
        if w.code not in _TOLD_WITH_FIGURES
    )
    inside = applicability is None or applicability.inside
    evidence, model = prediction.evidence, prediction.model
    return AnswerPage(
        title=question(prediction.label, prediction.horizon),
        patient=prediction.patient or "",
        demonstration=evidence["level"] == "demonstration",
        probability=percent(prediction.probability),
        reference=percent(prediction.reference_probability),
        average=average(prediction),
        bar=_bar(prediction),
        interval=_interval(prediction),
        scale=prediction.scale,
        steps=tuple(steps),
        further=tuple(_step(part, 0.0, 0.0) for part in further),
        base=place[0],
        end=place[-1],
        imputed=tuple(labels.get(name, name) for name in prediction.imputed),
        warnings=warnings[:MOST_WARNINGS],
        more_warnings=warnings[MOST_WARNINGS:],
        outside=outside(applicability) or "",
        inside=distance if inside else "",
        level=str(evidence["level"]),
        statement=str(evidence["statement"]),
        validation=prediction.validation or "",
        population=prediction.population,
        model=str(model["name"]),
        version=str(model["version"]),
        digest=str(model["digest"])[:19],
        states=tuple(_state(state, prediction.interval) for state in reversed(prediction.states)),
        shares=shares(prediction.states) or percent(prediction.probability),
    )


def _state(state: StateAnswer, made: PredictionInterval | None) -> StateLine:
    interval, low, width = "", None, None
    if state.low is not None and state.high is not None and made is not None and made.level:
        bounds = {"low": percent(state.low), "high": percent(state.high)}
        interval = _INTERVAL.format(level=f"{made.level:.0%}", method=made.method, **bounds)
        low, width = round(100 * state.low, 2), round(100 * (state.high - state.low), 2)
    reference = state.reference_probability
    bar = Bar(round(100 * state.probability, 2), round(100 * reference, 2), low, width)
    return StateLine(state.label, percent(state.probability), interval, percent(reference), bar)


def _split(
    parts: Sequence[Contribution],
) -> tuple[Sequence[Contribution], Sequence[Contribution]]:
    """Reasons to draw and reasons to list: one alone is drawn rather than summed up."""
    if len(parts) <= MOST_STEPS + 1:
        return parts, ()
    return parts[:MOST_STEPS], parts[MOST_STEPS:]


def _path(base: float, effects: Sequence[float]) -> list[float]:
    path = [base]
    for effect in effects:
        path.append(path[-1] + effect)
    return path


def _scaled(path: Sequence[float]) -> list[float]:
    """Places between 2 and 98 percent of the width."""
    low, high = min(path), max(path)
    if high == low:
        return [50.0] * len(path)
    return [round(2 + 96 * (x - low) / (high - low), 2) for x in path]


def _step(part: Contribution, start: float, end: float) -> Step:
    return Step(
        part.label,
        powers(shown_value(part)),
        "" if part.typical is None else _with_unit(part.typical, part.unit),
        part.standing or "",
        *_drawn(part.contribution, start, end),
    )


def _drawn(effect: float, start: float, end: float) -> tuple[str, bool | None, float, float]:
    raises = None if effect == 0 else effect > 0
    width = max(abs(end - start), 0.6)  # an effect of next to nothing is still a line
    return _signed(effect), raises, min(start, end), round(width, 2)


def _with_unit(value: float | str, unit: str | None) -> str:
    if isinstance(value, str):
        return value
    return powers(f"{value:.4g} {readable_unit(unit)}".rstrip())


def _signed(effect: float) -> str:
    """An effect with its sign, the minus as wide as the plus.

    >>> _signed(-0.316), _signed(0.004), _signed(0.0)
    ('−0.32', '+0.004', '0')
    """
    if effect == 0:
        return "0"
    text = f"{effect:+.2f}" if abs(effect) >= 0.01 else f"{effect:+.1g}"
    return text.replace("-", "−")


def _bar(prediction: Prediction) -> Bar:
    found = prediction.interval
    return Bar(
        probability=round(100 * prediction.probability, 2),
        reference=round(100 * prediction.reference_probability, 2),
        low=None if found is None else round(100 * found.low, 2),
        width=None if found is None else round(100 * (found.high - found.low), 2),
    )


def _interval(prediction: Prediction) -> Interval | None:
    found = prediction.interval
    if found is None:
        return None
    shown = round(100 * prediction.probability)
    return Interval(
        level="" if found.level is None else f"{found.level:.0%}",
        low=percent(found.low),
        high=percent(found.high),
        method=found.method,
        wider=round(100 * found.widening),
        contradicted=any(warning.code == CONTRADICTED for warning in prediction.warnings),
        beside=not round(100 * found.low) <= shown <= round(100 * found.high),
    )
