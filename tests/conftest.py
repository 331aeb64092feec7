"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A loaded machine must not fail a property; time is measured in tests/benchmarks alone.
settings.register_profile("default", deadline=None)
settings.load_profile("default")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The read-only material beside the checkout: reference numbers and real patients."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        message = "needs ../shared (reference numbers and real cohorts), which is not in this clone"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder
