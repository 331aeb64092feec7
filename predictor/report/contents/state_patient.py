"""What one patient's page says of several states: their probabilities and the reasons.

Everything else on the page is as for an event; :mod:`predictor.report.contents.patient`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from predictor.clinic.answer import percent
from predictor.clinic.results import Prediction
from predictor.clinic.state_answer import StateAnswer, shares
from predictor.report.document import Block, Cell, Column, Fact, Facts, Paragraph, Table

TITLE = "{question}: {states}"
WITH_INTERVAL = "{level} interval {low} to {high}. A patient with average values has {reference}."
WITHOUT_INTERVAL = (
    "How uncertain it is stays unknown. A patient with average values has {reference}."
)
ADD_UP = (
    "Of all states one will be there, so their probabilities add up to 100%, but for rounding. "
    "The intervals do not: each is that of its own state."
)
MADE_BY = "Intervals: {method}."
WIDER = "Intervals: {method}; missing values make that of {best} {points} percentage points wider."
REASONS = "What moves it towards {state}"
FIGURE = "From a patient with average values to this one: {state}"
NOTE = (
    "Largest first. Orange to the right makes {state} more likely{against}, blue to the left less; "
    "effects on the {scale}. This describes the model, not causes."
)
AGAINST = " against {worst}"
OTHER = "Effects on the log-odds of each state against {worst}"


def title(asked: str, prediction: Prediction) -> str:
    """The question with the probability of each state, best first."""
    return TITLE.format(question=asked, states=shares(prediction.states))


def number_of_states(prediction: Prediction) -> Iterator[Block]:
    """The probabilities with their intervals, best first, and what they add up to."""
    found = prediction.interval
    level = "" if found is None or found.level is None else f"{found.level:.0%}"
    yield Facts(tuple(_fact(state, level) for state in reversed(prediction.states)))
    yield Paragraph(ADD_UP, "quiet")
    if found is not None:
        points = round(100 * found.widening)
        best = prediction.states[-1].label
        template = WIDER if points else MADE_BY
        told = template.format(method=found.method, points=points, best=best)
        yield Paragraph(told, "quiet")


def _fact(state: StateAnswer, level: str) -> Fact:
    reference = percent(state.reference_probability)
    meaning = WITHOUT_INTERVAL.format(reference=reference)
    if state.low is not None and state.high is not None:
        meaning = WITH_INTERVAL.format(
            level=level, low=percent(state.low), high=percent(state.high), reference=reference
        )
    return Fact(state.label, percent(state.probability), meaning)


def note(prediction: Prediction) -> str:
    """Below the figure: what right and left are."""
    best, worst = prediction.states[-1], prediction.states[0]
    against = "" if best.contributions is None else AGAINST.format(worst=worst.label)
    scale = prediction.scale.partition(" against ")[0]
    return NOTE.format(state=best.label, against=against, scale=scale)


def every_state(prediction: Prediction) -> Table | None:
    """Contributions to each state where each has its own; None where one sum stands for all."""
    several = [state for state in prediction.states if state.contributions is not None]
    if not several:
        return None
    rows: list[Mapping[str, Cell]] = []
    for part in prediction.contributions:
        own = {s.state: (s.contributions or {}).get(part.variable) for s in several}
        rows.append({"label": part.label, **{f"on_{name}": effect for name, effect in own.items()}})
    columns = (
        Column("label", "Variable"),
        *(Column(f"on_{s.state}", s.label, "number", 3) for s in reversed(several)),
    )
    caption = OTHER.format(worst=prediction.states[0].label)
    return Table("patient-states", caption, columns, tuple(rows), folded=True)
