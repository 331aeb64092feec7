"""Predicting beside what one would call otherwise: one patient, a forest's patient, a million.

python tests/benchmarks/predict_benchmark.py one [--rounds 2000]
python tests/benchmarks/predict_benchmark.py forest [--rounds 200]
python tests/benchmarks/predict_benchmark.py million [--patients 1000000] [--rounds 5]

Every bundle comes from our own training on simulated patients. Whatever is compared takes turns
inside one run, and ratios are medians over these turns. Times are CPU seconds, so that another
process on the machine changes little. Starting cold: import_benchmark.py.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from measuring import machine, measure
from numpy.typing import NDArray
from predict_bundles import (
    COHORT,
    NUMBERS,
    PREDICTORS,
    RESAMPLES,
    TREES,
    as_written,
    cohort,
    patients,
    write_bundle,
)

Program = Callable[[], object]
Floats = NDArray[np.float64]

MISSING = (0, 2, 5)
BACKGROUND = 100
WARM_UP = 20
KERNEL_ROUNDS = 5

OURS = """
from pathlib import Path
from predictor.workflow.predict import predict_file
found = predict_file(Path({file!r}), "bundle", out=Path("answers.parquet"))
status = Path("/proc/self/status").read_text()
print(found.answered, found.refused, status.partition("VmHWM:")[2].split()[0])
"""

BARE = """
import time
from pyarrow import parquet
table = parquet.read_table("answers.parquet")
start = time.process_time()
parquet.read_table({file!r})
middle = time.process_time()
parquet.write_table(table, "copy.parquet")
print(middle - start, time.process_time() - middle)
"""


def main() -> None:
    """Measure and print one part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=["one", "forest", "million"])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--patients", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.part == "one":
            one(folder, given.rounds or 2000)
        elif given.part == "forest":
            forest(folder, given.rounds or 200)
        else:
            million(folder, given.patients, given.rounds or 5)


def in_turns(programs: Mapping[str, Program], rounds: int) -> dict[str, Floats]:
    """CPU seconds of each call; the first calls, which fill caches, are not counted."""
    found = {label: np.empty(rounds) for label in programs}
    for turn in range(-WARM_UP, rounds):
        for label, program in programs.items():
            start = time.process_time_ns()
            program()
            took = (time.process_time_ns() - start) / 1e9
            if turn >= 0:
                found[label][turn] = took
    return found


def show(found: Mapping[str, Floats], bare: str, unit: float, name: str) -> None:
    """Print medians, 99th percentiles and ratios to the bare call of the same turn."""
    print(f"| call | CPU, {name} (median) | 99th percentile | over its median | {bare} = 1 |")
    print("|---|---:|---:|---:|---:|")
    for label, took in found.items():
        middle, high = np.quantile(took, [0.5, 0.99])
        taken_turns = len(took) == len(found[bare])
        ratio = np.median(took / (found[bare] if taken_turns else np.median(found[bare])))
        print(
            f"| {label} | {middle / unit:.2f} | {high / unit:.2f} | {high / middle:.1f} "
            f"| {ratio:.2f} |"
        )


def one(folder: Path, rounds: int) -> None:
    """One patient by a linear bundle of twenty predictors, warm."""
    import pandas as pd
    import shap
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from predictor import load_model, predict

    bundle = load_model(write_bundle(folder / "bundle", "ridge"))
    values, outcome = cohort()
    training = pd.DataFrame(values, columns=list(PREDICTORS))
    pipeline = make_pipeline(
        SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=1000)
    ).fit(training, outcome)
    patient = patients(31, seed=7)[0]
    row = pd.DataFrame([patient], columns=list(PREDICTORS))
    bare = "`predict_proba`"
    programs: dict[str, Program] = {bare: lambda: pipeline.predict_proba(row)}
    for missing in MISSING:
        written = as_written(patient, missing)
        label = f"`predict`, {missing or 'no'} values missing"
        programs[label] = lambda written=written: predict(written, bundle)
    programs["`predict` and its text"] = lambda: str(predict(as_written(patient), bundle))
    found = in_turns(programs, rounds)
    explainer = shap.KernelExplainer(
        lambda rows: pipeline.predict_proba(pd.DataFrame(rows, columns=list(PREDICTORS)))[:, 1],
        values[:BACKGROUND],
    )
    kernel: Program = lambda: explainer.shap_values(patient, silent=True)  # noqa: E731
    took = []
    for _ in range(KERNEL_ROUNDS):
        start = time.process_time()
        kernel()
        took.append(time.process_time() - start)
    found[f"KernelSHAP alone, {BACKGROUND} background patients"] = np.array(took)

    print(f"{machine('sle-ivig-predictor', 'numpy', 'scikit-learn', 'pandas', 'shap')}")
    print(
        f"Ridge, {len(PREDICTORS)} predictors, {COHORT} simulated patients, {RESAMPLES} "
        f"replicates; {rounds} turns, {KERNEL_ROUNDS} of KernelSHAP\n"
    )
    show(found, bare, 1e-3, "ms")


def forest(folder: Path, rounds: int) -> None:
    """One patient by a forest, with TreeSHAP."""
    import shap

    from predictor import load_model, predict
    from predictor.explanation import contributions

    bundle = load_model(write_bundle(folder / "bundle", "random_forest", resamples=0))
    estimator: Any = getattr(bundle.model, "estimator", None)
    patient = patients(31, seed=7)[0]
    row = patient[None]
    explainer = shap.TreeExplainer(estimator)

    def bare_with_building() -> None:
        shap.TreeExplainer(estimator).shap_values(row)
        estimator.predict_proba(row)

    def bare() -> None:
        explainer.shap_values(row)
        estimator.predict_proba(row)

    def with_building() -> None:
        contributions._explainer.cache_clear()
        predict(as_written(patient), bundle)

    name = "`shap_values`, `predict_proba`"
    programs: dict[str, Program] = {name: bare}
    for missing in MISSING:
        written = as_written(patient, missing)
        label = f"`predict`, {missing or 'no'} values missing"
        programs[label] = lambda written=written: predict(written, bundle)
    print(f"{machine('sle-ivig-predictor', 'numpy', 'scikit-learn', 'shap')}")
    print(f"{TREES} trees, {len(PREDICTORS)} predictors, {COHORT} patients; {rounds} turns\n")
    print("Explainer built once:\n")
    show(in_turns(programs, rounds), name, 1e-3, "ms")
    print("\nExplainer built in every call:\n")
    built: dict[str, Program] = {name: bare_with_building, "`predict`": with_building}
    show(in_turns(built, rounds), name, 1e-3, "ms")


def million(folder: Path, count: int, rounds: int) -> None:
    """From Parquet to Parquet, as whole processes."""
    python = sys.executable
    write_bundle(folder / "bundle", "ridge")
    write_patients(folder, count)
    print(f"{machine('sle-ivig-predictor', 'numpy', 'pyarrow')}")
    print(
        f"{count} patients, {len(PREDICTORS)} predictors, {RESAMPLES} replicates; {rounds} turns\n"
    )
    print(
        "| patients | pyarrow reads, CPU s | pyarrow writes, CPU s | `predict`, CPU s | wall, s "
        "| peak, MB | reading and writing = 1 |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    labels = {
        "complete.parquet": "all complete",
        "tenth.parquet": "a tenth with one value missing",
        "many.parquet": "every 20th value missing",
    }
    for file, label in labels.items():
        turns = []
        for turn in range(rounds + 1):  # the first warms the file cache and is not counted
            ours = measure([python, "-c", OURS.format(file=file)], folder)
            bare = measure([python, "-c", BARE.format(file=file)], folder)
            answered, refused, peak = map(int, ours.output.split())
            if answered + refused != count:
                raise RuntimeError(ours.output)
            read, written = map(float, bare.output.split())
            if turn:
                ratio = ours.cpu / (read + written)
                turns.append((read, written, ours.cpu, ours.wall, peak / 1024, ratio))
        read, written, cpu, wall, peak_mb, ratio = np.median(turns, axis=0)
        print(
            f"| {label} | {read:.2f} | {written:.2f} | {cpu:.2f} | {wall:.2f} | {peak_mb:.0f} "
            f"| {ratio:.2f} |",
            flush=True,
        )


def write_patients(folder: Path, count: int) -> None:
    """Three files of the same simulated patients, with more and more gaps."""
    import pyarrow as pa
    from pyarrow import parquet

    command = [sys.executable, "-m", "predictor", "simulate", "--scenario", "strong"]
    command += ["--patients", str(count), "--seed", "2", "--out", "simulated.parquet"]
    measure(command, folder)
    columns = ["patient", *PREDICTORS]
    table = parquet.read_table(folder / "simulated.parquet", columns=columns)
    parquet.write_table(table, folder / "complete.parquet")
    generator = np.random.default_rng(3)
    one_each = np.where(
        generator.random(count) < 0.1, generator.integers(0, len(NUMBERS), count), -1
    )
    tenth = many = table
    for j, name in enumerate(PREDICTORS):
        place = table.schema.get_field_index(name)
        for missing, which in ((one_each == j, "tenth"), (generator.random(count) < 0.05, "many")):
            column = pa.compute.if_else(pa.array(missing), None, table.column(name))
            if which == "tenth":
                tenth = tenth.set_column(place, name, column)
            else:
                many = many.set_column(place, name, column)
    parquet.write_table(tenth, folder / "tenth.parquet")
    parquet.write_table(many, folder / "many.parquet")


if __name__ == "__main__":
    main()
