"""A real MLflow server on loopback: reached, lost on the way, silent, and serving the model."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow_service import Service, free_port

from predictor.errors import TrackingError
from predictor.fitted.bundle import load_bundle
from predictor.tracking import record as facts
from predictor.tracking.sending import send_bundle
from predictor.tracking.sent import read_tracking
from predictor.tracking.store import TrackingSettings, check_reachable, sqlite_path

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(store: str, tmp_path: Path) -> Iterator[Service]:
    port = free_port()
    folder = tmp_path / "server"
    folder.mkdir()
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--backend-store-uri", store,
        "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    service = Service(command, port, folder, "/health")
    service.start()
    yield service
    service.kill()


@pytest.fixture
def at_the_first_file(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Do something once, in the middle of the next sending."""

    def arrange(happens: Callable[[], None]) -> None:
        original, done = facts.record, []

        def stream(bundle: Path, *, version: str) -> Iterator[facts.Fact]:
            for fact in original(bundle, version=version):
                if isinstance(fact, facts.File) and not done:
                    done.append(True)
                    happens()
                yield fact

        monkeypatch.setattr(facts, "record", stream)

    return arrange


def _statuses(server: Service) -> list[str]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server.url)
    experiment = client.get_experiment_by_name("trial")
    return sorted(run.info.status for run in client.search_runs([experiment.experiment_id]))


def test_run_arrives_and_the_registered_champion_predicts(server: Service, bundle: Path) -> None:
    import mlflow

    check_reachable(server.url)
    address = server.url.replace("//", "//ann:s3cret@")
    sent = send_bundle(bundle, TrackingSettings("trial", address, "remission"), version="0.1.0")
    assert sent.tracking_uri == server.url
    assert _statuses(server) == ["FINISHED"] * 3
    mlflow.set_tracking_uri(server.url)
    try:
        table = pd.DataFrame({"c3": [75.0], "fever": [1.0]})
        for uri in (sent.model_uri, "models:/remission@champion"):
            answer = mlflow.pyfunc.load_model(uri).predict(table)["probability"].item()
            # by hand, one term per design column: c3, creatinine, fever, skin, blood, intercept
            log_odds = -0.75 * 0.8 + 0.0 * -0.4 + 1.75 * 0.3 + 1.2 * 0.5 - 0.5 * -0.7 - 0.6
            assert answer == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=1e-12)
    finally:
        mlflow.set_tracking_uri(None)


def test_server_killed_on_the_way_loses_nothing(
    server: Service, bundle: Path, at_the_first_file: Callable[..., None]
) -> None:
    before = load_bundle(bundle).manifest
    at_the_first_file(server.kill)
    start = time.monotonic()
    with pytest.raises(TrackingError, match=f"predictor track {bundle}"):
        send_bundle(bundle, TrackingSettings("trial", server.url), version="0.1.0")
    assert time.monotonic() - start < 60
    assert load_bundle(bundle).manifest == before
    assert read_tracking(bundle) is None

    server.start()
    sent = send_bundle(bundle, TrackingSettings("trial", server.url), version="0.1.0")
    assert read_tracking(bundle) == sent
    assert _statuses(server) == ["FAILED"] * 3 + ["FINISHED"] * 3


def test_server_that_falls_silent_on_the_way_does_not_hang_the_command(
    server: Service,
    bundle: Path,
    at_the_first_file: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    at_the_first_file(lambda: server.signal(signal.SIGSTOP))
    start = time.monotonic()
    with pytest.raises(TrackingError, match="predictor track"):
        send_bundle(bundle, TrackingSettings("trial", server.url), version="0.1.0")
    assert time.monotonic() - start < 30


def test_several_trainings_at_once_arrive_and_one_is_champion(
    server: Service, make_bundle: Callable[..., Path]
) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from predictor.tracking.sending import send_bundle\n"
        "from predictor.tracking.store import TrackingSettings\n"
        "settings = TrackingSettings('trial', sys.argv[2], 'remission')\n"
        "send_bundle(Path(sys.argv[1]), settings, version='0.1.0')\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(make_bundle(f"bundle{i}")), server.url],
            env=environment,
        )
        for i in range(3)
    ]
    assert [process.wait(timeout=180) for process in processes] == [0, 0, 0]
    assert _statuses(server) == ["FINISHED"] * 9


def test_served_model_answers_and_keeps_cells_out_of_its_log(
    bundle: Path, store: str, tmp_path: Path
) -> None:
    send_bundle(bundle, TrackingSettings("trial", store), version="0.1.0")
    database = sqlite_path(store)
    assert database is not None
    (stored,) = database.parent.rglob("MLmodel")
    port = free_port()
    folder = tmp_path / "serving"
    folder.mkdir()
    command = [
        sys.executable, "-m", "mlflow", "models", "serve", "-m", str(stored.parent),
        "--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
    ]  # fmt: skip
    service = Service(command, port, folder, "/ping")
    service.start()

    def ask(record: dict[str, Any]) -> tuple[int, str]:
        request = urllib.request.Request(  # noqa: S310
            service.url + "/invocations",
            data=json.dumps({"dataframe_records": [record]}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    try:
        status, answer = ask({"c3": 75, "fever": 1})
        assert status == 200
        assert 0 < json.loads(answer)["predictions"][0]["probability"] < 1
        status, answer = ask({"c3": "PLANTED77"})
        assert (status, "PLANTED77" in answer) == (200, False)
        told = json.loads(answer)["predictions"][0]
        assert math.isnan(told["probability"])
        assert "c3" in told["refused"]
        assert ask({"c3": 31337.25})[0] == 200  # impossible, which our rules refuse in the same way
    finally:
        service.kill()
    log = service.log.read_text()
    assert "PLANTED77" not in log
    assert "31337" not in log
