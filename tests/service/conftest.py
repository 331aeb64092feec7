"""Servers of made-up models, for the tests of the service."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from made_bundles import save
from starlette.testclient import TestClient

from predictor.service import server
from predictor.service.app import create_app
from predictor.service.security import Limits

HERE = "http://127.0.0.1:8000"


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of made-up numbers."""
    return save(tmp_path_factory.mktemp("bundles") / "made-up")


@pytest.fixture(scope="session")
def another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second one."""
    return save(tmp_path_factory.mktemp("bundles") / "another", name="another")


@pytest.fixture
def client(made_up: Path) -> TestClient:
    """A client of a server with one model."""
    return TestClient(create_app([made_up]), base_url=HERE)


@pytest.fixture
def two(made_up: Path, another: Path) -> TestClient:
    """A client of a server with two models."""
    return TestClient(create_app([made_up, another]), base_url=HERE)


Live = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def live() -> Live:
    """Runs a real server in a thread, set up as the command does, and gives its address."""

    @contextmanager
    def run(*models: str | Path, limits: Limits | None = None, **settings: Any) -> Iterator[str]:
        limits = limits or Limits()
        app = create_app(list(models), limits=limits, **settings)
        address = server.Address(port=0)
        family, place = server._resolved(address)
        listener = server._listening(family, place, address)
        running = uvicorn.Server(server._config(app, address, limits))
        thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join(timeout=15)

    return run
