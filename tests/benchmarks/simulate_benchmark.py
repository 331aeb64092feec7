"""Time and peak memory of simulating a cohort into a file.

Run:  python tests/benchmarks/simulate_benchmark.py
Each line is a process of its own, started anew, imports included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import machine

SIZES = (31, 10_000, 1_000_000)
ONE = """
import sys
from predictor.cohort.published import write_cohort
write_cohort(sys.argv[1], patients=int(sys.argv[2]), seed=1)
"""


def measure(patients: int, suffix: str, folder: Path) -> tuple[float, float, float]:
    """Seconds, peak memory in MB and size of the file in MB."""
    path = folder / f"cohort{patients}.{suffix}"
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", ONE, str(path), str(patients)])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{patients} patients as {suffix} failed")
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts in kilobytes
    return seconds, usage.ru_maxrss * unit / 1e6, path.stat().st_size / 1e6


def main() -> None:
    print(machine("numpy", "scipy", "pyarrow"))
    print(f"{'patients':>9}  {'file':8}{'seconds':>8}{'peak MB':>9}{'file MB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for patients in SIZES:
            for suffix in ("csv", "parquet"):
                seconds, memory, size = measure(patients, suffix, Path(folder))
                print(f"{patients:>9}  {suffix:8}{seconds:8.2f}{memory:9.0f}{size:9.2f}")


if __name__ == "__main__":
    main()
