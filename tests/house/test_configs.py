"""Every shipped configuration loads, builds its models and fits its schema; so does its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_lines import blocks
from configuration_page import NAMES_SAY_IT, PAGE, tables, with_tables
from sklearn.base import clone

from predictor.clinical.dictionary import load_dictionary
from predictor.config import Config, json_schema
from predictor.documents import load_yaml
from predictor.learning.candidates import SIMPLICITY, candidates
from predictor.study import load_study, study_from
from predictor.workflow.init import init

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
STUDIES = sorted(CONFIGS.glob("*.yaml"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_loads_and_builds_its_models(path: Path) -> None:
    study = load_study(path)
    found = candidates(study.config)
    assert {c.name for c in found} >= {"prevalence", "one_predictor"}
    assert [c.rank for c in found] == sorted(c.rank for c in found)
    for candidate in found:
        assert candidate.name in SIMPLICITY
        for setting in candidate.grid:
            clone(candidate.build(setting, seed=1))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_names_no_place_and_no_store(path: Path) -> None:
    config = load_study(path).config
    assert config.cohort.file is None or "/" not in config.cohort.file
    assert config.output == f"runs/{config.name}"
    assert config.tracking.uri is None
    assert config.tracking.register_as is None
    assert config.validation.bootstrap >= 1000
    assert config.validation.permutations >= 200


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_is_found_by_its_bare_name(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_study(path.stem).config == load_study(path).config


@pytest.mark.parametrize(
    "path", sorted((CONFIGS / "dictionaries").glob("*.yaml")), ids=lambda path: path.stem
)
def test_a_shipped_dictionary_loads(path: Path) -> None:
    assert load_dictionary(path).variables


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_schema_for_editors_accepts_a_shipped_study(path: Path) -> None:
    schema = json_schema()
    assert list(complaints(schema, load_yaml(path).data, schema)) == []


def test_the_starter_configuration_loads_and_fits_the_schema(tmp_path: Path) -> None:
    written, _ = init(tmp_path / "study.yaml", schema=True)
    assert load_study(written).config.name == "my-study"
    schema = json_schema()
    assert list(complaints(schema, load_yaml(written).data, schema)) == []


def test_the_schema_refuses_what_the_models_refuse(tmp_path: Path) -> None:
    schema = json_schema()
    data = load_yaml(STUDIES[0]).data
    assert list(complaints(schema, data | {"predictorz": []}, schema))
    assert list(complaints(schema, data | {"name": 3}, schema))
    assert list(complaints(schema, data | {"validation": {"folds": 1}}, schema))
    assert list(complaints(schema, {k: v for k, v in data.items() if k != "baseline"}, schema))


def test_no_part_of_the_schema_lets_an_unknown_key_pass() -> None:
    schema = json_schema()
    for name, part in schema["$defs"].items():
        if part.get("type") == "object":
            assert part["additionalProperties"] is False, name
    assert schema["additionalProperties"] is False


TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": int | float,
    "null": type(None),
}


def complaints(  # noqa: C901 - one branch per keyword
    part: dict[str, Any], value: Any, schema: dict[str, Any], at: str = ""
) -> Iterator[str]:
    """What the few keywords of JSON Schema that our schema uses say against a value."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in part:
        found = [list(complaints(option, value, schema, at)) for option in part["anyOf"]]
        yield from [] if [] in found else found[0]
    elif "enum" in part:
        if value not in part["enum"]:
            yield f"{at}: not one of {part['enum']}"
    elif not isinstance(value, TYPES[part["type"]]) or (
        isinstance(value, bool) and part["type"] != "boolean"
    ):
        yield f"{at}: not of type {part['type']}"
    elif part["type"] == "array":
        for i, item in enumerate(value):
            known = part["prefixItems"][i] if "prefixItems" in part else part["items"]
            yield from complaints(known, item, schema, f"{at}[{i}]")
    elif part["type"] == "object":
        yield from (f"{at}: {key} is needed" for key in set(part.get("required", ())) - set(value))
        for key, inner in value.items():
            known = part.get("properties", {}).get(key) or part.get("additionalProperties")
            if known:
                yield from complaints(known, inner, schema, f"{at}.{key}")
            else:
                yield f"{at}: {key} is unknown"
    elif part["type"] in ("integer", "number") and not (
        part.get("minimum", value) <= value <= part.get("maximum", value)
    ):
        yield f"{at}: outside its limits"


def test_the_page_of_the_configuration_says_what_the_models_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "run: python tests/house/configuration_page.py"
    for name in Config.model_fields:
        assert f"| `{name}` |" in page


def test_the_page_explains_no_key_twice() -> None:
    rows = [line for line in tables().splitlines() if line.startswith("| `")]
    for key, meaning in NAMES_SAY_IT.items():
        assert any(f"| `{key.rsplit('.')[-1]}` |" in row and meaning in row for row in rows), key


def test_the_example_of_the_page_is_a_configuration(tmp_path: Path) -> None:
    (example,) = blocks(PAGE.read_text(encoding="utf-8"), "yaml")
    path = tmp_path / "study.yaml"
    path.write_text(example, encoding="utf-8")
    assert study_from(load_yaml(path), tmp_path).config.name == "my-study"
