"""Fixtures of the cohort's tests."""

from __future__ import annotations

from typing import Any

import pytest
from small_study import right_cohort


@pytest.fixture
def cohort() -> dict[str, list[Any]]:
    """A cohort that is right in every way, by column."""
    return right_cohort()
