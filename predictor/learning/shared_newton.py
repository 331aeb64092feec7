"""Ridge regression of patients who stay where they are: each centre sums, the coordinator steps.

The log-likelihood, its gradient and its Hessian are sums over patients, so that the sums of centres
add up to those of all rows, and Newton's method takes the same steps with them (GLORE: Wu, Jiang,
Kim and Ohno-Machado, J Am Med Inform Assoc 2012;19:758). The penalty is added by the coordinator,
to the coefficients of columns that are standardised by pooled sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import LearningError
from predictor.performance.scores import log_loss_per_patient

Floats = NDArray[np.float64]

TOLERANCE = 1e-8
"""Largest step of a standardised coefficient that counts as none; a Newton step of that size, which
is still taken, leaves an error of about its square."""

_MAX_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Log-likelihood, gradient and negative Hessian of some patients at some coefficients.

    Parameters
    ----------
    log_likelihood
        Without a penalty.
    gradient : shape (columns + 1,)
        Intercept first.
    information : shape (columns + 1, columns + 1)
        Negative Hessian.
    """

    log_likelihood: float
    gradient: Floats
    information: Floats

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the information by its lower half, row after row."""
        rows, places = np.tril_indices(len(self.gradient))
        return {
            "log_likelihood": self.log_likelihood,
            "gradient": self.gradient.tolist(),
            "information": self.information[rows, places].tolist(),
        }

    @classmethod
    def from_dict(cls, data: Any, columns: int) -> Derivatives:
        """Rebuild from :meth:`to_dict`; ValueError, KeyError or TypeError where it is none."""
        size = columns + 1
        gradient = np.array(data["gradient"], dtype=np.float64)
        half = np.array(data["information"], dtype=np.float64)
        if gradient.shape != (size,) or half.shape != (size * (size + 1) // 2,):
            raise ValueError("the sums are of another model")
        information = np.zeros((size, size))
        information[np.tril_indices(size)] = half
        information += np.tril(information, -1).T
        value = float(data["log_likelihood"])
        if not (np.isfinite(gradient).all() and np.isfinite(half).all() and np.isfinite(value)):
            raise ValueError("a sum is no number")
        return cls(value, gradient, information)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Sums over patients that a model was not made from.

    Parameters
    ----------
    log_loss, squares, expected
        Sums of log losses, of squared differences from the outcome, and of probabilities.
    """

    log_loss: float = 0.0
    squares: float = 0.0
    expected: float = 0.0

    def plus(self, other: HeldOut) -> HeldOut:
        """Sums over the patients of both."""
        return HeldOut(
            self.log_loss + other.log_loss,
            self.squares + other.squares,
            self.expected + other.expected,
        )


@dataclass(frozen=True, slots=True)
class Climb:
    """Where the maximisation of one penalised likelihood stands.

    Parameters
    ----------
    position : shape (columns + 1,)
        Coefficients that sums are asked for, intercept first.
    base, step
        The last coefficients that were an improvement, and the step from there; None at first.
    objective
        Penalised log-likelihood at the base.
    halvings
        How often the step has been halved.
    converged
        Whether the position is the solution.
    """

    position: Floats
    base: Floats | None = None
    step: Floats | None = None
    objective: float | None = None
    halvings: int = 0
    converged: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "position": self.position.tolist(),
            "base": None if self.base is None else self.base.tolist(),
            "step": None if self.step is None else self.step.tolist(),
            "objective": self.objective,
            "halvings": self.halvings,
            "converged": self.converged,
        }

    @classmethod
    def from_dict(cls, data: Any) -> Climb:
        """Rebuild from :meth:`to_dict`."""

        def numbers(given: Any) -> Floats | None:
            return None if given is None else np.array(given, dtype=np.float64)

        position = numbers(data["position"])
        if position is None or not np.isfinite(position).all():
            raise ValueError("coefficients are no numbers")
        objective = data["objective"]
        return cls(
            position,
            numbers(data["base"]),
            numbers(data["step"]),
            None if objective is None else float(objective),
            int(data["halvings"]),
            bool(data["converged"]),
        )


def start(patients: int, events: int, columns: int) -> Climb:
    """The empty model: the intercept that gives everybody the share of events.

    Raises
    ------
    LearningError
        If all patients have the same outcome.
    """
    if not 0 < events < patients:
        raise LearningError(
            "pooled patients",
            "all those that a fold leaves have the same outcome",
            "Fewer folds, or more centres.",
        )
    position = np.zeros(columns + 1)
    position[0] = np.log(events / (patients - events))
    return Climb(position)


def derivatives(design: Floats, outcome: Floats, position: Floats) -> Derivatives:
    """The sums of one centre.

    Parameters
    ----------
    design : shape (patients, columns)
        Standardised by pooled sums.
    outcome : shape (patients,)
        0 or 1.
    position : shape (columns + 1,)
        Intercept first.
    """
    log_odds = position[0] + design @ position[1:]
    p = 0.5 * (1.0 + np.tanh(0.5 * log_odds))
    x = np.column_stack((np.ones(len(design)), design))
    signed = np.where(outcome > 0.0, log_odds, -log_odds)
    return Derivatives(
        -float(np.logaddexp(0.0, -signed).sum()),
        x.T @ (outcome - p),
        (x * (p * (1.0 - p))[:, None]).T @ x,
    )


def held_out(design: Floats, outcome: Floats, position: Floats) -> HeldOut:
    """Sums over patients of one centre that the model was not made from."""
    if not len(outcome):
        return HeldOut()
    p = 0.5 * (1.0 + np.tanh(0.5 * (position[0] + design @ position[1:])))
    return HeldOut(
        float(log_loss_per_patient(outcome, p).sum()),
        float(np.square(p - outcome).sum()),
        float(p.sum()),
    )


def summed(parts: Sequence[Derivatives]) -> Derivatives:
    """The sums of all centres, added in the order given; one at least."""
    return Derivatives(
        float(sum(part.log_likelihood for part in parts)),
        np.sum([part.gradient for part in parts], axis=0),
        np.sum([part.information for part in parts], axis=0),
    )


def advanced(climb: Climb, sums: Derivatives, penalty: float, where: str) -> Climb:
    """One Newton step by the sums of all centres at the position; half a step where it was too far.

    Parameters
    ----------
    climb
        Where it stands.
    sums
        Of all centres, at ``climb.position``.
    penalty
        Lambda: half of it times the sum of squared coefficients is subtracted; the intercept is
        free.
    where
        Which fit this is, for messages.

    Raises
    ------
    LearningError
        If no step improves anything.
    """
    here = climb.position
    objective = sums.log_likelihood - 0.5 * penalty * float(np.square(here[1:]).sum())
    if climb.objective is not None and climb.base is not None and climb.step is not None:
        allowance = 1e-12 * (1.0 + abs(climb.objective))
        if not objective >= climb.objective - allowance:
            if climb.halvings >= _MAX_HALVINGS:
                raise _stuck(where)
            half = 0.5 * climb.step
            return replace(
                climb, position=climb.base + half, step=half, halvings=climb.halvings + 1
            )
    pull = np.full(len(here), penalty)
    pull[0] = 0.0
    try:
        step = np.linalg.solve(sums.information + np.diag(pull), sums.gradient - pull * here)
    except np.linalg.LinAlgError:
        raise _stuck(where) from None
    if not np.isfinite(step).all():
        raise _stuck(where)
    small = float(np.abs(step).max()) <= TOLERANCE * (1.0 + float(np.abs(here).max()))
    return Climb(here + step, here, np.asarray(step), objective, 0, converged=small)


def _stuck(where: str) -> LearningError:
    return LearningError(where, "the fit does not converge", "Raise its smallest penalty.")
