"""Ridge fits of proportional-odds and multinomial models, many at once, by Newton's method.

The penalised log-likelihood is the log-likelihood less lambda / 2 times the sum of squared
coefficients of standardised columns; intercepts are free. In the multinomial model every state,
the reference included, has coefficients that sum to zero over the states, and all of them are
penalised: so the fit does not depend on which state is the reference, and is that of
scikit-learn's softmax regression with C = 1 / lambda. Here it is written in differences to the
reference, in which the same penalty is a quadratic form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from predictor.learning.state_likelihood import Local, multinomial, proportional_odds

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
StateKind = Literal["proportional_odds", "multinomial"]

_MAX_ITERATIONS = 100
_MAX_HALVINGS = 30
# Newton's decrement, of the penalised log-likelihood, below which a fit has arrived.
_ARRIVED = 1e-12
_JITTER = 1e-12


@dataclass(frozen=True, slots=True)
class StateFit:
    """Solutions of a stack of problems; look at ``converged`` before using one.

    Parameters
    ----------
    intercepts : shape (problems, states - 1)
    slopes : shape (problems, columns, 1) or (problems, columns, states - 1)
        Log-odds per unit of each column.
    converged : shape (problems,)
    """

    intercepts: Floats
    slopes: Floats
    converged: Flags

    def log_odds(self, design: Floats) -> Floats:
        """Of each state but the first, shape (problems, n, states - 1)."""
        return np.asarray(self.intercepts[:, None, :] + design @ self.slopes)


def fit_states(
    kind: StateKind,
    design: Floats,
    member: Floats,
    weights: Floats,
    penalty: Floats,
    start: StateFit | None = None,
) -> StateFit:
    """Fit one model to every problem of a stack.

    Parameters
    ----------
    kind
        Which model.
    design : shape (problems, n, columns)
        Standardised columns, without intercept.
    member : shape (problems, n, states)
        1 for the state of each patient, 0 for all others.
    weights : shape (problems, n)
        How often each patient counts; in each problem every state must have some.
    penalty : shape (problems,)
        Lambda, 0 or more.
    start
        Where to begin; at the shares of the states by default.
    """
    found = start or baseline(kind, member, weights, design.shape[2])
    intercepts, slopes = found.intercepts.copy(), found.slopes.copy()
    converged = np.zeros(len(design), dtype=bool)
    active = np.flatnonzero(_whole(member, weights))
    for _ in range(_MAX_ITERATIONS):
        if not active.size:
            break
        problem = _Problem(kind, design[active], member[active], weights[active], penalty[active])
        moved, arrived = problem.step(intercepts[active], slopes[active])
        intercepts[active], slopes[active] = moved
        converged[active[arrived]] = True
        active = active[~arrived]
    sound = np.isfinite(intercepts).all(axis=1) & np.isfinite(slopes).all(axis=(1, 2))
    return StateFit(intercepts, slopes, converged & sound)


def baseline(kind: StateKind, member: Floats, weights: Floats, columns: int) -> StateFit:
    """The shares of the states as a model without coefficients."""
    count = np.einsum("bn,bnk->bk", weights, member)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "multinomial":
            intercepts = np.log(count[:, 1:]) - np.log(count[:, :1])
        else:
            better = count[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
            intercepts = np.log(better) - np.log(count.sum(axis=1)[:, None] - better)
    own = 1 if kind == "proportional_odds" else member.shape[2] - 1
    slopes = np.zeros((len(member), columns, own))
    return StateFit(intercepts, slopes, _whole(member, weights))


def _whole(member: Floats, weights: Floats) -> Flags:
    """Which problems have patients in every state."""
    return np.asarray((np.einsum("bn,bnk->bk", weights, member) > 0.0).all(axis=1))


@dataclass(frozen=True, slots=True)
class _Problem:
    kind: StateKind
    design: Floats
    member: Floats
    weights: Floats
    penalty: Floats

    def step(self, intercepts: Floats, slopes: Floats) -> tuple[tuple[Floats, Floats], Flags]:
        """One Newton step with halvings, and which problems have arrived by it."""
        here = self._penalised(intercepts, slopes)
        size = here.score.shape[1]
        matrix = here.information + _JITTER * np.eye(size)
        try:
            direction = np.linalg.solve(matrix, here.score[..., None])[..., 0]
        except np.linalg.LinAlgError:
            direction = np.stack(
                [
                    np.linalg.lstsq(m, s, rcond=None)[0]
                    for m, s in zip(matrix, here.score, strict=True)
                ]
            )
        decrement = np.einsum("bp,bp->b", direction, here.score)
        arrived = decrement <= _ARRIVED * (1.0 + np.abs(here.value))
        length = np.ones(len(direction))
        waiting = np.ones(len(direction), dtype=bool)
        best = intercepts.copy(), slopes.copy()
        for _ in range(_MAX_HALVINGS):
            moved = self._moved(intercepts, slopes, length[:, None] * direction)
            value = self._value(*moved)
            # A last step may lose what rounding takes.
            good = waiting & (value >= here.value - 1e-12 * (1.0 + np.abs(here.value)))
            best[0][good], best[1][good] = moved[0][good], moved[1][good]
            waiting &= ~good
            if not waiting.any():
                break
            length[waiting] *= 0.5
        return best, np.asarray(arrived | waiting & (decrement <= 1e-6))

    def _moved(self, intercepts: Floats, slopes: Floats, by: Floats) -> tuple[Floats, Floats]:
        problems, cuts = intercepts.shape
        columns = slopes.shape[1]
        if self.kind == "proportional_odds":
            return intercepts + by[:, :cuts], slopes + by[:, cuts:, None]
        each = by.reshape(problems, cuts, columns + 1)
        return intercepts + each[..., 0], slopes + np.swapaxes(each[..., 1:], 1, 2)

    def _value(self, intercepts: Floats, slopes: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            value = self._penalised(intercepts, slopes).value
        return np.where(np.isnan(value), -np.inf, value)

    def _penalised(self, intercepts: Floats, slopes: Floats) -> Local:
        parts = (intercepts, slopes, self.design, self.member, self.weights)
        cuts, columns = intercepts.shape[1], slopes.shape[1]
        if self.kind == "proportional_odds":
            local = proportional_odds(*parts)
            pulled = self.penalty[:, None] * slopes[..., 0]
            local.score[:, cuts:] -= pulled
            place = cuts + np.arange(columns)
            local.information[:, place, place] += self.penalty[:, None]
            loss = 0.5 * (pulled * slopes[..., 0]).sum(axis=1)
            return Local(local.value - loss, local.score, local.information)
        local = multinomial(*parts)
        shared = np.eye(cuts) - 1.0 / (cuts + 1.0)
        turned = np.swapaxes(slopes, 1, 2)
        pulled = self.penalty[:, None, None] * (shared @ turned)
        problems, width = len(turned), columns + 1
        score = local.score.reshape(problems, cuts, width).copy()
        score[..., 1:] -= pulled
        information = local.information.reshape(problems, cuts, width, cuts, width).copy()
        for c in range(1, width):
            information[:, :, c, :, c] += self.penalty[:, None, None] * shared
        loss = 0.5 * (pulled * turned).sum(axis=(1, 2))
        size = cuts * width
        return Local(
            local.value - loss,
            score.reshape(problems, size),
            information.reshape(problems, size, size),
        )
