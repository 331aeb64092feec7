"""Bootstrap validation beside what one would write otherwise: scikit-learn in a loop, and R.

python tests/benchmarks/validation_benchmark.py [PART ...] [--data FOLDER] [--rounds 3]

Parts: ridge, unpenalised, forest, growth; all by default. Each run is a process of its own. Its
time is that of the validation alone, without starting Python or R and without imports. What is
compared is run in turn, round after round, so that the machine's moods meet everybody alike.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import machine, measure

HERE = Path(__file__).resolve().parent
PARTS = ("ridge", "unpenalised", "forest", "growth")
PENALTIES = [f"{10 ** (k / 2 - 2):.4g}" for k in range(10)]
SIZES = (31, 100, 1_000, 10_000, 100_000)
RESAMPLES = (50, 100, 200, 500, 1_000, 2_000, 5_000)
PICTURE = HERE.parents[1] / "docs" / "images" / "validation_growth.png"


@dataclass(frozen=True, slots=True)
class Program:
    """One line of a table.

    Parameters
    ----------
    label
        What people read.
    command
        What is run; it prints JSON with ``seconds``.
    resamples
        How many it runs.
    compared
        Label of the program it is held against.
    """

    label: str
    command: Sequence[str]
    resamples: int
    compared: str


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--data", type=Path, help="folder of gse65391_response_index.csv")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--alternative-resamples", type=int, default=50)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="patients, for growth")
    given = parser.parse_args()
    if wrong := set(given.part) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(wrong))}")
    # One thread in each process: the workers are the parallelism, ours and the others'.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    print(machine("sle-ivig-predictor", "numpy", "scipy", "scikit-learn", "joblib") + in_r())
    parts = {"ridge": ridge, "unpenalised": unpenalised, "forest": forest, "growth": growth}
    with tempfile.TemporaryDirectory() as name:
        for part in given.part or PARTS:
            parts[part](given, Path(name))


def in_r() -> str:
    """Versions of R and of rms, or that they are absent."""
    if shutil.which("Rscript") is None:
        return "; no Rscript here (Debian: r-base-core, r-cran-rms)"
    asked = ["Rscript", str(HERE / "validation_in_r.R"), "versions"]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    rms = f"rms {found[1]}" if len(found) > 1 else "no rms here (Debian: r-cran-rms)"
    return f"; R {found[0]}, {rms}"


def ours(cohort: Path, kind: str, resamples: int, workers: int = 1) -> list[str]:
    """Command of our validation."""
    command = [sys.executable, str(HERE / "validation_by_us.py"), str(cohort), "--kind", kind]
    command += ["--resamples", str(resamples), "--workers", str(workers)]
    return [*command, "--penalties", *PENALTIES]


def ridge(given: argparse.Namespace, folder: Path) -> None:
    """Ridge, ten penalties tuned over five inner folds in every resample."""
    from validation_cohorts import made_up, real

    made = real(given.data) if given.data else made_up(86, 16, missing=0.15)
    cohort = made.save(folder / "ridge.npz")
    fewer = given.alternative_resamples
    by_hand = [sys.executable, str(HERE / "validation_by_hand.py"), str(cohort)]
    by_hand += ["--resamples", str(fewer), "--penalties", *PENALTIES, "--workers"]
    programs = []
    for workers in sorted({1, given.workers}):
        us = f"`predictor`, {workers} worker{'s' * (workers > 1)}"
        them = f"GridSearchCV, {workers} worker{'s' * (workers > 1)}"
        command = ours(cohort, "ridge", given.resamples, workers)
        programs.append(Program(us, command, given.resamples, us))
        programs.append(Program(them, [*by_hand, str(workers)], fewer, us))
    n, p = made.values.shape
    whose = "real" if given.data else "made-up"
    print(f"\n### Tuned ridge: {n} {whose} patients x {p} predictors with missing values\n")
    print(
        f"Five inner folds x {len(PENALTIES)} penalties and one refit in each resample. Ours "
        "computes the whole table of the internal validation; GridSearchCV is held to AUROC and "
        f"Brier score, was run on {fewer} resamples and is scaled up by resample.\n"
    )
    table(programs, rounds(programs, given.rounds, folder), given.resamples)


def unpenalised(given: argparse.Namespace, folder: Path) -> None:
    """Unpenalised logistic regression beside R."""
    from validation_cohorts import made_up

    there = in_r()
    absent = f" ({there.rsplit('; ', 1)[-1]})" if "no Rscript" in there or "no rms" in there else ""
    for n, p in ((31, 3), (532, 7)):
        made = made_up(n, p)
        cohort, text = made.save(folder / f"{n}.npz"), made.save(folder / f"{n}.csv")
        us = "`predictor`, 1 worker"
        command = ours(cohort, "unpenalised", given.resamples)
        programs = [
            Program(us, command, given.resamples, us),
            Program(f"{us}, AUROC and Brier", [*command, "--plain"], given.resamples, us),
        ]
        for label, way in (
            ("`rms::validate`", "validate"),
            ("`glm.fit` loop, AUROC and Brier", "loop"),
            ("`glm.fit` loop, fits alone", "fits"),
        ):
            if "no Rscript" in there or (way == "validate" and "no rms" in there):
                continue
            script = str(HERE / "validation_in_r.R")
            command = ["Rscript", script, str(text), str(given.resamples), way]
            programs.append(Program(label, command, given.resamples, us))
        print(f"\n### Unpenalised: {n} made-up patients x {p} predictors{absent}\n")
        table(programs, rounds(programs, given.rounds, folder), given.resamples)


def forest(given: argparse.Namespace, folder: Path) -> None:
    """A random forest on one worker and on several."""
    from validation_cohorts import made_up, real

    made = real(given.data) if given.data else made_up(86, 16, missing=0.15)
    cohort = made.save(folder / "forest.npz")
    first = "1 worker"
    programs = [
        Program(label, ours(cohort, "forest", 200, workers), 200, first)
        for workers, label in ((1, first), (given.workers, f"{given.workers} workers"))
    ]
    print(f"\n### Random forest of 500 trees, {len(made.outcome)} patients, 200 resamples\n")
    table(programs, rounds(programs, given.rounds, folder), 200)


def rounds(
    programs: Sequence[Program], count: int, folder: Path
) -> dict[str, list[dict[str, Any]]]:
    """What each program printed, run in turn; memory of all its processes beside it."""
    found: dict[str, list[dict[str, Any]]] = {program.label: [] for program in programs}
    for _ in range(count):
        for program in programs:
            cost = measure(program.command, folder, memory=True)
            figures = json.loads(cost.output.strip().splitlines()[-1])
            found[program.label].append({**figures, "memory": cost.memory or 0})
    return found


def table(
    programs: Sequence[Program], found: Mapping[str, Sequence[Mapping[str, Any]]], resamples: int
) -> None:
    """Print seconds for all resamples, as if all had been run."""

    def scaled(program: Program, name: str) -> list[float]:
        spent = [run[name] for run in found[program.label] if run[name] is not None]
        return [seconds * resamples / program.resamples for seconds in spent]

    print(
        "| program | resamples run | seconds, minimum | median | times ours | CPU seconds, median "
        "| times ours | memory, MB | AUROC optimism | out of bag |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    by_label = {program.label: program for program in programs}
    for program in programs:
        other = by_label[program.compared]
        wall, cpu = scaled(program, "seconds"), scaled(program, "cpu")
        runs = found[program.label]
        largest = max(max(run["memory"], run.get("peak", 0)) for run in runs) / 1e6
        print(
            f"| {program.label} | {program.resamples:,} | {min(wall):.2f} | {middle(wall)} "
            f"| {ratio(wall, scaled(other, 'seconds'))} | {middle(cpu)} "
            f"| {ratio(cpu, scaled(other, 'cpu'))} | {largest:.0f} "
            f"| {shown(runs[0].get('optimism'))} | {shown(runs[0].get('out_of_bag'))} |"
        )


def middle(spent: Sequence[float]) -> str:
    """Median, where it is known."""
    return f"{statistics.median(spent):.2f}" if spent else ""


def ratio(spent: Sequence[float], other: Sequence[float]) -> str:
    """Ratio of medians, where both are known."""
    if not spent or not other:
        return ""
    return f"{statistics.median(spent) / statistics.median(other):.2f}"


def shown(figure: float | None) -> str:
    """A figure that the program may not have."""
    return "" if figure is None else f"{figure:.3f}"


def growth(given: argparse.Namespace, folder: Path) -> None:
    """Time and peak memory against the number of patients and of resamples."""
    from validation_cohorts import made_up
    from validation_growth import Point, draw

    points: list[Point] = []
    runs = [("unpenalised", n, 7, 200) for n in SIZES if n <= given.largest]
    runs += [("ridge", n, 16, 200) for n in SIZES if n <= min(given.largest, 10_000)]
    runs += [("unpenalised", 532, 7, b) for b in RESAMPLES]
    runs += [("ridge", 86, 16, b) for b in RESAMPLES if b <= 2_000]
    print("\n### Growth, on one worker\n")
    print("| model | patients | predictors | resamples | seconds | CPU seconds | peak memory, MB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for kind, n, p, resamples in runs:
        missing = 0.15 if kind == "ridge" else 0.0
        cohort = made_up(n, p, missing=missing).save(folder / "growth.npz")
        output = measure(ours(cohort, kind, resamples), folder).output
        figures = json.loads(output.strip().splitlines()[-1])
        point = Point(kind, n, resamples, figures["cpu"], figures["peak"] / 1e6)
        points.append(point)
        print(
            f"| {kind} | {n:,} | {p} | {resamples:,} | {figures['seconds']:.2f} "
            f"| {point.seconds:.2f} | {point.memory:.0f} |",
            flush=True,
        )
    draw(points, PICTURE)


if __name__ == "__main__":
    main()
