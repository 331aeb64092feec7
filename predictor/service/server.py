"""Listening: one socket, one process, an end without half-given answers."""

from __future__ import annotations

import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from predictor.errors import PredictorError
from predictor.service.app import LOOPBACK_HOSTS, create_app
from predictor.service.problems import Problem, problem_response
from predictor.service.security import DATA_HEADERS, Limits, Reply, is_loopback
from predictor.service.token import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

_CONNECTIONS = 200
_BUSY = Problem(
    503,
    "busy",
    f"{_CONNECTIONS} connections are open already. Try again in a moment.",
    headers={"Retry-After": "5", "Connection": "close"},
)
_NO_HTTP = Problem(
    400,
    "no-http",
    "What was sent is no request of HTTP/1.1, or its headers are too long.",
    headers={"Connection": "close"},
)
_KEEP_ALIVE = 15
_LAST_ANSWERS = 10


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens.

    Parameters
    ----------
    host, port
        As they were given; port 0 takes any free one.
    certificate, key
        Files for TLS; None for plain HTTP.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What people must know when a server starts.

    Parameters
    ----------
    url
        For a browser.
    models
        Their names.
    sealed
        Whether nobody else on the network can read what is sent.
    """

    url: str
    models: tuple[str, ...]
    sealed: bool


def serve(
    models: Sequence[str | Path],
    address: Address,
    *,
    token: str | None,
    announce: Callable[[Announcement], None],
    limits: Limits | None = None,
) -> None:
    """Answer until the process is told to end.

    Parameters
    ----------
    models
        Folders of bundles, or names of shipped ones.
    address
        Where to listen.
    token
        What every request must carry; needed where other machines reach the server.
    announce
        Called once, when requests are heard.
    limits
        How much and how long; None for the defaults.

    Raises
    ------
    PredictorError
        If a model cannot be loaded, the place to listen is taken or unknown, or other machines
        could reach the server without a token.
    """
    limits = limits or Limits()
    family, place = _resolved(address)
    private = is_loopback(place[0])
    if not private and token is None:
        raise PredictorError(
            f"--host {address.host}",
            "other machines could reach the server, and no token is set",
            f"Give one with --token-file FILE or in {VARIABLE}, or listen on 127.0.0.1.",
        )
    hosts = LOOPBACK_HOSTS | {address.host.lower()} if private else None
    app = create_app(models, token=token, hosts=hosts, limits=limits)
    config = _config(app, address, limits)
    with _listening(family, place, address) as listener:
        port = listener.getsockname()[1]
        scheme = "http" if address.certificate is None else "https"
        host = f"[{address.host}]" if ":" in address.host else address.host
        url = f"{scheme}://{host}:{port}/"
        announce(Announcement(url, app.state.models, private or scheme == "https"))
        _run(uvicorn.Server(config), listener)


def _resolved(address: Address) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise PredictorError(
            f"--host {address.host[:100]}", "no such address", "Use 127.0.0.1."
        ) from None
    family, _, _, _, place = found[0]
    return family, place


def _listening(
    family: socket.AddressFamily, place: tuple[Any, ...], address: Address
) -> socket.socket:
    try:
        return socket.create_server(place, family=family, backlog=_CONNECTIONS)
    except OSError as error:
        raise PredictorError(
            f"{address.host}:{address.port}",
            f"the server cannot listen there ({os.strerror(error.errno or 0)})",
            "Choose another port with --port, or end what is listening there.",
        ) from None


def _config(app: FastAPI, address: Address, limits: Limits) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=partial(_PatientProtocol, patience=limits.receive_seconds),  # type: ignore[arg-type]
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_LAST_ANSWERS,
        h11_max_incomplete_event_size=limits.header_bytes,
        ssl_certfile=address.certificate,
        ssl_keyfile=address.key,
    )
    _log_to_stderr()
    try:
        config.load()
    except (OSError, ssl.SSLError):
        raise PredictorError(
            str(address.certificate),
            "the certificate and its key cannot be read or do not belong together",
            "Both are PEM files.",
        ) from None
    return config


def _log_to_stderr() -> None:
    """Our lines, and the server's warnings; neither holds what a client sent."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    for name, level in (("predictor.service", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False


class _Formatter(logging.Formatter):
    """Writes the time of day once a second, not once a line."""

    _second = -1
    _written = ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        if int(record.created) != self._second:
            self._second = int(record.created)
            self._written = super().formatTime(record, datefmt)
        return self._written


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    """Run until SIGINT or SIGTERM, which here is the ordinary end and no error."""
    # The server raises the signal anew once the last answer is given; this is who hears it then.
    before = {sig: signal.signal(sig, _heard) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)


def _heard(*_: object) -> None:
    pass


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    await problem_response(_BUSY)(scope, receive, Reply(send))


class _PatientProtocol(H11Protocol):
    """HTTP/1.1 that waits for the head of a request, but not for ever.

    The gate limits the time of a body. A client that connects and says nothing, or sends its
    headers a letter at a time, never gets that far; it is hung up on here. What is refused before
    the gate is told as the gate would tell it.
    """

    def __init__(self, *arguments: Any, patience: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._patience = patience
        self._deadline: Any = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > _CONNECTIONS:
            self.app = _busy
        # A socket that we opened ourselves is not given this by asyncio, and then the body of an
        # answer waits up to 40 ms for the client to acknowledge the head.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wait()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - it is in other words here
        response = problem_response(_NO_HTTP)
        head = h11.Response(status_code=400, headers=[*response.raw_headers, *DATA_HEADERS])
        for event in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._answering():
            self._stop_waiting()
        elif self._deadline is None:
            self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self._patience, self._hang_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        self._deadline = None
        if not self._answering() and not self.transport.is_closing():
            self.transport.close()
