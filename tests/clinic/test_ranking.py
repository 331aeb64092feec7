"""From predictions to the list: who is ranked, who stands apart, what the groups add up to."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_candidates import PRICES, REFUSED, Made, bundle, listed

from predictor.clinic.beside import read_beside
from predictor.clinic.prices import Prices
from predictor.clinical.unchecked import load_treatment
from predictor.errors import CohortError, Reason

PATIENTS = [
    Made("A", 0.25, 0.1, 0.5),
    Made("B", 0.75, 0.5, 0.9),
    Made("C", 0.5, 0.2, 0.8),
    Made("D", 0.99, 0.9, 1.0, inside=False),
]


def test_patients_are_ranked_by_probability_and_the_unlike_stand_apart() -> None:
    found = listed(PATIENTS, refused=[REFUSED], threshold=0.5)
    assert [(c.patient, c.rank, c.selected) for c in found.candidates] == [
        ("B", 1, True),
        ("C", 2, True),
        ("A", 3, False),
    ]
    (apart,) = found.outside
    assert (apart.patient, apart.row, apart.reasons[0].code) == ("D", 5, "outside_domain")
    assert "than 99.3% of them" in apart.reasons[0].message
    assert found.refused == (REFUSED,)


def test_the_groups_by_hand() -> None:
    found = listed(PATIENTS, threshold=0.5, prices=PRICES)
    selected, ranked = found.groups
    # 0.75 + 0.5 = 1.25 expected, 0.7 to 1.7 within the limits; 2 / 1.25 = 1.6 treated for each.
    assert selected.expected.value == 1.25
    assert (selected.expected.low, selected.expected.high) == pytest.approx((0.7, 1.7))
    assert selected.per_event is not None
    assert selected.per_event.value == 1.6
    assert selected.per_event.low == pytest.approx(2 / 1.7)
    assert selected.per_event.high == pytest.approx(2 / 0.7)
    # 70 kg x 2 g/kg x 6 x EUR 60 = 50,400 each; 100,800 / 1.25 = 80,640.
    assert selected.cost == 100_800.0
    assert selected.cost_per_event is not None
    assert selected.cost_per_event.value == 80_640.0
    assert (ranked.patients, ranked.expected.value, ranked.cost) == (3, 1.5, 151_200.0)


def test_the_unlike_and_the_refused_count_in_no_group_and_cost_nothing() -> None:
    with_them = listed(PATIENTS, refused=[REFUSED], prices=PRICES)
    without = listed(PATIENTS[:3], prices=PRICES)
    assert with_them.groups == without.groups


def test_the_interval_that_holds_the_threshold_is_counted() -> None:
    found = listed(PATIENTS, threshold=0.5)
    assert found.chosen is not None
    assert found.chosen.undecided == 2  # A up to 0.5 itself, and C; B begins at it


def test_a_group_has_no_interval_if_one_patient_has_none_or_another_kind() -> None:
    found = listed([PATIENTS[0], Made("E", 0.4)], threshold=0.2)
    assert found.interval is None
    assert found.groups[0].expected.low is None
    assert found.chosen is not None
    assert found.chosen.undecided is None
    assert found.candidates[1].low == 0.1  # the patient's own stays


def test_a_range_that_is_no_confidence_interval_is_told_as_such() -> None:
    found = listed(PATIENTS[:3], level=None, method="venn-abers")
    assert found.to_dict()["interval"] == {"level": None, "method": "venn-abers"}


def test_ranges_of_patients_make_no_interval_of_a_group_or_its_cost() -> None:
    found = listed(PATIENTS, level=None, method="venn-abers", prices=PRICES, threshold=0.4)
    for group in found.groups:
        assert (group.expected.low, group.expected.high) == (None, None)
        for ratio in (group.per_event, group.cost_per_event):
            assert ratio is not None
            assert (ratio.low, ratio.high) == (None, None)
    with_intervals = listed(PATIENTS, prices=PRICES, threshold=0.4)
    assert [g.expected.value for g in found.groups] == [
        g.expected.value for g in with_intervals.groups
    ]
    assert [(c.low, c.high) for c in found.candidates] == [(0.5, 0.9), (0.2, 0.8), (0.1, 0.5)]
    flat = found.to_dict()["groups"][0]
    assert flat["cost_per_event"] is not None
    assert flat["cost_per_event_low"] is flat["cost_per_event_high"] is None


def test_a_range_that_contradicts_the_side_of_a_patient_is_counted() -> None:
    over_confident = [Made("A", 0.9, 0.1, 0.3), Made("B", 0.8, 0.6, 0.7)]
    found = listed(over_confident, level=None, method="venn-abers", threshold=0.5)
    assert found.chosen is not None
    assert found.chosen.undecided == 1


def test_equal_patients_share_a_rank_and_a_budget_does_not_part_them() -> None:
    equal = [Made("Z", 0.4), Made("Y", 0.4), Made("X", 0.9)]
    found = listed(equal, prices=PRICES, budget=110_000.0)
    assert [(c.patient, c.rank, c.tied, c.selected) for c in found.candidates] == [
        ("X", 1, False, True),
        ("Y", 2, True, False),
        ("Z", 2, True, False),
    ]
    assert found.chosen is not None
    assert [c.patient for c in found.chosen.next] == ["Y", "Z"]
    assert (found.chosen.spent, found.chosen.next_affordable) == (50_400.0, 1)


@given(st.randoms(use_true_random=False), st.sampled_from([None, 0.3, 0.5]))
def test_the_order_of_the_rows_changes_nothing(
    shuffler: random.Random, threshold: float | None
) -> None:
    patients = [
        Made("A", 0.25, 0.1, 0.5, beside={"weight": 60}),
        Made("B", 0.75, 0.5, 0.9, beside={"weight": 80}),
        Made("C", 0.75, 0.6, 0.8, beside={"weight": 70}),
        Made("D", 0.99, 0.9, 1.0, inside=False, beside={"weight": 90}),
        Made("E", 0.5, 0.1, 0.6, beside={"weight": None}),
    ]
    shuffled = shuffler.sample(patients, len(patients))

    def told(order: list[Made]) -> dict[str, object]:
        found = listed(order, prices=PRICES, threshold=threshold, budget=200_000.0).to_dict()
        for entry in (*found["candidates"], *found["outside"]):
            entry.pop("row")
        for entry in found["cut"]["next"]:
            entry.pop("row")
        return found

    assert told(shuffled) == told(patients)


def test_the_weight_of_the_cohort_makes_the_cost_and_never_the_order() -> None:
    patients = [
        Made("light", 0.4, beside={"weight": "50 kg"}),
        Made("heavy", 0.6, beside={"weight": 100}),
        Made("unknown", 0.2, beside={"weight": ""}),
    ]
    found = listed(patients, prices=PRICES, budget=71_999.99)
    assert [(c.patient, c.cost, c.weight_assumed) for c in found.candidates] == [
        ("heavy", 72_000.0, False),
        ("light", 36_000.0, False),
        ("unknown", 50_400.0, True),
    ]
    assert not any(c.selected for c in found.candidates)


def test_a_weight_that_is_needed_and_not_there_stops_it_without_a_value() -> None:
    strict = Prices("made up", "EUR", 60.0, 2.0, 6.0, "weight")
    patients = [
        Made("A", 0.4, beside={"weight": "fat"}),
        Made("B", 0.4, beside={"weight": 7000.25}),
        Made("C", 0.4, beside={"weight": None}),
        Made("D", 0.4, beside={"weight": 70}),
    ]
    with pytest.raises(CohortError, match="what 3 of 4 patients would cost") as error:
        listed(patients, prices=strict)
    assert [r.where for r in error.value.reasons] == [f"row {n}, weight" for n in (2, 3, 4)]
    assert "7000" not in str(error.value)
    assert "fat" not in str(error.value)


def test_an_unreadable_weight_is_not_taken_for_a_missing_one() -> None:
    with pytest.raises(CohortError, match="row 2, weight"):
        listed([Made("A", 0.4, beside={"weight": "about 70"})], prices=PRICES)


def test_what_bears_on_the_unchecked_is_told_of_each_patient_and_column() -> None:
    patients = [
        Made("A", 0.4, beside={"creatinine": 2.1, "acl_igg": "yes", "age": 30}),
        Made("B", 0.3, beside={"creatinine": None, "acl_igg": "<1:3", "age": 70}),
    ]
    found = listed(patients)
    a, b = found.candidates
    assert [r.entry for r in a.on_record] == [
        "Creatinine above 1.2 mg/dL",
        "Anticardiolipin IgG: yes",
    ]
    assert a.not_filled == ()
    assert [r.variable for r in b.on_record] == ["age"]
    assert b.not_filled == ("creatinine", "acl_igg")
    columns = {c.variable: c for c in found.columns}
    assert (columns["acl_igg"].filled, columns["acl_igg"].unreadable) == (1, 1)
    assert (columns["age"].filled, columns["age"].patients) == (2, 2)
    assert not columns["lupus_anticoagulant"].in_cohort


def test_a_dictionary_without_these_variables_has_none_to_tell() -> None:
    from predictor.clinical.dictionary import Dictionary

    read = read_beside({"creatinine": 2.0}, Dictionary("other", {}), load_treatment())
    assert read.filled == frozenset()


def test_warnings_that_say_nothing_of_the_values_are_left_out() -> None:
    odd = Reason("suspicious_unit", "c3", "looks like g/L.")
    patient = Made("A", 0.4, warnings=(Reason("not_used", "", "given but not used."), odd))
    assert listed([patient]).candidates[0].warnings == (odd,)


def test_nobody_at_all_and_nobody_ranked() -> None:
    found = listed([Made("A", 0.4, inside=False)], refused=[REFUSED], threshold=0.3, prices=PRICES)
    assert (found.candidates, found.groups) == ((), ())
    assert found.chosen is not None
    assert found.to_dict()["candidates"] == []


def test_the_json_holds_the_contract_and_no_infinity() -> None:
    import json

    told = listed([*PATIENTS, Made("F", 0.0, 0.0, 0.0)], threshold=0.5, prices=PRICES).to_dict()
    json.dumps(told, allow_nan=False)
    keys = {"patient", "probability", "low", "high", "rank", "selected"}
    assert all(keys <= set(entry) for entry in told["candidates"])
    assert told["cut"]["treated_per_event_at_threshold"] == 2.0
    assert told["model"]["name"] == bundle().name
