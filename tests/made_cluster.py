"""A real Dask cluster of worker processes on this machine, for tests of what is sent to one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import dask
from distributed import LocalCluster


@contextmanager
def cluster(workers: int = 2) -> Iterator[LocalCluster]:
    """A scheduler and worker processes of one thread each; a killed one is started again."""
    before = dict(os.environ)
    try:
        with _started(workers) as started:
            if workers:
                started.wait_for_workers(workers)
            yield started
    finally:
        # Dask sets its workers' environment here, too, and tests of commands would inherit it.
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _started(workers: int) -> Iterator[LocalCluster]:
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ.PYTHONWARNINGS": "ignore"}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=50,
        ) as started,
    ):
        yield started


def processes(started: LocalCluster) -> dict[object, int]:
    """Numbers of the worker processes, by the name of the worker."""
    return {name: worker.pid for name, worker in started.workers.items() if worker.pid}


@contextmanager
def losing_a_worker(started: LocalCluster, after: float) -> Iterator[list[int]]:
    """Kill a worker process some seconds from now; its number stands in the list afterwards."""
    killed: list[int] = []

    def kill() -> None:
        time.sleep(after)
        pid = next(iter(processes(started).values()))
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    thread = Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        thread.join()
