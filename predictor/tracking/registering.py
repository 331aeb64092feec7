"""Registering a model that was sent: a version of a name, by which others find it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from predictor.tracking.aliases import PromotionError, alias_version, move_alias
from predictor.tracking.registry import DIGEST_TAG

if TYPE_CHECKING:
    from predictor.tracking.client import MlflowClient

CHAMPION = "champion"

MANIFEST_TAG = "manifest_digest"
"""Tag of a registered version: digest of the bundle's manifest, by which it is found again."""

_AWAIT_REGISTRATION = 30
"""Seconds a registry may take over a new version; MLflow's own default is five minutes."""


def register(
    client: MlflowClient,
    name: str,
    *,
    source: str,
    run_id: str | None,
    model_id: str | None,
    model_digest: str,
    manifest_digest: str,
) -> str:
    """Make a model that the store holds the next version of a name; its number.

    Parameters
    ----------
    client
        Of the store.
    name
        In the registry; made when it is new.
    source
        Where the files of the model are.
    run_id, model_id
        The run that made it, and what the store calls it.
    model_digest, manifest_digest
        Of the bundle.
    """
    from mlflow.exceptions import MlflowException

    from predictor.tracking.client import persistently

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    create = partial(
        client.create_model_version,
        name,
        source=source,
        run_id=run_id,
        model_id=model_id,
        tags={DIGEST_TAG: model_digest, MANIFEST_TAG: manifest_digest},
        await_creation_for=_AWAIT_REGISTRATION,
    )
    return str(persistently(create).version)


def crown_the_first(client: MlflowClient, name: str, version: str) -> None:
    """Make a version the champion if there is none; later ones must be better to become it."""
    if alias_version(client, name, CHAMPION) is None:
        with suppress(PromotionError):  # of several first ones, one is enough
            move_alias(client, name, CHAMPION, version, expected=None)


def version_of(client: MlflowClient, name: str, manifest_digest: str) -> str | None:
    """Newest version of a name that is a bundle of this digest; None if there is none."""
    quote = '"' if "'" in name else "'"
    found = client.search_model_versions(f"name = {quote}{name}{quote}")
    numbers = [int(v.version) for v in found if v.tags.get(MANIFEST_TAG) == manifest_digest]
    return str(max(numbers)) if numbers else None
