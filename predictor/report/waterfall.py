"""The waterfall of one patient: what moves the prediction away from the average patient's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from predictor.clinic.answer import percent
from predictor.fitted.models import Scale
from predictor.report.canvas import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    QUIET,
    SMALL,
    as_png,
    font,
    text_width,
)
from predictor.report.rows import Label, RowChart, label_ticks, row_chart, widened

MOST_STEPS = 12
"""Variables of a waterfall at most; the smallest are summed up."""

_ENDS = (
    "The predicted probability of {event} is {probability} for this patient and {reference} for "
    "a patient with average values."
)
_AXIS = "{scale} of {event}"
_AGAINST = "{scale} of {event} against {against}"
_PROBABILITY = "probability of {event}"
_NOT_MEASURED = "(not measured; drawn from what the cohort suggests)"

# Marks of the axis of probabilities, from coarse to fine.
_PROBABILITIES: tuple[tuple[float, ...], ...] = (
    (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999),
    tuple(percent / 100 for percent in range(5, 100, 5)),
    tuple(percent / 100 for percent in range(2, 100, 2)),
    tuple(percent / 100 for percent in range(1, 100)),
)


@dataclass(frozen=True, slots=True)
class WaterfallRow:
    """What one variable does to one patient's prediction.

    Parameters
    ----------
    label
        Name of the variable.
    value_text
        Its value with unit, as a person reads it; empty to show none.
    contribution
        SHAP value.
    imputed
        Whether the value was not measured, and drawn from what the cohort suggests.
    """

    label: str
    value_text: str
    contribution: float
    imputed: bool = False


@as_png
def waterfall_figure(
    rows: Sequence[WaterfallRow],
    *,
    base_value: float,
    scale: Scale,
    probability: float,
    reference_probability: float,
    title: str,
    event: str = "the event",
    against: str = "",
    cautions: Sequence[str] = (),
    facts: Sequence[str] = (),
) -> Figure:
    """From the average patient to this one, variable by variable.

    Parameters
    ----------
    rows
        One per variable, in any order.
    base_value
        Output for the reference, on ``scale``.
    scale
        Scale on which the contributions add up.
    probability, reference_probability
        Of this patient and of the reference.
    title
        Names the prediction.
    event
        Whose probability it is, such as one of several states.
    against
        Another state, where the scale is the odds against it alone; no axis of probabilities then.
    cautions
        What is said before anything else, the first first.
    facts
        Sentences below the title: the interval, the patient, the model.

    Returns
    -------
    PNG.
    """
    steps = sorted(rows, key=lambda row: -abs(row.contribution))
    if len(steps) > MOST_STEPS + 1:
        rest = steps[MOST_STEPS:]
        others = WaterfallRow(f"others ({len(rest)})", "", sum(row.contribution for row in rest))
        steps = [*steps[:MOST_STEPS], others]
    path = base_value + np.concatenate(([0.0], np.cumsum([row.contribution for row in steps])))
    ends = percent(reference_probability), percent(probability)
    labels = [
        Label("Patient with average values", right=ends[0], bold=True),
        *(Label(row.label, _value(row), _signed(row.contribution)) for row in steps),
        Label("This patient", right=ends[1], bold=True),
    ]
    chart = row_chart(
        title,
        " ".join([_ENDS.format(event=event, reference=ends[0], probability=ends[1]), *facts]),
        labels,
        widened(path.tolist()),
        axis=(_AGAINST if against else _AXIS).format(scale=scale, event=event, against=against),
        note="Orange raises the prediction, blue lowers it. This describes the model, not causes.",
        lines=4,
        second_axis=not against,
        cautions=cautions,
    )
    axes, y = chart.axes, chart.centres
    for end, (first, last) in ((0, (y[0], y[-1])), (-1, (y[-2], y[-1]))):
        axes.plot([path[end]] * 2, [first, last], color=GREY, linewidth=1, linestyle=(0, (3, 2)))
        axes.plot([path[end]], [y[end]], "D", color=INK, markersize=7, clip_on=False, zorder=4)
    for i, row in enumerate(steps):
        colour = ORANGE if row.contribution > 0 else BLUE
        axes.barh(
            y[i + 1],
            row.contribution,
            left=path[i],
            height=2 * chart.half - 0.02,
            color=colour,
            edgecolor=colour,
            linewidth=1,  # so that an effect of zero is still a line
            zorder=3,
        )
        axes.plot([path[i + 1]] * 2, [y[i + 1], y[i + 2]], color=GREY, linewidth=0.8)
    if not against:
        _probability_axis(chart, scale, event)
    return chart.figure


def _probability_axis(chart: RowChart, scale: Scale, event: str) -> None:
    """The same axis in probabilities, above the plot area."""
    above = chart.axes.secondary_xaxis("top")
    above.spines["top"].set_color(GREY)
    low, high = chart.axes.get_xlim()

    def on_scale(p: float) -> float:
        return math.log(p / (1 - p)) if scale == "log-odds" else p

    for marks in _PROBABILITIES:
        inside = [p for p in marks if low <= on_scale(p) <= high]
        if len(inside) >= 3:
            break
    places: list[float] = []
    labels: list[str] = []
    edge = -math.inf
    for p in inside:
        x = (on_scale(p) - low) / (high - low) * chart.width
        half = text_width(_percent(p), SMALL) / 2
        if x - half > edge + 0.1:
            places.append(on_scale(p))
            labels.append(_percent(p))
            edge = x + half
    label_ticks(above, places, labels)
    place = blended_transform_factory(chart.axes.transAxes, chart.figure.dpi_scale_trans)
    top = chart.bottom + float(chart.axes.get_ylim()[0]) + 0.28
    chart.axes.text(
        0.5, top, _PROBABILITY.format(event=event), transform=place, fontproperties=font(SMALL),
        color=QUIET, ha="center", va="bottom",
    )  # fmt: skip


def _value(row: WaterfallRow) -> str:
    value = row.value_text
    if len(value) <= 24:
        value = value.replace(" ", "\u00a0")  # the number and its unit stay together
    if row.imputed:
        return _NOT_MEASURED
    # "< 3 mg/L" is no equation.
    return value if value.startswith(("<", ">")) else f"= {value}" if value else ""


def _signed(x: float) -> str:
    """A contribution with its sign, to two decimals or two digits."""
    text = f"{x:+.2f}" if abs(x) >= 0.01 or x == 0 else f"{x:+.1g}"
    return text.replace("-", "−")


def _percent(p: float) -> str:
    """A mark of the axis of probabilities; never a false certainty.

    >>> _percent(0.414), _percent(0.001), _percent(0.9999), _percent(0.995)
    ('41%', '0.1%', 'over 99.9%', '99.5%')
    """
    if 0.0095 <= p <= 0.9905:
        return f"{100 * p:.0f}%"
    if p < 0.0005:
        return "under 0.1%"
    return "over 99.9%" if p > 0.9995 else f"{100 * p:.1f}%"
