"""How many patients were needed, under which assumption, and how many at what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from predictor.errors import LearningError
from predictor.report.document import Column, Table
from predictor.validation.reported import is_flexible
from predictor.validation.samplesize import SampleSize, required

TABLE = "Patients that the sample-size criteria ask for"
NOTE = (
    "Riley and colleagues, BMJ 2020;368:m441, for {parameters} candidate parameters; the largest "
    "of the three counts. What was found is the Cox-Snell R-squared out of fold, from the log loss "
    "of the model and of the prevalence. It was not used for the verdict, because a small cohort "
    "does not know it well; but where it lies below what was assumed, more patients are needed."
)
AT_ASSUMED = "At {assumed}"
AT_FOUND = (
    "At the Cox-Snell R-squared that was found out of fold, {r2:.3f} instead of the {assumed:.3f} "
    "that was assumed, {needed:,} with {needed_events:,} events would be needed."
)
NOTHING_FOUND = (
    "Out of fold the model explains nothing (a Cox-Snell R-squared of at most 0), where "
    "{assumed:.3f} was assumed; at that no number of patients would do."
)
FOR_FLEXIBLE = (
    "The number needed is that of a regression with as many parameters. A model that finds its own "
    "form, such as {label}, needs several times more (van der Ploeg, Austin and Steyerberg, BMC "
    "Med Res Methodol 2014;14:137)."
)

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AtFound:
    """What the criteria ask for at the R-squared that was found.

    Parameters
    ----------
    r2, assumed
        Cox-Snell R-squared, found out of fold and assumed.
    needed
        None where what was found is nothing.
    """

    r2: float
    assumed: float
    needed: SampleSize | None


def at_found(manifest: _Row) -> AtFound | None:
    """How many patients would be needed if the model were as good as it was out of fold.

    Returns
    -------
    AtFound
        None where the bundle does not hold what it takes, or everybody gets the prevalence.

    Notes
    -----
    Twice the gain in mean log-likelihood over the prevalence is minus the logarithm of one less the
    Cox-Snell R-squared.
    """
    validation = manifest.get("validation") or {}
    size, rows = validation.get("sample_size") or {}, validation.get("models") or ()
    by_name = {row.get("name"): row for row in rows}
    chosen = next((row for row in rows if row.get("chosen")), None)
    base = by_name.get("prevalence")
    if chosen is None or base is None or chosen is base or size.get("r2_cox_snell") is None:
        return None
    if chosen.get("log_loss") is None or base.get("log_loss") is None:
        return None
    r2 = r2_from_log_loss(float(base["log_loss"]), float(chosen["log_loss"]))
    try:
        needed = required(float(size["prevalence"]), int(size["parameters"]), r2=r2)
    except LearningError:  # nothing, or more than the criteria can be asked at
        needed = None
    return AtFound(r2, float(size["r2_cox_snell"]), needed)


def r2_from_log_loss(base: float, model: float) -> float:
    """Cox-Snell R-squared from mean log losses.

    >>> round(r2_from_log_loss(0.692, 0.667), 3)
    0.049
    """
    return -math.expm1(-2.0 * (base - model))


def found_line(manifest: _Row) -> str | None:
    """One sentence on the second number; None where there is none."""
    found = at_found(manifest)
    if found is None:
        return None
    if found.needed is None:
        return NOTHING_FOUND.format(assumed=found.assumed) if found.r2 <= 0.001 else None
    return AT_FOUND.format(
        r2=found.r2,
        assumed=found.assumed,
        needed=found.needed.n,
        needed_events=found.needed.whole_events,
    )


def flexible_line(manifest: _Row) -> str | None:
    """That a flexible model needs more; None for a formula."""
    if not is_flexible(manifest):
        return None
    return FOR_FLEXIBLE.format(label=str(manifest["model"].get("label", "this one")).lower())


def needed_table(manifest: _Row) -> Table | None:
    """The three criteria, at what was assumed and at what was found; None of an older bundle."""
    size = (manifest.get("validation") or {}).get("sample_size") or {}
    if not size.get("criteria"):
        return None
    found = at_found(manifest)
    second = {} if found is None or found.needed is None else _by_name(found.needed)
    rows = [
        {"label": row["label"], "assumed": row["n"], "found": second.get(row["name"])}
        for row in size["criteria"]
    ]
    rows.append(
        {"label": "all three", "assumed": size["n"], "found": max(second.values(), default=None)}
    )
    return Table(
        "verdict-size-table",
        TABLE,
        (
            Column("label", "Criterion"),
            Column("assumed", AT_ASSUMED.format(assumed=size["assumed"]), "count"),
            Column("found", "At the R-squared found", "count"),
        ),
        tuple(rows),
        note=NOTE.format(parameters=size["parameters"]),
        folded=True,
    )


def _by_name(needed: SampleSize) -> dict[str, int]:
    return {criterion.name: criterion.n for criterion in needed.criteria}
