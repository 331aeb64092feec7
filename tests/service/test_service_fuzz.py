"""Arbitrary bodies: whatever comes, the server answers with something below 500 and stays alive."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_bundles import FULL
from starlette.testclient import TestClient

from predictor.service.app import create_app

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from([*FULL]), inner),
    max_leaves=20,
)
patients = st.dictionaries(st.sampled_from([*FULL, "overlap", "esr"]) | st.text(), anything)
PATHS = ("/predict", "/predict/fhir", "/")


@pytest.fixture(scope="module")
def open_client(made_up: Path) -> TestClient:
    """A client that would show an exception of the server as one."""
    return TestClient(create_app([made_up]), base_url="http://127.0.0.1:8000")


@settings(max_examples=150)
@given(patient=patients)
def test_any_json_as_a_patient_is_answered_or_refused(
    open_client: TestClient, patient: dict[str, Any]
) -> None:
    body = json.dumps({"patient": patient})
    found = open_client.post(
        "/predict", content=body.encode(), headers={"content-type": "application/json"}
    )
    assert found.status_code in (200, 400, 422)


@settings(max_examples=100)
@given(
    fields=st.dictionaries(st.text() | st.sampled_from(["model", "patient", "action"]), st.text())
)
def test_any_form_is_answered_or_refused(open_client: TestClient, fields: dict[str, str]) -> None:
    found = open_client.post("/", data={"model": "made-up"} | fields)
    assert found.status_code in (200, 400, 422)


@settings(max_examples=100)
@given(typed=st.text(max_size=300), unit=st.text(max_size=20) | st.sampled_from(["g/L", "mg/dL"]))
def test_any_text_in_a_field_is_answered_or_refused(
    open_client: TestClient, typed: str, unit: str
) -> None:
    fields = {"model": "made-up", "value.c3": typed, "unit.c3": unit, "value.marker": "4"}
    found = open_client.post("/", data={**fields, "value.fever": "no", "patient": typed})
    assert found.status_code in (200, 422)


def bodies(seed: int, count: int) -> Iterator[bytes]:
    """Noise, and good bodies with something wrong somewhere."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    good = [
        json.dumps({"patient": FULL}).encode(),
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": []}).encode(),
        b"model=made-up&value.c3=75&unit.c3=mg%2FdL&value.marker=40&value.fever=yes",
    ]
    for _ in range(count):
        if chance.random() < 0.3:
            yield chance.randbytes(chance.randrange(400))
            continue
        body = bytearray(chance.choice(good))
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(body) + 1)
            match chance.randrange(4):
                case 0:
                    body[place:place] = chance.randbytes(chance.randrange(8))
                case 1:
                    del body[place : place + chance.randrange(20)]
                case 2:
                    body[place:place] = chance.choice([b"{", b"[", b'"', b"null", b"NaN", b"1e999"])
                case _:
                    body[place:place] = body[: chance.randrange(60)]
        yield bytes(body)


def answered(client: TestClient, seed: int, count: int) -> set[int]:
    chance = random.Random(seed)  # noqa: S311 - no secret
    types = ["application/json", "application/fhir+json", "application/x-www-form-urlencoded"]
    return {
        client.post(
            chance.choice(PATHS), content=body, headers={"content-type": chance.choice(types)}
        ).status_code
        for body in bodies(seed, count)
    }


def test_arbitrary_bodies_are_answered(open_client: TestClient) -> None:
    assert max(answered(open_client, 1, 600)) < 500


@pytest.mark.slow
def test_ten_thousand_arbitrary_bodies_are_answered_and_the_server_lives(
    open_client: TestClient,
) -> None:
    statuses = answered(open_client, 2, 10_000)
    assert {400, 415, 422} <= statuses
    assert max(statuses) < 500
    assert open_client.post("/predict", json={"patient": FULL}).status_code == 200
