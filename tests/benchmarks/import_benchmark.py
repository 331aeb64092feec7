"""CPU of importing and of answering, as whole processes, beside `import numpy`.

python tests/benchmarks/import_benchmark.py [--rounds 31]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "house"))

PATIENT = {"age": 12, "sex": "female", "sledai_2k": 12, "c3": "0.45 g/L", "c4": 5, "esr": 60}

SHIPPED = "remission"
"""A shipped bundle, with replicates and moments."""

COMPLETE = {
    "anti_dsdna": 60,
    "c3": "0.63 g/L",
    "c4": 8,
    "crp": 20,
    "platelets": 110,
    "proteinuria": 900,
}
GAPS = {name: value for name, value in COMPLETE.items() if name not in ("crp", "c4")}

ANSWER = """
from predictor import predict
print(predict({patient!r}, model="bundle"))
"""


def main() -> None:
    """Measure and print a table."""
    from measuring import machine, measure
    from small_bundle import write_bundle

    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_bundle(folder / "bundle")
        written = {"patient": PATIENT, "complete": COMPLETE, "gaps": GAPS}
        for name, patient in written.items():
            (folder / f"{name}.json").write_text(json.dumps(patient))
        python = sys.executable
        command = [python, "-m", "predictor", "predict"]
        programs = {
            "`python -c pass`": [python, "-c", "pass"],
            "`import predictor`": [python, "-c", "import predictor"],
            "`import numpy`": [python, "-c", "import numpy"],
            "`from predictor import predict`": [python, "-c", "from predictor import predict"],
            "the same, and one patient answered": [python, "-c", ANSWER.format(patient=PATIENT)],
            "`predictor predict patient.json --model bundle`": [
                *command,
                *("patient.json", "--model", "bundle"),
            ],
            f"`predictor predict patient.json --model {SHIPPED}`": [
                *command,
                *("complete.json", "--model", SHIPPED),
            ],
            "the same, two of six values missing": [
                *command,
                *("gaps.json", "--model", SHIPPED),
            ],
            "`import pandas`": [python, "-c", "import pandas"],
            "`import sklearn.linear_model`": [python, "-c", "import sklearn.linear_model"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for turn in range(rounds + 1):  # the first round warms the file cache and is not counted
            for label, program in programs.items():
                cost = measure(program, folder)
                if turn:
                    seconds[label].append(cost.cpu)
    numpy = statistics.median(seconds["`import numpy`"])
    print(f"{machine('sle-ivig-predictor', 'numpy')}; {rounds} rounds\n")
    print("| process | CPU, ms (median) | quartiles | `import numpy` = 1 |")
    print("|---|---:|---:|---:|")
    for label, found in seconds.items():
        low, middle, high = statistics.quantiles(found, n=4)
        print(
            f"| {label} | {middle * 1000:.0f} | {low * 1000:.0f} to {high * 1000:.0f} "
            f"| {middle / numpy:.2f} |"
        )


if __name__ == "__main__":
    main()
