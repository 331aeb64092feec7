"""An update in words: what was changed, and what its figures cannot say."""

from __future__ import annotations

from typing import Any

import pytest

from predictor.report.update_text import BY_CHANCE, ON_AVERAGE, cautions, update_text


def told(asked: str, method: str, *p_values: float) -> dict[str, Any]:
    """An update as the command tells it."""
    simpler = ("none", "intercept", "logistic")
    figures = ("auroc", "brier", "log_loss", "calibration_intercept", "calibration_slope")
    return {
        "model": {"name": "made", "version": "2"},
        "bundle": "made_2",
        "asked": asked,
        "method": method,
        "intercept": 0.4,
        "slope": 1.0,
        "penalty": None,
        "n": 200,
        "events": 80,
        "excluded": [],
        "closed_test": [
            {"simpler": s, "statistic": 9.0, "freedom": 7, "p_value": p, "rejected": p < 0.05}
            for s, p in zip(simpler, p_values, strict=False)
        ],
        "gained": True,
        "figures": [
            {"figure": name, "before": 0.6, "apparent": 0.5, "corrected": 0.55} for name in figures
        ],
        "resamples": 200,
        "usable": 199,
        "methods": {"none": 60, "intercept": 139},
    }


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (told("auto", "intercept", 0.032, 0.4), [ON_AVERAGE, BY_CHANCE.format(p="0.032")]),
        (told("auto", "intercept", 0.01, 0.4), [ON_AVERAGE, BY_CHANCE.format(p="0.010")]),
        # What made it change is the first test; the later ones say only how much.
        (told("auto", "logistic", 0.0004, 0.03, 0.6), [ON_AVERAGE]),
        (told("auto", "none", 0.4), []),
        (told("intercept", "intercept"), []),
    ],
)
def test_after_a_closed_test_the_gain_is_not_taken_for_sure(
    found: dict[str, Any], said: list[str]
) -> None:
    assert list(cautions(found)) == said
    assert [part for part in update_text(found) if part in {ON_AVERAGE, *said}] == said


def test_shares_of_the_resamples_are_not_shown_as_stability() -> None:
    text = "\n".join(update_text(told("auto", "intercept", 0.032, 0.4)))
    assert "139" not in text
    assert "199 of 200 resamples" in text
