"""Moving an alias of a registered model, by one at a time.

A registry has no operation "move the alias if it is still where I saw it". So who wants to move it
writes a claim, a tag of the registered model with a name of its own, and then looks for claims of
others: of two who do so at once, at least one sees the other, because each writes before it looks.
Who sees another claim takes the own one back and tries again after a random while. With the only
claim, the alias is looked up again: where it has moved, the promotion is refused, because it was
judged against another champion.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from predictor.errors import TrackingError

if TYPE_CHECKING:
    from predictor.tracking.client import MlflowClient

_CLAIM = "predictor.claim."

_STALE = 120.0
"""Seconds after which a claim is left over from a process that was killed."""

_PATIENCE = 30.0
"""Seconds after which who finds claims of others again and again gives up."""


class PromotionError(TrackingError):
    """Another promotion came first; nothing was changed by this one."""


def alias_version(client: MlflowClient, name: str, alias: str) -> str | None:
    """Version that has an alias; None if there is no such model or none of its versions has."""
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_registered_model(name).aliases.get(alias)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return None if found is None else str(found)


def move_alias(
    client: MlflowClient, name: str, alias: str, version: str, *, expected: str | None
) -> None:
    """Move an alias to a version, if it is still where the caller saw it.

    Parameters
    ----------
    client
        Of the registry.
    name, alias, version
        What is moved, and where to.
    expected
        Version that had the alias when the decision was made; None if none had.

    Raises
    ------
    PromotionError
        If another one has moved it meanwhile, or is about to. It stays where that one put it.
    """
    from predictor.tracking.client import persistently

    with _claimed(client, name, alias):
        found = alias_version(client, name, alias)
        if found == version:
            return
        if found != expected:
            raise _moved(name, alias, expected, found)
        persistently(lambda: client.set_registered_model_alias(name, alias, version))
        found = alias_version(client, name, alias)
        if found != version:  # moved by a program that makes no claims
            raise _moved(name, alias, version, found)


@contextmanager
def _claimed(client: MlflowClient, name: str, alias: str) -> Iterator[None]:
    from predictor.tracking.client import hurry, persistently

    key = f"{_CLAIM}{alias}.{uuid.uuid4().hex[:12]}"
    deadline = time.monotonic() + _PATIENCE
    try:
        while True:
            persistently(lambda: client.set_registered_model_tag(name, key, f"{time.time():.0f}"))
            if not _others(client, name, alias, key):
                break
            persistently(lambda: client.delete_registered_model_tag(name, key))
            if time.monotonic() > deadline:
                raise PromotionError(
                    f"{name}@{alias}",
                    "other promotions are being made, and this one did not get its turn",
                    "Look what they did, and run the command again.",
                )
            time.sleep(random.uniform(0.05, 1.0))  # noqa: S311 - so that two do not meet again
        yield
    finally:
        # Gone already, or with the server; then it is stale after a while
        with suppress(Exception), hurry():
            client.delete_registered_model_tag(name, key)


def _others(client: MlflowClient, name: str, alias: str, own: str) -> bool:
    """Whether somebody else claims the alias; claims of killed processes are cleared away."""
    tags = client.get_registered_model(name).tags
    claims = {k: v for k, v in tags.items() if k.startswith(f"{_CLAIM}{alias}.") and k != own}
    alive = False
    for key, made in claims.items():
        if not made.isdecimal() or time.time() - float(made) > _STALE:
            with suppress(Exception):
                client.delete_registered_model_tag(name, key)
        else:
            alive = True
    return alive


def _moved(name: str, alias: str, expected: str | None, found: str | None) -> PromotionError:
    before = "no version had it" if expected is None else f"version {expected} had it"
    now = "none has" if found is None else f"version {found} has"
    return PromotionError(
        f"{name}@{alias}",
        f"another promotion came first: {before} when this one was judged, and now {now}",
        "Run the command again to be judged against that one.",
    )
