"""The tables of docs/configuration.md, made from the models that read configurations.

``python tests/house/configuration_page.py`` rewrites them; a test tells when that is due.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from predictor.config import json_schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
BEGIN, END = "<!-- begin: made by tests/house/configuration_page.py -->\n", "<!-- end -->\n"

# Keys whose model says nothing, because their name says it to those who use such a model.
NAMES_SAY_IT = {
    "models.hist_gradient_boosting.trees": "Boosting rounds.",
    "models.hist_gradient_boosting.learning_rate": "Share of each tree that is added.",
    "models.hist_gradient_boosting.max_leaf_nodes": "Most leaves of a tree.",
    "models.hist_gradient_boosting.min_samples_leaf": "Fewest patients in a leaf.",
    "models.random_forest.trees": "Trees of the forest.",
    "models.ebm.interactions": "Pairwise interactions.",
    "models.ebm.max_bins": "Bins of a continuous predictor.",
    "validation.folds": "Folds of the comparison.",
    "validation.repeats": "Repeats of the comparison, each with other folds.",
    "validation.seed": "Decides folds, inner folds, forests, and what is drawn.",
    "tracking.enabled": "false: nothing is sent.",
}


def tables() -> str:
    """Markdown of all tables."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    schema = json_schema()
    yield from _section("", schema, schema)
    waiting: list[tuple[tuple[str, ...], dict[str, Any]]] = [((), schema)]
    seen: list[dict[str, Any]] = []
    while waiting:
        keys, part = waiting.pop(0)
        for name, field in part["properties"].items():
            inner = _part(field, schema) or _repeated(field, schema)
            if inner is not None and inner not in seen:  # a part that stands twice is told once
                seen.append(inner)
                path = (*keys, name)
                yield from _section(".".join(path), inner, schema)
                waiting.append((path, inner))


def _part(field: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The model behind a key; None for a plain value."""
    for option in (field, *field.get("anyOf", ())):
        if "$ref" in option:
            found: dict[str, Any] = schema["$defs"][option["$ref"].removeprefix("#/$defs/")]
            return found
    return None


def _repeated(field: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The model of which a key holds several, in a list or by name."""
    inner = field.get("items", field.get("additionalProperties"))
    return _part(inner, schema) if isinstance(inner, Mapping) else None


def _section(path: str, part: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{path}`" if path else "### Top level"
    yield ""
    if path:
        yield part["description"].replace("``", "`")
        yield ""
    yield "| key | what may be written | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in part["properties"].items():
        key = f"{path}.{name}" if path else name
        inner = _part(field, schema)
        if inner is not None:
            written = "a part of its own, below"
            meaning = inner["description"]
            alone = "none" if "anyOf" in field else "as below"
            default = "not compared" if path == "models" else alone
        else:
            written, default = _written(field), _default(field)
            meaning = field.get("description") or NAMES_SAY_IT[key]
        if name in part.get("required", ()):
            default = "**needed**"
        # A docstring may have several lines, a row of a table only one.
        meaning = " ".join(meaning.replace("``", "`").split())
        cells = (f"`{name}`", written, default, meaning)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    return "none" if value in (None, [], {}) else f"`{json.dumps(value)}`"


def _written(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    if "$ref" in field:
        return "a part of its own, below"
    if "anyOf" in field:
        options = [_written(option) for option in _options(field)]
        return " or ".join(dict.fromkeys(options)).replace("whole number or number", "number")
    if "prefixItems" in field:
        return "list of two numbers, `null` for none"
    several = {"array": ("items", "list:"), "object": ("additionalProperties", "mapping to")}
    if field["type"] in several:
        key, words_before = several[field["type"]]
        inner = "parts of their own, below" if "$ref" in field[key] else _written(field[key])
        return f"{words_before} {inner}"
    words = {"boolean": "`true` or `false`", "integer": "whole number", "string": "text"}
    return words.get(field["type"], field["type"]) + _limits(field)


def _options(field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a value may be, without null and without the list that one item may stand for."""
    options = [option for option in field["anyOf"] if option.get("type") != "null"]
    lists = [option["items"] for option in options if option.get("type") == "array"]
    return [option for option in options if option not in lists]


def _limits(field: Mapping[str, Any]) -> str:
    words = {
        "minimum": "at least",
        "ge": "at least",
        "exclusiveMinimum": "above",
        "gt": "above",
        "maximum": "at most",
        "le": "at most",
        "exclusiveMaximum": "below",
        "lt": "below",
    }
    return "".join(f", {word} {field[key]}" for key, word in words.items() if key in field)


def with_tables(page: str) -> str:
    """The page with its tables renewed."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{tables()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
