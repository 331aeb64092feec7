"""Time and peak memory of making a cohort from visits, beside reading the file alone.

Run:  python tests/benchmarks/records_benchmark.py [VISITS ...]
Visits of one tenth as many patients are made with a seed, in the order of their days, so that a
patient's visits stand far apart. Each measurement is a process of its own; seconds are counted from
when everything is imported. "Reading" is the whole Parquet file into memory as PyArrow has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from measuring import machine
from pyarrow import parquet

SIZES = (100_000, 1_000_000, 10_000_000)
SEED = 20241120
VISITS_EACH = 10

STUDY = """
name: visits
question:
  outcome: low
  event: [1]
  horizon: 6 months
  population: simulated patients
cohort:
  visits: {patient: patient, time: day, unit: days}
  index: {first: sledai_2k >= 6}
  baseline: {latest_within: [-30, 0], variables: {c3: {latest_within: [-90, 0]}}}
  outcome: {rule: sledai_2k <= 4 and not fever, at: {nearest: 180, within: [90, 365]}}
predictors: [age, sex, sledai_2k, c3, c4, esr, wbc, platelets, creatinine, albumin]
baseline: sledai_2k
models: {ridge: {}}
"""

READ = """
import json, sys, time
from pyarrow import parquet
wall, cpu = time.perf_counter(), time.process_time()
parquet.read_table(sys.argv[1])
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
"""

MAKE = """
import json, sys, time
from pathlib import Path
import predictor.study, predictor.workflow.cohort, pyarrow.csv, pyarrow.parquet, pyarrow.compute
wall, cpu = time.perf_counter(), time.process_time()
made = predictor.workflow.cohort.write_cohort_file(sys.argv[2], sys.argv[1], out=Path(sys.argv[3]))
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))
print(json.dumps([step.patients for step in made.cohort.flow]))
"""


def write_visits(path: Path, visits: int) -> None:
    """Make visits of patients who exist nowhere."""
    rng = np.random.default_rng(SEED)
    patients = max(visits // VISITS_EACH, 1)
    patient = rng.integers(patients, size=visits)
    day = np.sort(rng.integers(0, 3_650, size=visits))
    # One visit a day: the first of each stays, so a little fewer are written.
    _, first = np.unique(patient * 3_650 + day, return_index=True)
    keep = np.sort(first)
    patient, day = patient[keep], day[keep]
    n = len(keep)

    def measured(low: float, high: float, missing: float) -> pa.Array:
        values = np.round(rng.uniform(low, high, n), 1)
        values[rng.random(n) < missing] = np.nan
        return pa.array(values, from_pandas=True)

    ids = pa.array([f"P{number:07d}" for number in range(patients)])
    table = {
        "patient": pa.DictionaryArray.from_arrays(pa.array(patient.astype(np.int32)), ids).cast(
            pa.string()
        ),
        "day": pa.array(day.astype(np.float64)),
        "sex": pa.array(np.array(["female", "male"])[(patient % 10 == 0).astype(int)]),
        "age": pa.array(20 + patient % 50 + day // 365),
        "sledai_2k": pa.array(rng.integers(0, 13, n).astype(np.float64)),
        "fever": pa.array((rng.random(n) < 0.05).astype(np.float64)),
        "c3": measured(40, 180, 0.1),
        "c4": measured(5, 50, 0.1),
        "esr": measured(2, 90, 0.2),
        "wbc": measured(2, 15, 0.1),
        "platelets": measured(60, 400, 0.1),
        "creatinine": measured(0.4, 2, 0.1),
        "albumin": measured(2, 5, 0.3),
        "weight": measured(40, 100, 0.5),
        "ward": pa.array(np.array(["A", "B", "C", "D"])[rng.integers(0, 4, n)]),
    }
    parquet.write_table(pa.table(table), path)


def measured_in(script: str, *arguments: str) -> tuple[list[list[float]], float]:
    """What a script prints, and its peak memory in MB."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("the measured process failed")
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts in kilobytes
    return [json.loads(line) for line in printed.splitlines()], usage.ru_maxrss * unit / 1e6


def main(sizes: tuple[int, ...]) -> None:
    print(machine("numpy", "pyarrow"))
    print(
        f"{'visits':>10} {'patients':>9} {'analysed':>9} {'file MB':>8} {'read s':>7} "
        f"{'cohort s':>9} {'times':>6} {'CPU s':>6} {'CPU times':>10} {'peak MB':>8}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = folder / "study.yaml"
        study.write_text(STUDY, encoding="utf-8")
        for size in sizes:
            path = folder / f"visits{size}.parquet"
            write_visits(path, size)
            (read, *_), _ = measured_in(READ, str(path))
            (made, flow), memory = measured_in(
                MAKE, str(path), str(study), str(folder / "cohort.parquet")
            )
            print(
                f"{parquet.read_metadata(path).num_rows:>10} {int(flow[0]):>9} {int(flow[-1]):>9} "
                f"{path.stat().st_size / 1e6:>8.1f} {read[0]:>7.2f} {made[0]:>9.2f} "
                f"{made[0] / read[0]:>6.1f} {made[1]:>6.2f} {made[1] / read[1]:>10.1f} "
                f"{memory:>8.0f}"
            )
            path.unlink()


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
