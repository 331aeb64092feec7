"""``report.json`` is strict JSON and holds the report as it is shown."""

from __future__ import annotations

import json
from typing import Any, cast

import numpy as np
import pytest

from predictor.report.document import Column, Report, Section, Table, Verdict
from predictor.report.report_json import report_data, report_json


def report(value: Any, text: str = "plain") -> Report:
    table = Table("t", text, (Column("value", "Value", "number"),), ({"value": value},))
    verdict = Verdict("no signal", "No signal.", ("a reason",), ("a step",))
    return Report("Title", text, verdict, {"name": text}, (Section("verdict", "V", (table,)),))


def shown(found: Report) -> Any:
    def no_constant(name: str) -> None:
        raise AssertionError(name)

    data = json.loads(report_json(found), parse_constant=no_constant)
    return data["sections"][0]["blocks"][0]["rows"][0]["value"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("nan"), None])
def test_what_is_not_defined_is_null(value: Any) -> None:
    assert shown(report(value)) is None


@pytest.mark.parametrize(
    "value", [0.1 + 0.2, 1 / 3, 1e-300, 12, True, "text", np.float64(0.1), np.int64(4), np.True_]
)
def test_values_keep_all_their_digits(value: Any) -> None:
    assert shown(report(value)) == value


@pytest.mark.parametrize("text", ["</script><b>", "=cmd()", "\u202eabc", "😀" * 50, "\ud800", "\0"])
def test_any_text_survives_as_text(text: str) -> None:
    data = json.loads(report_json(report(1, text)))
    assert data["about"]["name"] == text.replace("\ud800", "?")


def test_the_version_stands_first_and_keys_keep_their_order() -> None:
    assert list(report_data(report(1))) == [
        "schema_version",
        "title",
        "subtitle",
        "verdict",
        "about",
        "sections",
        "missing",
    ]


def test_what_is_no_plain_data_is_refused() -> None:
    with pytest.raises(TypeError, match="plain data, not complex"):
        report_json(report(cast(float, 1j)))
