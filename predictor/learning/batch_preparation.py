"""Imputation, encoding and scaling learned in many resamples at once.

A resample is a set of counts: how often each patient stands in it. Medians, most frequent
states, means and standard deviations are those of the patients written out as often as they are
counted, so each resample's preparation is the one that `predictor.learning.preparer` learns from
the written-out patients; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.preparation import DesignColumn, Preparation
from predictor.learning.preparer import Column

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Universe:
    """Every design column that some resample may use, for one set of patients.

    Parameters
    ----------
    names
        The variables.
    values : shape (n, variables)
        NaN for missing.
    columns
        Numbers, every state of a nominal variable, indicators. A resample leaves out its
        reference states and what does not vary in it.
    base, gap : shape (n, columns)
        A column is ``base + gap * filled``: its known part, and where the imputed value goes.
    binary : shape (variables,)
        Whether a variable is filled in by its most frequent value.
    states
        Number of states of each variable; 0 for numbers.
    mean
        Whether numbers are filled in by their mean and not by their median.
    """

    names: tuple[str, ...]
    values: Floats
    columns: tuple[DesignColumn, ...]
    base: Floats
    gap: Floats
    binary: tuple[bool, ...]
    states: tuple[int, ...]
    mean: bool = False

    @property
    def variable(self) -> NDArray[np.intp]:
        """Variable of each column."""
        return np.array([column.variable for column in self.columns], dtype=np.intp)

    def columns_of(self, variables: Sequence[int]) -> NDArray[np.intp]:
        """Positions of the columns that come from some variables."""
        return np.flatnonzero(np.isin(self.variable, variables))


@dataclass(frozen=True, slots=True)
class Preparations:
    """What each of a stack of resamples learned.

    Parameters
    ----------
    fill : shape (groups, variables)
        Stand-in for a missing value.
    centre, scale : shape (groups, columns)
        Subtracted and divided by.
    kept : shape (groups, columns)
        Whether the column is in the design of the group.
    design : shape (groups, n, columns)
        Standardised columns of all patients; 0 where a column is not kept.
    """

    fill: Floats
    centre: Floats
    scale: Floats
    kept: NDArray[np.bool_]
    design: Floats

    def one(self, universe: Universe, group: int) -> Preparation:
        """Preparation of one group as plain data, as a bundle holds it."""
        kept = np.flatnonzero(self.kept[group])
        return Preparation(
            universe.names,
            self.fill[group],
            (),
            tuple(universe.columns[j] for j in kept),
            self.centre[group, kept],
            self.scale[group, kept],
        )


def universe_of(
    columns: Sequence[Column],
    values: Floats,
    missing_indicators: Sequence[str],
    *,
    mean: bool = False,
) -> Universe:
    """Lay out the design columns of some patients.

    Parameters
    ----------
    columns
        The variables, in the order of ``values``.
    values : shape (n, variables)
        NaN for missing.
    missing_indicators
        Variables whose missingness is a column.
    mean
        Whether numbers are filled in by their mean and not by their median.
    """
    design: list[DesignColumn] = []
    for j, column in enumerate(columns):
        if column.states:
            design += [
                DesignColumn(f"{column.name}={state}", j, position)
                for position, state in enumerate(column.states)
            ]
        else:
            design.append(DesignColumn(column.name, j))
        if column.name in missing_indicators:
            design.append(DesignColumn(f"{column.name} missing", j, missing=True))
    missing = np.isnan(values)
    base = np.zeros((len(values), len(design)))
    gap = np.zeros_like(base)
    for k, part in enumerate(design):
        absent, known = missing[:, part.variable], values[:, part.variable]
        if part.missing:
            base[:, k] = absent
        else:
            held = known if part.state is None else known == part.state
            base[:, k] = np.where(absent, 0.0, held)
            gap[:, k] = absent
    return Universe(
        tuple(column.name for column in columns),
        values,
        tuple(design),
        base,
        gap,
        tuple(column.binary for column in columns),
        tuple(len(column.states) for column in columns),
        mean,
    )


def prepare(universe: Universe, counts: Floats) -> Preparations:
    """Learn imputation and scaling in each resample and apply them to all patients.

    Parameters
    ----------
    universe
        The patients and their columns.
    counts : shape (groups, n)
        How often each patient stands in the resample; whole numbers, at least 2 in sum.
    """
    fill = (
        np.stack([_fill(universe, j, counts) for j in range(len(universe.names))], axis=1)
        if universe.names
        else np.zeros((len(counts), 0))
    )
    filled = np.empty((len(counts), len(universe.columns)))
    reference = np.zeros(filled.shape, dtype=bool)
    for k, column in enumerate(universe.columns):
        own = fill[:, column.variable]
        filled[:, k] = own if column.state is None else own == column.state
        if column.state is not None:
            reference[:, k] = own == column.state
    design = universe.gap[None] * filled[:, None, :]
    design += universe.base
    size = counts.sum(axis=1)[:, None]
    used = counts[..., None] > 0.0
    largest = np.abs(design).max(axis=1, where=used, initial=0.0)
    centre = (counts[:, None, :] @ design)[:, 0] / size
    design -= centre[:, None]
    spread = np.sqrt((counts[:, None, :] @ np.square(design))[:, 0] / (size - 1.0))
    # Rounding can leave a constant column with a spread of 1e-17 of its size.
    kept = (spread > 1e-10 * largest) & ~reference
    scale = np.where(kept, spread, 1.0)
    design *= (kept / scale)[:, None]
    return Preparations(fill, centre, scale, kept, design)


def _fill(universe: Universe, j: int, counts: Floats) -> Floats:
    """Typical value of one variable in each resample, 0 where none is known."""
    values = universe.values[:, j]
    known = np.flatnonzero(~np.isnan(values))
    if not known.size:
        return np.zeros(len(counts))
    if universe.states[j] or universe.binary[j]:
        distinct, place = np.unique(values[known], return_inverse=True)
        times = counts[:, known] @ (place[:, None] == np.arange(len(distinct)))
        typical = distinct[times.argmax(axis=1)]
        return np.where(times.sum(axis=1) > 0.0, typical, 0.0)
    if universe.mean:
        weight = counts[:, known].sum(axis=1)
        return np.asarray(counts[:, known] @ values[known] / np.maximum(weight, 1.0))
    order = known[np.argsort(values[known], kind="stable")]
    ordered, cumulative = values[order], counts[:, order].cumsum(axis=1)
    total = cumulative[:, -1]
    # The two middle ones of the written-out values; the same one where their number is odd.
    middle = [np.floor((total - 1.0) / 2.0), np.floor(total / 2.0)]
    found = [
        ordered[np.minimum((cumulative <= m[:, None]).sum(axis=1), len(order) - 1)] for m in middle
    ]
    return np.where(total > 0.0, 0.5 * (found[0] + found[1]), 0.0)
