"""Wall time, CPU and memory of a command with everything it starts. Linux."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took.

    Parameters
    ----------
    wall, cpu
        Seconds; CPU with all processes it started and waited for.
    memory
        Largest sum over its processes of the proportional set size (shared pages counted once), in
        bytes, looked at twice a second; None unless asked for.
    output
        What it wrote to stdout.
    """

    wall: float
    cpu: float
    memory: int | None
    output: str


def measure(command: Sequence[str], folder: Path, *, memory: bool = False) -> Cost:
    """Run a command to its end.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    with out.open("w") as stdout, err.open("w") as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )
        watch = Watch(process.pid) if memory else None
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    largest = watch.end() if watch else None
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {err.read_text()[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, largest, out.read_text())


class Watch:
    """Looks at the memory of a process with all its descendants, until it is ended.

    Parameters
    ----------
    root
        Id of the process.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._largest = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> int:
        """Stop looking; the largest sum of proportional set sizes, in bytes."""
        self._done.set()
        self._thread.join()
        return self._largest

    def _look(self) -> None:
        while not self._done.wait(_EVERY):
            self._largest = max(self._largest, sum(map(memory_of, _tree(self._root))))


def _tree(root: int) -> Iterable[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may hold anything; the parent is the second field after it.
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):  # it has just ended
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])


def memory_of(pid: int) -> int:
    """Proportional set size of a process in bytes; 0 when it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:  # it has just ended
        pass
    return 0


def machine(*packages: str) -> str:
    """Where a measurement was made, in one line."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    cores = len(os.sched_getaffinity(0))
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores; "
        f"Python {platform.python_version()}, {versions}"
    )
