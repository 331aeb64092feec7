"""Figures of centres that share no rows, put together from what each told of itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from predictor.validation.centre_figures import FIGURES, Figure, Scale, backward, forward
from predictor.validation.centres import CentreResult, centre_summaries

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class ToldCentre:
    """What a centre told of itself.

    Parameters
    ----------
    name
        Its name.
    n, events
        Patients, and those of them with the event.
    figures
        With standard errors on their scale.
    """

    name: str
    n: int
    events: int
    figures: tuple[Figure, ...]


def as_row(figure: Figure) -> dict[str, Any]:
    """A figure as an exchanged file has it: with the standard error on its scale."""
    return {
        "figure": figure.name,
        "scale": figure.scale,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "error": figure.error,
        "reason": figure.reason,
    }


def figures_from(rows: Any) -> tuple[Figure, ...]:
    """Figures of one centre from an exchanged file.

    Raises
    ------
    KeyError, TypeError, ValueError
        If one is missing, unknown or impossible.
    """
    by_name = {row["figure"]: row for row in rows}
    return tuple(_figure(by_name[name], name, scale) for name, (scale, _) in FIGURES.items())


def pooled(centres: Sequence[ToldCentre], level: float = LEVEL) -> dict[str, Any]:
    """Every figure of each centre, and of all by random effects, as plain data.

    Parameters
    ----------
    centres
        One at least.
    level
        Confidence level.
    """
    rows = [
        CentreResult(i, one.n, one.events, (one.n, one.events, one.n - one.events), one.figures, ())
        for i, one in enumerate(centres)
    ]
    return {
        "level": level,
        "n": sum(one.n for one in centres),
        "events": sum(one.events for one in centres),
        "centres": [_centre(one) for one in centres],
        "summaries": [summary.to_dict() for summary in centre_summaries(rows, level)],
    }


def _centre(one: ToldCentre) -> dict[str, Any]:
    told: dict[str, Any] = {"centre": one.name, "n": one.n, "events": one.events}
    for figure in one.figures:
        told |= figure.to_dict()
    return told


def _figure(row: Mapping[str, Any], name: str, scale: Scale) -> Figure:
    numbers = [_number(row[key]) for key in ("value", "low", "high", "error")]
    value, low, high, error = numbers
    if row["scale"] != scale:
        raise ValueError("another scale")
    if error is not None:
        if value is None or low is None or high is None or error <= 0.0:
            raise ValueError("a standard error without a value")
        if not low <= value <= high:
            raise ValueError("an interval that does not hold its value")
        for one in (value, low, high):
            # Fails where the value is none that the scale has.
            if not math.isclose(backward(scale, forward(scale, one)), one, rel_tol=1e-9):
                raise ValueError("an impossible value")
    elif low is not None or high is not None:
        raise ValueError("an interval without a standard error")
    reason = row["reason"]
    return Figure(name, scale, value, low, high, error, None if reason is None else str(reason))


def _number(given: Any) -> float | None:
    if given is None:
        return None
    number = float(given)
    if not math.isfinite(number):
        raise ValueError("no number")
    return number
