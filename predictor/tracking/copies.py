"""Copies of registered models on this machine: bundles by digest, and which version was which.

A version of a registered model never changes, so that a copy stays good; whose alias a version is
can change at any moment, so that this is never kept.

The folder holds ``models/DIGEST``, a bundle by the digest of its manifest, and
``versions/REGISTRY/VERSION.json``, the notes by which a version finds its bundle.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from predictor.errors import BundleError
from predictor.fitted.location import COPIES, copies_folder
from predictor.fitted.seal import check_files, read_manifest


@dataclass(frozen=True, slots=True)
class Note:
    """Which bundle a registered version is.

    Parameters
    ----------
    registry
        Address of the registry, without credentials.
    name, version
        The registered model.
    source
        Where the registry has its files; another one means another model.
    manifest_digest
        Digest of the bundle, by which its copy is found.
    """

    registry: str
    name: str
    version: str
    source: str
    manifest_digest: str


def noted(registry: str, name: str, version: str) -> Note | None:
    """What is known here of a registered version; None where nothing is, or it is damaged."""
    try:
        found = json.loads(_note(registry, name, version).read_text(encoding="utf-8"))
        note = Note(**found)
    except (OSError, TypeError, ValueError):
        return None
    return note if (note.registry, note.name, note.version) == (registry, name, version) else None


def versions_here(registry: str, name: str) -> tuple[str, ...]:
    """Versions of a registered model of which there is a copy, oldest first."""
    found = [path.stem for path in _note(registry, name, "0").parent.glob("*.json")]
    known = [version for version in found if (n := noted(registry, name, version)) and copy_of(n)]
    return tuple(sorted(known, key=int))


def copy_of(note: Note) -> Path | None:
    """The bundle of a note, held against its digests; None if it is not here or not as it was."""
    folder = _place(note.manifest_digest)
    try:
        manifest = checked(folder)
    except BundleError:
        return None
    return folder if manifest["manifest_digest"] == note.manifest_digest else None


def checked(folder: Path) -> dict[str, Any]:
    """Manifest of a bundle of which every file was held against its digest; see BundleError."""
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    return manifest


def keep(note: Note) -> None:
    """Write down which bundle a version is.

    Raises
    ------
    BundleError
        If it cannot be written.
    """
    path = _note(note.registry, note.name, note.version)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as stream:
            json.dump(asdict(note), stream, indent=1)
        os.replace(stream.name, path)
    except OSError as error:
        raise _unwritable(error) from None


def take_in(fetch: Callable[[Path], Path]) -> tuple[Path, dict[str, Any]]:
    """Fetch a bundle and put it among the copies; a half-fetched one is never seen there.

    Parameters
    ----------
    fetch
        Fills an empty folder, and says where in it the bundle is.

    Returns
    -------
    Folder of the copy, and its manifest.

    Raises
    ------
    BundleError
        If what was fetched is no bundle or is altered, or if no copy can be written.
    """
    above = copies_folder() / "models"
    try:
        above.mkdir(parents=True, exist_ok=True)
        fetching = Path(tempfile.mkdtemp(prefix=".fetching-", dir=above))
    except OSError as error:
        raise _unwritable(error) from None
    try:
        bundle = fetch(fetching)
        manifest = checked(bundle)
        place = _place(manifest["manifest_digest"])
        try:
            _put(bundle, place)
        except OSError as error:
            raise _unwritable(error) from None
    finally:
        shutil.rmtree(fetching, ignore_errors=True)
    return place, manifest


def _put(bundle: Path, place: Path) -> None:
    """Rename a whole bundle to its place, where another process may have put the same one."""
    with suppress(BundleError):
        if checked(place):
            return
    # What lies there is damaged: it goes aside first, since a folder is not replaced by another
    if place.exists():
        place.rename(Path(tempfile.mkdtemp(dir=bundle.parent)) / "damaged")
    try:
        bundle.rename(place)
    except OSError:
        if not place.exists():
            raise


def _place(manifest_digest: str) -> Path:
    return copies_folder() / "models" / manifest_digest.removeprefix("sha256:")


def _note(registry: str, name: str, version: str) -> Path:
    folder = hashlib.sha256(f"{registry}\n{name}".encode()).hexdigest()[:20]
    return copies_folder() / "versions" / folder / f"{version}.json"


def _unwritable(error: OSError) -> BundleError:
    where = str(copies_folder())
    rule = f"no copy of the model can be kept there ({error.strerror})"
    return BundleError(where, rule, f"Make room, or name another folder in {COPIES}.")
