"""Forest plots of centres: every number of every centre and of all, and the axes they need."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.report.contents.centre_forests import FIGURES, centre_forests
from predictor.report.document import Figure, Table
from predictor.report.page.figures import picture
from predictor.report.page.scale import Scale, ratio_ticks
from predictor.validation.centre_figures import figures_of
from predictor.validation.pooled import ToldCentre, pooled

DRAWN = ("auroc", "observed_expected", "calibration_slope")


def found(sizes: tuple[int, ...] = (200, 120, 150, 90), seed: int = 4) -> dict[str, Any]:
    """Centres whose patients follow the predictions, each in its own way."""
    rng = np.random.default_rng(seed)
    told = []
    for i, n in enumerate(sizes):
        odds = rng.normal(size=n)
        true = 1 / (1 + np.exp(-(0.3 * i - 0.4 + (1 - 0.1 * i) * odds)))
        outcome = (rng.random(n) < true).astype(np.int8)
        figures = figures_of(outcome, 1 / (1 + np.exp(-odds)), 0.95)
        told.append(ToldCentre(f"c{i}", n, int(outcome.sum()), figures))
    return pooled(told)


def blocks(told: dict[str, Any]) -> tuple[dict[str, Figure], Table]:
    rows = [
        {**row, "label": row["centre"], "n_text": row["n"], "events_text": row["events"]}
        for row in told["centres"]
    ]
    made = list(
        centre_forests(rows, told["summaries"], "x", counted="Patients", alternative="Centres.")
    )
    table = made[-1]
    assert isinstance(table, Table)
    return {one.id: one for one in made if isinstance(one, Figure)}, table


def test_three_forests_hold_every_centre_and_all_of_them() -> None:
    told = found()
    figures, _ = blocks(told)
    assert list(figures) == ["x-figure", "x-observed-expected-figure", "x-slope-figure"]
    for name, drawn in zip(DRAWN, figures.values(), strict=True):
        rows = drawn.tables[0].rows
        summary = next(row for row in told["summaries"] if row["figure"] == name)
        assert [row["label"] for row in rows[:4]] == ["c0", "c1", "c2", "c3"]
        for row, centre in zip(rows[:4], told["centres"], strict=True):
            assert (row["value"], row["low"], row["high"]) == (
                centre[name],
                centre[f"{name}_low"],
                centre[f"{name}_high"],
            )
        over_all, further = rows[4:]
        assert (over_all["value"], over_all["low"]) == (summary["mean"], summary["low"])
        assert (further["low"], further["high"]) == (
            summary["prediction_low"],
            summary["prediction_high"],
        )
        assert drawn.options["reference"] == (0.5 if name == "auroc" else 1.0)


def test_the_words_say_what_the_picture_shows() -> None:
    told = found()
    figures, _ = blocks(told)
    summary = next(row for row in told["summaries"] if row["figure"] == "calibration_slope")
    words = figures["x-slope-figure"].alternative
    for key in ("mean", "low", "high", "prediction_low", "prediction_high"):
        assert f"{summary[key]:.2f}" in words.replace("−", "-")
    assert figures["x-figure"].alternative.startswith("Centres. AUROC.")


def test_the_summary_tells_how_much_centres_differ() -> None:
    told = found()
    _, table = blocks(told)
    assert [row["label"] for row in table.rows] == list(FIGURES.values())
    for row, summary in zip(table.rows, told["summaries"], strict=True):
        assert row["tau2"] == summary["tau2"] >= 0.0
        assert row["i2"] == summary["i2"]
        assert row["prediction"] == (
            f"{summary['prediction_low']:.2f} to {summary['prediction_high']:.2f}"
        ).replace("-", "−")
    assert table.note.count("Fewer than five centres") == 1


def test_notes_that_differ_name_their_figure() -> None:
    told = found()
    told["summaries"][1]["note"] = "Two centres alone."
    _, table = blocks(told)
    assert "Calibration intercept: Two centres alone." in table.note
    assert "AUROC: Fewer than five centres" in table.note


def test_two_centres_have_no_row_for_a_further_one() -> None:
    figures, table = blocks(found((150, 140)))
    assert len(figures["x-figure"].tables[0].rows) == 3
    assert all(row["prediction"] is None for row in table.rows)


def test_what_no_centre_has_is_not_drawn() -> None:
    """Equal predictions have no slope and no ranking, and observed over expected all the same."""
    outcome = np.arange(60) % 3 == 0
    told = [
        ToldCentre(name, 60, 20, figures_of(outcome.astype(np.int8), np.full(60, p), 0.95))
        for name, p in (("a", 0.3), ("b", 0.4))
    ]
    figures, _ = blocks(pooled(told))
    assert list(figures) == ["x-figure", "x-observed-expected-figure"]
    assert figures["x-figure"].alternative.endswith("No centre has it with an interval.")
    assert picture(figures["x-figure"], "x", 700.0).count(">0.50</text>") == 3  # two and the axis


@pytest.mark.parametrize(("worst", "reached"), [(1.4, False), (40.0, True)])
def test_one_wide_interval_leaves_room_for_the_others(worst: float, reached: bool) -> None:
    told = found()
    told["centres"][3] |= {"observed_expected_high": worst}
    for row in told["summaries"]:
        row |= {"prediction_low": None, "prediction_high": None}
    figures, _ = blocks(told)
    drawn = picture(figures["x-observed-expected-figure"], "x", 700.0)
    marks = {float(text) for text in re.findall(r">(\d+\.?\d*)</text>", drawn)}
    assert max(marks) <= 5.0
    assert (5.0 in marks) == reached


def test_half_and_twice_as_many_events_are_as_far_from_as_many_as_expected() -> None:
    figures, _ = blocks(found())
    assert figures["x-observed-expected-figure"].options["ratios"] is True
    assert "ratios" not in figures["x-slope-figure"].options
    scale = Scale(0.2, 5.0, 100.0, 300.0, ratios=True)
    assert scale(1.0) == pytest.approx(200.0)
    assert scale(2.0) - scale(1.0) == pytest.approx(scale(1.0) - scale(0.5))
    assert scale.held(0.0) == scale(0.2)


@given(
    st.floats(1e-6, 1e6),
    st.floats(1.05, 1e6),
    st.integers(2, 8),
)
def test_marks_of_ratios_lie_on_the_axis_in_order(low: float, times: float, most: int) -> None:
    marks = ratio_ticks(low, low * times, most)
    assert list(marks) == sorted(set(marks))
    assert all(low * 0.99 <= mark <= low * times * 1.01 for mark in marks)
    if times >= 100:
        assert marks


@pytest.mark.parametrize("width", [320, 700, 1000])
def test_a_centre_without_events_leaves_the_axis_of_ratios_readable(width: int) -> None:
    figures, _ = blocks(found())
    figure = figures["x-observed-expected-figure"]
    rows = (
        {**figure.tables[0].rows[0], "value": 0.0, "low": 0.0, "high": 0.4},
        *figure.tables[0].rows[1:],
    )
    table = replace(figure.tables[0], rows=rows)
    drawn = picture(replace(figure, tables=(table,)), "x", width)
    assert "nan" not in drawn.lower()
    assert ">1<" in drawn
