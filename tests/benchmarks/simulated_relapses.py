"""A made-up follow-up of made-up patients, to try ``configs/time_to_relapse.yaml`` on.

Baseline values and response are drawn like those of the published cohort. The times are invented:
a median of some two years to relapse, sooner with low complement C3 and high anti-dsDNA, rare
deaths, and last visits between half a year and four years. Nothing in it says anything about SLE.

Run:  python tests/benchmarks/simulated_relapses.py 400 OUTPUT.csv
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from predictor.cohort.published import simulate


def main(patients: int, target: Path) -> None:
    """Write so many patients, the same ones every time."""
    columns = dict(simulate(patients, seed=1, scenario="literature").columns)
    rng = np.random.default_rng(20241120)

    def standing(name: str) -> np.ndarray:
        ranks = np.argsort(np.argsort(np.asarray(columns[name], dtype=float)))
        return 2.0 * ranks / (patients - 1) - 1.0  # -1 for the lowest, 1 for the highest

    ratio = np.exp(0.8 * standing("anti_dsdna") - 1.0 * standing("c3"))
    relapse, death = rng.exponential(36.0 / ratio), rng.exponential(300.0, patients)
    seen = rng.uniform(6.0, 48.0, patients)
    months = np.minimum(np.minimum(relapse, death), seen)
    columns["months"] = np.maximum(months, 0.1).round(1)
    columns["end"] = np.where(
        months == relapse, "relapse", np.where(months == death, "death", "last_visit")
    )
    with target.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
