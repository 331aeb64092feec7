"""Cohorts that the validation benchmarks run on: made up by seed, or the real one of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Sixteen predictors of the cohort that docs/data.md tells how to make.
REAL = "gse65391_response_index.csv"
COLUMNS = (
    *("age", "female", "sledai", "c3", "c4", "esr", "wbc", "platelet_count", "cr", "alb"),
    *("neutrophil_count", "lymphocyte_count", "hgb", "ast", "alt", "ldh"),
)
OUTCOME = "lda_fu"


@dataclass(frozen=True, slots=True)
class Made:
    """Values with gaps, shape (n, p), and an outcome of 0 and 1, shape (n,)."""

    values: Floats
    outcome: NDArray[np.int8]

    def save(self, path: Path) -> Path:
        """As an archive for Python, or as text for R."""
        if path.suffix == ".npz":
            np.savez(path, values=self.values, outcome=self.outcome)
        else:
            names = ["y", *(f"x{j + 1}" for j in range(self.values.shape[1]))]
            rows = np.column_stack((self.outcome, self.values))
            # 17 digits give back the same number.
            np.savetxt(path, rows, "%.17g", delimiter=",", header=",".join(names), comments="")
        return path


def load(path: Path) -> Made:
    """What :meth:`Made.save` wrote as an archive."""
    with np.load(path) as archive:
        return Made(archive["values"], archive["outcome"])


def made_up(n: int, p: int, *, missing: float = 0.0, seed: int = 1) -> Made:
    """Patients like laboratory data: correlated, skewed, a sixth of the columns yes or no.

    Parameters
    ----------
    n, p
        Patients and predictors.
    missing
        Share of values that is missing, in half of the columns twice and in half not at all.
    seed
        The same seed gives the same patients.
    """
    random = np.random.default_rng([seed, n, p])
    shared = random.normal(size=(n, 1))
    latent = 0.5 * shared + np.sqrt(0.75) * random.normal(size=(n, p))
    odds = -0.6 + latent @ (0.9 / np.arange(1, p + 1) * (-1.0) ** np.arange(p))
    outcome = (random.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    if not 5 <= outcome.sum() <= n - 5:
        raise ValueError("too few events or non-events to be resampled; take another seed")
    values = latent.copy()
    values[:, 1::3] = np.exp(0.5 * latent[:, 1::3])
    values[:, 5::6] = latent[:, 5::6] > 0
    gaps = random.random((n, p)) < 2 * missing
    gaps[:, ::2] = False
    values[gaps] = np.nan
    return Made(values, outcome)


def real(folder: Path) -> Made:
    """The real cohort of 86 patients and 16 predictors with missing values."""
    import pandas as pd

    table = pd.read_csv(folder / REAL)
    values = table[list(COLUMNS)].to_numpy(dtype=np.float64)
    return Made(values, table[OUTCOME].to_numpy(dtype=np.int8))
