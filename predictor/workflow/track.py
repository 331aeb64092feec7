"""``predictor track``: send a bundle whose run was not sent."""

from __future__ import annotations

from pathlib import Path

import predictor
from predictor.fitted.bundle import REPORT, locate_bundle, read_manifest
from predictor.tracking.sending import send_bundle
from predictor.tracking.sent import SentRun
from predictor.tracking.store import TrackingSettings, check_reachable, resolve_uri
from predictor.workflow.report import report_file


def track(
    bundle: str | Path,
    *,
    uri: str | None = None,
    experiment: str | None = None,
    register_as: str | None = None,
) -> SentRun:
    """Send a finished run to an MLflow store.

    Parameters
    ----------
    bundle
        The bundle.
    uri
        Store; by default MLFLOW_TRACKING_URI, else ``sqlite:///mlflow.db``. The one of the
        training is not remembered, because a bundle names no machine.
    experiment, register_as
        Override what the training's configuration says.

    Raises
    ------
    TrackingError
        If the store cannot be reached, or has this run already.
    """
    folder = locate_bundle(bundle)
    plan = read_manifest(folder)["config"].get("tracking", {})
    return send(folder, uri, experiment, register_as or plan.get("register_as"))


def send(folder: Path, uri: str | None, experiment: str | None, register_as: str | None) -> SentRun:
    """Send a bundle; as :func:`track`, but registered only if a name is given here."""
    manifest = read_manifest(folder)
    plan = manifest["config"].get("tracking", {})
    settings = TrackingSettings(
        experiment or plan.get("experiment") or manifest["name"], uri, register_as
    )
    check_reachable(resolve_uri(settings.uri))
    sent = send_bundle(folder, settings, version=predictor.__version__)
    if (folder / REPORT).exists():
        report_file(folder)  # again, because it names the run that it was sent as
    return sent
