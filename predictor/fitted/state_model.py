"""A model of several ordered states after fitting, as data: its probabilities add up to one.

A **proportional-odds** model has one sum of coefficients and a threshold for each state but the
first: log-odds of being in this state or a better one. A **multinomial** model has a sum of its
own for each state but the first: log-odds of this state against the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from predictor.errors import BundleError
from predictor.fitted.models import LinearModel, expit
from predictor.fitted.preparation import Values, finite

StateKind = Literal["proportional_odds", "multinomial"]

KINDS: tuple[StateKind, ...] = ("proportional_odds", "multinomial")
MOST_STATES = 10
"""More than these are no states of a disease but a measurement."""

_LARGEST = 1e6


def state_probabilities(kind: StateKind, log_odds: Values) -> Values:
    """Probability of each state, which add up to one to the last digit that a double has.

    Parameters
    ----------
    kind
        What the log-odds are of.
    log_odds : shape (..., states - 1)
        Proportional odds: of a state or a better one, falling. Multinomial: against the first.

    Returns
    -------
    shape (..., states), the first state first.

    Examples
    --------
    >>> state_probabilities("proportional_odds", np.array([0.0, -1000.0])).tolist()
    [0.5, 0.5, 0.0]
    >>> state_probabilities("multinomial", np.array([0.0, 0.0])).round(4).tolist()
    [0.3333, 0.3333, 0.3333]
    """
    first = log_odds[..., :1]
    if kind == "multinomial":
        every = np.concatenate([np.zeros_like(first), log_odds], axis=-1)
        with np.errstate(invalid="ignore"):  # NaN where a fit ran off to infinity; read as lost
            powers = np.exp(every - every.max(axis=-1, keepdims=True))
    else:
        # Between two thresholds, u above v: F(u) F(-v) (1 - exp(v - u)), which nothing cancels.
        upper, lower = log_odds[..., :-1], log_odds[..., 1:]
        between = -np.expm1(np.minimum(lower - upper, 0.0))
        middle = expit(upper) * expit(-lower) * between
        powers = np.concatenate([expit(-first), middle, expit(log_odds[..., -1:])], axis=-1)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@dataclass(frozen=True, slots=True)
class StateModel:
    """A fitted model of several ordered states, worst first.

    Parameters
    ----------
    kind
        ``"proportional_odds"`` or ``"multinomial"``.
    intercepts : shape (states - 1,)
        Log-odds at the cohort's mean, of each state but the first.
    coefficients : shape (1, columns) or (states - 1, columns)
        Log-odds per unit of each design column; one row for proportional odds.
    """

    kind: StateKind
    intercepts: Values
    coefficients: Values

    @property
    def states(self) -> int:
        """How many there are."""
        return len(self.intercepts) + 1

    def log_odds(self, design: Values) -> Values:
        """Of each state but the first, shape (patients, states - 1)."""
        rows = np.ascontiguousarray(design)
        return np.asarray(np.einsum("ij,kj->ik", rows, self.coefficients) + self.intercepts)

    def probability(self, design: Values) -> Values:
        """Probability of each state, shape (patients, states)."""
        return state_probabilities(self.kind, self.log_odds(design))

    def of_best(self) -> LinearModel:
        """Log-odds of the best state: against all others, or against the first (multinomial)."""
        return LinearModel(float(self.intercepts[-1]), self.coefficients[-1])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; numbers keep every digit."""
        return {
            "kind": self.kind,
            "intercepts": self.intercepts.tolist(),
            "coefficients": self.coefficients.tolist(),
        }

    @classmethod
    def from_dict(cls, data: object, where: str = "model") -> StateModel:
        """Rebuild from :meth:`to_dict`; BundleError if a number is missing or cannot be meant."""
        needed = {"kind", "intercepts", "coefficients"}
        if not isinstance(data, Mapping) or not needed <= data.keys():
            raise BundleError(where, "the data of the model of states are incomplete")
        kind = data["kind"]
        if kind not in KINDS:
            raise BundleError(where, "it is a model of states of an unknown kind")
        try:
            intercepts = finite(data["intercepts"], most=_LARGEST)
            coefficients = _rows(data["coefficients"])
            _check(kind, intercepts, coefficients)
        except ValueError as error:
            raise BundleError(where, f"in the model of states {error}") from None
        return cls(kind, intercepts, coefficients)


def _rows(rows: object) -> Values:
    if not isinstance(rows, list) or not rows:
        raise ValueError("a list of lists was expected")
    first = finite(rows[0], most=_LARGEST)
    return np.stack([first, *(finite(row, len(first), most=_LARGEST) for row in rows[1:])])


def _check(kind: StateKind, intercepts: Values, coefficients: Values) -> None:
    if not 2 <= len(intercepts) < MOST_STATES:
        raise ValueError("the number of states is not between 3 and 10")
    if len(coefficients) != (1 if kind == "proportional_odds" else len(intercepts)):
        raise ValueError("coefficients and thresholds do not fit together")
    if kind == "proportional_odds" and not (np.diff(intercepts) < 0).all():
        raise ValueError("the thresholds do not fall")
