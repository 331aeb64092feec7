"""Describe a table of patients: read, exclude, group, make the tables, say what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import SIMULATED
from predictor.clinical.dictionary import AFTER, Dictionary, nearest
from predictor.clinical.paper_tables import TablePlan, load_table_plans
from predictor.clinical.variable import Range
from predictor.cohort.described_columns import ColumnRules, Columns, read_columns
from predictor.cohort.description import Description, DescriptiveTable, Tests
from predictor.cohort.masking import mask_tables
from predictor.cohort.table import Table, is_simulated, without_missing
from predictor.cohort.table_maker import Groups, TableMaker, holm
from predictor.errors import CohortError

_MOST_GROUPS = 10

_ROUNDING = (
    "Percentages are of the patients with a value; they and all numbers are rounded half up. "
    "Quartiles as in R and NumPy (type 7); IQR: third less first quartile."
)
_LEFT_OUT = (
    "{patients} patients outside the population or with an exclusion criterion are left out."
)
_PAIRS = (
    "Before and after: patients with both values; missing: patients without one of them. "
    "A change after treatment is not its effect: there is no comparison group."
)
_PAPER = (
    "Tests as the Methods of the published study name them and SPSS computes them: exact McNemar "
    "for findings, paired t for mean (SD), Wilcoxon signed-rank (normal approximation, zeros left "
    "out, ties corrected) for median (IQR). No adjustment for the number of tests."
)
_RECOMMENDED = (
    "Recommended tests: mid-p McNemar with the risk difference (Newcombe square-and-add "
    "interval); paired t with the mean difference where before, after and change each have at "
    "least 8 values and a skewness within 1 of zero, else Wilcoxon signed-rank (exact up to 50 "
    "changed pairs) with the Hodges-Lehmann estimate. Between groups: Kruskal-Wallis, "
    "Fisher-Freeman-Halton exact. Adjusted p by Holm's method, over all rows before against after "
    "and over all rows between groups."
)


def describe_table(
    table: Table,
    dictionary: Dictionary,
    *,
    rules: ColumnRules | None = None,
    by: str | None = None,
    tests: Tests = "paper",
    exclude: Sequence[str] = (),
    limits: Mapping[str, Range] | None = None,
    skip: Sequence[str] = (),
    cell_size: int | None = None,
    plans: Sequence[TablePlan] | None = None,
) -> Description:
    """Describe the patients of a table.

    Parameters
    ----------
    table
        Cells as the file has them.
    dictionary
        Variables; columns of other names are listed as not described.
    rules
        Names, units and codings of the file; None where it follows the dictionary.
    by
        Variable, or column of the file, whose states become columns of a further table.
    tests
        ``paper`` or ``recommended``.
    exclude
        Exclusion criteria; patients who have one are left out and counted in a note.
    limits
        Ranges that patients of the population lie in; others are left out and counted as well.
    skip
        Columns that need no description, such as the patient's number.
    cell_size
        Smallest count that is shown; None shows all.
    plans
        Which variable stands in which table; None for the tables of the study.

    Raises
    ------
    CohortError
        If no column is known, or ``by`` cannot divide the patients.
    """
    if tests not in ("paper", "recommended"):
        raise CohortError("tests", f"{tests!r} is not known", "Choose paper or recommended.")
    if cell_size is not None and cell_size < 1:
        raise CohortError("cell size", "it must be at least 1", "Leave it out to show all counts.")
    rules = rules or ColumnRules()
    columns = read_columns(table, dictionary, rules, (*skip, SIMULATED))
    if not columns.variables:
        raise CohortError(
            table.source,
            "no column is named like a variable of the dictionary",
            "`predictor variables` lists the names; a configuration maps columns to them.",
        )
    keep = _kept(columns, exclude, limits or {}, table.rows)
    groups = None if by is None else _groups(by, table, columns, rules)
    plans = load_table_plans() if plans is None else plans
    maker = TableMaker(columns.only(keep), plans, tests)
    planned = [maker.table(plan) for plan in plans]
    tables = [made for made in planned if made.rows]
    grouped = [] if groups is None else [_by_group(maker, groups, keep)]
    if tests == "recommended":
        tables, grouped = [*holm(tables)], [*holm(grouped)]
    tables += grouped
    notes = _notes(tables, tests, keep, groups, cell_size)
    if cell_size is not None:
        tables = [*mask_tables(tables, cell_size)]
    return Description(
        table.source,
        int(keep.sum()),
        is_simulated(table),
        tests,
        tuple(tables),
        {made.number: _why(made, columns) for made in planned if not made.rows},
        notes,
        columns.left_out,
        columns.unknown,
        cell_size,
    )


def _by_group(maker: TableMaker, groups: Groups, keep: NDArray[np.bool_]) -> DescriptiveTable:
    members = {name: (label, who[keep]) for name, (label, who) in groups.members.items()}
    number = max((plan.number for plan in maker.plans), default=0) + 1
    return maker.by_group(number, Groups(groups.variable, groups.label, members))


def _notes(
    tables: Sequence[DescriptiveTable],
    tests: Tests,
    keep: NDArray[np.bool_],
    groups: Groups | None,
    cell_size: int | None,
) -> tuple[str, ...]:
    """What a reader must know beside the tables."""
    notes = []
    if not keep.all():
        left_out = int((~keep).sum())
        notes.append(_LEFT_OUT.format(patients=left_out))
    if groups is not None:
        unknown = int((keep & ~groups.anybody()).sum())
        if unknown:
            notes.append(f"{unknown} patients without a known {groups.variable} are in no group.")
    notes.append(_ROUNDING)
    if any(table.shape == "paired" for table in tables):
        notes.append(_PAIRS)
    notes.append(_PAPER if tests == "paper" else _RECOMMENDED)
    if cell_size is not None:
        notes.append(f"Counts below {cell_size}, and what would give them away, are masked.")
    return tuple(notes)


def _kept(
    columns: Columns, exclude: Sequence[str], limits: Mapping[str, Range], rows: int
) -> NDArray[np.bool_]:
    keep = np.ones(rows, dtype=bool)
    for name, limit in limits.items():
        if name in columns.values:
            low, high = limit.bounds()
            keep &= ~((columns.values[name] < low) | (columns.values[name] > high))
    for name in exclude:
        if name in columns.values:
            keep &= columns.values[name] != 1
    return keep


def _groups(by: str, table: Table, columns: Columns, rules: ColumnRules) -> Groups:
    """Patients by the states of a variable, or by the spellings of any other column."""
    if by in columns.variables:
        variable, values = columns.variables[by], columns.values[by]
        if variable.kind == "continuous":
            raise CohortError(
                by, "it is a number and has no states", "Choose a variable with states, or none."
            )
        states = {
            state: (state.replace("_", " "), values == code)
            for code, state in enumerate(variable.states)
        }
        groups = Groups(by, variable.label, states)
        if not groups.anybody().any():
            raise CohortError(by, "no patient has a known state", "`predictor check` lists why.")
        return groups
    if by not in table.columns:
        guess = nearest(by, [*columns.variables, *table.columns])
        hint = f"Did you mean {guess}?" if guess else "Name a column of the file."
        raise CohortError(by[:80], "the file has no such column to group by", hint)
    cells = [
        None if cell is None or cell != cell else _spelling(cell)  # noqa: PLR0124 - NaN
        for cell in without_missing(table.columns[by], rules.missing)
    ]
    names = sorted({cell for cell in cells if cell is not None})
    if not 1 <= len(names) <= _MOST_GROUPS:
        raise CohortError(
            by,
            f"it has {len(names)} different values, which is no grouping",
            f"Choose a column with at most {_MOST_GROUPS}.",
        )
    members = {
        name: (name, np.array([cell == name for cell in cells], dtype=bool)) for name in names
    }
    return Groups(by, by, members)


def _spelling(cell: object) -> str:
    """One spelling for 1, 1.0 and "1"."""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def _why(table: DescriptiveTable, columns: Columns) -> str:
    if table.shape != "paired":
        return "the cohort has none of its columns"
    if not any(name.endswith(AFTER) for name in columns.variables):
        return f"the cohort has no values after treatment (columns named NAME{AFTER})"
    return "the cohort has none of its columns both before and after treatment"
