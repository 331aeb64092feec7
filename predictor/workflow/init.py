"""``predictor init``: a commented configuration to start from, and its schema for editors."""

from __future__ import annotations

import json
from pathlib import Path

from predictor.config import json_schema
from predictor.errors import PredictorError

SCHEMA = "predictor.schema.json"
_TEMPLATE = Path(__file__).with_name("starter.yaml")


def init(path: Path, *, schema: bool = False) -> tuple[Path, ...]:
    """Write a starter configuration.

    Parameters
    ----------
    path
        Where to; a file that is there stays.
    schema
        Also write the JSON Schema beside it, and point the configuration to it, so that editors
        complete and check keys. The schema belongs to the package's version and is renewed.

    Returns
    -------
    The files written.

    Raises
    ------
    PredictorError
        If a file is there already or cannot be written.
    """
    text = _TEMPLATE.read_text(encoding="utf-8")
    if schema:
        if path.name == SCHEMA:
            raise PredictorError(str(path), "this is the name of the schema", "Choose another.")
        text = f"# yaml-language-server: $schema=./{SCHEMA}\n{text}"
    # "x" fails on what is there already, without a moment between looking and writing.
    _write(path, text, "x")
    if not schema:
        return (path,)
    beside = path.with_name(SCHEMA)
    try:
        _write(beside, json.dumps(json_schema(), indent=1) + "\n", "w")
    except PredictorError:
        path.unlink()
        raise
    return path, beside


def _write(path: Path, content: str, mode: str) -> None:
    try:
        with path.open(mode, encoding="utf-8") as stream:
            stream.write(content)
    except FileExistsError:
        raise PredictorError(
            str(path), "the file is there already and stays", "Choose another name."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or "not a valid path"
        raise PredictorError(
            str(path), f"cannot be written ({reason})", "Choose another place."
        ) from None
