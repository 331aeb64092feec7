"""From columns to descriptive tables: which rows, which statistic, which test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.dictionary import AFTER
from predictor.clinical.paper_tables import RowPlan, TablePlan
from predictor.clinical.units import readable_unit
from predictor.clinical.variable import Variable
from predictor.cohort import group_tests, paired_tests
from predictor.cohort.described_columns import Columns
from predictor.cohort.description import DescriptiveTable, Row, Tests
from predictor.cohort.paired_effects import hodges_lehmann, mean_difference, risk_difference
from predictor.cohort.paired_tests import Compared
from predictor.cohort.summaries import Statistic, Summary, count_state, is_skewed, summarise

_Array = NDArray[np.float64]

NO_GROUP_TEST = "the study's Methods name no test between groups; see --tests recommended"


@dataclass(frozen=True, slots=True)
class Groups:
    """Patients by the state of a column.

    Parameters
    ----------
    variable
        Name of the column.
    label
        What it is called.
    members
        State -> its label and which patients are in it, shape (patients,).
    """

    variable: str
    label: str
    members: Mapping[str, tuple[str, NDArray[np.bool_]]]

    def anybody(self) -> NDArray[np.bool_]:
        """Which patients are in any of the groups, shape (patients,)."""
        known: NDArray[np.bool_] = np.any([who for _, who in self.members.values()], axis=0)
        return known


@dataclass(frozen=True, slots=True)
class TableMaker:
    """Makes the tables of one cohort.

    Parameters
    ----------
    columns
        What the cohort says.
    plans
        Which variable stands where.
    tests
        Which tests are made.
    """

    columns: Columns
    plans: Sequence[TablePlan]
    tests: Tests

    def table(self, plan: TablePlan) -> DescriptiveTable:
        """One of the planned tables; without rows where the cohort has no column for it."""
        rows = list(self._listed(plan))
        if plan.others is not None:
            for name in self._unlisted(plan.kind == "paired"):
                row, digits = self._planned(name)
                rows += self._rows(plan.others, row, digits, plan.kind == "paired")
        return DescriptiveTable(plan.number, plan.title, plan.kind, tuple(rows))

    def by_group(self, number: int, groups: Groups) -> DescriptiveTable:
        """Baseline of each group beside the baseline of all, in the order of the other tables."""
        rows: list[Row] = []
        seen: set[str] = {groups.variable}
        for plan in self.plans:
            for section in plan.sections:
                for row in section.rows:
                    rows += self._group_rows(section.title, row, plan.digits, groups, seen)
        for name in self.columns.variables:
            rows += self._group_rows("Further characteristics", RowPlan(name), None, groups, seen)
        sizes = {name: (label, int(who.sum())) for name, (label, who) in groups.members.items()}
        title = f"Baseline by {groups.label[:1].lower()}{groups.label[1:]}"
        return DescriptiveTable(number, title, "groups", tuple(rows), sizes)

    def _listed(self, plan: TablePlan) -> Iterator[Row]:
        for section in plan.sections:
            for row in section.rows:
                yield from self._rows(section.title, row, plan.digits, plan.kind == "paired")

    def _rows(self, section: str, plan: RowPlan, digits: int | None, paired: bool) -> Iterator[Row]:
        name = plan.variable
        if paired and self.columns.paired(name):
            yield from self._paired(section, plan, digits)
        elif not paired and name in self.columns.variables:
            variable, values = self.columns.variables[name], self.columns.values[name]
            if variable.kind == "continuous":
                cell = summarise(values, self._statistic(plan, values), digits)
                yield _row(section, variable, None, variable.label, cell)
            else:
                for state, label in _states(variable, plan):
                    cell = count_state(values, variable.states.index(state))
                    yield _row(section, variable, state, label, cell)

    def _unlisted(self, paired: bool) -> Iterator[str]:
        """Variables that no table of a kind lists: those with a value after treatment, or without.

        A finding that the plan compares with its value after treatment still has a baseline
        where a cohort has nothing else.
        """
        kind = "paired" if paired else "characteristics"
        listed = {n for plan in self.plans if plan.kind == kind for n in plan.variables}
        for plan in self.plans:
            for row in (row for section in plan.sections for row in section.rows):
                listed |= set(row.implies) if row.variable in self.columns.variables else set()
        for name, variable in self.columns.variables.items():
            after_of = name.removesuffix(AFTER)
            if name != after_of and after_of in self.columns.variables:
                continue
            if (
                name not in listed
                and not variable.exclusion
                and self.columns.paired(name) == paired
            ):
                yield name

    def _planned(self, name: str) -> tuple[RowPlan, int | None]:
        """How a variable is shown that its own table cannot show: in the same way."""
        for table in self.plans:
            for section in table.sections:
                for row in section.rows:
                    if row.variable == name:
                        return row, table.digits
        return RowPlan(name), None

    def _statistic(self, plan: RowPlan, *values: _Array) -> Statistic:
        if self.tests == "paper" and plan.statistic is not None:
            return plan.statistic
        if not is_skewed(*values):
            return "mean_sd"
        return "median_iqr" if self.tests == "paper" else "median_quartiles"

    def _paired(self, section: str, plan: RowPlan, digits: int | None) -> Iterator[Row]:
        variable = self.columns.variables[plan.variable]
        before, after = (self.columns.values[plan.variable + end] for end in ("", AFTER))
        both = ~np.isnan(before) & ~np.isnan(after)
        missing = int((~both).sum())
        before, after = before[both], after[both]
        if variable.kind == "continuous":
            change = paired_tests.differences(before, after)
            statistic = self._statistic(plan, before, after, change)
            cells = [summarise(values, statistic, digits) for values in (before, after)]
            # one number of decimals for both, that of the finer one
            finest = max(cell.digits for cell in cells)
            cells = [replace(cell, missing=missing, digits=finest) for cell in cells]
            tested = self._test_numbers(before, after, change, statistic)
            yield _with_test(
                _row(section, variable, None, variable.label, cells[0], cells[1]), tested
            )
            return
        for state, label in _states(variable, plan):
            code = variable.states.index(state)
            cells = [
                replace(count_state(values, code), missing=missing) for values in (before, after)
            ]
            tested = self._test_states(before == code, after == code)
            row = _row(section, variable, state, label, cells[0], cells[1])
            changed = _changed(before == code, after == code)
            yield _with_test(replace(row, changed=changed), tested)

    def _test_numbers(
        self, before: _Array, after: _Array, change: _Array, statistic: Statistic
    ) -> Compared:
        recommended = self.tests == "recommended"
        if statistic == "mean_sd":
            tested = paired_tests.paired_t(before, after)
            return replace(
                tested, effect=mean_difference(change) if recommended and len(change) else None
            )
        tested = paired_tests.signed_rank(before, after, exact=recommended)
        return replace(
            tested, effect=hodges_lehmann(change) if recommended and len(change) else None
        )

    def _test_states(self, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Compared:
        gone, new = _changed(before, after)
        if self.tests == "paper":
            return paired_tests.exact_mcnemar(gone, new)
        tested = paired_tests.midp_mcnemar(gone, new)
        if len(before) == 0:
            return tested
        both, neither = int((before & after).sum()), int((~before & ~after).sum())
        return replace(tested, effect=risk_difference(both, gone, new, neither))

    def _group_rows(
        self, section: str, plan: RowPlan, digits: int | None, groups: Groups, seen: set[str]
    ) -> Iterator[Row]:
        name = plan.variable
        variable = self.columns.variables.get(name)
        if variable is None or name in seen or variable.time != "baseline" or variable.exclusion:
            return
        seen.add(name)
        values = self.columns.values[name]
        parts = {state: values[who] for state, (_, who) in groups.members.items()}
        if variable.kind == "continuous":
            statistic = self._statistic(plan, values)
            whole = summarise(values, statistic, digits)
            cells = {g: summarise(part, statistic, whole.digits) for g, part in parts.items()}
            row = _row(section, variable, None, variable.label, whole)
            known = [part[~np.isnan(part)] for part in parts.values()]
            yield self._with_group_test(
                replace(row, groups=cells),
                group_tests.kruskal_wallis(known) if self.tests == "recommended" else None,
            )
            return
        for state, label in _states(variable, plan):
            code = variable.states.index(state)
            cells = {g: count_state(part, code) for g, part in parts.items()}
            row = _row(section, variable, state, label, count_state(values, code))
            counts = [cell.count or 0 for cell in cells.values()]
            sizes = [cell.n or 0 for cell in cells.values()]
            yield self._with_group_test(
                replace(row, groups=cells),
                group_tests.independence(counts, sizes) if self.tests == "recommended" else None,
            )

    @staticmethod
    def _with_group_test(row: Row, tested: Compared | None) -> Row:
        return _with_test(row, tested or Compared(None, None, NO_GROUP_TEST))


def holm(tables: Sequence[DescriptiveTable]) -> tuple[DescriptiveTable, ...]:
    """Tables with p adjusted by Holm's method over all of their rows together.

    >>> [round(p, 3) for p in holm_adjusted([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    found = [row.p_value for table in tables for row in table.rows if row.p_value is not None]
    adjusted = iter(holm_adjusted(found))
    return tuple(
        replace(
            table,
            rows=tuple(
                row if row.p_value is None else replace(row, p_adjusted=next(adjusted))
                for row in table.rows
            ),
        )
        for table in tables
    )


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (Scand J Stat 1979;6:65), in the order given."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    stepped = np.minimum(np.maximum.accumulate(np.array(p_values)[order] * factors), 1.0)
    adjusted = np.empty(len(p_values))
    adjusted[order] = stepped
    return [float(p) for p in adjusted]


def _changed(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> tuple[int, int]:
    """How many had the finding before only, and after only."""
    return int((before & ~after).sum()), int((~before & after).sum())


def _states(variable: Variable, plan: RowPlan) -> Iterator[tuple[str, str]]:
    """States that are counted, with their labels."""
    if plan.states is not None:
        yield from ((s, label) for s, label in plan.states.items() if s in variable.states)
    elif variable.kind == "binary":
        yield variable.states[1], variable.label
    else:
        for state in variable.states:
            yield state, f"{variable.label}: {state.replace('_', ' ')}"


def _row(
    section: str,
    variable: Variable,
    state: str | None,
    label: str,
    before: Summary,
    after: Summary | None = None,
) -> Row:
    unit = readable_unit(variable.unit)
    return Row(section, variable.name, label, unit, state, before, after)


def _with_test(row: Row, tested: Compared) -> Row:
    return replace(
        row,
        test=tested.test,
        p_value=tested.p_value,
        reason=tested.reason,
        effect=tested.effect,
    )
