"""The verdict on a model of a time, rule by rule."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from predictor.report.contents.source import Source
from predictor.report.contents.time_verdict import corrected, time_verdict

FOUND = {"found": True, "sentence": "Signal found."}
NOT_FOUND = {"found": False, "sentence": "No signal found."}


def figure(name: str, month: int | None, value: float | None, reach: float) -> dict[str, Any]:
    ends = (None, None) if value is None else (value - reach, value + reach)
    return {
        "name": name, "month": month, "apparent": 1.0, "cross_validated": 0.9,
        "cross_validated_low": 0.8, "cross_validated_high": 1.0,
        "corrected": value, "corrected_low": ends[0], "corrected_high": ends[1],
    }  # fmt: skip


def source(
    *,
    patients: int = 600,
    events: int = 200,
    simulated: int = 0,
    candidate: str = "cox",
    signal: dict[str, Any] | None = FOUND,
    c: float | None = 0.8,
    slope: float = 1.0,
) -> Source:
    manifest = {
        "name": "made",
        "outcome": {"follow_up": {"horizon_months": [12, 24]}},
        "config": {},
        "model": {"candidate": candidate, "label": "Cox, ridge"},
        "cohort": {"events": events},
        "evidence": {"patients": patients, "events": events, "simulated_patients": simulated},
        "validation": {
            "sample_size": {"n": 500, "events": 180},
            "signal": signal,
            "figures": [
                figure("c_index", None, c, 0.05),
                figure("slope", 12, 1.0, 0.1),
                figure("slope", 24, slope, 0.1),
            ],
        },
    }
    return cast("Source", SimpleNamespace(manifest=manifest))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"simulated": 600}, "demonstration"),
        ({"candidate": "prevalence"}, "no model"),
        ({"patients": 400}, "too few patients"),
        ({"events": 100}, "too few patients"),
        ({"signal": NOT_FOUND}, "no signal"),
        ({"signal": None}, "not validated"),
        ({"c": None}, "not validated"),
        ({"slope": 1.6}, "miscalibrated"),
        ({}, "ready for external validation"),
    ],
)
def test_the_first_rule_that_holds_is_told(changes: dict[str, Any], code: str) -> None:
    assert time_verdict(source(**changes)).code == code


def test_the_horizon_that_is_miscalibrated_is_named() -> None:
    found = time_verdict(source(slope=1.6))
    assert "Miscalibrated at 24 months" in found.headline
    assert any("at 24 months is 1.60 (1.50 to 1.70)" in reason for reason in found.reasons)


def test_without_a_corrected_figure_the_cross_validated_one_is_told() -> None:
    assert corrected(figure("c_index", None, None, 0.0)) == "0.90 (0.80 to 1.00)"
