"""Precision of an external validation held against what one needs."""

from __future__ import annotations

import numpy as np
import pytest

from predictor.performance.evaluation import evaluate
from predictor.validation.reached import precise_enough, precision_reached
from predictor.validation.validationsize import for_validation


def of(patients: int, share: float = 0.4, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    odds = np.log(share / (1 - share)) + 1.3 * rng.standard_normal(patients)
    p = 1 / (1 + np.exp(-odds))
    return (rng.random(patients) < p).astype(int), p


def test_a_hundred_of_each_are_enough_whatever_the_widths() -> None:
    y, p = of(300)
    rows = precision_reached(evaluate(y, p))
    assert {row.name: row.met for row in rows}["hundred_events"]
    assert not rows[1].met
    assert precise_enough(rows)


def test_ninety_nine_events_need_narrow_intervals() -> None:
    y, p = of(6000)
    order = np.r_[np.flatnonzero(y)[:99], np.flatnonzero(y == 0)[:120]]
    rows = precision_reached(evaluate(y[order], p[order]))
    assert not precise_enough(rows)


def test_of_a_right_model_as_many_are_needed_as_riley_says() -> None:
    y, p = of(20_000)
    evaluation = evaluate(y, p)
    assert evaluation.auroc is not None
    foreseen = {
        row.name: row.n for row in for_validation(y.mean(), evaluation.auroc.value).criteria
    }
    for row in precision_reached(evaluation):
        assert row.needed == pytest.approx(foreseen[row.name], rel=0.1)


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.0])
def test_whoever_has_enough_patients_is_not_asked_for_more(slope: float) -> None:
    rng = np.random.default_rng(6)
    odds = 1.5 * rng.standard_normal(4000) - 0.3
    y = (rng.random(4000) < 1 / (1 + np.exp(-slope * odds))).astype(int)
    for row in precision_reached(evaluate(y, 1 / (1 + np.exp(-odds)))):
        assert row.needed is not None
        assert row.met == (row.needed <= 4000)


def test_the_width_that_came_out_is_that_of_the_interval() -> None:
    evaluation = evaluate(*of(300))
    (ratio, slope, auroc, _) = precision_reached(evaluation)
    assert evaluation.auroc is not None
    assert evaluation.auroc.high is not None
    assert evaluation.auroc.low is not None
    assert auroc.width == evaluation.auroc.high - evaluation.auroc.low
    assert ratio.wanted == slope.wanted == 0.2


def test_a_model_that_tells_nobody_apart_is_given_no_number_of_patients() -> None:
    y, _ = of(300)
    rows = precision_reached(evaluate(y, np.full(300, 0.4)))
    assert rows[1].width is rows[1].needed is None
