"""A new version of a bundle: the same model, and more known of it.

Not one file of the model changes, so its digest does not; the manifest does, and with it the
version, so that an answer can tell from which state of knowledge it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from predictor.errors import BundleError
from predictor.fitted.bundle import (
    MODEL_CARD,
    REPORT,
    REPORT_JSON,
    TRACKING,
    Bundle,
    check_destination,
    replace_bundle,
)
from predictor.fitted.seal import MANIFEST, digest_of, read_manifest, sealed

_WRITTEN_AGAIN = {REPORT, REPORT_JSON, MODEL_CARD, TRACKING}


def next_version(version: str) -> str:
    """The version after one: its last whole number is counted up.

    >>> next_version("1"), next_version("2.9"), next_version("beta")
    ('2', '2.10', 'beta.1')
    """
    head, dot, last = version.rpartition(".")
    if last.isdecimal():
        return f"{head}{dot}{int(last) + 1}"
    return f"{version}.1"


def revise_bundle(
    bundle: Bundle,
    folder: Path,
    changes: Mapping[str, Any],
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Write a bundle again with another manifest and further files, atomically.

    Parameters
    ----------
    bundle
        The old one.
    folder
        Where to; the bundle's own place replaces it as a whole.
    changes
        Entries of the manifest that are other than before. The version goes up by itself.
    files
        Further files by relative path, or others instead of those there.

    Raises
    ------
    BundleError
        If the bundle has changed since it was loaded, or the place cannot be written.
    """
    check_destination(folder)
    now = read_manifest(bundle.path)
    if now != bundle.manifest:
        rule = "it was replaced while it was being worked on"
        raise BundleError(str(bundle.path), rule, "Run the command again.")
    content = {}
    for name in now["files"]:
        content[name] = (bundle.path / name).read_bytes()
        if digest_of(content[name]) != now["files"][name]:
            rule = "the file was altered after it was written"
            raise BundleError(str(bundle.path / name), rule, "Get the bundle again.")
    content |= files or {}
    model = {**now["model"], "version": next_version(str(now["model"]["version"]))}
    kept = {key: entry for key, entry in now.items() if key != "manifest_digest"}
    digests = {name: digest_of(data) for name, data in sorted(content.items())}
    content[MANIFEST] = sealed({**kept, "model": model, **changes, "files": digests})
    for name in _WRITTEN_AGAIN - set(content):  # outside all digests; a report is made anew
        if (bundle.path / name).is_file():
            content[name] = (bundle.path / name).read_bytes()

    replace_bundle(folder, content)
