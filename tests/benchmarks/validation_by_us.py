"""Our bootstrap validation of one cohort: every figure corrected, instability, explanation."""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from validation_cohorts import load

from predictor.learning.candidates import Candidate
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.refitting import Refit, refit
from predictor.learning.resampling import BootstrapPlan
from predictor.performance.weighted import weighted_auroc, weighted_brier
from predictor.validation.procedure_bootstrap import bootstrap_procedure

THRESHOLDS = (0.1, 0.25, 0.5)


def main() -> None:
    """Validate and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--kind", choices=("ridge", "unpenalised", "forest"), required=True)
    parser.add_argument("--resamples", type=int, required=True)
    parser.add_argument("--penalties", type=float, nargs="+", default=[1.0])
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="AUROC and Brier score alone")
    given = parser.parse_args()
    made = load(given.cohort)
    p = made.values.shape[1]
    own = candidate(given.kind, p, given.penalties)
    plan = Plan(tuple(Column(f"x{j}") for j in range(p)), "median", (), 5)
    start, before = time.perf_counter(), time.process_time()
    patients = Patients(made.values, made.outcome, None)
    auroc = (
        plainly(own, plan, patients, given) if given.plain else fully(own, plan, patients, given)
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    figures = {
        "seconds": seconds,
        "cpu": None if given.kind == "forest" and given.workers > 1 else cpu,
        "optimism": auroc[0],
        "out_of_bag": auroc[1],
        "peak": peak(),
    }
    print(json.dumps(figures))


def fully(
    own: Candidate, plan: Plan, patients: Patients, given: argparse.Namespace
) -> tuple[float | None, float | None]:
    """All that training does; the AUROC's optimism and out-of-bag value of it."""
    found = bootstrap_procedure(
        [own],
        plan,
        patients,
        None,
        fit(own, plan, patients, given.seed).probability(patients.values),
        [column.name for column in plan.columns],
        resamples=given.resamples,
        thresholds=THRESHOLDS,
        seed=given.seed,
        workers=given.workers,
    )
    row = found.validation.figure("auroc")
    return row.optimism, row.oob


def plainly(
    own: Candidate, plan: Plan, patients: Patients, given: argparse.Namespace
) -> tuple[float | None, float | None]:
    """The same refits, held to AUROC and Brier score in the resample and on the cohort."""
    resamples = BootstrapPlan(len(patients.outcome), None, given.resamples, given.seed)
    of_chunk = partial(optimism, patients.outcome)
    parts = refit([own], plan, patients, resamples, of_chunk, workers=given.workers)
    return float(np.nanmean(np.concatenate(parts, axis=1)[0])), None


def optimism(outcome: NDArray[np.int8], fits: Refit) -> NDArray[np.float64]:
    """Of some refits, the two figures in the resample less those on the cohort."""
    once = np.ones_like(fits.count)
    return np.stack(
        [
            figure(outcome, fits.probability, fits.count) - figure(outcome, fits.probability, once)
            for figure in (weighted_auroc, weighted_brier)
        ]
    )


def candidate(kind: str, predictors: int, penalties: list[float]) -> Candidate:
    """The model that is validated."""
    everything = tuple(range(predictors))
    if kind == "forest":
        leaves = ({"min_samples_leaf": 5},)
        return Candidate("random_forest", "Forest", everything, leaves, {"n_estimators": 500})
    grid = [0.0] if kind == "unpenalised" else sorted(penalties, reverse=True)
    return Candidate("ridge", "Ridge", everything, tuple({"penalty": value} for value in grid))


def peak() -> int:
    """Largest resident memory of this process so far, in bytes. Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
