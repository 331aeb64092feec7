"""What `predictor plan` costs: one cohort of each size, and the whole command.

python tests/benchmarks/plan_benchmark.py [PART ...] [--rounds 10] [--cohorts 200]

Parts: cohorts, command; both by default. `cohorts` does some cohorts of each size in this process
and scales their CPU seconds up to 200; `command` runs the command with all sizes on one worker and
on two, each a process of its own, memory of all its processes included.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

from measuring import machine, measure

SIZES = (31, 60, 100, 300, 1000)
COHORTS, RESAMPLES = 200, 200
PARTS = ("cohorts", "command")


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=10, help="cohorts of each size")
    parser.add_argument("--cohorts", type=int, default=COHORTS, help="of the command")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    if wrong := set(given.part) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(wrong))}")
    # One thread in each process: the workers are the parallelism.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    print(machine("sle-ivig-predictor", "numpy", "joblib"))
    parts = given.part or PARTS
    if "cohorts" in parts:
        cohorts(given.rounds)
    if "command" in parts:
        command(given.cohorts, given.workers)


def cohorts(rounds: int) -> None:
    """CPU seconds of a cohort: drawn, tuned, fitted, bootstrapped, tried on 100,000 patients."""
    from threadpoolctl import threadpool_limits

    from predictor.cohort.published_scenario import load_scenario
    from predictor.study import load_study
    from predictor.validation.learning_curve import Procedure, figures_of_cohort
    from predictor.workflow.plan import candidate_of, cohort_of
    from predictor.workflow.plan_population import Population

    study = load_study("remission")
    population = Population.of(study, load_scenario("literature"))
    candidate, plan = candidate_of(study, "ridge")
    procedure = Procedure(candidate, plan, RESAMPLES, study.config.validation.folds)
    fits = RESAMPLES * (study.config.validation.inner_folds * len(candidate.grid) + 2)
    print(f"\nOne cohort, {fits:,} fits; means of {rounds}.\n")
    print("| patients | CPU, s: drawing | everything | 200 cohorts |\n|---:|---:|---:|---:|")
    whole = 0.0
    with threadpool_limits(1):
        new = population.draw(100_000, [1])
        cohort, seed = cohort_of(population, 1, SIZES[0], 0)
        figures_of_cohort(
            procedure, cohort, new, seed
        )  # the first one pays for what is loaded late
        for size in SIZES:
            drawing = everything = 0.0
            for number in range(rounds):
                start = time.process_time()
                cohort, seed = cohort_of(population, 1, size, number)
                drawing += time.process_time() - start
                figures_of_cohort(procedure, cohort, new, seed)
                everything += time.process_time() - start
            each = everything / rounds
            whole += each * COHORTS
            print(f"| {size:,} | {drawing / rounds:.3f} | {each:.3f} | {each * COHORTS:.0f} |")
    print(f"| together |  |  | {whole:.0f} |")


def command(number: int, workers: list[int]) -> None:
    """The command from the start of its process to its end."""
    print(f"\n`predictor plan remission --scenario literature --cohorts {number}`\n")
    print("| workers | seconds | CPU, s | memory, MB | figures |\n|---:|---:|---:|---:|---|")
    first = ""
    for count in workers:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "plan.json"
            words = ["plan", "remission", "--scenario", "literature", "--cohorts", str(number)]
            words += ["--workers", str(count), "--out", str(out)]
            cost = measure([sys.executable, "-m", "predictor", *words], Path(folder), memory=True)
            digest = hashlib.sha256(out.read_bytes()).hexdigest()
        same = "" if not first else "the same" if digest == first else "OTHERS"
        first = first or digest
        memory = (cost.memory or 0) / 1e6
        print(f"| {count} | {cost.wall:.0f} | {cost.cpu:.0f} | {memory:.0f} | {same} |")


if __name__ == "__main__":
    main()
