"""Switches MLflow's telemetry off; imported before mlflow by every module here that uses it."""

from __future__ import annotations

import os
import sys

# MLflow reads it once, when it is imported.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"


def end_telemetry() -> None:
    """End the telemetry of an mlflow that somebody else imported before us."""
    if "mlflow.telemetry" in sys.modules:
        from mlflow.telemetry import set_telemetry_client

        set_telemetry_client()
