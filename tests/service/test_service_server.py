"""The real server: sockets, slow clients, large bodies, its start and its end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from made_bundles import FULL

from predictor.errors import PredictorError
from predictor.service.security import Limits
from predictor.service.server import Address, serve

ROOT = Path(__file__).resolve().parents[2]
POST = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def connected(url: str) -> socket.socket:
    port = int(url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def spoken(url: str, *parts: bytes) -> bytes:
    """What comes back until the server hangs up."""
    with connected(url) as line:
        for part in parts:
            line.sendall(part)
        return heard(line)


def heard(line: socket.socket) -> bytes:
    found = b""
    while part := line.recv(65536):
        found += part
    return found


def one_answer(line: socket.socket) -> bytes:
    """One answer of a connection that stays open."""
    found = b""
    while b"\r\n\r\n" not in found:
        found += line.recv(65536)
    head, _, body = found.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    assert length is not None
    while len(body) < int(length[1]):
        body += line.recv(65536)
    return head


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.fixture(scope="module")
def url(live: Any, made_up: Path) -> Iterator[str]:
    """A server that loses patience soon."""
    with live(made_up, limits=Limits(receive_seconds=0.4, header_bytes=4096)) as address:
        yield address


def test_a_client_that_says_nothing_is_hung_up_on(url: str) -> None:
    start = time.perf_counter()
    assert spoken(url) == b""
    assert time.perf_counter() - start < 5


def test_headers_that_come_a_letter_at_a_time_are_hung_up_on(url: str) -> None:
    sent = 0
    with connected(url) as line:
        try:
            for letter in POST * 50:
                line.sendall(bytes([letter]))
                sent += 1
                time.sleep(0.02)
        except OSError:  # the server has gone
            pass
    assert sent < 200


def test_the_same_holds_for_the_second_request_of_a_connection(url: str) -> None:
    with connected(url) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert status(one_answer(line)) == 200
        line.sendall(b"GET /hea")
        start = time.perf_counter()
        assert heard(line) == b""
        assert time.perf_counter() - start < 5


def test_a_body_that_does_not_come_is_told_and_hung_up_on(url: str) -> None:
    found = spoken(url, POST, b"Content-Length: 100\r\n\r\n{")
    assert status(found) == 408
    assert b"application/problem+json" in found


def test_a_connection_can_be_used_again(url: str) -> None:
    with connected(url) as line:
        for _ in range(3):
            line.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert status(one_answer(line)) == 200
            time.sleep(0.1)


def test_an_answer_does_not_wait_for_acknowledgements(url: str) -> None:
    with connected(url) as line:
        start = time.perf_counter()
        for _ in range(20):
            line.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            one_answer(line)
        assert time.perf_counter() - start < 0.6  # 40 ms each without TCP_NODELAY


def test_headers_without_end_are_refused(url: str) -> None:
    with connected(url) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nX: " + b"x" * 200_000)
        assert status(line.recv(65536)) == 400


def test_many_whole_headers_are_refused_as_one_long_one_is(url: str) -> None:
    """The server itself limits only a head that has not come whole."""
    many = b"".join(b"X-%d: %s\r\n" % (i, b"x" * 80) for i in range(60))
    found = spoken(url, b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n" + many + b"\r\n")
    assert status(found) in (431, 400)  # 400 where the head arrived in pieces after all
    assert b"application/problem+json" in found


@pytest.mark.parametrize("sent", [b"\x00\x01\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000])
def test_what_never_reaches_the_gate_is_refused_in_its_words(url: str, sent: bytes) -> None:
    with connected(url) as line:
        line.sendall(sent)
        found = heard(line)
    assert status(found) == 400
    head, _, body = found.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"no-store" in head
    assert json.loads(body)["status"] == 400


def test_more_connections_than_are_kept_are_told_so(
    live: Any, made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor.service.server._CONNECTIONS", 2)
    ask = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with live(made_up) as address, connected(address) as first, connected(address) as second:
        for line in (first, second):
            line.sendall(ask)
            assert status(one_answer(line)) == 200
        with connected(address) as third:
            third.sendall(ask)
            found = one_answer(third)
        assert status(found) == 503
        assert b"application/problem+json" in found
        assert b"no-store" in found
        first.sendall(ask)
        assert status(one_answer(first)) == 200


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_100_mb_is_refused_before_it_has_come(url: str, *, announced: bool) -> None:
    piece = b"x" * 1_000_000
    with connected(url) as line:
        if announced:
            line.sendall(POST + b"Content-Length: 100000000\r\n\r\n")
        else:
            line.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            for _ in range(100):
                line.sendall(piece if announced else b"f4240\r\n" + piece + b"\r\n")
                sent += len(piece)
        except OSError:  # it has hung up, as it should
            pass
        try:
            answer = line.recv(65536)
        except OSError:
            answer = b""
    assert sent < 50_000_000
    assert answer == b"" or status(answer) == 413
    assert (
        status(spoken(url, b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        == 200
    )


@pytest.mark.parametrize(
    "request_line",
    [b"\x00\x01\x02", b"GET", b"GET / HTTP/9.9", b"GET http://evil HTTP/1.1", b"PRI * HTTP/2.0"],
)
def test_what_is_no_http_is_refused(url: str, request_line: bytes) -> None:
    answer = spoken(url, request_line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert answer == b"" or status(answer) < 500


def test_two_lengths_are_refused(url: str) -> None:
    found = spoken(url, POST, b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}")
    assert status(found) == 400


def test_the_answer_does_not_say_which_server_it_is(url: str) -> None:
    found = spoken(url, b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b"\r\nserver:" not in found.lower()


@contextmanager
def command(*arguments: str, **environment: str) -> Iterator[tuple[Any, str]]:
    """The command in a process of its own, once it has said where it is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "predictor", "serve", *arguments, "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # what comes after the first line is left for the test
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        found = re.search(r"https?://\S+", line)
        assert found is not None, line + process.stderr.read().decode()
        yield process, found[0].rstrip("/")
    finally:
        process.kill()
        process.communicate()


def asked(url: str, body: object, *headers: bytes) -> bytes:
    content = json.dumps(body).encode()
    length = b"Content-Length: %d\r\n" % len(content)
    return spoken(url, POST, *headers, length, b"Connection: close\r\n\r\n", content)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_end(made_up: Path, end: signal.Signals) -> None:
    with command(str(made_up)) as (process, url):
        answer = asked(url, {"patient": FULL | {"patient": "77123"}})
        assert status(answer) == 200
        process.send_signal(end)
        stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 0
    assert stdout == b""
    lines = stderr.decode().splitlines()
    assert re.fullmatch(r"\S+ POST /predict 200 [0-9.]+ ms", lines[0])
    assert lines[1:] == ["Stopped."]


def test_an_answer_that_has_begun_is_finished_before_the_end(made_up: Path) -> None:
    content = json.dumps({"patient": FULL}).encode()
    with command(str(made_up)) as (process, url), connected(url) as line:
        line.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(content) + content[:10])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        line.sendall(content[10:])
        assert status(heard(line)) == 200
        assert process.wait(timeout=20) == 0


def test_with_a_token_other_machines_may_ask(made_up: Path) -> None:
    token = "a-token-made-for-a-test"  # noqa: S105 - guards nothing
    with command(str(made_up), "--host", "0.0.0.0", PREDICTOR_TOKEN=token) as (process, url):  # noqa: S104
        assert status(asked(url, {"patient": FULL})) == 401
        header = f"Authorization: Bearer {token}\r\n".encode()
        assert status(asked(url, {"patient": FULL}, header)) == 200
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=20)
    assert b"the network can read what is sent" in stderr
    assert token.encode() not in stderr


def refused(*arguments: str, program: str = "-m predictor", **environment: str) -> tuple[int, str]:
    finished = subprocess.run(
        [sys.executable, *program.split(maxsplit=1), "serve", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PREDICTOR_TOKEN": "", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in finished.stderr
    return finished.returncode, finished.stderr


def test_a_taken_port_is_told_in_one_line(made_up: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        address = Address(port=port)
        with pytest.raises(PredictorError, match=f"127.0.0.1:{port}: the server cannot listen"):
            serve([made_up], address, token=None, announce=lambda _: None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - what is refused
def test_other_machines_are_not_let_in_without_a_token(made_up: Path, host: str) -> None:
    with pytest.raises(PredictorError, match="other machines could reach the server"):
        serve([made_up], Address(host=host), token=None, announce=lambda _: None)


def test_an_address_that_does_not_exist_is_refused(made_up: Path) -> None:
    address = Address(host="no such host")
    with pytest.raises(PredictorError, match="no such address"):
        serve([made_up], address, token=None, announce=lambda _: None)


def test_a_certificate_that_is_none_is_refused(made_up: Path, tmp_path: Path) -> None:
    file = tmp_path / "certificate.pem"
    file.write_text("nothing")
    address = Address(port=0, certificate=file, key=file)
    with pytest.raises(PredictorError, match="the certificate and its key cannot be read"):
        serve([made_up], address, token=None, announce=lambda _: None)


def test_bad_usage_ends_with_2(made_up: Path) -> None:
    code, told = refused("no-such-model", "--port", "0", PREDICTOR_TOKEN="x" * 20)
    assert (code, "no such bundle" in told) == (2, True)
    code, told = refused(str(made_up), "--key", "key.pem")
    assert (code, "belong together" in told) == (2, True)
    code, told = refused(str(made_up))
    assert (code, "PREDICTOR_TOKEN: a token has" in told) == (2, True)


def test_without_the_extra_the_command_says_how_to_get_it(made_up: Path, tmp_path: Path) -> None:
    program = tmp_path / "without.py"
    program.write_text(
        "import sys\nsys.modules['fastapi'] = None\nfrom predictor import cli\ncli.main()\n"
    )
    code, told = refused(str(made_up), program=str(program), PREDICTOR_TOKEN="x" * 20)
    assert code == 2
    assert told == (
        "predictor: predictor serve: fastapi is not installed. Install the extra: "
        'python -m pip install "sle-ivig-predictor[serve]"\n'
    )
