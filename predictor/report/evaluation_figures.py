"""Calibration, discrimination and net benefit of predictions on one sheet.

The sheet is laid out in inches from measured text, like the charts of
:mod:`predictor.report.rows`. Of single rows it shows no more than the steps of the ROC curve and
how many lie in each twentieth of the scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from predictor.performance.evaluation import Evaluation
from predictor.report.canvas import (
    BLUE,
    BODY,
    DPI,
    GREY,
    INK,
    ORANGE,
    QUIET,
    SMALL,
    TITLE,
    as_png,
    clean,
    fit,
    font,
    put,
    text_height,
)
from predictor.report.panels import Box, name_upright, panel_axes, panel_head
from predictor.report.rows import number, ticks
from predictor.validation.evaluated import Evaluated

Floats = NDArray[np.float64]
Style = dict[str, Any]

WIDTH = 8.0
BINS = 20
"""Bars of the histogram."""

_MARGIN = 0.2
_BESIDE = 0.6  # names and labels of a vertical axis
_BETWEEN = 0.3
_SQUARE = (WIDTH - 2 * _MARGIN - 2 * _BESIDE - _BETWEEN) / 2
_BARS = 0.75
_GAP = 0.1
_HEAD = 0.44
_BELOW = 0.52  # labels and name of a horizontal axis
_ROW = 0.2  # of a key
_CURVE = 2.3  # height of the decision curve
_SAMPLE = 0.32  # length of a line in a key

_DASHED = (0, (4, 2.5))
_DOTTED = (0, (1, 1.8))
_CHANCE: Style = {"color": GREY, "linewidth": 1.0, "linestyle": _DASHED}
_EVERYBODY: Style = {"color": GREY, "linewidth": 1.4}
_NOBODY: Style = {"color": INK, "linewidth": 1.0}


@dataclass(frozen=True, slots=True)
class _Model:
    """What is drawn of a model."""

    name: str
    colour: str
    probability: Floats
    evaluation: Evaluation

    @property
    def line(self) -> Style:
        return {"color": self.colour, "linewidth": 1.8, "solid_capstyle": "butt"}

    @property
    def dotted(self) -> Style:
        return {"color": self.colour, "linewidth": 1.8, "linestyle": _DOTTED}


@as_png
def evaluation_figure(evaluated: Evaluated) -> Figure:
    """Calibration curve with a histogram, ROC curve and decision curve.

    Parameters
    ----------
    evaluated
        What was found; a second model is drawn beside the first.

    Returns
    -------
    PNG.
    """
    models = _models(evaluated)
    outcome = evaluated.predictions.outcome
    inner = WIDTH - 2 * _MARGIN
    title = fit("Performance of the predictions", "", inner, size=TITLE, lines=1, bold=True)
    subtitle = fit(_subtitle(evaluated), "", inner, size=BODY, lines=3)
    head = text_height(title, TITLE) + text_height(subtitle, BODY) + 0.14
    keys = _calibration_key(models), _roc_key(models)
    upper = _HEAD + _SQUARE + _GAP + _BARS + _BELOW + len(keys[0]) * _ROW + 0.2
    lower = _HEAD + _CURVE + _BELOW + _ROW
    height = _MARGIN + head + upper + lower + _MARGIN

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    top = height - _MARGIN
    put(figure, _MARGIN, top, title, size=TITLE, bold=True, vertical="top")
    under = top - text_height(title, TITLE)
    put(figure, _MARGIN, under, subtitle, colour=QUIET, vertical="top")
    top -= head

    left, right = _MARGIN + _BESIDE, WIDTH - _MARGIN - _SQUARE
    floor = top - _HEAD - _SQUARE
    panel_head(figure, left, top, "Calibration", "Do the probabilities come true?")
    panel_head(figure, right, top, "Discrimination", "Do events have the higher ones?")
    box = Box(left, floor, _SQUARE, _SQUARE)
    axes = panel_axes(figure, box)
    _draw_calibration(axes, models)
    name_upright(figure, axes, box, "observed share of events")
    box = Box(left, floor - _GAP - _BARS, _SQUARE, _BARS)
    _draw_bars(panel_axes(figure, box, x="predicted probability"), models[0], outcome)
    _key(figure, left, box.bottom - _BELOW, keys[0])
    box = Box(right, floor, _SQUARE, _SQUARE)
    axes = panel_axes(figure, box, x="1 − specificity")
    _draw_roc(axes, models, outcome)
    name_upright(figure, axes, box, "sensitivity")
    _key(figure, right, box.bottom - _BELOW, keys[1])

    top -= upper
    panel_head(
        figure, left, top, "Usefulness", "Net benefit of acting from a threshold on, per row"
    )
    box = Box(left, top - _HEAD - _CURVE, WIDTH - _MARGIN - left, _CURVE)
    axes = panel_axes(figure, box, x="threshold probability")
    _draw_decision(axes, models)
    name_upright(figure, axes, box, "net benefit")
    _key(figure, left, box.bottom - _BELOW, _decision_key(models), across=box.width)
    return figure


def _models(evaluated: Evaluated) -> list[_Model]:
    read, columns = evaluated.predictions, evaluated.columns
    models = [_Model(clean(columns.probability), BLUE, read.probability, evaluated.evaluation)]
    if evaluated.second is not None and read.compared is not None:
        name = clean(str(columns.compare))
        models.append(_Model(name, ORANGE, read.compared, evaluated.second))
    return models


def _subtitle(evaluated: Evaluated) -> str:
    found = evaluated.evaluation
    share = 100 * found.events / found.n
    simulated = "Simulated patients. " if evaluated.predictions.simulated else ""
    return (
        f"{simulated}{found.n:,} rows, {found.events:,} with the event ({share:.1f}%). "
        f"Outcome {evaluated.columns.outcome}, {evaluated.predictions.source}"
    )


# ---- what is drawn


def _draw_calibration(axes: Axes, models: Sequence[_Model]) -> None:
    _unit_axis(axes, "y")
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], labels=[])
    axes.plot([0.0, 1.0], [0.0, 1.0], **_CHANCE)
    for model in reversed(models):
        curve = model.evaluation.curve
        if curve is None:
            continue
        if curve.logistic is not None and len(models) == 1:
            axes.plot(curve.predicted, curve.logistic, **model.dotted)
        if len(curve.predicted) == 1:
            # One probability for everybody has no curve, only a place.
            axes.plot(curve.predicted, curve.smooth, "o", color=model.colour, clip_on=False)
        axes.plot(curve.predicted, curve.smooth, **model.line)


def _draw_bars(axes: Axes, model: _Model, outcome: Floats) -> None:
    """Rows with the event upwards, those without it downwards."""
    _unit_axis(axes, "x")
    edges = np.linspace(0.0, 1.0, BINS + 1)
    up, down = (np.histogram(model.probability[outcome == y], edges)[0] for y in (1.0, 0.0))
    high, low = float(up.max()), float(down.max())
    for counts, colour in ((up, model.colour), (-down, GREY)):
        axes.bar(edges[:-1], counts, 0.85 / BINS, align="edge", color=colour, linewidth=0)
    axes.set_ylim(-1.02 * low, 1.02 * high)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.set_yticks([])
    axes.grid(visible=False)


def _draw_roc(axes: Axes, models: Sequence[_Model], outcome: Floats) -> None:
    _unit_axis(axes, "x")
    _unit_axis(axes, "y")
    axes.plot([0.0, 1.0], [0.0, 1.0], **_CHANCE)
    for model in reversed(models):
        axes.plot(*_roc(outcome, model.probability), clip_on=False, **model.line)


def _roc(outcome: Floats, probability: Floats) -> tuple[Floats, Floats]:
    """1 - specificity and sensitivity at every distinct probability, from the highest."""
    order = np.argsort(-probability, kind="stable")
    last = np.flatnonzero(np.append(np.diff(probability[order]) != 0.0, True))
    hits = np.cumsum(outcome[order])[last]
    false = np.cumsum(1.0 - outcome[order])[last]
    return np.append(0.0, false / false[-1]), np.append(0.0, hits / hits[-1])


def _draw_decision(axes: Axes, models: Sequence[_Model]) -> None:
    """Net benefit up to the thresholds where nothing is worth doing."""
    rows = models[0].evaluation.decision.rows
    at = [row.threshold for row in rows]
    values = [[row.model for row in model.evaluation.decision.rows] for model in models]
    everybody = [row.treat_all for row in rows]
    worth = [x for x, *found in zip(at, everybody, *values, strict=True) if max(found) > 0.0]
    across = (0.0, min(1.0, math.ceil(11.5 * max(worth, default=0.0)) / 10 or 0.1))
    axes.set_xlim(across)
    places, labels = ticks(across, WIDTH)
    axes.set_xticks(places, labels=labels, fontproperties=font(SMALL), color=QUIET)
    highest = max(everybody[0], *map(max, values), 0.01)
    lowest = max(min(0.0, *map(min, values)), -0.5 * highest)
    extent = (lowest - 0.06 * highest, 1.06 * highest)
    axes.set_ylim(extent)
    axes.plot([0.0, 1.0], [0.0, 0.0], **_NOBODY)
    axes.plot(at, everybody, **_EVERYBODY)
    for model, value in reversed(list(zip(models, values, strict=True))):
        axes.plot(at, value, **model.line)
    places, labels = ticks(extent, 3.2)
    axes.set_yticks(places, labels=labels, fontproperties=font(SMALL), color=QUIET)


# ---- keys

Key = list[tuple[str, str, Style]]
"""Name, what is kept behind it however long the name is, and the line."""


def _calibration_key(models: Sequence[_Model]) -> Key:
    found: Key = [("perfect", "", _CHANCE)]
    found += [(model.name, "(smooth, lowess)", model.line) for model in models]
    if len(models) == 1 and models[0].evaluation.recalibration is not None:
        found.append((models[0].name, "(logistic)", models[0].dotted))
    return [*found, (f"Bars: {models[0].name}", "(events upwards)", {})]


def _roc_key(models: Sequence[_Model]) -> Key:
    found: Key = [("chance", "", _CHANCE)]
    for model in models:
        auroc = model.evaluation.auroc
        text = "not defined" if auroc is None else f"{auroc.value:.2f}"
        if auroc is not None and auroc.low is not None and auroc.high is not None:
            text += f" ({auroc.low:.2f} to {auroc.high:.2f})"
        found.append((model.name, f"AUROC {text}", model.line))
    return found


def _decision_key(models: Sequence[_Model]) -> Key:
    acting: Key = [(f"on {model.name}", "", model.line) for model in models]
    return [*acting, ("on everybody", "", _EVERYBODY), ("on nobody", "", _NOBODY)]


def _key(figure: Figure, left: float, top: float, key: Key, *, across: float | None = None) -> None:
    """Samples of lines with their meaning, below each other or beside each other."""
    room = _SQUARE if across is None else across / len(key)
    for i, (name, tail, style) in enumerate(key):
        x = left + (i * room if across is not None else 0.0)
        y = top - (0.0 if across is not None else i * _ROW)
        start = _SAMPLE + 0.1 if style else 0.0
        if style:
            line = Line2D([x, x + _SAMPLE], [y, y], transform=figure.dpi_scale_trans, **style)
            figure.add_artist(line)
        text = fit(name, tail, room - start - 0.1, size=SMALL, lines=1)
        put(figure, x + start, y, text, size=SMALL)


# ---- the sheet


def _unit_axis(axes: Axes, which: str) -> None:
    """An axis from 0 to 1 with labels in our font."""
    places = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    set_extent, set_ticks = (
        (axes.set_xlim, axes.set_xticks) if which == "x" else (axes.set_ylim, axes.set_yticks)
    )
    set_extent(0.0, 1.0)
    labels = [number(place) for place in places]
    set_ticks(places, labels=labels, fontproperties=font(SMALL), color=QUIET)
