"""The internal validation in words: what is said, and what is not said where nothing is known."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from made_validation import bootstrap, figure, stable, validation

from predictor.report.validation_text import (
    CORRECTED,
    bootstrap_lines,
    choice_text,
    figure_name,
    further_lines,
    headline,
    limit_lines,
    stability_lines,
)
from predictor.validation.corrected import CORRECTED_BY, OTHERWISE
from predictor.validation.internal import internal_validation
from predictor.validation.measured import figures, measure


@pytest.mark.parametrize(
    ("row", "called"),
    [
        (figure("auroc", 0.7), "AUROC"),
        (figure("eavg", 0.1), "E-average"),
        (figure("net_benefit_0.25", 0.1, threshold=0.25), "Net benefit at 25%"),
        (figure("net_benefit_0.125", 0.1, threshold=0.125), "Net benefit at 12.5%"),
        (figure("calibration_intercept_joint", 0.1), None),
        (figure("observed_expected", 1.0), None),
    ],
)
def test_figures_have_names_that_people_use(row: dict[str, Any], called: str | None) -> None:
    assert figure_name(row) == called


def test_every_figure_of_the_validation_is_named_or_left_out_on_purpose() -> None:
    made = figures([0, 1, 0, 1], [[0.1, 0.4, 0.35, 0.8]], [[1, 1, 1, 1]], [0.5])
    unnamed = [
        name for name in made if not name.startswith("net_benefit")
        and figure_name(figure(name, 0.5)) is None
    ]  # fmt: skip
    assert unnamed == ["calibration_intercept_joint", "observed_expected"]


def test_the_correction_is_the_one_that_is_reported() -> None:
    assert {name: by for name, (by, _) in CORRECTED_BY.items()} == {"auroc": "b632plus"}
    assert OTHERWISE[0] == "harrell"
    assert "the AUROC by .632+, the rest by Harrell's method" in CORRECTED


def test_the_headline_says_how_much_was_repeated() -> None:
    assert headline(bootstrap(), "Ridge logistic") == (
        "Ridge logistic validated by 1,000 bootstrap resamples of the same patients, with "
        "preparation and tuning repeated in each:"
    )


@pytest.mark.parametrize("explanation", [[], [stable("c3", 0.0), stable("age", 0.0)]])
def test_nothing_is_said_of_a_model_that_nothing_moves(explanation: list[Any]) -> None:
    assert headline(bootstrap(explanation=explanation), "Prevalence") is None


def test_no_resample_left_out_is_not_worth_a_line() -> None:
    assert not any("left out" in line for line in bootstrap_lines(bootstrap()))


def test_resamples_left_out_are_counted_by_reason() -> None:
    counts = {"drawn": 1000, "used": 980, "one_class": 3, "separated": 16, "not_fitted": 1}
    assert (
        "20 resamples left out: 3 with one outcome only, 16 separated, 1 not fitted."
        in bootstrap_lines(bootstrap(resamples=counts))
    )


def test_figures_that_no_correction_is_trusted_with_are_named() -> None:
    slope = {**figure("calibration_slope", 0.9), "corrected_by": "cross_validated"}
    unseen = {**figure("observed_expected", 1.0), "corrected_by": "cross_validated"}
    said = bootstrap_lines(bootstrap(figures=[slope, unseen, figure("auroc", 0.7)]))
    assert said[1].endswith("would not be trusted: Calibration slope.")
    assert not any("would not be trusted" in line for line in bootstrap_lines(bootstrap()))


def test_limits_name_the_figures_that_people_see() -> None:
    limits = [
        {"code": "few", "figures": ["auroc", "net_benefit_0.25"], "message": "No interval."},
        {"code": "undefined", "figures": ["observed_expected"], "message": "Seen by nobody."},
        {"code": "all", "figures": [], "message": "About everything."},
    ]
    assert limit_lines(bootstrap(limits=limits)) == [
        "AUROC, Net benefit at 25%: No interval.",
        "About everything.",
    ]


def test_limits_of_a_real_validation_can_be_said() -> None:
    outcome, p = [0, 1, 0, 1], [0.2, 0.7, 0.4, 0.6]
    made = measure(outcome, [p] * 3, [[1, 1, 1, 1]] * 3, [False] * 3, [0.5])
    found = internal_validation(outcome, p, made, thresholds=[0.5]).to_dict()
    said = limit_lines({**bootstrap(), **found})
    assert any(line.endswith("None of 3 refits could be used, so nothing is corrected.")
               for line in said)  # fmt: skip


def test_stability_is_told_in_percentage_points() -> None:
    first, tuning, top = stability_lines(bootstrap())
    assert first == (
        "Stability: from one sample of this size to another a patient's probability moves by 12 "
        "percentage points on average (95% range 51 points wide). Refits move patients across "
        "a threshold: 17% at a threshold of 25%, 11% at a threshold of 50%."
    )
    assert tuning == "Tuning chose penalty 10 in 70%, penalty 1 in 30% of the resamples."
    assert top == (
        "Among the three most important variables: sledai_2k in 99%, c3 in 97%, sex in 3% of the "
        "resamples."
    )


def test_too_few_refits_for_a_range_have_none() -> None:
    moved = copy.deepcopy(bootstrap()["instability"])
    moved["mean_width_of_range"] = None
    assert "points wide" not in stability_lines(bootstrap(instability=moved))[0]


def test_nothing_tuned_and_nothing_moved_leaves_no_line() -> None:
    assert stability_lines(bootstrap(instability=None, chosen_settings=[], explanation=[])) == []


def test_the_choice_is_told_with_what_is_left_when_it_is_repeated() -> None:
    assert choice_text(validation()["with_choice"], "Ridge logistic") == (
        "Where the choice among the linear models is repeated too, Ridge logistic is chosen in 60% "
        "of the resamples (instead: Firth logistic 40%). The AUROC of the procedure with its "
        "choice: .632+ 0.74, out of bag 0.69."
    )


def test_a_choice_without_figures_and_without_others() -> None:
    never = bootstrap(
        figures=[figure("auroc", 0.5)],
        chosen_models=[
            {"name": "Ridge logistic", "refits": 10, "share": 1.0},
            {"name": "Firth logistic", "refits": 0, "share": 0.0},
        ],
    )
    said = choice_text(never, "Ridge logistic")
    assert said.endswith("Ridge logistic is chosen in 100% of the resamples.")
    assert "in 0% of the resamples (instead: Ridge" in choice_text(never, "Random forest")


def test_further_lines_in_their_order() -> None:
    found = validation(centres={"sentence": "Each of 3 centres predicted by the others."})
    choice, signal, centres, note = further_lines(found, "Ridge logistic")
    assert choice.startswith("Where the choice")
    assert signal.startswith("Signal found: p = 0.03")
    assert centres == "Each of 3 centres predicted by the others."
    assert note.startswith("Note: Bootstrap: 1000 of the 2000")


@pytest.mark.parametrize("found", [{}, {"models": []}, validation(with_choice=None, signal=None,
                                                                    notes=[])])  # fmt: skip
def test_an_older_bundle_has_nothing_further(found: dict[str, Any]) -> None:
    assert further_lines(found, "Ridge logistic") == []
