"""A PostgreSQL server of one's own: made in a temporary folder, gone with the test session."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from needed import absent

# Looks like nothing else, so that it can be searched for wherever it must not be.
PASSWORD = "qx7-Vorhang-55"  # noqa: S105 - of a server that lives for one test session
USER = "registrar"


def programs() -> Path | None:
    """Folder of the server's programs; Debian keeps them off the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


@contextmanager
def running() -> Iterator[str]:
    """Start a server; the address it can be reached at, with user and password."""
    folder = programs()
    if folder is None:
        absent("a PostgreSQL server (Debian: apt-get install postgresql)")
    try:
        import psycopg  # noqa: F401 - the driver, which SQLAlchemy loads by name
    except ModuleNotFoundError:
        absent("psycopg (pip install '.[dev]')")
    # The server refuses to run as root, and its folder must belong to who runs it.
    account = _account()
    place = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
    server: subprocess.Popen[bytes] | None = None
    try:
        secret = place / "password"
        secret.write_text(PASSWORD)
        if account is not None:
            for path in (place, secret):
                os.chown(path, account, -1)
        subprocess.run(
            [
                folder / "initdb",
                *("--pgdata", place / "data", "--username", USER, "--pwfile", secret),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            user=account,
            cwd=place,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with (place / "log").open("wb") as log:
            server = subprocess.Popen(
                [
                    folder / "postgres",
                    *("-D", place / "data", "-k", place, "-h", "127.0.0.1", "-p", str(port)),
                    *("-c", "fsync=off"),
                ],
                stdout=log,
                stderr=log,
                user=account,
                cwd=place,
            )
        _wait(port, server)
        yield f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres"
    finally:
        if server is not None:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
        shutil.rmtree(place, ignore_errors=True)


def _account() -> int | None:
    if os.getuid() != 0:
        return None
    accounts = {account.pw_name: account.pw_uid for account in pwd.getpwall()}
    found = accounts.get("postgres", accounts.get("nobody"))
    if found is None:
        absent("a user other than root to run a PostgreSQL server")
    return found


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("the PostgreSQL server did not start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    # It listens before it lets anybody in.
    import psycopg

    for _ in range(100):
        try:
            psycopg.connect(
                host="127.0.0.1", port=port, user=USER, password=PASSWORD, dbname="postgres"
            ).close()
        except psycopg.OperationalError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the PostgreSQL server lets nobody in")
