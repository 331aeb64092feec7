"""What is written as YAML is read back as it was, whatever the text looks like."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.documents import parse_yaml, yaml_text

# Surrogates and what YAML calls no character cannot stand in a file.
TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff")
)
DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(-1e15, 1e15, allow_nan=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXT.filter(bool), DATA, max_size=4))
def test_everything_survives(data: dict[str, Any]) -> None:
    assert parse_yaml(yaml_text(data)).data == (data or {})


@pytest.mark.parametrize(
    "text",
    ["no", "~", "", "1e-3", "1:30", "2024-01-01", "0x1F", "a: b", "a #b", "- a", "on", "=x", "&a"],
)
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    assert parse_yaml(yaml_text({"key": text, "list": [text]})).data == {
        "key": text,
        "list": [text],
    }


def test_order_is_kept_and_nothing_is_referred_to() -> None:
    shared = ["c3", "c4"]
    assert yaml_text({"b": shared, "a": shared}) == "b: [c3, c4]\na: [c3, c4]\n"
