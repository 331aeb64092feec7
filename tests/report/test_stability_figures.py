"""Figures of the bootstrap: clear whatever they are given, true to it, and without patients."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from drawn_figures import assert_clear, drawn, words
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from predictor.report.instability_figure import instability_figure
from predictor.report.stability_figures import explanation_stability_figure, validation_figure
from predictor.validation.instability import (
    ExplanationStability,
    PredictionInstability,
    explanation_stability,
    prediction_instability,
)
from predictor.validation.internal import InternalValidation, internal_validation
from predictor.validation.measured import measure

AWFUL = [
    r"$\frac{a}{b}$ x_1^2 $",
    "W" * 200,
    "C3 😀 emoji \u202eturned\u202c שלום",
    "<b>html</b>\n\nnew lines & =cmd()",
    "漢字かな",
    "",
    "a label of two hundred characters that goes on and on and says what is measured " * 3,
]
SLOW = settings(
    deadline=None,
    max_examples=10,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
THRESHOLDS = (0.25, 0.5, 0.75)


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def unstable(n: int = 31, refits: int = 120, seed: int = 3) -> PredictionInstability:
    generator = np.random.default_rng(seed)
    original = generator.uniform(0.1, 0.8, n)
    odds = np.log(original / (1 - original)) + generator.normal(0, 0.8, (refits, n))
    moved = 1 / (1 + np.exp(-odds))
    found = prediction_instability(original, moved, np.ones(refits, dtype=bool), THRESHOLDS)
    assert found is not None
    return found


def draw_instability(found: PredictionInstability, **changes: Any) -> Figure:
    given: dict[str, Any] = {"bin_size": 5, "patients": False, "label": "Ridge logistic"}
    return drawn(instability_figure, found, **(given | changes))


def ranges(figure: Figure) -> np.ndarray:
    """Place, low and high of each range, one row for each mark."""
    (lines,) = figure.axes[0].findobj(LineCollection)
    return np.array([[line[0, 0], line[0, 1], line[1, 1]] for line in lines.get_segments()])


def dots(figure: Figure, panel: int) -> np.ndarray:
    """Places of the marks of one panel."""
    (line,) = [x for x in figure.axes[panel].get_lines() if x.get_marker() == "o"]
    return np.column_stack(line.get_data())


# ---- instability of the predictions


@pytest.mark.parametrize("n", [5, 31, 1000])
@pytest.mark.parametrize("refits", [40, 120])
@pytest.mark.parametrize("patients", [False, True])
def test_the_instability_is_clear(n: int, refits: int, patients: bool) -> None:
    figure = draw_instability(unstable(n, refits), patients=patients)
    assert_clear(figure)
    assert f"refitted in {refits} bootstrap resamples; probabilities of {n:,} patients" in words(
        figure
    )
    assert ("No range: fewer than 100 refits." in words(figure)) == (refits == 40)


@pytest.mark.parametrize("label", AWFUL)
def test_the_instability_is_clear_whatever_the_model_is_called(label: str) -> None:
    assert_clear(draw_instability(unstable(), label=label))


@pytest.mark.parametrize("level", [0.0, 0.001, 0.3, 1.0])
def test_equal_predictions_can_be_drawn(level: float) -> None:
    found = prediction_instability(
        np.full(31, level), np.full((100, 31), level), np.ones(100, dtype=bool), THRESHOLDS
    )
    assert found is not None
    assert_clear(draw_instability(found))


def test_without_permission_every_mark_is_a_mean_over_a_bin() -> None:
    found = unstable()
    figure = draw_instability(found)
    order = np.argsort(found.original)
    # 31 patients make six bins of five or six, in the order of their probabilities.
    bins = np.split(order, [6, 11, 16, 21, 26])
    low, high = found.low, found.high
    assert low is not None
    assert high is not None
    expected = [[found.original[b].mean(), low[b].mean(), high[b].mean()] for b in bins]
    np.testing.assert_allclose(ranges(figure), expected, atol=1e-12)
    error = [[found.original[b].mean(), found.mean_absolute_error[b].mean()] for b in bins]
    np.testing.assert_allclose(dots(figure, 1), error, atol=1e-12)
    changed = [[found.original[b].mean(), found.classification[0.5][b].mean()] for b in bins]
    np.testing.assert_allclose(dots(figure, 2), changed, atol=1e-12)
    assert "Every mark is the mean over a bin of 5 to 6 patients" in words(figure)
    assert "no single patient is shown" in words(figure)


def test_no_value_of_a_single_patient_is_drawn_without_permission() -> None:
    found = unstable(200)
    figure = draw_instability(found)
    assert found.low is not None
    for column, marks in (
        (found.original, ranges(figure)[:, 0]),
        (found.low, ranges(figure)[:, 1]),
        (found.mean_absolute_error, dots(figure, 1)[:, 1]),
    ):
        assert np.abs(column[:, None] - marks[None]).min() > 1e-9


@pytest.mark.parametrize(("n", "size", "bins"), [(31, 5, 6), (31, 20, 1), (1000, 5, 20), (9, 5, 1)])
def test_no_bin_is_smaller_than_it_may_be(n: int, size: int, bins: int) -> None:
    assert len(ranges(draw_instability(unstable(n), bin_size=size))) == bins


def test_with_permission_every_mark_is_a_patient() -> None:
    found = unstable()
    figure = draw_instability(found, patients=True)
    order = np.argsort(found.original)
    assert found.low is not None
    assert found.high is not None
    expected = np.column_stack([found.original, found.low, found.high])[order]
    np.testing.assert_allclose(ranges(figure), expected)
    assert "Every mark is a patient." in words(figure)


def test_rows_are_not_called_patients_where_a_patient_has_several() -> None:
    said = words(draw_instability(unstable(), unit="row"))
    assert "probabilities of 31 rows" in said
    assert "5 to 6 rows of similar probability" in said
    assert "patients" not in said


def test_the_class_is_told_at_the_threshold_nearest_to_the_mean_probability() -> None:
    low = prediction_instability(
        np.linspace(0.05, 0.3, 31), np.full((100, 31), 0.2), np.ones(100, bool), THRESHOLDS
    )
    assert low is not None
    assert "Share of refits on the other side of 25%" in words(draw_instability(low))


@pytest.mark.parametrize("patients", [False, True])
def test_the_instability_does_not_tell_the_order_of_the_rows(patients: bool) -> None:
    found = unstable()
    assert found.low is not None
    assert found.high is not None
    turned = dataclasses.replace(
        found,
        original=found.original[::-1],
        low=found.low[::-1],
        high=found.high[::-1],
        mean_absolute_error=found.mean_absolute_error[::-1],
        classification={t: share[::-1] for t, share in found.classification.items()},
    )
    both = [
        instability_figure(one, bin_size=5, patients=patients, label="Ridge")
        for one in (found, turned)
    ]
    assert both[0] == both[1]


# ---- stability of the explanation


def stability(p: int, refits: int = 120, seed: int = 1) -> tuple[ExplanationStability, ...]:
    generator = np.random.default_rng(seed)
    size = np.abs(generator.normal(np.linspace(1, 0, p), 0.3, (refits, p)))
    return explanation_stability(size, np.ones(refits, bool), [f"v{j}" for j in range(p)])


@SLOW
@given(
    labels=st.lists(st.one_of(st.sampled_from(AWFUL), st.text(max_size=60)), max_size=45),
    p=st.integers(1, 45),
    refits=st.sampled_from([40, 120]),
)
def test_the_stability_is_clear_whatever_the_labels(labels: list[str], p: int, refits: int) -> None:
    named = {f"v{j}": label for j, label in enumerate(labels)}
    figure = drawn(explanation_stability_figure, stability(p, refits), named, scale="log-odds")
    assert_clear(figure)
    said = words(figure)
    assert f"in {refits} refits" in said
    assert ("more variable" in said) == (p > 40)
    assert ("With 3 variables or fewer" in said) == (p <= 3)
    assert ("No interval: fewer than 100 refits." in said) == (refits == 40)


def test_bars_are_the_shares_and_lines_the_intervals() -> None:
    rows = stability(5)
    figure = drawn(explanation_stability_figure, rows, {"v0": "Complement C3"}, scale="log-odds")
    weight, top = figure.axes
    assert [bar.get_width() for bar in top.patches] == [row.top for row in rows]
    intervals = [line.get_xdata() for line in weight.get_lines() if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(intervals, [[row.low, row.high] for row in rows])
    assert "Complement C3" in words(figure)
    assert f"{100 * rows[0].top:.0f}%" in words(figure)


def test_a_variable_that_never_contributes_can_be_drawn() -> None:
    rows = explanation_stability(np.zeros((100, 2)), np.ones(100, bool), ["a", "b"])
    assert_clear(drawn(explanation_stability_figure, rows, {}, scale="probability"))


def test_an_explanation_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        explanation_stability_figure((), {}, scale="log-odds")


# ---- apparent and corrected figures


def validated(n: int = 40, refits: int = 120, **changes: Any) -> InternalValidation:
    generator = np.random.default_rng(8)
    outcome = (np.arange(n) % 3 == 0).astype(float)
    apparent = np.clip(0.3 + 0.3 * outcome + generator.normal(0, 0.15, n), 0.02, 0.98)
    count = np.stack([np.bincount(generator.integers(0, n, n), minlength=n) for _ in range(refits)])
    moved = np.clip(apparent + generator.normal(0, 0.1, (refits, n)), 0.02, 0.98)
    given: dict[str, Any] = {"usable": np.ones(refits, bool)} | changes
    measured = measure(outcome, moved, count, given["usable"], THRESHOLDS)
    return internal_validation(outcome, apparent, measured, thresholds=THRESHOLDS)


def with_figure(found: InternalValidation, name: str, **changes: Any) -> InternalValidation:
    rows = tuple(
        dataclasses.replace(row, **changes) if row.name == name else row for row in found.figures
    )
    return dataclasses.replace(found, figures=rows)


def test_the_validation_says_every_number_it_draws() -> None:
    found = validated()
    figure = drawn(validation_figure, found, label="Ridge logistic")
    assert_clear(figure)
    area, said = found.figure("auroc"), words(figure)
    for name in ("Apparent", "Cross-validated", "Corrected", "Harrell", "Out of bag"):
        assert name in said
    assert f"{area.apparent:.2f}" in said
    assert f"{area.corrected:.2f} ({area.corrected_low:.2f} to {area.corrected_high:.2f})" in said
    assert "Corrected by 120 bootstrap refits" in said
    values = [line.get_xdata()[0] for line in figure.axes[0].get_lines() if line.get_marker() != ""]
    assert area.apparent in values
    assert area.oob in values


@pytest.mark.parametrize("label", AWFUL)
def test_the_validation_is_clear_whatever_the_model_is_called(label: str) -> None:
    assert_clear(drawn(validation_figure, validated(), label=label))


def test_few_refits_have_hollow_dots_and_no_interval() -> None:
    found = validated(refits=40)
    assert found.figure("auroc").corrected_low is None
    figure = drawn(validation_figure, found, label="Ridge")
    assert_clear(figure)
    marks = [line for line in figure.axes[0].get_lines() if line.get_marker() in ("o", "D")]
    assert {line.get_markerfacecolor() for line in marks} == {"white"}


def test_without_any_usable_refit_the_apparent_figures_are_left() -> None:
    figure = drawn(validation_figure, validated(usable=np.zeros(120, bool)), label="Ridge")
    assert_clear(figure)
    assert words(figure).count("–") >= 6


@pytest.mark.parametrize(
    "changes",
    [
        {"oob": -400.0},
        {"oob": 1e6},
        {"corrected_low": -500.0, "corrected_high": 900.0},
        {"apparent": 80.0, "corrected": 60.0, "corrected_low": 4.0, "corrected_high": 500.0},
        {"apparent": None, "corrected": None, "corrected_low": None, "harrell": None, "oob": None},
    ],
)
def test_far_slopes_do_not_hide_the_others(changes: dict[str, Any]) -> None:
    found = with_figure(validated(), "calibration_slope", **changes)
    figure = drawn(validation_figure, found, label="Ridge")
    assert_clear(figure)
    low, high = figure.axes[1].get_xlim()
    main = [changes.get("apparent") or 1.0, changes.get("corrected") or 1.0]
    most = max(4.0, *main)
    assert low >= -2 - 0.1 * most
    assert high <= 1.2 * most
    if "oob" in changes and changes["oob"] is not None:
        assert any(line.get_marker() in ("<", ">") for line in figure.axes[1].get_lines())


# ---- all of them


@pytest.mark.parametrize(
    "make",
    [
        lambda: instability_figure(unstable(), bin_size=5, patients=False, label="Ridge"),
        lambda: explanation_stability_figure(stability(6), {}, scale="log-odds"),
        lambda: validation_figure(validated(), label="Ridge"),
    ],
    ids=["instability", "explanation", "validation"],
)
def test_the_same_data_give_the_same_bytes_whatever_the_user_s_style(
    make: Callable[[], bytes],
) -> None:
    plain = make()
    assert plain.startswith(b"\x89PNG\r\n\x1a\n")
    with mpl.rc_context({"font.size": 30.0, "axes.facecolor": "black", "lines.linewidth": 9.0}):
        assert make() == plain
