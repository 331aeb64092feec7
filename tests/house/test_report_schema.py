"""``report.json`` is what its schema says, and the schema is what the code says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from report_schema import FILE, schema, written

from predictor.report.contents.report import report_of
from predictor.report.contents.source import open_source
from predictor.report.report_json import report_data, report_json


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema_rs.validator_for(schema())


def test_the_schema_is_made_from_the_classes() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), (
        "run python tests/house/report_schema.py; if a key changed its meaning or went away, "
        "SCHEMA_VERSION goes up"
    )


@pytest.mark.parametrize("model", ["remission", "relapse"])
def test_the_reports_of_the_shipped_models_are_valid(model: str, validator: Any) -> None:
    data = json.loads(report_json(report_of(open_source(model))))
    validator.validate(data)


def test_the_report_of_a_bundle_of_few_words_is_valid(linear_bundle: Path, validator: Any) -> None:
    validator.validate(json.loads(report_json(report_of(open_source(linear_bundle)))))


@pytest.mark.parametrize("fault", ["a key too many", "a key too few", "another version", "a code"])
def test_the_schema_notices_faults(fault: str, validator: Any) -> None:
    data = report_data(report_of(open_source("remission")))
    assert validator.is_valid(data)
    if fault == "a key too many":
        data["more"] = 1
    elif fault == "a key too few":
        del data["sections"][0]["blocks"][0]["tone"]
    elif fault == "another version":
        data["schema_version"] = 99
    else:
        data["verdict"]["code"] = "fine"
    assert not validator.is_valid(data)
