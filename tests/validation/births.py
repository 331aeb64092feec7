"""The 189 births and their 200 fixed resamples, on which R's numbers were computed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predictor.learning.newton import newton_logistic

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Births:
    """Outcome (n,), eight predictors (n, 8), counts of the resamples (200, n)."""

    outcome: Floats
    design: Floats
    count: Counts

    @classmethod
    def load(cls, shared: Path) -> Births:
        folder = shared / "reference"
        table = np.loadtxt(folder / "birthwt.csv", delimiter=",", skiprows=1)
        rows = np.loadtxt(folder / "birthwt_resamples_200.csv", delimiter=",", dtype=int)
        count = np.stack([np.bincount(drawn, minlength=len(table)) for drawn in rows])
        return cls(table[:, 0], table[:, 1:], count)

    @property
    def fitted(self) -> Floats:
        """Predictions of the model of everybody."""
        return logistic_refits(self.design, self.outcome, np.ones((1, len(self.outcome))))[0][0]


def logistic_refits(
    design: Floats, outcome: Floats, count: NDArray[np.generic]
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Unpenalised fit in each resample: predictions of everybody, converged, separated."""
    fits = [newton_logistic(design, outcome, weights=times) for times in count]
    score = np.stack([fit.intercept + design @ fit.coefficients for fit in fits])
    converged, separated = np.array([[fit.converged, fit.separated] for fit in fits]).T
    return 1 / (1 + np.exp(-score)), converged, separated


def fits_as_in_rms(design: Floats, outcome: Floats, count: NDArray[np.generic]) -> Floats:
    """Predictions of unpenalised fits that end where ``rms::lrm`` (6.5-0) ends, shape (B, n).

    It takes Newton steps until one lowers the deviance by less than 0.025, then one more. Where the
    predictors separate the outcome it stops there too, and ``rms::validate`` uses the result.
    """
    columns = np.column_stack((np.ones(outcome.size), design))
    columns[:, 1:] = (design - design.mean(axis=0)) / design.std(axis=0)
    position = np.zeros((len(count), columns.shape[1]))
    share = count @ outcome / count.sum(axis=1)
    position[:, 0] = np.log(share / (1 - share))
    deviance = np.full(len(count), np.inf)
    going = np.arange(len(count))
    while going.size:
        score = position[going] @ columns.T
        losses = np.logaddexp(0, score) - outcome * score
        before, deviance[going] = deviance[going], 2 * (count[going] * losses).sum(axis=1)
        p = 1 / (1 + np.exp(-score))
        gradient = (count[going] * (outcome - p)) @ columns
        weight = count[going] * p * (1 - p)
        information = np.matmul((weight[:, :, None] * columns).transpose(0, 2, 1), columns)
        position[going] += np.linalg.solve(information, gradient[..., None])[..., 0]
        going = going[np.abs(before - deviance[going]) >= 0.025]
    return 1 / (1 + np.exp(-(position @ columns.T)))
