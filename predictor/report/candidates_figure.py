"""Every patient of an order with the interval, and the cut: one row each, or one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from predictor.clinic.answer import percent
from predictor.clinic.candidate_list import CandidateList
from predictor.report.candidates_layout import interval_text
from predictor.report.candidates_numbers import patient_name, threshold_text
from predictor.report.candidates_words import (
    banner,
    figure_note,
    subtitle,
    title,
)
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
from predictor.report.panels import Box, name_upright, panel_axes
from predictor.report.rows import WIDTH, Label, row_chart, ticks

MOST_NAMED = 60
"""Patients up to which each has a row with a name; more become lines beside each other."""

_EXTENT = (0.0, 1.0)
_MARGIN = 0.2
_BESIDE = 0.65
_BELOW = 0.55
_KEY = 0.3
_TALL = 7.5
_DASHED = (0, (4, 2.5))
_RANKED = "{rank}\u00a0\u00a0{name}"
_UNLIKE = "no rank: unlike the model's patients"
_AXIS = "predicted probability of {label}"


@dataclass(frozen=True, slots=True)
class _Mark:
    """One patient: name, numbers and which of the three kinds."""

    name: str
    right: str
    probability: float
    low: float | None
    high: float | None
    colour: str
    kind: str


@as_png
def candidates_figure(found: CandidateList) -> Figure:
    """Draw the order.

    Parameters
    ----------
    found
        At least one patient, ranked or outside the model's domain.

    Returns
    -------
    PNG.
    """
    marks = _marks(found)
    if len(marks) <= MOST_NAMED:
        return _named(found, marks)
    return _crowd(found, marks)


def _marks(found: CandidateList) -> list[_Mark]:
    cut = found.chosen is not None
    marks = []
    for c in found.candidates:
        kind = "not selected" if cut and not c.selected else "selected" if cut else "ranked"
        name = _RANKED.format(
            rank=f"{c.rank}=" if c.tied else c.rank, name=patient_name(c.patient, c.row)
        )
        colour = GREY if kind == "not selected" else BLUE
        right = _right(c.probability, c.low, c.high)
        marks.append(_Mark(name, right, c.probability, c.low, c.high, colour, kind))
    for apart in sorted(found.outside, key=lambda a: -a.probability):
        name = _RANKED.format(rank="no rank", name=patient_name(apart.patient, apart.row))
        right = _right(apart.probability, apart.low, apart.high)
        p, low, high = apart.probability, apart.low, apart.high
        marks.append(_Mark(name, right, p, low, high, ORANGE, _UNLIKE))
    return marks


def _right(probability: float, low: float | None, high: float | None) -> str:
    interval = interval_text(low, high)
    return percent(probability) + (f" ({interval})" if interval else "")


def _named(found: CandidateList, marks: Sequence[_Mark]) -> Figure:
    chart = row_chart(
        title(found),
        " ".join([*banner(found), subtitle(found)]),
        [Label(mark.name, right=mark.right, bold=mark.kind == "selected") for mark in marks],
        _EXTENT,
        axis=_axis(found),
        note=figure_note(found),
        row=0.24,
        lines=1,
        foot=_KEY,
    )
    _percent_axis(chart.axes, chart.width)
    _draw(chart.axes, marks, chart.centres, thick=3.0, dot=5.0)
    middles = [(a + b) / 2 for a, b in zip(chart.centres[:-1], chart.centres[1:], strict=True)]
    _draw_cut(found, chart.axes, marks, middles)
    _key(chart.figure, found, marks)
    return chart.figure


def _crowd(found: CandidateList, marks: Sequence[_Mark]) -> Figure:
    inner = WIDTH - 2 * _MARGIN
    head = fit(title(found), "", inner, size=TITLE, lines=4, bold=True)
    under = fit(" ".join([*banner(found), subtitle(found)]), "", inner, size=BODY, lines=6)
    note = fit(figure_note(found), "", inner, size=SMALL, lines=6)
    above = text_height(head, TITLE) + text_height(under, BODY) + 0.15
    foot = text_height(note, SMALL) + _KEY
    height = _MARGIN + above + _TALL + _BELOW + foot + _MARGIN
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    top = height - _MARGIN
    put(figure, _MARGIN, top, head, size=TITLE, bold=True, vertical="top")
    put(figure, _MARGIN, top - text_height(head, TITLE), under, colour=QUIET, vertical="top")
    put(figure, _MARGIN, _MARGIN + _KEY, note, size=SMALL, colour=QUIET, vertical="bottom")

    left = _MARGIN + _BESIDE
    box = Box(left, _MARGIN + foot + _BELOW, WIDTH - _MARGIN - 0.25 - left, _TALL)
    axes = panel_axes(figure, box, x=_axis(found))
    axes.set_xlim(_EXTENT)
    n = len(marks)
    axes.set_ylim(n + 0.5, 0.5)
    _percent_axis(axes, box.width)
    places, _ = ticks((1.0, float(n)), _TALL)
    places = [1.0, *(p for p in places if p > n / 40 and p == int(p))]
    labels = [f"{int(p):,}" for p in places]
    axes.set_yticks(places, labels=labels, fontproperties=font(SMALL), color=QUIET)
    name_upright(figure, axes, box, "patients, highest probability first")
    _draw(axes, marks, range(1, n + 1), thick=max(0.5, min(2.0, 350 / n)), dot=2.4)
    _draw_cut(found, axes, marks, [i + 1.5 for i in range(n - 1)])
    _key(figure, found, marks)
    return figure


def _axis(found: CandidateList) -> str:
    return _AXIS.format(label=found.bundle.manifest["outcome"]["label"])


def _percent_axis(axes: Axes, width: float) -> None:
    places, _ = ticks(_EXTENT, width)
    labels = [f"{100 * p:g}%" for p in places]
    axes.set_xticks(places, labels=labels, fontproperties=font(SMALL), color=QUIET)


def _draw(
    axes: Axes, marks: Sequence[_Mark], at: Sequence[float], *, thick: float, dot: float
) -> None:
    bars = [
        ((m.low, y), (m.high, y), m.colour)
        for m, y in zip(marks, at, strict=True)
        if m.low is not None and m.high is not None
    ]
    if bars:
        axes.add_collection(
            LineCollection(
                [[a, b] for a, b, _ in bars],
                colors=[colour for *_, colour in bars],
                linewidths=thick,
                alpha=0.45,
                zorder=3,
            )
        )
    for kind in dict.fromkeys(m.kind for m in marks):
        chosen = [(m, y) for m, y in zip(marks, at, strict=True) if m.kind == kind]
        hollow = chosen[0][0].colour == ORANGE
        axes.plot(
            [m.probability for m, _ in chosen],
            [y for _, y in chosen],
            "D" if hollow else "o",
            color=chosen[0][0].colour,
            markerfacecolor="white" if hollow else chosen[0][0].colour,
            markersize=dot,
            markeredgewidth=1.0 if hollow else 0.0,
            clip_on=False,
            zorder=4,
        )


def _draw_cut(
    found: CandidateList, axes: Axes, marks: Sequence[_Mark], middles: Sequence[float]
) -> None:
    """A vertical line at the threshold, horizontal ones where the kind of patient changes."""
    if found.chosen is not None and found.chosen.threshold is not None:
        axes.axvline(found.chosen.threshold, color=INK, linewidth=1.1, linestyle=_DASHED, zorder=2)
    for i, y in enumerate(middles):
        if marks[i].kind != marks[i + 1].kind:
            axes.axhline(y, color=INK, linewidth=0.8, zorder=2)


def _key(figure: Figure, found: CandidateList, marks: Sequence[_Mark]) -> None:
    """What the colours and lines mean, along the lower edge."""
    counts = {
        kind: sum(m.kind == kind for m in marks) for kind in dict.fromkeys(m.kind for m in marks)
    }
    colours = {m.kind: m.colour for m in marks}
    x = _MARGIN
    y = _MARGIN + 0.06
    for kind, count in counts.items():
        hollow = colours[kind] == ORANGE
        figure.add_artist(
            Line2D(
                [x + 0.06],
                [y],
                transform=figure.dpi_scale_trans,
                marker="D" if hollow else "o",
                color=colours[kind],
                markerfacecolor="white" if hollow else colours[kind],
                markersize=5,
                linestyle="none",
            )
        )
        text = f"{kind} ({count:,})"
        put(figure, x + 0.2, y, text, size=SMALL, vertical="center")
        x += 0.2 + text_width(text, SMALL) + 0.3
    if found.chosen is not None and found.chosen.threshold is not None:
        figure.add_artist(
            Line2D(
                [x, x + 0.35],
                [y, y],
                transform=figure.dpi_scale_trans,
                color=INK,
                linewidth=1.1,
                linestyle=_DASHED,
            )
        )
        text = f"threshold {threshold_text(found.chosen.threshold)}"
        put(figure, x + 0.45, y, text, size=SMALL, vertical="center")
