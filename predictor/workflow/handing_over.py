"""The end of a training: the report of its bundle, and the record that is sent of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import predictor
from predictor.errors import TrackingError
from predictor.study import Study
from predictor.tracking.sending import send_bundle
from predictor.tracking.sent import SentRun
from predictor.tracking.store import TrackingSettings, check_reachable, resolve_uri
from predictor.workflow.progress import Stopwatch
from predictor.workflow.report import write_report


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of a bundle.

    Parameters
    ----------
    report
        The page that explains the model.
    sent
        Where the record went; None if tracking is off or the store was lost.
    lost
        What to do about a store that was lost during the run.
    """

    report: Path
    sent: SentRun | None
    lost: TrackingError | None


def tracking_of(study: Study) -> TrackingSettings | None:
    """Where a study is to be recorded; None where tracking is off."""
    plan = study.config.tracking
    if not plan.enabled:
        return None
    return TrackingSettings(plan.experiment or study.config.name, plan.uri, plan.register_as)


def reached_store(study: Study, watch: Stopwatch) -> TrackingSettings | None:
    """Where a study is to be recorded, once it is known that the store answers.

    Raises
    ------
    TrackingError
        If it cannot be reached, before anything is fitted.
    """
    settings = tracking_of(study)
    if settings is not None:
        with watch.stage("tracking store"):
            check_reachable(resolve_uri(settings.uri))
    return settings


def hand_over(folder: Path, settings: TrackingSettings | None, watch: Stopwatch) -> HandedOver:
    """Write the report of a bundle and send the record; a lost store costs nothing but that.

    Parameters
    ----------
    folder
        The bundle, complete.
    settings
        From :func:`reached_store`.
    watch
        Told the time of both stages.
    """
    with watch.stage("report"):
        written = write_report(folder)
    sent, lost = None, None
    if settings is not None:
        with watch.stage("tracking"):
            try:
                sent = send_bundle(folder, settings, version=predictor.__version__)
                # Again, because it names the run that it was sent as.
                written = write_report(folder)
            except TrackingError as error:
                lost = error
    return HandedOver(written.path, sent, lost)
