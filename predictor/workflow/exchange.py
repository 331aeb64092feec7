"""Files that centres and a coordinator send each other: plain JSON that holds its own digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from predictor.documents import load_json
from predictor.errors import DocumentError, PredictorError
from predictor.fitted.seal import json_bytes
from predictor.workflow.files import write_file

FORMAT_VERSION = 1

SUMMARY = "summary of a centre"
ROUND = "round of a pooled fit"
ANSWER = "answer to a round of a pooled fit"
KINDS = (SUMMARY, ROUND, ANSWER)

_LIMIT = 256 * 1024 * 1024


class ExchangeError(PredictorError):
    """A file of an exchange is damaged, of another exchange, or one too many or too few."""


def sealed(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Content with what it is, its format and its digest."""
    told = {"kind": kind, "format_version": FORMAT_VERSION, **content}
    return {**told, "digest": digest(told)}


def digest(content: Mapping[str, Any]) -> str:
    """Digest of a mapping, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write a sealed mapping, whole or not at all."""
    write_file(path, json_bytes(content))


def read_sealed(path: Path, *kinds: str) -> dict[str, Any]:
    """Read a file of an exchange, held against its own digest.

    Parameters
    ----------
    path
        The file.
    kinds
        What it may be.

    Raises
    ------
    ExchangeError
        If it is something else, of a newer format, or was changed after it was written.
    """
    where = str(path)
    try:
        data = load_json(path, limit=_LIMIT).data
    except DocumentError as error:
        raise ExchangeError(error.where, error.rule, "Get the file again.") from None
    if not isinstance(data, dict) or data.get("kind") not in KINDS:
        rule = "this is no file that `predictor summarise` or `predictor combine` wrote"
        raise ExchangeError(where, rule, "Check the path.")
    version = data.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version > FORMAT_VERSION:
        raise ExchangeError(
            where,
            f"the file has a newer format than the newest known here, which is {FORMAT_VERSION}",
            "Install a newer version of this package; all centres need the same one.",
        )
    if data["kind"] not in kinds:
        wanted = "` or `".join(kinds)
        rule = f"this is a file of the kind `{data['kind']}`, and needed is `{wanted}`"
        raise ExchangeError(where, rule, "See `predictor combine --help`.")
    given = data.pop("digest", None)
    if given != digest(data):
        rule = "the file was changed after it was written"
        raise ExchangeError(where, rule, "Ask whoever wrote it to send it again.")
    return {**data, "digest": given}
