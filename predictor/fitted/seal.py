"""Digests of a bundle: what they cover, how they are written, and how they are held against it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from predictor.documents import parse_json
from predictor.errors import BundleError, DocumentError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
MODEL_FILES = (
    "calibration_range.json",
    "estimator.skops",
    "model.json",
    "moments.json",
    "preparation.json",
    "replicates.npz",
)

_NEEDED = {"model.json", "preparation.json"}
_AGAIN = "Get the bundle again."
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_BLANK = b"sha256:" + b"0" * 64
_LONGEST = 256 * 1024 * 1024


def digest_of(data: bytes) -> str:
    """Digest of some bytes as the manifest writes it: ``"sha256:..."``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def model_digest(digests: Mapping[str, str]) -> str:
    """Digest of the model's files alone, from the digests of all files."""
    listed = "".join(f"{name} {digests[name]}\n" for name in MODEL_FILES if name in digests)
    return digest_of(listed.encode())


def json_bytes(data: Any) -> bytes:
    """JSON as every file of a bundle is written; numbers keep every digit."""
    return (json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def sealed(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as a file whose last entry is the digest of all its other bytes.

    The digest is taken with zeros in its own place, so that a reader needs the bytes alone and
    no second writing of the same JSON.
    """
    blank = json_bytes({**manifest, "manifest_digest": _BLANK.decode()})
    head, _, tail = blank.rpartition(_BLANK)
    return head + digest_of(blank).encode() + tail


def read_manifest(folder: Path) -> dict[str, Any]:
    """Content of ``manifest.json``, checked against its own digest and our format version.

    Raises
    ------
    BundleError
        If it is missing, damaged, altered, of a newer format or no manifest of a bundle.
    """
    path = folder / MANIFEST
    data = _content(path, "the file is missing, so this is no bundle", "Check the path.")
    try:
        manifest = parse_json(data.decode("utf-8"), str(path)).data
    except DocumentError as error:
        raise BundleError(error.where, f"the file is damaged: {error.rule}", _AGAIN) from None
    except UnicodeDecodeError:
        raise BundleError(str(path), "the file is damaged: not UTF-8 text", _AGAIN) from None
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BundleError(str(path), "this is no manifest of a bundle", "Check the path.")
    if version > FORMAT_VERSION:
        raise BundleError(
            str(path),
            f"the bundle has a newer format than the newest known here, which is {FORMAT_VERSION}",
            "Install a newer version of this package.",
        )
    given = manifest.get("manifest_digest")
    if not _is_digest(given) or digest_of(_blanked(data, given)) != given:
        raise BundleError(str(path), "the file was altered after it was written", _AGAIN)
    return dict(manifest)


def check_files(folder: Path, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """Hold every file against its digest.

    Parameters
    ----------
    folder
        The bundle.
    manifest
        What :func:`read_manifest` returned.

    Returns
    -------
    Content of the model's files, exactly as it was checked.

    Raises
    ------
    BundleError
        Naming the first file that is missing, altered, cut short or outside the folder.
    """
    path = folder / MANIFEST
    files, model = manifest.get("files"), manifest.get("model")
    if (
        not isinstance(files, dict)
        or not files.keys() >= _NEEDED
        or not all(_is_digest(digest) for digest in files.values())
        or not isinstance(model, dict)
    ):
        raise BundleError(str(path), "the manifest does not list the model's files", _AGAIN)
    if model_digest(files) != model.get("digest"):
        raise BundleError(str(path), "the model's digest does not match its files", _AGAIN)
    checked = {}
    for name, digest in files.items():
        place = folder / name
        if not _inside(place, folder):
            raise BundleError(str(place), "the file lies outside the folder of the bundle", _AGAIN)
        data = _content(place, "the file is missing", _AGAIN)
        if digest_of(data) != digest:
            raise BundleError(
                str(place), "the file was altered or cut short after it was written", _AGAIN
            )
        if name in MODEL_FILES:
            checked[name] = data
    return checked


def _content(path: Path, missing: str, next_step: str) -> bytes:
    try:
        # A device or a pipe could be endless, so nothing but a file is read.
        if not path.is_file():
            raise BundleError(str(path), missing, next_step)
        if path.stat().st_size > _LONGEST:
            raise BundleError(
                str(path), f"the file is larger than {_LONGEST // 1024**2} MB", next_step
            )
        return path.read_bytes()
    except OSError as error:
        rule = f"the file cannot be read ({error.strerror})"
        raise BundleError(str(path), rule, "Check that you may read it.") from None


def _inside(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a null character
        return False


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def _blanked(data: bytes, digest: str) -> bytes:
    head, _, tail = data.rpartition(digest.encode())
    return head + _BLANK + tail
