"""Text is measured, broken and shortened so that it fits and loses what matters least."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor.report.canvas import clean, fit, text_width


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Complement C3", "Complement C3"),
        ("  two\n\tlines \r\n", "two lines"),
        ("\u202ereversed\u202c", "reversed"),
        ("soft\u00adhyphen and zero\u200bwidth", "softhyphen and zerowidth"),
        ("C3 🧬", "C3 ▫"),
        ("漢字", "▫▫"),
        ("10⁹/L, µmol, β₂, ≥", "10⁹/L, µmol, β₂, ≥"),
        ("45\u00a0mg/dL", "45\u00a0mg/dL"),
        ("\x00\x07bell", "bell"),
        ("210 10*9/L", "210 10⁹/L"),
        ("10*10 and 110*9/L", "10*10 and 110*9/L"),
    ],
)
def test_what_cannot_be_drawn_is_left_out_or_a_square(given: str, shown: str) -> None:
    assert clean(given) == shown


@settings(deadline=None)
@given(text=st.text(max_size=80))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@settings(deadline=None, max_examples=80)
@given(
    text=st.text(max_size=300),
    tail=st.sampled_from(["", "(mg/dL)", "= 45 mg/dL (not measured; typical value used)"]),
    lines=st.integers(2, 4),
)
def test_text_keeps_to_its_lines_and_its_tail(text: str, tail: str, lines: int) -> None:
    shown = fit(text, tail, 3.0, size=9.5, lines=lines)
    assert shown.count("\n") < lines
    assert all(text_width(line, 9.5) <= 3.0 for line in shown.split("\n"))
    said = shown.replace("\n", " ").replace("\u00a0", " ").replace("\u200e", "")
    assert said.endswith(tail)


def test_a_label_is_shortened_before_its_value() -> None:
    shown = fit("Anticardiolipin " * 20, "= 45 mg/dL", 3.0, size=9.5, lines=2)
    assert shown.endswith("… =\u00a045\u00a0mg/dL")


def test_a_value_longer_than_the_lines_leaves_room_for_the_name() -> None:
    shown = fit("Indication", "= " + "myositis " * 50, 3.0, size=9.5, lines=2)
    assert shown.startswith("Indication =")
    assert shown.endswith("…")
