"""Random problems that a solver must survive: shared by the tests of the stacked solvers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Generator = np.random.Generator


def _with(x: Floats, column: int, values: Floats | float) -> Floats:
    changed = x.copy()
    changed[:, column] = values
    return changed


_MADE: dict[str, Callable[[Generator, Floats], Floats]] = {
    "plain": lambda _, x: x,
    "dependent": lambda _, x: _with(x, -1, 2 * x[:, 0] - 1),
    "constant": lambda _, x: _with(x, 0, 3.7),
    "outlier": lambda _, x: _with(x, 0, np.r_[1e3, x[1:, 0]]),
    "units": lambda rng, x: x * 10.0 ** rng.integers(-12, 13, x.shape[1]),
    "few values": lambda rng, x: rng.integers(0, 3, x.shape).astype(float),
    "nearly dependent": lambda rng, x: _with(x, -1, x[:, 0] + 1e-6 * rng.normal(size=len(x))),
    "far from zero": lambda _, x: x + 1e6,
    "dummies": lambda rng, x: (rng.random(x.shape) < 0.15).astype(float),
    "more columns than patients": lambda rng, x: rng.normal(size=(len(x), len(x) + 2)),
}
KINDS = tuple(_MADE)


@dataclass(frozen=True, slots=True)
class Stack:
    """One cohort in several weightings: columns as measured, outcome (n,), weights (groups, n)."""

    columns: Floats
    outcome: Floats
    weights: Floats

    @property
    def design(self) -> Floats:
        """The columns for each group, as the stacked solvers take them."""
        return np.broadcast_to(self.columns, (len(self.weights), *self.columns.shape))

    @property
    def standardised(self) -> Floats:
        """Standardised within each group, as ridge and elastic net expect; 0 where constant."""
        size = self.weights.sum(axis=1)[:, None]
        centre = self.weights @ self.columns / size
        design = self.design - centre[:, None]
        spread = np.sqrt((self.weights[:, None] @ design**2)[:, 0] / size)
        used = self.weights[..., None] > 0
        varies = spread > 1e-10 * np.abs(self.design).max(axis=1, where=used, initial=0)
        return np.asarray(design * (varies / np.where(varies, spread, 1))[:, None])

    def written_out(self, group: int, *, standardised: bool = False) -> tuple[Floats, Floats]:
        """Columns and outcome of a group, each row as often as it counts."""
        columns = self.standardised[group] if standardised else self.columns
        times = self.weights[group].astype(int)
        return np.repeat(columns, times, axis=0), np.repeat(self.outcome, times)


def stack_of(seed: int, kind: str = "plain", groups: int = 4) -> Stack:
    """A cohort of 4 to 45 patients, whole and in bootstrap resamples with both outcomes."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    n, q = int(rng.integers(4, 46)), int(rng.integers(1, 8))
    x = _MADE[kind](rng, rng.normal(size=(n, q)))
    # From no signal to complete separation; now and then one event only.
    strength = rng.choice([0, 1, 3, 30])
    spread = x[:, 0].std()
    first = (x[:, 0] - x[:, 0].mean()) / (spread if spread > 0 else 1.0)
    chance = 1 / (1 + np.exp(-np.clip(strength * first, -50, 50)))
    y = (rng.random(n) < chance).astype(float)
    if seed % 5 == 0 or y.min() == y.max():
        y = np.eye(n)[rng.integers(n)]
    weights = [np.ones(n)]
    while len(weights) < groups:
        drawn = np.bincount(rng.integers(0, n, n), minlength=n).astype(float)
        if 0 < drawn @ y < drawn.sum():
            weights.append(drawn)
    return Stack(x, y, np.array(weights))
