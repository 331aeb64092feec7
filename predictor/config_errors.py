"""What pydantic found wrong with a file, in words: where, which rule, what next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from predictor.clinical.names import nearest
from predictor.config import Config
from predictor.documents import Document, Key
from predictor.errors import Reason

_EXPECTED = {
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "finite_number": "expected a finite number",
    "tuple_type": "expected a list",
    "dict_type": "expected keys with values beneath it",
    "mapping_type": "expected keys with values beneath it",
    "model_type": "expected keys with values beneath it",
    "too_short": "expected at least one entry",
    "string_too_short": "expected text that is not empty",
    "string_pattern_mismatch": (
        "expected a letter or digit, then letters, digits, dots, hyphens or underscores"
    ),
}
_YAML_WORD = ' An unquoted {word} means true or false in YAML; write "{word}" if the word is meant.'


def explained(
    found: Sequence[Mapping[str, Any]], document: Document, root: type[BaseModel] = Config
) -> list[Reason]:
    """Pydantic's findings in words, one for each place of the file.

    Parameters
    ----------
    found
        What ``ValidationError.errors()`` gives.
    document
        The file.
    root
        What the file as a whole was read as.
    """
    places: dict[tuple[Key, ...], list[Mapping[str, Any]]] = {}
    for problem in found:
        places.setdefault(_keys_of(document.data, problem["loc"]), []).append(problem)
    reasons = []
    for keys, problems in places.items():
        missing = [str(p["loc"][-1]) for p in problems if p["type"] == "missing"]
        for name in missing:
            message = f"the key {name!r} is needed here."
            reasons.append(Reason("missing", document.place(*keys), message))
        others = [p for p in problems if p["type"] != "missing"]
        if others:
            message = _message(keys, others, document, root)
            reasons.append(Reason(others[0]["type"], document.place(*keys), message))
    return reasons


def _message(
    keys: tuple[Key, ...],
    problems: Sequence[Mapping[str, Any]],
    document: Document,
    root: type[BaseModel],
) -> str:
    first = problems[0]
    if first["type"] == "extra_forbidden":
        return _unknown_key(keys, root)
    # Several findings at one place are the alternatives of one rule: a number or text.
    sentences = dict.fromkeys(
        _EXPECTED.get(p["type"])
        or re.sub(r"^(Input|Value|String|Tuple) should", "expected to", str(p["msg"]))
        for p in problems
    )
    message = " or ".join(sentences).replace(" or expected", " or").removeprefix("Value error, ")
    message = message.replace("expected to be ", "expected ").rstrip(".") + "."
    if first["type"] == "literal_error" and isinstance(first["input"], str):
        guess = nearest(first["input"], re.findall(r"'([^']+)'", message))
        message += f" Did you mean {guess}?" if guess else ""
    if keys in document.words:
        message += _YAML_WORD.format(word=document.words[keys])
    elif first["type"] == "string_type" and type(first["input"]) in (int, float):
        message += " Write the number in quotes."
    return message


def _unknown_key(keys: tuple[Key, ...], root: type[BaseModel]) -> str:
    name, fields = str(keys[-1]), _fields_at(keys[:-1], root)
    homes = [key for key in root.model_fields if name in _fields_at((key,), root)]
    if guess := nearest(name, fields):
        advice = f"did you mean {guess}?"
    elif homes:
        advice = f"it belongs under {' or '.join(homes)}."
    else:
        advice = f"valid here: {', '.join(sorted(fields))}."
    return f"unknown key {name[:80]!r}; {advice}"


def _keys_of(data: Any, location: Sequence[Key]) -> tuple[Key, ...]:
    """Keys of the file in one of pydantic's locations, which also names types and missing keys."""
    keys: list[Key] = []
    for step in location:
        there = isinstance(data, Mapping) and step in data
        listed = isinstance(data, list | tuple) and isinstance(step, int) and step < len(data)
        if there or listed:
            data = data[step]
            keys.append(step)
    return tuple(keys)


def _fields_at(keys: tuple[Key, ...], root: type[BaseModel]) -> list[str]:
    """Valid keys at a place of the file."""
    part = root
    for key in keys:
        annotation = part.model_fields[str(key)].annotation if key in part.model_fields else None
        options = (
            get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
        )
        inner = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        if not inner:
            return []
        part = inner[0]
    return list(part.model_fields)
