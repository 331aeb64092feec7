"""MLflow's client made quiet, bounded in time and safe to open twice at once.

Importing this module imports mlflow, a matter of seconds, so its users import it in functions.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from predictor.tracking.telemetry import end_telemetry

# isort: split
# (mlflow only after the line above, which switches its telemetry off)
from mlflow import MlflowClient

from predictor.errors import TrackingError
from predictor.tracking.store import sqlite_path, strip_credentials

T = TypeVar("T")

_SILENCE = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

# MLflow's own defaults wait 120 s and try 8 times, minutes of silence. With these a request is
# given up after about a minute. Who sets one of them in the environment is obeyed.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # a server may ask for an hour
    "AWS_MAX_ATTEMPTS": "2",
}

_HURRY = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "3", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}

_NOISY = ("mlflow", "alembic", "sqlalchemy", "urllib3", "botocore")

# How SQLite, PostgreSQL and MySQL say that somebody else was first or is just writing
_LOST_RACE = (
    "UNIQUE constraint failed",
    "duplicate key value",
    "Duplicate entry",
    "database is locked",
    "deadlock",
    "Deadlock",
)

_PAUSES = (0.1, 0.3, 1.0, 3.0)

_one_session = threading.RLock()

_MIGRATION_TAKES = 60.0


@contextlib.contextmanager
def session(uri: str) -> Iterator[MlflowClient]:
    """Open a store for some calls; nothing of mlflow appears on the terminal meanwhile.

    Parameters
    ----------
    uri
        Address of the store.

    Yields
    ------
    MlflowClient
        Bound to this store alone; the program's own active run and address are not touched.

    Raises
    ------
    TrackingError
        If the store cannot be opened.
    """
    # Environment and log levels belong to the whole process, so sessions take turns.
    with (
        _one_session,
        _environment(_SILENCE),
        _environment({k: v for k, v in _PATIENCE.items() if k not in os.environ}),
        _quiet_loggers(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        end_telemetry()
        yield _open(uri)


@contextlib.contextmanager
def hurry() -> Iterator[None]:
    """Spend only moments on each request, for last words to a server that is probably gone."""
    with _environment(_HURRY):
        yield


def persistently(call: Callable[[], T]) -> T:
    """Make a call again that lost a race against another training; it has changed nothing then.

    MLflow looks whether a dataset, say, is known, and adds it if not; of two trainings on one
    cohort that do so at once, the second meets the database's own rule against doubles.
    """
    for pause in _PAUSES:
        try:
            return call()
        except Exception as error:
            if not any(sign in str(error) for sign in _LOST_RACE):
                raise
            time.sleep(pause)
    return call()


def explain(error: BaseException) -> str:
    """First line of somebody else's error, without credentials and of bounded length."""
    lines = strip_credentials(str(error)).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:300]}".rstrip(": ")


def absolute(uri: str) -> str:
    """A SQLite address that stays valid when the working directory changes; others as they are."""
    path = sqlite_path(uri)
    return uri if path is None else f"sqlite:///{path.absolute()}"


def artifact_root(uri: str, experiment: str) -> str | None:
    """Where a new experiment of a local database keeps files: beside it, not where one stands."""
    path = sqlite_path(uri)
    if path is None:
        return None  # the server's affair
    folder = re.sub(r"[^\w.-]", "_", experiment).strip(".")[:100] or "_"
    return (path.absolute().parent / "mlruns" / folder).as_uri()


def _open(uri: str) -> MlflowClient:
    path = sqlite_path(uri)
    try:
        if path is None:
            client = MlflowClient(tracking_uri=uri)
            client.search_experiments(max_results=1)
        else:
            with _migrating(path):
                # Making the client makes the tables, and so does the first call to the registry
                client = MlflowClient(tracking_uri=uri)
                client.search_registered_models(max_results=1)
    except Exception as error:  # noqa: BLE001 - MLflow, SQLAlchemy and drivers raise their own
        if "out-of-date database schema" in str(error):
            raise TrackingError(
                strip_credentials(uri),
                "the database was made by another version of MLflow",
                f"Copy the file, then run: mlflow db upgrade {absolute(strip_credentials(uri))}",
            ) from None
        raise TrackingError(
            strip_credentials(uri), f"the store cannot be opened ({explain(error)})"
        ) from None
    return client


@contextlib.contextmanager
def _migrating(path: Path) -> Iterator[None]:
    """Let one process at a time make the tables of a database; two at once would both fail."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - not on Windows, where processes are not kept apart
        yield
        return
    # The folder is locked, not the file: SQLite loses its own locks when somebody else closes
    # the file, and a lock file would stay behind in the user's folder.
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        deadline = time.monotonic() + _MIGRATION_TAKES
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise TimeoutError("another program is still making this database") from None
                time.sleep(0.1)
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _quiet_loggers() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _NOISY]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


__all__ = ["MlflowClient", "absolute", "artifact_root", "explain", "hurry", "session"]
