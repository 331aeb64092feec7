"""What every finished training says of itself in JSON, whatever kind of outcome it had."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from predictor.cohort.cohort import Cohort
from predictor.errors import TrackingError
from predictor.tracking.sent import SentRun


def places(bundle: Path, report: Path, sent: SentRun | None) -> dict[str, Any]:
    """Where the bundle and its report are, and which record was sent."""
    return {
        "bundle": str(bundle),
        "report": str(report),
        "run_id": sent.run_id if sent else None,
    }


def flow_told(cohort: Cohort) -> list[dict[str, Any]]:
    """How many patients were left after each step."""
    return [{"step": s.step, "patients": s.patients} for s in cohort.flow]


def warnings_told(cohort: Cohort) -> list[dict[str, Any]]:
    """What was noticed while reading the cohort."""
    return [
        {"variable": w.variable, "code": w.code, "count": w.count, "message": w.message}
        for w in cohort.warnings
    ]


def course(lost: TrackingError | None, seconds: Mapping[str, float]) -> dict[str, Any]:
    """How the run went: what to do about a store that was lost, and the time per stage."""
    return {"tracking_error": str(lost) if lost else None, "seconds": dict(seconds)}
