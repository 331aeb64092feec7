"""The gate that every request passes: who asks, how much, how long; and what is said about it.

A pure ASGI layer around everything else. What it writes into the log is the method, the path if
it is one of ours, the status and the time: nothing that a client sent, for that could hold a
patient's value. Nothing raised further in gets past it either, for the same reason.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.service.origin import is_from_elsewhere
from predictor.service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from predictor.service.token import TokenCheck

log = logging.getLogger("predictor.service")

OPEN = {"/health"}
"""Paths that say nothing and need no token, so that a monitor can look at them."""

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

_HEADERS = [
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
DATA_HEADERS = [*_HEADERS, (b"referrer-policy", b"no-referrer")]
_PAGE_HEADERS = [
    *_HEADERS,
    # Nothing to others; with no-referrer a browser would say of our own form that it is of "null".
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
_ADDRESSES = {
    "/",
    "/health",
    "/models",
    "/openapi.json",
    "/predict",
    "/predict/fhir",
    "/static/icon.svg",
    "/static/page.css",
}
"""What a line of the log may name; any other path is something that a client made up."""

_GONE = 499  # the status by which logs tell that a client left


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long.

    Parameters
    ----------
    body_bytes
        Of a request.
    header_bytes
        Of all headers of a request together.
    receive_seconds
        Until a request has arrived as a whole; the headers have as long again.
    answer_seconds
        Until an answer is made.
    """

    body_bytes: int = 1_000_000
    header_bytes: int = 16_384
    receive_seconds: float = 10.0
    answer_seconds: float = 30.0


class Gate:
    """Checks a request, hands it on with its whole body, and guards the response.

    Parameters
    ----------
    app
        What answers.
    limits
        How much and how long.
    token
        None where everybody who reaches the server may ask.
    hosts
        Names under which a browser may reach the server; None for any. A page of the outside world
        can point a name of its own at this machine, and would then be asked here.
    respond
        Makes a response of a problem, for a request with these headers.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        token: TokenCheck | None,
        hosts: frozenset[str] | None,
        respond: Callable[[Problem, dict[bytes, bytes]], Response],
    ) -> None:
        self._app = app
        self._limits = limits
        self._token = token
        self._hosts = hosts
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        reply = Reply(send)
        if scope["method"] == "HEAD":  # answered as GET; the server leaves the body out
            scope = {**scope, "method": "GET"}
            reply.method = "HEAD"
        else:
            reply.method = scope["method"]
        headers = dict(scope["headers"])
        try:
            await self._answer(scope, headers, receive, reply)
        except ProblemError as refused:
            await self._tell(refused.problem, headers, scope, receive, reply)
        except Exception as error:  # noqa: BLE001 - a fault of ours; its text could hold a value
            log.error("internal error (%s)", _place(error))  # noqa: TRY400 - no trace, for the same reason
            problem = Problem(500, "internal-error", "Nothing of the request was kept.")
            await self._tell(problem, headers, scope, receive, reply)
        if log.isEnabledFor(logging.INFO):
            method = reply.method if reply.method in _METHODS else "-"
            path = scope["path"] if scope["path"] in _ADDRESSES else "-"
            spent = 1000 * (time.perf_counter() - start)
            log.info("%s %s %d %.1f ms", method, path, reply.status, spent)

    async def _answer(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, reply: Reply
    ) -> None:
        self._check(scope, headers)
        body = await self._body(headers, receive)
        if body is None:
            reply.status = _GONE
            return
        await self._app(scope, _whole(body, receive), reply)

    def _check(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        given = scope["headers"]
        if sum(len(name) + len(value) + 4 for name, value in given) > self._limits.header_bytes:
            detail = f"At most {self._limits.header_bytes // 1000} kB of headers are read."
            raise ProblemError(Problem(431, "too-large", detail, headers={"Connection": "close"}))
        if self._hosts is not None and _name(headers.get(b"host", b"")) not in self._hosts:
            raise ProblemError(
                Problem(421, "unknown-host", "Use the address that the server printed.")
            )
        if (
            self._token is not None
            and scope["path"] not in OPEN
            # Of two, one could be what a proxy has checked and the other what is read here.
            and (
                sum(name == b"authorization" for name, _ in given) != 1
                or not self._token.accepts(headers[b"authorization"])
            )
        ):
            raise ProblemError(
                Problem(401, "token-needed", "Send Authorization: Bearer TOKEN, or sign in.")
            )
        if scope["method"] == "POST" and is_from_elsewhere(headers):
            raise ProblemError(Problem(403, "other-site", "Open the page of this server itself."))

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
        """The whole body; None if the client left before it had come."""
        limit = self._limits.body_bytes
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and (len(announced) > 18 or int(announced) > limit):
            raise ProblemError(self._too_large())
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.receive_seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    part = message.get("body", b"")
                    size += len(part)
                    if size > limit:
                        raise ProblemError(self._too_large())
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            detail = f"It must arrive within {self._limits.receive_seconds:g} seconds."
            raise ProblemError(
                Problem(408, "slow-request", detail, headers={"Connection": "close"})
            ) from None

    def _too_large(self) -> Problem:
        detail = f"At most {self._limits.body_bytes // 1000} kB are read: one patient, one request."
        return Problem(413, "too-large", detail, headers={"Connection": "close"})

    async def _tell(
        self,
        problem: Problem,
        headers: dict[bytes, bytes],
        scope: Scope,
        receive: Receive,
        reply: Reply,
    ) -> None:
        if reply.started:  # the answer had begun; the server closes the connection
            return
        response = self._respond(problem, headers)
        if problem.status == 401:  # the second is what makes a browser ask
            response.headers.append("www-authenticate", 'Bearer realm="predictor"')
            response.headers.append("www-authenticate", 'Basic realm="predictor", charset="UTF-8"')
        await response(scope, receive, reply)


class Reply:
    """Adds the headers of this house to a response, and remembers what was sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.method = ""
        self.status = 0
        self.started = False

    async def __call__(self, message: Message) -> None:
        """Send one message of a response."""
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            given = message.get("headers", ())
            page = any(value.startswith(b"text/html") for _, value in given)
            message["headers"] = [*given, *(_PAGE_HEADERS if page else DATA_HEADERS)]
        await self._send(message)


def _whole(body: bytes, receive: Receive) -> Receive:
    """Hand on a body that has already been read."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _name(host: bytes) -> str:
    """The name in a ``Host`` header, without its port."""
    text = host.decode("latin-1").strip().lower()
    name = text.partition("]")[0].lstrip("[") if text.startswith("[") else text.partition(":")[0]
    return name.rstrip(".")


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = Path(trace.tb_frame.f_code.co_filename).name
    return f"{type(error).__name__} at {file}:{trace.tb_lineno}"


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an IP address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
