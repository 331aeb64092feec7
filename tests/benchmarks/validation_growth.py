"""The picture of how time and memory of the validation grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor.report.canvas import BLUE, BODY, DPI, INK, ORANGE, QUIET, SMALL

COLOURS = {"unpenalised": BLUE, "ridge": ORANGE}
LABELS = {
    "unpenalised": "unpenalised, 7 predictors",
    "ridge": "tuned ridge, 16 predictors",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One run on one worker: CPU seconds, and megabytes at its peak."""

    kind: str
    patients: int
    resamples: int
    seconds: float
    memory: float


def draw(points: Sequence[Point], path: Path) -> None:
    """Write the picture: time against patients, memory against patients, time against resamples."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(9.6, 3.4), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3)
    for kind in COLOURS:
        own = [point for point in points if point.kind == kind]
        fixed = min((p.patients for p in own if p.resamples != 200), default=0)
        by_size = [p for p in own if p.resamples == 200 and p.patients != fixed]
        sizes = [p.patients for p in by_size]
        lines(panels[0], kind, sizes, [p.seconds for p in by_size])
        lines(panels[1], kind, sizes, [p.memory for p in by_size])
        by_count = sorted((p for p in own if p.patients == fixed), key=lambda p: p.resamples)
        lines(panels[2], kind, [p.resamples for p in by_count], [p.seconds for p in by_count])
    panels[1].axhline(1000, color=QUIET, linewidth=0.8, linestyle="--")
    for panel, title, below in zip(
        panels,
        ("CPU seconds, 200 resamples", "Peak memory, MB, 200 resamples", "CPU seconds"),
        ("patients", "patients", "resamples (532 and 86 patients)"),
        strict=True,
    ):
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_title(title, fontsize=BODY, color=INK, loc="left")
        panel.set_xlabel(below, fontsize=SMALL, color=QUIET)
        panel.tick_params(labelsize=SMALL, colors=QUIET)
        panel.grid(visible=True, which="major", linewidth=0.4, alpha=0.5)
        panel.spines[["top", "right"]].set_visible(False)
        panel.yaxis.set_minor_formatter(NullFormatter())
    panels[1].set_ylim(50, 2000)
    panels[2].set_ylim(0.1, 100)
    panels[1].legend(fontsize=SMALL, frameon=False, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def lines(panel: Any, kind: str, x: Sequence[float], y: Sequence[float]) -> None:
    """One line of a panel."""
    panel.plot(x, y, "o-", color=COLOURS[kind], label=LABELS[kind], markersize=4, linewidth=1.4)
