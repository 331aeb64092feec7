"""Subgroups: each as if evaluated alone, and small ones hidden beyond working out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.cohort.predictions import NOT_RECORDED, PredictionColumns, read_predictions
from predictor.cohort.table import Table
from predictor.performance.evaluation import evaluate
from predictor.validation.subgroups import Subgroups, evaluate_subgroups, masked

SIZES = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda s: (s[0] + s[1], *s)),
    min_size=1,
    max_size=8,
)


def subgroups_of(
    sizes: dict[str, tuple[int, int]], *, cell_size: int = 5, patient: list[str] | None = None
) -> Subgroups:
    """Subgroups with so many events and non-events, of made-up probabilities."""
    generator = np.random.default_rng(1)
    group = [name for name, (events, others) in sizes.items() for _ in range(events + others)]
    outcome = [y for events, others in sizes.values() for y in [1] * events + [0] * others]
    columns = {"y": outcome, "p": generator.uniform(0.1, 0.9, len(outcome)), "g": group}
    if patient is not None:
        columns["id"] = patient
    table = Table("file.csv", columns, range(len(outcome)))
    wanted = PredictionColumns("y", "p", by="g", patient="id" if patient is not None else None)
    found = read_predictions(table, wanted)
    return evaluate_subgroups(found, "g", cell_size=cell_size, thresholds=(0.5,))


def hidden(subgroups: Subgroups) -> list[str]:
    return [group.name for group in subgroups.groups if group.masked]


def test_a_subgroup_is_evaluated_as_if_it_were_alone() -> None:
    generator = np.random.default_rng(2)
    y, p = generator.integers(0, 2, 60), generator.uniform(size=60)
    g = ["a"] * 25 + ["b"] * 35
    table = Table("file.csv", {"y": y, "p": p, "g": g}, range(60))
    found = read_predictions(table, PredictionColumns("y", "p", by="g"))
    first, second = evaluate_subgroups(found, "g", cell_size=5, thresholds=(0.5,)).groups
    for group, rows in ((first, slice(0, 25)), (second, slice(25, 60))):
        assert group.evaluation is not None
        alone = evaluate(y[rows], p[rows], thresholds=(0.5,))
        assert group.evaluation.to_dict() == alone.to_dict()
        assert (group.n, group.events) == (alone.n, alone.events)


def test_names_that_look_the_same_are_subgroups_of_their_own() -> None:
    found = subgroups_of({"a": (20, 20), "a\0": (10, 15)})
    assert [(group.name, group.n) for group in found.groups] == [("a", 40), ("a\0", 25)]


def test_a_small_subgroup_takes_the_smallest_other_with_it() -> None:
    found = subgroups_of({"a": (2, 1), "b": (20, 20), "c": (10, 20)})
    assert hidden(found) == ["a", "c"]
    shown = found.groups[1]
    assert (shown.n, shown.events) == (40, 20)
    for group in (found.groups[0], found.groups[2]):
        assert (group.n, group.events, group.evaluation) == (None, None, None)


@pytest.mark.parametrize(
    ("sizes", "cell_size", "expected"),
    [
        ([(40, 20, 20), (30, 10, 20)], 5, []),
        ([(4, 2, 2), (40, 20, 20)], 5, [0, 1]),  # else 44 less 40
        ([(30, 0, 30), (40, 20, 20)], 5, [0, 1]),  # no event at all tells of everybody
        ([(2, 1, 1), (1, 1, 0), (40, 20, 20), (20, 10, 10)], 5, [0, 1, 3]),  # sum of 3 is small
        ([(4, 2, 2), (4, 2, 2), (4, 2, 2), (40, 20, 20)], 5, [0, 1, 2]),  # sum of 12 is not
        ([(3, 1, 2)], 5, [0]),
        ([(3, 1, 2), (1, 0, 1)], 0, []),
    ],
)
def test_which_subgroups_are_hidden(
    sizes: list[tuple[int, int, int]], cell_size: int, expected: list[int]
) -> None:
    assert sorted(masked(sizes, cell_size)) == expected


@given(SIZES, st.integers(1, 8))
def test_neither_a_small_number_nor_a_small_sum_can_be_worked_out(
    sizes: list[tuple[int, int, int]], cell_size: int
) -> None:
    found = masked(sizes, cell_size)
    shown = [size for i, size in enumerate(sizes) if i not in found]
    assert all(min(size) >= cell_size for size in shown)
    if found and shown:
        # What anybody finds who takes the shown ones from the total.
        rest = np.sum(sizes, axis=0) - np.sum(shown, axis=0)
        assert len(found) >= 2
        assert rest.min() >= cell_size


@given(SIZES)
def test_nothing_is_hidden_where_all_are_large(sizes: list[tuple[int, int, int]]) -> None:
    large = [(n + 20, events + 10, others + 10) for n, events, others in sizes]
    assert not masked(large, 10)


def test_patients_are_counted_and_not_their_rows() -> None:
    # Twelve rows of two patients in a; as many rows of as many patients in b and c.
    sizes = {"a": (6, 6), "b": (30, 30), "c": (40, 40)}
    patient = ["x", "y"] * 6 + [f"p{i}" for i in range(140)]
    assert hidden(subgroups_of(sizes)) == []
    assert hidden(subgroups_of(sizes, patient=patient)) == ["a", "b"]


def test_nothing_masked_shows_a_subgroup_of_one_class_with_its_limits() -> None:
    found = subgroups_of({"a": (3, 0), "b": (20, 20)}, cell_size=0)
    assert hidden(found) == []
    evaluation = found.groups[0].evaluation
    assert evaluation is not None
    assert evaluation.auroc is None
    assert "one_class" in {limit.code for limit in evaluation.limits}


def test_names_stand_in_the_order_of_their_numbers_and_the_unknown_last() -> None:
    names = ["10", "9", "nan", "beta", "Alpha", NOT_RECORDED]
    found = subgroups_of(dict.fromkeys(names, (6, 6)))
    assert [group.name for group in found.groups] == [
        "9",
        "10",
        "Alpha",
        "beta",
        "nan",
        NOT_RECORDED,
    ]


def test_predictions_without_subgroups_are_an_error_of_the_caller() -> None:
    table = Table("file.csv", {"y": [1, 0], "p": [0.1, 0.2]}, range(2))
    found = read_predictions(table, PredictionColumns("y", "p"))
    with pytest.raises(ValueError, match="have no subgroups"):
        evaluate_subgroups(found, "g", cell_size=5, thresholds=(0.5,))
