"""The tables of the simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSIONS = {
    "apparent": "apparent",
    "cross_validated": "cross-validated",
    "harrell": "Harrell",
    "b632": ".632",
    "b632plus": ".632+",
    "oob": "out of bag",
}
INTERVALS = {"cross_validated": "cross-validated", "corrected": "corrected"}
ALPHA = 0.05

Rows = Sequence[Mapping[str, Any]]


def without_signal(rows: Rows) -> str:
    """Figures where there is nothing to be found, and how often something was."""
    lines = [
        "| AUROC | mean | standard error of the mean | above 0.5 by | SD over cohorts |",
        "|---|---:|---:|---:|---:|",
    ]
    for version, label in VERSIONS.items():
        values = figures(rows, "auroc", version)
        known = values[np.isfinite(values)]
        error = known.std(ddof=1) / np.sqrt(len(known))
        lines.append(
            f"| {label} | {known.mean():.3f} | {error:.4f} | {known.mean() - 0.5:+.3f} "
            f"| {known.std(ddof=1):.3f} |"
        )
    found = np.array([row["p_value"] <= ALPHA for row in rows])
    lines += ["", "| claim | cohorts | share, exact 95% interval |", "|---|---:|---:|"]
    lines.append(f"| signal found (permutation p at most {ALPHA}) | {share(found)} |")
    for version, label in INTERVALS.items():
        above = figures(rows, "auroc", f"{version}_low") > 0.5
        lines.append(f"| {label} interval of the AUROC above 0.5 | {share(above)} |")
    apparent = figures(rows, "auroc", "harrell") > 0.6
    lines.append(f"| Harrell's AUROC above 0.6 | {share(apparent)} |")
    return "\n".join(lines)


def with_signal(rows: Rows) -> str:
    """Estimates against the truth of each fitted model, and what the intervals hold."""
    lines = []
    for name, label in (("auroc", "AUROC"), ("calibration_slope", "slope"), ("brier", "Brier")):
        truth = np.array([number(row["truth"][name]) for row in rows])
        lines += [
            f"| {label} | mean | truth, mean | bias | median bias | RMSE | defined |",
            "|---|---:|---:|---:|---:|---:|---:|",
        ]
        for version, version_label in VERSIONS.items():
            values = figures(rows, name, version)
            both = np.isfinite(values) & np.isfinite(truth)
            if not both.any():
                continue
            off = values[both] - truth[both]
            lines.append(
                f"| {version_label} | {values[both].mean():.3f} | {truth[both].mean():.3f} "
                f"| {off.mean():+.3f} | {np.median(off):+.3f} | {np.sqrt((off**2).mean()):.3f} "
                f"| {both.sum()} |"
            )
        lines.append("")
    lines += [
        "| 95% interval | holds the truth | share, exact 95% interval | median width |",
        "|---|---:|---:|---:|",
    ]
    for name, label in (("auroc", "AUROC"), ("calibration_slope", "slope"), ("brier", "Brier")):
        truth = np.array([number(row["truth"][name]) for row in rows])
        for version, version_label in INTERVALS.items():
            low, high = (figures(rows, name, f"{version}_{side}") for side in ("low", "high"))
            known = np.isfinite(low) & np.isfinite(high) & np.isfinite(truth)
            if not known.any():
                continue
            holds = (low[known] <= truth[known]) & (truth[known] <= high[known])
            width = np.median(high[known] - low[known])
            lines.append(f"| {label}, {version_label} | {share(holds)} | {width:.2f} |")
    found = np.array([row["p_value"] <= ALPHA for row in rows])
    count, rest = share(found).split(" | ")
    lines += ["", f"Signal found (permutation p at most {ALPHA}) in {count} cohorts, {rest}."]
    return "\n".join(lines)


def figures(rows: Rows, name: str, version: str) -> NDArray[np.float64]:
    """One version of a figure over cohorts, NaN where it is not defined."""
    return np.array([number(row["figures"][name][version]) for row in rows])


def number(value: float | None) -> float:
    """NaN for what is not defined."""
    return np.nan if value is None else value


def share(hits: NDArray[np.bool_]) -> str:
    """Count, and percentage with its exact interval (Clopper and Pearson)."""
    from scipy.stats import binomtest

    result = binomtest(int(hits.sum()), len(hits))
    low, high = result.proportion_ci(0.95, method="exact")
    percent = 100 * hits.mean()
    return f"{hits.sum()} of {len(hits)} | {percent:.1f}% ({100 * low:.1f} to {100 * high:.1f})"
