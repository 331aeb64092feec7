"""The transcripts of docs/published-cohort.md, made by running their commands.

``python tests/workflow/cohort_page.py`` rewrites them; a test tells when that is due.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "published-cohort.md"

_BLOCK = re.compile(r"^```console\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def with_transcripts(page: str, folder: Path) -> str:
    """The page with what its commands print, run in a folder one after the other."""
    run = _runner(folder)

    def transcript(block: re.Match[str]) -> str:
        parts = []
        for line in block[1].splitlines():
            if line.startswith("$ "):
                command, _, wanted = line.removeprefix("$ ").partition(" | grep ")
                parts += [line, *_matching(run(command), wanted)]
        return "```console\n" + "\n".join(parts) + "\n```\n"

    return _BLOCK.sub(transcript, page)


def _matching(printed: str, wanted: str) -> list[str]:
    """Lines that grep would show, without the spaces around them and the many within."""
    words = shlex.split(wanted)
    pattern = words[-1] if words[0] == "-E" else re.escape(words[-1])
    found = [line for line in printed.splitlines() if re.search(pattern, line)]
    assert found, f"nothing matches {wanted}"
    return [re.sub(r"\s{2,}", "  ", line.strip()) for line in found]


def _runner(folder: Path) -> Callable[[str], str]:
    @cache
    def run(command: str) -> str:
        finished = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        PAGE.write_text(
            with_transcripts(PAGE.read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8"
        )
