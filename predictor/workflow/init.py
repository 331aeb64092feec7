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
        Where to; nothing is overwritten.
    schema
        Also write the JSON Schema beside it, and point the configuration to it, so that editors
        complete and check keys.

    Returns
    -------
    The files written.

    Raises
    ------
    PredictorError
        If a file is there already or cannot be written.
    """
    text = _TEMPLATE.read_text(encoding="utf-8")
    files = {path: text}
    if schema:
        files[path] = f"# yaml-language-server: $schema=./{SCHEMA}\n{text}"
        files[path.with_name(SCHEMA)] = json.dumps(json_schema(), indent=1) + "\n"
    for target in files:
        if target.exists() and target.name != SCHEMA:
            raise PredictorError(
                str(target), "the file is there already and stays", "Choose another name."
            )
    for target, content in files.items():
        try:
            target.write_text(content, encoding="utf-8")
        except OSError as error:
            raise PredictorError(
                str(target), f"cannot be written ({error.strerror})", "Choose another place."
            ) from None
    return tuple(files)
