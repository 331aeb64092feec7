"""How precise an external validation came out, held against what one needs to be.

Riley et al. (Stat Med 2021;40:4230) ask for intervals of the ratio of observed and expected
events, of the calibration slope and of the C statistic that are narrow enough; before them 100
events and 100 non-events were asked for (Vergouwe et al., J Clin Epidemiol 2005;58:475). Here the
intervals are there, so their widths are measured and not foreseen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from predictor.performance.estimate import Estimate
from predictor.performance.evaluation import Evaluation
from predictor.performance.limits import FEW_EVENTS

RATIO_WIDTH, SLOPE_WIDTH, C_WIDTH = 0.2, 0.2, 0.1
"""Widths of the 95% intervals, as in pmvalsampsize."""


@dataclass(frozen=True, slots=True)
class Reached:
    """One criterion.

    Parameters
    ----------
    name, label
        Which it is, and what it asks for.
    wanted, width
        Widest interval that is precise enough, and what came out; None for a count, or where there
        is no interval.
    met
        Whether it is.
    needed
        Patients like these that would meet it; None where that cannot be told.
    """

    name: str
    label: str
    wanted: float | None
    width: float | None
    met: bool
    needed: int | None

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "label": self.label,
            "wanted": self.wanted,
            "width": self.width,
            "met": self.met,
            "needed": self.needed,
        }


def precision_reached(evaluation: Evaluation) -> tuple[Reached, ...]:
    """Hold the intervals of an evaluation against the criteria.

    Parameters
    ----------
    evaluation
        Of the new patients.

    Returns
    -------
    Three widths, and the count of events and non-events.
    """
    slope = None if evaluation.recalibration is None else evaluation.recalibration.slope
    found: dict[str, tuple[float, Estimate | None]] = {
        "observed_expected": (RATIO_WIDTH, evaluation.observed_expected),
        "calibration_slope": (SLOPE_WIDTH, slope),
        "auroc": (C_WIDTH, evaluation.auroc),
    }
    fewer = min(evaluation.events, evaluation.n - evaluation.events)
    rows = []
    for name, (wanted, estimate) in found.items():
        width = _width(estimate)
        met = width is not None and width <= wanted
        needed = _needed(evaluation.n, name, estimate, wanted)
        rows.append(Reached(name, _LABELS[name], wanted, width, met, needed))
    name = "hundred_events"
    needed = math.ceil(FEW_EVENTS * evaluation.n / fewer) if fewer else None
    rows.append(Reached(name, _LABELS[name], None, None, fewer >= FEW_EVENTS, needed))
    return tuple(rows)


def precise_enough(rows: tuple[Reached, ...]) -> bool:
    """Whether there are 100 events and 100 non-events, or all three intervals are narrow enough."""
    by_name = {row.name: row.met for row in rows}
    counted = by_name.pop("hundred_events")
    return counted or all(by_name.values())


_LABELS = {
    "observed_expected": f"interval of observed/expected {RATIO_WIDTH:g} wide",
    "calibration_slope": f"interval of the calibration slope {SLOPE_WIDTH:g} wide",
    "auroc": f"interval of the AUROC {C_WIDTH:g} wide",
    "hundred_events": "100 events and 100 non-events",
}


def _needed(n: int, name: str, estimate: Estimate | None, wanted: float) -> int | None:
    """Patients like these whose interval would be as wide as wanted.

    Every one of these intervals narrows with the root of the patients: those of slope and AUROC as
    they are, that of the ratio on the log scale. From formulas that take the model to be right
    (``predictor samplesize``) a model that is wrong would be told too few, or too many.
    """
    width = _width(estimate)
    if estimate is None or width is None or not 0.0 < width < math.inf:
        return None
    if name != "observed_expected":
        return math.ceil(n * (width / wanted) ** 2)
    if estimate.low is None or estimate.high is None or estimate.low <= 0.0:
        return None
    # As wide as wanted is value * (exp(s) - exp(-s)).
    half = math.log(estimate.high / estimate.low) / 2.0
    return math.ceil(n * (half / math.asinh(wanted / (2.0 * estimate.value))) ** 2)


def _width(estimate: Estimate | None) -> float | None:
    if estimate is None or estimate.low is None or estimate.high is None:
        return None
    return estimate.high - estimate.low
