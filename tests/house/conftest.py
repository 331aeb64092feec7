"""What the tests of the house as a whole share."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_bundle import write_bundle


@pytest.fixture
def linear_bundle(tmp_path: Path) -> Path:
    """Where a small linear bundle lies, at the place that README.md speaks of."""
    return write_bundle(tmp_path / "runs" / "sle-low-disease-activity")


@pytest.fixture
def fresh_python(tmp_path: Path) -> Callable[..., str]:
    """Runs a program in a process that has imported nothing, in an empty folder."""

    def run(program: str, *arguments: str) -> str:
        finished = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run


@pytest.fixture
def made_up_cohort() -> Callable[[Path, str], None]:
    """Writes sixty made-up patients: identifier, age, sex, C3 in mg/dL, and an outcome 0 or 1."""

    def write(path: Path, header: str) -> None:
        generator = random.Random(1)  # noqa: S311 - no secret
        lines = [header]
        for patient in range(60):
            c3 = generator.gauss(80, 25)
            outcome = int(generator.gauss(c3, 30) > 80)
            age, sex = generator.randint(18, 70), generator.choice(["female", "female", "male"])
            lines.append(f"P{patient},{age},{sex},{max(c3, 10):.1f},{outcome}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    return write
