"""What a team relies on: one MLflow server on PostgreSQL, with served files, for several people."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_validation import validation
from mlflow_service import Service, free_port
from needed import absent
from postgres_server import PASSWORD, running

from predictor import predict
from predictor.errors import CopyWarning, TrackingError, UnreachableError
from predictor.fitted.bundle import load_bundle
from predictor.tracking import record as facts
from predictor.tracking.aliases import PromotionError
from predictor.tracking.registry import forget
from predictor.tracking.sending import send_bundle
from predictor.tracking.sent import read_tracking
from predictor.tracking.store import TrackingSettings
from predictor.workflow.promote import promote
from predictor.workflow.track import track

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PATIENT = {"patient": "P1", "c3": 75.0, "creatinine": 1.1, "fever": "yes", "indication": "skin"}

# The system lets no file of the program after these words grow beyond 2 MB, as on a full disk
FULL = ("sh", "-c", 'ulimit -f 4000; exec "$@"', "sh")

# Look like nothing else, so that they can be searched for wherever they must not be
ADMIN, SECRET = "curator", "kq4-Laterne-817"


@pytest.fixture(autouse=True)
def _own_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREDICTOR_CACHE", str(tmp_path / "copies"))
    forget()


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    with running() as address:
        yield address


def _of_its_own(database: str, name: str) -> str:
    """Address of a new database of the PostgreSQL server."""
    import psycopg
    from psycopg import sql

    plain = database.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{database.rpartition('/')[0]}/{name}"


def _serving(
    folder: Path,
    backend: str,
    files: str,
    *more: str,
    workers: int = 2,
    before: tuple[str, ...] = (),
    **settings: Any,
) -> Service:
    port = free_port()
    command = [
        *before,
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(workers), "--backend-store-uri", backend),
        *("--serve-artifacts", "--artifacts-destination", files, *more),
    ]
    service = Service(command, port, folder, "/health", **settings)
    service.start()
    return service


def _documented(program: str) -> list[list[str]]:
    """Commands of one program in what the documentation says for a team."""
    text = (ROOT / "docs" / "tracking.md").read_text(encoding="utf-8")
    section = text.partition("## For a team")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.startswith(f"{program} ")]


@pytest.fixture(scope="session")
def team(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The server of a team, as documented; every test has a name of its own in it."""
    folder = tmp_path_factory.mktemp("team")
    port = free_port()
    here = {
        "5000": str(port),
        "/srv/mlflow": str(folder / "files"),
        "postgresql+psycopg://USER:PASSWORD@DATABASE-HOST/mlflow": _of_its_own(database, "team"),
    }
    (words,) = _documented("mlflow")
    assert here.keys() <= set(words)
    command = [sys.executable, "-m", *(here.get(word, word) for word in words)]
    service = Service(command, port, folder, "/health")
    service.start()
    yield service
    service.kill()


@pytest.fixture
def name() -> str:
    return f"study-{secrets.token_hex(4)}"


@pytest.fixture
def contender(make_bundle: Callable[..., Path]) -> Callable[[str, float], Path]:
    def make(called: str, loss: float) -> Path:
        models = [
            {
                "name": model,
                "chosen": chosen,
                "log_loss": value,
                "log_loss_difference": value - loss,
                "log_loss_difference_se": 0.01 if value != loss else 0.0,
            }
            for model, value, chosen in (
                ("ridge", 0.60, loss == 0.60),
                *([] if loss == 0.60 else [("forest", loss, True)]),
            )
        ]
        return make_bundle(
            called, validation={"models": models, **validation()}, created=f"2026 {called}"
        )

    return make


def _client(address: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=address)


def _statuses(address: str, experiment: str) -> list[str]:
    client = _client(address)
    found = client.get_experiment_by_name(experiment)
    return sorted(run.info.status for run in client.search_runs([found.experiment_id]))


def _started(*words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "predictor", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=400)
    return process.returncode, out, err


def test_four_trainings_at_once_arrive_whole(
    team: Service, make_bundle: Callable[..., Path], name: str
) -> None:
    folders = [make_bundle(f"bundle{i}", created=f"2026 {i}") for i in range(4)]
    processes = [
        _started(
            *("track", str(folder), "--uri", team.url, "--experiment", name),
            *("--register-as", name, "--format", "json"),
        )
        for folder in folders
    ]
    ended = [_ended(process) for process in processes]
    assert [code for code, _, _ in ended] == [0] * 4, ended
    assert _statuses(team.url, name) == ["FINISHED"] * 12
    sent = [json.loads(out) for _, out, _ in ended]
    assert sorted(found["registered_version"] for found in sent) == ["1", "2", "3", "4"]
    client = _client(team.url)
    for found in sent:
        run = client.get_run(found["run_id"])
        assert run.data.metrics["auroc"] == 0.73
        listed = {file.path for file in client.list_artifacts(found["run_id"], "bundle")}
        assert "bundle/manifest.json" in listed
    model = client.get_registered_model(name)
    assert str(model.aliases["champion"]) in {"1", "2", "3", "4"}
    assert not model.tags


def test_everybody_predicts_by_the_address_and_gets_the_bundle_s_answer(
    team: Service, bundle: Path, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    send_bundle(bundle, TrackingSettings(name, team.url, name), version="0.1.0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team.url)
    expected = predict(PATIENT, model=bundle).to_dict()
    shutil.rmtree(bundle)
    for address in (f"models:/{name}@champion", f"models:/{name}/1"):
        assert predict(PATIENT, model=address).to_dict() == expected
    patient = tmp_path / "patient.json"
    patient.write_text(json.dumps(PATIENT))
    code, out, err = _ended(
        _started(
            *("predict", str(patient), "--model", f"models:/{name}@champion"),
            *("--format", "json"),
        )
    )
    assert (code, json.loads(out)) == (0, expected), err


def test_the_documented_commands_send_predict_and_promote(
    team: Service, contender: Callable[[str, float], Path], tmp_path: Path
) -> None:
    contender("runs/first", 0.60)
    contender("runs/second", 0.50)
    (tmp_path / "patient.json").write_text(json.dumps(PATIENT))
    commands = _documented("predictor")
    assert [words[1] for words in commands] == ["track", "predict", "promote"]
    for words in commands:
        code, out, err = _ended(_started(*words[1:], MLFLOW_TRACKING_URI=team.url))
        assert code == 0, err
    assert "champion is now version 2 of remission." in out


def test_two_promotions_at_once_leave_one_champion_and_lose_nothing(
    team: Service, contender: Callable[[str, float], Path], name: str
) -> None:
    promote(contender("champion", 0.60), name, uri=team.url)
    folders = [contender("one", 0.50), contender("two", 0.49)]
    for folder in folders:  # so that only the promotions meet, and both were judged before
        track(folder, uri=team.url, experiment=name)
    processes = [
        _started(
            *("promote", str(folder), "--name", name, "--uri", team.url, "--format", "json"),
        )
        for folder in folders
    ]
    ended = [_ended(process) for process in processes]
    winners = [json.loads(out)["version"] for code, out, _ in ended if code == 0]
    champion = str(_client(team.url).get_registered_model(name).aliases["champion"])
    assert champion in winners
    for code, _, err in ended:
        assert code in (0, 1, 2), err
        assert code != 2 or "another promotion came first" in err
    versions = _client(team.url).search_model_versions(f"name = '{name}'")
    assert len(versions) == 3
    assert not _client(team.url).get_registered_model(name).tags


def test_a_promotion_overtaken_by_another_is_refused_by_name(
    team: Service,
    contender: Callable[[str, float], Path],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    promote(contender("champion", 0.60), name, uri=team.url)
    from predictor.workflow import promote as workflow

    original, faster = workflow.judge, contender("faster", 0.50)

    def judge_meanwhile(*manifests: Any) -> Any:
        monkeypatch.setattr(workflow, "judge", original)
        code, _, err = _ended(_started("promote", str(faster), "--name", name, "--uri", team.url))
        assert code == 0, err
        return original(*manifests)

    monkeypatch.setattr(workflow, "judge", judge_meanwhile)
    slower = contender("slower", 0.49)
    with pytest.raises(PromotionError, match=r"version 1 had it .* now version 2 has"):
        promote(slower, name, uri=team.url)
    assert str(_client(team.url).get_registered_model(name).aliases["champion"]) == "2"
    assert read_tracking(slower) is not None


def test_a_server_lost_on_the_way_gets_the_run_later_and_once(
    database: str, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    server = _serving(folder, _of_its_own(database, "lost"), str(folder / "files"), workers=1)
    original = facts.record

    def lost(*args: Any, **kwargs: Any) -> Iterator[facts.Fact]:
        for fact in original(*args, **kwargs):
            if isinstance(fact, facts.File):
                server.kill()
            yield fact

    try:
        with monkeypatch.context() as patch:
            patch.setattr(facts, "record", lost)
            with pytest.raises(TrackingError, match=f"predictor track {bundle} --uri {server.url}"):
                send_bundle(bundle, TrackingSettings("trial", server.url), version="0.1.0")
        assert read_tracking(bundle) is None
        assert predict(PATIENT, model=bundle).probability > 0
        server.start()
        again = ("track", str(bundle), "--uri", server.url, "--experiment", "trial")
        code, _, err = _ended(_started(*again))
        assert code == 0, err
        assert _statuses(server.url, "trial") == ["FAILED"] * 3 + ["FINISHED"] * 3
        code, _, err = _ended(_started(*again))
        assert code == 2
        assert "this run was sent to" in err
        assert len(_statuses(server.url, "trial")) == 6
    finally:
        server.kill()


def test_without_the_server_a_version_comes_from_its_copy_and_an_alias_does_not(
    database: str, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    server = _serving(folder, _of_its_own(database, "gone"), str(folder / "files"), workers=1)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    try:
        send_bundle(bundle, TrackingSettings("trial", server.url, "remission"), version="0.1.0")
        online = predict(PATIENT, model="models:/remission@champion")
    finally:
        server.kill()
    forget()
    with pytest.warns(CopyWarning, match="nobody listens at this address"):
        offline = predict(PATIENT, model="models:/remission/1")
    assert offline.to_dict() == online.to_dict()
    with pytest.raises(UnreachableError, match=r"whose this alias is.*models:/remission/1"):
        predict(PATIENT, model="models:/remission@champion")


def test_a_store_that_is_full_is_named_and_the_bundle_is_sent_when_there_is_room(
    database: str, bundle: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    (bundle / "report.html").write_text("x" * 3_000_000)
    backend, files = _of_its_own(database, "full"), str(folder / "files")
    server = _serving(folder, backend, files, workers=1, before=FULL)
    try:
        with pytest.raises(TrackingError, match=r"takes no more files .* may be full"):
            send_bundle(bundle, TrackingSettings("trial", server.url), version="0.1.0")
        assert set(_statuses(server.url, "trial")) == {"FAILED"}
        assert read_tracking(bundle) is None
        load_bundle(bundle)
        server.kill()
        server.command = server.command[len(FULL) :]
        server.start()
        send_bundle(bundle, TrackingSettings("trial", server.url), version="0.1.0")
        assert "FINISHED" in _statuses(server.url, "trial")
    finally:
        server.kill()


@pytest.fixture
def guarded(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> Iterator[Service]:
    """A server that asks everybody who they are."""
    try:
        import flask_wtf  # noqa: F401 - what MLflow's own guard needs besides
    except ModuleNotFoundError:
        absent("flask-wtf (pip install '.[dev]')")
    folder = tmp_path / "guarded"
    folder.mkdir()
    (folder / "auth.ini").write_text(
        "[mlflow]\n"
        "default_permission = NO_PERMISSIONS\n"
        f"database_uri = sqlite:///{folder}/auth.db\n"
        f"admin_username = {ADMIN}\n"
        f"admin_password = {SECRET}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    service = _serving(
        folder,
        _of_its_own(database, name),
        str(folder / "files"),
        *("--app-name", "basic-auth"),
        workers=1,
        environment={
            "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16),
        },
    )
    yield service
    service.kill()


def _add_user(server: Service, user: str, password: str) -> None:
    pair = b64encode(f"{ADMIN}:{SECRET}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{server.url}/api/2.0/mlflow/users/create",
        data=json.dumps({"username": user, "password": password}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Basic {pair}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        assert answer.status == 200


def test_credentials_come_from_the_environment_and_are_nowhere_else(
    guarded: Service,
    bundle: Path,
    make_bundle: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = TrackingSettings("trial", guarded.url, "remission")
    said = []
    with pytest.raises(TrackingError, match="MLFLOW_TRACKING_USERNAME") as caught:
        send_bundle(bundle, settings, version="0.1.0")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", ADMIN)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", f"{SECRET}-wrong")
    said.append(str(caught.value))
    with pytest.raises(TrackingError, match="refuses these credentials") as caught:
        send_bundle(bundle, settings, version="0.1.0")
    said.append(str(caught.value))
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", guarded.url)
    sent = send_bundle(bundle, settings, version="0.1.0")
    said.append(repr(sent))
    online = predict(PATIENT, model="models:/remission@champion")
    # Somebody with an account and no rights; and by the address, which is stripped
    _add_user(guarded, "visitor", "pf2-Schranke-663")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "visitor")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pf2-Schranke-663")
    forget()
    with pytest.raises(TrackingError, match="refused") as caught:
        predict(PATIENT, model="models:/remission/1")
    said.append(str(caught.value))
    with pytest.raises(TrackingError) as caught:
        promote(make_bundle("second", created="2026 2"), "remission", force="a test of rights")
    said.append(str(caught.value))
    address = guarded.url.replace("//", f"//{ADMIN}:{SECRET}@")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME")
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    forget()
    assert predict(PATIENT, model="models:/remission/1").to_dict() == online.to_dict()
    guarded.kill()
    forget()
    with pytest.warns(CopyWarning) as warned:
        predict(PATIENT, model="models:/remission/1")
    said += [str(one.message) for one in warned]
    written = [*bundle.rglob("*"), *(tmp_path / "copies").rglob("*"), guarded.log]
    written += list((guarded.folder / "files").rglob("*"))
    said += [path.read_bytes().decode("latin-1") for path in written if path.is_file()]
    for secret in (SECRET, "pf2-Schranke-663"):
        assert not [text[:200] for text in said if secret in text]


def test_a_copy_is_no_way_around_a_refusal(
    guarded: Service, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", ADMIN)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", guarded.url)
    send_bundle(bundle, TrackingSettings("trial", guarded.url, "remission"), version="0.1.0")
    predict(PATIENT, model="models:/remission/1")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "withdrawn")
    forget()
    with pytest.raises(TrackingError, match="refuses these credentials"):
        predict(PATIENT, model="models:/remission/1")


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, dict[str, str]]]:
    """A store that speaks S3, and how a program finds it."""
    try:
        import boto3
        import moto.server  # noqa: F401 - started as a program of its own
    except ModuleNotFoundError:
        absent("moto and boto3 (pip install '.[dev]')")
    port = free_port()
    folder = tmp_path / "s3"
    folder.mkdir()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    service = Service(command, port, folder, "/moto-api/")
    service.start()
    found = {
        "MLFLOW_S3_ENDPOINT_URL": service.url,
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for key, value in found.items():
        if key.startswith("AWS_"):
            monkeypatch.setenv(key, value)
    boto3.client("s3", endpoint_url=service.url).create_bucket(Bucket="models")
    for key in found:  # the server alone has them
        monkeypatch.delenv(key, raising=False)
    yield "s3://models/files", found
    service.kill()


def test_files_in_an_s3_store_behind_the_server_are_reached_without_its_keys(
    database: str,
    bucket: tuple[str, dict[str, str]],
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files, environment = bucket
    folder = tmp_path / "server"
    folder.mkdir()
    backend = _of_its_own(database, "s3")
    server = _serving(folder, backend, files, workers=1, environment=environment)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    try:
        send_bundle(bundle, TrackingSettings("trial", server.url, "remission"), version="0.1.0")
        answer = predict(PATIENT, model="models:/remission@champion")
        assert answer.to_dict() == predict(PATIENT, model=bundle).to_dict()
        assert not (folder / "mlartifacts").exists()
        address = f"{environment['MLFLOW_S3_ENDPOINT_URL']}/models?list-type=2"
        with urllib.request.urlopen(address, timeout=30) as listed:  # noqa: S310 - loopback
            assert b"artifacts/bundle/manifest.json</Key>" in listed.read()
    finally:
        server.kill()


def test_the_database_s_password_is_in_nothing_that_the_server_s_users_see(
    team: Service, bundle: Path, name: str
) -> None:
    sent = send_bundle(bundle, TrackingSettings(name, team.url), version="0.1.0")
    run = _client(team.url).get_run(sent.run_id)
    assert PASSWORD not in repr(run)
    start = time.monotonic()
    with pytest.raises(TrackingError) as caught:
        predict(PATIENT, model=f"models:/{name}@nobody")
    assert time.monotonic() - start < 60
    assert PASSWORD not in str(caught.value)
