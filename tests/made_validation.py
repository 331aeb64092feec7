"""What a training run found inside its own cohort, written by hand for tests of its readers."""

from __future__ import annotations

from typing import Any

_PART: dict[str, Any] = {
    "threshold": None,
    "cross_validated": None,
    "cross_validated_low": None,
    "cross_validated_high": None,
    "optimism": None,
    "harrell": None,
    "oob": None,
    "b632": None,
    "b632plus": None,
    "no_information": None,
    "relative_overfitting": None,
    "corrected": None,
    "corrected_by": "harrell",
    "corrected_low": None,
    "corrected_high": None,
    "interval": None,
    "resamples": 1000,
    "oob_resamples": 1000,
}


def figure(name: str, apparent: float | None, **given: Any) -> dict[str, Any]:
    """One row of the figures; what is not given is not defined."""
    return {"name": name, "apparent": apparent, **_PART, **given}


def stable(variable: str, top: float) -> dict[str, Any]:
    """Stability of the weight of one variable."""
    return {
        "variable": variable,
        "top": top,
        "mean_absolute_shap": 0.4,
        "low": 0.1,
        "high": 0.9,
        "refits": 1000,
    }


def bootstrap(**changes: Any) -> dict[str, Any]:
    """The bootstrap of a chosen model."""
    return {
        "figures": [
            figure(
                "auroc",
                0.86,
                cross_validated=0.71,
                cross_validated_low=0.52,
                cross_validated_high=0.85,
                optimism=0.1,
                harrell=0.76,
                oob=0.69,
                b632plus=0.74,
                corrected=0.74,
                corrected_by="b632plus",
                corrected_low=0.55,
                corrected_high=0.91,
            ),
            figure("calibration_slope", 1.9, optimism=0.8, harrell=1.1, corrected=1.1, oob=0.9),
            figure("calibration_intercept_joint", 0.1),
            figure("net_benefit_0.25", 0.21, threshold=0.25, harrell=0.15, corrected=0.15),
            figure("observed_expected", 1.0),
        ],
        "resamples": {
            "drawn": 1000,
            "used": 1000,
            "one_class": 0,
            "separated": 0,
            "not_fitted": 0,
        },
        "rule": "A resample is left out of every figure when its refit failed.",
        "corrected_by": "b632plus",
        "level": 0.95,
        "limits": [],
        "instability": {
            "refits": 1000,
            "patients": 31,
            "level": 0.95,
            "mean_absolute_prediction_error": 0.12,
            "mean_width_of_range": 0.51,
            "classification": [
                {"threshold": 0.25, "mean": 0.17},
                {"threshold": 0.5, "mean": 0.11},
            ],
        },
        "chosen_models": [],
        "chosen_settings": [
            {"name": "penalty 10", "refits": 700, "share": 0.7},
            {"name": "penalty 1", "refits": 300, "share": 0.3},
            {"name": "penalty 0.1", "refits": 0, "share": 0.0},
        ],
        "explanation": [
            stable("c3", 0.97),
            stable("sledai_2k", 0.99),
            stable("sex", 0.03),
            stable("age", 0.0),
        ],
        **changes,
    }


def validation(**changes: Any) -> dict[str, Any]:
    """What stands in a manifest beside the comparison."""
    return {
        "bootstrap": bootstrap(),
        "with_choice": bootstrap(
            chosen_models=[
                {"name": "Ridge logistic", "refits": 600, "share": 0.6},
                {"name": "Firth logistic", "refits": 400, "share": 0.4},
            ]
        ),
        "signal": {
            "statistic": "AUROC",
            "observed": 0.71,
            "p_value": 0.03,
            "p_low": 0.01,
            "p_high": 0.06,
            "permutations": 200,
            "undefined": 0,
            "found": True,
            "rule": "Every patient may exchange the outcome with every other.",
            "repeated": "the whole procedure",
            "not_repeated": [],
            "sentence": "Signal found: p = 0.03 with 200 permutations of the whole procedure.",
        },
        "centres": None,
        "notes": ["Bootstrap: 1000 of the 2000 repetitions fit into validation.minutes: 10."],
        **changes,
    }
