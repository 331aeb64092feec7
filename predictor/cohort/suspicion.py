"""Signs that a cohort would teach the wrong thing: leakage, order of rows, empty predictors.

Perfect separation can be chance when few patients have a value, so it is called leakage only
where the permutation probability of such a separation is below 1 in 1,000.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.performance.discrimination import auroc

_CHANCE = 0.001
_NEARLY = 0.98
_MUCH_MISSING = 0.2
_Z = 3.29  # two-sided p = 0.001


@dataclass(frozen=True, slots=True)
class Finding:
    """One suspicion about a predictor or about the rows."""

    code: str
    message: str
    fatal: bool


def of_predictor(
    variable: Variable, values: NDArray[np.float64], outcome: NDArray[np.float64]
) -> Iterator[Finding]:
    """What is suspicious about one predictor.

    Parameters
    ----------
    variable
        Its entry in the dictionary.
    values
        Shape (patients,), NaN for missing.
    outcome
        0 or 1, shape (patients,).
    """
    missing = np.isnan(values)
    known = ~missing
    if not known.any():
        yield Finding("all_missing", "no analysed patient has a value. Remove the predictor.", True)
        return
    if len(np.unique(values[known])) == 1:
        yield Finding(
            "constant", "all known values are the same. Remove the predictor.", not missing.any()
        )
    share = missing.mean()
    if share > _MUCH_MISSING:
        yield Finding("often_missing", f"{share:.0%} of the values are missing.", False)
    if missing.any() and _separates(missing.astype(float), outcome, nominal=False):
        yield _leakage("whether it is missing tells the outcome exactly")
    elif _separates(values[known], outcome[known], nominal=variable.kind == "nominal"):
        yield _leakage("it tells the outcome exactly")
    elif variable.kind != "nominal" and 0 < outcome[known].sum() < known.sum():
        area = auroc(outcome[known], values[known])
        if max(area, 1 - area) >= _NEARLY and _chance(outcome[known]) < _CHANCE:
            yield Finding(
                "nearly_separates", "it tells the outcome almost exactly; is it from later?", False
            )


def of_rows(
    values: NDArray[np.float64],
    outcome: NDArray[np.float64],
    patient: NDArray[np.int64] | None = None,
) -> Iterator[Finding]:
    """What is suspicious about the rows as a whole: their order, and copies among them.

    Parameters
    ----------
    values
        Shape (patients, variables), NaN for missing.
    outcome
        0 or 1, shape (patients,).
    patient
        Whose row it is, shape (patients,). Rows of one patient stand together and are alike, so
        only the first of each is held against chance.
    """
    n = len(outcome)
    first = np.arange(n) if patient is None else np.sort(np.unique(patient, return_index=True)[1])
    if _ordered(outcome[first]):
        yield Finding(
            "row_order",
            "the order of the rows tells the outcome (p < 0.001); it is not used, but ask why.",
            False,
        )
    rows = np.ascontiguousarray(np.column_stack([np.nan_to_num(values, nan=1e300), outcome]) + 0.0)
    distinct = len({row.tobytes() for row in rows})
    if distinct < n:
        yield Finding(
            "identical_rows",
            f"{n - distinct} rows repeat another in every predictor and the outcome.",
            False,
        )


def _ordered(outcome: NDArray[np.float64]) -> bool:
    """Whether outcomes rise, fall or clump along the rows beyond chance."""
    n, events = len(outcome), float(outcome.sum())
    others = n - events
    if not events or not others:
        return False
    # Mann-Whitney test of the row numbers.
    area = auroc(outcome, np.arange(n, dtype=float))
    trend = (area - 0.5) / math.sqrt((n + 1) / (12 * events * others))
    # Wald-Wolfowitz runs: blocks of equal outcome that no single trend shows.
    runs = 1 + np.count_nonzero(np.diff(outcome))
    expected = 1 + 2 * events * others / n
    variance = (expected - 1) * (expected - 2) / (n - 1)
    clumping = (runs - expected) / math.sqrt(variance) if variance > 0 else 0.0
    return abs(trend) > _Z or abs(clumping) > _Z


def _leakage(what: str) -> Finding:
    return Finding(
        "suspected_leakage",
        f"suspected leakage: {what}. Remove it, or after checking by hand name it under "
        "`cohort.accept_suspected_leakage`.",
        True,
    )


def _separates(values: NDArray[np.float64], outcome: NDArray[np.float64], *, nominal: bool) -> bool:
    """Whether values tell the outcome exactly and chance would hardly do so."""
    with_event, without = values[outcome == 1], values[outcome == 0]
    if not len(with_event) or not len(without):
        return False
    if nominal:
        by_chance = _chance(outcome, len(np.unique(values)))
        return by_chance < _CHANCE and not np.intersect1d(with_event, without).size
    if _chance(outcome) >= _CHANCE:
        return False
    return bool(with_event.min() > without.max() or with_event.max() < without.min())


def _chance(outcome: NDArray[np.float64], states: int = 1) -> float:
    """Bound on the probability that random values separate these outcomes.

    Of all arrangements, 2 put one outcome above the other along an order. Unordered states can be
    dealt to the two outcomes in 2**states - 2 ways, so many rare states separate by themselves.
    """
    n, events = len(outcome), int(outcome.sum())
    arrangements = math.lgamma(n + 1) - math.lgamma(events + 1) - math.lgamma(n - events + 1)
    return math.exp(min(0.0, max(1, states) * math.log(2) - arrangements))
