"""``predictor simulate``: the published cohort as a file, and what it can and cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor.cohort.published import Simulation, write_cohort


@dataclass(frozen=True, slots=True)
class SimulatedFile:
    """A simulated cohort on disk."""

    path: Path
    simulation: Simulation

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        done = self.simulation
        return {
            "file": str(self.path),
            "patients": done.patients,
            "seed": done.seed,
            "simulated": True,
            "scenario": done.scenario.name,
            "true_auroc": dict(done.true_auroc),
            "true_auroc_error": dict(done.true_auroc_error),
            "gave_way": list(done.gave_way),
            "not_reproducible": [
                {
                    "table": figure.table,
                    "figure": figure.figure,
                    "printed": figure.printed,
                    "why_not": figure.why_not,
                }
                for figure in done.not_reproducible
            ],
        }


def simulate_file(path: Path, *, patients: int, seed: int, scenario: str) -> SimulatedFile:
    """Simulate a cohort into a file.

    Parameters
    ----------
    path
        Ends in ``.csv`` or ``.parquet``.
    patients, seed, scenario
        As for :func:`predictor.cohort.published.simulate`.

    Raises
    ------
    CohortError, ConfigError
        If size, seed, scenario or place cannot be used; nothing is written then.
    """
    done = write_cohort(path, patients=patients, seed=seed, scenario=scenario)
    return SimulatedFile(path, done)
