"""A Spark cluster on loopback from pyspark's own programs: a master and two worker processes."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from mlflow_service import ROOT, free_port
from needed import absent

WORKERS = 2
_DEPLOY = "org.apache.spark.deploy"


def needs_spark() -> Path:
    """Folder of pyspark's programs; where it or Java is absent the test cannot run."""
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        absent("pyspark")
    if shutil.which("java") is None:
        absent("java")
    return Path(found.origin).parent


class SparkCluster:
    """A standalone master with two workers of one core each, which ask for a common secret.

    Parameters
    ----------
    folder
        Where settings, logs and the workers' folders go.
    memory
        Of each executor's Java process, such as ``512m``.
    """

    def __init__(self, folder: Path, memory: str = "512m") -> None:
        self.home, self.folder, self.port = needs_spark(), folder, free_port()
        self.address = f"spark://127.0.0.1:{self.port}"
        settings = {
            "spark.master": self.address,
            "spark.authenticate": "true",
            "spark.authenticate.secret": secrets.token_hex(16),
            "spark.network.crypto.enabled": "true",
            "spark.io.encryption.enabled": "true",
            "spark.driver.host": "127.0.0.1",
            "spark.executor.memory": memory,
            "spark.executor.cores": "1",
            # work begins when all workers are there, on a slow machine too
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.scheduler.maxRegisteredResourcesWaitingTime": "300s",
            "spark.sql.files.minPartitionNum": "8",
            "spark.ui.enabled": "false",
        }
        self.settings = folder / "conf"
        self.settings.mkdir(parents=True)
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        (self.settings / "spark-defaults.conf").write_text(lines)
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        """What a driver needs in its environment to find the cluster and this package."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
        return mine | {
            "SPARK_HOME": str(self.home),
            "SPARK_CONF_DIR": str(self.settings),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
            "OMP_NUM_THREADS": "1",
        }

    def start(self) -> None:
        """Start the master, then the workers; returns when all have registered."""
        master = ["--host", "127.0.0.1", "--port", str(self.port), "--webui-port", "0"]
        self._start("master", "master.Master", master)
        self._wait("master", "I have been elected leader")
        for number in range(WORKERS):
            work = self.work(number)
            work.mkdir()
            given = ["--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0"]
            given += ["--work-dir", str(work), self.address]
            self._start(f"worker{number}", "worker.Worker", given)
        for number in range(WORKERS):
            self._wait(f"worker{number}", "Successfully registered with master")

    def stop(self) -> None:
        """End all that was started; executors end with their workers."""
        for process in reversed(self._processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers, below which their executors run."""
        return [process.pid for process in self._processes[1:]]

    def work(self, number: int) -> Path:
        """Folder of a worker, in which its executors write their logs."""
        return self.folder / f"work{number}"

    def executor_logs(self, number: int) -> list[Path]:
        """What the executors of a worker wrote to stderr, the first executor first."""
        return sorted(
            self.work(number).glob("app-*/*/stderr"), key=lambda path: path.stat().st_ctime
        )

    def executors(self, number: int) -> list[int]:
        """Process ids of the executors that a worker has now."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                said = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                here = Path(os.readlink(path.parent / "cwd"))
                if "CoarseGrainedExecutorBackend" in said and here.is_relative_to(
                    self.work(number)
                ):
                    found.append(int(path.parent.name))
        return found

    def logs(self) -> list[Path]:
        """Everything that master, workers and executors wrote."""
        written = [self.folder / f"{name}.log" for name in ("master", "worker0", "worker1")]
        return [*written, *self.folder.glob("work*/app-*/*/std*")]

    def _start(self, name: str, program: str, arguments: list[str]) -> None:
        command = [str(self.home / "bin" / "spark-class"), f"{_DEPLOY}.{program}", *arguments]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)

    def _wait(self, name: str, words: str) -> None:
        log = self.folder / f"{name}.log"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if words in (said := log.read_text()):
                return
            if self._processes[-1].poll() is not None:
                break
            time.sleep(0.2)
        raise AssertionError(f"{name} did not start: {said[-3000:]}")


@contextmanager
def spark_cluster(folder: Path, memory: str = "512m") -> Iterator[SparkCluster]:
    """A running cluster, which is stopped at the end."""
    cluster = SparkCluster(folder, memory)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
