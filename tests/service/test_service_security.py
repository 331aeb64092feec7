"""The gate: who may ask, how much and how long, what is sent along, and what is never said."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from made_bundles import FULL
from starlette.testclient import TestClient

from predictor.errors import PredictorError
from predictor.service import served
from predictor.service.app import create_app
from predictor.service.problems import ProblemError
from predictor.service.security import Gate, Limits
from predictor.service.served import load_served
from predictor.service.token import TokenCheck, read_token

TOKEN = "a-token-made-for-a-test"  # noqa: S105 - guards nothing


@pytest.fixture
def guarded(made_up: Path) -> TestClient:
    """A client of a server for other machines."""
    return TestClient(create_app([made_up], token=TOKEN, hosts=None), base_url="http://clinic.test")


def basic(password: str, user: str = "anybody") -> dict[str, str]:
    coded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"authorization": f"Basic {coded}"}


HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}
OF_PAGES = {"x-frame-options": "DENY", "cross-origin-opener-policy": "same-origin"}


@pytest.mark.parametrize("path", ["/", "/health", "/models", "/static/page.css", "/x", "/predict"])
def test_every_response_carries_the_headers_of_security(client: TestClient, path: str) -> None:
    found = client.get(path)
    assert HEADERS.items() <= dict(found.headers).items()
    assert found.headers["referrer-policy"] == ("same-origin" if path == "/" else "no-referrer")
    assert "set-cookie" not in found.headers
    if path == "/":
        assert OF_PAGES.items() <= dict(found.headers).items()


def test_without_the_token_nothing_is_told(guarded: TestClient) -> None:
    for path in ("/", "/models", "/openapi.json", "/static/page.css", "/x"):
        found = guarded.get(path)
        assert found.status_code == 401
        assert found.headers.get_list("www-authenticate") == [
            'Bearer realm="predictor"',
            'Basic realm="predictor", charset="UTF-8"',
        ]
    assert guarded.post("/predict", json={"patient": FULL}).status_code == 401
    assert guarded.get("/health").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"authorization": f"Bearer {TOKEN}"}, {"authorization": f"bearer  {TOKEN} "}, basic(TOKEN)],
)
def test_the_token_opens_for_programs_and_for_browsers(
    guarded: TestClient, headers: dict[str, str]
) -> None:
    assert guarded.post("/predict", json={"patient": FULL}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": TOKEN},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": "Bearer"},
        {"authorization": "Bearer é"},
        {"authorization": "Basic !"},
        {"authorization": "Basic " + "A" * 1001},
        {"authorization": f"Digest {TOKEN}"},
        basic(""),
        basic("wrong", TOKEN),
    ],
)
def test_anything_else_does_not(guarded: TestClient, headers: dict[str, Any]) -> None:
    raw = {name: text.encode("latin-1") for name, text in headers.items()}
    assert guarded.get("/models", headers=raw).status_code == 401


@pytest.mark.parametrize("other", ["Bearer wrong", f"Bearer {TOKEN}"])
def test_two_headers_with_a_token_do_not_open(guarded: TestClient, other: str) -> None:
    right = ("Authorization", f"Bearer {TOKEN}")
    for headers in ([right, ("Authorization", other)], [("Authorization", other), right]):
        assert guarded.get("/models", headers=headers).status_code == 401
    assert guarded.get("/models", headers=[right]).status_code == 200


def test_tokens_are_compared_by_digests_of_one_length(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((len(a), len(b)))
        return a == b

    monkeypatch.setattr("hmac.compare_digest", compare)
    check = TokenCheck(TOKEN)
    assert check.accepts(f"Bearer {TOKEN}".encode())
    assert not check.accepts(b"Bearer x")
    assert compared == [(32, 32)] * 2


def test_a_token_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_token(file, {}) == TOKEN
    assert read_token(None, {"PREDICTOR_TOKEN": TOKEN}) == TOKEN
    assert read_token(file, {"PREDICTOR_TOKEN": "another-long-enough-token"}) == TOKEN
    assert read_token(None, {}) is None


@pytest.mark.parametrize("given", ["", "short", "x" * 600, "with spaces in between", "ü" * 20])
def test_a_token_that_is_none_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(PredictorError, match="a token has 16 to 512") as refused:
        read_token(None, {"PREDICTOR_TOKEN": given})
    assert not given or given not in str(refused.value)


def test_a_long_file_is_no_token_and_no_table(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x" * 2000, encoding="utf-8")
    with pytest.raises(PredictorError, match=r"larger than 1 kB.*makes one") as caught:
        read_token(tmp_path / "token", {})
    assert "CSV" not in str(caught.value)


def test_a_server_for_any_host_needs_a_token(made_up: Path) -> None:
    with pytest.raises(ValueError, match="needs a token"):
        create_app([made_up], hosts=None)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("LOCALHOST.:9", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost@evil.example", 421),
        ("[::1", 200),
        ("", 421),
    ],
)
def test_a_name_of_the_outside_world_is_not_answered(
    client: TestClient, host: str, status: int
) -> None:
    """A page elsewhere may point its own name at this machine (DNS rebinding)."""
    assert client.get("/models", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)],
)
def test_a_form_of_another_site_is_refused(client: TestClient, site: str, status: int) -> None:
    found = client.post("/predict", json={"patient": FULL}, headers={"sec-fetch-site": site})
    assert found.status_code == status


FORM = {"model": "made-up", "value.c3": "70", "value.marker": "40", "value.fever": "no"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program
        ({"origin": "http://127.0.0.1:8000"}, 200),
        ({"origin": "https://127.0.0.1:8000"}, 200),  # behind a proxy that adds TLS
        ({"origin": "HTTP://127.0.0.1:8000"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://evil.example:8000"}, 403),
        ({"origin": "http://127.0.0.1"}, 403),
        ({"origin": "http://127.0.0.1:8001"}, 403),
        ({"origin": "http://127.0.0.1:8000.evil.example"}, 403),
        ({"origin": "http://127.0.0.1:8000@evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "file://"}, 403),
        ({"origin": "http://[::1"}, 403),
        ({"origin": "http://evil.example", "sec-fetch-site": "same-origin"}, 403),
        ({"origin": "http://127.0.0.1:8000", "sec-fetch-site": "cross-site"}, 403),
        ({"referer": "http://127.0.0.1:8000/"}, 200),
        ({"referer": "http://evil.example/127.0.0.1:8000"}, 403),
        ({"referer": "http://evil.example/", "origin": "http://127.0.0.1:8000"}, 200),
    ],
)
def test_a_form_is_taken_from_a_page_of_this_server_alone(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    assert client.post("/", data=FORM, headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/predict", "/predict/fhir"])
def test_json_is_not_taken_from_the_page_of_another_site(client: TestClient, path: str) -> None:
    found = client.post(path, json={}, headers={"origin": "http://evil.example"})
    assert found.status_code == 403
    assert found.json()["type"] == "urn:predictor:problem:other-site"


def test_the_name_in_an_origin_needs_no_port_where_the_host_has_none(client: TestClient) -> None:
    for origin in ("http://localhost", "https://LOCALHOST", "http://localhost:80"):
        headers = {"host": "localhost", "origin": origin}
        assert client.post("/", data=FORM, headers=headers).status_code == 200, origin
    headers = {"host": "[::1]:8000", "origin": "http://[::1]:8000"}
    assert client.post("/", data=FORM, headers=headers).status_code == 200


def test_a_token_by_password_does_not_open_the_form_to_other_sites(made_up: Path) -> None:
    """A browser sends the password on its own; the page that makes it ask must be ours."""
    client = TestClient(create_app([made_up], token="a" * 32), base_url="http://127.0.0.1:8000")
    password = ("x", "a" * 32)
    assert client.post("/", data=FORM, auth=password).status_code == 200
    evil = {"origin": "http://evil.example"}
    assert client.post("/", data=FORM, auth=password, headers=evil).status_code == 403


def test_a_page_lets_its_own_form_say_where_it_is_from(client: TestClient) -> None:
    """With no-referrer a browser would send ``Origin: null``."""
    assert client.get("/").headers["referrer-policy"] == "same-origin"
    assert client.get("/models").headers["referrer-policy"] == "no-referrer"


def test_a_large_body_is_refused_announced_or_not(client: TestClient) -> None:
    body = b'{"patient": {"c3": "' + b"x" * 1_000_000 + b'"}}'
    announced = client.post("/predict", content=body)
    chunked = client.post("/predict", content=iter([body[:600_000], body[600_000:]]))
    for found in (announced, chunked):
        assert found.status_code == 413
        assert found.json()["detail"] == "At most 1000 kB are read: one patient, one request."
        assert found.headers["connection"] == "close"


@pytest.mark.parametrize("announced", ["99999999999999999999", "1000001"])
def test_an_announced_length_is_enough_to_refuse(client: TestClient, announced: str) -> None:
    found = client.post("/predict", content=b"{}", headers={"content-length": announced})
    assert found.status_code == 413


def run_gate(gate: Gate, receive: Any, **scope: Any) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    whole = {"type": "http", "method": "POST", "path": "/predict", "headers": [], **scope}
    asyncio.run(gate(whole, receive, send))
    return sent


def gate(app: Any, **limits: float) -> Gate:
    from predictor.service.app import _respond

    return Gate(app, limits=Limits(**limits), token=None, hosts=None, respond=_respond)  # type: ignore[arg-type]


async def whole() -> dict[str, Any]:
    return {"type": "http.request", "body": b"{}", "more_body": False}


async def never(*_: Any) -> Any:
    await asyncio.sleep(60)


def test_a_body_that_never_ends_is_given_up() -> None:
    sent = run_gate(gate(never, receive_seconds=0.05), never)
    assert sent[0]["status"] == 408


def test_an_answer_that_takes_too_long_is_given_up(made_up: Path) -> None:
    async def wait() -> None:
        await load_served([made_up], seconds=0.05).aside(lambda: time.sleep(0.5))

    with pytest.raises(ProblemError) as given_up:
        asyncio.run(wait())
    assert given_up.value.problem.status == 503


def test_a_client_that_leaves_is_answered_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    caplog.set_level(logging.INFO, "predictor.service")
    assert run_gate(gate(never), gone) == []
    assert "499" in caplog.text


def test_a_fault_of_ours_is_told_without_its_text(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("c3 of this patient is 77123")

    monkeypatch.setattr(served, "predict", broken)
    found = client.post("/predict", json={"patient": FULL})
    assert found.status_code == 500
    assert found.json()["type"] == "urn:predictor:problem:internal-error"
    assert "77123" not in found.text + caplog.text
    assert "RuntimeError at test_service_security.py" in caplog.text


def test_a_fault_within_an_answer_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("77123")

    sent = run_gate(gate(half), whole)
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert "77123" not in caplog.text


TYPED = "77123"


def test_no_log_line_holds_anything_that_a_client_sent(
    guarded: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"authorization": f"Bearer {TOKEN}", "user-agent": TYPED}
    requests = [
        ("POST", "/predict", {"json": {"patient": {"c3": -int(TYPED), TYPED: TYPED}}}),
        ("POST", "/predict", {"json": {"patient": FULL | {"patient": TYPED}}}),
        ("POST", "/predict", {"content": b'{"' + TYPED.encode()}),
        ("POST", "/", {"data": {"model": "made-up", "value.c3": TYPED, "patient": TYPED}}),
        ("POST", "/", {"data": {"model": TYPED}}),
        ("GET", f"/?model={TYPED}&c3={TYPED}", {}),
        ("GET", f"/{TYPED}?x={TYPED}", {}),
        ("GET", f"/static/{TYPED}", {}),
        (f"M{TYPED}", "/predict", {}),
    ]
    for method, path, given in requests:
        guarded.request(method, path, headers=headers, **given)
    ours = [record for record in caplog.records if record.name == "predictor.service"]
    assert len(ours) == len(requests)
    lines = [record.getMessage() for record in ours]
    assert lines[0].startswith("POST /predict 422 ")
    assert lines[6].startswith("GET - 404 ")
    assert lines[7].startswith("GET - 404 ")
    assert lines[8].startswith("- ")
    written = "".join(capfd.readouterr()) + "\n".join(lines)
    assert TYPED not in written
    assert TOKEN not in written
