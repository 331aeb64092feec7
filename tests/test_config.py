"""The configuration: defaults, limits, frozen parts, and the schema that editors use."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from predictor.config import Config, json_schema
from predictor.config_time import KINDS


def smallest(**more: Any) -> dict[str, Any]:
    """A configuration with only what it must say."""
    return {
        "name": "s",
        "question": {"outcome": "o", "event": 1, "horizon": "6 months", "population": "adults"},
        "cohort": {},
        "predictors": ["c3", "c4"],
        "baseline": "c3",
        "models": {"ridge": {}},
        **more,
    }


def test_every_default_is_the_documented_one() -> None:
    config = Config.model_validate(smallest())
    assert config.model_dump(exclude={"name", "question", "predictors", "baseline", "models"}) == {
        "cohort": {
            "file": None,
            "sql": None,
            "redcap": None,
            "omop": None,
            "published": None,
            "visits": None,
            "index": None,
            "baseline": None,
            "outcome": None,
            "patient": None,
            "centre": None,
            "repeated_rows": False,
            "columns": {},
            "units": {},
            "values": {},
            "missing": ("NA", "NaN"),
            "laboratory": {},
            "impossible": "refuse",
            "exclude": (),
            "accept_suspected_leakage": (),
            "encoding": "utf-8",
            "delimiter": "auto",
            "decimal": ".",
            "sheet": 0,
        },
        "dictionary": None,
        "preparation": {"imputation": "median", "missing_indicators": ()},
        "choose": "rule",
        "validation": {
            "folds": 5,
            "repeats": 10,
            "inner_folds": 5,
            "bootstrap": 1000,
            "permutations": 200,
            "minutes": 10.0,
            "thresholds": (0.25, 0.5, 0.75),
            "seed": 20241120,
            "group": "auto",
        },
        "explanation": {"patients": False},
        "prediction": {"most_missing": 0.5},
        "tracking": {"experiment": None, "uri": None, "register_as": None, "enabled": True},
        "privacy": {"cell_size": 5},
        "reporting": {"tripod": {}, "probast": {}},
        "compute": {"backend": "local", "address": None, "workers": None},
        "output": None,
    }


def test_an_empty_model_entry_means_its_defaults() -> None:
    names = list(Config.model_fields["models"].annotation.model_fields)  # type: ignore[union-attr]
    names = [name for name in names if name not in KINDS]  # those of an event
    config = Config.model_validate(smallest(models=dict.fromkeys(names)))
    assert config.models.model_dump(exclude_none=True) == {
        "firth": {"intercept_correction": "flic"},
        "ridge": {"penalty": (0.01, 0.1, 1.0, 10.0, 100.0)},
        "elastic_net": {"penalty": (0.3, 1.0, 3.0, 10.0, 30.0), "l1_share": (0.5, 0.9)},
        "ebm": {"interactions": 0, "max_bins": 32},
        "random_forest": {"trees": 500, "min_samples_leaf": (1, 5)},
        "hist_gradient_boosting": {
            "trees": (100,),
            "learning_rate": (0.05,),
            "max_leaf_nodes": (4, 16),
            "min_samples_leaf": 10,
        },
    }


def test_a_single_setting_needs_no_brackets_and_whole_numbers_are_numbers() -> None:
    config = Config.model_validate(smallest(models={"ridge": {"penalty": 2}}))
    assert config.models.ridge is not None
    assert config.models.ridge.penalty == (2.0,)
    assert config.question.event == (1,)


def parts(model: BaseModel) -> list[BaseModel]:
    found = [model]
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            found += parts(value)
    return found


def test_every_part_is_frozen() -> None:
    config = Config.model_validate(smallest())
    assert len(parts(config)) >= 10
    for part in parts(config):
        name = next(iter(type(part).model_fields))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, name, getattr(part, name))


def test_every_part_refuses_unknown_keys_and_documents_its_own() -> None:
    for part in parts(Config.model_validate(smallest())):
        assert type(part).model_config["extra"] == "forbid"
        assert type(part).__doc__


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("validation.folds", 1),
        ("validation.folds", 101),
        ("validation.folds", 5.0),
        ("validation.folds", True),
        ("validation.repeats", 0),
        ("validation.seed", -1),
        ("validation.seed", 2**32),
        ("validation.inner_folds", 1),
        ("models.ridge.penalty", 0),
        ("models.ridge.penalty", [1.0, -1.0]),
        ("models.ridge.penalty", [float("inf")]),
        ("models.ridge.penalty", [float("nan")]),
        ("models.ridge.penalty", []),
        ("models.ridge.penalty", True),
        ("models.ridge.penalty", "1"),
        ("models.elastic_net.l1_share", 0),
        ("models.elastic_net.l1_share", 1.1),
        ("models.elastic_net.l1_share", float("nan")),
        ("models.random_forest.trees", 0),
        ("models.random_forest.trees", 10**9),
        ("models.hist_gradient_boosting.max_leaf_nodes", 1),
        ("models.hist_gradient_boosting.learning_rate", 1.5),
        ("prediction.most_missing", 1.01),
        ("prediction.most_missing", float("nan")),
        ("privacy.cell_size", 0),
        ("compute.workers", 0),
        ("compute.address", "nonsense"),
        ("name", "../up"),
        ("name", ""),
        ("name", ".hidden"),
        ("name", "line\n"),
        ("question.event", []),
        ("question.event", [1, 1]),
        ("question.event", [True]),
        ("question.event", [float("nan")]),
        ("predictors", []),
        ("predictors", ["c3", "c3"]),
        ("predictors", "c3"),
        ("cohort.sheet", True),
        ("cohort.delimiter", ":"),
        ("tracking.enabled", "yes"),
    ],
)
def test_values_out_of_range_are_refused(path: str, value: object) -> None:
    config: dict[str, Any] = smallest()
    part = config
    *above, last = path.split(".")
    for key in above:
        part = part.setdefault(key, {})
    part[last] = value
    with pytest.raises(ValidationError, match=last):
        Config.model_validate(config)


def schema_accepts(schema: dict[str, Any], node: dict[str, Any], data: Any) -> bool:  # noqa: PLR0911
    """As much of JSON Schema as pydantic writes for these models."""
    if "$ref" in node:
        return schema_accepts(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[1]], data)
    if "anyOf" in node:
        return any(schema_accepts(schema, option, data) for option in node["anyOf"])
    if "enum" in node:
        return data in node["enum"]
    if "const" in node:
        return bool(data == node["const"])
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    kind = node.get("type")
    if kind and (
        not isinstance(data, kinds[kind]) or (isinstance(data, bool) and kind != "boolean")
    ):
        return False
    if isinstance(data, dict):
        known, rest = node.get("properties", {}), node.get("additionalProperties", True)
        return set(node.get("required", ())) <= set(data) and all(
            schema_accepts(schema, known[key], value)
            if key in known
            else rest is True or (rest is not False and schema_accepts(schema, rest, value))
            for key, value in data.items()
        )
    if isinstance(data, list):
        return all(schema_accepts(schema, node.get("items", {}), item) for item in data)
    return True


def test_the_schema_is_complete_and_describes_every_key() -> None:
    schema = json_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert set(schema["properties"]) == set(Config.model_fields)
    for definition in [schema, *schema["$defs"].values()]:
        assert definition["additionalProperties"] is False
    assert "Shape" not in str(schema)
    assert schema["$defs"]["RidgePlan"]["properties"]["penalty"]["description"].startswith("Lambda")


def test_the_schema_agrees_with_the_models(root: Any) -> None:
    from predictor.documents import load_yaml

    schema = json_schema()
    files = [*(root / "configs").glob("*.yaml"), root / "predictor/workflow/starter.yaml"]
    assert len(files) >= 3
    for path in files:
        data = load_yaml(path).data
        Config.model_validate(data)
        assert schema_accepts(schema, schema, data), path
        assert not schema_accepts(schema, schema, {**data, "modles": {}})
    assert schema_accepts(schema, schema, smallest(question=smallest()["question"]))


def test_the_schema_accepts_what_the_models_accept_without_brackets() -> None:
    schema = json_schema()
    data = smallest(models={"ridge": {"penalty": 1}, "firth": None})
    Config.model_validate(data)
    assert schema_accepts(schema, schema, data)
