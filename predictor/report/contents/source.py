"""What the contents of a report are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor.documents import parse_json
from predictor.errors import BundleError, DocumentError
from predictor.fitted.bundle import TRACKING, Bundle, open_bundle
from predictor.validation.external_file import external_validations
from predictor.validation.reported import with_reported

FINDINGS = "findings.json"
"""File of a bundle: what training found beside the manifest, as tables without a patient."""

_CELL_SIZE = 5


@dataclass(frozen=True, slots=True)
class Source:
    """A bundle, opened for reporting.

    Parameters
    ----------
    bundle
        Loaded and checked.
    manifest
        Content of ``manifest.json``, each corrected figure by the correction that is reported.
    findings
        Content of ``findings.json`` by part; empty for a bundle of an older format.
    tracking
        Content of ``tracking.json``; empty where the run was not sent.
    external
        External validations in full, oldest first; none in most bundles.
    """

    bundle: Bundle
    manifest: Mapping[str, Any]
    findings: Mapping[str, Any]
    tracking: Mapping[str, Any]
    external: tuple[Mapping[str, Any], ...] = ()


def open_source(model: str | Path) -> Source:
    """Open a bundle for reporting.

    Parameters
    ----------
    model
        Path of a bundle, or the bare name of a shipped one.

    Returns
    -------
    Source
        Without findings where the bundle has none, and without tracking where it was not sent.

    Raises
    ------
    BundleError
        If the bundle cannot be loaded, or one of its two files is no JSON object.
    """
    bundle = open_bundle(model)
    # The digest of the findings was held against the manifest with all others.
    listed = FINDINGS in bundle.manifest["files"]
    return Source(
        bundle,
        with_reported(bundle.manifest),
        _read(bundle.path / FINDINGS) if listed else {},
        _read(bundle.path / TRACKING),
        external_validations(bundle),
    )


def cell_size_of(manifest: Mapping[str, Any]) -> int:
    """Smallest count of patients that is shown; 5 in a bundle that does not say."""
    return int(manifest.get("privacy", {}).get("cell_size", _CELL_SIZE))


def _read(path: Path) -> Mapping[str, Any]:
    """Content of a file that need not be there; empty if it is not."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        rule = f"the file cannot be read ({type(error).__name__})"
        raise BundleError(str(path), rule, "Get the bundle again.") from None
    try:
        data = parse_json(text, str(path)).data
    except DocumentError as error:
        raise BundleError(
            error.where, f"the file is damaged: {error.rule}", "Get the bundle again."
        ) from None
    if not isinstance(data, dict):
        raise BundleError(str(path), "the file holds no JSON object", "Get the bundle again.")
    return data
