"""What a bundle knows of its own run: ``tracking.json``, outside all digests."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from predictor.errors import TrackingError
from predictor.fitted.bundle import TRACKING
from predictor.tracking.store import strip_credentials

_BEGUN = f".{TRACKING}.new"
"""While a run is being sent: store and run, so that one that was lost at the end is recognised."""


@dataclass(frozen=True, slots=True)
class SentRun:
    """Where a run went; also the content of ``tracking.json``.

    Parameters
    ----------
    tracking_uri
        Address of the store, without credentials.
    experiment, run_id
        The training's run.
    model_uri
        What ``mlflow.pyfunc.load_model`` takes.
    registered_model, registered_version
        Name and version in the registry, None if it was not registered.
    """

    tracking_uri: str
    experiment: str
    run_id: str
    model_uri: str
    registered_model: str | None = None
    registered_version: str | None = None


def read_tracking(bundle: Path) -> SentRun | None:
    """Where a bundle was sent, or None if it was not."""
    try:
        return SentRun(**json.loads((bundle / TRACKING).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError):
        raise TrackingError(
            str(bundle / TRACKING), "the file cannot be read", "Delete it to send the bundle again."
        ) from None


def refuse_second_sending(bundle: Path, uri: str) -> None:
    """Raise a TrackingError if a bundle was sent already."""
    sent = read_tracking(bundle)
    if sent is not None:
        raise TrackingError(
            str(bundle),
            f"this run was sent to {sent.tracking_uri} as {sent.run_id}",
            f"Delete {bundle / TRACKING} to send it again to {strip_credentials(uri)}.",
        )


def write_tracking(bundle: Path, sent: SentRun) -> None:
    """Write down where a bundle was sent; see TrackingError."""
    new = bundle / _BEGUN
    try:
        new.write_text(json.dumps(asdict(sent), indent=1) + "\n", encoding="utf-8")
        new.replace(bundle / TRACKING)
    except OSError as error:
        raise TrackingError(
            str(bundle / TRACKING),
            f"the run was sent as {sent.run_id}, but this cannot be noted ({error.strerror})",
            "It need not be sent again.",
        ) from None


def note_begun(bundle: Path, sent: SentRun) -> None:
    """Write down that a run has all it needs and is only to be closed."""
    # Where nothing can be written, that is said at the end; nothing else depends on this
    with contextlib.suppress(OSError):
        (bundle / _BEGUN).write_text(json.dumps(asdict(sent), indent=1) + "\n", encoding="utf-8")


def begun(bundle: Path, uri: str) -> SentRun | None:
    """The run that an earlier sending to this store was just closing; None if there is none."""
    try:
        found = SentRun(**json.loads((bundle / _BEGUN).read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return None
    return found if found.tracking_uri == strip_credentials(uri) else None
