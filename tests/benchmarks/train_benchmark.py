"""Both shipped studies from the command line to bundle and record, beside scikit-learn by hand.

python tests/benchmarks/train_benchmark.py --data FOLDER [--workers 2] [--study NAME]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

STUDIES = {
    "sle_low_disease_activity": "gse65391_response_index.csv",
    "thiopurine_remission": "thiomon.csv",
}


def main() -> None:
    """Measure and print tables."""
    from measuring import machine

    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="folder of the two files")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--study", choices=STUDIES, action="append")
    given = parser.parse_args()
    print(machine("sle-ivig-predictor", "scikit-learn", "numpy", "scipy", "shap", "mlflow"))
    print(f"{given.workers} workers")
    for study in given.study or STUDIES:
        compare(study, (given.data / STUDIES[study]).resolve(), given.workers)


def compare(study: str, data: Path, workers: int) -> None:
    """One study by the package, then by hand, in the same empty folder."""
    from measuring import Cost, measure

    by_hand = str(Path(__file__).with_name("by_hand.py"))
    python, common = sys.executable, [study, "--data", data.name, "--workers", str(workers)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(data, folder)
        ours = [python, "-m", "predictor", "train", *common, "--format", "json"]
        costs: dict[str, Cost] = {
            "`predictor train`": measure(ours, folder, memory=True),
            "scikit-learn by hand": measure([python, by_hand, *common], folder, memory=True),
        }
        first, second = costs.values()
        trained: dict[str, Any] = json.loads(first.output)
        alternative: dict[str, Any] = json.loads(second.output)
        manifest = json.loads((folder / trained["bundle"] / "manifest.json").read_text())
    print(f"\n### `{study}`\n")
    print("| | wall, s | CPU, s | memory, MB |\n|---|---:|---:|---:|")
    for label, cost in costs.items():
        megabytes = (cost.memory or 0) / 1e6
        print(f"| {label} | {cost.wall:.0f} | {cost.cpu:.0f} | {megabytes:.0f} |")
    ratios = (second.wall / first.wall, second.cpu / first.cpu)
    print(f"| by hand / package | {ratios[0]:.1f} | {ratios[1]:.1f} | |")
    stages = ", ".join(f"{name} {spent:.1f} s" for name, spent in trained["seconds"].items())
    print(f"\nStages: {stages}.\n")
    print("| candidate | fits, s | by hand | AUROC | by hand | log loss | by hand |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for model in trained["models"]:
        other = alternative[model["name"]]
        print(
            f"| {model['label']} | {manifest['timings']['fit ' + model['name']]:.1f} "
            f"| {other['seconds']:.1f} | {model['auroc']:.3f} | {other['auroc']:.3f} "
            f"| {model['log_loss']:.3f} | {other['log_loss']:.3f} |"
        )


if __name__ == "__main__":
    main()
