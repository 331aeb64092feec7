"""The rules of the pitfalls that need no patient, at and beside their limits."""

from __future__ import annotations

import json

import pytest

from predictor.validation import pitfall as rules
from predictor.validation.pitfall import CODES, RULES, Pitfall


def test_every_check_has_one_stated_rule() -> None:
    assert set(RULES) == set(CODES)
    assert len(set(CODES)) == len(CODES)


def test_a_check_survives_being_written() -> None:
    found = rules.unstable_choice("Ridge", {"Firth": 0.6, "Ridge": 0.4})
    assert Pitfall.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize(("enough", "status"), [(True, "passed"), (False, "warning")])
def test_events_per_parameter_follow_the_sample_size_criteria(enough: bool, status: str) -> None:
    found = rules.events_per_parameter(500, 400, 10, 473, 152.0, enough)
    assert found.status == status
    assert found.figures["per_parameter"] == 10.0  # of the rarer outcome


@pytest.mark.parametrize(
    ("corrected", "slope", "status"),
    [
        (0.79, 0.95, "passed"),
        (0.77, 0.95, "note"),
        (0.79, 0.85, "note"),
        (0.74, 0.95, "warning"),
        (0.79, 0.7, "warning"),
        (None, 0.95, "passed"),
        (0.74, None, "warning"),
        (None, None, "not assessed"),
    ],
)
def test_optimism(corrected: float | None, slope: float | None, status: str) -> None:
    found = rules.optimism(0.8, corrected, slope)
    assert found.status == status
    if status != "not assessed":
        assert found.figures == {"apparent": 0.8, "corrected": corrected, "slope": slope}


@pytest.mark.parametrize(("share", "status"), [(0.9, "passed"), (0.7, "note"), (0.4, "warning")])
def test_an_unstable_explanation(share: float, status: str) -> None:
    importance = [("a", 3.0), ("b", 2.0), ("c", 1.0), ("d", 0.5)]
    found = rules.unstable_explanation(importance, {"a": 0.95, "b": share, "c": 0.92}, 100)
    assert found.status == status
    assert found.figures["share"] == min(share, 0.92)


def test_an_explanation_of_three_variables_has_no_ranks_to_lose() -> None:
    assert rules.unstable_explanation([("a", 1.0)], {"a": 1.0}, 100).status == "not assessed"
    assert rules.unstable_explanation([("a", 1.0)] * 4, {}, 0).status == "not assessed"
    nothing = [(name, 0.0) for name in "abcd"]
    assert rules.unstable_explanation(nothing, {"a": 0.0}, 100).status == "not assessed"


@pytest.mark.parametrize(
    ("used", "status"), [(1000, "passed"), (985, "note"), (899, "warning"), (990, "passed")]
)
def test_failed_resamples(used: int, status: str) -> None:
    assert rules.failed_resamples(1000, used).status == status
    assert rules.failed_resamples(0, 0).status == "not assessed"


@pytest.mark.parametrize(
    ("auroc", "ratio", "status"),
    [
        ((0.6, 0.8), (0.9, 1.1), "passed"),
        ((0.6, 0.8), (0.7, 1.1), "note"),
        ((0.45, 0.8), None, "warning"),
        (None, (0.9, 1.3), "note"),
        (None, None, "not assessed"),
    ],
)
def test_performance_between_centres(
    auroc: tuple[float, float] | None, ratio: tuple[float, float] | None, status: str
) -> None:
    assert rules.centre_performance(auroc, ratio).status == status


def test_what_was_cut_short_is_passed_on() -> None:
    assert rules.cut_short([]).status == "passed"
    assert rules.cut_short(["No test for signal."]).rows[0]["note"] == "No test for signal."


def test_rows_whose_patient_nobody_knows_are_a_warning() -> None:
    assert rules.rows_for_patients(named=False, together=True).status == "warning"
    assert rules.rows_for_patients(named=True, together=True).status == "passed"


def test_a_choice_that_few_resamples_make_is_noted() -> None:
    assert rules.unstable_choice("Ridge", {"Ridge": 0.7, "Firth": 0.3}).status == "passed"
    assert rules.unstable_choice("Ridge", {"Ridge": 0.3, "Firth": 0.7}).status == "note"
    assert rules.unstable_choice("Ridge", {}).status == "not assessed"
