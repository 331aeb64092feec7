"""What is inside a bundle, in a few lines, from its manifest alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LINE = "{name:<12} {text}"
_ASKED = "{label} ({name})"
_OVER = "{asked}, {horizon}"
_STATES = "{patients} patients, states from worst to best: {states}; {digest}"
_SETTING = "{label} ({setting})"
_LEAF = "smallest leaf holds {count} patients"
_SMALL_LEAF = "{leaf}, fewer than {least}: not for sharing"


def description(manifest: Mapping[str, Any], folder: str) -> dict[str, str]:
    """Return what a reader wants to know of a bundle first, by its heading.

    Parameters
    ----------
    manifest
        Of the bundle.
    folder
        Where it is.

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError
        If the manifest says too little, as that of a bundle made by other means may.
    """
    model, outcome = manifest["model"], manifest["outcome"]
    evidence = manifest["evidence"]
    setting = ", ".join(f"{name} {value:g}" for name, value in model["setting"].items())
    label = model["label"]
    asked = _ASKED.format(label=outcome["label"], name=outcome["name"])
    if outcome["horizon"].casefold() not in outcome["label"].casefold():  # else it is said
        asked = _OVER.format(asked=asked, horizon=outcome["horizon"])
    lines = {
        "Bundle": folder,
        "Name": f"{manifest['name']}, version {model['version']}, format "
        f"{manifest['format_version']}",
        "Predicts": asked,
        "For": outcome["population"],
        "Model": _SETTING.format(label=label, setting=setting) if setting else label,
        "Predictors": ", ".join(manifest["predictors"]),
        "Cohort": _cohort(manifest),
        "Evidence": f"{evidence['level']}. {evidence['statement']}",
        "Made": f"{manifest['created']}, Python {manifest['environment']['python']}",
        "Digest": model["digest"],
    }
    if model.get("smallest_leaf") is not None:
        least = manifest["privacy"]["cell_size"]
        leaf = _LEAF.format(count=model["smallest_leaf"])
        small = model["smallest_leaf"] < least
        lines["Privacy"] = _SMALL_LEAF.format(leaf=leaf, least=least) if small else leaf
    return lines


def _cohort(manifest: Mapping[str, Any]) -> str:
    cohort, states = manifest["cohort"], manifest["outcome"].get("states")
    if states:
        names = ", ".join(str(state["label"]) for state in states)
        return _STATES.format(patients=cohort["patients"], states=names, digest=cohort["digest"])
    return f"{cohort['patients']} patients, {cohort['events']} events, {cohort['digest']}"


def line(name: str, text: str) -> str:
    """One line of the description.

    >>> line("Name", "remission")
    'Name:        remission'
    """
    return _LINE.format(name=f"{name}:", text=text)


def as_text(manifest: Mapping[str, Any], folder: str) -> str:
    """The description in lines; name and place alone where the manifest says too little."""
    try:
        lines = description(manifest, folder)
    except (AttributeError, KeyError, TypeError, ValueError):
        lines = {"Bundle": folder, "Name": str(manifest.get("name", ""))}
    return "\n".join(line(name, text) for name, text in lines.items())
