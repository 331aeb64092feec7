"""How many patients a model of a time needs: Riley et al., Stat Med 2019;38:1276.

Little shrinkage of the coefficients, little optimism of R-squared, and an overall risk at the
horizon that is known to within 0.05. What is anticipated is 15% of the largest Cox-Snell R-squared
that an exponential model of these event rates can have. The criteria are for one event; that of
interest is taken, with competing ones as censorings, and for unpenalised regression.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from predictor.validation.samplesize import DEFAULT_SHARE, MARGIN, OPTIMISM, SHRINKAGE

_Z = 1.959963984540054
_MONTHS_OF_YEAR = 12.0


@dataclass(frozen=True, slots=True)
class TimeSampleSize:
    """Patients needed.

    Parameters
    ----------
    parameters
        Candidate parameters.
    rate
        Events per patient and year of follow-up.
    mean_years
        Mean follow-up.
    r2
        Cox-Snell R-squared that is anticipated.
    criteria
        Name and patients of each criterion; None where no number of patients meets it.
    """

    parameters: int
    rate: float
    mean_years: float
    r2: float
    criteria: tuple[tuple[str, int], ...]

    @property
    def n(self) -> int:
        """What meets all of them."""
        return max(n for _, n in self.criteria)

    @property
    def events(self) -> int:
        """Events that so many patients have."""
        return math.ceil(self.n * self.rate * self.mean_years)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "parameters": self.parameters,
            "events_per_year": self.rate,
            "mean_follow_up_years": self.mean_years,
            "anticipated_r2": self.r2,
            "n": self.n,
            "events": self.events,
            "criteria": [{"name": name, "n": n} for name, n in self.criteria],
        }


def for_time(
    patients: int, events: int, total_months: float, horizon: float, parameters: int
) -> TimeSampleSize:
    """Patients that a training would have needed.

    Parameters
    ----------
    patients, events, total_months
        Of the cohort; at least one event.
    horizon
        Months.
    parameters
        Candidate parameters.

    Examples
    --------
    >>> found = for_time(10_000, 1345, 10_000 * 2.07 * 12, 24.0, 30)
    >>> round(found.rate, 3), round(found.r2 / 0.15, 3), found.n
    (0.065, 0.555, 3094)
    """
    years = total_months / _MONTHS_OF_YEAR
    rate, mean, until = events / years, years / patients, horizon / _MONTHS_OF_YEAR
    # With time in units of the mean follow-up, so that the unit of the file changes nothing.
    null = events * math.log(events / patients) - events
    largest = 1.0 - math.exp(2.0 * null / patients)
    r2 = DEFAULT_SHARE * largest
    needed = [("shrinkage of coefficients", _shrunken(parameters, SHRINKAGE, r2))]
    goal = r2 / (r2 + OPTIMISM * largest)
    needed.append(("optimism of R-squared", _shrunken(parameters, goal, r2)))
    risk = 1.0 - math.exp(-rate * until)
    if risk + MARGIN < 1:
        reach = -math.log(1.0 - risk - MARGIN) / until - rate
        needed.append(("overall risk at the horizon", math.ceil(_Z**2 * rate / mean / reach**2)))
    return TimeSampleSize(parameters, rate, mean, r2, tuple(needed))


def _shrunken(parameters: int, shrinkage: float, r2: float) -> int:
    return math.ceil(parameters / ((shrinkage - 1.0) * math.log(1.0 - r2 / shrinkage)))
