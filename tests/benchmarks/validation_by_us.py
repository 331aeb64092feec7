"""Our bootstrap validation of one cohort: every figure, in every resample, and the table of it."""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path

import numpy as np
from validation_cohorts import load

from predictor.learning.candidates import Candidate
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.refitting import Refit, refit
from predictor.learning.resampling import bootstrap
from predictor.validation.internal import internal_validation
from predictor.validation.measured import Measured, joined, measure

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
    start = time.perf_counter()
    patients = Patients(made.values, made.outcome, None)
    resamples = bootstrap(len(made.outcome), None, resamples=given.resamples, seed=given.seed)
    of_chunk = partial(measured, outcome=made.outcome)
    parts = refit([own], plan, patients, resamples, of_chunk, workers=given.workers)
    found = joined([part for part, _ in parts])
    apparent = fit(own, plan, patients, given.seed).probability(made.values)
    validated = internal_validation(made.outcome, apparent, found, thresholds=THRESHOLDS)
    seconds = time.perf_counter() - start
    chosen = np.concatenate([setting for _, setting in parts])
    figures = {
        "seconds": seconds,
        "optimism": validated.figure("auroc").optimism,
        "out_of_bag": validated.figure("auroc").oob,
        "used": validated.resamples.used,
        "peak": peak(),
    }
    if given.kind == "ridge":
        penalties = np.array([setting["penalty"] for setting in own.grid])
        figures["penalty"] = float(np.exp(np.log(penalties[chosen]).mean()))
    print(json.dumps(figures))


def candidate(kind: str, predictors: int, penalties: list[float]) -> Candidate:
    """The model that is validated."""
    everything = tuple(range(predictors))
    if kind == "forest":
        leaves = ({"min_samples_leaf": 5},)
        return Candidate("random_forest", "Forest", everything, leaves, {"n_estimators": 500})
    grid = [0.0] if kind == "unpenalised" else sorted(penalties, reverse=True)
    return Candidate("ridge", "Ridge", everything, tuple({"penalty": value} for value in grid))


def measured(fits: Refit, outcome: np.ndarray) -> tuple[Measured, np.ndarray]:
    """All figures of some refits, and the settings they chose."""
    found = measure(
        outcome,
        fits.probability,
        fits.count,
        fits.usable,
        THRESHOLDS,
        np.arange(min(len(outcome), 1000)),
        fits.separated,
    )
    return found, fits.setting


def peak() -> int:
    """Largest resident memory of this process so far, in bytes. Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
