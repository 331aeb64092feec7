"""A bundle of a time as its report reads it, made by hand for tests of the sections."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from predictor.clinical.dictionary import load_dictionary
from predictor.report.contents.source import Source


def followed(month: int, at_risk: int | None, competing: float | None = None) -> dict[str, Any]:
    return {
        "month": month, "at_risk": at_risk, "incidence": 0.2,
        "incidence_low": 0.1, "incidence_high": 0.3, "competing": competing,
    }  # fmt: skip


def group(month: int, patients: int, predicted: float, observed: float) -> dict[str, Any]:
    return {
        "month": month, "patients": patients, "predicted": predicted,
        "observed": observed, "observed_low": observed - 0.1, "observed_high": observed + 0.1,
    }  # fmt: skip


def figure(name: str, month: int | None) -> dict[str, Any]:
    return {
        "name": name, "month": month, "apparent": 0.8,
        "cross_validated": 0.7, "cross_validated_low": 0.6, "cross_validated_high": 0.75,
        "corrected": 0.72, "corrected_low": 0.62, "corrected_high": 0.78,
    }  # fmt: skip


def time_source(
    *,
    competing: tuple[str, ...] = ("death",),
    among: dict[str, list[str]] | None = None,
    candidate: str = "cox",
    findings: dict[str, Any] | None = None,
    **validation: Any,
) -> Source:
    """Keys of ``validation`` replace those of the manifest's part of that name."""
    manifest = {
        "name": "made",
        "outcome": {
            "label": "relapse",
            "time_zero": "last infusion",
            "population": "made-up patients",
            "follow_up": {
                "horizon_months": [12, 24],
                "competing": list(competing),
                "among": among or {},
            },
        },
        "config": {"predictors": ["c3", "c4"], "preparation": {"imputation": "median"}},
        "predictors": ["c3", "c4"],
        "privacy": {"cell_size": 5},
        "model": {
            "candidate": candidate,
            "label": "Cox, ridge",
            "digest": "sha256:00",
            "setting": {"penalty_event": 1.0},
        },
        "cohort": {"patients": 300, "events": 90, "group": "patient", "flow": [], "warnings": []},
        "evidence": {"patients": 300, "events": 90, "simulated_patients": 0},
        "validation": {
            "plan": {"folds": 5, "repeats": 10, "inner_folds": 4, "bootstrap": 1000},
            "sample_size": {"n": 500, "events": 180},
            "signal": None,
            "figures": [
                figure("c_index", None),
                *(figure(name, m) for m in (12, 24) for name in ("scaled_brier", "slope")),
            ],
            "models": [
                {
                    "name": "cox",
                    "label": "Cox, ridge",
                    "chosen": True,
                    "c_index": 0.7,
                    "c_index_low": 0.6,
                    "c_index_high": 0.8,
                    "brier": 0.2,
                    "brier_difference": 0.0,
                    "brier_difference_se": 0.0,
                    "scaled_brier": 0.1,
                    "slope": 1.0,
                    "slope_low": 0.8,
                    "slope_high": 1.2,
                }
            ],
            "followed": [followed(12, 200, 0.03), followed(24, None)],
            "calibration": [group(12, 150, 0.1, 0.12), group(12, 150, 0.3, 0.28)],
            "notes": ["One note."],
            **validation,
        },
    }
    bundle = SimpleNamespace(dictionary=load_dictionary())
    made = SimpleNamespace(manifest=manifest, findings=findings or {}, bundle=bundle, tracking={})
    return cast("Source", made)
