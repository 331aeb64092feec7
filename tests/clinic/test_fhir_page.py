"""docs/fhir.md: its record is read as it says."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from predictor.clinic.fhir import read_fhir
from predictor.clinic.prediction import cached_bundle, predict

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fhir.md"


def block(language: str) -> str:
    (found,) = re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return str(found)


def test_the_record_of_the_page_is_read_as_the_page_says() -> None:
    bundle = cached_bundle("remission")
    found = read_fhir(json.loads(block("json")), bundle)
    assert str(found) == block("text").rstrip()
    assert predict(found.patient, bundle).patient == "p1"


@pytest.mark.parametrize(
    ("day", "taken"), [("2024-02-15", ["c4", "age"]), ("2024-05-01", ["c4", "age"])]
)
def test_an_earlier_day_takes_earlier_results(day: str, taken: list[str]) -> None:
    bundle = cached_bundle("remission")
    found = read_fhir(json.loads(block("json")), bundle, index_date=date.fromisoformat(day))
    assert [entry.variable for entry in found.taken] == taken
