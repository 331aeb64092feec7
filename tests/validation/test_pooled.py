"""Figures that centres told of themselves: metafor's numbers, a closed form, files that lie."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from predictor.validation.centre_figures import FIGURES, Figure, figures_of
from predictor.validation.pooled import ToldCentre, as_row, figures_from, pooled

# Thirteen trials of BCG vaccine: tuberculosis yes, no among vaccinated; yes, no among controls
# (Colditz et al., JAMA 1994;271:698; dat.bcg of R's metafor).
BCG = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ],
    dtype=float,
)


def of_centre(
    name: str, n: int, events: int, positions: dict[str, tuple[float | None, float | None]]
) -> ToldCentre:
    """A centre with some figures, each given on its scale with its standard error."""
    figures = []
    for figure, (scale, _) in FIGURES.items():
        position, error = positions.get(figure, (None, None))
        value = None if position is None else inverse(scale, position)
        reason = None if error is not None else "not told"
        figures.append(Figure(figure, scale, value, None, None, error, reason))
    return ToldCentre(name, n, events, tuple(figures))


def inverse(scale: str, position: float) -> float:
    """By scipy and the standard library, not by what is tried here."""
    if scale == "log-odds":
        return float(stats.logistic.cdf(position))
    return math.exp(position) if scale == "logarithm" else position


def summary(found: dict[str, Any], figure: str) -> dict[str, Any]:
    return next(row for row in found["summaries"] if row["figure"] == figure)


def test_thirteen_centres_have_the_summary_that_metafor_prints_on_every_scale() -> None:
    # rma(yi, vi, data = escalc(measure = "RR", ..., dat.bcg), test = "knha"): tau^2 0.3132,
    # I^2 92.22%, estimate -0.714532342158211, interval -1.10844371368566 to -0.320620970630764
    a, b, c, d = BCG.T
    y = np.log(a / (a + b)) - np.log(c / (c + d))
    errors = np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    told = [
        of_centre(f"c{i}", 100, 40, {name: (float(y[i]), float(errors[i])) for name in FIGURES})
        for i in range(13)
    ]
    found = pooled(told)
    for name, (scale, _) in FIGURES.items():
        row = summary(found, name)
        assert (row["centres"], row["left_out"], row["method"]) == (13, 0, "REML")
        assert round(row["tau2"], 4) == 0.3132
        assert round(100 * row["i2"], 2) == 92.22
        for key, metafor in {
            "mean": -0.714532342158211,
            "low": -1.10844371368566,
            "high": -0.320620970630764,
        }.items():
            assert row[key] == pytest.approx(inverse(scale, metafor), abs=1e-6), (name, key)


def test_centres_that_are_equally_sure_have_a_closed_form() -> None:
    """Equal variances: the mean of the log-odds, with the interval of a mean of so many values."""
    areas = np.array([0.70, 0.78, 0.74, 0.83])
    y, v = np.log(areas / (1 - areas)), 0.01
    told = [of_centre(f"c{i}", 50, 20, {"auroc": (y[i], math.sqrt(v))}) for i in range(4)]
    row = summary(pooled(told), "auroc")
    spread = y.var(ddof=1)
    assert row["tau2"] == pytest.approx(spread - v)
    assert row["i2"] == pytest.approx(1 - v / spread)
    low, high = stats.t.interval(0.95, 3, loc=y.mean(), scale=stats.sem(y))
    far = stats.t.ppf(0.975, 2) * math.sqrt(spread - v + stats.sem(y) ** 2)
    for key, position in {
        "mean": y.mean(),
        "low": low,
        "high": high,
        "prediction_low": y.mean() - far,
        "prediction_high": y.mean() + far,
    }.items():
        assert row[key] == pytest.approx(stats.logistic.cdf(position), rel=1e-9)


def test_a_centre_without_an_interval_is_counted_and_left_out() -> None:
    told = [
        of_centre("a", 50, 20, {"auroc": (1.0, 0.2), "observed_expected": (0.1, 0.2)}),
        of_centre("b", 60, 30, {"auroc": (0.8, 0.1), "observed_expected": (0.0, None)}),
    ]
    found = pooled(told)
    assert (found["n"], found["events"]) == (110, 50)
    assert summary(found, "auroc")["centres"] == 2
    ratio = summary(found, "observed_expected")
    assert (ratio["centres"], ratio["left_out"], ratio["method"]) == (1, 1, "one centre")
    assert ratio["mean"] == pytest.approx(math.exp(0.1))
    assert ratio["high"] == pytest.approx(math.exp(0.1 + stats.norm.ppf(0.975) * 0.2))
    slope = summary(found, "calibration_slope")
    assert (slope["centres"], slope["left_out"], slope["mean"]) == (0, 2, None)
    assert slope["note"]


def test_a_higher_level_is_a_wider_interval() -> None:
    told = [of_centre(str(i), 50, 20, {"brier": (-1.0 + 0.2 * i, 0.1)}) for i in range(4)]
    wide, narrow = (summary(pooled(told, level), "brier") for level in (0.99, 0.8))
    assert wide["low"] < narrow["low"] < narrow["mean"] == wide["mean"] < narrow["high"]


def told_rows() -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    p = rng.uniform(0.05, 0.95, 90)
    figures = figures_of((rng.random(90) < p).astype(np.int8), p, 0.95)
    return [as_row(figure) for figure in figures]


def test_figures_go_through_a_file_unchanged() -> None:
    rows = json.loads(json.dumps(told_rows(), allow_nan=False))
    assert [as_row(figure) for figure in figures_from(rows)] == rows


def _with(figure: str, **changes: Any) -> list[dict[str, Any]]:
    return [row | changes if row["figure"] == figure else row for row in told_rows()]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "auroc"),
        (None, "not iterable"),
        (_with("auroc", value=1.2), "does not hold its value"),
        (_with("auroc", value=1.2, high=1.3), "domain|expected"),
        (_with("auroc", value=1.0, high=1.0), "domain|expected"),
        (_with("auroc", high=1.4), "domain|expected"),
        (_with("auroc", low=0.99, high=0.5), "does not hold its value"),
        (_with("auroc", low=None), "without a value"),
        (_with("auroc", error=None), "without a standard error"),
        (_with("observed_expected", value=-1.0, low=-2.0), "domain|expected"),
        (_with("brier", error=0.0), "without a value"),
        (_with("brier", error=-0.1), "without a value"),
        (_with("brier", error=float("inf")), "no number"),
        (_with("brier", value=None), "without a value"),
        (_with("calibration_slope", scale="logarithm"), "another scale"),
        (_with("calibration_slope", value="steep"), "could not convert"),
        (_with("calibration_slope", low=float("nan")), "no number"),
    ],
)
def test_what_no_centre_can_have_found_is_refused(rows: Any, message: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError), match=message):
        figures_from(rows)


def test_a_further_figure_of_a_later_version_is_no_trouble() -> None:
    extra = {**told_rows()[0], "figure": "ici"}
    assert len(figures_from([*told_rows(), extra])) == len(FIGURES)
