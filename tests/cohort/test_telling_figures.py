"""Means, spreads and quartiles of Table 1 do not tell a number of missing values that it hides."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.cohort import Cohort
from predictor.cohort.table_one import table_one
from predictor.cohort.telling_figures import decimals

HIDDEN = "hidden"


def cohort_of(column: np.ndarray, outcome: np.ndarray) -> Cohort:
    return Cohort(
        source="c.csv",
        variables=(load_dictionary().variable("c3"),),
        values=column[:, None],
        outcome=outcome.astype(np.int8),
        group=None,
        group_kind="none",
        patient=None,
        flow=(),
        warnings=(),
        simulated=False,
    )


def rows_of(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["statistic"]: row for row in made["rows"]}


def worked_out(rows: dict[str, dict[str, Any]], sizes: tuple[int, int]) -> set[tuple[int, int]]:
    """Numbers of missing values by outcome that a reader of the printed texts cannot rule out."""
    mean, missing = rows["mean (SD)"], rows["missing, n (%)"]
    total = None if missing["all"] == HIDDEN else int(missing["all"].split()[0])
    if mean["event"] == HIDDEN:
        return {(a, b) for a, b in product(range(sizes[0]), range(sizes[1]))}
    printed = {g: mean[g].rstrip(")").split(" (") for g in ("all", "event", "others")}
    # Tens print as 270: how coarse the numbers are can be seen from the column alone.
    texts = [text for pair in printed.values() for text in pair]
    after = max(len(text.partition(".")[2]) for text in texts)
    unit = 10.0**-after if after or any(t[-1] != "0" for t in texts) else 10.0
    ways = set()
    (m, s), (m1, s1), (m2, s2) = (tuple(map(float, printed[g])) for g in printed)
    for a, b in product(range(sizes[0] - 1), range(sizes[1] - 1)):
        if a + b != total if total is not None else not 1 <= a + b <= 4:
            continue
        first, second = sizes[0] - a, sizes[1] - b
        n = first + second
        weighted = (first * m1 + second * m2) / n
        within = (first - 1) * s1**2 + (second - 1) * s2**2
        together = ((within + first * second / n * (m1 - m2) ** 2) / (n - 1)) ** 0.5
        if abs(weighted - m) <= unit and abs(together - s) <= 1.5 * unit:
            ways.add((a, b))
    return ways


@pytest.mark.parametrize("seed", range(60))
def test_no_hidden_number_of_missing_values_follows_from_means_and_spreads(seed: int) -> None:
    generator = np.random.default_rng(seed)
    outcome = np.repeat([1, 0], [int(generator.integers(25, 60)), int(generator.integers(25, 60))])
    # Far apart, so that the mean of everybody tells much of how many there are in each group.
    column = generator.normal(60 + 60 * outcome, generator.uniform(5, 40)).clip(5, 400).round(1)
    gaps = tuple(int(g) for g in generator.integers(0, 6, 2))
    for state, count in zip((1, 0), gaps, strict=True):
        column[generator.choice(np.flatnonzero(outcome == state), count, replace=False)] = np.nan
    rows = rows_of(table_one(cohort_of(column, outcome), 5))
    missing = rows["missing, n (%)"]
    if missing["event"] != HIDDEN:
        return
    sizes = int(outcome.sum()), int((1 - outcome).sum())
    ways = worked_out(rows, sizes)
    assert gaps in ways
    for group in range(2):
        assert len({way[group] for way in ways}) >= 4
    if missing["all"] == HIDDEN:
        assert len({sum(way) for way in ways}) >= 4


def test_quartiles_between_whole_numbers_do_not_tell_how_many_there_are() -> None:
    generator = np.random.default_rng(4)
    outcome = np.arange(80) % 2
    for count in range(1, 5):
        column = generator.integers(40, 160, 80).astype(float)
        column[:count] = np.nan
        row = rows_of(table_one(cohort_of(column, outcome), 5))["median (quartiles)"]
        assert "." not in f"{row['all']} {row['event']} {row['others']}"


def test_figures_keep_their_digits_where_nothing_is_hidden() -> None:
    column, outcome = np.arange(40, 100).astype(float), np.arange(60) % 2
    row = rows_of(table_one(cohort_of(column, outcome), 5))["mean (SD)"]
    assert row["all"] == "69.5 (17.5)"


def test_decimals_are_those_that_were_measured() -> None:
    assert decimals([1.5, 2.25, 3.0]) == 2
    assert decimals([]) == 0
