"""One patient's answer as the contents of one page, in the order in which it must be read.

What forbids relying on the number stands before it: that the patient is unlike those of the
cohort, that the model is a demonstration, that a value looks like an error. Then the number with
its interval, the reasons, what is to be known of the values, and what stands behind the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from predictor.clinic.answer import (
    CONTRADICTED,
    NOT_FOR_CARE,
    outside,
    percent,
    question,
    shown_value,
)
from predictor.clinic.results import Contribution, Prediction
from predictor.clinic.time_answer import MonthAnswer
from predictor.clinical.units import readable_unit
from predictor.errors import Reason
from predictor.report import patient_words as words
from predictor.report.contents import state_patient
from predictor.report.document import (
    Block,
    Cell,
    Column,
    Fact,
    Facts,
    Figure,
    Listing,
    Paragraph,
    Report,
    Section,
    Table,
    Verdict,
)

MOST_STEPS = 12
"""Reasons that are drawn; the smallest are summed up, and stand in the table behind the figure."""

MOST_WARNINGS = 8
"""Warnings that are shown in full."""

_NAMED = 3


def patient_report(prediction: Prediction, *, day: str) -> Report:
    """The contents of one patient's page.

    Parameters
    ----------
    prediction
        The answer.
    day
        When the page is written.

    Returns
    -------
    Report
        Of four sections: cautions (which the page shows above its title), the number, reasons,
        values and evidence.
    """
    asked = question(prediction.label, prediction.horizon)
    title = words.TITLE.format(question=asked, probability=percent(prediction.probability))
    if prediction.states:
        title = state_patient.title(asked, prediction)
    subtitle = "" if prediction.patient is None else prediction.patient
    sections = (
        Section("cautions", "", tuple(_cautions(prediction))),
        Section("number", "", tuple(_number(prediction))),
        Section("reasons", _reasons_title(prediction), tuple(_reasons(prediction))),
        Section("values", words.VALUES, tuple(_values(prediction))),
        Section("evidence", words.BEHIND, tuple(_evidence(prediction, day))),
    )
    shown = tuple(s for s in sections if s.blocks)
    return Report(title, subtitle, Verdict("patient", "", (), ()), {}, shown)


def contradicted(prediction: Prediction) -> bool:
    """Whether the calibration range speaks against the number."""
    return any(warning.code == CONTRADICTED for warning in prediction.warnings)


def _cautions(prediction: Prediction) -> Iterator[Block]:
    if (unlike := outside(prediction.applicability)) is not None:
        yield Paragraph(unlike, "alert")
    if prediction.evidence["level"] == "demonstration":
        yield Paragraph(NOT_FOR_CARE, "alert")
    parts = {part.variable: part for part in prediction.contributions}
    for code, template in words.CHECKS.items():
        found = [_detail(w, parts.get(w.where)) for w in prediction.warnings if w.code == code]
        if found:
            yield Paragraph(template.format(names=", ".join(found)), "warning")


def _detail(warning: Reason, part: Contribution | None) -> str:
    message = powers(warning.message.removeprefix("is ").rstrip("."))
    label = warning.where if part is None else part.label
    value = "" if part is None else powers(shown_value(part))
    return " ".join(words.DETAIL.format(label=label, value=value, message=message).split())


def _number(prediction: Prediction) -> Iterator[Block]:
    if prediction.states:
        yield from state_patient.number_of_states(prediction)
        return
    own = Fact(words.NUMBER, percent(prediction.probability), words.EVENT)
    yield Facts((own, _interval(prediction), _average(prediction)))
    interval = prediction.interval
    if interval is not None and interval.level is None and contradicted(prediction):
        low, high = percent(interval.low), percent(interval.high)
        yield Paragraph(words.CONTRADICTED.format(low=low, high=high), "alert")
    marks = [answer for answer in prediction.by_month if answer.marked]
    if len(marks) > 1:
        yield _months(marks)


def _months(answers: Sequence[MonthAnswer]) -> Table:
    """The probability by each horizon of a model of a time."""
    rows: tuple[Mapping[str, Cell], ...] = tuple(
        {
            "month": str(answer.month),
            "probability": percent(answer.probability),
            "interval": words.NONE
            if answer.low is None or answer.high is None
            else words.BOUNDS.format(low=percent(answer.low), high=percent(answer.high)),
        }
        for answer in answers
    )
    columns = (
        Column("month", words.MONTH),
        Column("probability", words.NUMBER),
        Column("interval", words.NO_INTERVAL),
    )
    return Table("patient-months", words.MONTHS, columns, rows, words.MONTHS_NOTE)


def _interval(prediction: Prediction) -> Fact:
    found = prediction.interval
    if found is None:
        return Fact(words.NO_INTERVAL, words.NONE, words.NONE_MEANING)
    bounds = words.BOUNDS.format(low=percent(found.low), high=percent(found.high))
    if found.level is not None:
        points = round(100 * found.widening)
        template = words.WIDER if points else words.METHOD
        meaning = template.format(method=found.method, points=points)
        return Fact(words.INTERVAL.format(level=f"{found.level:.0%}"), bounds, meaning)
    # As the numbers are shown: a difference that cannot be seen is none.
    shown = round(100 * prediction.probability)
    beside = not round(100 * found.low) <= shown <= round(100 * found.high)
    meaning = words.RANGE_BESIDE if beside else words.RANGE_MEANING
    if prediction.imputed and not beside:
        meaning = words.RANGE_AVERAGED
    return Fact(words.RANGE, bounds, meaning)


def _average(prediction: Prediction) -> Fact:
    share = prediction.cohort_share
    meaning = "" if share is None else words.SHARE.format(share=percent(share))
    return Fact(words.AVERAGE, percent(prediction.reference_probability), meaning)


def _reasons_title(prediction: Prediction) -> str:
    if not prediction.states:
        return words.REASONS
    return state_patient.REASONS.format(state=prediction.states[-1].label)


def _reasons(prediction: Prediction) -> Iterator[Block]:
    parts, caption = prediction.contributions, words.FIGURE
    note = words.FIGURE_NOTE.format(scale=prediction.scale)
    if prediction.states:
        caption = state_patient.FIGURE.format(state=prediction.states[-1].label)
        note = state_patient.note(prediction)
    if not any(part.contribution for part in parts):
        yield Paragraph(words.NOTHING)
        return
    drawn = Table(
        "patient-steps",
        caption,
        (
            Column("label", "Variable"),
            Column("value", "Value"),
            Column("contribution", "Effect", "number", 3),
            Column("cumulative", "Sum so far", "number", 3),
        ),
        tuple(_steps(prediction)),
    )
    largest = ", ".join(
        words.STEP.format(label=p.label, value=powers(shown_value(p)), effect=p.contribution)
        for p in parts[:_NAMED]
    )
    reference = percent(prediction.reference_probability)
    probability = percent(prediction.probability)
    tables = [drawn]
    if len(parts) > MOST_STEPS + 1:
        tables.append(_every(parts))
    yield Figure(
        "patient-waterfall",
        "waterfall",
        caption,
        words.SEEN.format(reference=reference, probability=probability, steps=largest),
        tuple(tables),
        {
            "base_value": prediction.base_value,
            "probability": prediction.probability,
            "reference_probability": prediction.reference_probability,
            "axis": f"{prediction.scale[:1].upper()}{prediction.scale[1:]}",
            "from": words.START,
            "to": words.END,
        },
        note=note,
    )
    if (table := state_patient.every_state(prediction)) is not None:
        yield table


def _every(parts: Sequence[Contribution]) -> Table:
    rows: tuple[Mapping[str, Cell], ...] = tuple(
        {"label": p.label, "value": _value(p), "contribution": p.contribution} for p in parts
    )
    columns = (
        Column("label", "Variable"),
        Column("value", "Value"),
        Column("contribution", "Effect", "number", 3),
    )
    return Table("patient-variables", words.TABLE, columns, rows)


def _steps(prediction: Prediction) -> Iterator[Mapping[str, Cell]]:
    """One row for each reason, and one for the smallest together: one alone is drawn itself."""
    parts = prediction.contributions
    shown = parts if len(parts) <= MOST_STEPS + 1 else parts[:MOST_STEPS]
    total = prediction.base_value
    for part in shown:
        total += part.contribution
        yield _row(part.label, _value(part), part.contribution, total)
    rest = parts[len(shown) :]
    if rest:
        together = sum(part.contribution for part in rest)
        yield _row(words.OTHERS.format(count=len(rest)), "", together, total + together)


def _row(label: str, value: str, effect: float, total: float) -> Mapping[str, Cell]:
    return {"label": label, "value": value, "contribution": effect, "cumulative": total}


def _value(part: Contribution) -> str:
    """The value, whether it is low or high, and what would be typical."""
    text = powers(shown_value(part))
    if part.standing is not None:
        text = words.VALUE.format(value=text, standing=part.standing)
    if part.typical is None:
        return text
    typical = part.typical if isinstance(part.typical, str) else f"{part.typical:.4g}"
    unit = "" if isinstance(part.typical, str) else powers(readable_unit(part.unit))
    return words.WITH_TYPICAL.format(value=text, typical=f"{typical} {unit}".rstrip())


def _values(prediction: Prediction) -> Iterator[Block]:
    labels = {part.variable: part.label for part in prediction.contributions}
    told = {*words.CHECKS, CONTRADICTED, "no_interval"}  # above, or with the number
    lines = [warning_text(w, labels) for w in prediction.warnings if w.code not in told]
    if len(lines) > MOST_WARNINGS + 1:
        more = words.MORE_WARNINGS.format(count=len(lines) - MOST_WARNINGS)
        lines = [*lines[:MOST_WARNINGS], more]
    if prediction.imputed:
        names = ", ".join(labels.get(name, name) for name in prediction.imputed)
        lines.append(words.IMPUTED.format(names=names))
    applicability = prediction.applicability
    if applicability is not None and applicability.inside:
        lines.append(words.INSIDE.format(share=percent(applicability.distance_percentile)))
    if lines:
        yield Listing(tuple(lines))


def warning_text(warning: Reason, labels: Mapping[str, str]) -> str:
    """A warning in a sentence, with the label of its variable."""
    message = powers(warning.message)
    if not warning.where:
        return words.GENERAL_WARNING.format(message=message)
    label = labels.get(warning.where, warning.where)
    return words.WARNING.format(label=label, message=message)


def _evidence(prediction: Prediction, day: str) -> Iterator[Block]:
    evidence, model = prediction.evidence, prediction.model
    yield Paragraph(words.EVIDENCE.format(level=evidence["level"], statement=evidence["statement"]))
    if prediction.validation:
        yield Paragraph(prediction.validation)
    yield Paragraph(words.PROGNOSIS.format(population=prediction.population))
    digest = str(model["digest"])[:19]
    told = words.MODEL.format(name=model["name"], version=model["version"], digest=digest, day=day)
    yield Paragraph(told, "quiet")


def powers(text: str) -> str:
    """Powers of ten so that the page raises them.

    >>> powers("210 x10^9/L"), powers("1 to 1500 10*9/L")
    ('210 × 10^9/L', '1 to 1500 × 10^9/L')
    """
    return text.replace("x10^", "10*").replace("10*", "× 10^")
