"""Validation of models of a time: figures three ways, and how many patients they need."""

from __future__ import annotations

import numpy as np
import pytest
from made_times import made_times

from predictor.learning.splits import repeated_folds
from predictor.validation.time_size import for_time
from predictor.validation.time_to_event import (
    Timed,
    calibration_groups,
    cross_validated,
    figures,
    followed,
    loss,
    measured,
)

MADE = made_times(300)
WHO = Timed(
    MADE["months"],
    np.array([{"seen": 0, "relapse": 1, "death": 2}[end] for end in MADE["end"]]),
    None,
    (12, 24),
)
RATE = 0.033 * np.exp(0.9 * MADE["marker"])
TRUE = np.column_stack(
    [RATE / (RATE + 1 / 120) * -np.expm1(-(RATE + 1 / 120) * month) for month in WHO.marks]
)


def test_the_mean_loss_is_the_brier_score_at_the_last_horizon() -> None:
    assert loss(WHO, TRUE).mean() == pytest.approx(measured(WHO, TRUE)["brier_24"])


def test_everybody_alike_explains_nothing_and_discriminates_nothing() -> None:
    from predictor.performance.incidence import cumulative_incidence

    curve = cumulative_incidence(WHO.months, WHO.ends)
    alike = np.tile([curve.at(month)[0] for month in WHO.marks], (300, 1))
    found = measured(WHO, alike)
    assert found["c_index"] == 0.5
    assert found["scaled_brier_24"] == pytest.approx(0.0)
    assert found["intercept_24"] == pytest.approx(0.0, abs=0.05)
    assert np.isnan(found["slope_24"])


def test_a_corrected_figure_is_the_apparent_one_less_the_mean_optimism() -> None:
    rng = np.random.default_rng(2)
    counts = [rng.multinomial(300, np.full(300, 1 / 300)) for _ in range(30)]
    out_of_fold = dict.fromkeys(measured(WHO, TRUE), (None, None, None))
    # A procedure that learns nothing from its resample has an optimism of 0 on average only.
    found = figures(WHO, TRUE, out_of_fold, [(TRUE, count) for count in counts])
    (c,) = [row for row in found if row.name == "c_index"]
    own = []
    for count in counts:
        rows = np.repeat(np.arange(300), count)
        drawn = Timed(WHO.months[rows], WHO.ends[rows], None, WHO.marks)
        own.append(measured(drawn, TRUE[rows])["c_index"])
    assert c.apparent is not None
    optimism = np.mean(own) - c.apparent
    assert c.corrected[0] == pytest.approx(c.apparent - optimism)
    assert c.corrected[1] == pytest.approx(np.quantile(own, 0.025) - optimism)


def test_too_few_refits_correct_nothing() -> None:
    out_of_fold = dict.fromkeys(measured(WHO, TRUE), (None, None, None))
    found = figures(WHO, TRUE, out_of_fold, [(TRUE, np.ones(300, dtype=int))] * 3)
    assert {row.corrected for row in found} == {(None, None, None)}


def test_cross_validated_figures_lie_in_their_intervals() -> None:
    folds = repeated_folds(WHO.ends.astype(np.int8), None, folds=3, repeats=2, seed=1)
    found = cross_validated(WHO, np.stack([TRUE, TRUE]), folds, 7)
    for value, low, high in found.values():
        assert value is not None
        assert low is not None
        assert high is not None
        assert low < value < high


def test_who_is_followed_is_masked_below_the_cell_size() -> None:
    last = float(np.sort(WHO.months)[-3])
    few = Timed(WHO.months, WHO.ends, None, (12, int(last)))
    told = followed(few, 5, competing=True)
    assert told[0]["at_risk"] == int((WHO.months >= 12).sum())
    assert told[1]["at_risk"] is None


def test_groups_of_calibration_hold_everybody_and_never_few() -> None:
    rows = calibration_groups(WHO, TRUE, 5)
    for month in WHO.marks:
        assert sum(row["patients"] for row in rows if row["month"] == month) == 300
    assert min(row["patients"] for row in rows) >= 5


def test_no_group_of_calibration_tells_of_few_events() -> None:
    low = np.sort(TRUE[:, 0])
    for size in (5, 20):
        rows = [row for row in calibration_groups(WHO, TRUE, size) if row["month"] == WHO.marks[0]]
        place = np.cumsum([row["patients"] for row in rows])[:-1]
        who = np.searchsorted(low[place - 1], TRUE[:, 0], side="left")
        had = (WHO.months <= WHO.marks[0]) & (WHO.ends == 1)
        counts = np.array([[had[who == g].sum(), (~had)[who == g].sum()] for g in np.unique(who)])
        assert counts.min() >= size
        assert len(counts) == len(rows)


def test_a_horizon_with_few_events_has_no_group_and_no_incidence() -> None:
    had = np.sort(WHO.months[WHO.ends == 1])
    early = int(np.ceil(had[2]))
    who = Timed(WHO.months, WHO.ends, None, (early, WHO.marks[-1]))
    size = int((had <= early).sum()) + 1
    assert {row["month"] for row in calibration_groups(who, TRUE, size)} == {WHO.marks[-1]}
    told = followed(who, size, competing=False)
    assert told[0]["incidence"] is None
    assert told[0]["incidence_low"] is None
    assert told[1]["incidence"] is not None


def test_the_published_example_of_shrinkage_is_met() -> None:
    # Riley et al. 2019 and pmsampsize: 30 parameters, R-squared 0.051: 5143 patients; rate 0.065
    # a year, mean follow-up 2.07 years: largest R-squared 0.555.
    from predictor.validation.time_size import _shrunken

    assert _shrunken(30, 0.9, 0.051) == 5143
    found = for_time(100_000, 13_455, 100_000 * 2.07 * 12, 24, 30)
    assert found.r2 / 0.15 == pytest.approx(0.555, abs=5e-4)


def test_the_unit_of_time_changes_no_sample_size_but_the_horizon_does() -> None:
    one = for_time(200, 60, 200 * 24.0, 24.0, 8)
    assert one.n == max(n for _, n in one.criteria)
    assert for_time(400, 120, 400 * 24.0, 24.0, 8).n == one.n
    assert [name for name, _ in one.criteria][2] == "overall risk at the horizon"
