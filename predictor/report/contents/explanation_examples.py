"""Example patients: three synthetic profiles, step by step from the reference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from predictor.clinic.answer import percent
from predictor.explanation.shown import Profiles
from predictor.fitted.models import LinearModel
from predictor.report.contents import explanation_words as words
from predictor.report.contents.clinical_text import value_text
from predictor.report.contents.source import Source
from predictor.report.document import Block, Cell, Column, Figure, Paragraph, Section, Table

MOST_STEPS = 12
"""Steps of a waterfall; smaller ones are summed up."""

_NAMED = 3


def examples_part(source: Source, profiles: Profiles) -> Section:
    """Waterfalls of a low, a typical and a high probability, never of real patients."""
    blocks: list[Block] = [Paragraph(words.EXAMPLE.format(count=len(profiles.values)), "quiet")]
    blocks += [_waterfall(source, profiles, share, name) for share, name in words.WHICH.items()]
    return Section("explanation-examples", words.EXAMPLES, tuple(blocks))


def _waterfall(source: Source, profiles: Profiles, share: float, which: str) -> Figure:
    row = profiles.at(share)
    probability = float(profiles.probability[row])
    title = words.EXAMPLE_TITLE.format(which=which, probability=percent(probability))
    id_ = f"explanation-example-{which.lower()}"
    steps = _steps(source, profiles, row)
    table = Table(
        f"{id_}-table",
        title,
        (
            Column("label", "Variable"),
            Column("value", "Value"),
            Column("contribution", "Contribution", "number", 3),
            Column("cumulative", "Sum so far", "number", 3),
        ),
        tuple(steps),
    )
    largest = [
        words.STEP.format(label=s["label"], value=s["value"], contribution=s["contribution"])
        for s in steps[:_NAMED]
    ]
    linear = isinstance(source.bundle.model, LinearModel)
    return Figure(
        id_,
        "waterfall",
        title,
        words.EXAMPLE_ALTERNATIVE.format(
            start=words.START_TYPICAL if linear else words.START_AVERAGE,
            reference=percent(profiles.reference_probability),
            probability=percent(probability),
            steps=", ".join(largest),
        ),
        (table,),
        {
            "base_value": profiles.base_value,
            "probability": probability,
            "reference_probability": profiles.reference_probability,
            "axis": profiles.scale.capitalize(),
            "from": words.TYPICAL if linear else words.AVERAGE,
            "to": words.THIS,
        },
    )


def _steps(source: Source, profiles: Profiles, row: int) -> list[Mapping[str, Cell]]:
    """One row for each variable, the largest first, with the sum so far."""
    variables, parts = source.bundle.variables, profiles.contributions[row]
    order = np.argsort(-np.abs(parts), kind="stable").tolist()
    # One line less is no gain where it would sum up a single variable.
    shown = order if len(order) <= MOST_STEPS + 1 else order[:MOST_STEPS]
    total = profiles.base_value
    steps: list[Mapping[str, Cell]] = []
    for j in shown:
        total += float(parts[j])
        steps.append(
            {
                "variable": variables[j].name,
                "label": variables[j].label,
                "value": value_text(variables[j], float(profiles.values[row, j])),
                "contribution": float(parts[j]),
                "cumulative": total,
            }
        )
    rest = order[len(shown) :]
    if rest:
        together = float(parts[rest].sum())
        steps.append(
            {
                "variable": "",
                "label": words.OTHERS.format(count=len(rest)),
                "value": "",
                "contribution": together,
                "cumulative": total + together,
            }
        )
    return steps
