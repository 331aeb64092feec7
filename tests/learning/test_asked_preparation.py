"""What a centre takes for a preparation: all that patients can teach, and nothing made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.fitted.preparation import DesignColumn, Preparation, Regression
from predictor.learning.asked_preparation import not_learned
from predictor.learning.preparer import Column
from predictor.learning.tally import preparation_of, tally, together

COLUMNS = (
    Column("dose", (), 0.0, 100.0),
    Column("fever", (), 0.0, 1.0, binary=True),
    Column("organ", ("skin", "joint", "kidney")),
    Column("titre"),
)
INDICATORS = ("dose",)


def patients(n: int, seed: int, gaps: float = 0.15) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [
            rng.uniform(0.0, 100.0, n),
            rng.random(n) < 0.4,
            rng.choice(3, n, p=[0.6, 0.3, 0.1]),
            rng.lognormal(2.0, 2.0, n),
        ]
    ).astype(float)
    values[rng.random(values.shape) < gaps] = np.nan
    return values


def learned(values: np.ndarray) -> Preparation:
    """As the coordinator learns it, from the sums of two centres."""
    parts = [
        tally(COLUMNS, part, np.zeros(len(part), np.int8)) for part in (values[:5], values[5:])
    ]
    return preparation_of(COLUMNS, together(parts), INDICATORS)


def broken(preparation: Preparation, values: np.ndarray, own: slice) -> list[str]:
    here = tally(COLUMNS, values[own], np.zeros(len(values[own]), np.int8))
    return list(not_learned(preparation, COLUMNS, INDICATORS, here, len(values)))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(12, 80),
    st.floats(0.0, 1.0),
    st.sampled_from([0.0, 0.3, 0.9]),
)
def test_what_all_rows_teach_every_centre_takes(
    seed: int, n: int, share: float, gaps: float
) -> None:
    """Whoever the patients are, and however they are spread; some columns do not vary."""
    values = patients(n, seed, gaps)
    if seed % 3 == 0:
        values[:, seed % 4] = 1.0
    if seed % 5 == 0:
        values[:, 0] = np.where(np.isnan(values[:, 0]), np.nan, 100.0 * (values[:, 0] > 50.0))
    preparation, at = learned(values), round(share * n)
    assert broken(preparation, values, slice(0, at)) == []
    assert broken(preparation, values, slice(at, n)) == []
    assert broken(preparation, values, slice(0, n)) == []


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    return patients(200, 3)


@pytest.fixture(scope="module")
def honest(values: np.ndarray) -> Preparation:
    found = learned(values)
    names = ["dose", "dose missing", "fever", "organ=joint", "organ=kidney", "titre"]
    assert [column.name for column in found.columns] == names
    return found


OWN = slice(0, 90)


def with_column(honest: Preparation, column: DesignColumn, at: int = 0) -> Preparation:
    columns = (*honest.columns[:at], column, *honest.columns[at:])
    centre, scale = np.insert(honest.centre, at, 0.5), np.insert(honest.scale, at, 0.5)
    return replace(honest, columns=columns, centre=centre, scale=scale)


def changed(honest: Preparation, field: str, at: int, value: float) -> Preparation:
    numbers = getattr(honest, field).copy()
    numbers[at] = value
    return replace(honest, **{field: numbers})


@pytest.mark.parametrize(
    "column",
    [
        DesignColumn("dose", 0, state=42),
        DesignColumn("dose=42", 0, state=42),
        DesignColumn("fever", 1, state=1),
        DesignColumn("fever missing", 1, missing=True),
        DesignColumn("titre missing", 3, missing=True),
        DesignColumn("organ=skin", 2, state=0),
        DesignColumn("organ", 2),
        DesignColumn("organ=joint", 2, state=1),
        DesignColumn("dose", 0),
    ],
)
def test_a_column_that_the_study_does_not_make(
    column: DesignColumn, honest: Preparation, values: np.ndarray
) -> None:
    for at in range(len(honest.columns) + 1):
        (message,) = broken(with_column(honest, column, at), values, OWN)
        assert message.startswith("its columns are not those of the study")


def test_columns_in_another_order(honest: Preparation, values: np.ndarray) -> None:
    turned = replace(
        honest, columns=honest.columns[::-1], centre=honest.centre[::-1], scale=honest.scale[::-1]
    )
    assert "in that order" in broken(turned, values, OWN)[0]


def test_regressions_and_other_predictors(honest: Preparation, values: np.ndarray) -> None:
    step = Regression(0, (3,), 0.0, (1e50,), None, None)
    assert "regressions" in broken(replace(honest, regressions=(step,)), values, OWN)[0]
    other = replace(honest, names=("titre", "fever", "organ", "dose"))
    assert "other predictors" in broken(other, values, OWN)[0]


@pytest.mark.parametrize(
    ("field", "at", "value", "words"),
    [
        ("fill", 0, 1e6, "missing `dose` is not the mean"),
        ("fill", 0, 50.0, "missing `dose` is not the mean"),
        ("fill", 1, 0.5, "missing `fever` is none of its states"),
        ("fill", 1, 2.0, "missing `fever` is none of its states"),
        ("fill", 2, 3.0, "missing `organ` is none of its states"),
        ("fill", 2, -1.0, "missing `organ` is none of its states"),
        ("scale", 0, 1e-90, "`dose` are not of patients whom those here belong to"),
        ("scale", 0, 101.0, "`dose` is not plausible"),
        ("scale", 5, 1e-90, "`titre` are not of patients whom those here belong to"),
        ("centre", 2, 0.0, "`fever` are not those of zeros and ones"),
        ("centre", 2, -3.0, "`fever` are not those of zeros and ones"),
        ("scale", 1, 1e-90, "`dose missing` are not those of zeros and ones"),
        ("scale", 3, 2.0, "`organ=joint` are not those of zeros and ones"),
    ],
)
def test_numbers_that_no_patients_have(
    field: str, at: int, value: float, words: str, honest: Preparation, values: np.ndarray
) -> None:
    assert any(words in one for one in broken(changed(honest, field, at, value), values, OWN))


def test_a_mean_far_away(honest: Preparation, values: np.ndarray) -> None:
    """Where one is missing, patients would stand apart from all others."""

    def moved(at: int, variable: int, value: float) -> list[str]:
        found = changed(changed(honest, "centre", at, value), "fill", variable, value)
        return broken(found, values, OWN)

    assert "not plausible" in moved(0, 0, 150.0)[0]
    assert "belong to" in moved(0, 0, 99.0)[0]
    assert "belong to" in moved(5, 3, 1e90)[0]
    assert moved(0, 0, float(honest.centre[0]) * (1.0 + 1e-12)) == []


def test_one_message_names_no_value(honest: Preparation, values: np.ndarray) -> None:
    found: Any = broken(changed(honest, "scale", 0, 1e-90), values, OWN)
    assert not any(character.isdigit() for character in "".join(found))
