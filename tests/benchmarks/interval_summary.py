"""The tables of the simulation of intervals. Standard errors are over cohorts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

METHODS = {
    "printed": "printed: unpenalised refits, core of them, mean ± 1.96 SD",
    "firth, normal": "unpenalised, model ± 1.96 SD of all refits",
    "firth, percentile": "unpenalised, percentile",
    "firth, bias-corrected": "unpenalised, bias-corrected",
    "ridge, normal": "the ridge procedure, model ± 1.96 SD",
    "ridge, percentile": "the ridge procedure, percentile",
    "ridge, bias-corrected": "the ridge procedure, bias-corrected",
}
MANY = 0.1

Row = Mapping[str, Any]
Rows = Mapping[tuple[str, str, int], Sequence[Row]]
Floats = NDArray[np.float64]


def tables(rows: Rows) -> str:
    """Every table that there are cohorts for."""
    parts: dict[str, Callable[[Rows], str]] = {
        "intervals": intervals,
        "gaps": gaps,
        "resamples": resamples,
        "unlike": unlike,
    }
    made = []
    for part, table in parts.items():
        own = {key: found for key, found in rows.items() if key[0] == part}
        if own:
            made.append(f"\n### {part}\n\n{cohorts(own)}\n\n{table(own)}")
    return "\n".join(made)


def cohorts(rows: Rows) -> str:
    """How many cohorts there are of each kind."""
    counts = (f"{len(found)} of {n} ({kind})" for (_, kind, n), found in rows.items())
    return f"Cohorts: {', '.join(counts)}."


def intervals(rows: Rows) -> str:
    """Coverage of every interval, a table for each size of cohort."""
    lines = []
    for n in sizes(rows):
        kinds = [kind for _, kind, size in rows if size == n]
        lines += [
            f"| {n} patients | " + " | ".join(f"{k}: all | farthest | width" for k in kinds)
            + " | point inside |",
            "|---|" + "---:|" * (3 * len(kinds) + 1),
        ]  # fmt: skip
        errors = ErrorsOfMeans()
        for method, label in METHODS.items():
            cells, inside = [], []
            for kind in kinds:
                found = rows["intervals", kind, n]
                cells.append(errors.share(values(found, method, "holds"), "all"))
                cells.append(errors.share(values(found, method, "holds_extreme"), "farthest"))
                cells.append(f"{values(found, method, 'width').mean():.2f}")
                inside.append(values(found, method, "inside").mean())
            lines.append(f"| {label} | {' | '.join(cells)} | {percent(min(inside))} |")
        lines += ["", str(errors), ""]
    return "\n".join(lines)


def gaps(rows: Rows) -> str:
    """Coverage of the printed interval by the number of values that are missing."""
    lines = [
        "| patients | signal | missing | given the known | given all | width | by the gaps |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    errors = ErrorsOfMeans()
    for (_, kind, n), found in rows.items():
        for number in (0, 1, 2):
            known, whole = (
                errors.share(values(found, f"{number}, {truth}", "holds"), "all")
                for truth in ("known", "whole")
            )
            width = values(found, f"{number}, known", "width").mean()
            widening = values(found, f"{number}, known", "widening").mean()
            lines.append(
                f"| {n} | {kind} | {number} | {known} | {whole} | {width:.2f} | {widening:.2f} |"
            )
    return "\n".join([*lines, "", str(errors)])


def resamples(rows: Rows) -> str:
    """The printed interval with few and with many resamples."""
    lines = [
        "| signal | resamples | all | farthest | width | ends differ by |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    errors = ErrorsOfMeans()
    for (_, kind, _), found in rows.items():
        moved = f"{values(found, 'moved', 'ends').mean():.3f}"
        for number in sorted((name for name in found[0]["found"] if name.isdigit()), key=int):
            lines.append(
                f"| {kind} | {number} | {errors.share(values(found, number, 'holds'), 'all')} "
                f"| {errors.share(values(found, number, 'holds_extreme'), 'farthest')} "
                f"| {values(found, number, 'width').mean():.2f} | {moved} |"
            )
            moved = ""
    return "\n".join([*lines, "", str(errors)])


def unlike(rows: Rows) -> str:
    """Share of patients called unlike, and their median percentile."""
    columns = list(rows)
    names = list(next(iter(rows.values()))[0]["found"])
    lines = [
        "| patients from | " + " | ".join(f"{kind}, {n}" for _, kind, n in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    errors = ErrorsOfMeans()
    for name in names:
        cells = []
        for key in columns:
            flagged = errors.share(values(rows[key], name, "flagged"), "flagged")
            cells.append(f"{flagged} ({values(rows[key], name, 'percentile').mean():.2f})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    same = [values(rows[key], names[0], "flagged") for key in columns]
    many = " | ".join(percent((flagged > MANY).mean()) for flagged in same)
    lines.append(f"| cohorts that call more than {MANY:.0%} of their own kind unlike | {many} |")
    return "\n".join([*lines, "", str(errors)])


class ErrorsOfMeans:
    """Writes means over cohorts as percentages and remembers their largest standard errors."""

    def __init__(self) -> None:
        self.largest: dict[str, float] = {}

    def share(self, found: Floats, name: str) -> str:
        """A mean over cohorts, whose patients are no independent ones."""
        error = found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.nan
        self.largest[name] = max(self.largest.get(name, 0.0), float(error))
        return percent(found.mean())

    def __str__(self) -> str:
        parts = (f"{name} {100 * error:.1f}" for name, error in self.largest.items())
        return f"Largest standard errors, percentage points: {', '.join(parts)}."


def sizes(rows: Rows) -> list[int]:
    """Sizes of cohorts, in the order they come."""
    return list(dict.fromkeys(n for _, _, n in rows))


def values(found: Sequence[Row], method: str, name: str) -> Floats:
    """One figure over cohorts, without those in which it is not defined."""
    every = (row["found"][method][name] for row in found)
    return np.array([value for value in every if value is not None])


def percent(share: float) -> str:
    """With one digit.

    >>> percent(0.9512)
    '95.1%'
    """
    return f"{100 * share:.1f}%"
