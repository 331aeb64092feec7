"""Ctrl-C while worker processes are there: one process answers it, and it ends the others."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker

from predictor.errors import LearningError


@contextmanager
def workers_left_alone() -> Iterator[None]:
    """Keep Ctrl-C from the processes that are started in here.

    A terminal sends it to every process it runs, and a worker that is just importing would show a
    traceback. What a thread blocks its child processes block too, so it is blocked here; a second
    thread takes the signal in its place, and Python then interrupts the main thread as always.
    """
    if not hasattr(signal, "pthread_sigmask"):  # pragma: no cover - not on Windows
        yield
        return
    # Before Python 3.13 this helper unblocks the signal when it is started, so it starts now.
    resource_tracker.ensure_running()
    over = threading.Event()
    threading.Thread(target=over.wait, name="takes-interrupts", daemon=True).start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        over.set()


@contextmanager
def guarded_workers(where: str) -> Iterator[None]:
    """Parallel work that Ctrl-C ends as a whole, and a lost worker in one sentence.

    Parameters
    ----------
    where
        What is running, for the error.

    Raises
    ------
    LearningError
        If a worker process was killed from outside.
    """
    try:
        with workers_left_alone():
            yield
    except BrokenProcessPool:
        raise LearningError(
            where,
            "a worker process was killed from outside, most often for want of memory",
            "Take fewer: --workers 1.",
        ) from None
