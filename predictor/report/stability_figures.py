"""What the bootstrap refits say of the explanation and of the performance, as row charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from predictor.report.canvas import (
    BLUE,
    INK,
    ORANGE,
    as_png,
)
from predictor.report.figures import MOST_ROWS, left_out
from predictor.report.rows import Column, Label, column_chart, widened
from predictor.validation.corrected import CorrectedFigure, Correction
from predictor.validation.instability import (
    FEWEST_FOR_RANGE,
    LEVEL,
    TOP,
    ExplanationStability,
)
from predictor.validation.internal import InternalValidation

_PERCENT = f"{100 * LEVEL:g}%"

# Slopes beyond these say no more than that they are far away; the numbers stand beside.
_FARTHEST_SLOPES = (-1.0, 3.0)


@as_png
def explanation_stability_figure(
    rows: Sequence[ExplanationStability], labels: Mapping[str, str], *, scale: str
) -> Figure:
    """Mean |SHAP| of each variable over the refits, and how often it is among the top three.

    Parameters
    ----------
    rows
        From :func:`predictor.validation.instability.explanation_stability`.
    labels
        What people call each variable.
    scale
        Scale of the model.

    Returns
    -------
    PNG.

    Raises
    ------
    ValueError
        If there is no row.
    """
    shown = rows[:MOST_ROWS]
    refits = max((row.refits for row in shown), default=0)
    largest = max(
        (x for row in shown for x in (row.mean_absolute_shap, row.high or 0.0)), default=0
    )
    known = any(row.high is not None for row in shown)
    note = left_out(len(rows) - len(shown))
    if len(rows) <= TOP:
        note = f"With {TOP} variables or fewer, each that contributes is among the top three."
    if not known:
        note = f"No interval: fewer than {FEWEST_FOR_RANGE} refits. {note}"
    chart = column_chart(
        "How stable is what moves the predictions",
        f"Weight of each variable in {refits:,} refits to bootstrap resamples",
        [Label(labels.get(row.variable, row.variable)) for row in shown],
        [
            Column(
                (0.0, largest * 1.02 if largest > 1e-12 else 1.0),
                f"mean absolute effect on the {scale}: mean over the refits"
                + (f" and the middle {_PERCENT} of them" if known else ""),
                [""] * len(shown),
                "Weight",
                1.7,
            ),
            Column(
                (0.0, 1.0),
                f"share of the refits in which it is one of the {TOP} with the largest effect",
                [f"{100 * row.top:.0f}%" for row in shown],
                "Among the top three",
            ),
        ],
        note=note,
    )
    weight, top = chart.axes
    for y, row in zip(chart.centres, shown, strict=True):
        _dot(weight, y, row.mean_absolute_shap, (row.low, row.high), BLUE)
    top.barh(chart.centres, [row.top for row in shown], height=2 * chart.half - 0.04, color=BLUE)
    return chart.figure


@as_png
def validation_figure(found: InternalValidation, *, label: str) -> Figure:
    """AUROC and calibration slope: apparent, cross-validated, corrected and out of bag.

    Parameters
    ----------
    found
        From :func:`predictor.validation.internal.internal_validation`.
    label
        The model that was validated.

    Returns
    -------
    PNG.
    """
    area, slope = found.figure("auroc"), found.figure("calibration_slope")
    areas, slopes = _versions(area), _versions(slope)
    corrections = " and ".join(
        f"{name} {_CORRECTIONS[figure.corrected_by]}"
        for name, figure in (("AUROC", area), ("slope", slope))
    )
    best = _NAMES.index("Corrected")
    chart = column_chart(
        "How much of the performance is flattery",
        f"{label}: the same figures on the same patients, taken in five ways, with "
        f"{100 * found.level:g}% intervals",
        [Label(name, bold=i == best) for i, name in enumerate(_NAMES)],
        [
            Column(
                _area_extent(areas),
                "0.5, dashed: no better than chance",
                [_text(x) for x in areas],
                "AUROC",
            ),
            Column(
                _slope_extent(slopes),
                "1, dashed: right; below, too extreme",
                [_text(x) for x in slopes],
                "Calibration slope",
            ),
        ],
        note=(
            f"Apparent: on the patients it was fitted to. Corrected by {found.resamples.used:,} "
            f"bootstrap refits: {corrections}. Out of bag: refits on the patients they have not "
            "seen. A hollow dot has no interval; an arrow points to what lies beyond the axis."
        ),
        row=0.34,
    )
    for axes, versions, reference in zip(chart.axes, (areas, slopes), (0.5, 1.0), strict=True):
        axes.axvline(reference, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        for i, (y, one) in enumerate(zip(chart.centres, versions, strict=True)):
            if one.value is not None:
                colour = ORANGE if i == best else BLUE
                _dot(axes, y, one.value, (one.low, one.high), colour, diamond=i == best)
    return chart.figure


@dataclass(frozen=True, slots=True)
class _Version:
    """One way of taking a figure; what is not defined is None."""

    value: float | None
    low: float | None = None
    high: float | None = None


_NAMES = ("Apparent", "Cross-validated", "Corrected", "Harrell", "Out of bag")
_FIRST = 3
_CORRECTIONS: Mapping[Correction, str] = {
    "harrell": "less Harrell's optimism",
    "b632": "by .632",
    "b632plus": "by .632+",
}


def _versions(figure: CorrectedFigure) -> list[_Version]:
    """In the order of ``_NAMES``."""
    return [
        _Version(figure.apparent),
        _Version(figure.cross_validated, figure.cross_validated_low, figure.cross_validated_high),
        _Version(figure.corrected, figure.corrected_low, figure.corrected_high),
        _Version(figure.harrell),
        _Version(figure.oob),
    ]


def _text(one: _Version) -> str:
    if one.value is None:
        return "–"
    if one.low is None or one.high is None:
        return _two(one.value)
    return f"{_two(one.value)} ({_two(one.low)} to {_two(one.high)})"


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _area_extent(versions: Sequence[_Version]) -> tuple[float, float]:
    known = _known(versions)
    return max(0.0, min([0.5, *known]) - 0.03), min(1.0, max([0.8, *known]) + 0.03)


def _slope_extent(versions: Sequence[_Version]) -> tuple[float, float]:
    known = _known(versions)
    low, high = min([0.0, *known]), max([1.2, *known])
    least, most = _FARTHEST_SLOPES
    # These stay on the axis however far they are; their intervals, and a mean over refits of which
    # some may have almost equal predictions, need not.
    values = [one.value for one in versions[:_FIRST] if one.value is not None]
    ends = [max(low, min(least, *values, 0.0)), min(high, max(most, *values, 0.0))]
    return widened(ends, 0.08)


def _known(versions: Sequence[_Version]) -> list[float]:
    return [x for one in versions for x in (one.value, one.low, one.high) if x is not None]


def _dot(
    axes: Axes,
    y: float,
    value: float,
    interval: tuple[float | None, float | None],
    colour: str,
    *,
    diamond: bool = False,
) -> None:
    """A mark with its interval, hollow without one; an arrow for what lies beyond the axis."""
    low, high = interval
    hollow = low is None or high is None
    start, end = axes.get_xlim()
    ends = [value] if low is None or high is None else [low, high]
    for beyond, place, arrow in (
        (min(ends) < start, start, "<"),
        (max(ends) > end, end, ">"),
    ):
        if beyond:
            axes.plot([place], [y], arrow, color=colour, markersize=6, clip_on=False, zorder=3)
    if low is not None and high is not None:
        axes.plot(
            [max(low, start), min(high, end)],
            [y, y],
            color=colour,
            linewidth=2.2,
            solid_capstyle="butt",
            zorder=3,
        )
    if not start <= value <= end:
        return
    axes.plot(
        [value],
        [y],
        "D" if diamond else "o",
        markersize=8 if diamond else 7,
        markerfacecolor="white" if hollow else colour,
        markeredgecolor=colour,
        markeredgewidth=1.6,
        clip_on=False,
        zorder=4,
    )
