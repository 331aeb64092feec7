"""Pitfalls that only the patients themselves can show; what leaves here has no patient in it.

Where a patient has several rows, the first one stands for all, because further rows of the same
patient are no further evidence. Counts below the cell size, and shares that would tell them, are
None.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact, rankdata

from predictor.clinical.variable import Variable
from predictor.cohort import suspicion
from predictor.cohort.cohort import Cohort
from predictor.performance.discrimination import auroc
from predictor.performance.estimate import normal_quantile, two_sided_p
from predictor.validation.pitfall import Pitfall, Value, graded, unassessed
from predictor.validation.subgroups import masked

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

STRONG = 0.9
LEAKAGE_P = 0.001
IMPUTED_WARNING, IMPUTED_NOTE = 0.2, 0.05
SMD_WARNING, SMD_NOTE, SMD_P = 0.5, 0.25, 0.01
P_WARNING, P_NOTE = 0.001, 0.01
MOST_COPIES = 0.01
NEARLY = 0.95
ALIKE = 0.9
_MOST_ROWS = 10


@dataclass(frozen=True, slots=True)
class People:
    """One row for each patient of a cohort, in the order of the file.

    Parameters
    ----------
    values : shape (people, variables)
        NaN for missing.
    outcome : shape (people,)
        0 or 1.
    centre : shape (people,), optional
        Codes; None where centres are not known.
    """

    values: Floats
    outcome: Floats
    centre: NDArray[np.int64] | None

    @classmethod
    def of(cls, cohort: Cohort) -> People:
        """First row of every patient; every row where nobody says whose it is."""
        first = np.arange(cohort.patients)
        if cohort.patient is not None:
            first = np.sort(np.unique(cohort.patient, return_index=True)[1])
        centre = cohort.group if cohort.group_kind == "centre" else None
        return cls(
            cohort.values[first],
            cohort.outcome[first].astype(np.float64),
            None if centre is None else centre[first],
        )


def leakage(
    people: People, variables: Sequence[Variable], cell_size: int, *, questions: int = 1
) -> Pitfall:
    """Whether a single predictor tells too much; of so many questions this is one."""
    rows: list[dict[str, Value]] = []
    areas: list[tuple[float, str, bool]] = []
    strong = False
    limit = normal_quantile(1.0 - LEAKAGE_P / max(len(variables), 1) / questions)
    for j, variable in enumerate(variables):
        values = people.values[:, j]
        rows += [
            {"variable": variable.name, "code": finding.code}
            for finding in suspicion.of_predictor(variable, values, people.outcome)
            if finding.code in ("suspected_leakage", "nearly_separates")
        ]
        known = ~np.isnan(values)
        y = people.outcome[known]
        if variable.kind == "nominal" or not 0 < y.sum() < y.size:
            continue
        area = auroc(y, values[known])
        area = max(area, 1.0 - area)
        # Ties make the true standard deviation smaller, so this one is on the safe side.
        spread = math.sqrt((y.size + 1) / (12.0 * y.sum() * (y.size - y.sum())))
        strong |= area >= STRONG and (area - 0.5) / spread > limit
        areas.append((area, variable.name, _tells_counts(values[known], y, cell_size)))
    strongest, name, hidden = max(areas, default=(0.0, "", True))
    figures: dict[str, Value] = {
        "variable": name or None,
        "auroc": None if hidden else round(strongest, 2),
        "suspected": len({row["variable"] for row in rows}),
    }
    return graded("leakage", bool(rows), strong, figures, *rows)


def imputation(
    people: People, variables: Sequence[Variable], used: Sequence[int], cell_size: int
) -> Pitfall:
    """How much of what the model learned from was filled in."""
    gaps: Flags = np.isnan(people.values[:, list(used)])
    counts = gaps.sum(axis=0)
    # A hidden count is judged as the largest that it could be, so that the result does not tell it.
    hidden = (counts > 0) & (counts < cell_size)
    shares = np.where(hidden, cell_size - 1, counts) / len(gaps)
    order = [int(k) for k in np.argsort(-shares, kind="stable")]
    rows: list[dict[str, Value]] = [
        {"variable": variables[used[k]].name, "share": _shown(gaps[:, k], cell_size)} for k in order
    ]
    figures: dict[str, Value] = {
        "variable": rows[0]["variable"] if shares.any() else None,
        "share": rows[0]["share"],
        "above": int((shares > IMPUTED_WARNING).sum()),
        # Where one count is hidden, that of all together would narrow it down.
        "patients": None if hidden.any() else _shown(np.asarray(gaps.any(axis=1)), cell_size),
    }
    largest = float(shares.max())
    concerned = rows[: int((shares > IMPUTED_NOTE).sum())]
    return graded(
        "imputation", largest > IMPUTED_WARNING, largest > IMPUTED_NOTE, figures, *concerned
    )


def telling_gaps(
    people: People, variables: Sequence[Variable], cell_size: int, *, questions: int = 1
) -> Pitfall:
    """Whether having no value goes with the outcome; of so many questions this is one."""
    found: list[tuple[float, str, bool]] = []
    for j, variable in enumerate(variables):
        missing = np.isnan(people.values[:, j])
        if missing.any() and not missing.all():
            table = _counts(missing, people.outcome)
            p = float(fisher_exact(table)[1])
            found.append((p, variable.name, _small(table, cell_size)))
    if not found:
        return unassessed("telling_gaps", "no predictor has missing values")
    times = len(found) * questions
    adjusted = sorted((min(1.0, p * times), name, hidden) for p, name, hidden in found)
    p, name, hidden = adjusted[0]
    figures: dict[str, Value] = {
        "variable": name,
        "p_value": None if hidden else p,  # it would give a small count away
        "predictors": len(found),
    }
    rows: list[dict[str, Value]] = [{"variable": name} for p, name, _ in adjusted if p < P_NOTE]
    return graded("telling_gaps", p < P_WARNING, p < P_NOTE, figures, *rows)


def row_order(people: People, *, questions: int = 1) -> Pitfall:
    """Whether the outcome rises, falls or clumps along the rows, within centres."""
    centre = people.centre
    codes = np.zeros(people.outcome.size, dtype=np.int64) if centre is None else centre
    trend, clumps, trend_variance, clump_variance = 0.0, 0.0, 0.0, 0.0
    for code in np.unique(codes):
        y = people.outcome[codes == code]
        n, events = y.size, float(y.sum())
        others = n - events
        if not events or not others:
            continue
        # Sum of the places of the events, and number of runs, less what chance gives.
        trend += float(np.flatnonzero(y).sum() + events) - events * (n + 1) / 2.0
        trend_variance += events * others * (n + 1) / 12.0
        expected = 1.0 + 2.0 * events * others / n
        clumps += 1.0 + np.count_nonzero(np.diff(y)) - expected
        clump_variance += (expected - 1.0) * (expected - 2.0) / (n - 1.0)
    p_values = [
        two_sided_p(difference / math.sqrt(variance)) if variance > 0.0 else 1.0
        for difference, variance in ((trend, trend_variance), (clumps, clump_variance))
    ]
    p = min(1.0, 2.0 * questions * min(p_values))
    figures: dict[str, Value] = {
        "p_value": p,
        "trend_p": p_values[0],
        "runs_p": p_values[1],
        "within_centres": centre is not None,
    }
    return graded("row_order", p < P_WARNING, p < P_NOTE, figures)


def centre_shift(
    people: People, variables: Sequence[Variable], cell_size: int, *, questions: int = 1
) -> Pitfall:
    """Whether a centre has other patients than the rest."""
    if people.centre is None:
        return unassessed("centre_shift", "no column of the centre stays whole in the folds")
    codes = np.unique(people.centre)
    if len(codes) < 2:
        return unassessed("centre_shift", "there is one centre only")
    y = people.outcome
    sizes = [
        (int(own.sum()), int(y[own].sum()), int((1.0 - y[own]).sum()))
        for own in (people.centre == code for code in codes)
    ]
    hidden = masked(sizes, cell_size)
    shown = [code for i, code in enumerate(codes) if i not in hidden]
    if not shown:
        return unassessed("centre_shift", "every centre is smaller than the counts that are shown")
    columns = [(None, y), *_columns(people.values, variables)]
    limit = normal_quantile(1.0 - SMD_P / (len(shown) * len(columns) * questions))
    found: list[tuple[float, dict[str, Value]]] = []
    for code in shown:
        own = people.centre == code
        for name, column in columns:
            difference = _difference(column[own], column[~own])
            if difference is None or abs(difference[0]) / difference[1] <= limit:
                continue
            known = ~np.isnan(column)
            tells = _tells_counts(column[known], own[known].astype(np.float64), cell_size)
            smd = None if tells else round(difference[0], 2)
            row: dict[str, Value] = {"centre": int(code), "variable": name, "smd": smd}
            found.append((abs(difference[0]), row))
    found.sort(key=lambda pair: -pair[0])
    largest = found[0][0] if found else 0.0
    figures: dict[str, Value] = {
        "centres": len(codes),
        "compared": len(shown),
        "variable": found[0][1]["variable"] if found else None,
        "smd": found[0][1]["smd"] if found else None,
        "beyond_chance": len(found),
    }
    rows = [row for size, row in found if size >= SMD_NOTE][:_MOST_ROWS]
    return graded("centre_shift", largest >= SMD_WARNING, largest >= SMD_NOTE, figures, *rows)


def copied_rows(cohort: Cohort, cell_size: int) -> Pitfall:
    """Whether rows of different patients agree in everything."""
    rows = np.column_stack([np.nan_to_num(cohort.values, nan=1e300), cohort.outcome]) + 0.0
    n = len(rows)
    distinct, which = np.unique(rows, axis=0, return_inverse=True)
    by_chance = n * (n - 1) / 2.0
    for column in distinct.T:
        counts = np.unique(column, return_counts=True)[1].astype(np.float64)
        by_chance *= float((counts * (counts - 1.0)).sum()) / max(
            1, column.size * (column.size - 1)
        )
    if by_chance >= MOST_COPIES:
        reason = "the predictors have so few different values that patients agree by chance"
        return unassessed("copied_rows", reason)
    owner = np.arange(n) if cohort.patient is None else cohort.patient
    pairs = np.unique(np.column_stack([which.reshape(-1), owner]), axis=0)
    copies = len(pairs) - len(np.unique(pairs[:, 0]))
    shown = None if 0 < copies < cell_size else copies
    return graded("copied_rows", copies > 0, False, {"copies": shown, "by_chance": by_chance})


def nearly_constant(people: People, variables: Sequence[Variable], cell_size: int) -> Pitfall:
    """Whether a predictor hardly varies."""
    rows: list[dict[str, Value]] = []
    for j, variable in enumerate(variables):
        known = people.values[~np.isnan(people.values[:, j]), j]
        if not known.size:
            continue
        states, counts = np.unique(known, return_counts=True)
        if counts.max() / known.size > NEARLY:
            rare = known != states[counts.argmax()]
            rows.append({"variable": variable.name, "share": _shown(~rare, cell_size)})
    return graded("nearly_constant", False, bool(rows), {"predictors": len(rows)}, *rows)


def alike_predictors(people: People, variables: Sequence[Variable]) -> Pitfall:
    """Whether two predictors say nearly the same."""
    numbers = [
        j
        for j, variable in enumerate(variables)
        if variable.kind != "nominal" and len(np.unique(people.values[:, j])) > 1
    ]
    pairs: list[dict[str, Value]] = []
    largest = 0.0
    for i, j in ((i, j) for at, i in enumerate(numbers) for j in numbers[at + 1 :]):
        both = ~np.isnan(people.values[:, [i, j]]).any(axis=1)
        correlation = _rank_correlation(people.values[both, i], people.values[both, j])
        largest = max(largest, abs(correlation))
        if abs(correlation) >= ALIKE:
            pair: dict[str, Value] = {"first": variables[i].name, "second": variables[j].name}
            # Two yes-or-no predictors that differ in a few patients would tell how many.
            two = max(len(np.unique(people.values[both, k])) for k in (i, j)) == 2
            pairs.append({**pair, "correlation": None if two else round(correlation, 2)})
    if len(numbers) < 2:
        return unassessed("alike_predictors", "there are no two predictors to compare")
    figures: dict[str, Value] = {"largest": round(largest, 1), "pairs": len(pairs)}
    return graded("alike_predictors", False, bool(pairs), figures, *pairs[:_MOST_ROWS])


def _shown(which: Flags, cell_size: int) -> float | None:
    """Share of the patients; None where it would tell a small count of them or of the others."""
    count = int(which.sum())
    if 0 < count < cell_size or 0 < which.size - count < cell_size:
        return None
    return count / which.size


def _counts(first: Flags, second: Floats) -> NDArray[np.int64]:
    """2x2 table of two yes-or-no columns."""
    yes = second == 1.0
    sides = [(first & yes).sum(), (~first & yes).sum(), (first & ~yes).sum(), (~first & ~yes).sum()]
    return np.array(sides, dtype=np.int64).reshape(2, 2)


def _small(table: NDArray[np.int64], cell_size: int) -> bool:
    return bool(((table > 0) & (table < cell_size)).any())


def _tells_counts(values: Floats, outcome: Floats, cell_size: int) -> bool:
    """Whether a figure of a column would give small counts away, as it has two values only."""
    states = np.unique(values)
    return len(states) == 2 and _small(_counts(values == states[0], outcome), cell_size)


def _columns(values: Floats, variables: Sequence[Variable]) -> Iterator[tuple[str | None, Floats]]:
    """Numbers as they are, states as 0 and 1."""
    for j, variable in enumerate(variables):
        column = values[:, j]
        if variable.kind != "nominal":
            yield variable.name, column
            continue
        for state in np.unique(column[~np.isnan(column)]):
            yield variable.name, np.where(np.isnan(column), np.nan, column == state)


def _difference(own: Floats, others: Floats) -> tuple[float, float] | None:
    """Standardised difference of two means and its standard error; None where nothing varies."""
    first, second = own[~np.isnan(own)], others[~np.isnan(others)]
    if min(first.size, second.size) < 2:
        return None
    pooled = math.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2.0)
    if pooled <= 1e-12 * max(1.0, float(np.abs(second).max())):
        return None
    distance = float(first.mean() - second.mean()) / pooled
    variance = 1.0 / first.size + 1.0 / second.size
    variance += distance**2 / (2.0 * (first.size + second.size))
    return distance, math.sqrt(variance)


def _rank_correlation(first: Floats, second: Floats) -> float:
    if first.size < 3:
        return 0.0
    ranks = np.column_stack([rankdata(first), rankdata(second)])
    spread = ranks.std(axis=0)
    if not spread.all():
        return 0.0
    centred = (ranks - ranks.mean(axis=0)) / spread
    return float((centred[:, 0] * centred[:, 1]).mean())
