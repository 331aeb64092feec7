"""Where the bundle is that somebody means: a folder, a shipped name, an address of a registry."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from predictor import shipped
from predictor.errors import BundleError
from predictor.fitted.folder import being_replaced, finish_swap, real

ADDRESS = "models:/"
"""What begins the address of a registered model, as in ``models:/remission@champion``."""

COPIES = "PREDICTOR_CACHE"
"""Variable of the environment that names another folder for copies of registered models."""

_LOOKS = 20
_BETWEEN_LOOKS = 0.005
"""Seconds; a swap leaves no folder at the name for two renames, some microseconds."""


def locate_bundle(model: str | Path) -> Path:
    """Folder of a bundle given by path, shipped name or address in a registry.

    An interrupted swap of the folder is finished first. Of a registered model it is the copy on
    this machine, fetched if it is not here yet.

    Raises
    ------
    BundleError
        If there is none.
    TrackingError
        If the registry of an address does not answer, or does not know the model.
    """
    if is_address(model):
        # The registry's client stands five floors higher and takes seconds to import: it is
        # fetched by its public name, as every user of the package would, when it is needed.
        import predictor

        return predictor.fetch_model(str(model))
    for look in range(_LOOKS):
        place = None
        # Read-only or impossible places are told of below.
        with contextlib.suppress(OSError, ValueError, BundleError):
            place = real(Path(model))
            finish_swap(place)
        folder = shipped.find(model, "models")
        if folder is not None:
            return folder
        # A writer can rename the old folder aside just after `finish_swap` saw it, and even have
        # cleaned up behind itself by now: so look twice, and again while it is at work.
        if place is not None and being_replaced(place):
            time.sleep(_BETWEEN_LOOKS)
        elif look:
            break
    names = ", ".join(shipped.shipped_names("models")) or "none"
    raise BundleError(
        str(model)[:200],
        "no such bundle",
        f"Give the folder that `predictor train` wrote, a shipped model ({names}), or the address "
        "of a registered one (models:/NAME@ALIAS).",
    )


def is_address(model: str | Path) -> bool:
    """Whether a model is named by its address in a registry.

    >>> is_address("models:/remission@champion"), is_address("./models:/remission")
    (True, False)
    """
    return str(model).startswith(ADDRESS)


def copies_folder() -> Path:
    """Where copies of registered models lie: the user's cache folder, or what PREDICTOR_CACHE says.

    Raises
    ------
    BundleError
        If there is no home folder to keep them in.
    """
    named = os.environ.get(COPIES)
    if named:
        return Path(named).absolute()
    system = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    try:
        above = Path(system) if system else Path.home() / ".cache"
    except RuntimeError:
        raise BundleError(
            COPIES, "there is no home folder to keep copies of registered models in", "Set it."
        ) from None
    return above.absolute() / "sle-ivig-predictor"


def why_it_stays(folder: Path) -> str:
    """Why a bundle must not be written into; empty where it may be.

    Parameters
    ----------
    folder
        As :func:`locate_bundle` gives it.
    """
    place = folder.resolve()
    came = shipped.shipped_folder("models")
    if came is not None and place.is_relative_to(came.resolve()):
        return "this model came with the package and stays as it is"
    with contextlib.suppress(BundleError):
        if place.is_relative_to(copies_folder().resolve()):
            return "this is the copy of a registered model and stays as it is"
    return ""
