"""What a bundle of several states holds beside what every bundle holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from predictor.errors import BundleError
from predictor.fitted.replicates import FILE as REPLICATES
from predictor.fitted.state_model import StateModel
from predictor.fitted.state_replicates import StateReplicates

KIND = "states"
"""Kind of the model in the manifest."""


@dataclass(frozen=True, slots=True)
class StatePart:
    """A model of several states with its words.

    Parameters
    ----------
    model
        The model itself.
    names, labels
        Of the states, worst first.
    replicates
        For intervals; None where there are none.
    """

    model: StateModel
    names: tuple[str, ...]
    labels: tuple[str, ...]
    replicates: StateReplicates | None


def state_part(
    manifest: Mapping[str, Any],
    described: object,
    content: Mapping[str, bytes],
    sizes: tuple[int, int],
    folder: str,
) -> StatePart:
    """Read and check the states of a bundle.

    Parameters
    ----------
    manifest
        Of the bundle.
    described
        Content of ``model.json``.
    content
        The model's files.
    sizes
        Variables and design columns of the preparation.
    folder
        For messages.

    Raises
    ------
    BundleError
        If something is missing or does not fit the rest.
    """
    model = StateModel.from_dict(described, folder)
    variables, columns = sizes
    told = manifest["outcome"].get("states")
    sound = isinstance(told, list) and all(
        isinstance(entry, dict)
        and isinstance(entry.get("state"), str)
        and isinstance(entry.get("label"), str)
        for entry in told
    )
    if not sound or len(told) != model.states or len({e["state"] for e in told}) != len(told):
        raise BundleError(
            folder, "the manifest and the model do not name the same states", "Get it again."
        )
    if model.coefficients.shape[1] != columns:
        raise BundleError(folder, "the model and its preparation do not fit together")
    replicates = None
    if REPLICATES in content:
        sums = len(model.coefficients)
        replicates = StateReplicates.from_bytes(
            content[REPLICATES], variables, sums, model.states, folder
        )
    names, labels = (tuple(entry[key] for entry in told) for key in ("state", "label"))
    return StatePart(model, names, labels, replicates)
