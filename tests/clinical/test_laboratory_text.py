"""What a laboratory wrote is recognised, and no text becomes a plausible number by accident."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.clinical.laboratory import LaboratoryText, classify, titre_of_days


@pytest.mark.parametrize(
    ("text", "kind", "number", "unit"),
    [
        ("7.5", "number", 7.5, ""),
        ("1.2e3", "number", 1200.0, ""),
        (" 75 mg/dL ", "number", 75.0, "mg/dL"),
        ("<10", "below", 10.0, ""),
        ("< 10 mg/L", "below", 10.0, "mg/L"),
        ("<= 10", "below", 10.0, ""),
        ("≤0.5", "below", 0.5, ""),
        ("Less than 10 mg/L", "below", 10.0, "mg/L"),
        (">1000", "above", 1000.0, ""),
        (">= 1000", "above", 1000.0, ""),
        ("greater than 5", "above", 5.0, ""),
        ("<1:10", "below", 10.0, "{titer}"),
        (">1:1280", "above", 1280.0, "{titer}"),
        ("1:320", "titre", 320.0, "{titer}"),
        ("1 : 40", "titre", 40.0, "{titer}"),
        ("1/160", "titre", 160.0, "{titer}"),
        ("12,5", "decimal_comma", 12.5, ""),
        ("-0,125", "decimal_comma", -0.125, ""),
        ("1,2e3", "decimal_comma", 1200.0, ""),
        ("1,250", "decimal_comma", None, ""),
        ("1,250,000", "unreadable", None, ""),
        ("positive", "qualitative", None, ""),
        ("NEG", "qualitative", None, ""),
        ("(-)", "qualitative", None, ""),
        ("(+)", "qualitative", None, ""),
        ("++", "qualitative", None, ""),
        ("+/-", "qualitative", None, ""),
        ("weakly positive", "qualitative", None, ""),
        ("pending", "pending", None, ""),
        ("ND", "pending", None, ""),
        ("n.d.", "pending", None, ""),
        ("Haemolysed", "pending", None, ""),
        ("Verify at reference laboratory", "pending", None, ""),
        ("01:40:00", "day_fraction", 40.0, "{titer}"),
        ("1899-12-30 06:20:00", "day_fraction", 320.0, "{titer}"),
        ("3:40:00 AM", "day_fraction", 160.0, "{titer}"),
        ("01:41:00", "day_fraction", None, "{titer}"),
        ("1:0", "unreadable", None, ""),
        ("2:320", "unreadable", None, ""),
        ("<", "unreadable", None, ""),
        ("<-5", "unreadable", None, ""),
        ("<0", "unreadable", None, ""),
        ("<<10", "unreadable", None, ""),
        ("10-20", "unreadable", None, ""),
        ("about 7", "unreadable", None, ""),
        ("inf", "unreadable", None, ""),
        ("1e999", "unreadable", None, ""),
        ("7 8", "unreadable", None, ""),
        ("", "unreadable", None, ""),
        ("٣", "unreadable", None, ""),
        ("1_000", "unreadable", None, ""),
    ],
)
def test_an_entry_is_recognised(text: str, kind: str, number: float | None, unit: str) -> None:
    assert classify(text) == LaboratoryText(kind, number, unit)  # type: ignore[arg-type]


def test_with_a_comma_as_decimal_sign_a_comma_is_nothing_odd() -> None:
    assert classify("12,5", ",") == LaboratoryText("number", 12.5)
    assert classify("<0,5", ",") == LaboratoryText("below", 0.5)
    assert classify("12.5", ",").kind == "unreadable"


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (time(6, 20), 320.0),
        (timedelta(hours=2, minutes=20), 80.0),
        (datetime(1899, 12, 31, 19, 40), 2560.0),
        (time(6, 21), None),
    ],
)
def test_times_that_a_spreadsheet_made_are_titres_where_dilutions_give_them(
    raw: object, number: float | None
) -> None:
    assert classify(raw) == LaboratoryText("day_fraction", number, "{titer}")


@pytest.mark.parametrize(
    "raw",
    [
        None,
        True,
        np.bool_(False),
        float("nan"),
        object(),
        b"7",
        [7],
        date(2020, 1, 1),
        timedelta(-1),
    ],
)
def test_what_is_no_entry_is_unreadable(raw: object) -> None:
    assert classify(raw) == LaboratoryText("unreadable")


@pytest.mark.parametrize("titre", [10 * 2**k for k in range(15)] + [2**k for k in range(17)])
@pytest.mark.parametrize("digits", [9, 12, 17])
def test_every_titre_comes_back_from_the_day_that_a_spreadsheet_made_of_it(
    titre: int, digits: int
) -> None:
    # 1:titre is one hour and so many minutes.
    assert titre_of_days(round((60 + titre) / 1440, digits)) == titre


@given(st.integers(0, 10**9), st.integers(0, 6))
def test_no_number_of_six_decimals_is_taken_for_a_titre(number: int, decimals: int) -> None:
    assert titre_of_days(number / 10**decimals) is None


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_only_what_dilutions_give_is_a_titre(days: float) -> None:
    titre = titre_of_days(days)
    if titre is not None:
        rest = int(titre)
        while rest % 2 == 0:
            rest //= 2
        while rest % 5 == 0:
            rest //= 5
        assert rest == 1
        assert abs((60 + titre) / 1440 - days) < 1e-7


NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
laboratory = st.text(alphabet="0123456789.,:/<>=≤≥+-() eEmgLdU%x*^negpositvdµ", max_size=25)


@given(st.one_of(st.text(max_size=60), laboratory), st.sampled_from([".", ","]))
def test_no_text_raises_or_becomes_a_number_that_does_not_stand_in_it(
    text: str, decimal: str
) -> None:
    found = classify(text, decimal)
    if found.number is None:
        return
    assert np.isfinite(found.number)
    if found.kind == "day_fraction":
        assert re.search("[0-9]:[0-9]", text)
        return
    # The number stands in the text, digit by digit, and nothing else numeric but a power of ten.
    told = [float(m.group()) for m in NUMBER.finditer(text.replace(",", "."))]
    assert found.number in told
    if found.kind == "number" and not found.unit:
        assert NUMBER.fullmatch(text.strip().replace(",", "."))
    if found.kind in ("below", "above"):
        assert text.strip()[0] in "<>≤≥＜＞lgmabLGMAB"
    if found.kind == "titre":
        assert text.strip().startswith("1")


@given(st.one_of(st.text(max_size=300), st.binary(max_size=20), st.integers(), st.decimals()))
def test_whatever_it_is_the_answer_is_one_of_the_kinds(raw: object) -> None:
    assert classify(raw).kind in {
        "number",
        "below",
        "above",
        "titre",
        "qualitative",
        "decimal_comma",
        "pending",
        "day_fraction",
        "unreadable",
    }
