"""An order of patients in words: every case has its sentence, and tables fit a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_candidates import PRICES, REFUSED, Made, listed, many

from predictor.clinic.candidate_list import CandidateList
from predictor.clinic.prediction import OUTSIDE_ITS_RANGE
from predictor.clinic.prices import Prices
from predictor.errors import Reason
from predictor.report.candidates_html import candidates_html
from predictor.report.candidates_layout import figures, patients
from predictor.report.candidates_text import MOST_ROWS, candidates_text
from predictor.report.candidates_words import (
    about_the_cut,
    assumptions,
    banner,
    figure_note,
    must_be_said,
)

PATIENTS = [
    Made("A", 0.25, 0.1, 0.5),
    Made("B", 0.75, 0.5, 0.9),
    Made("C", 0.5, 0.2, 0.8),
    Made("D", 0.99, 0.9, 1.0, inside=False),
]


def text(found: CandidateList, width: int = 140) -> str:
    return "\n".join(candidates_text(found, width))


def test_the_sentences_of_a_threshold_by_hand() -> None:
    at, selected, undecided = about_the_cut(listed(PATIENTS, threshold=0.4))
    assert at == (
        "Threshold 40%: at it, about 2.5 patients are treated per remission observed, whether or "
        "not IVIG caused it."
    )
    # 2 / (0.75 + 0.5) = 1.6; 2 / (0.9 + 0.8) = 1.18; 2 / (0.5 + 0.2) = 2.86
    assert selected == (
        "Selected: 2 of 3. Among them, about 1.6 (1.2 to 2.9) patients are treated per remission "
        "observed, whether or not IVIG caused it."
    )
    assert undecided == (
        "The interval of 2 of 3 patients holds the threshold: the model cannot tell on which side "
        "of it they are."
    )


@pytest.mark.parametrize(
    ("price", "said"), [(60.0, "EUR 60 "), (58.4, "EUR 58.40 "), (1234.5, "EUR 1,234.50 ")]
)
def test_a_price_is_written_as_money(price: float, said: str) -> None:
    found = listed(PATIENTS, prices=replace(PRICES, price_per_gram=price))
    assert any(f"at {said}per gram" in sentence for sentence in assumptions(found))


def test_a_price_of_less_than_a_cent_keeps_its_digits() -> None:
    found = listed(PATIENTS, prices=replace(PRICES, price_per_gram=58.405))
    assert any("at EUR 58.405 per gram" in sentence for sentence in assumptions(found))


def test_a_model_of_usual_care_says_nowhere_that_anybody_had_the_treatment() -> None:
    found = listed(PATIENTS, threshold=0.4, prices=PRICES, budget=60_000.0)
    usual = {"label": "low disease activity", "population": "children under usual care"}
    outcome = {**found.bundle.manifest["outcome"], **usual, "time_zero": "index visit"}
    other = replace(found.bundle, manifest={**found.bundle.manifest, "outcome": outcome})
    found = replace(found, bundle=other)
    at, selected, *_ = about_the_cut(found)
    assert at == (
        "Threshold 40%: at it, about 2.5 patients are treated as the model's patients were per low "
        "disease activity observed, whether or not that treatment caused it."
    )
    assert selected.endswith("observed, whether or not that treatment caused it.")
    assert "This is prognosis under the treatment that the model's patients had;" in figure_note(
        found
    )
    assert any(
        "costs per low disease activity observed hold only if" in s for s in assumptions(found)
    )
    for said in (text(found), candidates_html(found), figure_note(found)):
        assert "under IVIG" not in said
        assert "IVIG caused" not in said


def test_the_sentences_of_a_budget_by_hand() -> None:
    found = listed(PATIENTS, prices=PRICES, budget=60_000.0)
    assert list(about_the_cut(found))[1] == (
        "Budget EUR 60,000: EUR 50,400 for 1 selected, EUR 9,600 left. It ends at C, rank 2 "
        "(EUR 50,400). Nobody further down is taken instead because of a lower weight."
    )


def test_a_budget_that_outlasts_the_threshold_says_so() -> None:
    found = listed(PATIENTS, prices=PRICES, budget=140_000.0, threshold=0.4)
    assert "It lasts for everybody the threshold selects." in text(found)


def test_who_stands_apart_is_listed_with_reasons() -> None:
    told = text(listed(PATIENTS, refused=[REFUSED]))
    assert "Without a rank, because the model knows no such patients:" in told
    assert (
        "- D (row 5), 99% (90% to above 99%): Farther from the middle of the model's patients"
        in told
    )
    assert "Without a rank, because no prediction is given:" in told
    assert "- P90 (row 91): c3: is impossible." in told


def test_a_list_without_intervals_says_so_and_has_no_column_for_them() -> None:
    told = text(listed([Made("A", 0.4), Made("B", 0.3)], threshold=0.35))
    assert "This model gives no intervals" in told
    assert "95% interval" not in told
    assert "  Interval" not in told


def test_a_list_with_some_intervals_says_that_groups_have_none() -> None:
    told = text(listed([Made("A", 0.4, 0.2, 0.6), Made("B", 0.3)]))
    assert "There is no interval of one kind for every patient" in told
    assert "20% to 60%" in told


def test_a_range_is_not_called_an_interval_of_confidence() -> None:
    found = listed(PATIENTS[:3], level=None, method="venn-abers")
    told = text(found)
    assert "ranges (venn-abers, no confidence intervals)" in told
    assert "95% interval" not in told
    assert "ranges (venn-abers" in figure_note(found)
    assert "Rank  Patient  Probability       Range" in told
    assert "These do not add up to an interval of a group, so groups have none" in told
    assert "Intervals of groups" not in told
    _, rows = figures(found)
    assert rows[1][1] == "1.5", "no limits"


def test_a_probability_that_its_range_contradicts_is_told_of_first_and_beside_it() -> None:
    over_confident = [
        Made("A", 0.9, 0.1, 0.3, warnings=(OUTSIDE_ITS_RANGE,)),
        Made("B", 0.4, 0.3, 0.45),
    ]
    found = listed(over_confident, level=None, method="venn-abers", threshold=0.5)
    sentence = list(banner(found))[-1]
    assert sentence.startswith("The probability of 1 of 2 ranked patients lies more than 5 perc")
    assert sentence in must_be_said(found)
    (row, other) = patients(found)
    assert "outside its calibration range" in row.notes[0]
    assert not other.notes
    assert list(about_the_cut(found))[-1] == (
        "The calibration range of 1 of 2 patients is not wholly on the side of the threshold where "
        "their probability is: the model cannot tell on which side of it they are."
    )
    assert sentence not in " ".join(banner(listed(over_confident[1:])))


def test_notes_say_what_is_on_record_not_filled_not_measured_and_odd() -> None:
    patient = Made(
        "A",
        0.4,
        imputed=("crp",),
        warnings=(Reason("suspicious_unit", "c3", "looks like g/L."),),
        beside={"creatinine": 2.0, "acl_igg": None},
    )
    (row,) = patients(listed([patient]))
    assert row.notes == (
        "On record: Creatinine above 1.2 mg/dL.",
        "Not filled: Anticardiolipin IgG.",
        "Not measured, so the model is less sure: C-reactive protein.",
        "c3: looks like g/L.",
    )


def test_the_rank_of_equal_patients_is_marked_and_explained() -> None:
    told = text(listed([Made("A", 0.4), Made("B", 0.4), Made("C", 0.3)]))
    assert "1=    A" in told
    assert "1=    B" in told
    assert "3     C" in told
    assert "Patients with an equals sign after the rank share it" in told
    assert "equals sign" not in text(listed(PATIENTS[:3]))


def test_no_upper_limit_is_said_in_words() -> None:
    found = listed([Made("A", 0.2, 0.0, 0.5)])
    _, rows = figures(found)
    assert rows[3][1] == "5.0 (from 2.0, no upper limit)"


def test_a_probability_of_nought_makes_no_ratio() -> None:
    found = listed([Made("A", 0.0, 0.0, 0.1)], threshold=0.1, prices=PRICES)
    _, rows = figures(found)
    assert rows[3][1] == "-"
    assert "nobody of 1" in text(found)


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("n", [1, 5, 31, 500])
def test_every_table_fits_the_terminal(n: int, width: int) -> None:
    found = listed(many(n), threshold=0.4, prices=PRICES, budget=9_000_000.0)
    for part in candidates_text(found, width):
        if "\n" in part:
            assert max(map(len, part.splitlines())) <= width


def test_long_lists_show_both_sides_of_the_cut() -> None:
    told = text(listed(many(500), threshold=0.4)).splitlines()
    start = next(i for i, line in enumerate(told) if line.startswith("Rank"))
    table = told[start : told.index("", start)]
    assert len(table) <= MOST_ROWS + 6
    assert sum("more; --out FILE writes all" in line for line in table) == 2
    assert any(line.startswith("Not selected (threshold 40%)") for line in table)


def test_a_long_identifier_is_shortened_in_the_table_alone() -> None:
    found = listed([Made("N" * 150, 0.4), Made("B", 0.3)])
    table = next(part for part in candidates_text(found, 80) if part.startswith("Rank"))
    assert max(map(len, table.splitlines())) <= 80


def test_prices_and_what_they_leave_out_are_told() -> None:
    told = list(assumptions(listed(PATIENTS, prices=PRICES)))
    assert told[0] == (
        "Costs are those of immunoglobulin alone: 6 courses of 2 g/kg, one a month, at EUR 60 per "
        "gram (made up)."
    )
    assert told[1] == "The weight of 3 of 3 patients is missing and counted as 70 kg."
    vials = Prices("list", "EUR", 60.0, 2.0, 6.0, "weight", 70.0, vial=10.0)
    assert "(list), whole vials of 10 g." in next(assumptions(listed(PATIENTS, prices=vials)))
