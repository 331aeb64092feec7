"""How a long workflow tells where it is; the command line draws a bar from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Listens to a workflow."""

    def stage(self, name: str) -> None:
        """Learn that a stage begins."""

    def advance(self, share: float, what: str) -> None:
        """Learn which share of the stage is done, and what was done last."""


class Silent:
    """Listens and says nothing."""

    def stage(self, name: str) -> None:
        """Ignore it."""

    def advance(self, share: float, what: str) -> None:
        """Ignore it."""


class Stopwatch:
    """Seconds per stage, for the printed summary and the manifest."""

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        self._progress.stage(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - start, 3)
