"""Where runs go and whether that place answers, without mlflow and within ten seconds."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from predictor.errors import TrackingError
from predictor.tracking import store
from predictor.tracking.store import check_reachable, resolve_uri, strip_credentials


@contextmanager
def _answering(status: int, body: bytes) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A web server on loopback that gives every request one answer, and keeps the headers."""
    seen: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({"path": self.path, **dict(self.headers)})
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def _closed_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield listener.getsockname()[1]


def test_default_is_a_database_in_the_working_directory() -> None:
    assert resolve_uri(None) == "sqlite:///mlflow.db"


def test_environment_overrides_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5001")
    assert resolve_uri(None) == "http://127.0.0.1:5001"


def test_config_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5001")
    assert resolve_uri("sqlite:///own.db") == "sqlite:///own.db"


@pytest.mark.parametrize("scheme", ["http", "postgresql", "postgresql+psycopg2"])
def test_closed_port_is_reported_at_once(scheme: str) -> None:
    start = time.monotonic()
    with pytest.raises(TrackingError, match="nobody listens at this address"):
        check_reachable(f"{scheme}://127.0.0.1:{_closed_port()}")
    assert time.monotonic() - start < 10


def test_server_that_never_answers_is_reported_within_ten_seconds(silent_port: int) -> None:
    start = time.monotonic()
    with pytest.raises(TrackingError, match="no answer within"):
        check_reachable(f"http://127.0.0.1:{silent_port}")
    assert time.monotonic() - start < 10


def test_server_that_drips_bytes_is_reported_within_ten_seconds() -> None:
    stop = threading.Event()
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not stop.wait(0.5):
                    connection.sendall(b"H")

        threading.Thread(target=drip, daemon=True).start()
        start = time.monotonic()
        with pytest.raises(TrackingError, match="no answer within 8 s"):
            check_reachable(f"http://127.0.0.1:{listener.getsockname()[1]}")
        stop.set()
    assert time.monotonic() - start < 10


def test_name_resolution_that_hangs_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: hanging.wait(60))
    monkeypatch.setattr(store, "_DEADLINE", 0.5)
    start = time.monotonic()
    with pytest.raises(TrackingError, match="no answer"):
        check_reachable("http://mlflow.invalid:5000")
    hanging.set()
    assert time.monotonic() - start < 10


def test_unknown_host_name_is_said() -> None:
    with pytest.raises(TrackingError, match=r"host name is unknown|no answer"):
        check_reachable("http://no-such-host.invalid:5000")


@pytest.mark.parametrize(
    "uri", ["ftp://127.0.0.1/x", "gopher:///x", "http://", "databricks://profile", "http://[::1"]
)
def test_address_of_no_known_kind_is_refused(uri: str) -> None:
    with pytest.raises(TrackingError, match=r"not supported|no address"):
        check_reachable(uri)


@pytest.mark.parametrize("uri", ["file:///x/mlruns", "mlruns", "./mlruns"])
def test_plain_folder_is_refused_with_the_alternative(uri: str) -> None:
    with pytest.raises(TrackingError, match=r"plain folders.*sqlite:///mlflow\.db"):
        check_reachable(uri)


def test_web_server_that_is_not_mlflow_is_told_apart() -> None:
    with (
        _answering(200, b"<html>hello</html>") as (address, _),
        pytest.raises(TrackingError, match="not an MLflow server"),
    ):
        check_reachable(f"http://{address}")
    with (
        _answering(404, b"") as (address, _),
        pytest.raises(TrackingError, match=r"not an MLflow server \(HTTP 404\)"),
    ):
        check_reachable(f"http://{address}")


def test_refused_credentials_name_the_environment_variables() -> None:
    with (
        _answering(401, b"") as (address, _),
        pytest.raises(TrackingError, match="MLFLOW_TRACKING_USERNAME"),
    ):
        check_reachable(f"http://{address}")


def test_failing_server_is_reported() -> None:
    with _answering(503, b"") as (address, _), pytest.raises(TrackingError, match="HTTP 503"):
        check_reachable(f"http://{address}")


def test_mlflow_behind_a_path_is_asked_there_with_the_credentials_of_the_address() -> None:
    with _answering(200, json.dumps({}).encode()) as (address, seen):
        check_reachable(f"http://ann:s%40cret@{address}/mlflow/")
    assert seen[0]["path"].startswith("/mlflow/api/2.0/mlflow/experiments/search")
    assert seen[0]["Authorization"] == "Basic YW5uOnNAY3JldA=="  # printf 'ann:s@cret' | base64


def test_token_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "abc")
    with _answering(200, b"{}") as (address, seen):
        check_reachable(f"http://{address}")
    assert seen[0]["Authorization"] == "Bearer abc"


def test_credentials_of_mlflows_own_file_are_sent() -> None:
    Path(".mlflow").mkdir()
    Path(".mlflow/credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = ann\nmlflow_tracking_password = s@cret\n"
    )
    with _answering(200, b"{}") as (address, seen):
        check_reachable(f"http://{address}")
    assert seen[0]["Authorization"] == "Basic YW5uOnNAY3JldA=="


@pytest.mark.parametrize(
    "make",
    [
        lambda: f"http://ann:s3cret@127.0.0.1:{_closed_port()}",
        lambda: f"postgresql://ann:s3cret@127.0.0.1:{_closed_port()}/mlflow",
        lambda: "ftp://ann:s3cret@example.org",
    ],
)
def test_no_password_in_any_message(make: Callable[[], str]) -> None:
    with pytest.raises(TrackingError, match=r"127\.0\.0\.1|example\.org") as caught:
        check_reachable(make())
    assert "s3cret" not in str(caught.value)
    assert "ann" not in str(caught.value)


def test_credentials_are_stripped_from_any_text() -> None:
    assert (
        strip_credentials("x postgresql://u:p@h/db y http://h2")
        == "x postgresql://h/db y http://h2"
    )


def test_new_database_in_a_writable_folder_is_fine(tmp_path: Path) -> None:
    check_reachable(f"sqlite:///{tmp_path / 'new.db'}")
    check_reachable("sqlite:///new.db")
    assert not (tmp_path / "new.db").exists()


def test_existing_database_is_fine(store: str) -> None:
    check_reachable(store)


def test_missing_folder_of_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="does not exist"):
        check_reachable(f"sqlite:///{tmp_path / 'nowhere' / 'mlflow.db'}")


def test_unwritable_folder_of_a_database_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # os.access is replaced because the tests may run as root, who may write anywhere.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(TrackingError, match="nothing can be written"):
        check_reachable(f"sqlite:///{tmp_path / 'mlflow.db'}")


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is a text, long enough to be read as a header" * 20)
    with pytest.raises(TrackingError, match="no SQLite database"):
        check_reachable("sqlite:///mlflow.db")


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///:memory:", "sqlite:///?x=1"])
def test_database_in_memory_is_refused(uri: str) -> None:
    with pytest.raises(TrackingError, match="in memory"):
        check_reachable(uri)


def test_check_imports_neither_mlflow_nor_pandas() -> None:
    program = (
        "import sys\n"
        "from predictor.tracking.store import check_reachable\n"
        "import predictor.tracking.sending\n"
        "check_reachable('sqlite:///new.db')\n"
        "found = {'mlflow', 'pandas', 'sklearn', 'requests'} & set(sys.modules)\n"
        "assert not found, found\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(store.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
