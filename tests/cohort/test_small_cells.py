"""No small count follows from what a masked table shows: tried by listing every possible table."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from predictor.cohort.cohort import FlowStep
from predictor.cohort.small_cells import hidden_rows, masked_flow, people


def _members(counts: list[list[int]]) -> tuple[list, list]:
    """Flags of the rows and columns of a table of counts."""
    flat = [(i, j) for i, row in enumerate(counts) for j, n in enumerate(row) for _ in range(n)]
    cells = np.array(flat).reshape(-1, 2)
    rows = [cells[:, 0] == i for i in range(len(counts))]
    return rows, [cells[:, 1] == j for j in range(len(counts[0]))]


def _possible(counts: list[list[int]], hidden: frozenset[int], overall: frozenset[int]) -> set:
    """Every filling of the hidden rows that agrees with the totals that are shown."""
    ranked = sorted(hidden)
    left = [sum(counts[i][j] for i in ranked) for j in range(2)]
    ways = set()
    for first in product(range(left[0] + 1), repeat=len(ranked) - 1):
        for second in product(range(left[1] + 1), repeat=len(ranked) - 1):
            events = (*first, left[0] - sum(first))
            others = (*second, left[1] - sum(second))
            if min(events) < 0 or min(others) < 0:
                continue
            filled = list(zip(events, others, strict=True))
            if all(i in overall or sum(filled[k]) == sum(counts[i]) for k, i in enumerate(ranked)):
                ways.add(tuple(filled))
    return ways


def test_no_hidden_count_of_a_table_by_outcome_can_be_worked_out() -> None:
    generator = np.random.default_rng(3)
    tried = 0
    for _ in range(300):
        states = int(generator.integers(2, 4))
        counts = generator.choice([0, 1, 2, 3, 5, 6, 9], (states, 2)).tolist()
        if min(sum(row[j] for row in counts) for j in range(2)) < 3:
            continue  # such a group is not shown at all
        rows, columns = _members(counts)
        everybody = np.ones(rows[0].size, dtype=bool)
        overall = hidden_rows(rows, [everybody], None, 3)
        hidden = hidden_rows(rows, columns, None, 3, already=overall)
        cells = product(range(states), range(2))
        small = [(i, j) for i, j in cells if any(counts[i]) and counts[i][j] < 3]
        assert {i for i, _ in small} <= hidden
        if not small:
            continue
        ranked, ways = sorted(hidden), _possible(counts, hidden, overall)
        for i, j in small:
            values = {way[ranked.index(i)][j] for way in ways}
            assert len(values) >= 3, counts
            tried += 1
    assert tried > 100


def test_the_overall_column_is_not_told_by_its_total() -> None:
    rows, _ = _members([[1, 0], [9, 0], [20, 0]])
    everybody = np.ones(30, dtype=bool)
    assert hidden_rows(rows, [everybody], None, 5) == {0, 1}
    # two small ones that together are small need a third
    rows, _ = _members([[1, 0], [2, 0], [9, 0], [20, 0]])
    assert hidden_rows(rows, [np.ones(32, dtype=bool)], None, 5) == {0, 1, 2}


def test_the_row_that_another_table_shows_is_taken_last() -> None:
    rows, _ = _members([[2, 0], [20, 0], [8, 0]])
    everybody = np.ones(30, dtype=bool)
    assert hidden_rows(rows, [everybody], None, 5) == {0, 2}
    assert hidden_rows(rows, [everybody], None, 5, last=2) == {0, 1}


def test_people_count_and_not_their_rows() -> None:
    person = np.repeat([0, 1, 2, 3, 4, 5, 6, 7, 8], 4)
    first = np.arange(36) < 12  # 12 rows of three people
    assert people(first, person) == 3
    assert hidden_rows([first, ~first], [np.ones(36, dtype=bool)], person, 5) == {0, 1}
    assert not hidden_rows([first, ~first], [np.ones(36, dtype=bool)], None, 5)


def test_a_state_of_one_outcome_only_is_hidden_however_many_have_it() -> None:
    rows, columns = _members([[9, 0], [8, 7], [6, 30]])
    # Its total may be shown; with the 0 it would tell the outcome of all nine.
    assert hidden_rows(rows, columns, None, 5) == {0, 1}


def test_a_row_of_nobody_tells_nothing_and_is_shown() -> None:
    rows, columns = _members([[0, 0], [8, 7], [6, 30]])
    assert not hidden_rows(rows, columns, None, 5)


def test_nothing_is_hidden_where_all_counts_are_shown() -> None:
    rows, columns = _members([[1, 2], [3, 1], [0, 0]])
    assert not hidden_rows(rows, columns, None, 1)


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        ([2], ["hidden", "hidden", "31"]),
        ([0], ["31", "0", "31"]),
        ([7], ["38", "7", "31"]),
        ([2, 9], ["42", "hidden", "hidden", "31"]),
        ([3, 4, 9], ["47", "hidden", "hidden", "9", "31"]),
        ([1, 2], ["hidden", "hidden", "hidden", "31"]),
        ([2, 0, 9, 12], ["54", "hidden", "0", "hidden", "12", "31"]),
    ],
)
def test_a_small_exclusion_cannot_be_had_by_subtraction(left: list[int], shown: list[str]) -> None:
    steps = [FlowStep("read", 31 + sum(left))]
    steps += [FlowStep(f"excluded: reason {i}", n) for i, n in enumerate(left)]
    rows = masked_flow([*steps, FlowStep("analysed", 31)], 5)
    assert [row["shown"] for row in rows] == shown
    assert all((row["patients"] is None) == (not str(row["shown"]).isdigit()) for row in rows)
    assert [row["excluded"] for row in rows[1:-1]] == [f"reason {i}" for i in range(len(left))]
