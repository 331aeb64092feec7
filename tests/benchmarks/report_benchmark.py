"""Seconds and size of writing the report of finished bundles again, as whole processes.

python tests/benchmarks/report_benchmark.py remission runs/first [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

FILES = ("report.html", "report.json", "model_card.md")


def main() -> None:
    """Measure and print a table."""
    from measuring import machine, measure

    from predictor.fitted.bundle import load_bundle, locate_bundle

    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="+", help="Bundles, by path or shipped name.")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print(f"{machine('sle-ivig-predictor', 'numpy', 'jinja2')}; {given.rounds} rounds\n")
    print(
        "| bundle | model | patients | seconds (median) | slowest | CPU, s (median) "
        "| page, kB | data, kB | card, lines |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for model in given.models:
        bundle = load_bundle(model)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            command = [sys.executable, "-m", "predictor", "report", str(locate_bundle(model))]
            command += ["--out", "made"]
            # The first round warms the file cache and is not counted.
            costs = [measure(command, folder) for _ in range(given.rounds + 1)][1:]
            page, data, card = ((folder / "made" / name).read_bytes() for name in FILES)
        wall = [cost.wall for cost in costs]
        cells = (
            f"`{bundle.name}`",
            bundle.manifest["model"]["label"],
            f"{bundle.manifest['cohort']['patients']:,}",
            f"{statistics.median(wall):.1f}",
            f"{max(wall):.1f}",
            f"{statistics.median(cost.cpu for cost in costs):.1f}",
            f"{len(page) / 1000:.0f}",
            f"{len(data) / 1000:.0f}",
            str(len(card.splitlines())),
        )
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
