"""The OpenAPI document says what is so: every address, every status, the shape of every answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fhir_record import RECORD
from made_bundles import FULL
from starlette.routing import Route
from starlette.testclient import TestClient

from predictor.service.app import create_app

ALWAYS = {"408", "413", "421", "431", "500", "503"}


@pytest.fixture(scope="module")
def app(made_up: Path) -> FastAPI:
    """A server with one model."""
    return create_app([made_up])


@pytest.fixture(scope="module")
def document(app: FastAPI) -> Any:
    """What it says of itself."""
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    return client.get("/openapi.json").json()


def routes(app: Any) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, Route | APIRoute) and route.path != "/openapi.json":
            found |= {(route.path, method.lower()) for method in route.methods or ()}
        waiting += getattr(getattr(route, "original_router", None), "routes", [])
    return found


def test_every_address_for_programs_is_described_and_no_other(app: FastAPI, document: Any) -> None:
    described = {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }
    web = {("/", "get"), ("/", "post"), ("/static/{name}", "get")}
    assert described == routes(app) - web


TYPES: dict[str, Any] = {
    "string": str,
    "number": int | float,
    "integer": int,
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


def fits(schema: Any, value: Any, components: Any) -> bool:
    """Whether a value has the shape of a schema, as far as our schemas go."""
    if "$ref" in schema:
        return fits(components[schema["$ref"].rpartition("/")[2]], value, components)
    if "anyOf" in schema:
        return any(fits(option, value, components) for option in schema["anyOf"])
    named = schema.get("type", [])
    kinds = [TYPES[name] for name in ([named] if isinstance(named, str) else named)]
    good = (
        value in schema.get("enum", [value])
        and value == schema.get("const", value)
        and (not kinds or any(isinstance(value, kind) for kind in kinds))
    )
    if isinstance(value, list):
        return good and all(fits(schema.get("items", {}), item, components) for item in value)
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        named = set(schema.get("required", ())) <= set(value) <= set(known)
        return good and named and all(fits(known[k], v, components) for k, v in value.items())
    return good


def answer(document: Any, path: str, method: str, status: int) -> Any:
    content = document["paths"][path][method]["responses"][str(status)]["content"]
    media_type = "application/json" if status == 200 else "application/problem+json"
    return content[media_type]["schema"]


def test_answers_have_the_shape_that_is_described(app: FastAPI, document: Any) -> None:
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    components = document["components"]["schemas"]
    assert fits(components["Patient-0"], FULL, components)
    partly = {"c3": {"value": "0.004", "unit": "g/L"}, "marker": 40, "fever": None, "esr": 3}
    for path, method, found in [
        ("/health", "get", client.get("/health")),
        ("/models", "get", client.get("/models")),
        ("/predict", "post", client.post("/predict", json={"patient": FULL})),
        ("/predict", "post", client.post("/predict", json={"patient": partly | {"organ": "skin"}})),
        ("/predict", "post", client.post("/predict", json={"patient": {"c3": "x", "nobody": 1}})),
        ("/predict", "post", client.post("/predict", content=b"[")),
        ("/predict", "post", client.post("/predict", content=b"{" * 2_000_000)),
    ]:
        assert fits(answer(document, path, method, found.status_code), found.json(), components)


def test_an_answer_for_a_record_has_the_shape_that_is_described() -> None:
    served = create_app(["remission"])
    found = TestClient(served, base_url="http://127.0.0.1:8000").post("/predict/fhir", json=RECORD)
    document = served.openapi()
    schema = answer(document, "/predict/fhir", "post", found.status_code)
    components = document["components"]["schemas"]
    base, added = components[schema["$ref"].rpartition("/")[2]]["allOf"]
    body = found.json()
    assert fits(added, {"fhir": body.pop("fhir")}, components)
    assert fits(base, body, components)


def test_a_token_is_described_where_one_is_needed(made_up: Path) -> None:
    token = "a-token-made-for-a-test"  # noqa: S105 - guards nothing
    document = create_app([made_up], token=token, hosts=None).openapi()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert ("security" in operation) == (path != "/health")
            assert ("401" in operation["responses"]) == (path != "/health")


def test_with_several_models_each_patient_is_described(made_up: Path, another: Path) -> None:
    document = create_app([made_up, another]).openapi()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    names = [request["properties"]["model"]["const"] for request in body["schema"]["oneOf"]]
    assert names == ["made-up", "another"]
    model = document["paths"]["/predict/fhir"]["post"]["parameters"][0]
    assert (model["required"], model["schema"]["enum"]) == (True, names)


def test_every_address_names_what_can_always_happen(document: Any) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            assert set(operation["responses"]) >= ALWAYS | {"200"}
