"""What a manifest promises of every answer: held against its own rules when a bundle is opened."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from predictor.clinical.variable import Range, Variable


def promises(manifest: Mapping[str, Any], known: Mapping[str, Variable]) -> tuple[str, float]:
    """Hold a manifest against what an answer is made of.

    Parameters
    ----------
    manifest
        Of a bundle.
    known
        Its dictionary.

    Returns
    -------
    kind
        ``linear``, ``estimator``, ``states`` or ``hazards``.
    most_missing
        Largest share of predictors that may be missing, 0 to 1.

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError
        If something is not there, or not what it should be.
    """
    model, outcome, evidence = manifest["model"], manifest["outcome"], manifest["evidence"]
    texts = [manifest["name"], model["version"], evidence["level"], evidence["statement"]]
    texts += [outcome[key] for key in ("name", "label", "horizon", "population")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("text was expected")
    if any(name != variable.name for name, variable in known.items()):
        raise ValueError("an entry of the dictionary has another name")
    predictors = manifest["predictors"]
    if not isinstance(predictors, list) or len(set(predictors)) != len(predictors):
        raise ValueError("predictors are named twice")
    most_missing = float(manifest["prediction"]["most_missing"])
    if not 0 <= most_missing <= 1:
        raise ValueError("most_missing is a share")
    if model["kind"] not in ("linear", "estimator", "states", "hazards"):
        raise ValueError("an unknown kind of model")
    return model["kind"], most_missing


def population_limits(
    manifest: Mapping[str, Any], known: Mapping[str, Variable]
) -> Mapping[str, Range]:
    """Limits of the population by variable; a bundle of an earlier version has none.

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError
        As `promises`.
    """
    limits = {}
    for name, (low, high) in manifest["outcome"].get("limits", {}).items():
        if known[name].kind != "continuous":
            raise ValueError("only a number can have limits")
        sides = [None if side is None else float(side) for side in (low, high)]
        if any(side is not None and not isfinite(side) for side in sides):
            raise ValueError("a limit is a number")
        limits[name] = Range(*sides)
    return limits
