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
# The first two are printed by training; the others are what could be printed instead.
INTERVALS = {
    "corrected": "corrected, as printed",
    "cross_validated": "cross-validated",
    "shifted": "corrected, location-shifted",
    "published": "Harrell, location-shifted",
    "left_out": "corrected, out-of-bag quantiles",
    "harrell": "as wide as the cross-validated one, around Harrell",
    "b632plus": "as wide as the cross-validated one, around .632+",
}
OF_EVERY_FIGURE = {"corrected", "cross_validated", "shifted", "left_out"}
ALPHA = 0.05

Rows = Sequence[Mapping[str, Any]]
Floats = NDArray[np.float64]


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
        above = bounds(rows, "auroc", version)[0] > 0.5
        lines.append(f"| 95% interval of the AUROC above 0.5: {label} | {share(above)} |")
    for version in ("harrell", "b632plus"):
        high = figures(rows, "auroc", version) > 0.6
        lines.append(f"| AUROC above 0.6: {VERSIONS[version]} | {share(high)} |")
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
            if name != "auroc" and version not in OF_EVERY_FIGURE:
                continue
            low, high = bounds(rows, name, version)
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


def figures(rows: Rows, name: str, version: str) -> Floats:
    """One version of a figure over cohorts, NaN where it is not defined."""
    return np.array([number(row["figures"][name][version]) for row in rows])


def bounds(rows: Rows, name: str, version: str) -> tuple[Floats, Floats]:
    """Low and high ends of one kind of interval, NaN where there is none."""
    if version in OF_EVERY_FIGURE:
        return figures(rows, name, f"{version}_low"), figures(rows, name, f"{version}_high")
    if version == "published":
        move = figures(rows, name, "harrell") - figures(rows, name, "corrected")
        low, high = bounds(rows, name, "shifted")
        return low + move, high + move
    centre, other = figures(rows, name, version), figures(rows, name, "cross_validated")
    ends = [figures(rows, name, f"cross_validated_{side}") for side in ("low", "high")]
    if name != "auroc":
        return centre + ends[0] - other, centre + ends[1] - other
    low, high = (expit(logit(centre) + logit(end) - logit(other)) for end in ends)
    return low, high


def logit(p: Floats) -> Floats:
    """Log-odds of something between 0 and 1; the ends are moved inside."""
    inside = np.clip(p, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def expit(x: Floats) -> Floats:
    """Inverse of :func:`logit`."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


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
