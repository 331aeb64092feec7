"""Our bootstrap validation of one cohort: every figure corrected, instability, explanation."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from validation_cohorts import load

from predictor.learning.candidates import Candidate
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan, fit
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
    given = parser.parse_args()
    made = load(given.cohort)
    p = made.values.shape[1]
    own = candidate(given.kind, p, given.penalties)
    plan = Plan(tuple(Column(f"x{j}") for j in range(p)), "median", (), 5)
    start, before = time.perf_counter(), time.process_time()
    patients = Patients(made.values, made.outcome, None)
    apparent = fit(own, plan, patients, given.seed).probability(made.values)
    found = bootstrap_procedure(
        [own],
        plan,
        patients,
        apparent,
        [column.name for column in plan.columns],
        resamples=given.resamples,
        thresholds=THRESHOLDS,
        seed=given.seed,
        workers=given.workers,
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    figures = {
        "seconds": seconds,
        "cpu": None if given.kind == "forest" and given.workers > 1 else cpu,
        "optimism": found.validation.figure("auroc").optimism,
        "out_of_bag": found.validation.figure("auroc").oob,
        "used": found.validation.resamples.used,
        "peak": peak(),
    }
    print(json.dumps(figures))


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
