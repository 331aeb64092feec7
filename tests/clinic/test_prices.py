"""Prices: the arithmetic by hand, and a file that says where it is wrong."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.clinic.prices import Prices, load_prices, parse_prices
from predictor.documents import parse_yaml
from predictor.errors import DocumentError

GOOD = """\
source: Hospital pharmacy, 2026
currency: EUR
price_per_gram: 55.5
dose: 2
courses: 3.5
weight: {column: weight}
"""


def prices(**changes: object) -> Prices:
    given: dict[str, object] = {
        "source": "made up",
        "currency": "EUR",
        "price_per_gram": 60.0,
        "dose": 2.0,
        "courses": 6.0,
        "weight_column": "weight",
    }
    return Prices(**(given | changes))  # type: ignore[arg-type]


def test_the_cost_by_hand() -> None:
    # 2 g/kg x 63.5 kg = 127 g; x 6 courses x EUR 60 = 45,720.
    assert prices().grams(63.5) == 127.0
    assert prices().cost(63.5) == 45_720.0


def test_whole_vials_by_hand() -> None:
    # 127 g are 25.4 vials of 5 g, so 26 are opened: 130 g x 6 x 60 = 46,800.
    assert prices(vial=5.0).grams(63.5) == 130.0
    assert prices(vial=5.0).cost(63.5) == 46_800.0


def test_a_dose_of_whole_vials_opens_no_further_one() -> None:
    # 0.4 * 75 is 30.000000000000004 in binary arithmetic for some orders of factors.
    assert prices(dose=0.1 + 0.3, vial=10.0).grams(75.0) == 30.0


@given(st.floats(2, 650), st.floats(0.5, 50))
def test_vials_are_whole_and_none_is_opened_in_vain(weight: float, vial: float) -> None:
    grams = prices(vial=vial).grams(weight)
    needed = prices().grams(weight)
    assert grams / vial == pytest.approx(round(grams / vial))
    assert needed <= grams * (1 + 1e-9) < needed + vial * (1 + 1e-9) + 1e-6


@given(st.floats(2, 600), st.floats(0.1, 50))
def test_a_heavier_patient_costs_no_less(weight: float, more: float) -> None:
    assert prices().cost(weight) <= prices().cost(weight + more)


def test_the_shipped_example_is_found_by_name_and_says_that_it_is_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = load_prices("example")
    assert "Made up" in found.source
    assert (found.dose, found.weight_default) == (2.0, 70.0)
    assert load_prices("example.yaml") == found


def test_a_file_wins_over_the_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("example").write_text(GOOD, encoding="utf-8")
    found = load_prices("example")
    assert (found.price_per_gram, found.courses) == (55.5, 3.5)
    assert (found.weight_default, found.vial) == (None, None)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(DocumentError, match=r"none\.yaml: no such file"):
        load_prices("none.yaml")


def test_what_is_read_is_what_is_told() -> None:
    assert parse_prices(parse_yaml(GOOD)).to_dict() == {
        "source": "Hospital pharmacy, 2026",
        "currency": "EUR",
        "price_per_gram": 55.5,
        "dose": 2.0,
        "courses": 3.5,
        "weight": {"column": "weight", "default": None},
        "vial": None,
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("price_per_gram: 55.5", "price_per_gram: EUR 55", "line 3, price_per_gram: a number is"),
        ("price_per_gram: 55.5", "price_per_gram: 0", "line 3, price_per_gram: it must be above 0"),
        ("price_per_gram: 55.5", "price_per_gram: true", "line 3, price_per_gram: a number is"),
        ("price_per_gram: 55.5", "price_per_gram: .nan", "line 3, price_per_gram: a number is"),
        ("price_per_gram: 55.5", "price_per_gramm: 55", "line 3, .*Did you mean price_per_gram?"),
        ("dose: 2", "dose: 2000", "line 4, dose: it must be above 0 and at most 5"),
        ("dose: 2", "dose: 2 g/kg", "line 4, dose: a number is expected"),
        ("dose: 2\n", "", "dose must be stated"),
        ("courses: 3.5", "courses: -1", "line 5, courses: it must be above 0"),
        ("currency: EUR", "currency: euro", "line 2, currency: three capital letters"),
        ("currency: EUR", "currency: [E, U, R]", "line 2, currency: three capital letters"),
        ("{column: weight}", "70", "line 6, weight: a mapping with column, default"),
        ("{column: weight}", "{default: 70}", "line 6, weight.column: the column of the weight"),
        ("{column: weight}", "{column: weight, default: 9000}", "weight.default: it must be above"),
        ("{column: weight}", "{column: weight, usual: 70}", "line 6, weight.usual: there is no"),
        ("source: Hospital", "source: [a]\nx: ", "there is no such key"),
        ("Hospital pharmacy, 2026", "7", "line 1, source: one line of text"),
        ("dose: 2", "dose: 2\ndose: 3", "line 5: a key is there twice"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_line(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(DocumentError, match=said):
        parse_prices(parse_yaml(GOOD.replace(old, new)))


@pytest.mark.parametrize("text", ["", "[]", "7", "weight"])
def test_something_else_than_a_mapping_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="a mapping with source, currency"):
        parse_prices(parse_yaml(text))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.sampled_from(["source", "currency", "price_per_gram", "dose", "weight", "vial"]), JUNK)
def test_no_entry_of_any_kind_breaks_the_reader(key: str, junk: object) -> None:
    document = parse_yaml(GOOD)
    document.data[key] = junk
    try:
        found = parse_prices(document)
    except DocumentError:
        return
    assert math.isfinite(found.cost(70.0))
