"""Figures as coarse as hides one patient, for files that are handed out.

Whoever has a mean of 200 patients and that of the same ones and one more has the value of the one,
if both have all digits. So a figure is rounded to steps of three standard deviations over the
number of patients, at least: a difference of two files then tells one patient's value no better
than a guess. That is less than a standard error, so that what is worked out of it stays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from predictor.performance.estimate import normal_quantile
from predictor.validation.centre_figures import Figure, backward, forward

_WIDTH = 3.0
_HALF = 0.5
"""Largest standard deviation of what lies between 0 and 1."""


def step(size: float) -> float:
    """The smallest of 1, 2 and 5, times a power of ten, that is not below a size.

    >>> step(0.3), step(0.02), step(7.0)
    (0.5, 0.02, 10.0)
    """
    exponent = math.floor(math.log10(size))
    ends = (float(f"{digit}e{power}") for power in (exponent, exponent + 1) for digit in (1, 2, 5))
    return next(end for end in ends if end >= size * (1.0 - 1e-9))


def coarse(value: float, spread: float, n: float) -> float:
    """A figure rounded so that it hides one patient.

    Parameters
    ----------
    value
        The figure.
    spread
        Standard deviation of what it is the mean of; 0 leaves it as it is.
    n
        Patients it is of.

    Examples
    --------
    >>> coarse(83.4567, 20.0, 200.0)  # steps of 0.5, which is not below 3 * 20 / 200
    83.5
    """
    if not (spread > 0.0 and n > 0.0):
        return value
    width = step(_WIDTH * spread / n)
    digits = max(0, -math.floor(math.log10(width) + 1e-9))
    return round(round(value / width) * width, digits)


def coarse_figure(figure: Figure, n: int, level: float) -> Figure:
    """A figure of a centre rounded on its scale, its error by the same share, its interval anew.

    Parameters
    ----------
    figure
        With all digits.
    n
        Patients of the centre.
    level
        Confidence level of the interval.
    """
    if figure.value is None:
        return figure
    if figure.error is None:
        return replace(figure, value=coarse(figure.value, _HALF, n))
    position = coarse(forward(figure.scale, figure.value), figure.error * math.sqrt(n), n)
    # Few patients could leave nothing of it.
    error = coarse(figure.error, figure.error, n) or figure.error
    half = normal_quantile(level) * error
    value, low, high = (
        backward(figure.scale, end) for end in (position, position - half, position + half)
    )
    return replace(figure, value=value, low=low, high=high, error=error)


def coarse_mix(mix: Mapping[str, Any], n: int) -> dict[str, Any]:
    """Who the patients are, rounded; as :meth:`predictor.validation.case_mix.CaseMix.to_dict`.

    Parameters
    ----------
    mix
        What is told, None where it is not.
    n
        Patients.
    """
    rows = []
    for row in mix["variables"]:
        known = n * (1.0 - (row["missing"] or 0.0))
        spread = row["sd"] or 0.0
        told = {
            "mean": spread,
            "sd": spread,
            "difference": 1.0,
            "missing": _of_share(row["missing"]),
        }
        rows.append({**row, **{key: _known(row[key], of, known) for key, of in told.items()}})
    ends = ("membership_c", "model_based_c")
    likeness = mix["likeness_p"]
    return {
        **mix,
        **{key: _known(mix[key], _HALF, n) for key in ends},
        "outside": _known(mix["outside"], _of_share(mix["outside"]), n),
        "likeness_p": None if likeness is None else float(f"{likeness:.1g}"),
        "variables": rows,
    }


def _of_share(share: float | None) -> float:
    return 0.0 if share is None else math.sqrt(share * (1.0 - share))


def _known(value: float | None, spread: float, n: float) -> float | None:
    return None if value is None else coarse(value, spread, n)
