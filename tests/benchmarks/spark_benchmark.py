"""Scoring on a Spark cluster of two workers beside `predictor predict` in one process.

python tests/benchmarks/spark_benchmark.py [--patients 200000 1000000] [--rounds 3]

The cluster is a standalone master with two workers of one core each on this machine, with
authentication and encryption. Both ways read Parquet and write Parquet, in turns inside one run;
ratios are medians over these turns. `predictor predict` writes the contributions of every
predictor besides, which the function for Spark does not hand on. Linux, Java 17.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measuring import Cost, Watch, machine, measure
from predict_bundles import PREDICTORS, RESAMPLES, write_bundle

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from spark_cluster import WORKERS, SparkCluster, spark_cluster

FILES = 16
FEW = 2000

SCORE = """
import json, sys, time
import mlflow
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

started = time.perf_counter()
spark = SparkSession.builder.appName("benchmark").getOrCreate()
answer = mlflow.pyfunc.spark_udf(spark, "saved/model", env_manager="local")
names = {names!r}

def score(source, target):
    patients = spark.read.parquet(source)
    scored = patients.select("patient", answer(F.struct(*names)).alias("answer"))
    scored.select("patient", "answer.*").write.mode("overwrite").parquet(target)

score("few", "few_answers")
begun = time.perf_counter()
score("patients", "answers")
ended = time.perf_counter()
counted = spark.read.parquet("answers").filter("refused = ''").count()
print(json.dumps([begun - started, ended - begun, counted]))
spark.stop()
"""


class Turn(NamedTuple):
    """One turn: seconds of both ways, of Spark's start, and peaks in megabytes."""

    one: float
    spark: float
    start: float
    one_peak: float
    worker_peak: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, nargs="+", default=[200_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder)
        (folder / "score.py").write_text(SCORE.format(names=list(PREDICTORS)))
        packages = ("sle-ivig-predictor", "mlflow", "pyspark", "pandas", "pyarrow")
        print(machine(*packages))
        print(f"{len(PREDICTORS)} predictors, {RESAMPLES} replicates; {given.rounds} turns\n")
        print(
            "| patients | `predictor predict`, patients/s | Spark, two workers, patients/s "
            "| `predictor predict` = 1 | with starting Spark | seconds to start "
            "| `predictor predict`, peak MB | each worker, peak MB |"
        )
        print("|---:|---:|---:|---:|---:|---:|---:|---:|")
        with spark_cluster(folder / "cluster") as cluster:
            for count in given.patients:
                write_patients(folder, count)
                turns = [turn(folder, cluster, count) for _ in range(given.rounds)]
                show(count, turns)


def turn(folder: Path, cluster: SparkCluster, count: int) -> Turn:
    """Score all patients once by each way."""
    command = [sys.executable, "-m", "predictor", "predict", "all.parquet", "--model", "bundle"]
    one = measure([*command, "--out", "one.parquet"], folder, memory=True)
    start, seconds, answered, peak = on_spark(folder, cluster)
    if answered != count:
        raise RuntimeError(f"{answered} of {count} patients were answered")
    return Turn(one.wall, seconds, start, _megabytes(one), peak / 2**20)


def on_spark(folder: Path, cluster: SparkCluster) -> tuple[float, float, int, int]:
    """Seconds to start and to score, patients answered, and the peak of a worker in bytes."""
    watches = [Watch(process) for process in cluster.workers]
    with (folder / "driver.log").open("w") as log:
        found = subprocess.run(
            [sys.executable, "score.py"],
            cwd=folder,
            env=cluster.environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=False,
        )
    peak = max(watch.end() for watch in watches)
    if found.returncode:
        raise RuntimeError((folder / "driver.log").read_text()[-2000:])
    start, seconds, answered = json.loads(found.stdout.splitlines()[-1])
    return start, seconds, answered, peak


def show(count: int, turns: list[Turn]) -> None:
    """Print one line of the table, from medians."""
    one, spark, start, one_peak, worker_peak = np.array(turns).T
    ratio = np.median(one / spark)
    whole = np.median(one / (spark + start))
    print(
        f"| {count:,} | {np.median(count / one):,.0f} | {np.median(count / spark):,.0f} "
        f"| {ratio:.2f} | {whole:.2f} | {np.median(start):.0f} "
        f"| {np.median(one_peak):.0f} | {np.median(worker_peak):.0f} |",
        flush=True,
    )


def write_model(folder: Path) -> None:
    """Train a bundle, and save it as an MLflow model in the folder ``saved/model``."""
    from predictor import __version__
    from predictor.fitted.bundle import load_bundle
    from predictor.tracking.logged_model import write_model as save

    bundle = load_bundle(write_bundle(folder / "bundle", "ridge"))
    saved = folder / "saved"
    saved.mkdir()
    save(bundle, saved, version=__version__, run_id="", model_id="", location=str(saved))


def write_patients(folder: Path, count: int) -> None:
    """Simulated patients in one file, in a folder of some, and a few to warm up with."""
    from pyarrow import parquet

    command = [sys.executable, "-m", "predictor", "simulate", "--scenario", "strong"]
    command += ["--patients", str(count), "--seed", "2", "--out", "simulated.parquet"]
    measure(command, folder)
    table = parquet.read_table(folder / "simulated.parquet", columns=["patient", *PREDICTORS])
    parquet.write_table(table, folder / "all.parquet")
    each = -(-count // FILES)
    for name, rows, step in (("patients", count, each), ("few", FEW, FEW // WORKERS)):
        (folder / name).mkdir(exist_ok=True)
        for number, start in enumerate(range(0, rows, step)):
            file = folder / name / f"part-{number:02d}.parquet"
            parquet.write_table(table.slice(start, step), file)


def _megabytes(cost: Cost) -> float:
    return (cost.memory or 0) / 2**20


if __name__ == "__main__":
    main()
