"""How many patients the external validation of a model needs (Riley et al., Stat Med 2021;40:4230).

Three intervals must be narrow enough: of the ratio of observed and expected events, of the
calibration slope and of the C statistic; and the old rule of 100 events and 100 non-events
(Vergouwe et al., J Clin Epidemiol 2005;58:475) stands beside them. pmvalsampsize simulates the
linear predictor; here it is integrated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.errors import LearningError
from predictor.validation.linear_predictor import Binormal, normal_grid
from predictor.validation.samplesize import check_c, check_prevalence

_Array = NDArray[np.float64]
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Precision:
    """Patients that make one interval narrow enough.

    Parameters
    ----------
    name
        Stable name: ``observed_expected``, ``calibration_slope``, ``auroc`` or ``hundred_events``.
    label
        What it asks for, in words.
    n
        Patients it needs.
    """

    name: str
    label: str
    n: int


@dataclass(frozen=True, slots=True)
class ValidationSize:
    """Patients needed for an external validation.

    Parameters
    ----------
    prevalence, c
        Anticipated share of events and C statistic of the model there.
    criteria
        What each criterion needs.
    """

    prevalence: float
    c: float
    criteria: tuple[Precision, ...]

    @property
    def n(self) -> int:
        """Patients that meet all criteria."""
        return max(criterion.n for criterion in self.criteria)

    @property
    def events(self) -> float:
        """Expected events among them; not rounded."""
        return self.n * self.prevalence

    def to_dict(self) -> dict[str, object]:
        """Return everything as JSON data."""
        return {
            "n": self.n,
            "events": self.events,
            "prevalence": self.prevalence,
            "auroc": self.c,
            "criteria": [{"name": c.name, "label": c.label, "n": c.n} for c in self.criteria],
        }


def for_validation(
    prevalence: float,
    c: float,
    *,
    ratio_width: float = 0.2,
    slope_width: float = 0.2,
    c_width: float = 0.1,
) -> ValidationSize:
    """Patients needed to validate a model that is calibrated and has a C statistic.

    Parameters
    ----------
    prevalence
        Anticipated share of patients with the event.
    c
        Anticipated C statistic.
    ratio_width, slope_width, c_width
        Widths of the 95% intervals; the defaults are those of pmvalsampsize.

    Raises
    ------
    LearningError
        If a number is out of its range.

    Examples
    --------
    >>> found = for_validation(prevalence=0.35, c=0.75)
    >>> [(criterion.name, criterion.n) for criterion in found.criteria][0]
    ('observed_expected', 716)
    """
    check_prevalence(prevalence)
    check_c(c)
    for width in (ratio_width, slope_width, c_width):
        if not 0 < width < math.inf:
            raise LearningError("width of an interval", "it must be a positive number")
    predictor = Binormal.of(c, prevalence)
    score, weight = predictor.grid()
    criteria = (
        Precision(
            "observed_expected",
            f"interval of observed/expected {ratio_width:g} wide",
            _ratio_patients(prevalence, ratio_width),
        ),
        Precision(
            "calibration_slope",
            f"interval of the calibration slope {slope_width:g} wide",
            _slope_patients(predictor.logit(score), weight, slope_width),
        ),
        Precision(
            "auroc", f"interval of the AUROC {c_width:g} wide", _c_patients(prevalence, c, c_width)
        ),
        Precision(
            "hundred_events",
            "100 events and 100 non-events",
            math.ceil(round(100 / min(prevalence, 1 - prevalence), 9)),
        ),
    )
    return ValidationSize(prevalence, c, criteria)


def slope_patients(mean: float, sd: float, width: float = 0.2) -> int:
    """Patients for the calibration slope where the linear predictor is normal overall.

    Parameters
    ----------
    mean, sd
        Of the linear predictor, on the log-odds scale.
    width
        Of the 95% interval of the slope.
    """
    z, weight = normal_grid()
    return _slope_patients(mean + sd * z, weight, width)


def _ratio_patients(prevalence: float, width: float) -> int:
    """The interval at a ratio of 1 is ``exp(+-1.96 se)``, so its width is 2 sinh(1.96 se)."""
    se = math.asinh(width / 2) / _Z
    return math.ceil((1 - prevalence) / (prevalence * se**2))


def _slope_patients(lp: _Array, weight: _Array, width: float) -> int:
    """Fisher information a patient of intercept and slope in a calibrated model."""
    # p (1 - p) = 1 / (2 + 2 cosh(lp)); beyond 350 it is zero and cosh overflows
    information = weight / (2 + 2 * np.cosh(np.clip(lp, -350, 350)))
    i00, i01, i11 = (float(np.sum(information * lp**power)) for power in (0, 1, 2))
    se = width / (2 * _Z)
    return math.ceil(i00 / (se**2 * (i00 * i11 - i01**2)))


def _c_patients(prevalence: float, c: float, width: float) -> int:
    """Smallest n whose Newcombe standard error (Stat Med 2006;25:559, method 4) is small enough.

    ``se**2 = c (1 - c) (1 + (n / 2 - 1) q) / (n**2 prevalence (1 - prevalence))`` is a quadratic
    equation in n.
    """
    q = (1 - c) / (2 - c) + c / (1 + c)
    scale = c * (1 - c) / ((width / (2 * _Z)) ** 2 * prevalence * (1 - prevalence))
    half = scale * q / 4
    return math.ceil(half + math.sqrt(half**2 + scale * (1 - q)))
