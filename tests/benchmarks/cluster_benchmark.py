"""A Dask cluster on this machine: one worker, two workers and plain joblib side by side.

Run:  python tests/benchmarks/cluster_benchmark.py forests [--resamples 2000]
      python tests/benchmarks/cluster_benchmark.py score [--patients 1000000 10000000]

"forests" refits random forests in bootstrap resamples of a made-up cohort, and ridge models whose
fits are short, so that what a cluster costs shows; the figures of all runs must be the same bits.
"score" answers a folder of Parquet files on two workers and watches the memory of both.
Workers are processes of one thread each; seconds are counted when they are there.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from distributed import LocalCluster
from measuring import machine, memory_of

from predictor.clinic.prediction import cached_bundle
from predictor.config import Config
from predictor.learning.candidates import Candidate, candidates
from predictor.learning.cluster import dask_cluster
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan
from predictor.learning.refitting import Refit, refit
from predictor.learning.resampling import BootstrapPlan
from predictor.workflow.predict_parts import predict_folder

SEED = 20241120
PATIENTS, PREDICTORS = 60, 6
TREES = 100
IN_A_FILE = 100_000
EVERY = 0.25


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    part = parser.add_subparsers(dest="part", required=True)
    forests_of = part.add_parser("forests")
    forests_of.add_argument("--resamples", type=int, default=2000)
    forests_of.add_argument("--rounds", type=int, default=3, help="of the ridge models")
    scored = part.add_parser("score")
    scored.add_argument("--patients", type=int, nargs="+", default=[1_000_000, 10_000_000])
    given = parser.parse_args()
    print(machine("sle-ivig-predictor", "numpy", "scikit-learn", "joblib", "distributed"))
    print()
    if given.part == "forests":
        forests(given.resamples, given.rounds)
    else:
        score(given.patients)


def probability(fits: Refit) -> np.ndarray:
    """What is compared; of this module, so that a worker can find it."""
    return fits.probability


def forests(resamples: int, rounds: int) -> None:
    """Time the same bootstraps in three places."""
    rng = np.random.default_rng(SEED)
    values = rng.normal(size=(PATIENTS, PREDICTORS))
    outcome = (rng.random(PATIENTS) < 1 / (1 + np.exp(-values[:, 0]))).astype(np.int8)
    patients = Patients(values, outcome, None)
    offered = _offered()
    print("| fits | where | wall, s | fits a second | one Dask worker = 1 | plain joblib = 1 |")
    print("|---|---|---:|---:|---:|---:|")
    for name, label, turns in (
        ("random_forest", f"{resamples:,} random forests of {TREES} trees", 1),
        ("ridge", f"{resamples:,} ridge models", rounds),
    ):
        seconds: dict[str, list[float]] = {}
        found = []
        with _cluster(1) as one, _cluster(2) as two:
            for _ in range(turns):
                for place, address in (
                    ("one Dask worker", one),
                    ("two Dask workers", two),
                    ("plain joblib, 2 workers", None),
                ):
                    spent, fitted = _timed(offered[name], patients, resamples, address)
                    seconds.setdefault(place, []).append(spent)
                    found.append(fitted)
        same = all(np.array_equal(found[0], other, equal_nan=True) for other in found)
        typical = {place: statistics.median(spent) for place, spent in seconds.items()}
        one_worker, plain = typical["one Dask worker"], typical["plain joblib, 2 workers"]
        for place, spent in typical.items():
            print(
                f"| {label} | {place} | {spent:.1f} | {resamples / spent:.1f} "
                f"| {one_worker / spent:.2f} | {plain / spent:.2f} |"
            )
        print(f"| | the same bits everywhere: {'yes' if same else 'NO'} | | | | |")


def _timed(
    candidate: Candidate, patients: Patients, resamples: int, address: str | None
) -> tuple[float, np.ndarray]:
    plan = Plan(tuple(Column(f"x{j}") for j in range(PREDICTORS)), "median", (), 5)
    drawn = BootstrapPlan(PATIENTS, None, resamples, SEED)

    def run() -> list[np.ndarray]:
        return refit([candidate], plan, patients, drawn, probability, workers=2)

    if address is None:
        start = time.perf_counter()
        found = run()
    else:
        with dask_cluster(address):
            start = time.perf_counter()
            found = run()
    return time.perf_counter() - start, np.concatenate(found)


def _offered() -> dict[str, Candidate]:
    config = Config.model_validate(
        {
            "name": "benchmark",
            "question": {"outcome": "o", "event": 1, "horizon": "h", "population": "made up"},
            "cohort": {},
            "predictors": [f"x{j}" for j in range(PREDICTORS)],
            "baseline": "x0",
            "models": {
                "ridge": {},
                "random_forest": {"trees": TREES, "min_samples_leaf": [5]},
            },
        }
    )
    return {candidate.name: candidate for candidate in candidates(config)}


def score(sizes: list[int]) -> None:
    """Answer ever larger folders on two workers."""
    cached_bundle("remission")  # loaded before anything is timed
    print("| patients | files | wall, s | patients a second | peak of the larger worker, MB |")
    print("|---:|---:|---:|---:|---:|")
    for patients in sizes:
        with tempfile.TemporaryDirectory() as top, _cluster(2) as address:
            files = _write(Path(top) / "patients", patients)
            with _watched() as peak:
                start = time.perf_counter()
                found = predict_folder(
                    Path(top) / "patients", "remission", Path(top) / "answers", cluster=address
                )
                spent = time.perf_counter() - start
            told = found.answered + found.refused
            if told != patients:
                raise RuntimeError(f"{told} of {patients} patients were answered")
        print(
            f"| {patients:,} | {files} | {spent:.1f} | {patients / spent:,.0f} "
            f"| {max(peak.values()) / 1e6:.0f} |"
        )


def _write(folder: Path, patients: int) -> int:
    """Made-up patients of the shipped model, in files of a hundred thousand."""
    folder.mkdir()
    rng = np.random.default_rng(SEED)
    for number, start in enumerate(range(0, patients, IN_A_FILE)):
        n = min(IN_A_FILE, patients - start)
        pd.DataFrame(
            {
                "patient": [f"P{start + i:08d}" for i in range(n)],
                "age": rng.integers(18, 80, n).astype(float),
                "anti_dsdna": rng.lognormal(4, 1, n).round(1),
                "c3": rng.normal(80, 20, n).clip(20, 180).round(1),
                "c4": rng.normal(15, 6, n).clip(2, 45).round(1),
                "crp": rng.lognormal(1, 1, n).round(1),
                "platelets": rng.normal(220, 60, n).clip(30, 480).round(0),
                "proteinuria": rng.lognormal(5, 1, n).clip(10, 8000).round(0),
            }
        ).to_parquet(folder / f"part-{number:04d}.parquet")
    return -(-patients // IN_A_FILE)


# Worker processes of the cluster that is open.
_PIDS: dict[str, list[int]] = {}


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        silence_logs=50,
    ) as started:
        started.wait_for_workers(workers)
        address = started.scheduler_address
        _PIDS[address] = [worker.pid for worker in started.workers.values()]
        yield address
        del _PIDS[address]


@contextmanager
def _watched() -> Iterator[dict[int, int]]:
    """The largest memory of each worker process, looked at four times a second."""
    pids = [pid for group in _PIDS.values() for pid in group]
    peak = dict.fromkeys(pids, 0)
    done = threading.Event()

    def look() -> None:
        while not done.wait(EVERY):
            for pid in pids:
                peak[pid] = max(peak[pid], memory_of(pid))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
