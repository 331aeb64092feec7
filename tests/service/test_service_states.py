"""A model of several states behind a server: for programs and on the page."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest
from made_states import STATES, cohort_of_states, configuration_of_states
from starlette.testclient import TestClient

from predictor import predict
from predictor.clinic.answer import percent
from predictor.service.app import create_app
from predictor.workflow.train import train

HERE = "http://127.0.0.1:8000"
PATIENT = {"age": 40, "sex": "female", "c3": 110, "c4": 20, "sledai_2k": 6}


@pytest.fixture(scope="module", params=["proportional_odds", "multinomial"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = configuration_of_states(choose=request.param)
    out = tmp_path_factory.mktemp("states") / "bundle"
    return train(config, cohort_of_states(), out=out, workers=1).bundle


@pytest.fixture
def client(bundle: Path) -> TestClient:
    return TestClient(create_app([bundle]), base_url=HERE)


def test_a_program_gets_every_state_as_predict_tells_it(client: TestClient, bundle: Path) -> None:
    answer = client.post("/predict", json={"patient": PATIENT})
    assert answer.status_code == 200
    told = predict(PATIENT, model=bundle).to_dict()
    assert answer.json() == told
    assert sum(state["probability"] for state in answer.json()["states"]) == pytest.approx(1.0)
    document = client.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/Prediction", "components": document["components"]}
    jsonschema_rs.validator_for(schema).validate(answer.json())


def test_the_models_name_their_states(client: TestClient) -> None:
    (model,) = client.get("/models").json()["models"]
    assert [state["state"] for state in model["states"]] == list(STATES)


def test_the_page_tells_every_state(client: TestClient, bundle: Path) -> None:
    form = client.get("/").text
    assert form.count("<form")
    fields = {f"value.{name}": str(value) for name, value in PATIENT.items()}
    page = client.post("/", data={"model": "tiny", **fields}).text
    for state in predict(PATIENT, model=bundle).states:
        assert f"{state.label}: {percent(state.probability)}" in page
    assert "add up to 100%" in page
    assert "What moves it towards remission" in page
    assert "had the event" not in page
