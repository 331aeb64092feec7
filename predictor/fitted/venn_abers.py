"""Calibration range: what became of patients of the cohort to whom the model gave such a score.

A Venn-Abers predictor (Vovk and Petej, UAI 2014; Vovk, Petej and Fedorova, NIPS 2015) adds the
patient to the cohort's out-of-fold scores, once without and once with the event, and reads two
calibrated probabilities off two isotonic regressions. The range between them is no confidence
interval: it has no level.

Kept are the two functions of the score at a fixed grid, as numbers of the cohort as a whole, and
no score or outcome of any patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import BundleError
from predictor.fitted.preparation import Values, finite

FILE = "calibration_range.json"
METHOD = "venn-abers"

_AGAIN = "Get the bundle again."
# More would be no bundle of ours, and finer than any cohort can tell.
_MOST_POINTS = 10_001
# Less is small beside everything else that a range leaves out.
_FAR = 0.05


@dataclass(frozen=True, slots=True)
class VennAbers:
    """Two calibrated probabilities as functions of the score.

    Between two points of the grid the lower one is that of the point below and the upper one that
    of the point above. Both functions rise with the score, so the range is as wide as without a
    grid, or wider.

    Parameters
    ----------
    low : shape (points,)
        Calibrated probability if the patient is counted as one without the event, at scores
        equally spaced from 0 to 1; does not fall.
    high : shape (points,)
        The same if the patient is counted as one with the event; nowhere below ``low``.

    Examples
    --------
    >>> found = VennAbers(np.array([0.0, 0.2, 0.5]), np.array([0.3, 0.6, 1.0]))
    >>> [bound.tolist() for bound in found.at(np.array([0.5, 0.7]))]
    [[0.2, 0.2], [0.6, 1.0]]
    """

    low: Values
    high: Values

    def at(self, score: Values) -> tuple[Values, Values]:
        """Lower and upper probability of each patient, shapes as given.

        Parameters
        ----------
        score
            Probabilities of the model.
        """
        points = grid(len(self.low))
        last = len(points) - 1
        below = np.clip(np.searchsorted(points, score, side="right") - 1, 0, last)
        above = np.clip(np.searchsorted(points, score, side="left"), 0, last)
        return self.low[below], self.high[above]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"method": METHOD, "low": self.low.tolist(), "high": self.high.tolist()}

    @classmethod
    def from_dict(cls, data: object, where: str = FILE) -> VennAbers:
        """Rebuild from :meth:`to_dict`; BundleError if anything is missing or impossible."""
        if not isinstance(data, dict):
            raise BundleError(where, "a mapping was expected", _AGAIN)
        if data.get("method") != METHOD:
            raise BundleError(where, "the calibration range is of an unknown method", _AGAIN)
        try:
            low = _probabilities(finite(data["low"]))
            high = _probabilities(finite(data["high"], len(low)))
        except KeyError:
            raise BundleError(where, "the calibration range is incomplete", _AGAIN) from None
        except ValueError as error:
            raise BundleError(where, f"in the calibration range {error}", _AGAIN) from None
        if (low > high).any():
            raise BundleError(where, "the calibration range has a bound on the wrong side", _AGAIN)
        return cls(low, high)


def grid(points: int) -> Values:
    """Scores equally spaced from 0 to 1, the hundredths as they are written.

    >>> grid(101)[70].item()
    0.7
    """
    return np.arange(points) / (points - 1)


def outside(probability: Values, low: Values, high: Values) -> NDArray[np.bool_]:
    """Whether a probability lies outside its range by more than five percentage points.

    >>> ranges = np.array([0.2, 0.2]), np.array([0.4, 0.4])
    >>> outside(np.array([0.44, 0.46]), *ranges).tolist()
    [False, True]
    """
    return np.asarray((probability < low - _FAR) | (probability > high + _FAR))


def _probabilities(numbers: Values) -> Values:
    if not 2 <= len(numbers) <= _MOST_POINTS:
        raise ValueError("the grid has an impossible number of points")
    if (numbers < 0.0).any() or (numbers > 1.0).any():
        raise ValueError("a probability lies outside 0 and 1")
    if (np.diff(numbers) < 0.0).any():
        raise ValueError("probabilities must rise with the score")
    return numbers
