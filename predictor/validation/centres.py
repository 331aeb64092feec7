"""The figures of several centres side by side, and what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.performance.decision import NetBenefit, net_benefit
from predictor.validation.centre_figures import (
    FIGURES,
    Figure,
    Scale,
    backward,
    figures_of,
    forward,
)
from predictor.validation.random_effects import RandomEffects, random_effects
from predictor.validation.subgroups import Size, masked

_NONE_USABLE = "No centre has this figure with an interval."


@dataclass(frozen=True, slots=True)
class CentreResult:
    """One centre, predicted by a model from the others.

    Parameters
    ----------
    centre
        Its code.
    n, events
        Rows, and those of them with the event.
    size
        Patients, those with the event and those without it in some row: what masking counts.
    figures
        AUROC, calibration intercept and slope, O/E and Brier score; None where not defined.
    net_benefit
        At the thresholds asked for.
    """

    centre: int
    n: int
    events: int
    size: tuple[int, int, int]
    figures: tuple[Figure, ...]
    net_benefit: tuple[NetBenefit, ...]

    def figure(self, name: str) -> Figure:
        """One of its figures by name."""
        return next(figure for figure in self.figures if figure.name == name)


@dataclass(frozen=True, slots=True)
class CentreSummary:
    """One figure over all centres.

    Parameters
    ----------
    name, scale
        The figure, and the scale on which centres were averaged.
    effect
        The summary, mean and bounds transformed back; tau-squared stays on the scale. None where
        no centre can take part.
    left_out
        Centres without this figure or without an interval of it.
    """

    name: str
    scale: Scale
    effect: RandomEffects | None
    left_out: int

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON, with the same keys whether or not there is a summary."""
        effect = self.effect
        return {
            "figure": self.name,
            "scale": self.scale,
            "centres": effect.centres if effect else 0,
            "left_out": self.left_out,
            "mean": effect.mean if effect else None,
            "low": effect.low if effect else None,
            "high": effect.high if effect else None,
            "prediction_low": effect.prediction_low if effect else None,
            "prediction_high": effect.prediction_high if effect else None,
            "tau2": effect.tau2 if effect else None,
            "i2": effect.i2 if effect else None,
            "method": effect.method if effect else None,
            "note": effect.note if effect else _NONE_USABLE,
        }


def centre_results(
    outcome: NDArray[np.int8],
    probability: NDArray[np.float64],
    members: NDArray[np.int64],
    codes: Sequence[int] | NDArray[np.int64],
    sizes: Sequence[Size],
    *,
    thresholds: Sequence[float],
    level: float,
) -> tuple[CentreResult, ...]:
    """The figures of each centre.

    Parameters
    ----------
    outcome, probability : shape (rows,)
        What happened, and what was predicted.
    members : shape (rows,)
        Position of each row's centre among ``codes``.
    codes
        What stands for the centres.
    sizes
        Patients of each centre, those with the event and those without.
    thresholds
        Of the net benefit.
    level
        Confidence level of all intervals.
    """
    rows = []
    for k, code in enumerate(codes):
        inside = members == k
        y, p = outcome[inside], probability[inside]
        rows.append(
            CentreResult(
                centre=int(code),
                n=y.size,
                events=int(y.sum()),
                size=sizes[k],
                figures=figures_of(y, p, level),
                net_benefit=net_benefit(y, p, thresholds).rows,
            )
        )
    return tuple(rows)


def centre_summaries(rows: Sequence[CentreResult], level: float) -> tuple[CentreSummary, ...]:
    """Every figure over all centres, by random effects."""
    return tuple(_summary(name, rows, level) for name in FIGURES)


def shown_centres(
    rows: Sequence[CentreResult], cell_size: int, names: Mapping[int, str] | None
) -> tuple[int, list[dict[str, Any]]]:
    """Centres as plain data, small ones and those that would give them away without numbers.

    Parameters
    ----------
    rows
        All centres.
    cell_size
        Fewest patients, events and non-events that are shown; 0 masks nothing.
    names
        Centre by code; by default the codes stand for them.

    Returns
    -------
    How many are masked, and one mapping for each.
    """
    hidden = masked([row.size for row in rows], cell_size)
    return len(hidden), [_row(row, names, hidden=i in hidden) for i, row in enumerate(rows)]


def benefit(row: NetBenefit) -> dict[str, float]:
    """Net benefit at one threshold as plain data."""
    return {"threshold": row.threshold, "model": row.model, "treat_all": row.treat_all}


def _summary(name: str, rows: Sequence[CentreResult], level: float) -> CentreSummary:
    scale = FIGURES[name][0]
    positions, variances = [], []
    for row in rows:
        figure = row.figure(name)
        if figure.value is not None and figure.error is not None:
            positions.append(forward(scale, figure.value))
            variances.append(figure.error**2)
    effect = None
    if positions:
        effect = random_effects(positions, variances, level=level).through(
            lambda position: backward(scale, position)
        )
    return CentreSummary(name, scale, effect, left_out=len(rows) - len(positions))


def _row(row: CentreResult, names: Mapping[int, str] | None, *, hidden: bool) -> dict[str, Any]:
    content: dict[str, Any] = {
        "centre": row.centre if names is None else names[row.centre],
        "masked": hidden,
        "n": None if hidden else row.n,
        "events": None if hidden else row.events,
    }
    for figure in row.figures:
        shown = figure
        if hidden:
            shown = Figure(figure.name, figure.scale, None, None, None, None, "masked")
        content |= shown.to_dict()
    content["net_benefit"] = [] if hidden else [benefit(one) for one in row.net_benefit]
    return content
