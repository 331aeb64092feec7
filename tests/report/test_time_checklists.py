"""TRIPOD+AI of a model of a time: every answer from the run, and what stays with people."""

from __future__ import annotations

import pytest
from made_time_source import figure, time_source

from predictor.report.contents.run_facts import Facts
from predictor.report.contents.source import Source
from predictor.report.contents.time_checklists import RULES


def answer(number: str, source: Source | None = None) -> str:
    source = source or time_source()
    found = RULES[number](Facts(source.manifest, source.findings, ()))
    return "" if found is None else found.text


def test_the_outcome_is_the_time_to_it_with_what_competes() -> None:
    text = answer("8a")
    assert "relapse: the time to it from last infusion, judged at 12 and 24 months." in text
    assert "It competes with death" in text
    assert "competes" not in answer("8a", time_source(competing=()))


def test_patients_and_events_are_those_of_the_run() -> None:
    assert "at least 500 patients with 180 events" in answer("10").lower()
    assert "300 with 90 there" in answer("10")
    assert "300 analysed, 90 of them with the event" in answer("20a")
    assert "Development: 300 patients with 90 events." in answer("21")


def test_performance_is_told_at_every_horizon_or_left_to_people() -> None:
    text = answer("23a")
    assert "C index 0.72 (0.62 to 0.78)" in text
    assert "at 12 months" in text
    assert "at 24 months" in text
    bare = [figure("c_index", None) | {"corrected": None}]
    assert answer("23a", time_source(figures=bare)) == ""


@pytest.mark.parametrize("number", ["9a", "12a", "12b", "12c", "12e", "13", "14", "15", "22"])
def test_no_answer_speaks_of_what_only_one_event_has(number: str) -> None:
    text = answer(number)
    assert text
    assert not {"AUROC", "ROC", "threshold", "Youden"} & set(text.replace(",", " ").split())
