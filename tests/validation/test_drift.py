"""Shift of a model's inputs, against other libraries and against false alarms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, fisher_exact, ks_2samp

from predictor.clinical.dictionary import load_dictionary
from predictor.fitted.bundle import open_bundle
from predictor.validation.drift import Patients, Shift, holm, shifts

VARIABLES = open_bundle("remission").variables


def drawn(n: int, seed: int, move: float = 0.0) -> Patients:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, len(VARIABLES)))
    values[:, 0] += move
    return Patients(values, rng.random(n), rng.random(n) < 0.05)


def named(rows: tuple[Shift, ...], variable: str, code: str) -> Shift:
    return next(row for row in rows if (row.variable, row.code) == (variable, code))


@given(st.lists(st.floats(min_value=0.0, max_value=1.0), min_size=1, max_size=12))
def test_holm_adjusts_as_its_definition_says(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    ordered = sorted(p_values)
    for p, found in zip(p_values, adjusted, strict=True):
        rank = max(i for i, q in enumerate(ordered) if q == p)
        expected = max(min(1.0, (len(ordered) - i) * ordered[i]) for i in range(rank + 1))
        assert found == pytest.approx(expected)
    # Never below what controls the milder false discovery rate.
    assert (np.array(adjusted) >= false_discovery_control(p_values) - 1e-12).all()


def test_the_same_kind_of_patients_raise_an_alarm_in_one_of_a_hundred_files_at_most() -> None:
    alarms = [
        any(row.alarm for row in shifts(VARIABLES, drawn(200, s), drawn(150, 10_000 + s)))
        for s in range(300)
    ]
    assert np.mean(alarms) <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / 300)


def test_a_moved_variable_is_named_and_no_other() -> None:
    rows = shifts(VARIABLES, drawn(300, 1), drawn(300, 2, move=1.0))
    assert [row.variable for row in rows if row.alarm] == [VARIABLES[0].name]
    moved = named(rows, VARIABLES[0].name, "input_shift")
    a, b = drawn(300, 1).values[:, 0], drawn(300, 2, move=1.0).values[:, 0]
    assert moved.p_value == pytest.approx(ks_2samp(a, b).pvalue)
    assert moved.new == pytest.approx(np.median(b))


def test_a_shift_that_does_not_matter_is_no_alarm_in_however_many() -> None:
    rows = shifts(VARIABLES, drawn(60_000, 1), drawn(60_000, 2, move=0.1))
    moved = named(rows, VARIABLES[0].name, "input_shift")
    assert moved.adjusted is not None
    assert moved.adjusted < 1e-6
    assert not moved.alarm


def test_values_that_are_no_longer_measured_are_named() -> None:
    new = drawn(200, 4)
    new.values[:90, 2] = np.nan
    rows = shifts(VARIABLES, drawn(200, 3), new)
    assert [(row.variable, row.code) for row in rows if row.alarm] == [
        (VARIABLES[2].name, "missingness_shift")
    ]


def test_a_variable_that_nobody_has_is_missing_and_not_compared() -> None:
    new = drawn(100, 4)
    new.values[:, 2] = np.nan
    rows = shifts(VARIABLES, drawn(100, 3), new)
    assert named(rows, VARIABLES[2].name, "input_shift").p_value is None
    assert named(rows, VARIABLES[2].name, "missingness_shift").alarm


def test_patients_outside_the_models_domain_are_counted() -> None:
    new = drawn(200, 6)
    new = Patients(new.values, new.probability, np.arange(200) < 60)
    rows = shifts(VARIABLES, drawn(200, 5), new)
    outside = named(rows, "", "outside_domain")
    assert outside.alarm
    assert outside.new == pytest.approx(0.3)


NOMINAL = tuple(v for v in load_dictionary().variables.values() if len(v.states) > 2)[:2]


def states(n: int, seed: int) -> Patients:
    rng = np.random.default_rng(seed)
    columns = [rng.choice(3, n, p=[0.6, 0.395, 0.005]) for _ in NOMINAL]
    return Patients(np.column_stack(columns).astype(float), rng.random(n), None)


def test_a_rare_state_raises_no_more_false_alarms_than_were_asked_for() -> None:
    """Chi-square gave 3.4% of such files an alarm."""
    alarms = [
        any(row.alarm for row in shifts(NOMINAL, states(1000, s), states(20, 10_000 + s)))
        for s in range(300)
    ]
    assert np.mean(alarms) <= 0.01 + 2 * np.sqrt(0.01 * 0.99 / 300)


def test_several_states_are_judged_by_the_one_that_differs_most() -> None:
    a, b = states(300, 1), states(200, 2)
    moved = np.where(np.arange(200) < 60, 2.0, b.values[:, 0])
    b = Patients(np.column_stack([moved, b.values[:, 1]]), b.probability, None)
    row = named(shifts(NOMINAL, a, b), NOMINAL[0].name, "input_shift")
    found = [
        fisher_exact([[(x == s).sum(), (x != s).sum()] for x in (a.values[:, 0], moved)]).pvalue
        for s in range(3)
    ]
    assert row.p_value == pytest.approx(3 * min(found))
    assert row.alarm
