"""What the contents of a report are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from predictor.fitted.bundle import Bundle

FINDINGS = "findings.json"
"""File of a bundle: what training found beside the manifest, as tables without a patient."""


@dataclass(frozen=True, slots=True)
class Source:
    """A bundle, opened for reporting.

    Parameters
    ----------
    bundle
        Loaded and checked.
    manifest
        Content of ``manifest.json``.
    findings
        Content of ``findings.json`` by part; empty for a bundle of an older format.
    tracking
        Content of ``tracking.json``; empty where the run was not sent.
    """

    bundle: Bundle
    manifest: Mapping[str, Any]
    findings: Mapping[str, Any]
    tracking: Mapping[str, Any]
