"""JSON in, JSON out: the same answers as predict(), and refusals with every reason at once."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fhir_record import RECORD
from made_bundles import FULL, LINEAR, save
from sklearn.ensemble import RandomForestClassifier
from starlette.testclient import TestClient

from predictor.clinic.prediction import predict
from predictor.errors import BundleError
from predictor.fitted.models import EstimatorModel
from predictor.service.app import create_app

PROBLEM = {"type", "title", "status", "detail", "errors"}


def posted(client: TestClient, body: str | bytes, media_type: str = "application/json") -> Any:
    return client.post("/predict", content=body, headers={"content-type": media_type})


def test_an_answer_is_the_json_of_predict(client: TestClient, made_up: Path) -> None:
    found = client.post("/predict", json={"patient": FULL})
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    assert found.json() == json.loads(json.dumps(predict(FULL, made_up).to_dict()))


def test_with_several_models_one_is_named(two: TestClient, another: Path) -> None:
    found = two.post("/predict", json={"model": "another", "patient": FULL})
    assert found.json()["model"]["name"] == "another"
    unnamed = two.post("/predict", json={"patient": FULL})
    assert unnamed.status_code == 422
    assert unnamed.json()["errors"] == [
        {
            "code": "unknown_model",
            "variable": "model",
            "message": "name the model. Served here: made-up, another.",
        }
    ]


@pytest.mark.parametrize("name", ["nobody", 3, [], {}, True, "", "../made-up"])
def test_a_model_that_is_not_served_is_refused_by_name(client: TestClient, name: object) -> None:
    found = client.post("/predict", json={"model": name, "patient": FULL})
    assert found.status_code == 422
    assert found.json()["detail"] == "Served here: made-up."


def test_every_reason_is_told_at_once_and_no_value(client: TestClient) -> None:
    patient = {"c3": -77123, "marker": "88123:8", "fever": "99123", "organs": "kidney"}
    found = client.post("/predict", json={"patient": patient})
    assert found.status_code == 422
    assert found.headers["content-type"] == "application/problem+json"
    problem = found.json()
    assert set(problem) == PROBLEM
    assert {(e["code"], e["variable"]) for e in problem["errors"]} == {
        ("unknown_variable", "organs"),
        ("impossible_value", "c3"),
        ("unreadable_number", "marker"),
        ("unreadable_state", "fever"),
    }
    assert not {"77123", "88123", "99123"} & set(found.text.replace('"', " ").split())


BROKEN = {
    "malformed": b'{"patient": {',
    "nothing": b"",
    "nan": b'{"patient": {"c3": NaN}}',
    "infinity": b'{"patient": {"c3": -Infinity}}',
    "a key twice": b'{"patient": {"c3": 1, "c3": 100}}',
    "deep": b"[" * 200_000,
    "deep objects": b'{"patient":' * 50_000,
    "not UTF-8": b'{"patient": "\xff"}',
    "half a character": b'{"patient": {"patient": "\\ud800"}}',
    "a long number": b'{"patient": {"c3": ' + b"9" * 5000 + b"}}",
    "two documents": b"{}{}",
    "UTF-16": '{"patient": {}}'.encode("utf-16"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_is_no_strict_json_is_refused(client: TestClient, body: bytes) -> None:
    found = posted(client, body)
    assert found.status_code == 400
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json()["type"] == "urn:predictor:problem:unreadable-document"


@pytest.mark.parametrize(
    "body",
    ["[]", "3", "null", '"x"', "{}", '{"patient": []}', '{"patient": {}, "x": 1}', "[[1]]"],
)
def test_json_of_another_shape_is_refused(client: TestClient, body: str) -> None:
    found = posted(client, body)
    assert found.status_code == 422
    assert set(found.json()) == PROBLEM


def test_a_large_exponent_is_infinite_and_refused(client: TestClient) -> None:
    found = posted(client, '{"patient": {"c3": 1e999, "marker": 40, "fever": 0}}')
    assert found.status_code == 422
    assert [e["code"] for e in found.json()["errors"]] == ["infinite_value"]


def test_numbers_with_a_comma_are_refused_and_typographic_units_read(client: TestClient) -> None:
    patient = FULL | {"c3": "75,5"}
    assert client.post("/predict", json={"patient": patient}).status_code == 422
    for text in ("0.75 g/l", "75 mg/dl", " 75 "):
        found = client.post("/predict", json={"patient": FULL | {"c3": text}})
        c3 = next(c for c in found.json()["contributions"] if c["variable"] == "c3")
        assert c3["value"] == pytest.approx(75.0)


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", "*"])
def test_another_media_type_is_refused(client: TestClient, media_type: str) -> None:
    found = posted(client, "{}", media_type)
    assert found.status_code == 415
    assert found.headers["accept"] == "application/json"


def test_the_charset_of_json_does_not_matter(client: TestClient) -> None:
    body = json.dumps({"patient": FULL})
    assert posted(client, body, "application/json; charset=utf-8").status_code == 200
    assert posted(client, b"\xef\xbb\xbf" + body.encode()).status_code == 200


def test_more_names_than_there_are_variables_are_refused_without_looking_at_each(
    client: TestClient,
) -> None:
    patient = {f"name{i}": None for i in range(20_000)}
    start = time.perf_counter()
    found = client.post("/predict", json={"patient": patient})
    assert time.perf_counter() - start < 2
    assert [e["code"] for e in found.json()["errors"]] == ["too_many_names"]


@pytest.fixture
def shipped() -> TestClient:
    """A client of a server with a shipped model, whose variables have LOINC codes."""
    return TestClient(create_app(["remission"]), base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize("media_type", ["application/fhir+json", "application/json"])
def test_a_fhir_record_gives_the_answer_of_its_values(shipped: TestClient, media_type: str) -> None:
    body = json.dumps(RECORD)
    found = shipped.post("/predict/fhir", content=body, headers={"content-type": media_type})
    assert found.status_code == 200
    values = {"c3": "0.45 g/L", "c4": 8, "crp": 12, "platelets": 210}
    same = shipped.post("/predict", json={"patient": values}).json()
    assert found.json()["probability"] == same["probability"]
    assert {t["variable"] for t in found.json()["fhir"]["taken"]} >= set(values)
    assert found.json()["fhir"]["ignored"]
    assert found.json()["fhir"]["index_date"] == "2024-05-02"


def test_the_window_of_a_fhir_record_stands_in_the_address(shipped: TestClient) -> None:
    path = "/predict/fhir?index_date=2024-06-01&look_back_days=0"
    found = shipped.post(path, json=RECORD)
    assert found.status_code == 422
    assert [e["code"] for e in found.json()["errors"]] == ["too_many_missing"]


def test_a_refused_patient_of_a_record_comes_with_what_was_read(shipped: TestClient) -> None:
    path = "/predict/fhir?index_date=2024-06-01&look_back_days=0"
    found = shipped.post(path, json=RECORD).json()
    assert found["type"] == "urn:predictor:problem:patient-refused"
    assert [e["code"] for e in found["errors"]] == ["too_many_missing"]
    assert found["fhir"]["index_date"] == "2024-06-01"
    assert {"too_old"} <= {entry["code"] for entry in found["fhir"]["ignored"]}
    answered = shipped.post("/predict/fhir", json=RECORD).json()
    assert found["fhir"].keys() == answered["fhir"].keys()
    assert "fhir" not in shipped.post("/predict", json={"patient": {}}).json()


def test_a_record_without_dates_is_told_the_parameter(shipped: TestClient) -> None:
    patient = {"resource": {"resourceType": "Patient", "id": "p"}}
    record = {"resourceType": "Bundle", "type": "collection", "entry": [patient]}
    found = shipped.post("/predict/fhir", json=record)
    assert found.status_code == 422
    assert "State it: ?index_date=2024-05-20." in found.json()["detail"]
    late = shipped.post("/predict/fhir?index_date=2099-01-01", json=record)
    assert late.json()["detail"].startswith("?index_date=2099-01-01: ")
    assert "--" not in found.text + late.text


@pytest.mark.parametrize(
    "query",
    [
        "index_date=2024-13-01",
        "index_date=2024-W01-1",
        "index_date=today",
        "index_date=0001-01-01",
        "look_back_days=-1",
        "look_back_days=1e3",
        "look_back_days=99999",
        "look_back_days=3&look_back_days=4",
        "patient=77123",
        "model=nobody",
    ],
)
def test_an_address_with_anything_else_is_refused(shipped: TestClient, query: str) -> None:
    found = shipped.post(f"/predict/fhir?{query}", json=RECORD)
    assert found.status_code == 422
    assert "77123" not in found.text


def test_two_patients_in_one_record_are_refused(shipped: TestClient) -> None:
    other = {"resource": {"resourceType": "Patient", "id": "p2"}}
    found = shipped.post("/predict/fhir", json={**RECORD, "entry": [*RECORD["entry"], other]})
    assert found.status_code == 422
    assert found.json()["type"] == "urn:predictor:problem:unusable-record"


def test_models_are_described_as_their_bundles_are(two: TestClient) -> None:
    models = two.get("/models").json()["models"]
    assert [model["name"] for model in models] == ["made-up", "another"]
    c3 = models[0]["predictors"][0]
    assert (c3["name"], c3["unit"], c3["units"]) == ("c3", "mg/dL", ["mg/dL", "g/L"])
    assert c3["plausible"] == [1.0, 500.0]
    assert models[0]["exclusions"][0]["name"] == "overlap"
    assert models[0]["evidence"]["level"] == "exploratory"


def test_health_says_nothing_but_ok(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/predict", 405), ("PUT", "/models", 405), ("GET", "/docs", 404), ("GET", "/x", 404)],
)
def test_other_addresses_and_methods_are_problems_too(
    client: TestClient, method: str, path: str, status: int
) -> None:
    found = client.request(method, path)
    assert found.status_code == found.json()["status"] == status
    assert found.headers["content-type"] == "application/problem+json"
    if status == 405:
        assert found.headers["allow"] in ("GET", "POST")


def test_head_is_answered_as_get_is(client: TestClient) -> None:
    assert client.head("/health").status_code == 200
    assert client.head("/").status_code == 200


def test_two_models_of_one_name_are_not_served_together(made_up: Path, tmp_path: Path) -> None:
    save(tmp_path / "copy", LINEAR)
    with pytest.raises(BundleError, match="another served model is also called 'made-up'"):
        create_app([made_up, tmp_path / "copy"])


def test_a_server_without_models_is_refused() -> None:
    with pytest.raises(BundleError, match="no model was given"):
        create_app([])


def test_a_model_that_is_not_linear_answers_in_a_thread(tmp_path: Path) -> None:
    design = np.random.default_rng(1).normal(size=(60, 6))
    forest = RandomForestClassifier(5, min_samples_leaf=5, random_state=1)
    model = EstimatorModel(forest.fit(design, design[:, 0] > 0), "forest")
    served = create_app([save(tmp_path / "forest", model)])
    found = TestClient(served, base_url="http://127.0.0.1:8000").post(
        "/predict", json={"patient": FULL}
    )
    assert found.status_code == 200
    assert found.json()["scale"] == "probability"
