"""Cox models by Newton's method on sorted sums, for the hundreds of fits of a validation.

It maximises what scikit-survival maximises (partial likelihood with Breslow's ties, less lambda/2
times the sum of squared coefficients) some hundred times faster, because it goes over the patients
in array operations: sums over those still followed are cumulative sums in the order of time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDS = 100
_TOLERANCE = 1e-10
_HALVINGS = 30


class _Sorted:
    """Patients by falling time, so that a risk set is a beginning of the list."""

    def __init__(self, design: Floats, months: Floats, had: NDArray[np.bool_]) -> None:
        order = np.argsort(-months, kind="stable")
        self.x, self.had = design[order], had[order]
        falling = -months[order]
        # Last patient of the risk set of each event, those of the same time included.
        self.last = np.searchsorted(falling, falling[self.had], side="right") - 1
        self.sum_of_events = self.x[self.had].sum(axis=0)

    def loss(self, slopes: Floats, penalty: float) -> float:
        # A step that goes too far makes scores whose sums would be 0 or infinite.
        logarithm = np.logaddexp.accumulate(self.x @ slopes)
        value = logarithm[self.last].sum() - self.sum_of_events @ slopes
        return float(value + penalty / 2 * slopes @ slopes)

    def step(self, slopes: Floats, penalty: float) -> tuple[Floats, Floats]:
        """Gradient and Hessian of the loss."""
        score = self.x @ slopes
        ratio = np.exp(score - score.max())
        total = np.cumsum(ratio)[self.last]
        mean = np.cumsum(ratio[:, None] * self.x, axis=0)[self.last] / total[:, None]
        # Sum over events of one over the risk set's sum, for those who are in that risk set.
        share = np.bincount(self.last, 1.0 / total, minlength=len(ratio))[::-1].cumsum()[::-1]
        second = (self.x * (ratio * share)[:, None]).T @ self.x - mean.T @ mean
        gradient = mean.sum(axis=0) - self.sum_of_events + penalty * slopes
        return gradient, second + penalty * np.eye(len(slopes))


def cox_newton(
    design: Floats, months: Floats, had: NDArray[np.bool_], penalty: float
) -> Floats | None:
    """Coefficients of a Cox model, shape (columns,); None where it does not settle.

    Parameters
    ----------
    design : shape (patients, columns)
    months, had : shape (patients,)
        Follow-up, and whether it ended with the event.
    penalty
        Lambda, above 0.

    Examples
    --------
    >>> design = np.array([[1.0], [0.0], [0.0]])
    >>> cox_newton(design, np.array([1.0, 2.0, 3.0]), np.array([True, True, False]), 1.0).round(4)
    array([0.5386])
    """
    columns = design.shape[1]
    slopes = np.zeros(columns)
    if not columns or not had.any():
        return slopes
    patients = _Sorted(design, months, had)
    loss = patients.loss(slopes, penalty)
    for _ in range(_ROUNDS):
        with np.errstate(all="ignore"):
            gradient, second = patients.step(slopes, penalty)
        if not (np.isfinite(gradient).all() and np.isfinite(second).all()):
            return None
        try:
            step = np.linalg.solve(second, gradient)
        except np.linalg.LinAlgError:
            return None
        for _ in range(_HALVINGS):
            new = slopes - step
            after = patients.loss(new, penalty)
            if after <= loss + abs(loss) * 1e-14:
                break
            step = step / 2
        slopes, loss = new, after
        if np.abs(step).max() < _TOLERANCE * max(1.0, float(np.abs(slopes).max())):
            return slopes
    return None
