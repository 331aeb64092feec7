"""Learning curves of a plan: discrimination, calibration, certainty and usefulness by size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

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
    fit,
    font,
    put,
    text_height,
    text_width,
)
from predictor.report.panels import Box, panel_axes, panel_head
from predictor.report.rows import ticks
from predictor.validation.curve_rows import SizeRow
from predictor.validation.planned import Planned

Style = dict[str, Any]

WIDTH = 8.0
_MARGIN = 0.2
_BESIDE = 0.5  # labels of a vertical axis
_BETWEEN = 0.25
_PANEL = (WIDTH - 2 * _MARGIN - 2 * _BESIDE - _BETWEEN) / 2
_HEIGHT = 2.1
_HEAD = 0.44
_BELOW = 0.6  # labels and name of a horizontal axis
_ROW = 0.2  # of a key
_SAMPLE = 0.32
_Z = 1.959963984540054
# Slopes beyond say no more than that they are far away; the table has them.
_SLOPES = (-0.5, 2.5)

_FIRST: Style = {"color": BLUE, "linewidth": 1.8}
_SECOND: Style = {"color": ORANGE, "linewidth": 1.8}
_THIRD: Style = {"color": ORANGE, "linewidth": 1.4, "linestyle": (0, (1, 1.8))}
_FOURTH: Style = {"color": GREY, "linewidth": 1.4, "linestyle": (0, (1, 1.8))}
_MARK: Style = {"color": GREY, "linewidth": 1.0, "linestyle": (0, (4, 2.5))}


@dataclass(frozen=True, slots=True)
class _Panel:
    """One plot: curves over the sizes, marks across, and what the key says of them."""

    name: str
    question: str
    extent: tuple[float, float]
    curves: Sequence[tuple[str, str, Style]]
    """Meaning, figure of a row, line; a figure named ``..._error`` beside it is drawn as a bar."""
    marks: Sequence[tuple[str, Sequence[float], Style]] = ()
    band: tuple[str, str] | None = None
    """Figures of a row between which the first curve's models lie."""


@as_png
def plan_figure(planned: Planned) -> Figure:
    """Draw what studies of each size would find.

    Parameters
    ----------
    planned
        The plan.

    Returns
    -------
    PNG.
    """
    panels = _panels(planned)
    inner = WIDTH - 2 * _MARGIN
    title = fit("What studies of each size would find", "", inner, size=TITLE, lines=1, bold=True)
    event = planned.event[:1].upper() + planned.event[1:]
    subtitle = fit(
        f"{event}, scenario {planned.scenario}, {planned.model}, "
        f"{planned.asked.cohorts:,} simulated cohorts of each size; bars: 95% by Monte Carlo error",
        "",
        inner,
        size=BODY,
        lines=3,
    )
    head = text_height(title, TITLE) + text_height(subtitle, BODY) + 0.14
    rows = [panels[:2], panels[2:]]
    keys = [max(len(panel.curves) + len(panel.marks) for panel in row) for row in rows]
    heights = [_HEAD + _HEIGHT + _BELOW + key * _ROW + 0.15 for key in keys]
    height = 2 * _MARGIN + head + sum(heights)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    top = height - _MARGIN
    put(figure, _MARGIN, top, title, size=TITLE, bold=True, vertical="top")
    under = top - text_height(title, TITLE)
    put(figure, _MARGIN, under, subtitle, colour=QUIET, vertical="top")
    top -= head
    for row, tall in zip(rows, heights, strict=True):
        for i, panel in enumerate(row):
            left = _MARGIN + _BESIDE + i * (_PANEL + _BETWEEN + _BESIDE)
            panel_head(figure, left, top, panel.name, panel.question)
            box = Box(left, top - _HEAD - _HEIGHT, _PANEL, _HEIGHT)
            axes = panel_axes(figure, box, x="patients")
            _draw(axes, panel, planned.rows)
            _key(figure, left, box.bottom - _BELOW, panel)
        top -= tall
    return figure


def _panels(planned: Planned) -> list[_Panel]:
    rows, useful, best = planned.rows, planned.asked.useful, planned.unlimited
    areas = [("with very many patients", [best.auroc], _MARK)]
    if planned.ceiling is not None:
        areas.append(("by the scenario itself", [planned.ceiling], {**_MARK, "color": INK}))
    seen = [value for row in rows for value in (row.apparent_auroc, row.auroc_high) if value]
    lowest = min([0.5, *(row.auroc_low for row in rows if row.auroc_low is not None)])
    widest = max([useful.width, *(row.interval_width or 0.0 for row in rows)])
    return [
        _Panel(
            "Discrimination",
            "What is reported, and what is true?",
            (math.floor(20 * lowest) / 20, min(1.0, math.ceil(20 * max([0.6, *seen]) + 0.4) / 20)),
            [
                ("in new patients (band: 95% of models)", "auroc", _FIRST),
                ("reported, corrected", "corrected_auroc", _SECOND),
                ("before correction", "apparent_auroc", _THIRD),
            ],
            areas,
            ("auroc_low", "auroc_high"),
        ),
        _Panel(
            "Calibration",
            "Slope in new patients: 1 is right",
            _SLOPES,
            [("median (band: 95% of models)", "calibration_slope", _FIRST)],
            [("bounds of a useful model", [useful.slope_low, useful.slope_high], _MARK)],
            ("slope_low", "slope_high"),
        ),
        _Panel(
            "Certainty",
            "Mean width of a patient's 95% interval",
            (0.0, min(1.0, math.ceil(10.5 * widest) / 10)),
            [("mean width", "interval_width", _FIRST)],
            [("bound of a useful model", [useful.width], _MARK)],
        ),
        _Panel(
            "Usefulness",
            "Share of the simulated cohorts",
            (-0.03, 1.03),
            [
                ("useful model", "useful", _FIRST),
                ("no signal found", "no_signal", _SECOND),
                # A line of zeros would lie hidden under another.
                *([("failed", "failed", _FOURTH)] if any(row.failed for row in rows) else []),
            ],
        ),
    ]


def _draw(axes: Axes, panel: _Panel, rows: Sequence[SizeRow]) -> None:
    sizes = [row.patients for row in rows]
    axes.set_xscale("log")
    # A single size has a place and no extent of its own.
    axes.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
    axes.set_ylim(panel.extent)
    axes.minorticks_off()
    shown = _apart(sizes)
    labels = [f"{size:,}" for size in shown]
    axes.set_xticks(shown, labels=labels, fontproperties=font(SMALL), color=QUIET)
    places, texts = ticks(panel.extent, 2.6)
    axes.set_yticks(places, labels=texts, fontproperties=font(SMALL), color=QUIET)
    for _, values, style in panel.marks:
        for value in values:
            axes.axhline(value, **style)
    if panel.band is not None:
        ends = [(row.patients, *(getattr(row, name) for name in panel.band)) for row in rows]
        known = [(n, low, high) for n, low, high in ends if low is not None and high is not None]
        if known:
            n, low, high = zip(*known, strict=True)
            axes.fill_between(n, low, high, color=BLUE, alpha=0.13, linewidth=0)
    for _, name, style in reversed(panel.curves):
        found = [
            (row.patients, getattr(row, name), getattr(row, f"{name}_error", None) or 0.0)
            for row in rows
            if getattr(row, name) is not None
        ]
        if not found:
            continue
        n, values, errors = zip(*found, strict=True)
        bars = [_Z * error for error in errors]
        axes.errorbar(n, values, yerr=bars, marker="o", markersize=3.5, elinewidth=1.0, **style)


def _apart(sizes: Sequence[int]) -> list[int]:
    """Sizes whose labels do not touch each other, from the largest."""
    span = math.log(sizes[-1] * 1.25**2 / sizes[0])
    kept: list[int] = []
    for size in reversed(sizes):
        if kept:
            room = math.log(kept[-1] / size) / span * _PANEL
            needed = (text_width(f"{size:,}", SMALL) + text_width(f"{kept[-1]:,}", SMALL)) / 2
            if room < needed + 0.08:
                continue
        kept.append(size)
    return kept[::-1]


def _key(figure: Figure, left: float, top: float, panel: _Panel) -> None:
    """Samples of lines with their meaning, below each other."""
    lines = [(name, style) for name, _, style in (*panel.curves, *panel.marks)]
    for i, (name, style) in enumerate(lines):
        y = top - i * _ROW
        line = Line2D([left, left + _SAMPLE], [y, y], transform=figure.dpi_scale_trans, **style)
        figure.add_artist(line)
        text = fit(name, "", _PANEL - _SAMPLE - 0.1, size=SMALL, lines=1)
        put(figure, left + _SAMPLE + 0.1, y, text, size=SMALL)
