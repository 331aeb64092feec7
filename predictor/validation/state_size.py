"""How many patients a model of several states needs.

Multinomial: Pate et al. (Stat Methods Med Res 2023;32:555): for each pair of states the criterion
of Riley et al. for a logistic model of these two, divided by the share of patients in them; a
small optimism of the overall R-squared; and every share of a state within 0.05. Proportional
odds: the same criteria on the overall R-squared, with its fewer coefficients; no paper has
published criteria for it, so this is ours, and the report says so. Nothing was anticipated, so
R-squared is 15% of the largest one possible, as Riley et al. recommend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any

from predictor.learning.state_newton import StateKind
from predictor.validation.samplesize import DEFAULT_SHARE, SHRINKAGE, for_training

_OPTIMISM = 0.05
_MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class StateCriterion:
    """One thing that is asked for, the patients it takes, and whether it tells of single states."""

    name: str
    n: int
    of_states: bool = False


@dataclass(frozen=True, slots=True)
class StateSampleSize:
    """Patients needed.

    Parameters
    ----------
    kind
        Of the model.
    parameters
        Coefficients of one sum.
    criteria
        Each with its patients.
    """

    kind: StateKind
    parameters: int
    criteria: tuple[StateCriterion, ...]

    @property
    def n(self) -> int:
        """What meets all of them."""
        return max(criterion.n for criterion in self.criteria)

    def to_dict(self, *, hidden: bool = False) -> dict[str, Any]:
        """Plain data for JSON.

        Parameters
        ----------
        hidden
            Whether how many are in which state must not be told, which criteria of a state would.
        """
        return {
            "kind": self.kind,
            "parameters": self.parameters,
            "n": self.n,
            "criteria": [
                {"name": c.name, "n": c.n} for c in self.criteria if not (hidden and c.of_states)
            ],
        }


def for_states(
    kind: StateKind, counts: tuple[int, ...], names: tuple[str, ...], parameters: int
) -> StateSampleSize:
    """Patients that a training would have needed.

    Parameters
    ----------
    kind
        Of the model.
    counts
        Patients in each state; all at least 1.
    names
        Of the states.
    parameters
        Candidate parameters of one sum of coefficients.

    Examples
    --------
    >>> for_states("proportional_odds", (6, 14, 11), ("a", "b", "c"), 6).n
    568
    """
    total = sum(counts)
    share = [count / total for count in counts]
    largest = 1.0 - math.exp(2.0 * sum(part * math.log(part) for part in share))
    r2 = DEFAULT_SHARE * largest
    found = []
    sums = 1 if kind == "proportional_odds" else len(counts) - 1
    if kind == "multinomial":
        for a, b in combinations(range(len(counts)), 2):
            both = counts[a] + counts[b]
            pair = for_training(counts[b] / both, parameters)
            shrinkage = next(c for c in pair.criteria if c.name == "shrinkage")
            needed = math.ceil(shrinkage.n * total / both)
            name = f"shrinkage of {names[a]} against {names[b]}"
            found.append(StateCriterion(name, needed, True))
    else:
        found.append(StateCriterion("shrinkage", _shrunken(parameters, SHRINKAGE, r2)))
    goal = r2 / (r2 + _OPTIMISM * largest)
    found.append(StateCriterion("optimism of R-squared", _shrunken(sums * parameters, goal, r2)))
    # All shares at once, so each has its part of the 5%.
    z = NormalDist().inv_cdf(1.0 - 0.025 / len(counts))
    for name, part in zip(names, share, strict=True):
        n = math.ceil((z / _MARGIN) ** 2 * part * (1.0 - part))
        found.append(StateCriterion(f"share of {name}", n, True))
    return StateSampleSize(kind, parameters, tuple(found))


def _shrunken(parameters: int, shrinkage: float, r2: float) -> int:
    return math.ceil(parameters / ((shrinkage - 1.0) * math.log(1.0 - r2 / shrinkage)))
