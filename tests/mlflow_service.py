"""A program of MLflow's listening on loopback: its server, or the one that serves a model."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A program listening on loopback, which can be started, stopped, killed and frozen."""

    def __init__(
        self,
        command: list[str],
        port: int,
        folder: Path,
        ready: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.command, self.port, self.folder, self.ready = command, port, folder, ready
        self.environment = environment or {}
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "service.log"

    def start(self) -> None:
        environment = {
            **os.environ,
            **self.environment,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight more processes, for nothing here
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(self.url + self.ready, timeout=2):  # noqa: S310
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.3)
        raise AssertionError(self.log.read_text())

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait()
