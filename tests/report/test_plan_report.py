"""A plan in words, as a table and as a figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from drawn_figures import assert_clear, drawn, words
from made_plans import BEST, model

from predictor.report.plan_figure import plan_figure
from predictor.report.plan_text import answer, paragraph, plan_csv, plan_text
from predictor.report.plan_words import COLUMNS
from predictor.validation.curve_aims import Aim, reached
from predictor.validation.curve_rows import SizeRow, Useful, size_row
from predictor.validation.learning_curve import CohortFigures, Unlimited
from predictor.validation.plan_asked import Asked
from predictor.validation.planned import Planned

SIZES = (31, 60, 100, 300, 1000)


def rows_of(areas: Sequence[float | None], sizes: Sequence[int] = SIZES) -> tuple[SizeRow, ...]:
    """Cohorts around a mean AUROC; None: all failed."""
    found = []
    for size, area in zip(sizes, areas, strict=True):
        cohorts = [CohortFigures(3, "few_events")] * 10
        if area is not None:
            moved = area + np.linspace(-1.0, 1.0, 10) / np.sqrt(size)
            cohorts = [model(float(x), width=min(0.9, 4 / np.sqrt(size))) for x in moved]
        found.append(size_row(size, cohorts, Useful(), BEST))
    return tuple(found)


def planned(rows: tuple[SizeRow, ...] | None = None, **changes: object) -> Planned:
    """A plan whose numbers are known."""
    rows = rows or rows_of([0.6, 0.65, 0.68, 0.72, 0.74])
    asked = Asked(sizes=tuple(row.patients for row in rows), cohorts=10)
    found = Planned(
        study="plan",
        event="remission",
        predictors=("Anti-dsDNA antibodies", "C-reactive protein", "Platelets"),
        scenario="invented",
        description="what I would like to find.",
        patients_from="Somebody et al. 2024",
        effects_from=("Nobody 2020", "Nobody 2021"),
        version="0.1.0",
        model="Ridge logistic",
        population="adults",
        fewest=5,
        prevalence=0.354,
        asked=asked,
        rows=rows,
        unlimited=BEST,
        ceiling=0.76,
        ceiling_error=0.0001,
        reached=tuple(reached(rows, aim) for aim in asked.aims),
        seconds={},
    )
    return replace(found, **changes)


def test_the_text_has_every_size_the_definitions_and_the_paragraph_last() -> None:
    parts = list(plan_text(planned()))
    text = "\n".join(parts)
    assert "No patient of this plan is real" in parts[0]
    assert [line.split()[0] for line in parts[2].splitlines()[2:]] == [f"{n:,}" for n in SIZES]
    assert "AUROC in new patients at least 0.7, calibration slope between 0.8 and 1.25" in text
    assert "fewer than 5 patients with the rarer outcome" in text
    assert parts[-1] == paragraph(planned())


def test_the_paragraph_says_what_was_assumed_and_what_came_out() -> None:
    said = paragraph(planned())
    assert "(sle-ivig-predictor 0.1.0, seed 1)" in said
    assert "published distributions (Somebody et al. 2024)" in said
    assert (
        "(scenario invented: what I would like to find; effects from Nobody 2020 and Nobody 2021)"
        in said
    )
    assert "Monte Carlo standard errors of these figures are at most 0." in said
    assert "no model can exceed an AUROC of 0.76" in said
    assert "anti-dsDNA antibodies, C-reactive protein and platelets" in said
    assert "With 31 patients (on average 11 events) the mean AUROC would be 0.70 as fitted" in said
    assert "With 1,000 patients (on average 11 events) the mean AUROC in new patients" in said
    assert "they say nothing of whether the treatment works" in said
    assert "\n" not in said
    assert "  " not in said


def test_an_aim_between_two_sizes_is_told_with_both_and_the_error() -> None:
    plan = planned()
    said = answer(plan, reached(plan.rows, Aim("auroc", 0.70)))
    assert said.startswith("A mean AUROC of 0.7 in new patients takes about ")
    assert said.endswith(" within the Monte Carlo error).")
    assert "interpolated between 100 and 300" in said


def test_what_is_not_reached_is_said_and_whether_it_can_be() -> None:
    plan = planned()
    said = answer(plan, reached(plan.rows, Aim("auroc", 0.745)))
    assert "is not reached with 1,000 patients, though within the Monte Carlo error" in said
    never = answer(plan, reached(plan.rows, Aim("auroc", 0.85)))
    assert "is not reached with 1,000 patients. More would not help" in never
    beyond = answer(plan, reached(plan.rows, Aim("auroc", 0.9)))
    assert "More would not help: with 20,000 patients the AUROC is 0.750" in beyond
    low = replace(plan, unlimited=Unlimited(20_000, 0.60, 0.002, 1.0))
    assert "More would not help" in answer(low, reached(low.rows[:2], Aim("useful", 0.9)))


def test_what_the_smallest_reaches_is_not_told_as_a_number_of_its_own() -> None:
    plan = planned()
    said = answer(plan, reached(plan.rows, Aim("auroc", 0.51)))
    assert said.endswith("31 patients or fewer, the smallest number simulated.")
    close = answer(plan, reached(plan.rows, Aim("auroc", 0.599)))
    assert "31 patients or fewer, the smallest number simulated, or up to " in close


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_that_is_too_wide_becomes_several_with_the_sizes_first(width: int) -> None:
    parts = list(plan_text(planned(), width))
    tables = [part for part in parts if part.startswith(("Patients", " ")) and "\n" in part]
    assert len(tables) == 2
    for table in tables:
        lines = table.splitlines()
        assert max(map(len, lines)) <= width
        assert [line.split()[0] for line in lines[2:]] == [f"{n:,}" for n in SIZES]
    titles = " ".join(table.splitlines()[0] for table in tables)
    assert all(column in titles for column in COLUMNS)


def test_a_size_at_which_every_study_fails_has_no_figures() -> None:
    plan = planned(rows_of([None, 0.6], (10, 100)))
    text = "\n".join(plan_text(plan))
    assert "With 10 patients no study would get as far as a model." in text
    assert "None" not in text
    assert "nan" not in text


def test_the_table_for_a_spreadsheet_holds_every_figure() -> None:
    plan = planned()
    told = list(csv.DictReader(io.StringIO(plan_csv(plan.rows).decode())))
    assert [int(row["patients"]) for row in told] == list(SIZES)
    assert float(told[0]["auroc"]) == pytest.approx(plan.rows[0].auroc)
    assert {"calibration_slope", "interval_width", "useful_error", "failed"} <= set(told[0])


CASES = {
    "five sizes": planned(),
    "one size": planned(rows_of([0.6], (31,))),
    "all failed": planned(rows_of([None, None], (10, 11))),
    "no ceiling": planned(ceiling=None, ceiling_error=None),
    "many sizes": planned(rows_of([0.6] * 9, (31, 32, 33, 40, 60, 61, 62, 5000, 100_000))),
    "long names": planned(event="W" * 200, scenario="$x_1$ \u202e" * 30),
}


@pytest.mark.parametrize("plan", CASES.values(), ids=list(CASES))
def test_every_text_of_the_figure_can_be_read(plan: Planned) -> None:
    figure = drawn(plan_figure, plan)
    assert_clear(figure)
    for said in ("Discrimination", "Calibration", "Certainty", "Usefulness", "patients"):
        assert said in words(figure)


def test_the_figure_is_the_same_every_time() -> None:
    assert plan_figure(planned()) == plan_figure(planned())
