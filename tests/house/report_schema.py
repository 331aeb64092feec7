"""``docs/report.schema.json``, made from the classes that a report is made of.

``python tests/house/report_schema.py`` rewrites it; a test tells when that is due.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from predictor.report import document
from predictor.report.contents.standing import CODES

FILE = Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"

PLAIN: Mapping[Any, str] = {
    str: "string",
    float: "number",
    int: "integer",
    bool: "boolean",
    type(None): "null",
}


def schema() -> dict[str, Any]:
    """The schema as data."""
    classes = [
        found
        for _, found in inspect.getmembers(document, dataclasses.is_dataclass)
        if found.__module__ == document.__name__ and found is not document.Report
    ]
    report = _object(document.Report)
    version = {
        "const": document.SCHEMA_VERSION,
        "description": "Goes up when a key changes its meaning or goes away.",
    }
    found = {found.__name__: _object(found) for found in classes}
    found["Verdict"]["properties"]["code"] = {
        "enum": list(CODES),
        "description": "The first of these that holds.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "report.json of predictor",
        **report,
        "properties": {"schema_version": version, **report["properties"]},
        "required": ["schema_version", *report["required"]],
        "$defs": found,
    }


def _object(found: Any) -> dict[str, Any]:
    hints = get_type_hints(found)
    said = _descriptions(found)
    properties = {}
    for field in dataclasses.fields(found):
        properties[field.name] = _type(hints[field.name])
        if field.name in said:
            properties[field.name] = {**properties[field.name], "description": said[field.name]}
    return {
        "type": "object",
        "description": str(inspect.getdoc(found)).partition("\n")[0].replace("``", "`"),
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _type(hint: Any) -> dict[str, Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"const": inner[0]} if len(inner) == 1 else {"enum": list(inner)}
    if origin in (Union, types.UnionType):
        return _any_of(inner)
    if origin is tuple:
        return {"type": "array", "items": _type(inner[0])}
    if origin is not None and issubclass(origin, Mapping):
        values = {} if inner[1] is Any else {"additionalProperties": _type(inner[1])}
        return {"type": "object", **values}
    if dataclasses.is_dataclass(hint):
        return {"$ref": f"#/$defs/{hint.__name__}"}
    return {"type": PLAIN[hint]}


def _any_of(options: tuple[Any, ...]) -> dict[str, Any]:
    if all(option in PLAIN for option in options):
        return {"type": [PLAIN[option] for option in options]}
    return {"oneOf": [_type(option) for option in options]}


def _descriptions(found: Any) -> dict[str, str]:
    """What the docstring says of each field; a heading may name several."""
    body = str(inspect.getdoc(found)).partition("Parameters\n----------\n")[2]
    said = {}
    for names, text in re.findall(r"^(\w+(?:, \w+)*)\n((?:    .*\n?)+)", body, re.MULTILINE):
        for name in names.split(", "):
            said[name] = " ".join(text.split()).replace("``", "`")
    return said


def written() -> str:
    """The schema as it stands in the file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
