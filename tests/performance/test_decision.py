"""Net benefit against R, against arithmetic by hand, and by its laws."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.performance.decision import PERCENTS, as_thresholds, net_benefit

Floats = NDArray[np.float64]

probabilities = st.lists(
    st.one_of(st.floats(0, 1), st.integers(0, 100).map(lambda k: k / 100)), min_size=1, max_size=30
)


@st.composite
def patients(draw: st.DrawFn) -> tuple[NDArray[np.int_], Floats]:
    p = draw(probabilities)
    y = draw(st.lists(st.integers(0, 1), min_size=len(p), max_size=len(p)))
    return np.array(y), np.array(p)


def test_net_benefit_equals_r_at_all_99_thresholds(shared: Path) -> None:
    folder = shared / "reference"
    table = np.loadtxt(folder / "predictions.csv", delimiter=",", skiprows=1)
    with (folder / "predictions_net_benefit.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))
    rows = net_benefit(table[:, 0], table[:, 1]).rows
    assert len(rows) == len(expected) == 99
    for row, of_r in zip(rows, expected, strict=True):
        assert row.threshold == float(of_r["threshold"])
        assert row.true_positives == int(of_r["tp"])
        assert row.false_positives == int(of_r["fp"])
        assert row.model == pytest.approx(float(of_r["nb_model"]), abs=1e-10)
        assert row.model == pytest.approx(float(of_r["nb_treat_manual_ge"]), abs=1e-10)
        assert row.treat_all == pytest.approx(float(of_r["nb_all"]), abs=1e-10)
        assert row.treat_none == float(of_r["nb_none"])
        assert row.standardised == pytest.approx(float(of_r["snb_model"]), abs=1e-10)
        avoided = float(of_r["interventions_avoided_per_patient"])
        assert row.interventions_avoided == pytest.approx(avoided, abs=1e-10)


def test_ten_patients_by_hand() -> None:
    # At 0.2 the odds are 1/4; positive are 4 of 5 events and 2 of 5 others.
    y = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    p = [0.9, 0.5, 0.2, 0.3, 0.1, 0.2, 0.6, 0.1, 0.19, 0.0]
    row = net_benefit(y, p, [0.2]).rows[0]
    assert (row.true_positives, row.false_positives) == (4, 2)
    assert row.model == pytest.approx(4 / 10 - 2 / 10 / 4)
    assert row.treat_all == pytest.approx(5 / 10 - 5 / 10 / 4)
    assert row.standardised == pytest.approx(0.35 / 0.5)
    # Treating everybody finds 1 event more at the cost of 3 others: 3/10 - (1/10) * 4 avoided.
    assert row.interventions_avoided == pytest.approx(-1 / 10)


@given(patients())
def test_counting_one_by_one_gives_the_same(sample: tuple[NDArray[np.int_], Floats]) -> None:
    y, p = sample
    for row in net_benefit(y, p).rows:
        positive = p >= row.threshold
        assert row.true_positives == int((positive & (y == 1)).sum())
        assert row.false_positives == int((positive & (y == 0)).sum())


@given(patients())
def test_lines_and_bounds(sample: tuple[NDArray[np.int_], Floats]) -> None:
    y, p = sample
    prevalence = y.mean()
    for row in net_benefit(y, p).rows:
        odds = row.threshold / (1 - row.threshold)
        # Treating everybody: crosses 0 at the prevalence, a line in the odds.
        assert row.treat_all == pytest.approx(prevalence - (1 - prevalence) * odds, abs=1e-9)
        assert np.sign(round(row.treat_all, 9)) == np.sign(round(prevalence - row.threshold, 9))
        assert row.treat_none == 0.0
        assert -(1 - prevalence) * odds - 1e-9 <= row.model <= prevalence + 1e-9
        avoided = (row.model - row.treat_all) / odds
        assert row.interventions_avoided == pytest.approx(avoided, abs=1e-9)
        assert row.interventions_avoided <= 1 - prevalence + 1e-9
        if prevalence > 0:
            assert row.standardised == pytest.approx(row.model / prevalence, abs=1e-9)
            assert row.standardised <= 1 + 1e-9
        else:
            assert row.standardised is None


def test_a_model_that_knows_is_worth_the_prevalence_everywhere() -> None:
    for row in net_benefit([0, 1, 0, 1, 1], [0, 1, 0, 1, 1]).rows:
        assert row.model == pytest.approx(0.6)
        assert row.standardised == pytest.approx(1.0)
        assert row.interventions_avoided == pytest.approx(0.4)


@given(patients())
def test_calling_everybody_positive_is_treating_all(
    sample: tuple[NDArray[np.int_], Floats],
) -> None:
    y, p = sample
    for row in net_benefit(y, np.ones_like(p)).rows:
        assert row.model == pytest.approx(row.treat_all, abs=1e-9)
        assert row.interventions_avoided == pytest.approx(0.0, abs=1e-9)


def test_a_prediction_at_the_threshold_is_positive_at_every_percent() -> None:
    # 0.07, 0.29 and 0.58 are the ones that 7 * 0.01 and the like would miss.
    for k in range(1, 100):
        written = float(f"0.{k:02d}")
        row = net_benefit([1], [written], [PERCENTS[k - 1]]).rows[0]
        assert row.true_positives == 1
        assert row.threshold == written


def test_thresholds_made_by_steps_mean_what_they_look_like() -> None:
    steps = np.arange(0.01, 1.0, 0.01)
    assert (steps != PERCENTS).any()
    assert tuple(as_thresholds(steps)) == PERCENTS
    y, p = [1] * 99, list(PERCENTS)
    assert net_benefit(y, p, steps) == net_benefit(y, p)


def test_rows_keep_the_order_they_were_asked_for() -> None:
    rows = net_benefit([0, 1], [0.2, 0.6], [0.5, 0.1]).rows
    assert [row.threshold for row in rows] == [0.5, 0.1]


@pytest.mark.parametrize("outcome", [[0, 0, 0], [1, 1, 1]])
def test_one_class_has_net_benefit(outcome: list[int]) -> None:
    curve = net_benefit(outcome, [0.1, 0.5, 0.9], [0.4])
    assert curve.events == sum(outcome)
    expected = 2 / 3 if outcome[0] else -(2 / 3) * (2 / 3)
    assert curve.rows[0].model == pytest.approx(expected)


@pytest.mark.parametrize(
    ("outcome", "probability", "thresholds", "message"),
    [
        ([0, 1], [0.1, 1.1], [0.5], "probability must lie between 0 and 1"),
        ([0, 1], [-0.1, 0.1], [0.5], "probability must lie between 0 and 1"),
        ([0, 1], [0.1, np.nan], [0.5], "probability contains missing"),
        ([0, 1], [0.1], [0.5], "probability has shape"),
        ([], [], [0.5], "at least one patient"),
        ([0, 1], [0.1, 0.2], [0.0], "thresholds must lie strictly between"),
        ([0, 1], [0.1, 0.2], [1.0], "thresholds must lie strictly between"),
        ([0, 1], [0.1, 0.2], [np.nan], "thresholds must lie strictly between"),
        ([0, 1], [0.1, 0.2], [25], "thresholds must lie strictly between"),
        ([0, 1], [0.1, 0.2], [], "at least one number"),
        ([0, 1], [0.1, 0.2], ["half"], "thresholds must be numbers"),
    ],
)
def test_bad_input_is_refused_by_name(
    outcome: list[int], probability: list[float], thresholds: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        net_benefit(outcome, probability, thresholds)


@pytest.mark.parametrize("threshold", [1e-15, 1 - 1e-15, 5e-324])
def test_thresholds_that_round_to_0_or_1_are_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        net_benefit([0, 1], [0.1, 0.2], [threshold])
