"""Manifests of models that stand differently, for tests of what a report says of them."""

from __future__ import annotations

from typing import Any, cast

from made_validation import figure

from predictor.fitted.bundle import Bundle
from predictor.report.contents.source import Source


def corrected(
    auroc: tuple[float | None, float | None, float | None] = (0.74, 0.70, 0.78),
    slope: tuple[float | None, float | None, float | None] = (0.96, 0.85, 1.08),
    ratio: float | None = 1.0,
    distance: float | None = 0.02,
    width: float | None = 0.12,
) -> dict[str, Any]:
    """The bootstrap of a model, its corrected figures as told."""
    return {
        "figures": [
            _row("auroc", auroc),
            _row("calibration_slope", slope),
            _row("observed_expected", (ratio, None, None)),
            _row("eavg", (distance, None, None)),
        ],
        "instability": {"mean_width_of_range": width, "refits": 1000},
    }


def _row(name: str, found: tuple[float | None, float | None, float | None]) -> dict[str, Any]:
    value, low, high = found
    return figure(name, value, corrected=value, corrected_low=low, corrected_high=high)


def signal(found: bool, **changes: Any) -> dict[str, Any]:
    """The permutation test."""
    sentence = (
        "Signal found: p = 0.005 with 200 permutations of the whole procedure."
        if found
        else "No signal found: p = 0.41 with 200 permutations of the whole procedure."
    )
    return {"found": found, "sentence": sentence, "not_repeated": [], **changes}


def manifest(
    patients: int = 900,
    events: int = 300,
    *,
    level: str = "internally validated",
    simulated: bool = False,
    enough: bool = True,
    **changes: Any,
) -> dict[str, Any]:
    """The manifest of a good model; ``changes`` replace parts of its validation."""
    who = "simulated patients" if simulated else "patients"
    have = f"{patients} {who} with {events} events"
    needed = "at least 460 patients with 154 events needed"
    validation = {
        "sample_size": {
            "n": 460,
            "events": 153.333,
            "enough": enough,
            "verdict": f"{have}; {needed}: enough." if enough else f"{have}; {needed}.",
        },
        "choice": {"named_beforehand": False, "by_rule": "ridge"},
        "bootstrap": corrected(),
        "signal": signal(found=True),
        **changes,
    }
    return {
        "name": "demo",
        "outcome": {
            "label": "remission",
            "horizon": "6 months",
            "time_zero": "first infusion",
            "population": "adults with SLE before their first IVIG",
            "limits": {"age": [18.0, None]},
        },
        "evidence": {
            "level": "demonstration" if simulated else level,
            "patients": 0 if simulated else patients,
            "events": 0 if simulated else events,
            "simulated_patients": patients if simulated else 0,
            "statement": "Made for a test.",
        },
        "cohort": {"patients": patients, "events": events, "group": "patient"},
        "validation": validation,
        "model": {"candidate": "ridge", "label": "Ridge logistic"},
        "dictionary": {"age": {"label": "Age", "unit": "a"}},
    }


def prevalence(**changes: Any) -> dict[str, Any]:
    """A manifest in which everybody gets the prevalence."""
    found = manifest(
        choice={"named_beforehand": False, "by_rule": "prevalence"},
        bootstrap=corrected((None, None, None), (None, None, None), width=None),
        **changes,
    )
    return found | {"model": {"candidate": "prevalence", "label": "Prevalence"}}


def source(described: dict[str, Any], findings: dict[str, Any] | None = None) -> Source:
    """A source without a bundle, for what reads the manifest alone."""
    return Source(cast(Bundle, None), described, findings or {}, {})
