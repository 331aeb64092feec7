"""The figures of a run: data in, PNG out.

Every function is pure: the same data give the same bytes, and nothing is read from or left in
matplotlib's global state. Each figure is drawn from plain data that is also kept as a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from predictor.clinical.units import readable_unit
from predictor.clinical.variable import Variable
from predictor.explanation.contributions import Contributions
from predictor.explanation.importance import Importance
from predictor.fitted.preparation import Values
from predictor.report.canvas import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    SMALL,
    as_png,
    put,
)
from predictor.report.rows import (
    Label,
    RowChart,
    number,
    row_chart,
    widened,
)
from predictor.report.waterfall import WaterfallRow, waterfall_figure

__all__ = [
    "MOST_ROWS",
    "WaterfallRow",
    "beeswarm_figure",
    "comparison_figure",
    "importance_figure",
    "left_out",
    "waterfall_figure",
]

MOST_ROWS = 40
"""Variables drawn at most; the smallest are left out and counted."""

_LOW_TO_HIGH = LinearSegmentedColormap.from_list("low to high", [BLUE, "#7D6B8F", ORANGE])


@as_png
def importance_figure(importance: Importance) -> Figure:
    """Bars of the mean absolute SHAP value of each variable.

    Parameters
    ----------
    importance
        From :func:`predictor.explanation.importance.importance`.

    Returns
    -------
    PNG.
    """
    shown = importance.rows[:MOST_ROWS]
    if importance.patients == importance.of:
        over = f"over {_counted(importance.of, 'patient')}"
    else:
        over = f"over {importance.patients} of {_counted(importance.of, 'patient')}, drawn by seed"
    largest = max((row.mean_absolute_shap for row in shown), default=0.0)
    chart = row_chart(
        "Which variables move the predictions",
        f"Mean absolute effect on the {importance.scale} of the event (SHAP value), {over}",
        [
            Label(row.label, _in_brackets(row.unit), number(row.mean_absolute_shap, 2))
            for row in shown
        ],
        (0.0, largest * 1.02 if largest > 1e-12 else 1.0),
        axis=f"mean absolute effect on the {importance.scale}",
        note=left_out(len(importance.rows) - len(shown)),
    )
    sizes = [row.mean_absolute_shap for row in shown]
    chart.axes.barh(chart.centres, sizes, height=2 * chart.half - 0.04, color=BLUE)
    return chart.figure


@as_png
def beeswarm_figure(
    contributions: Contributions, variables: Sequence[Variable], values: Values, *, synthetic: bool
) -> Figure:
    """One dot per patient and variable: how the value moves the prediction.

    Parameters
    ----------
    contributions
        SHAP values of the patients or profiles.
    variables
        In the order of the columns of ``values``.
    values
        What the SHAP values belong to, shape (patients, variables), NaN for missing.
    synthetic
        Whether they are synthetic profiles and not patients.

    Returns
    -------
    PNG.
    """
    n = len(values)
    if values.shape != contributions.values.shape or n == 0:
        raise ValueError("contributions and values must have the same shape and at least one row")
    size = np.round(np.abs(contributions.values).mean(axis=0), 12)
    order = np.argsort(-size, kind="stable")[:MOST_ROWS]
    counted = _counted(n, "synthetic profile" if synthetic else "patient")
    follow = "follows" if n == 1 else "follow"
    who = f"{counted} that {follow} the cohort's moments, no real patient" if synthetic else counted
    drawn = contributions.values[:, order]
    notes = [left_out(len(variables) - len(order))]
    if any(variables[j].kind == "binary" for j in order):
        notes.append("Yes is high, no is low.")
    if any(len(variables[j].states) > 2 for j in order):
        notes.append("Black diamonds: named states, which have no order from low to high.")
    if np.isnan(values[:, order]).any():
        notes.append("Hollow: not measured.")
    chart = row_chart(
        "How each variable's value moves the predictions",
        f"SHAP values of {who}; the variable that moves most comes first",
        [Label(variables[j].label, _meaning(variables[j])) for j in order],
        widened([0.0, float(drawn.min()), float(drawn.max())]),
        axis=f"← lowers  ·  effect on the {contributions.scale} of the event  ·  raises →",
        note=" ".join(filter(None, notes)),
        row=0.4,
        foot=0.3,
    )
    chart.axes.axvline(0.0, color=GREY, linewidth=1)
    for centre, j in zip(chart.centres, order, strict=True):
        _swarm(chart, centre, contributions.values[:, j], values[:, j], variables[j])
    _colour_bar(chart.figure)
    return chart.figure


@as_png
def comparison_figure(models: Sequence[Mapping[str, Any]]) -> Figure:
    """AUROC of every candidate with its interval, the chosen one marked.

    Parameters
    ----------
    models
        Rows of the comparison table: ``label``, ``chosen``, ``auroc``, ``auroc_low``,
        ``auroc_high``; figures that are not defined are None.

    Returns
    -------
    PNG.
    """
    known = [
        float(model[key])
        for model in models
        for key in ("auroc", "auroc_low", "auroc_high")
        if model[key] is not None
    ]
    low, high = max(0.0, min([0.5, *known]) - 0.03), min(1.0, max([0.8, *known]) + 0.03)
    chart = row_chart(
        "How well each candidate tells events from non-events",
        "Cross-validated AUROC with its 95% interval; a hollow dot has no interval",
        [_candidate(model) for model in models],
        (low, high),
        axis="AUROC (0.5, dashed: no better than chance; 1: every pair in the right order)",
        note="Diamond and bold: the candidate that the rule of choice takes.",
        row=0.36,
    )
    chart.axes.axvline(0.5, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    for y, model in zip(chart.centres, models, strict=True):
        if model["auroc"] is None:
            continue
        chosen, interval = model["chosen"], (model["auroc_low"], model["auroc_high"])
        colour = ORANGE if chosen else BLUE
        hollow = None in interval
        if not hollow:
            chart.axes.plot(interval, [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
        chart.axes.plot(
            [model["auroc"]],
            [y],
            "D" if chosen else "o",
            markersize=8,
            markerfacecolor="white" if hollow else colour,
            markeredgecolor=colour,
            markeredgewidth=1.6,
            clip_on=False,
            zorder=4,
        )
    return chart.figure


def _swarm(
    chart: RowChart,
    centre: float,
    effect: NDArray[np.float64],
    value: NDArray[np.float64],
    variable: Variable,
) -> None:
    """Dots of one row, moved up and down where they would cover each other."""
    dot = 0.055
    # In the order of effect and value, so that the picture does not tell the order of the rows.
    order = np.lexsort((value, effect))
    effect, value = effect[order], value[order]
    low, high = chart.axes.get_xlim()
    bins = np.floor((effect - low) / (high - low) * chart.width / (dot * 0.8)).astype(np.int64)
    offset = np.zeros(len(effect))
    for place in np.unique(bins):
        here = np.flatnonzero(bins == place)
        layer = np.arange(len(here))
        offset[here] = np.where(layer % 2, 1, -1) * ((layer + 1) // 2)
    highest = np.abs(offset).max()
    step = min(dot, (chart.half - dot / 2) / highest) if highest else 0.0
    y = centre + offset * step

    points: dict[str, Any] = {
        "s": (dot * 72) ** 2,
        "linewidths": 0.0,
        "clip_on": False,
        "zorder": 3,
    }
    missing = np.isnan(value)
    known = ~missing
    if len(variable.states) > 2:
        chart.axes.scatter(effect[known], y[known], marker="D", color=INK, **points)
    elif known.any():
        chart.axes.scatter(
            effect[known], y[known], c=_position(value[known]), cmap=_LOW_TO_HIGH, vmin=0, vmax=1,
            **points,
        )  # fmt: skip
    hollow = {**points, "linewidths": 0.8}
    chart.axes.scatter(effect[missing], y[missing], facecolors="none", edgecolors=GREY, **hollow)


def _position(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where values stand between low and high, 0 to 1; a few extremes do not set the ends."""
    low, high = np.quantile(value, (0.05, 0.95))
    if not high > low:
        low, high = value.min(), value.max()
    if not high > low:
        return np.full(len(value), 0.5)
    return np.asarray(((value - low) / (high - low)).clip(0.0, 1.0))


def _colour_bar(figure: Figure) -> None:
    width, height = (float(x) for x in figure.get_size_inches())
    start, end = width / 2 - 0.6, width / 2 + 0.6
    axes = figure.add_axes((start / width, 0.24 / height, (end - start) / width, 0.1 / height))
    axes.imshow(np.linspace(0, 1, 128)[None, :], aspect="auto", cmap=_LOW_TO_HIGH)
    axes.set_axis_off()
    low = "value of the variable:  low"
    put(figure, start - 0.08, 0.25, low, size=SMALL, align="right", vertical="baseline")
    put(figure, end + 0.08, 0.25, "high", size=SMALL, vertical="baseline")


def _candidate(model: Mapping[str, Any]) -> Label:
    area, low, high = model["auroc"], model["auroc_low"], model["auroc_high"]
    text = "not defined" if area is None else f"{area:.2f}"
    if None not in (area, low, high):
        text += f" ({low:.2f} to {high:.2f})"
    return Label(str(model["label"]), "(chosen)" if model["chosen"] else "", text, model["chosen"])


def _meaning(variable: Variable) -> str:
    """What stands after a label: the unit, or which of two states is drawn as low."""
    if variable.kind == "nominal" and len(variable.states) == 2:
        return f"(low: {variable.states[0]}, high: {variable.states[1]})"
    return _in_brackets(variable.unit)


def _in_brackets(unit: str | None) -> str:
    readable = readable_unit(unit)
    return f"({readable})" if readable else ""


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def left_out(count: int) -> str:
    """What to say of variables that are not drawn; nothing where there is none.

    >>> left_out(0), left_out(2)
    ('', '2 more variables with smaller effects not shown.')
    """
    return f"{_counted(count, 'more variable')} with smaller effects not shown." if count else ""
