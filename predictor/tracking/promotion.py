"""What a promotion asks of the registry: who challenges, who is the champion, and the move."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.errors import TrackingError
from predictor.fitted.bundle import read_manifest
from predictor.fitted.location import is_address, locate_bundle
from predictor.tracking.aliases import alias_version, move_alias
from predictor.tracking.copies import take_in
from predictor.tracking.registering import register, version_of
from predictor.tracking.registry import (
    Address,
    download_bundle,
    fetch_version,
    find_version,
    forget,
    parse_address,
    registry_session,
)
from predictor.tracking.sent import read_tracking

if TYPE_CHECKING:
    from predictor.tracking.client import MlflowClient

_RUN = re.compile(r"[0-9a-f]{32}")

_RUN_BUNDLE = "bundle"
"""Where the bundle lies among the files of a run."""


@dataclass(frozen=True, slots=True)
class Challenger:
    """A model that is to be promoted.

    Parameters
    ----------
    folder
        Its bundle; a copy where it came from the store.
    version
        Of the registered model; None if it is not registered yet.
    run_id
        Its run in the store; None if it was not sent, or is registered.
    """

    folder: Path
    version: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the registry says before a promotion.

    Parameters
    ----------
    champion
        Version that has the alias; None if none has.
    folder
        Copy of the champion's bundle; None if there is none, or it is none of ours.
    challenger
        Version that the challenger is already; None if it is not registered.
    """

    champion: str | None
    folder: Path | None
    challenger: str | None


def find_challenger(named: str | Path, name: str, uri: str) -> Challenger:
    """The model that a command names.

    Parameters
    ----------
    named
        A bundle folder or shipped name, the id of a run, or ``models:/NAME/VERSION``.
    name
        Name in the registry that it challenges.
    uri
        Of the store.

    Raises
    ------
    BundleError
        If there is no such bundle.
    TrackingError
        If the store has no such run or version, or the bundle was sent to another store.
    """
    if is_address(named):
        asked = parse_address(str(named))
        if asked.name != name:
            raise TrackingError(
                str(asked),
                f"a version of another name cannot become the champion of {name!r}",
                "Give the bundle or its run, to register it under this name.",
            )
        with registry_session(uri, str(asked)) as client:
            version = str(find_version(client, asked).version)
            return Challenger(fetch_version(client, Address(name, version=version), uri), version)
    if _RUN.fullmatch(str(named)) and not Path(named).exists():
        place = f"runs:/{named}/{_RUN_BUNDLE}"
        with registry_session(uri, f"run {named}") as client:
            client.get_run(str(named))  # says that there is none better than a listing does
            folder, _ = take_in(lambda into: download_bundle(place, into, uri, f"run {named}"))
        return Challenger(folder, run_id=str(named))
    folder = locate_bundle(named)
    sent = read_tracking(folder)
    if sent is None:
        return Challenger(folder)
    from predictor.tracking.client import absolute
    from predictor.tracking.store import strip_credentials

    if sent.tracking_uri != strip_credentials(absolute(uri)):
        raise TrackingError(
            str(folder),
            f"its run was sent to another store, {sent.tracking_uri}",
            "Promote it there: --uri, or MLFLOW_TRACKING_URI.",
        )
    return Challenger(folder, run_id=sent.run_id)


def look_up(uri: str, name: str, alias: str, challenger: Challenger) -> Standing:
    """What the registry says of the champion and of the challenger.

    Raises
    ------
    TrackingError
        If the registry fails.
    """
    digest = str(read_manifest(challenger.folder)["manifest_digest"])
    with registry_session(uri, f"{name}@{alias}") as client:
        champion = alias_version(client, name, alias)
        folder = None
        if champion is not None:
            folder = fetch_version(client, Address(name, version=champion), uri)
        known = challenger.version or version_of(client, name, digest)
        return Standing(champion, folder, known)


def register_run(uri: str, name: str, challenger: Challenger, run_id: str) -> str:
    """Make the model of a run the next version of a name; its number.

    Raises
    ------
    TrackingError
        If the run has no model, or the registry fails.
    """
    manifest = read_manifest(challenger.folder)
    with registry_session(uri, f"run {run_id}") as client:
        model_id, place = _model_of(client, run_id)
        remote = uri.startswith(("http://", "https://"))
        return register(
            client,
            name,
            source=f"models:/{model_id}" if remote else place,
            run_id=run_id,
            model_id=model_id,
            model_digest=str(manifest["model"]["digest"]),
            manifest_digest=str(manifest["manifest_digest"]),
        )


def write_down(uri: str, name: str, version: str, tags: Mapping[str, str]) -> None:
    """Write tags of a registered version; see TrackingError."""
    with registry_session(uri, f"{name}, version {version}") as client:
        for key, value in tags.items():
            client.set_model_version_tag(name, version, key, value)


def move(uri: str, name: str, alias: str, version: str, *, expected: str | None) -> None:
    """Move an alias, if it is still where it was; see :func:`move_alias`."""
    try:
        with registry_session(uri, f"{name}@{alias}") as client:
            move_alias(client, name, alias, version, expected=expected)
    finally:
        forget()


def _model_of(client: MlflowClient, run_id: str) -> tuple[str, str]:
    outputs = client.get_run(run_id).outputs
    models = outputs.model_outputs if outputs is not None else []
    if not models:
        raise TrackingError(
            f"run {run_id}",
            "it has no model, perhaps because its sending was interrupted",
            "Send the bundle again with `predictor track`, and give the bundle.",
        )
    model_id = str(models[-1].model_id)
    return model_id, str(client.get_logged_model(model_id).artifact_location)
