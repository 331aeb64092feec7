"""Where runs are sent, and whether that place answers; asked before any fitting, without mlflow.

MLflow's own client retries an unreachable server for minutes, so the question is asked here with
plain sockets and one deadline.
"""

from __future__ import annotations

import base64
import configparser
import json
import os
import queue
import re
import socket
import sqlite3
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from predictor.errors import TrackingError, UnreachableError

DEFAULT_URI = "sqlite:///mlflow.db"
"""A database in the working directory, which `mlflow ui` finds without further options."""

_DEADLINE = 8.0
"""Seconds for the whole check, name resolution included; the promise to the user is ten."""

_PATIENCE = 5.0
"""Seconds for one connection or one answer."""

_DATABASE_PORTS = {"postgresql": 5432, "postgres": 5432, "mysql": 3306, "mssql": 1433}

_PROBE = "/api/2.0/mlflow/experiments/search?max_results=1"


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """Where a run goes.

    Parameters
    ----------
    experiment
        Name of the MLflow experiment; made when it is new.
    uri
        Address of the store; None means the environment's, else a database in the working
        directory.
    register_as
        Name in the model registry, or None to register nothing.
    """

    experiment: str
    uri: str | None = None
    register_as: str | None = None


def resolve_uri(configured: str | None) -> str:
    """Address of the store: the config wins over ``MLFLOW_TRACKING_URI``, that over the default.

    >>> resolve_uri("http://127.0.0.1:5000")
    'http://127.0.0.1:5000'
    """
    return configured or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI


def strip_credentials(text: str) -> str:
    """Remove user names and passwords from every address in a text.

    >>> strip_credentials("no answer from https://ann:secret@mlflow.example:5000/x")
    'no answer from https://mlflow.example:5000/x'
    """
    return re.sub(r"(\w://)[^\s/]*@", r"\1", text)


def sqlite_path(uri: str) -> Path | None:
    """File of a SQLite address, relative to the working directory; None for any other address.

    >>> str(sqlite_path("sqlite:///mlflow.db"))
    'mlflow.db'
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme.split("+")[0] != "sqlite":
        return None
    path = rest.partition("?")[0].removeprefix("/")
    if not path or path == ":memory:":
        raise TrackingError(
            uri,
            "a database in memory would be lost when the command ends",
            "Name a file: sqlite:///mlflow.db.",
        )
    return Path(unquote(path))


def check_reachable(uri: str) -> None:
    """Say within ten seconds whether a store can take a run; import no mlflow.

    Parameters
    ----------
    uri
        As :func:`resolve_uri` gave it.

    Raises
    ------
    TrackingError
        If nobody listens, nobody answers, the answer is not MLflow's, the credentials are
        refused, or a database file cannot be written. The message holds no credentials.
    """
    shown = strip_credentials(uri)
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise TrackingError(shown, "this is no address", _EXAMPLES) from None
    dialect = parts.scheme.split("+")[0]
    path = sqlite_path(uri)
    if path is not None:
        _check_sqlite(path, shown)
    elif dialect in {"http", "https"} and parts.hostname:
        _within_deadline(lambda: _check_server(parts, shown), shown)
    elif dialect in _DATABASE_PORTS:
        if parts.hostname:  # otherwise a local socket file, which the driver finds
            address = (parts.hostname, port or _DATABASE_PORTS[dialect])
            _within_deadline(lambda: _check_port(address, shown), shown)
    elif dialect == "file" or "://" not in uri:
        raise TrackingError(
            shown,
            "MLflow no longer keeps runs in plain folders",
            "Use a database instead: sqlite:///mlflow.db.",
        )
    else:
        raise TrackingError(shown, "this kind of store is not supported", _EXAMPLES)


_EXAMPLES = (
    "Use sqlite:///FILE, http(s)://HOST:PORT or postgresql://HOST/NAME, in the config's "
    "tracking.uri or in MLFLOW_TRACKING_URI."
)

_SILENT = (
    "Start the server, correct the address (tracking.uri or MLFLOW_TRACKING_URI), or train "
    "without tracking and send the bundle later with `predictor track`."
)


def _within_deadline(task: Callable[[], None], shown: str) -> None:
    # A thread, because name resolution cannot be given a time limit; as a daemon it does not
    # keep the program from ending.
    outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def run() -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
            outcome.put(error)
        else:
            outcome.put(None)

    threading.Thread(target=run, name="tracking-check", daemon=True).start()
    try:
        error = outcome.get(timeout=_DEADLINE)
    except queue.Empty:
        raise UnreachableError(shown, f"no answer within {_DEADLINE:.0f} s", _SILENT) from None
    if error is not None:
        raise error


def _check_sqlite(path: Path, shown: str) -> None:
    folder = path.absolute().parent
    if not folder.is_dir():
        raise TrackingError(shown, f"the folder {folder} does not exist", "Make it first.")
    if not path.exists():
        if not os.access(folder, os.W_OK | os.X_OK):
            raise TrackingError(shown, f"nothing can be written in {folder}", "Name another place.")
        return
    if not path.is_file() or not os.access(path, os.R_OK | os.W_OK):
        raise TrackingError(shown, "the file cannot be read and written", "Name another file.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise TrackingError(shown, f"SQLite must write beside its file in {folder}", "Allow it.")
    try:
        with closing(sqlite3.connect(path, timeout=1.0)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError:
        return  # locked by another run just now, which is no reason to refuse
    except sqlite3.DatabaseError:
        raise TrackingError(shown, "the file is no SQLite database", "Name another file.") from None


def _check_port(address: tuple[str, int], shown: str) -> None:
    try:
        socket.create_connection(address, timeout=_PATIENCE).close()
    except OSError as error:
        raise UnreachableError(shown, _why(error), _SILENT) from None


def _check_server(parts: SplitResult, shown: str) -> None:
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    url = f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}{_PROBE}"
    request = urllib.request.Request(url, headers=_authorization(parts))  # noqa: S310 - http(s) only
    handler = urllib.request.HTTPSHandler(context=_tls_context(shown))
    try:
        with urllib.request.build_opener(handler).open(request, timeout=_PATIENCE) as response:
            answer = response.read(1_000_000)
    except urllib.error.HTTPError as error:
        _explain_status(error.code, shown)
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(shown, _why(reason), _SILENT) from None
    try:
        known = isinstance(json.loads(answer), dict)
    except ValueError:
        known = False
    if not known:
        raise TrackingError(shown, "something answers, but not an MLflow server", _EXAMPLES)


def _explain_status(status: int, shown: str) -> None:
    if status in {401, 403}:
        if os.environ.get("MLFLOW_TRACKING_AUTH") or os.environ.get("MLFLOW_TRACKING_AWS_SIGV4"):
            return  # a plugin of MLflow signs the requests; only MLflow can tell
        raise TrackingError(
            shown,
            f"the server refuses these credentials or this host name (HTTP {status})",
            "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
        )
    if status >= 500:
        raise UnreachableError(shown, f"the server is in trouble (HTTP {status})", _SILENT)
    raise TrackingError(
        shown, f"something answers, but not an MLflow server (HTTP {status})", _EXAMPLES
    )


def _why(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer within {_PATIENCE:.0f} s"
    if isinstance(reason, socket.gaierror):
        return "the host name is unknown"
    if isinstance(reason, ConnectionRefusedError):
        return "nobody listens at this address"
    if isinstance(reason, ssl.SSLError):
        return "the server's certificate or TLS is not accepted"
    return f"the server cannot be reached ({type(reason).__name__})"


def _authorization(parts: SplitResult) -> dict[str, str]:
    """Headers MLflow's client would send: address, environment, then its credentials file."""
    stored = configparser.ConfigParser(interpolation=None)
    try:
        stored.read(Path.home() / ".mlflow" / "credentials", encoding="utf-8")
    except (configparser.Error, OSError, RuntimeError, UnicodeDecodeError):
        stored.clear()
    user = os.environ.get("MLFLOW_TRACKING_USERNAME") or stored.get(
        "mlflow", "mlflow_tracking_username", fallback=""
    )
    password = os.environ.get("MLFLOW_TRACKING_PASSWORD") or stored.get(
        "mlflow", "mlflow_tracking_password", fallback=""
    )
    if parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
    if user:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {pair}"}
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        return {"Authorization": f"Bearer {token}"}
    return {}


def _tls_context(shown: str) -> ssl.SSLContext:
    """TLS as MLflow's client would use it, so that this check and the sending agree."""
    import certifi

    insecure = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in {"true", "1"}
    own = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
    bundle = own or os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where()
    client = os.environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH")
    try:
        context = ssl.create_default_context()
        if Path(bundle).is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
        if client:
            context.load_cert_chain(client)
    except OSError:
        raise TrackingError(
            shown, "a certificate file that the environment names cannot be read", "Correct it."
        ) from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
