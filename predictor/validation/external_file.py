"""The file of a bundle that holds its external validations in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from predictor.documents import parse_json
from predictor.errors import BundleError, DocumentError
from predictor.fitted.bundle import Bundle

EXTERNAL = "external_validations.json"
"""Listed in the manifest, so that its digest is checked when the bundle is opened."""


def external_validations(bundle: Bundle) -> tuple[Mapping[str, Any], ...]:
    """All external validations of a model, oldest first.

    Parameters
    ----------
    bundle
        The model, opened.

    Raises
    ------
    BundleError
        If the file holds something else.
    """
    if EXTERNAL not in bundle.manifest["files"]:
        return ()
    path = bundle.path / EXTERNAL
    try:
        data = parse_json(path.read_text(encoding="utf-8"), str(path)).data
    except (OSError, UnicodeDecodeError, DocumentError) as error:
        rule = f"the file cannot be read ({type(error).__name__})"
        raise BundleError(str(path), rule, "Get the bundle again.") from None
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise BundleError(str(path), "the file holds no list of results", "Get the bundle again.")
    return tuple(data)
