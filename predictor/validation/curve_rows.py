"""A learning curve: many simulated cohorts of each size put together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.validation.learning_curve import CohortFigures, Unlimited

Numbers = NDArray[np.float64]

_Z = 1.959963984540054
# So many models make an error of their median.
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Useful:
    """What makes a model useful here: all of these, in new patients.

    Parameters
    ----------
    auroc
        The AUROC is at least this.
    slope_low, slope_high
        The calibration slope lies between these.
    width
        The 95% interval of a patient's probability is on average no wider than this.
    """

    auroc: float = 0.70
    slope_low: float = 0.80
    slope_high: float = 1.25
    width: float = 0.30

    def holds(self, found: CohortFigures) -> bool:
        """Whether the model of one cohort is useful; what is not defined is not."""
        if found.auroc is None or found.width is None:
            return False
        return found.auroc >= self.auroc and found.width <= self.width and self.calibrated(found)

    def calibrated(self, found: CohortFigures) -> bool:
        """Whether the slope lies between the bounds; one that is not defined does not."""
        return found.slope is not None and self.slope_low <= found.slope <= self.slope_high


USEFUL = Useful()
"""What a model is held to unless a plan says otherwise."""


@dataclass(frozen=True, slots=True)
class SizeRow:
    """Cohorts of one size; each ``_error`` is the Monte Carlo standard error of what it belongs to.

    Parameters
    ----------
    patients, cohorts, events
        Size, number of simulated cohorts, and mean number of events.
    few_events, no_fit
        Share of the cohorts with too few events to begin, and of those without a fit. What
        follows, except ``useful``, describes the others; None where there are none.
    no_signal
        Share in which the interval of the corrected AUROC includes 0.5; None without intervals.
    apparent_auroc, corrected_auroc
        Mean of what the studies would report, before and after correction.
    auroc
        Mean AUROC in new patients.
    optimism
        Mean of the apparent AUROC less that in new patients.
    auroc_low, auroc_high
        Between these lie 95% of the models.
    auroc_loss
        What the mean AUROC in new patients lacks of that of the same procedure with very many
        patients. Both are tried on the same new patients, most of whose error cancels; what is
        left of it, and of the one cohort of very many, is not counted: 13 to 18% in a trial.
    calibration_slope, slope_low, slope_high
        Median slope in new patients, and between what lie 95% of the models. A model without
        signal has any slope, so that a mean would tell of a few.
    slope_within
        Share of the models with a slope between the bounds of :class:`Useful`.
    interval_width
        Mean width of the 95% interval of a new patient's probability.
    useful
        Share of all cohorts, failed ones included, with a useful model.
    """

    patients: int
    cohorts: int
    events: float
    few_events: float
    no_fit: float
    no_signal: float | None
    no_signal_error: float | None
    apparent_auroc: float | None
    apparent_auroc_error: float | None
    corrected_auroc: float | None
    corrected_auroc_error: float | None
    auroc: float | None
    auroc_error: float | None
    auroc_low: float | None
    auroc_high: float | None
    optimism: float | None
    optimism_error: float | None
    auroc_loss: float | None
    auroc_loss_error: float | None
    calibration_slope: float | None
    calibration_slope_error: float | None
    slope_low: float | None
    slope_high: float | None
    slope_within: float | None
    slope_within_error: float | None
    interval_width: float | None
    interval_width_error: float | None
    useful: float
    useful_error: float

    @property
    def failed(self) -> float:
        """Share of the cohorts that led to no model."""
        return self.few_events + self.no_fit

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "failed": self.failed}


def size_row(
    patients: int, found: Sequence[CohortFigures], useful: Useful, unlimited: Unlimited
) -> SizeRow:
    """Put the cohorts of one size together.

    Parameters
    ----------
    patients
        The size.
    found
        What each cohort led to.
    useful
        When a model is called useful.
    unlimited
        Of the same sample of new patients; its standard error is part of every AUROC's.

    Notes
    -----
    All models are tried on the same new patients, so what these leave open does not average out
    over cohorts: the errors of AUROC and slope are the root of the squared error over the cohorts
    and of the squared error of one model in that sample. The error of a share is that of the
    Agresti-Coull interval, so that none of 200 is not taken for never.
    """
    done = [one for one in found if one.failed is None]
    bounds = [one.corrected_low for one in done if one.corrected_low is not None]
    silent = sum(low <= 0.5 for low in bounds)
    shared = unlimited.auroc_error
    apparent = _numbers(one.apparent for one in done)
    corrected = _numbers(one.corrected for one in done)
    new = _numbers(one.auroc for one in done)
    optimism = _numbers(
        one.apparent - one.auroc
        for one in done
        if one.apparent is not None and one.auroc is not None
    )
    slope = _numbers(one.slope for one in done)
    of_slope = _numbers(one.slope_error for one in done)
    within = sum(useful.calibrated(one) for one in done)
    width = _numbers(one.width for one in done)
    good = sum(useful.holds(one) for one in done)
    cohorts = len(found)
    return SizeRow(
        patients=patients,
        cohorts=cohorts,
        events=float(np.mean([one.events for one in found])),
        few_events=sum(one.failed == "few_events" for one in found) / cohorts,
        no_fit=sum(one.failed == "no_fit" for one in found) / cohorts,
        no_signal=silent / len(bounds) if bounds else None,
        no_signal_error=share_error(silent, len(bounds)) if bounds else None,
        apparent_auroc=_mean(apparent),
        apparent_auroc_error=_error(apparent),
        corrected_auroc=_mean(corrected),
        corrected_auroc_error=_error(corrected),
        auroc=_mean(new),
        auroc_error=_error(new, shared),
        auroc_low=_quantile(new, 0.025),
        auroc_high=_quantile(new, 0.975),
        optimism=_mean(optimism),
        optimism_error=_error(optimism, shared),
        auroc_loss=unlimited.auroc - float(new.mean()) if new.size else None,
        auroc_loss_error=_error(new),
        calibration_slope=_quantile(slope, 0.5),
        calibration_slope_error=_median_error(slope, _quantile(of_slope, 0.5) or 0.0),
        slope_low=_quantile(slope, 0.025),
        slope_high=_quantile(slope, 0.975),
        slope_within=within / len(done) if done else None,
        slope_within_error=share_error(within, len(done)) if done else None,
        interval_width=_mean(width),
        interval_width_error=_error(width),
        useful=good / cohorts,
        useful_error=share_error(good, cohorts),
    )


def share_error(count: int, total: int) -> float:
    """Standard error of a share that is not 0 where the share is 0 or 1 (Agresti-Coull).

    >>> round(share_error(0, 200), 4), round(share_error(100, 200), 4)
    (0.0068, 0.035)
    """
    n = total + _Z**2
    p = (count + _Z**2 / 2.0) / n
    return math.sqrt(p * (1.0 - p) / n)


def _numbers(values: Iterable[float | None]) -> Numbers:
    return np.array([value for value in values if value is not None], dtype=np.float64)


def _of_some(values: Numbers, of: Callable[[Numbers], Any]) -> float | None:
    return float(of(values)) if values.size else None


def _mean(values: Numbers) -> float | None:
    return _of_some(values, np.mean)


def _quantile(values: Numbers, share: float) -> float | None:
    return _of_some(values, lambda numbers: np.quantile(numbers, share))


def _error(values: Numbers, shared: float = 0.0) -> float | None:
    """Of a mean."""
    if values.size < 2:
        return None
    return math.hypot(float(values.std(ddof=1)) / math.sqrt(values.size), shared)


def _median_error(values: Numbers, shared: float) -> float | None:
    """Of a median, from the order statistics that bound it (Conover 1999, section 3.2)."""
    if values.size < _FEWEST:
        return None
    half = 0.5 * _Z / math.sqrt(values.size)
    low, high = np.quantile(values, [max(0.5 - half, 0.0), min(0.5 + half, 1.0)])
    return math.hypot(float(high - low) / (2.0 * _Z), shared)
