"""Table 1: who the patients are, all of them and by outcome.

No p-values: they would answer whether a difference this large can be chance, which depends on the
size of the cohort, while the question is how far the groups differ and whether a predictor varies
at all. The standardised mean difference says that in the same unit for every variable (Austin,
Stat Med 2009;28:3083-3107; for several states Yang and Dalton, SAS Global Forum 2012;335).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.units import readable_unit
from predictor.clinical.variable import Variable
from predictor.cohort.cohort import Cohort
from predictor.cohort.small_cells import HIDDEN, Flags, hidden_states, people
from predictor.cohort.summaries import STATISTIC_LABELS, Summary, count_state, summarise
from predictor.cohort.telling_figures import decimals, safe_digits

Floats = NDArray[np.float64]

GROUPS = ("all", "event", "others")
"""Columns of the table: everybody, those with the event, those without it."""

_SMD_DIGITS = 3


def table_one(cohort: Cohort, cell_size: int) -> dict[str, object]:
    """Describe the predictors of all patients and by outcome.

    Parameters
    ----------
    cohort
        Who was analysed.
    cell_size
        Smallest count that is shown, apart from 0. Numbers are summarised for at least two people
        even where it is 1: the mean of one person is that person's value.

    Returns
    -------
    Plain data: ``sizes`` of the columns, ``by_outcome`` (whether both groups are large enough to be
    shown) and ``rows``, one fact each, with the text of every column and the numbers behind it.
    Numbers are rounded to what the text shows, so that a quartile gives away no measured value;
    where it is hidden how many values are missing, to what does not tell that either.
    """
    event = cohort.outcome == 1
    members = dict(zip(GROUPS, (np.ones_like(event), event, ~event), strict=True))
    least = max(cell_size, 2)
    by_outcome = min(people(members[g], cohort.patient) for g in GROUPS[1:]) >= least
    table = _Table(cohort, members, by_outcome, cell_size, least)
    return {
        "sizes": {name: int(who.sum()) for name, who in members.items()},
        "by_outcome": by_outcome,
        "cell_size": cell_size,
        "rows": [row for j in range(len(cohort.variables)) for row in table.rows(j)],
    }


class _Table:
    """What all rows share."""

    def __init__(
        self,
        cohort: Cohort,
        members: dict[str, Flags],
        by_outcome: bool,
        cell_size: int,
        least: int,
    ) -> None:
        self.cohort, self.members, self.by_outcome = cohort, members, by_outcome
        self.cell_size, self.least = cell_size, least

    def rows(self, j: int) -> Iterator[dict[str, object]]:
        """All rows of one variable; the last one counts who has no value."""
        variable, values = self.cohort.variables[j], self.cohort.values[:, j]
        missing = np.isnan(values)
        if variable.kind == "continuous":
            yield from self._of_number(variable, values, missing)
        else:
            yield from self._of_states(variable, values, missing)

    def _of_number(
        self, variable: Variable, values: Floats, missing: Flags
    ) -> Iterator[dict[str, object]]:
        known = {g: people(~missing & who, self.cohort.patient) for g, who in self.members.items()}
        enough = {"all": known["all"] >= self.least}
        # One group would follow from the other and the mean of all.
        both = self.by_outcome and min(known["event"], known["others"]) >= self.least
        enough |= {"event": both, "others": both}
        hidden = self._hidden([~missing, missing])
        gaps_hidden = {g: 1 in rows for g, rows in hidden.items()}
        digits, telling = self._digits(values, gaps_hidden, both=both)
        if telling:
            enough |= {"event": False, "others": False}
        difference = None
        if both and not telling:
            difference = standardised_difference(
                values[self.members["event"]], values[self.members["others"]]
            )
            if difference is not None and gaps_hidden["event"]:
                difference = round(difference, _SMD_DIGITS - 1)
        for statistic in ("median_quartiles", "mean_sd"):
            cells = {}
            for group, who in self.members.items():
                cell = summarise(values[who], statistic, digits)
                cells[group] = cell if enough[group] else cell.masked(HIDDEN)
            row = self._row(variable, None, STATISTIC_LABELS[statistic], cells)
            yield {**row, "smd": difference if statistic == "median_quartiles" else None}
        yield self._missing(variable, missing, gaps_hidden)

    def _digits(self, values: Floats, hidden: dict[str, bool], *, both: bool) -> tuple[int, bool]:
        """Decimals of a number's figures; whether its groups would still tell what is hidden."""
        digits = summarise(values, "mean_sd", None).digits
        if not any(hidden.values()) or not (both or hidden["all"]):
            return digits, False
        coarse = min(digits, decimals(values[~np.isnan(values)]))
        if not both:
            return coarse, False
        groups = [self.members["event"], self.members["others"]]
        safe = safe_digits(
            values,
            groups,
            digits,
            self.cell_size,
            total_hidden=hidden["all"],
            people=self.cohort.patient is None,
        )
        return (coarse, True) if safe is None else (safe, False)

    def _of_states(
        self, variable: Variable, values: Floats, missing: Flags
    ) -> Iterator[dict[str, object]]:
        states = range(len(variable.states))
        hidden = self._hidden([*(values == s for s in states), missing])
        difference = None
        if self.by_outcome and not hidden["event"]:
            difference = state_difference(
                values[self.members["event"]], values[self.members["others"]], len(states)
            )
        for s in states:
            cells = {}
            for group, who in self.members.items():
                cell = count_state(values[who], s)
                cells[group] = self._counted(cell, s in hidden[group])
            row = self._row(variable, variable.states[s], STATISTIC_LABELS["count"], cells)
            told = s == (1 if len(states) == 2 else 0)
            yield {**row, "smd": difference if told else None}
        beyond = len(states)
        yield self._missing(variable, missing, {g: beyond in rows for g, rows in hidden.items()})

    def _hidden(self, rows: list[Flags]) -> dict[str, frozenset[int]]:
        """Rows of counts that are hidden, by column; the last row is who has no value."""
        event = self.members["event"]
        overall, both = hidden_states(rows, event, self.cohort.patient, self.cell_size)
        if not self.by_outcome:
            both = frozenset(range(len(rows)))
        return {"all": overall, "event": both, "others": both}

    def _missing(
        self, variable: Variable, missing: Flags, hidden: dict[str, bool]
    ) -> dict[str, object]:
        cells = {}
        for group, who in self.members.items():
            count, n = int((missing & who).sum()), int(who.sum())
            cell = Summary("count", n, 0, count, 100 * count / n if n else None)
            cells[group] = self._counted(cell, hidden[group])
        return {**self._row(variable, None, "missing, n (%)", cells), "smd": None}

    @staticmethod
    def _counted(cell: Summary, hidden: bool) -> Summary:
        """A count, or what stands in its place."""
        return cell.masked(HIDDEN) if hidden else cell

    @staticmethod
    def _row(
        variable: Variable, state: str | None, statistic: str, cells: dict[str, Summary]
    ) -> dict[str, object]:
        row: dict[str, object] = {
            "variable": variable.name,
            "label": variable.label,
            "unit": readable_unit(variable.unit) if variable.unit else "",
            "state": state,
            "statistic": statistic,
        }
        for group, cell in cells.items():
            row[group] = cell.text
            row |= {f"{group}_{name}": value for name, value in _numbers(cell).items()}
        return row


def _numbers(cell: Summary) -> dict[str, float | int | None]:
    """The figures of a cell, rounded to what its text shows."""
    if cell.statistic == "count":
        percent = None if cell.percent is None else round(cell.percent, 1)
        return {"count": cell.count, "percent": percent}
    named = {"mean": cell.mean, "sd": cell.sd}
    if cell.statistic != "mean_sd":
        named = {"median": cell.median, "q1": cell.q1, "q3": cell.q3}
    return {
        name: None if value is None else round(value, cell.digits) for name, value in named.items()
    }


def standardised_difference(event: Floats, others: Floats) -> float | None:
    """Difference of two means in units of the pooled standard deviation.

    Parameters
    ----------
    event, others : shape (patients,) each
        Values, NaN for missing.

    Returns
    -------
    None where nothing varies, or a group has fewer than two values.

    >>> standardised_difference(np.array([2.0, 4.0]), np.array([1.0, 3.0]))
    0.707
    """
    groups = [values[~np.isnan(values)] for values in (event, others)]
    if min(len(values) for values in groups) < 2:
        return None
    spread = math.sqrt(sum(float(np.var(values, ddof=1)) for values in groups) / 2)
    gap = float(groups[0].mean() - groups[1].mean())
    # Equal values have a spread that is rounding error of their mean.
    if spread <= 1e-12 * max(1.0, *(float(np.abs(values).max()) for values in groups)):
        return None
    return round(gap / spread, _SMD_DIGITS)


def state_difference(event: Floats, others: Floats, states: int) -> float | None:
    """Standardised difference of the shares of states.

    Parameters
    ----------
    event, others : shape (patients,) each
        Positions of the states, NaN for missing.
    states
        How many there are. Of two the difference is signed: positive where the second one is more
        frequent among those with the event. Of more it is a distance.

    Returns
    -------
    None where nothing varies, or a group has no value.

    >>> state_difference(np.array([0.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0]), 2)
    0.535
    """
    shares = []
    for values in (event, others):
        known = values[~np.isnan(values)]
        if not len(known):
            return None
        shares.append(np.array([np.mean(known == s) for s in range(1, states)]))
    first, second = shares
    covariance = sum(np.diag(share) - np.outer(share, share) for share in shares) / 2
    gap = first - second
    squared = float(gap @ np.linalg.pinv(covariance, rcond=1e-10, hermitian=True) @ gap)
    if not np.any(covariance > 0):
        return None
    sign = -1.0 if states == 2 and gap[0] < 0 else 1.0
    return round(sign * math.sqrt(max(squared, 0.0)), _SMD_DIGITS)
