"""Answers for many patients as a table: a line or some for each, with what speaks against it."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from predictor.clinic.answer import CONTRADICTED, NOT_FOR_CARE, average, percent, question

if TYPE_CHECKING:
    from predictor.clinic.results import Interval, Prediction, Predictions

WIDTH = 100
"""Columns of a table that is printed from Python."""

_MOST = 20
_NARROW = 100
"""Columns below which reasons are left to the answer of a single patient."""
_GAP = "  "
_RIGHT = ("Row", "Probability")
_RULE = "─"
_NO_BREAK = "\u00a0"

_HEADING = "{question}. {average}."
_OF_STATE = "{label}, probability of {state} (a file of answers holds every state)"
_LEVEL = "{level} interval"
_RANGE = "Calibration range"
_BETWEEN = "{low} to {high}"
_OUTSIDE = "OUTSIDE"
_CONTRADICTED = "CONTRADICTED"
_ODD = {"suspicious_unit": "unit? {name}", "suspicious_value": "value? {name}"}
_LIMITS = {"beyond_limit": "limit: {name}", "open_limit": "limit: {name}"}
_REASON = "{name} {effect:+.2f}"
_LEGEND = {
    _OUTSIDE: (
        "OUTSIDE: unlike the patients that the model has learned from. Do not rely on that number."
    ),
    _CONTRADICTED: (
        "CONTRADICTED: such scores had the event as often as the calibration range says. Do not "
        "rely on that number."
    ),
    "unit?": "unit?: the value looks like another unit than the one that was taken. Check it.",
    "value?": "value?: the value is so unusual that it looks like an error. Check it.",
    "limit:": "limit: the value was reported only as beyond a limit.",
}
_EVIDENCE = "Evidence: {level}. Prognosis under treatment, not the effect of a treatment."
_MORE = "... and {count} more."
_REFUSED = "Refused: row {row}: {reasons}"
_MORE_REFUSED = "... and {count} more refused."
COUNTS = "{answered} answered, {refused} refused."


def as_text(answers: Predictions) -> str:
    """The table in short, as ``print()`` shows it: the first patients, and how many there are."""
    predictions, refused = answers.predictions, answers.refused
    lines: list[str] = []
    if predictions:
        lines += [*heading(predictions[0]), "", *table(answers, WIDTH, _MOST)]
        if len(predictions) > _MOST:
            lines.append(_MORE.format(count=len(predictions) - _MOST))
        lines += ["", *legend(predictions)]
    for patient in refused[:_MOST]:
        reasons = "; ".join(str(reason) for reason in patient.reasons)
        text = _REFUSED.format(row=patient.row, reasons=reasons)
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    if len(refused) > _MOST:
        lines.append(_MORE_REFUSED.format(count=len(refused) - _MOST))
    if predictions:
        lines.append(_EVIDENCE.format(level=predictions[0].evidence["level"]))
    lines.append(COUNTS.format(answered=len(predictions), refused=len(refused)))
    return "\n".join(lines)


def heading(first: Prediction) -> list[str]:
    """What holds for all patients of a table: a demonstration, the question, the average."""
    label = first.label
    if first.states:
        label = _OF_STATE.format(label=label, state=first.states[-1].label)
    asked = question(label, first.horizon)
    line = _HEADING.format(question=asked, average=average(first))
    return [NOT_FOR_CARE, line] if first.evidence["level"] == "demonstration" else [line]


def table(answers: Predictions, width: int, most: int) -> list[str]:
    """The first patients, in lines of at most ``width`` characters where words allow it.

    Parameters
    ----------
    answers
        Those who were answered stand in the table.
    width
        Characters of a line; fewer than 100 leave no room for reasons.
    most
        Patients at most.
    """
    shown = list(zip(answers.rows, answers.predictions, strict=True))[:most]
    columns = {
        "Row": [str(row) for row, _ in shown],
        "Patient": [p.patient or "" for _, p in shown],
        "Probability": [percent(p.probability) for _, p in shown],
        _interval_name([p.interval for _, p in shown]): [_interval(p.interval) for _, p in shown],
        "Caution": ["; ".join(map(_together, cautions(p))) for _, p in shown],
        "Not measured": [", ".join(p.imputed) for _, p in shown],
    }
    if width >= _NARROW:
        columns["Largest reasons"] = [_reasons(p) for _, p in shown]
    filled = {name: cells for name, cells in columns.items() if any(cells) or name == "Caution"}
    return _laid_out(filled, width)


def cautions(prediction: Prediction) -> list[str]:
    """What speaks against one answer, in a few words each; empty if nothing does."""
    found: list[str] = []
    if prediction.applicability is not None and not prediction.applicability.inside:
        found.append(_OUTSIDE)
    if any(warning.code == CONTRADICTED for warning in prediction.warnings):
        found.append(_CONTRADICTED)
    for code, template in (*_ODD.items(), *_LIMITS.items()):
        named = [w.where for w in prediction.warnings if w.code == code and w.where]
        if named:
            found.append(template.format(name=", ".join(named)))
    return found


def legend(predictions: Sequence[Prediction]) -> list[str]:
    """What the cautions of these patients mean, each once."""
    said = {caution.partition(" ")[0] for p in predictions for caution in cautions(p)}
    return [sentence for word, sentence in _LEGEND.items() if word in said]


def _interval_name(intervals: Sequence[Interval | None]) -> str:
    level = next((found.level for found in intervals if found is not None), None)
    return _RANGE if level is None else _LEVEL.format(level=f"{level:.0%}")


def _interval(found: Interval | None) -> str:
    if found is None:
        return ""
    return _BETWEEN.format(low=percent(found.low), high=percent(found.high))


def _reasons(prediction: Prediction) -> str:
    largest = prediction.contributions[:3]
    return ", ".join(
        _together(_REASON.format(name=c.variable, effect=c.contribution)) for c in largest
    )


def _together(words: str) -> str:
    """The first two words on one line, wherever a cell is folded."""
    return words.replace(" ", _NO_BREAK, 1)


def _laid_out(columns: dict[str, list[str]], width: int) -> list[str]:
    """Columns beside each other; the widest are folded at words until they fit."""
    names = list(columns)
    texts = [[name, *cells] for name, cells in columns.items()]
    widths = [max(map(_length, cells)) for cells in texts]
    least = [
        max(_length(word) for cell in cells for word in ("", *cell.split(" "))) for cells in texts
    ]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        foldable = [j for j in range(len(widths)) if widths[j] > min(least[j], 24)]
        if not foldable:
            break
        widths[max(foldable, key=lambda j: widths[j])] -= 1
    lines: list[str] = []
    for i in range(len(texts[0])):
        cells = [
            textwrap.wrap(cells[i], widths[j], break_on_hyphens=False) or [""]
            for j, cells in enumerate(texts)
        ]
        for k in range(max(map(len, cells))):
            parts = [
                _padded(cell[k] if k < len(cell) else "", widths[j], right=names[j] in _RIGHT)
                for j, cell in enumerate(cells)
            ]
            lines.append(_GAP.join(parts).rstrip().replace(_NO_BREAK, " "))
        if i == 0:
            lines.append(_RULE * (sum(widths) + len(_GAP) * (len(widths) - 1)))
    return lines


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * max(width - _length(text), 0)
    return f"{space}{text}" if right else f"{text}{space}"


def _length(text: str) -> int:
    """Places that text takes on a terminal: two for a wide character, none for an accent."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
