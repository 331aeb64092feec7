"""Directions that a dictionary expects: read strictly, found by the outcome of a study."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.expectation import Expectation, expectation_of
from predictor.clinical.variable import Variable
from predictor.config import Config
from predictor.documents import load_yaml
from predictor.errors import DictionaryError

ENTRY = """
name: another disease
variables:
  marker:
    label: Marker
    kind: {kind}
    {more}
    expected: {expected}
"""


def dictionary(tmp_path: Path, expected: str, kind: str = "binary", more: str = "") -> Any:
    path = tmp_path / "mine.yaml"
    path.write_text(ENTRY.format(kind=kind, expected=expected, more=more or "note: none"))
    return load_dictionary(path)


def test_a_direction_is_read_and_travels_with_the_bundle(tmp_path: Path) -> None:
    found = dictionary(tmp_path, '{cure: {direction: raises, source: "Someone 2020"}}')
    marker = found.variable("marker")
    assert marker.expected == {"cure": Expectation("raises", "Someone 2020")}
    assert Variable.from_dict(marker.to_dict()) == marker


def test_a_variable_without_one_is_written_as_before() -> None:
    assert "expected" not in load_dictionary().variable("platelets").to_dict()


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ("{cure: {direction: up, source: s}}", "'cure' must be one of raises, lowers"),
        ("{cure: {direction: raise, source: s}}", "Did you mean .raises"),
        ("{cure: {direction: raises}}", "needs a source"),
        ('{cure: {direction: raises, source: " "}}', "needs a source"),
        ("{cure: raises}", "mapping of direction and source"),
        ("{cure: {direction: raises, source: s, p: 1}}", "nothing else"),
        ("[raises]", "mapping of outcome"),
    ],
)
def test_what_breaks_a_rule_is_named(tmp_path: Path, expected: str, message: str) -> None:
    with pytest.raises(DictionaryError) as caught:
        dictionary(tmp_path, expected)
    (reason,) = caught.value.reasons
    assert re.search(message, reason.message)
    assert "line 8" in reason.where


def test_states_without_order_have_no_direction(tmp_path: Path) -> None:
    with pytest.raises(DictionaryError) as caught:
        dictionary(tmp_path, "{cure: {direction: raises, source: s}}", "nominal", "states: [a, b]")
    assert "has no 'expected'" in caught.value.reasons[0].message


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        ({"name": "y", "label": "remission", "event": [1]}, True),
        ({"name": "y", "label": "Clinical cure", "event": ["remission"]}, True),
        ({"name": "Remission", "label": "cure", "event": [1]}, True),
        ({"name": "remission", "label": "cure", "event": ["yes"]}, True),
        ({"name": "remission", "label": "no cure", "event": [0]}, False),
        ({"name": "y", "label": "cure", "event": ["remission", "low"]}, False),
    ],
)
def test_the_outcome_of_a_study_is_recognised(outcome: dict[str, Any], found: bool) -> None:
    known = Expectation("raises", "Someone 2020")
    assert (expectation_of({"remission": known}, **outcome) == known) is found


@pytest.mark.parametrize(("config", "count"), [("remission", 1), ("relapse", 3)])
def test_shipped_questions_have_expectations_with_a_source(
    root: Path, config: str, count: int
) -> None:
    study = Config.model_validate(load_yaml(root / "configs" / f"{config}.yaml").data)
    shipped = load_dictionary()
    question = study.question
    found = [
        expectation_of(
            shipped.variable(name).expected,
            name=question.outcome,
            label=question.label or "",
            event=question.event,
        )
        for name in study.predictors
    ]
    stated = [e for e in found if e is not None]
    assert len(stated) == count
    assert all(re.search(r"\d{4};\d+:\d+", e.source) for e in stated)


def test_the_example_of_the_documentation_is_a_dictionary(root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "configuration.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(variables:\n.*?)```", text, re.DOTALL)
    path = tmp_path / "documented.yaml"
    path.write_text(example, encoding="utf-8")
    marker = load_dictionary(path).variable("marker")
    assert marker.expected["remission"].direction == "lowers"
