"""The linear predictor that sample-size formulas assume: normal in events and in non-events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

# The integrands are smooth and die off like a normal density, where the trapezoid rule is exact
# to rounding error once the step is a fraction of a standard deviation.
_REACH = 9.0
_STEP = 1 / 64


def normal_grid() -> tuple[_Array, _Array]:
    """Points and weights of the mean of a function of a standard normal variable.

    >>> z, weight = normal_grid()
    >>> round(float(weight @ z**4), 12)  # the fourth moment is 3
    3.0
    """
    z = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    return z, _STEP * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Binormal:
    """A score ``x``, normal(0, 1) among non-events and normal(d, 1) among events.

    The logistic model ``logit p = log odds of prevalence + d x - d**2 / 2`` is then true.

    Parameters
    ----------
    distance
        ``d``, in standard deviations.
    prevalence
        Share of events.
    """

    distance: float
    prevalence: float

    @classmethod
    def of(cls, c: float, prevalence: float) -> Binormal:
        """The one with a C statistic: ``c = Phi(d / sqrt(2))``.

        >>> round(Binormal.of(0.76, 0.5).distance, 4)
        0.9989
        """
        return cls(math.sqrt(2) * NormalDist().inv_cdf(c), prevalence)

    def logit(self, x: _Array) -> _Array:
        """True log odds of the event at a score."""
        odds = math.log(self.prevalence) - math.log1p(-self.prevalence)
        return odds + self.distance * x - self.distance**2 / 2

    def grid(self) -> tuple[_Array, _Array]:
        """Points and weights of the mean of a function of the score among all patients."""
        z, weight = normal_grid()
        score = np.concatenate([z + self.distance, z])
        return score, np.concatenate([self.prevalence * weight, (1 - self.prevalence) * weight])

    def information(self) -> float:
        """Expected gain in log-likelihood a patient of the true model over the prevalence."""
        z, weight = normal_grid()
        p = self.prevalence
        # log of a probability is -log(1 + exp(-logit)), which does not overflow this way
        of_events = -np.logaddexp(0, -self.logit(z + self.distance)) - math.log(p)
        of_others = -np.logaddexp(0, self.logit(z)) - math.log1p(-p)
        return float(weight @ (p * of_events + (1 - p) * of_others))
