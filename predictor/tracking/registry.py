"""Addresses of registered models: what ``models:/remission@champion`` is, as a bundle on this disk.

The registry is asked which version an alias means; of that version the bundle alone is fetched,
and held against its digests. Nothing of what MLflow stores around it, code above all, is fetched
or run.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from predictor.errors import (
    BundleError,
    CopyWarning,
    PredictorError,
    TrackingError,
    UnreachableError,
)
from predictor.fitted.location import ADDRESS
from predictor.tracking.copies import Note, copy_of, keep, noted, take_in, versions_here
from predictor.tracking.store import check_reachable, resolve_uri, sqlite_path, strip_credentials

if TYPE_CHECKING:
    from predictor.tracking.client import MlflowClient

DIGEST_TAG = "model_digest"
"""Tag of a registered version: digest of the model's files."""

BUNDLE_PLACE = "artifacts/bundle"
"""Where the bundle lies in what MLflow stores as a model."""

_FORMS = "Write models:/NAME@ALIAS, as models:/remission@champion, or models:/NAME/VERSION."

_ADDRESS = re.compile(
    r"models:/(?P<name>[^/:@]+)(?:@(?P<alias>[^/:@]+)|/(?P<version>[1-9]\d{0,8}))"
)

_FRESH = 60.0
"""Seconds for which an answer of the registry holds, so that a loop of patients asks it once."""

_asked: dict[tuple[str, str], tuple[float, Path]] = {}


@dataclass(frozen=True, slots=True)
class Address:
    """A registered model: by alias or by version, never by both.

    Parameters
    ----------
    name
        Name in the registry.
    alias, version
        Which of its versions; the other one is None.
    """

    name: str
    alias: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        which = f"/{self.version}" if self.alias is None else f"@{self.alias}"
        return f"{ADDRESS}{self.name}{which}"


def parse_address(text: str) -> Address:
    """Read the address of a registered model.

    Raises
    ------
    TrackingError
        If it is none.

    Examples
    --------
    >>> parse_address("models:/remission@champion")
    Address(name='remission', alias='champion', version=None)
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise TrackingError(
            strip_credentials(text[:200]),
            "this is no address of a registered model with an alias or a version",
            _FORMS,
        )
    return Address(found["name"], found["alias"], found["version"])


def registry_uri() -> str:
    """Address of the registry: ``MLFLOW_REGISTRY_URI``, else that of the tracking store."""
    return os.environ.get("MLFLOW_REGISTRY_URI") or resolve_uri(None)


def fetch_model(address: str) -> Path:
    """Folder of a registered model's bundle on this machine, fetched if it is not here yet.

    Parameters
    ----------
    address
        ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``, in the registry that
        ``MLFLOW_REGISTRY_URI`` or ``MLFLOW_TRACKING_URI`` names.

    Returns
    -------
    A folder that ``load_model`` and ``predict`` take. It is a copy: write nothing into it.

    Raises
    ------
    TrackingError
        If the registry does not know the model, refuses the credentials, or does not answer. A
        version that was fetched before is then taken from its copy, with a `CopyWarning`; an
        alias is refused, because whose it is now cannot be known.
    BundleError
        If what the registry holds is no bundle or was altered, or if no copy can be written.
    """
    asked = parse_address(address)
    uri = registry_uri()
    held = _asked.get((uri, address))
    if held is not None and time.monotonic() - held[0] < _FRESH and held[1].is_dir():
        return held[1]
    try:
        check_registry(uri)
    except UnreachableError as error:
        return _without_registry(asked, uri, error)
    with registry_session(uri, str(asked)) as client:
        folder = fetch_version(client, asked, uri)
    _asked[uri, address] = time.monotonic(), folder
    return folder


@contextmanager
def registry_session(uri: str, where: str) -> Iterator[MlflowClient]:
    """Ask a registry; what goes wrong on the way is told as an error of ours.

    Parameters
    ----------
    uri
        Of the registry.
    where
        What is asked about, for messages.

    Raises
    ------
    TrackingError
        Without any credentials, whatever MLflow, SQLAlchemy or a client of a file store raised.
    """
    from predictor.tracking.client import explain, session

    try:
        with session(uri) as client:
            yield client
    except PredictorError:
        raise
    except Exception as error:  # noqa: BLE001 - each of those libraries has its own
        rule = f"the registry at {_named(uri)} failed or refused ({explain(error)})"
        raise TrackingError(where, rule, "Try again, or ask who runs the registry.") from None


def forget() -> None:
    """Forget what the registry answered, because it was changed from here."""
    _asked.clear()


def check_registry(uri: str) -> None:
    """Say whether a registry can be asked; unlike for sending, a database must be there already.

    Raises
    ------
    TrackingError
        As `check_reachable` does.
    """
    path = sqlite_path(uri)
    if path is not None and not path.exists():
        raise UnreachableError(
            strip_credentials(uri),
            "there is no such database, so that no model is registered in it",
            "Set MLFLOW_TRACKING_URI to the address of the registry.",
        )
    check_reachable(uri)


def find_version(client: MlflowClient, asked: Address) -> Any:
    """The registered version that an address means.

    Raises
    ------
    TrackingError
        Saying what the registry has instead, if there is none.
    """
    from mlflow.exceptions import MlflowException

    try:
        if asked.alias is not None:
            return client.get_model_version_by_alias(asked.name, asked.alias)
        return client.get_model_version(asked.name, asked.version)
    except MlflowException as error:
        if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            raise
    try:
        model = client.get_registered_model(asked.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise TrackingError(
            str(asked),
            "the registry has no model of this name",
            "Register one: predictor promote BUNDLE --name NAME.",
        ) from None
    listed = ", ".join(f"{alias} (version {n})" for alias, n in sorted(model.aliases.items()))
    missing = f"no version {asked.version}" if asked.alias is None else "no such alias"
    raise TrackingError(
        str(asked), f"the registered model has {missing}", f"Its aliases: {listed or 'none'}."
    )


def fetch_version(client: MlflowClient, asked: Address, uri: str) -> Path:
    """The copy of a registered model, fetched if it is not here; as :func:`fetch_model`."""
    found = find_version(client, asked)
    number, registry = str(found.version), _named(uri)
    source = client.get_model_version_download_uri(asked.name, number)
    shown = strip_credentials(source)
    note = noted(registry, asked.name, number)
    if note is not None and note.source == shown and (copy := copy_of(note)) is not None:
        return copy
    inside = f"{source.rstrip('/')}/{BUNDLE_PLACE}"
    folder, manifest = take_in(lambda place: download_bundle(inside, place, uri, str(asked)))
    said, got = found.tags.get(DIGEST_TAG), manifest["model"]["digest"]
    if said is not None and said != got:
        raise BundleError(
            str(asked),
            f"its files are not those that were registered as version {number}",
            "Ask who runs the registry, and register the model again.",
        )
    keep(Note(registry, asked.name, number, shown, str(manifest["manifest_digest"])))
    return folder


def download_bundle(source: str, place: Path, uri: str, where: str) -> Path:
    """Fetch a bundle from among the files of a store into an empty folder; where it is there.

    Raises
    ------
    BundleError
        If there is none.
    """
    from mlflow.artifacts import download_artifacts, list_artifacts

    if not list_artifacts(source, tracking_uri=uri):
        raise BundleError(
            where,
            "what the store has there is no bundle of this package",
            "Send and register one: predictor promote BUNDLE --name NAME.",
        )
    download_artifacts(source, dst_path=str(place), tracking_uri=uri)
    return place / source.rpartition("/")[2]


def _without_registry(asked: Address, uri: str, error: UnreachableError) -> Path:
    registry = _named(uri)
    if asked.version is not None:
        note = noted(registry, asked.name, asked.version)
        if note is not None and (copy := copy_of(note)) is not None:
            told = f"{error.where}: {error.rule}. The copy of {asked} on this machine is used."
            warnings.warn(told, CopyWarning, stacklevel=2)
            return copy
        rule = f"the registry does not answer ({error.rule}), and there is no copy of this version"
        raise UnreachableError(str(asked), rule, _ASK_AGAIN) from None
    here = versions_here(registry, asked.name)
    step = _ASK_AGAIN
    if here:
        listed = ", ".join(f"{ADDRESS}{asked.name}/{version}" for version in here)
        step = f"{_ASK_AGAIN} Or name a version of which there is a copy here: {listed}."
    rule = f"the registry does not answer ({error.rule}), and only it knows whose this alias is now"
    raise UnreachableError(str(asked), rule, step) from None


_ASK_AGAIN = (
    "Start the registry or correct its address (MLFLOW_REGISTRY_URI, else MLFLOW_TRACKING_URI)."
)


def _named(uri: str) -> str:
    """A registry as notes and messages name it: without credentials, and absolute."""
    path = sqlite_path(uri)
    return strip_credentials(uri) if path is None else f"sqlite:///{path.absolute()}"
