"""How often `predictor monitor` raises an alarm: with nothing new, and with drifts of known size.

python tests/benchmarks/monitor_simulation.py [--files 200] [--alpha 0.01]

Every file is of simulated patients of the shipped model `remission`, whose outcomes follow the
model's own probabilities, against a reference of 200 others. Printed is the share of the files with
any alarm, and of those with the alarm that belongs to the drift.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from made_hospitals import by_another_assay, in_g_per_l, second_hospital, with_gaps

from predictor.fitted.bundle import open_bundle
from predictor.workflow.monitor import monitor

Drift = Callable[[pd.DataFrame], pd.DataFrame]
SIZES = (50, 100, 200, 400)
REFERENCE = 200


def unchanged(table: pd.DataFrame) -> pd.DataFrame:
    """The patients as they are."""
    return table


EVENTS = {"calibration_batch", "more_events_than_expected", "fewer_events_than_expected"}
DRIFTS: dict[str, tuple[Drift, float, str, set[str]]] = {
    "nothing": (unchanged, 0.0, "", set()),
    "C3 in g/L": (in_g_per_l, 0.0, "c3", {"input_shift"}),
    "anti-dsDNA x 1.5": (by_another_assay, 0.0, "anti_dsdna", {"input_shift"}),
    "CRP missing in 20%": (with_gaps, 0.0, "crp", {"missingness_shift"}),
    "odds of the event halved": (unchanged, -float(np.log(2.0)), "response", EVENTS),
    "odds of the event a third": (unchanged, -float(np.log(3.0)), "response", EVENTS),
}


def main() -> None:
    """Simulate and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=200, help="of each drift and size")
    parser.add_argument("--alpha", type=float, default=0.01)
    given = parser.parse_args()
    bundle = open_bundle("remission")
    print(f"{given.files} files each, alpha {given.alpha:g}, reference of {REFERENCE}\n")
    print("| drift | new patients | any alarm | its own alarm |\n|---|---:|---:|---:|")
    for name, (drift, shift, variable, codes) in DRIFTS.items():
        for size in SIZES:
            any_alarm = own = 0
            for file in range(given.files):
                before = second_hospital(bundle, REFERENCE, seed=10_000 + file)
                after = drift(second_hospital(bundle, size, seed=50_000 + file, shift=shift))
                alarms = monitor("remission", before, after, alpha=given.alpha).alarms
                any_alarm += bool(alarms)
                own += any(a["variable"] == variable and a["code"] in codes for a in alarms)
            shown = f"{100 * own / given.files:.1f}%" if codes else ""
            print(
                f"| {name} | {size} | {100 * any_alarm / given.files:.1f}% | {shown} |", flush=True
            )


if __name__ == "__main__":
    main()
