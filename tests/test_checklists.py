"""The shipped checklists have the items of the publications, and a configuration answers them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from made_cohorts import configuration

from predictor.checklists import CHECKLISTS, load_checklist
from predictor.documents import Document
from predictor.errors import ConfigError
from predictor.study import study_from


def study(**reporting: Any) -> Any:
    made = configuration(reporting=reporting)
    return study_from(Document("study.yaml", made), Path("nowhere")).config


def test_tripod_ai_has_its_27_items_and_52_parts() -> None:
    numbers = load_checklist("tripod").numbers
    assert len(numbers) == len(set(numbers)) == 52
    assert list(dict.fromkeys(n.rstrip("abcdefg") for n in numbers)) == [
        str(i) for i in range(1, 28)
    ]
    # How many parts the items with parts have, counted in the published list.
    parts = Counter(n.rstrip("abcdefg") for n in numbers if not n.isdigit())
    assert parts == {
        "3": 3,
        "5": 2,
        "6": 3,
        "8": 3,
        "9": 3,
        "12": 7,
        "18": 6,
        "20": 3,
        "23": 2,
        "27": 3,
    }


def test_items_for_development_or_evaluation_alone_are_those_of_the_published_list() -> None:
    items = load_checklist("tripod").items
    assert [i.number for i in items if i.concerns == "D"] == [
        "9a",
        "12a",
        "12b",
        "12c",
        "15",
        "22",
        "27a",
        "27b",
    ]
    assert [i.number for i in items if i.concerns == "E"] == ["12f", "12g", "20c", "24"]


def test_probast_ai_has_16_questions_on_development_and_18_on_evaluation() -> None:
    numbers = load_checklist("probast").numbers
    domains = Counter(number.split(".")[0] for number in numbers)
    assert domains == {"D1": 3, "D2": 4, "D3": 4, "D4": 5, "E1": 3, "E2": 4, "E3": 4, "E4": 7}
    assert sum(n for domain, n in domains.items() if domain[0] == "D") == 16
    assert sum(n for domain, n in domains.items() if domain[0] == "E") == 18


@pytest.mark.parametrize("name", CHECKLISTS)
def test_every_item_asks_something_and_names_its_source(name: str) -> None:
    checklist = load_checklist(name)
    assert "doi:10.1136/" in checklist.source
    for item in checklist.items:
        assert item.concerns in ("D", "E", "DE")
        assert item.asks.endswith((".", "?"))
        assert item.part


def test_answers_of_people_are_read_by_item() -> None:
    config = study(tripod={"18a": "Nobody paid."}, probast={"E4.7": "Yes."})
    assert config.reporting.tripod == {"18a": "Nobody paid."}
    assert config.model_dump(mode="json")["reporting"]["probast"] == {"E4.7": "Yes."}


@pytest.mark.parametrize(
    ("reporting", "message"),
    [
        ({"tripod": {"18g": "x"}}, r"TRIPOD\+AI has no item '18g'\. Did you mean 18\w\?"),
        ({"tripod": {"xyz": "x"}}, r"no item 'xyz'\. Its items run from 1 to 27c\."),
        ({"probast": {"4.7": "x"}}, r"PROBAST\+AI has no item '4\.7'\. Did you mean [DE]4\.\d"),
        ({"tripod": {"17": ""}}, "text that is not empty"),
        ({"strobe": {"1": "x"}}, "unknown key 'strobe'; valid here: probast, tripod"),
    ],
)
def test_an_item_that_does_not_exist_is_refused_with_the_nearest(
    reporting: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match="breaks rules") as caught:
        study(**reporting)
    (reason,) = caught.value.reasons
    assert re.search(message, reason.message)
