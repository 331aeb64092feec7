"""Prediction instability in one picture, after Riley and Collins (Biom J 2023;65:2200302).

Where no patient may be shown, means over bins of several patients are drawn instead of patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from predictor.report.canvas import (
    BLUE,
    BODY,
    DPI,
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
)
from predictor.report.panels import Box, name_upright, panel_axes, panel_head
from predictor.report.rows import WIDTH, ticks, widened
from predictor.validation.instability import FEWEST_FOR_RANGE, LEVEL, PredictionInstability
from predictor.validation.instability_bins import MOST_BINS, bins_of

Floats = NDArray[np.float64]

_MARGIN = 0.2
_BESIDE = 0.6  # names and labels of a vertical axis
_BETWEEN = 0.3
_HEAD = 0.44
_BELOW = 0.52  # labels and name of a horizontal axis
_SQUARE = 3.55
_RIGHT = WIDTH - 2 * _MARGIN - 2 * _BESIDE - _BETWEEN - _SQUARE
_LEAST_EXTENT = 0.05
_CROWD = 120  # patients from which on marks become fainter
_DASHED = (0, (4, 2.5))
_BY_FINAL = "probability by the final model"


@as_png
def instability_figure(
    unstable: PredictionInstability,
    *,
    bin_size: int,
    patients: bool,
    label: str,
    unit: str = "patient",
) -> Figure:
    """How far the predictions of the same patient move between refits, in three panels.

    The range of the refits against the probability of the final model, the mean absolute
    prediction error, and the share of refits that put a patient on the other side of a threshold,
    of several the one nearest to the mean probability.

    Parameters
    ----------
    unstable
        From :func:`predictor.validation.instability.prediction_instability`.
    bin_size
        Patients whose mean is drawn at least; ignored where ``patients`` is true.
    patients
        Whether single patients are drawn.
    label
        The model that was refitted.
    unit
        What has a probability: a patient, or a row where a patient may have several.

    Returns
    -------
    PNG.
    """
    n = unstable.original.size
    threshold = min(
        unstable.classification,
        key=lambda t: abs(t - float(unstable.original.mean())),
        default=None,
    )
    marks = _marks(unstable, threshold, 1 if patients else bin_size)
    what = unit if patients else "bin"
    inner = WIDTH - 2 * _MARGIN
    title = fit(
        "How far another cohort would have moved the predictions",
        "",
        inner,
        size=TITLE,
        lines=1,
        bold=True,
    )
    subtitle = fit(
        f"{label}, refitted in {unstable.refits:,} bootstrap resamples; probabilities of {n:,} "
        f"{unit}s",
        "",
        inner,
        size=BODY,
        lines=3,
    )
    note = "Riley and Collins 2023. The dashed line is where refits agree with the final model. "
    note += (
        f"Every mark is a {unit}."
        if patients
        else f"Every mark is the mean over a bin of {_counts(marks.sizes)} {unit}s of similar "
        "probability; no single patient is shown."
    )
    note = fit(note, "", inner, size=SMALL, lines=4)
    head = text_height(title, TITLE) + text_height(subtitle, BODY) + 0.14
    foot = text_height(note, SMALL) + 0.06
    height = _MARGIN + head + _HEAD + _SQUARE + _BELOW + foot + _MARGIN

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    top = height - _MARGIN
    put(figure, _MARGIN, top, title, size=TITLE, bold=True, vertical="top")
    put(figure, _MARGIN, top - text_height(title, TITLE), subtitle, colour=QUIET, vertical="top")
    put(figure, _MARGIN, _MARGIN, note, size=SMALL, colour=QUIET, vertical="bottom")
    top -= head

    left, right = _MARGIN + _BESIDE, WIDTH - _MARGIN - _RIGHT
    floor = top - _HEAD - _SQUARE
    panel_head(
        figure, left, top, "Probability", f"Which range holds {100 * LEVEL:g}% of the refits?"
    )
    box = Box(left, floor, _SQUARE, _SQUARE)
    axes = panel_axes(figure, box, x=_BY_FINAL)
    _draw_ranges(figure, axes, box, marks)
    name_upright(figure, axes, box, "probability by the refits")

    each = (_SQUARE - _HEAD - _BELOW) / 2
    panel_head(figure, right, top, "Error", f"How far off is a refit, per {what}?")
    box = Box(right, top - _HEAD - each, _RIGHT, each)
    axes = panel_axes(figure, box, x=_BY_FINAL)
    _draw_dots(axes, box, marks, marks.error)
    name_upright(figure, axes, box, "mean absolute error")
    box = Box(right, floor, _RIGHT, each)
    at = "" if threshold is None else f" of {100 * threshold:g}%"
    panel_head(
        figure,
        right,
        floor + each + _HEAD,
        "Classification",
        f"Share of refits on the other side{at}",
    )
    axes = panel_axes(figure, box, x=_BY_FINAL)
    _draw_dots(axes, box, marks, marks.changed, threshold)
    name_upright(figure, axes, box, "share changed")
    return figure


@dataclass(frozen=True, slots=True)
class _Marks:
    """What is drawn, one entry for each patient or bin of patients."""

    original: Floats
    low: Floats | None
    high: Floats | None
    error: Floats
    changed: Floats
    sizes: NDArray[np.int64]


def _marks(unstable: PredictionInstability, threshold: float | None, bin_size: int) -> _Marks:
    """Means over bins of patients with similar probabilities; bins of one are the patients."""
    n = unstable.original.size
    changed = np.zeros(n) if threshold is None else unstable.classification[threshold]
    columns = [unstable.original, unstable.mean_absolute_error, changed]
    if unstable.low is not None and unstable.high is not None:
        columns += [unstable.low, unstable.high]
    parts = (
        np.array_split(np.lexsort(columns[::-1]), n)
        if bin_size == 1
        else bins_of(unstable, bin_size)
    )
    means = [np.array([column[part].mean() for part in parts]) for column in columns]
    low, high = means[3:] or (None, None)
    sizes = np.array([part.size for part in parts], dtype=np.int64)
    return _Marks(means[0], low, high, means[1], means[2], sizes)


def _counts(sizes: NDArray[np.int64]) -> str:
    least, most = int(sizes.min()), int(sizes.max())
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _draw_ranges(figure: Figure, axes: Axes, box: Box, marks: _Marks) -> None:
    everything = [marks.original] + [x for x in (marks.low, marks.high) if x is not None]
    extent = _within_one(np.concatenate(everything))
    for which in ("x", "y"):
        _scale(axes, which, extent, box)
    axes.plot(extent, extent, color=INK, linewidth=1.0, linestyle=_DASHED, zorder=2)
    crowded = marks.original.size > _CROWD
    if marks.low is None or marks.high is None:
        put(
            figure,
            box.left + 0.1,
            box.bottom + box.height - 0.2,
            f"No range: fewer than {FEWEST_FOR_RANGE} refits.",
            size=SMALL,
            colour=QUIET,
        )
    else:
        ends = zip(marks.original, marks.low, marks.high, strict=True)
        axes.add_collection(
            LineCollection(
                [[(x, low), (x, high)] for x, low, high in ends],
                colors=BLUE,
                linewidths=0.8 if crowded else 2.2 if marks.original.size <= MOST_BINS else 1.2,
                alpha=0.5 if crowded else 1.0,
                zorder=3,
            )
        )
    axes.plot(
        marks.original,
        marks.original,
        "o",
        color=ORANGE,
        clip_on=False,
        zorder=4,
        markersize=2.2 if crowded else 4.5,
        markeredgewidth=0,
    )


def _draw_dots(
    axes: Axes, box: Box, marks: _Marks, height: Floats, threshold: float | None = None
) -> None:
    across = _within_one(marks.original)
    _scale(axes, "x", across, box)
    _scale(axes, "y", (0.0, max(1.08 * float(height.max()), 0.01)), box)
    if threshold is not None and across[0] <= threshold <= across[1]:
        axes.axvline(threshold, color=INK, linewidth=1.0, linestyle=_DASHED, zorder=2)
    crowded = marks.original.size > _CROWD
    axes.plot(
        marks.original,
        height,
        "o",
        color=BLUE,
        clip_on=False,
        zorder=3,
        markersize=2.6 if crowded else 4.5,
        markeredgewidth=0,
        alpha=0.6 if crowded else 1.0,
    )


def _within_one(values: Floats) -> tuple[float, float]:
    """Ends of an axis of probabilities: not beyond 0 and 1, nor closer than differences matter."""
    low, high = float(values.min()), float(values.max())
    missing = max(_LEAST_EXTENT - (high - low), 0.0) / 2
    low, high = widened([low - missing, high + missing], 0.06)
    return max(low, 0.0), min(high, 1.0)


def _scale(axes: Axes, which: str, extent: tuple[float, float], box: Box) -> None:
    """An axis with labels in our font, as many as its length has room for."""
    long = box.width if which == "x" else box.height
    places, labels = ticks(extent, long)
    set_extent, set_ticks = (
        (axes.set_xlim, axes.set_xticks) if which == "x" else (axes.set_ylim, axes.set_yticks)
    )
    set_extent(*extent)
    set_ticks(places, labels=labels, fontproperties=font(SMALL), color=QUIET)
